"""The size that a compressed strip or tile claims, before it is decoded.

Images inside a TIFF (JPEG, JPEG 2000, JPEG XL, JPEG XR, WebP, PNG, LERC) have a header of their
own, and decoders take memory for what it says, whatever the page says. Each function reads only the
header; None means that it is not understood, and decoders will not understand it either.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

Size = tuple[int, int]
"""Height and width."""


def claimed_size(compression: int, data: bytes) -> Size | None:
    """Return height and width of a strip or tile by its own header; ``compression`` as in TIFF."""
    reader = _READERS.get(compression)
    if reader is None:
        return None
    try:
        return reader(data)
    except (struct.error, IndexError):
        return None


def _jpeg(data: bytes) -> Size | None:
    """Walk the segments up to the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield kind and place of the contents of each box of a JP2 or JPEG XL file."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        inside = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            inside += 8
        yield kind, inside
        if length < 8:
            return
        at += length


def _jpeg2000(data: bytes) -> Size | None:
    """Read the SIZ segment (ITU-T T.800, A.5.1) of a codestream, alone or in a JP2 file."""
    start = 0
    if data[:2] != b"\xff\x4f":
        start = next((at for kind, at in _boxes(data) if kind == b"jp2c"), -1)
    if start < 0 or data[start : start + 4] != b"\xff\x4f\xff\x51":
        return None
    x, y, left, top = struct.unpack_from(">4I", data, start + 8)
    return y - top, x - left


class _Bits:
    """Bits of bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        return taken


_XL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def _jpegxl(data: bytes) -> Size | None:
    """Read the size header (ISO/IEC 18181-1, D.2) of a codestream, alone or in boxes."""
    start = 0
    if data[:2] != b"\xff\x0a":
        for kind, at in _boxes(data):
            if kind in (b"jxlc", b"jxlp"):
                start = at + (4 if kind == b"jxlp" else 0)
                break
    if data[start : start + 2] != b"\xff\x0a":
        return None
    bits = _Bits(data[start + 2 : start + 16])
    small = bits.take(1)

    def side() -> int:
        if small:
            return 8 * (bits.take(5) + 1)
        return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return height, side()
    over, under = _XL_RATIOS[ratio - 1]
    return height, height * over // under


def _webp(data: bytes) -> Size | None:
    """Read the size in the first chunk of a WebP file."""
    kind = data[12:16]
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return height & 0x3FFF, width & 0x3FFF
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed >> 14 & 0x3FFF) + 1, (packed & 0x3FFF) + 1
    if kind == b"VP8X":
        return (
            int.from_bytes(data[27:30], "little") + 1,
            int.from_bytes(data[24:27], "little") + 1,
        )
    return None


def _png(data: bytes) -> Size | None:
    """Read the header chunk, which comes first."""
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _jpegxr(data: bytes) -> Size | None:
    """Read the tags of width and height, and the header of the image (ITU-T T.832, A and 8.3)."""
    if data[:3] != b"II\xbc":
        return None
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    found: dict[int, int] = {}
    for i in range(count):
        code, kind, _, value = struct.unpack_from("<HHII", data, at + 2 + 12 * i)
        found[code] = value & 0xFFFF if kind == 3 else value & 0xFF if kind == 1 else value
    if 0xBC80 not in found or 0xBC81 not in found:
        return None
    # The decoder goes by the image's own header.
    inside = data[found.get(0xBCC0, len(data)) :]
    if inside[:8] != b"WMPHOTO\0":
        return found[0xBC81], found[0xBC80]
    width, height = struct.unpack_from(">HH" if inside[10] & 0x80 else ">II", inside, 12)
    return max(height + 1, found[0xBC81]), max(width + 1, found[0xBC80])


def _lerc(data: bytes) -> Size | None:
    """Read the header of version 2; what is packed once more is bounded by its own reader."""
    if data[:6] != b"Lerc2 ":
        return None
    (version,) = struct.unpack_from("<i", data, 6)
    height, width = struct.unpack_from("<ii", data, 14 if version >= 3 else 10)
    return height, width


_READERS: dict[int, Callable[[bytes], Size | None]] = {
    **dict.fromkeys((6, 7, 33007, 34892), _jpeg),
    **dict.fromkeys((33003, 33004, 33005, 34712), _jpeg2000),
    **dict.fromkeys((50002, 52546), _jpegxl),
    **dict.fromkeys((34927, 50001), _webp),
    **dict.fromkeys((22610, 34934), _jpegxr),
    34933: _png,
    34887: _lerc,
}
