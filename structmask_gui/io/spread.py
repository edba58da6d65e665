"""Indices into stacks whose library reads one frame at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from structmask_gui.io.contents import Index


@dataclass(frozen=True)
class Lead:
    """What of the dimensions before a frame is asked for.

    Attributes
    ----------
    ranges : tuple of range
        Wanted numbers along each.
    shape : tuple of int
        Their lengths.
    kept : tuple of int
        Lengths of those that the result has.
    single : bool
        One frame, and no dimension for it.
    """

    ranges: tuple[range, ...]
    shape: tuple[int, ...]
    kept: tuple[int, ...]
    single: bool


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


def place_in(lead: Lead) -> Iterator[int]:
    """Yield the numbers of the wanted frames, the last dimension counting fastest."""
    for place in places_in(lead):
        yield int(np.ravel_multi_index(place, lead.shape)) if place else 0
