"""Files for the bundle test: a stack in every compression and makers' format in the bundle."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
from lab import ROOT
from readers import READERS

# What each is called in tifffile; lossy ones are read back by both sides from the same file.
COMPRESSIONS = {
    "lzw": {"compression": "lzw", "predictor": 2},
    "deflate": {"compression": "zlib", "predictor": 2},
    "packbits": {"compression": "packbits"},
    "zstd": {"compression": "zstd", "predictor": 2},
    "lzma": {"compression": "lzma"},
    "lerc": {"compression": "lerc"},
    "jpeg2000": {"compression": "jpeg2000"},
    "jpegxr": {"compression": "jpegxr"},
    "jpegxl": {"compression": "jpegxl"},
    "png": {"compression": "png"},
}
EIGHT_BITS = {
    "jpeg": {"compression": "jpeg"},
    "webp": {"compression": "webp"},
}
JETRAW = 48124


def noise(shape: tuple[int, ...]) -> np.ndarray:
    """Return 16-bit noise that is correlated along rows."""
    white = np.random.default_rng(8).normal(size=shape)
    rows = white + 0.7 * np.roll(white, 1, axis=-1) + 0.5 * np.roll(white, 2, axis=-1)
    return (1000 + 50 * rows).astype(np.uint16)


def make_inputs(folder: Path) -> list[Path]:
    """Write the files; return their paths.

    All are OME-TIFF but for the 8-bit ones of three colours and the PNG with 16 bits a colour,
    which a decoder of imagecodecs reads.
    """
    import imagecodecs
    import tifffile

    folder.mkdir(parents=True)
    stack = noise((3, 128, 128))
    paths = []
    for name, options in COMPRESSIONS.items():
        paths.append(folder / f"{name}.ome.tif")
        tifffile.imwrite(paths[-1], stack, metadata={"axes": "TYX"}, ome=True, **options)
    colour = np.repeat((stack[0] // 8).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    for name, options in EIGHT_BITS.items():
        paths.append(folder / f"{name}.tif")
        tifffile.imwrite(paths[-1], colour, photometric="rgb", **options)
    paths.append(folder / "sixteen bits.png")
    paths[-1].write_bytes(imagecodecs.png_encode(np.repeat(stack[0][..., None], 3, axis=2)))
    return paths


def make_formats(folder: Path) -> dict[str, Path]:
    """Write a file, or folder, of every format that the bundle's readers are for, and of one more.

    Those that a library can write are written by it, the others byte by byte as for the readers'
    own tests.

    Returns
    -------
    dict
        By the format, as in `readers.READERS`, and "DM3", whose reader is left out.
    """
    sys.path.append(str(ROOT))
    import h5py
    import zarr
    from pylibCZIrw import czi

    from tests.io.formats.drawn_files import dicom, oif
    from tests.io.maker_files import write_dm3, write_lif, write_nd2

    folder.mkdir(parents=True)
    stack = noise((3, 128, 128))
    names = {
        **{"LIF": "leica.lif", "ND2": "nikon.nd2", "Zarr": "blosc.zarr", "HDF5": "plain.h5"},
        **{"CZI": "zeiss.czi", "DM3": "electrons.dm3", "OIF": "olympus.oif", "DICOM": "scan.dcm"},
    }
    paths = {kind: folder / name for kind, name in names.items()}
    write_lif(paths["LIF"], stack[:, None])
    write_nd2(paths["ND2"], stack)
    oif(paths["OIF"], stack)
    dicom(paths["DICOM"], stack)
    write_dm3(paths["DM3"], stack.astype(np.int16))
    # Of the second version, as most files are: its codecs are compiled, those of the third too.
    group = zarr.open_group(str(paths["Zarr"]), mode="w", zarr_format=2)
    group.create_array("0", data=stack, chunks=(1, 64, 64))
    levels = [{"path": "0"}]
    axes = [{"name": name} for name in "tyx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": levels}]
    paths["Zarr, version 3"] = folder / "zstd.zarr"
    zarr.save_array(str(paths["Zarr, version 3"]), stack)
    with h5py.File(paths["HDF5"], "w") as file:
        file.create_dataset("stack", data=stack, chunks=(1, 64, 64), compression="gzip")
    with czi.create_czi(str(paths["CZI"])) as file:
        for t, frame in enumerate(stack):
            file.write(data=np.ascontiguousarray(frame[..., None]), plane={"T": t, "C": 0})
    missing = set(READERS) - set(paths) - {"Zarr at an address"}
    if missing:
        raise LookupError(f"no file is written of {sorted(missing)}, whose readers are shipped")
    return paths


def make_smooth(path: Path) -> None:
    """Write a frame whose noise is as smooth as its sample, but for that of the readout."""
    import tifffile
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(8)
    grains = gaussian_filter(random.normal(size=(256, 256)), 1.2)
    spots = gaussian_filter((random.random((256, 256)) > 0.999).astype(float), 4)
    frame = 1000 + 50 * grains / grains.std() + 50 * spots / spots.std()
    frame += random.normal(0, 5, frame.shape)
    tifffile.imwrite(path, frame.astype(np.uint16))


def make_unreadable(path: Path) -> None:
    """Write a TIFF whose header names a compression that no bundle can read."""
    import tifffile

    tifffile.imwrite(path, noise((64, 64)), compression="lzw", byteorder="<", metadata=None)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags["Compression"]
        struct.pack_into("<H", data, tag.valueoffset, JETRAW)
    path.write_bytes(data)
