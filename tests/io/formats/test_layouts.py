"""Files as people bring them: layouts that say what is what, and counts that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
from tests.io.formats.drawn_files import (
    HEIGHT,
    WIDTH,
    WRITERS,
    check_upright,
    frames,
    h5,
    nwb,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.mark.parametrize("old", [False, True])
def test_nexus_names_its_axes_in_the_group_or_in_a_word(old: bool, tmp_path: Path) -> None:
    with h5(tmp_path / "a.h5", frames().transpose(0, 2, 1), "entry/data/counts") as file:
        group = file["entry/data"]
        if old:
            file["entry/data/counts"].attrs.update({"signal": 1, "axes": "frame:x:y"})
        else:
            group.attrs.update({"signal": "counts", "axes": ["frame", "x", "y"]})
        # Another array of the group is not meant.
        group["counts_errors"] = frames(1)[0]
    with open_stack(tmp_path / "a.h5") as stack:
        check_upright(stack)
    with open_stack(tmp_path / "a.h5", series=1) as stack:
        check_upright(stack, 1)


@pytest.mark.parametrize("sizes", [False, True])
def test_nwb_is_believed_unless_its_sizes_speak_against_it(sizes: bool, tmp_path: Path) -> None:
    nwb(tmp_path / "a.nwb", frames(), sizes=sizes)
    with open_stack(tmp_path / "a.nwb") as stack:
        check_upright(stack)
        assert "columns of a frame before its rows" in stack.notes[0]
    nwb(tmp_path / "b.nwb", frames(), turned=False)
    with open_stack(tmp_path / "b.nwb") as stack:
        check_upright(stack)
        assert not stack.notes


@pytest.mark.parametrize("name", ["NCEM EMD", "EMD 1.0", "HyperSpy", "HyperSpy, Zarr"])
def test_sizes_of_described_dimensions(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    write(tmp_path / file, frames())
    with open_stack(tmp_path / file) as stack:
        assert stack.metadata["Pixel size X"] == stack.metadata["Pixel size Y"] == "0.25 nm"
        assert stack.metadata["Frame interval"] == "0.25 s"
        assert len(stack.series) == 1


def test_several_pictures_in_one_file_are_told_of(tmp_path: Path) -> None:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames(3, dtype="uint8")]
    for name, kind in (("a.png", "PNG"), ("a.jpg", "MPO"), ("a.webp", "WEBP")):
        rest = {"save_all": True, "append_images": pictures[1:]}
        for more in ({}, rest):
            pictures[0].save(tmp_path / name, format=kind, quality=95, lossless=True, **more)
            with open_stack(tmp_path / name) as stack:
                check_upright(stack, 1, tolerance=4)
                assert any("only the first" in note for note in stack.notes) is bool(more)


def test_texts_numbers_and_lists_are_no_images(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    WRITERS["MATLAB 7.3"][1](tmp_path / "a.mat", frames())
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        file["title"] = np.full((11, 1), 97, "u2")
        file["title"].attrs["MATLAB_class"] = np.bytes_("char")
        file["gain"], file["wavelengths"] = np.ones((1, 1)), np.ones((1, 40))
    with open_stack(tmp_path / "a.mat") as stack:
        check_upright(stack)
        assert not any("images" in note for note in stack.notes)


# --- counts that are wrong ------------------------------------------------------------------------


def ome(path: Path, n: int, order: str, **sizes: int) -> None:
    lengths = {"X": WIDTH, "Y": HEIGHT, "Z": 1, "C": 1, "T": 1, **sizes}
    text = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="{order}" Type="uint16" '
        + " ".join(f'Size{letter}="{length}"' for letter, length in lengths.items())
        + ">"
        + "".join(f'<Channel ID="Channel:0:{i}"/>' for i in range(lengths["C"]))
        + "<TiffData/></Pixels></Image></OME>"
    )
    pages(path, n, text)


def pages(path: Path, n: int, text: str) -> None:
    with tifffile.TiffWriter(path) as writer:
        for i, page in enumerate(frames(n)):
            description = text if i == 0 else None
            writer.write(page, description=description, metadata=None, contiguous=False)


def first_pixels(path: Path, channel: int | None = None) -> list[int]:
    """Return the first pixels of the frames, which number the pages."""
    with open_stack(path, channel=channel) as stack:
        return [int(stack.read(i)[0, 0]) - 120 for i in range(stack.n_frames)]


@pytest.mark.parametrize("order", ["XYZTC", "XYTZC"])
def test_a_stopped_ome_acquisition_of_depth_and_time(order: str, tmp_path: Path) -> None:
    ome(tmp_path / "a.ome.tif", 10, order, Z=4, T=5)
    with open_stack(tmp_path / "a.ome.tif") as stack:
        assert "promises 20 planes, and the file holds 10 pages" in stack.notes[0]
        check_upright(stack, 10)


def test_a_stopped_ome_acquisition_keeps_its_channels_apart(tmp_path: Path) -> None:
    ome(tmp_path / "a.ome.tif", 12, "XYCZT", C=2, T=20)
    assert first_pixels(tmp_path / "a.ome.tif") == [0, 2, 4, 6, 8, 10]
    assert first_pixels(tmp_path / "a.ome.tif", 1) == [1, 3, 5, 7, 9, 11]
    # Where it stopped within a plane, or the second channel would have come later, none is made up.
    for n, order in ((11, "XYCZT"), (12, "XYZTC")):
        ome(tmp_path / "a.ome.tif", n, order, C=2, T=20)
        with pytest.raises(InputError, match=r"promises 40 planes, of which 2[89] are missing"):
            open_stack(tmp_path / "a.ome.tif")


@pytest.mark.parametrize(
    ("counts", "n", "found"),
    [
        ("channels=2\nframes=3", 10, [0, 2, 4, 6, 8]),
        ("channels=2\nframes=4", 9, list(range(9))),
        ("channels=0\nframes=4", 9, list(range(9))),
    ],
)
def test_channels_of_a_miscounted_imagej_file(
    counts: str, n: int, found: list[int], tmp_path: Path
) -> None:
    pages(tmp_path / "a.tif", n, f"ImageJ=1.54f\nimages={n}\n{counts}\nhyperstack=true\n")
    assert first_pixels(tmp_path / "a.tif") == found


def test_frames_that_come_last_say_which_axes_fit(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", frames(7).transpose(1, 2, 0))
    with pytest.raises(InputError, match=r"counts frames, give the axes YXT\.$") as caught:
        open_stack(tmp_path / "a.npy")
    assert getattr(caught.value, "axes", "") == "YXT"
    with open_stack(tmp_path / "a.npy", axes="YXT") as stack:
        check_upright(stack, 7)


# --- medical --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["mark", "meta", "meta and types"])
def test_dicom_without_its_mark(cut: str, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    path = tmp_path / "a.dcm"
    WRITERS["DICOM"][1](path, frames())
    if cut == "mark":
        path.write_bytes(path.read_bytes()[132:])
    else:
        data = pydicom.dcmread(path)
        buffer = pydicom.filebase.DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, "types" in cut
        pydicom.filewriter.write_dataset(buffer, data)
        path.write_bytes(buffer.getvalue())
    with open_stack(path) as stack:
        assert stack.kind == "DICOM"
        check_upright(stack)


@pytest.mark.parametrize("name", ["FloatPixelData", "DoubleFloatPixelData"])
def test_dicom_of_floating_point(name: str, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    path = tmp_path / "a.dcm"
    WRITERS["DICOM"][1](path, frames())
    data = pydicom.dcmread(path)
    dtype = "<f4" if name == "FloatPixelData" else "<f8"
    for key in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(data, key)
    data.BitsAllocated = 8 * np.dtype(dtype).itemsize
    setattr(data, name, frames().astype(dtype).tobytes())
    data.save_as(path, enforce_file_format=True)
    with open_stack(path) as stack:
        assert stack.dtype == np.dtype(dtype)
        check_upright(stack)


def test_a_nifti_without_a_scale_is_read_as_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    WRITERS["NIfTI"][1](path, frames())
    data = bytearray(path.read_bytes())
    data[112:120] = np.array([np.nan, np.nan], "<f4").tobytes()
    path.write_bytes(data)
    with open_stack(path) as stack:
        check_upright(stack)


def test_images_whose_header_is_another_file_say_so(tmp_path: Path) -> None:
    WRITERS["NIfTI"][1](tmp_path / "a.nii", frames())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    (tmp_path / "a.img").write_bytes(data[352:])
    (tmp_path / "a.hdr").write_bytes(data[:348])
    with pytest.raises(InputError, match=r"a.img holds .* of a.hdr .* save both in one file"):
        open_stack(tmp_path / "a.img")
    for magic, said in ((b"ni1\0", "a NIfTI header"), (b"\0\0\0\0", "an Analyze header")):
        data[344:348] = magic
        (tmp_path / "a.hdr").write_bytes(data[:348])
        with pytest.raises(InputError, match=rf"a.hdr is {said} without pixels; save both"):
            open_stack(tmp_path / "a.hdr")
