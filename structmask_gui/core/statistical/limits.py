"""How much of a large stack the statistical method takes, so that its memory is bounded.

It keeps figures of each patch. What more patches than these would add to the errors is far below
any correlation that matters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray

MOST_PIXELS = 2**28
"""Pixels of all patches together; half a gigabyte of 16-bit pixels."""

_OVERLAPPING = 4
"""Tiles that overlap by half, for each that stands alone."""

_AT_ONCE = 2**13


def patch_limit(side: int) -> int:
    """Return how many square patches are taken at most."""
    return MOST_PIXELS // side**2


def grid_places(
    frames: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp], side: int
) -> NDArray[np.intp]:
    """Return the places of tiles on a grid: all, or of very many a random choice."""
    shape = (len(frames), len(rows), len(columns))
    total, most = len(frames) * len(rows) * len(columns), _OVERLAPPING * patch_limit(side)
    if total > most:
        # The same at every run. A few are drawn twice; none is left out for it that matters.
        index = np.unique(np.random.default_rng(0).integers(total, size=most))
    else:
        index = np.arange(total)
    frame, row, column = np.unravel_index(index, shape)
    return np.stack([frames[frame], rows[row], columns[column]], axis=1)


def mean_power(blocks: NDArray[np.float32]) -> FloatArray:
    """Return the mean power spectrum of square tiles, a part of them at a time.

    ``blocks``: shape (n, side, side).
    """
    if len(blocks) <= _AT_ONCE:
        return np.asarray((np.abs(np.fft.fft2(blocks)) ** 2).mean(axis=0))
    total = np.zeros(blocks.shape[1:])
    for start in range(0, len(blocks), _AT_ONCE):
        power = np.abs(np.fft.fft2(blocks[start : start + _AT_ONCE])) ** 2
        total += power.sum(axis=0, dtype=np.float64)
    return total / len(blocks)
