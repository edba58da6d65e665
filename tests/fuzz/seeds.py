"""Small good files of every kind that StructMask reads, to be damaged."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.presets.preset import Preset, save_preset
from structmask_gui.io.results.masks import npy_bytes, png_bytes
from structmask_gui.io.results.record import make_record
from tests.io.formats import drawn_files

MAKERS = Path(__file__).parents[1] / "io" / "maker_files.py"


# Written by tests/io/formats/drawn_files.py; each in one file.
DRAWN = (
    *("HDF5, labels", "HDF5, scales", "ilastik", "HDF5 of xarray", "MATLAB 7.3", "NCEM EMD"),
    *("STK", "LSM", "EMD 1.0", "HyperSpy", "Octave", "Julia", "HDF5 after a block", "NWB"),
    *("MRC without a stamp", "DICOM", "DICOM, RLE", "NIfTI", "NIfTI, gzip", "NIfTI 2, big endian"),
)


def _makers() -> Any:
    spec = importlib.util.spec_from_file_location("maker_files", MAKERS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pixels(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def write_images(folder: Path) -> list[Path]:
    """Write images of all formats that need no extra, and of those whose library is installed."""
    grey, byte, colour = (
        pixels((3, 48, 56)),
        pixels((48, 56), "uint8"),
        pixels((48, 56, 3), "uint8"),
    )
    kinds: dict[str, dict[str, Any]] = {
        "plain.tif": {},
        "big.tif": {"bigtiff": True},
        "tiled.tif": {"tile": (16, 16), "compression": "lzw"},
        "deflate.tif": {"compression": "zlib", "predictor": 2},
        "zstd.tif": {"compression": "zstd"},
        "lzma.tif": {"compression": "lzma"},
        "packbits.tif": {"compression": "packbits"},
        "jpeg2000.tif": {"compression": "jpeg2000"},
        "jpegxl.tif": {"compression": "jpegxl"},
        "lerc.tif": {"compression": "lerc"},
        "jetraw.png.tif": {"compression": "png"},
        "jpegxr.tif": {"compression": "jpegxr"},
        "imagej.tif": {"imagej": True, "metadata": {"axes": "ZYX"}},
        "ome.ome.tif": {"metadata": {"axes": "ZYX"}},
        "motorola.tif": {"byteorder": ">"},
    }
    for name, options in kinds.items():
        options = {"photometric": "minisblack", **options}
        with contextlib.suppress(Exception):  # a codec that this imagecodecs cannot write
            tifffile.imwrite(folder / name, grey, **options)
    # Enough pages to be listed by `tiff_strips`: with the shape of all in the first, with a text in
    # each.
    many = pixels((70, 16, 20))
    tifffile.imwrite(folder / "shaped_pages.tif", many, compression="zlib")
    _write_listed(folder, many)
    with tifffile.TiffWriter(folder / "described_pages.tif") as writer:
        for number, page in enumerate(many):
            told = {"software": "camera"} if number == 0 else {}
            words = "frame " + "x" * (number % 7)
            writer.write(page, contiguous=False, metadata=None, description=words, **told)
    for name, compression in (("jpeg.tif", "jpeg"), ("webp.tif", "webp")):
        tifffile.imwrite(folder / name, colour, photometric="rgb", compression=compression)
    for name, compression, big in (("pages.tif", None, False), ("more_pages.tif", "zlib", True)):
        with tifffile.TiffWriter(folder / name, bigtiff=big) as writer:
            # Enough that they are not read one by one.
            for page in pixels((66, 20, 24)):
                writer.write(page, compression=compression, metadata=None, contiguous=False)
    Image.fromarray(byte).save(folder / "grey.png")
    Image.fromarray(colour).save(folder / "colour.png")
    Image.fromarray(grey[0]).save(folder / "deep.png")
    Image.fromarray(byte).convert("P").save(folder / "palette.png")
    Image.fromarray(colour).save(folder / "colour.jpg", progressive=True)
    np.save(folder / "stack.npy", grey)
    np.save(folder / "columns.npy", np.asfortranarray(pixels((3, 48, 56), "float32")))
    for number, kind in enumerate(DRAWN):
        name, write = drawn_files.WRITERS[kind]
        write(folder / f"drawn{number}{name[1:]}", drawn_files.frames())
    (folder / "image.jp2").write_bytes(imagecodecs.jpeg2k_encode(byte, codecformat="jp2"))
    (folder / "image.webp").write_bytes(imagecodecs.webp_encode(colour))
    makers = _makers()
    makers.write_lif(folder / "a.lif", pixels((2, 2, 40, 44)))
    makers.write_nd2(folder / "a.nd2", pixels((2, 40, 44)))
    makers.write_mrc(folder / "a.mrc", pixels((2, 40, 44), "int16"))
    makers.write_dm3(folder / "a.dm3", pixels((2, 40, 44), "int16"))
    makers.write_ser(folder / "a.ser", pixels((2, 40, 40), "int32"))
    with contextlib.suppress(ImportError):
        _write_hdf5(folder)
    with contextlib.suppress(ImportError):
        _write_czi(folder)
    with contextlib.suppress(ImportError):
        _write_zarr(folder)
    return sorted(path for path in folder.iterdir())


def _write_listed(folder: Path, many: np.ndarray[Any, Any]) -> None:
    """Write stacks whose first page describes them all."""
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib"}
    described: dict[str, Any] = {"metadata": {"axes": "TYX"}, **options}
    tifffile.imwrite(folder / "ome_pages.tif", many, ome=True, **described)
    tifffile.imwrite(folder / "ome_tiles.tif", many, ome=True, tile=(16, 16), **described)
    tifffile.imwrite(folder / "imagej_pages.tif", many, imagej=True, rowsperstrip=5, **described)
    colours = np.repeat(many[..., None].astype("uint8"), 3, axis=-1)
    planes = "".join(
        f'<TiffData FirstT="{n}" IFD="{n}"><UUID FileName="a.tif">1</UUID></TiffData>'
        for n in range(len(many))
    )
    words = (
        '<OME><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16"'
        f' SizeX="20" SizeY="16" SizeC="1" SizeZ="1" SizeT="70">{planes}</Pixels></Image></OME>'
    )
    with (
        tifffile.TiffWriter(folder / "colour_pages.tif") as coloured,
        tifffile.TiffWriter(folder / "ome_planes.tif") as listed,
    ):
        for number, (colour, page) in enumerate(zip(colours, many, strict=True)):
            coloured.write(
                colour, photometric="rgb", compression="zlib", metadata=None, contiguous=False
            )
            told = words if number == 0 else None
            listed.write(page, metadata=None, contiguous=False, description=told, **options)


def _write_hdf5(folder: Path) -> None:
    import h5py

    stack = pixels((3, 48, 56))
    with h5py.File(folder / "plain.h5", "w") as file:
        file.create_dataset("a/b", data=stack, chunks=(1, 24, 28), compression="gzip")
        file["c"] = stack[0]
    with h5py.File(folder / "bdv.h5", "w") as file:
        file.create_dataset("t00000/s00/0/cells", data=stack.view("i2"))
    with h5py.File(folder / "imaris.ims", "w") as file:
        group = file.create_group("DataSet/ResolutionLevel 0/TimePoint 0/Channel 0")
        group.create_dataset("Data", data=stack, chunks=(1, 24, 28), compression="gzip")
        for letter, n in zip("ZYX", stack.shape, strict=True):
            group.attrs[f"ImageSize{letter}"] = np.array([c.encode() for c in str(n)], "S1")
    with h5py.File(folder / "ncem.emd", "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        group = file.create_group("data/noise")
        group.attrs["emd_group_type"] = 1
        group["data"] = stack
        for number, n in enumerate(stack.shape):
            dim = group.create_dataset(f"dim{number + 1}", data=np.arange(n))
            dim.attrs["name"], dim.attrs["units"] = "zyx"[number], "nm"


def _write_czi(folder: Path) -> None:
    from pylibCZIrw import czi

    for name, options in (("a.czi", "uncompressed:"), ("zstd.czi", "zstd1:ExplicitLevel=1")):
        with czi.create_czi(str(folder / name), compression_options=options) as writer:
            for t in range(2):
                writer.write(pixels((40, 44, 1)), plane={"T": t, "C": 0, "Z": 0})
            writer.write_metadata("x", scale_x=1e-7, scale_y=1e-7)


def _write_zarr(folder: Path) -> None:
    import zarr

    for version in (2, 3):
        group = zarr.open_group(str(folder / f"v{version}.zarr"), mode="w", zarr_format=version)
        group.create_array("0", data=pixels((3, 48, 56)), chunks=(1, 24, 28))
        axes = [{"name": c, "type": "space"} for c in "zyx"]
        about = {"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
        group.attrs.update(about if version == 2 else {"ome": {"version": "0.5", **about}})


def write_own(folder: Path) -> list[Path]:
    """Write a preset, a record and masks."""
    white = np.random.default_rng(0).normal(size=(3, 64, 66))
    noise = white[..., 2:] + white[..., 1:-1] + white[..., :-2]
    extraction = extract_array(noise, Parameters(patch_size=32, center_size=9))
    preset = Preset(name="mine", description="a text", parameters={"center_size": 21})
    save_preset(preset, folder / "preset.json")
    (folder / "record.json").write_bytes(make_record(extraction).as_json())
    (folder / "mask.npy").write_bytes(npy_bytes(extraction.mask))
    (folder / "mask.png").write_bytes(png_bytes(extraction.mask))
    tifffile.imwrite(folder / "mask.tif", extraction.mask.array.astype(np.uint8) * 255)
    (folder / "list.json").write_text(json.dumps(extraction.mask.array.astype(int).tolist()))
    return sorted(folder.iterdir())
