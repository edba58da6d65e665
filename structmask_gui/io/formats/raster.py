"""PNG, JPEG, JPEG 2000 and WebP images, decoded as a whole after their size has been checked."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.codec_headers import claimed_size
from structmask_gui.io.formats.images import PALETTE_NOTE, palette_table
from structmask_gui.io.stack.store import ArrayStore, Contents, SeriesInfo

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"

_MOST_PIXELS = 100_000_000
_LARGEST_FILE = 1_000_000_000
# Deflate cannot shrink anything by more; a JPEG block of 64 pixels takes at least 6 bits or so.
_DEFLATE_LIMIT = 1032
_JPEG_LIMIT = 200
_CODED_LIMIT = 50_000
_BAND = 256
_HEAD = 4096

_FIRST_NOTE = (
    "The file holds several pictures, and only the first is read; save them as one TIFF stack."
)
_PNG_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def open_png(path: Path, size: int) -> Contents:
    """Open a PNG image of any bit depth; palettes become luminance, alpha is ignored."""
    with path.open("rb") as file:
        head = file.read(33)
    if len(head) < 33 or head[12:16] != b"IHDR":
        raise _damaged("PNG")
    width, height, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", head[16:29])
    if colour not in _PNG_TYPES or bits not in (1, 2, 4, 8, 16):
        raise _damaged("PNG")
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    _check_pixels(width, height, width * height * samples * bits / 8, size, _DEFLATE_LIMIT)
    metadata = {
        "Format": "PNG",
        "Colour": _PNG_TYPES[colour],
        "Bits": str(bits),
        "Compression": "deflate",
    }
    if interlace:
        metadata["Storage"] = "interlaced"
    animated = _check_chunks(path, size)
    from PIL.PngImagePlugin import PngImageFile

    array = _decoded(path, "PNG", PngImageFile)
    if bits == 16 and colour != 0:
        # Pillow has reduced it to 8 bits.
        array = _sixteen_bit_colour(path)
    contents = _contents("PNG", array, metadata, palette=colour == 3)
    if animated:
        contents.notes.append(_FIRST_NOTE)
    return contents


def open_jpeg(path: Path, size: int) -> Contents:
    """Open a JPEG image, grey or colour."""
    from PIL.JpegImagePlugin import JpegImageFile

    array = _decoded(path, "JPEG", JpegImageFile, size)
    contents = _contents("JPEG", array, {"Format": "JPEG", "Compression": "JPEG"})
    contents.notes.append(
        "JPEG compression leaves correlations of its own, in blocks of 8 x 8 pixels; measure on"
        " the uncompressed image if there is one."
    )
    with path.open("rb") as file:
        # CIPA's format of several pictures in one file.
        if b"MPF\0" in file.read(_HEAD):
            contents.notes.append(_FIRST_NOTE)
    return contents


def codec_kind(head: bytes) -> str | None:
    """Return "JPEG 2000" or "WebP" by the first bytes of a file, or None."""
    if head.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "JPEG 2000"
    return "WebP" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def open_coded(path: Path, size: int, head: bytes) -> Contents:
    """Open a JPEG 2000 or WebP image."""
    import imagecodecs

    kind = codec_kind(head) or ""
    if size > _LARGEST_FILE:
        raise InputError("is too large; save it as a TIFF, which is read in parts.")
    data = path.read_bytes()
    is_webp = kind == "WebP"
    claimed = claimed_size(50001 if is_webp else 34712, data)
    if claimed is None:
        raise _damaged(kind)
    height, width = claimed
    _check_pixels(width, height, float(width * height), size, _CODED_LIMIT)
    decode = imagecodecs.webp_decode if is_webp else imagecodecs.jpeg2k_decode
    try:
        array: AnyArray = decode(data)
    except MemoryError:
        raise InputError("does not fit into memory; save it as a TIFF.") from None
    except Exception as error:
        raise _damaged(kind) from error
    contents = _contents(kind, array, {"Format": kind, "Compression": kind})
    contents.notes.append(
        f"{kind} may have been compressed with loss, which leaves correlations of its own; measure"
        " on the uncompressed image if there is one."
    )
    if is_webp and b"ANIM" in data[:_HEAD]:
        contents.notes.append(_FIRST_NOTE)
    return contents


def _decoded(path: Path, kind: str, opener: type[ImageFile], size: int | None = None) -> AnyArray:
    """Decode with Pillow, a band of rows at a time into one array.

    The plug-in is called directly: `Image.open` would guess the format, and warns of large images,
    which are checked here more strictly.
    """
    try:
        with path.open("rb") as file, opener(file) as image:
            width, height = image.size
            if size is not None:
                _check_pixels(width, height, float(width * height), size, _JPEG_LIMIT)
            if image.mode in ("CMYK", "YCCK", "LAB"):
                raise InputError(
                    f"holds {image.mode} colours, which are no light intensities; save it as grey"
                    " or RGB."
                )
            image.load()
            palette = image.getpalette("RGB") if image.mode == "P" else None
            table = None if palette is None else palette_table(np.array(palette, np.uint8), 256)

            def rows(y0: int, y1: int) -> AnyArray:
                band = np.asarray(image.crop((0, y0, width, y1)))
                return band if table is None else table[band]

            first = rows(0, 1)
            array = np.empty((height, *first.shape[1:]), first.dtype)
            for y0 in range(0, height, _BAND):
                array[y0 : y0 + _BAND] = rows(y0, min(y0 + _BAND, height))
            return array
    except InputError:
        raise
    except MemoryError:
        raise InputError(
            "does not fit into memory; save it as a TIFF, which is read in parts."
        ) from None
    except Exception as error:
        # Pillow raises almost anything on damaged files: OSError, SyntaxError, struct.error, ...
        raise _damaged(kind) from error


def _sixteen_bit_colour(path: Path) -> AnyArray:
    """Decode what Pillow would reduce to 8 bits."""
    import imagecodecs

    try:
        array: AnyArray = imagecodecs.png_decode(path.read_bytes())
    except Exception as error:
        raise _damaged("PNG") from error
    return array


def _contents(
    kind: str, array: AnyArray, metadata: dict[str, str], *, palette: bool = False
) -> Contents:
    samples = array.shape[2] if array.ndim == 3 else 1
    axes = "YXS" if array.ndim == 3 else "YX"
    contents = Contents(
        kind=kind,
        store=ArrayStore(array),
        axes=axes,
        is_colour=samples >= 3,
        n_samples=3 if samples >= 3 else 1,
        series=(SeriesInfo(0, "", axes, array.shape, array.dtype.name),),
        metadata=metadata,
    )
    if palette:
        contents.notes.append(PALETTE_NOTE)
    return contents


def _check_pixels(width: int, height: int, nbytes: float, size: int, most: int) -> None:
    if width * height > _MOST_PIXELS or size > _LARGEST_FILE:
        raise InputError(
            f"declares {width} x {height} pixels, more than a picture of this format may have here"
            f" ({_MOST_PIXELS // 1_000_000} million); save it as a TIFF, which is read in parts."
        )
    if nbytes > size * most:
        raise InputError(
            f"declares {width} x {height} pixels, which its {size} bytes cannot hold; save or copy"
            " it again."
        )


def _check_chunks(path: Path, size: int) -> bool:
    """Refuse a PNG with a part that ends beyond the file; readers would take memory for it.

    Says whether it is animated.
    """
    at = len(PNG_MAGIC)
    animated = False
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(8)
            length = int.from_bytes(head[:4], "big")
            at += 12 + length
            if len(head) < 8 or at > size:
                raise _damaged("PNG")
            animated |= head[4:] == b"acTL"
            if head[4:] == b"IEND":
                return animated
    raise _damaged("PNG")


def _damaged(kind: str) -> InputError:
    return InputError(
        f"is damaged or cut short and cannot be decoded as {kind}; copy or export it again."
    )
