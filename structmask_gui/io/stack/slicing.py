"""Pixels behind a library that reads a part of an array at a time."""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.stack.optional import refused
from structmask_gui.io.stack.store import Index

MOST_AT_ONCE = 4 * 2**30
"""Bytes of the largest part, or block of a compressed file, that is ever asked for."""


class SlicedStore:
    """A store over a function that returns ``array[index]``.

    Parameters
    ----------
    shape : tuple of int
        Length of each dimension.
    dtype : dtype
        Type of the pixels.
    read : function
        Takes one number or slice for each dimension, returns an array without the numbered ones.
        Called by one thread at a time.
    close : function
        Lets go of the file.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        read: Callable[[Index], Any],
        close: Callable[[], object],
    ) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype).newbyteorder("=")
        self._read = read
        self._close = close
        self._lock = threading.Lock()
        self._closed = False

    def read(self, index: Index) -> AnyArray:
        """Return ``array[index]``."""
        expected = tuple(
            len(range(*part.indices(n)))
            for part, n in zip(index, self.shape, strict=True)
            if isinstance(part, slice)
        )
        if math.prod(expected) * self.dtype.itemsize > MOST_AT_ONCE:
            raise InputError(
                "a frame is too large to read at once; choose an ROI or a lower resolution."
            )
        with self._lock:
            if self._closed:
                raise InputError("has been closed; open it again.")
            with refused("a part of the pixels"):
                part = np.asarray(self._read(index))
                if part.shape != expected:
                    raise ValueError(f"{part.shape} instead of {expected}")
                return part.astype(self.dtype, copy=False)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._close()


def squeezed_index(index: Index, kept: list[bool]) -> Index:
    """Return an index into all dimensions from one into those that are kept; others take 0."""
    given = iter(index)
    return tuple(next(given) if keep else 0 for keep in kept)


_WORDS = {
    "X": "column columns col cols pixel pixels width lon longitude horizontal",
    "Y": "row rows line lines height lat latitude vertical",
    "T": "time times frame frames timepoint timepoints",
    "Z": "depth slice slices plane planes section sections",
    "C": "ch channel channels band bands wavelength wavelengths",
    "S": "sample samples rgb rgba colour color",
}
_LETTERS = {word: letter for letter, words in _WORDS.items() for word in words.split()}


def letters_of(names: list[str]) -> str:
    """Return a letter for each dimension name; what is not known is a dimension of frames."""
    letters: list[str] = []
    for name in names:
        word = name.strip().lower()
        # As x [nm], scan_x or x_position.
        within = set(re.findall("(?<![a-z])[xyz](?![a-z])", word))
        word = within.pop() if len(within) == 1 else word
        letter = _LETTERS.get(word, word.upper())
        usable = len(letter) == 1 and letter.isascii() and letter.isalpha()
        letters.append(letter if usable and letter not in letters else "Q")
    return "".join(letters)


@dataclass(frozen=True)
class Lead:
    """What of the dimensions before a frame is asked for."""

    ranges: tuple[range, ...]  # wanted numbers along each
    shape: tuple[int, ...]
    kept: tuple[int, ...]  # lengths of those that the result has
    single: bool  # one frame, and no dimension for it


def frame_parts(
    letters: str, shape: tuple[int, ...], index: Index, frame_letters: str
) -> tuple[Lead, Index]:
    """Split an index into what is asked of the dimensions of frames and of those within a frame.

    Parameters
    ----------
    letters : str
        All dimensions, those of length 1 included; the ones within a frame come last.
    shape : tuple of int
        Their lengths.
    index : tuple of int or slice
        For each dimension that is longer than 1, and Y and X.
    frame_letters : str
        Letters of the dimensions within a frame.
    """
    given = iter(index)
    full: list[int | slice] = [
        next(given) if n != 1 or letter in "YX" else 0
        for letter, n in zip(letters, shape, strict=True)
    ]
    split = sum(letter not in frame_letters for letter in letters)
    ranges = tuple(
        range(part, part + 1) if isinstance(part, int) else range(*part.indices(n))
        for part, n in zip(full[:split], shape[:split], strict=True)
    )
    kept = tuple(
        len(r) for r, part in zip(ranges, full[:split], strict=True) if isinstance(part, slice)
    )
    return Lead(ranges, shape[:split], kept, not kept), tuple(full[split:])


def places_in(lead: Lead) -> Iterator[tuple[int, ...]]:
    """Yield the wanted places along the dimensions before a frame."""
    return itertools.product(*lead.ranges)
