"""Files for the bundle test: one stack in every compression that the readers know."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

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
OTHERS = {"stack.nd2": b"\xda\xce\xbe\x0a", "stack.czi": b"ZISRAWFILE"}
"""How the files of makers begin whose readers are not in the bundle."""


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


def make_unreadable(path: Path) -> None:
    """Write a TIFF whose header names a compression that no bundle can read."""
    import tifffile

    tifffile.imwrite(path, noise((64, 64)), compression="lzw", byteorder="<", metadata=None)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags["Compression"]
        struct.pack_into("<H", data, tag.valueoffset, JETRAW)
    path.write_bytes(data)
