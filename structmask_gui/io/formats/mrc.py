"""MRC files of electron microscopes, old ones without the stamp MAP included."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.stack.axes import squeezed
from structmask_gui.io.stack.store import Contents, RawStore, SeriesInfo, choose_series
from structmask_gui.io.stack.units import with_sizes

_HEADER = 1024
# Mode 0 is of bytes with or without a sign. 3 and 4 are complex, 101 has half a byte a pixel.
_TYPES = {0: "u1", 1: "i2", 2: "f4", 3: "i4", 4: "c8", 6: "u2", 12: "f2"}
_IMOD = 1146047817


class _Header(NamedTuple):
    order: Literal["<", ">"]
    shape: tuple[int, int, int]
    mode: int
    mapped: tuple[int, int, int]
    """Which of x (1), y (2) and z (3) columns, rows and sections are; zeros in old files."""
    extended: int

    @property
    def nbytes(self) -> int:
        width = np.dtype(_TYPES[self.mode]).itemsize
        return _HEADER + self.extended + math.prod(self.shape) * width


def _header(head: bytes) -> _Header | None:
    """Read the numbers of a header in the byte order in which they make sense."""
    orders: tuple[Literal["<", ">"], ...] = ("<", ">")
    for order in orders if len(head) >= 96 else ():
        words = struct.unpack_from(f"{order}24i", head)
        found = _Header(order, (words[2], words[1], words[0]), words[3], words[16:19], words[23])
        known = found.mode in _TYPES and min(found.shape) > 0 and found.extended >= 0
        if known and sorted(found.mapped) in ([0, 0, 0], [1, 2, 3]):
            return found
    return None


def is_mrc(head: bytes, size: int) -> bool:
    """Say whether a file is an MRC by its first 256 bytes: its stamp, or a length that fits."""
    if head[208:211] == b"MAP":
        return True
    found = _header(head)
    return found is not None and found.nbytes == size


def open_mrc(path: Path, size: int, series: int | None) -> Contents:
    """Open the sections of an MRC file as frames."""
    choose_series(1, series)
    with path.open("rb") as file:
        head = file.read(_HEADER)
    found = _header(head)
    if found is None:
        raise InputError("has a damaged MRC header, or pixels of an unknown mode; export it again.")
    if found.nbytes > size:
        depth, height, width = found.shape
        raise InputError(
            f"is cut short: it promises {depth} x {height} x {width} pixels and ends before; copy"
            " or export it again."
        )
    dtype = np.dtype(_TYPES[found.mode]).newbyteorder(found.order)
    if found.mode == 0 and _signed(head, found.order):
        dtype = np.dtype("i1")
    letters = "".join("?XYZ"[i] for i in reversed(found.mapped)).replace("???", "ZYX")
    axes, shape = squeezed(letters, found.shape)
    metadata = {"Format": "MRC", "Data type": dtype.newbyteorder("=").name}
    intervals = struct.unpack_from(f"{found.order}3i", head, 28)
    lengths = struct.unpack_from(f"{found.order}3f", head, 40)
    sizes = {
        letter: (length / n / 10, "nm")
        for letter, n, length in zip("XYZ", intervals, lengths, strict=True)
        if n > 0 and (letter != "Z" or found.shape[0] > 1)
    }
    with_sizes(metadata, sizes)
    return Contents(
        kind="MRC",
        store=RawStore(path.open("rb"), _HEADER + found.extended, dtype, shape),
        axes=axes,
        full_shape=found.shape,
        series=(SeriesInfo(0, "", axes, shape, metadata["Data type"]),),
        metadata=metadata,
    )


def _signed(head: bytes, order: str) -> bool:
    """Say whether bytes have a sign: by IMOD's flags, or by the standard of 2014."""
    stamp, flags = struct.unpack_from(f"{order}2i", head, 152)
    if stamp == _IMOD:
        return bool(flags & 1)
    (version,) = struct.unpack_from(f"{order}i", head, 108)
    return bool(20140 <= version < 20200)
