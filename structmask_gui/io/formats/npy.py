"""NPY files: the header is parsed here, so that nothing in the file is ever executed."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.images import unnamed
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.store import Contents, RawStore, ReversedStore, SeriesInfo, Store

NPY_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000


def open_npy(path: Path, size: int) -> Contents:
    """Open an array of 2 or more dimensions; 2-D is YX, 3-D is frames, more must be named."""
    file = path.open("rb")
    try:
        dtype, shape, fortran, offset = read_npy_header(file)
        if offset + math.prod(shape) * dtype.itemsize > size:
            raise InputError(
                f"its header promises {shape_text(shape)} pixels of {dtype.name}, but the file is"
                " shorter; save or copy it again."
            )
        kept = _without_ones(shape)
        # Columns first: the same block with its dimensions in reverse order.
        store: Store = RawStore(file, offset, dtype, kept[::-1] if fortran else kept)
        axes = unnamed(len(kept))
        return Contents(
            kind="NPY",
            store=ReversedStore(store) if fortran else store,
            axes=axes,
            full_shape=shape,
            series=(SeriesInfo(0, "", axes, kept, dtype.name),),
            metadata={
                "Format": "NPY",
                "Data type": dtype.name,
                "Byte order": "big endian" if dtype.str.startswith(">") else "little endian",
                "Storage": "columns first" if fortran else "rows first",
            },
        )
    except BaseException:
        file.close()
        raise


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out dimensions of length 1, unless fewer than two would be left."""
    kept = tuple(n for n in shape if n != 1)
    return kept if len(kept) >= 2 else shape


def read_npy_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """Return type, shape, whether the first dimension varies fastest, and offset of the elements.

    Raises
    ------
    InputError
        If it is not the header of an array of numbers.
    """
    broken = InputError("has a broken NPY header; save the array again with numpy.save.")
    start = file.read(len(NPY_MAGIC) + 2)
    if len(start) < len(NPY_MAGIC) + 2 or not start.startswith(NPY_MAGIC):
        raise broken
    width = 2 if start[-2] == 1 else 4
    count = file.read(width)
    length = int.from_bytes(count, "little")
    if start[-2] not in (1, 2, 3) or len(count) < width or length > _LONGEST_HEADER:
        raise broken
    raw = file.read(length)
    try:
        header = ast.literal_eval(raw.decode("utf-8" if start[-2] == 3 else "latin1").strip())
        shape = tuple(header["shape"])
        fortran = bool(header["fortran_order"])
        descr = header["descr"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise broken from None
    if len(raw) < length or any(type(n) is not int or n < 0 for n in shape):
        raise broken
    if not isinstance(descr, str):
        raise InputError("holds records, not numbers; save one field of it as a plain array.")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError):
        raise broken from None
    if dtype.hasobject:
        raise InputError(
            "holds pickled Python objects, which are not loaded because they could run code; save a"
            " plain array of numbers."
        )
    return dtype, shape, fortran, len(start) + width + length
