"""The formats that are read, and those that are only recognised: the one list of both.

The filter of the dialogs, the listing of folders, batches, ``--help`` and the table in the guide
are made from it. Content decides how a file is read (`structmask_gui.io.open`), not its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import is_file


class Format(NamedTuple):
    """A format that is read."""

    name: str
    extensions: str
    library: str
    module: str | None
    """What has to be installed; None if it always is."""
    axes: str
    """What names the axes."""
    tried: str
    """Which public files it was tried on."""


READ = (
    Format(
        "TIFF",
        ".tif .tiff .btf .tf8 .lsm .stk .svs .ndpi .scn .qptiff .bif .flex .jpk",
        "tifffile, imagecodecs",
        None,
        "OME-XML, ImageJ's, tifffile's or LSM's description, NDTiff.index, ScanImage's channels;"
        " else pages are frames",
        "ImageJ and OME stacks of pims, pystackreg, trackpy and n2v, BBBC022, an AFM scan (JPK);"
        " STK, LSM, NDTiff and ScanImage made after their descriptions",
    ),
    Format(
        "PNG", ".png", "Pillow, imagecodecs", None, "the format", "files of Pillow and its tests"
    ),
    Format("JPEG", ".jpg .jpeg", "Pillow", None, "the format", "files written by Pillow"),
    Format(
        "JPEG 2000", ".jp2 .j2k", "imagecodecs", None, "the format", "files written by imagecodecs"
    ),
    Format("WebP", ".webp", "imagecodecs", None, "the format", "files written by imagecodecs"),
    Format("NPY", ".npy", "NumPy's dtypes", None, "nothing: 3-D is frames", "files of numpy.save"),
    Format(
        "MRC",
        ".mrc .mrcs .map .rec .st .ali .ccp4",
        "none",
        None,
        "mapc, mapr and maps of the header",
        "tomograms and movies, with and without the stamp MAP",
    ),
    Format(
        "Zarr",
        ".zarr",
        "zarr",
        "zarr",
        "OME-NGFF axes, dimension_names, _ARRAY_DIMENSIONS (xarray)",
        "OME-NGFF 0.1 to 0.5, SpatialData, made with zarr",
    ),
    Format("ND2", ".nd2", "nd2", "nd2", "the format", "no public file: one made in the tests"),
    Format("CZI", ".czi", "pylibCZIrw", "pylibCZIrw", "the format", "files written by pylibCZIrw"),
    Format("LIF", ".lif", "liffile", "liffile", "the format", "files of Leica's LAS"),
    Format(
        "OIF",
        ".oif .oib",
        "oiffile",
        "oiffile",
        "the names of its planes",
        "none at hand: made after its description",
    ),
    Format(
        "HDF5",
        ".ims .h5 .hdf5 .hdf .emd .nwb .mat .nc .hspy .jld2",
        "h5py",
        "h5py",
        "Imaris, BigDataViewer; dim1, dim2 (NCEM EMD, EMD 1.0), axis-0, axis-1 (HyperSpy);"
        " dimension labels and scales, axistags (ilastik), _ARRAY_DIMENSIONS; NWB: x before y;"
        " MATLAB 7.3, Octave and Julia: rows first",
        "Imaris, ilastik, NCEM EMD, netCDF-4 and MATLAB 7.3 files; EMD 1.0, HyperSpy, NWB, Octave"
        " and Julia made after their descriptions",
    ),
    Format("DICOM", ".dcm .dicom", "pydicom", "pydicom", "the format", "the test files of pydicom"),
    Format("NIfTI", ".nii .nii.gz", "none", None, "the format", "the test files of nibabel"),
    Format(
        "Electron microscopy",
        ".dm3 .dm4 .ser",
        "RosettaSciIO (also Velox EMD)",
        "rsciio",
        "calibrations of the file",
        "files of DigitalMicrograph, TIA and Velox",
    ),
)

ALL_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    one.name: tuple(one.extensions.split()) for one in READ
}
"""Extensions of all formats; opening one whose reader is not installed says so."""
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    one.name: ALL_EXTENSIONS[one.name] for one in READ if not one.module or find_spec(one.module)
}
"""Of the formats that can be read here, for batches of folders."""


READ_NAMES = ", ".join(one.name for one in READ)
"""What is read, in a line."""


def is_readable_name(path: str | os.PathLike[str]) -> bool:
    """Say by its extension whether a file may be an image that `open_stack` reads."""
    name = os.fspath(path).lower()
    return any(name.endswith(ending) for endings in EXTENSIONS.values() for ending in endings)


class Unread(NamedTuple):
    """A format that is recognised and not read."""

    what: str
    extensions: str
    starts: tuple[tuple[int, bytes], ...]
    """Offset and bytes, one of which its files have; empty if only the name tells."""
    remedy: str
    name_too: bool = False
    """Other files start so too: the name has to fit."""


_FIJI = "open it in Fiji and save it as TIFF"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNREAD = (
    Unread(
        "an Andor SIF file",
        ".sif",
        ((0, b"Andor Technology Multi-Channel File"),),
        f"export it as OME-TIFF from Solis, or {_FIJI}",
    ),
    Unread(
        "a Princeton Instruments SPE file",
        ".spe",
        (),
        f"export it as TIFF from LightField or WinSpec, or {_FIJI}",
    ),
    Unread(
        "a Merlin MIB file", ".mib", ((0, b"MQ1,"),), "save it as HDF5 or TIFF, or with HyperSpy"
    ),
    Unread(
        "a Hamamatsu IMG file",
        ".img .his",
        ((0, b"IM"),),
        "export it as TIFF from HPD-TA",
        name_too=True,
    ),
    Unread("a FITS file", ".fits .fit .fts", ((0, b"SIMPLE  ="),), _FIJI),
    Unread("an NRRD file", ".nrrd .nhdr", ((0, b"NRRD0"),), _FIJI),
    Unread(
        "an Olympus OIR file",
        ".oir .poir",
        ((0, b"OLYMPUSRAWFORMAT"),),
        "export it as OME-TIFF from cellSens or FluoView, or open it in Fiji and save it",
    ),
    Unread(
        "an Olympus VSI file (its images lie in .ets files)",
        ".vsi",
        ((0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0")),
        "export it as OME-TIFF from cellSens, or with QuPath",
        name_too=True,
    ),
    Unread(
        "an Olympus ETS file",
        ".ets",
        ((0, b"SIS\0"),),
        "export the VSI it belongs to as OME-TIFF from cellSens, or with QuPath",
    ),
    Unread(
        "a Zeiss ZVI file",
        ".zvi",
        ((0, _OLE),),
        f"export it as TIFF from AxioVision, or {_FIJI}",
        name_too=True,
    ),
    Unread(
        "a Leica LOF file",
        ".lof",
        ((0, b"\x70\0\0\0"),),
        "export it as LIF or OME-TIFF from LAS X",
        name_too=True,
    ),
    Unread(
        "a Leica XLEF project (it holds no pixels itself)",
        ".xlef .xlif .xlcf",
        (),
        "give the TIFF or LIF files it names, or export them from LAS X",
    ),
    Unread("a Scanbox SBX file", ".sbx", (), "save it as TIFF with Scanbox's sbxread"),
    Unread(
        "a PicoQuant PTU file (single photons)",
        ".ptu .pt3",
        ((0, b"PQTTTR"), (0, b"PicoHarp 300")),
        "export the intensity image from SymPhoTime",
    ),
    Unread(
        "a DeltaVision file",
        ".dv .r3d",
        ((96, b"\xa0\xc0"), (96, b"\xc0\xa0")),
        f"export it as OME-TIFF from softWoRx, or {_FIJI}",
        name_too=True,
    ),
    Unread(
        "an ICS file",
        ".ics .ids",
        ((0, b"\t\nics_version"), (0, b"ics_version")),
        f"export it as OME-TIFF, or {_FIJI}",
    ),
    Unread("a Hamamatsu DCIMG file", ".dcimg", ((0, b"DCIMG"),), "export it as TIFF from HCImage"),
    Unread(
        "a StreamPix SEQ file",
        ".seq",
        ((0, b"\xed\xfe\0\0"),),
        f"export it as TIFF from StreamPix, or {_FIJI}",
    ),
    Unread(
        "a Phantom CINE file",
        ".cine",
        ((0, b"CI"),),
        "export it as TIFF from Phantom's PCC",
        name_too=True,
    ),
    Unread("a Bio-Rad PIC file", ".pic", ((54, b"\x39\x30"),), _FIJI, name_too=True),
    Unread("a MetaImage file", ".mha .mhd", ((0, b"ObjectType"), (0, b"NDims")), _FIJI),
    Unread("a SER video of a camera", "", ((0, b"LUCAM-RECORDER"),), "save it as TIFF"),
    Unread(
        "an OME description (it holds no pixels that are read)",
        ".ome .ome.xml",
        ((0, b"<?xml"), (0, b"<OME")),
        "give the TIFF files it names, or save it as OME-TIFF",
        name_too=True,
    ),
    Unread(
        "an Imspector OBF file",
        ".obf .msr",
        ((0, b"OMAS_BF"),),
        f"export it as TIFF from Imspector, or {_FIJI}",
    ),
    Unread(
        "an EER movie of electron counts",
        ".eer",
        ((0, b"II+\0"), (0, b"II*\0")),
        "convert it to MRC or TIFF with RELION or IMOD",
        name_too=True,
    ),
    Unread("an AVI video", ".avi", ((8, b"AVI "),), f"{_FIJI}; compressed videos hold other noise"),
    Unread(
        "an MP4 or QuickTime video",
        ".mp4 .mov .m4v",
        ((4, b"ftypisom"), (4, b"ftypmp4"), (4, b"ftypqt"), (4, b"ftypM4V"), (4, b"ftypavc1")),
        "its compression leaves none of the camera's noise: record the stack as TIFF",
    ),
    Unread(
        "a Matroska or WebM video",
        ".mkv .webm",
        ((0, b"\x1aE\xdf\xa3"),),
        "its compression leaves none of the camera's noise: record the stack as TIFF",
    ),
    Unread("a HEIF or AVIF image", ".heic .avif", ((4, b"ftyp"),), "save it as TIFF or PNG"),
    Unread(
        "a MATLAB file of before version 7.3",
        ".mat",
        ((0, b"MATLAB 5.0 MAT-file"),),
        "save it with the option -v7.3",
    ),
    Unread("a netCDF-3 file", ".nc", ((0, b"CDF\x01"), (0, b"CDF\x02")), "save it as netCDF-4"),
    Unread("a Photoshop file", ".psd", ((0, b"8BPS"),), "save it as TIFF"),
    Unread(
        "a ZIP archive (or NPZ)",
        "",
        ((0, b"PK\x03\x04"),),
        "unpack it and give an image or NPY file in it",
    ),
    Unread("a gzip archive", "", ((0, b"\x1f\x8b"),), "unpack it first"),
    Unread("a PDF document", "", ((0, b"%PDF"),), "give the image itself"),
    Unread("a PNM image", ".pgm .ppm .pnm .pbm", (), "save it as TIFF or PNG"),
    Unread("a JPEG XL image", "", ((0, b"\xff\x0a"), (4, b"JXL ")), "save it as TIFF or PNG"),
    Unread("an OpenEXR image", "", ((0, b"v/1\x01"),), "save it as TIFF"),
    Unread(
        "a table of numbers as text",
        ".csv .tsv",
        (),
        "save it as TIFF (Fiji opens it with Import, Text Image)",
    ),
    Unread("a GIF image", "", ((0, b"GIF8"),), "save it as TIFF or PNG"),
    Unread("a BMP image", "", ((0, b"BM"),), "save it as TIFF or PNG"),
    Unread(
        "raw pixels without a description",
        ".raw .dat .bin",
        (),
        "save it as TIFF or, from NumPy, as NPY",
    ),
)


def refuse_unread(path: Path, head: bytes) -> None:
    """Raise an `InputError` that names the format of a file that is recognised and not read."""
    name = path.name.lower()
    for one in UNREAD:
        starts = any(head[at : at + len(mark)] == mark for at, mark in one.starts)
        if starts and (not one.name_too or name.endswith(tuple(one.extensions.split()))):
            raise InputError(f"is {one.what}, which StructMask does not read; {one.remedy}.")


def refuse_folder(path: Path) -> None:
    """Raise an `InputError` if a folder is an image of a format that is not read."""
    if path.name.lower().endswith(".n5") or is_file(path / "attributes.json"):
        raise InputError(
            "is an N5 folder, which StructMask does not read; save it as OME-Zarr, or open it in"
            " Fiji and save it as TIFF."
        )


def refuse_by_name(path: Path) -> None:
    """Raise an `InputError` if the name of a file of unknown content is that of such a format."""
    name = path.name.lower()
    header = path.with_suffix(".hdr")
    if name.endswith(".img") and is_file(header):
        raise InputError(
            f"holds the pixels of {header.name} without a header of its own; save both in one file,"
            " as NIfTI (.nii) or TIFF."
        )
    for one in UNREAD:
        if one.extensions and name.endswith(tuple(one.extensions.split())):
            raise InputError(
                f"is, by its name, {one.what}, which StructMask does not read; {one.remedy}."
            )
