"""The list of formats: each that is read has a test file, each that is not is named."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.batch.files import find_files
from structmask_gui.io.formats.known import ALL_EXTENSIONS, READ, UNREAD
from structmask_gui.io.open import open_stack
from tests.io.checked_stacks import values

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TIFF = b"II*\0\x08\0\0\0"

FILES = {
    "a.sif": (b"Andor Technology Multi-Channel File\n65538 1", "Andor SIF", "Solis"),
    "other_name": (b"Andor Technology Multi-Channel File\n65538 1", "Andor SIF", "Solis"),
    "a.spe": (b"\0" * 4100, "Princeton Instruments SPE", "LightField"),
    "a.mib": (b"MQ1,000001,00384,01,0256,0256,U16", "Merlin MIB", "HyperSpy"),
    "a.img": (b"IM\x10\0\0\1\0\1", "Hamamatsu IMG", "HPD-TA"),
    "a.fits": (b"SIMPLE  =                    T", "FITS", "Fiji"),
    "a.nrrd": (b"NRRD0004\ntype: uint16", "NRRD", "Fiji"),
    "a.oir": (b"OLYMPUSRAWFORMAT\x0c", "Olympus OIR", "cellSens"),
    "a.vsi": (TIFF, "Olympus VSI", "QuPath"),
    "a.ets": (b"SIS\0\x40\0", "Olympus ETS", "VSI"),
    "a.zvi": (OLE, "Zeiss ZVI", "AxioVision"),
    "a.lof": (b"\x70\0\0\0\x40\0\0\0\x2a", "Leica LOF", "LAS X"),
    "a.xlef": ("<LMSDataContainerHeader/>".encode("utf-16"), "Leica XLEF", "LAS X"),
    "a.sbx": (b"\xff\xff" * 50, "Scanbox SBX", "sbxread"),
    "a.ptu": (b"PQTTTR\0\01.0.00\0\0", "PicoQuant PTU", "SymPhoTime"),
    "a.dv": (b"\0" * 96 + b"\xa0\xc0", "DeltaVision", "softWoRx"),
    "a.ics": (b"\t\nics_version\t1.0\n", "ICS", "OME-TIFF"),
    "a.mkv": (b"\x1aE\xdf\xa3", "Matroska", "TIFF"),
    "a.dcimg": (b"DCIMG\0\0\0", "DCIMG", "HCImage"),
    "a.seq": (b"\xed\xfe\0\0N\0o\0", "StreamPix", "TIFF"),
    "a.cine": (b"CI\x2c\0", "Phantom", "PCC"),
    "a.pic": (b"\0" * 54 + b"\x39\x30", "Bio-Rad", "Fiji"),
    "a.mhd": (b"ObjectType = Image\nNDims = 3", "MetaImage", "Fiji"),
    "a.ser": (b"LUCAM-RECORDER\0", "SER video", "TIFF"),
    "a.companion.ome": (b'<?xml version="1.0"?><OME/>', "OME description", "TIFF files it names"),
    "a.obf": (b"OMAS_BF\n\xff\xff", "Imspector OBF", "Imspector"),
    "a.eer": (TIFF, "EER", "RELION"),
    "a.avi": (b"RIFF\0\0\0\0AVI LIST", "AVI", "Fiji"),
    "a.mp4": (b"\0\0\0\x18ftypmp42\0\0\0\0", "MP4", "TIFF"),
    "a.heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF", "TIFF"),
    "a.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "MATLAB", "-v7.3"),
    "a.nc": (b"CDF\x01\0\0\0\0", "netCDF-3", "netCDF-4"),
    "a.psd": (b"8BPS\0\1", "Photoshop", "TIFF"),
    "a.raw": (b"\1\2\3\4" * 100, "raw pixels", "NPY"),
    "a.pgm": (b"P5\n52 36\n255\n", "PNM", "PNG"),
    "a.jxl": (b"\xff\x0a", "JPEG XL", "PNG"),
    "a.exr": (b"v/1\x01", "OpenEXR", "TIFF"),
    "a.csv": (b"1,2,3\n4,5,6\n", "table", "Text Image"),
    "a.bmp": (b"BM\0\0", "BMP", "PNG"),
    "a.gif": (b"GIF89a", "GIF", "PNG"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_read_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    data, kind, remedy = FILES[name]
    (tmp_path / name).write_bytes(data.ljust(600, b"\0"))
    with pytest.raises(InputError, match="which StructMask does not read; ") as caught:
        open_stack(tmp_path / name)
    sentence = str(caught.value)
    assert sentence.startswith((f"{name} is a", f"{name} is, by its name, "))
    assert kind in sentence
    assert remedy in sentence.partition("; ")[2]
    assert sentence.count(". ") == 0


def test_an_n5_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.n5").mkdir()
    (tmp_path / "a.n5" / "attributes.json").write_text('{"n5": "2.5.1"}')
    with pytest.raises(InputError, match=r"is an N5 folder, which StructMask does not read; .*Z"):
        open_stack(tmp_path / "a.n5")


def test_names_alone_condemn_no_file(tmp_path: Path) -> None:
    """A TIFF called .raw or .img, or an NPY called .sif, is read."""
    array = values((2, 20, 24))
    for name in ("a.raw", "a.img", "a.sif", "a.dat", "a.zvi"):
        tifffile.imwrite(tmp_path / name, array, photometric="minisblack")
        with open_stack(tmp_path / name) as stack:
            assert stack.n_frames == 2
    np.save(tmp_path / "b.npy", array)
    (tmp_path / "b.npy").rename(tmp_path / "b.vsi")
    with open_stack(tmp_path / "b.vsi") as stack:
        assert stack.kind == "NPY"


def test_a_gzip_that_is_no_nifti(tmp_path: Path) -> None:
    (tmp_path / "a.tif.gz").write_bytes(gzip.compress(b"x" * 1000))
    with pytest.raises(InputError, match="a gzip archive, which StructMask does not read; unpack"):
        open_stack(tmp_path / "a.tif.gz")
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"x" * 1000))
    with pytest.raises(InputError, match="damaged NIfTI header"):
        open_stack(tmp_path / "a.nii.gz")


def test_the_list_is_in_order() -> None:
    endings = [ending for endings in ALL_EXTENSIONS.values() for ending in endings]
    assert len(set(endings)) == len(endings)
    assert all(re.fullmatch(r"(\.[a-z0-9]+)+", ending) for ending in endings)
    # Of these only files of older versions are not read.
    others = {ending for one in UNREAD for ending in one.extensions.split()}
    assert others & set(endings) == {".mat", ".nc"}
    for one in (*READ, *UNREAD):
        assert not str(one[-1]).endswith(".")
    for unread in UNREAD:
        assert re.match(r"(a|an|raw) ", f"{unread.what} "), unread.what


def test_a_folder_lists_what_opens_alone(tmp_path: Path) -> None:
    array = values((2, 20, 24))
    names = ["a.svs", "a.flex", "a.jpk", "A.TIF"]
    for name in names:
        tifffile.imwrite(tmp_path / name, array, photometric="minisblack")
    (tmp_path / "a.sif").write_bytes(FILES["a.sif"][0])
    assert sorted(path.name for path in find_files([str(tmp_path)])[0]) == sorted(names)


def test_help_names_the_formats() -> None:
    from structmask_gui.cli.parser import make_parser

    text = " ".join(make_parser().format_help().split()).lower()
    for one in READ:
        assert one.name.lower() in text
