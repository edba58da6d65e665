"""What a reader returns to `ImageStack`: pixels that can be read in parts, and metadata."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError

Index = tuple[int | slice, ...]
"""One number or one slice with step 1 for each dimension."""

_PIECE = 64 * 2**20


class Store(Protocol):
    """The pixels of one series of a file; only what is asked for is read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension, as stored."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels, in the machine's byte order."""
        ...

    def read(self, index: Index) -> AnyArray:
        """Return ``array[index]``; safe to call from several threads."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@dataclass(frozen=True)
class SeriesInfo:
    """One of several images or stacks in a file."""

    index: int
    name: str
    axes: str
    shape: tuple[int, ...]
    dtype: str


@dataclass
class Contents:
    """An opened series of a file, before axes, channel and frames are chosen."""

    kind: str  # the file format, as in "OME-TIFF"
    store: Store
    axes: str
    # The file's shape with its dimensions of length 1, which the store leaves out.
    full_shape: tuple[int, ...] = ()
    # The S dimension holds red, green and blue, so that a luminance makes sense.
    is_colour: bool = False
    # Nothing but that says so, and they are planes: they may be frames as well.
    doubtful_colour: bool = False
    # How many samples of the S dimension count; those after it are alpha.
    n_samples: int | None = None
    # Turns stored values into intensities (palettes, min-is-white).
    convert: Callable[[AnyArray], AnyArray] | None = None
    converted_dtype: np.dtype[Any] | None = None  # the type `convert` returns
    series: tuple[SeriesInfo, ...] = ()
    chosen: int = 0  # which of them this is
    # The file's metadata, for the user.
    metadata: dict[str, str] = field(default_factory=dict)
    # What had to be decided while opening, one sentence each.
    notes: list[str] = field(default_factory=list)
    channel_names: tuple[str, ...] = ()
    # The other files that hold pixels; None if there are some, but not known which.
    other_files: tuple[Path, ...] | None = ()


def choose_series(n: int, wanted: int | None) -> int:
    """Return the number of the wanted of n series; by default the first."""
    if wanted is not None and not 0 <= wanted < n:
        last = f"0 to {n - 1}" if n > 1 else "0 only"
        raise InputError(f"has no series {wanted}; its series are {last}.")
    return wanted or 0


class ArrayStore:
    """Pixels of an image that was decoded as a whole."""

    def __init__(self, array: AnyArray) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def read(self, index: Index) -> AnyArray:
        """Return a part; a view, not a copy."""
        part: AnyArray = self._array[index]
        return part

    def close(self) -> None:
        """Do nothing: the file is closed already."""


class ReversedStore:
    """A store with its dimensions in reverse order (arrays stored columns first)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.shape, self.dtype = store.shape[::-1], store.dtype

    def read(self, index: Index) -> AnyArray:
        """Return ``array[index]``."""
        return self._store.read(index[::-1]).T

    def close(self) -> None:
        """Close the file."""
        self._store.close()


class RawStore:
    """Pixels that lie in a file as one uncompressed block.

    The file is read, not mapped: a mapped file that is cut short by another program would end this
    one without a word, and mapped pages count as memory.

    Parameters
    ----------
    file : binary file
        The open file; closed by `close`.
    offset : int
        Where the block starts, in bytes.
    dtype : dtype
        Type of the pixels in the file, with its byte order.
    shape : tuple of int
        Length of each dimension; the last one varies fastest.
    """

    def __init__(
        self, file: BinaryIO, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> None:
        self._file = file
        self._offset = offset
        self._stored = dtype
        self.shape = shape
        self.dtype = dtype.newbyteorder("=")
        # Distance between neighbours along each dimension, in pixels.
        self._strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
        self._lock = threading.Lock()

    def read(self, index: Index) -> AnyArray:
        """Return ``array[index]``."""
        ranges = [
            range(i, i + 1) if isinstance(i, int) else range(*i.indices(n))
            for i, n in zip(index, self.shape, strict=True)
        ]
        # Dimensions up to `split` are walked through; from there on a run of the file holds what is
        # wanted, whole in the dimensions after `split`.
        split = next((k for k, r in enumerate(ranges) if len(r) > 1), len(ranges) - 1)
        while split < len(ranges) - 1 and self._strides[split] * self._stored.itemsize > _PIECE:
            split += 1
        run = ranges[split]
        tail = self.shape[split + 1 :]
        out = np.empty([len(r) for r in ranges], self.dtype)
        inner = tuple(slice(r.start, r.stop) for r in ranges[split + 1 :])
        piece = max(1, _PIECE // max(1, self._strides[split] * self._stored.itemsize))
        for lead in itertools.product(*(range(len(r)) for r in ranges[:split])):
            start = sum(
                r[i] * stride for r, i, stride in zip(ranges, lead, self._strides, strict=False)
            )
            for first in range(0, len(run), piece):
                n = min(piece, len(run) - first)
                block = self._block(start + run[first] * self._strides[split], (n, *tail))
                where: Index = (*lead, slice(first, first + n))
                what: Index = (slice(None), *inner)
                out[where] = block[what]
        kept: list[int | slice] = [0 if isinstance(i, int) else slice(None) for i in index]
        part: AnyArray = out[tuple(kept)]
        return part

    def _block(self, start: int, shape: tuple[int, ...]) -> AnyArray:
        block = np.empty(shape, self._stored)
        wanted = memoryview(block.reshape(-1).view(np.uint8).data)
        try:
            with self._lock:
                self._file.seek(self._offset + start * self._stored.itemsize)
                done = 0
                while done < len(wanted):
                    # Typed as a file of bytes, which need not have it; those we open do.
                    got = self._file.readinto(wanted[done:])  # type: ignore[attr-defined]
                    if not got:
                        break
                    done += got
        except (OSError, ValueError) as error:
            raise InputError(
                "can no longer be read; check that the disk is there, and open it again."
            ) from error
        if done < len(wanted):
            raise InputError("ends too early; copy or export the file again.")
        if block.dtype.kind == "b":
            # Any byte that is not 0 means true, but numpy reckons with 0 and 1 only.
            block = block.view(np.uint8) != 0
        return block

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
