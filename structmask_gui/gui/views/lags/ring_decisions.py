"""What became of each pixel of the centre square, read off an extraction for display."""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Decision(IntEnum):
    """The fate of a pixel."""

    NOTHING = 0
    KEPT = 1
    ADDED = 2
    NOT_JOINED = 3
    OVER_LIMIT = 4
    NOT_CLOSE = 5
    CENTRE = 6


WORDS = {
    Decision.NOTHING: "",
    Decision.KEPT: "kept",
    Decision.ADDED: "kept, added by proximity",
    Decision.NOT_JOINED: "dropped: not joined to the centre",
    Decision.OVER_LIMIT: "dropped: over the size limit",
    Decision.NOT_CLOSE: "dropped: not close enough to the centre's value",
    Decision.CENTRE: "centre, always kept",
}
"""What the read-out says of each."""


def ring_map(shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return the ring of each pixel, max(|dy|, |dx|), for an array of odd shape."""
    dy = np.abs(np.arange(shape[0]) - shape[0] // 2)
    dx = np.abs(np.arange(shape[1]) - shape[1] // 2)
    return np.maximum(dy[:, np.newaxis], dx)


def above_threshold(centre: NDArray[Any], analysis: Any, *, documented: bool) -> NDArray[np.bool_]:
    """Return which pixels pass the threshold of their ring, where the ring is considered.

    Parameters
    ----------
    centre : ndarray, odd shape
        What the rings saw.
    analysis : RingAnalysis
        Its thresholds and decisions.
    documented : bool
        The documented convention: a pixel has to reach the threshold and be above 0. Otherwise it
        has to exceed it.
    """
    thresholds = np.full(len(analysis.rings) + 1, np.inf)
    thresholds[0] = -np.inf
    for ring in analysis.rings:
        if ring.considered:
            thresholds[ring.index] = ring.threshold
    limit = thresholds[ring_map(centre.shape)]
    above = (centre >= limit) & (centre > 0) if documented else centre > limit
    above[centre.shape[0] // 2, centre.shape[1] // 2] = True
    return np.asarray(above)


def pixel_decisions(
    above: NDArray[np.bool_],
    selected: NDArray[np.bool_],
    connected: NDArray[np.bool_],
    mask: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Return the `Decision` of each pixel.

    Parameters
    ----------
    above : ndarray of bool
        From `above_threshold`.
    selected : ndarray of bool, same shape
        What the rings selected.
    connected : ndarray of bool, same shape
        What the component rule left of it.
    mask : ndarray of bool, same shape
        What the size limit left of that.
    """
    codes = np.zeros(above.shape, dtype=np.uint8)
    codes[above & ~selected] = Decision.NOT_CLOSE
    codes[selected & ~connected] = Decision.NOT_JOINED
    codes[connected & ~mask] = Decision.OVER_LIMIT
    codes[mask & above] = Decision.KEPT
    codes[mask & ~above] = Decision.ADDED
    codes[above.shape[0] // 2, above.shape[1] // 2] = Decision.CENTRE
    return codes


def outline(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the edges between cells that are inside and cells that are not.

    Parameters
    ----------
    inside : ndarray of bool, odd shape
        Its middle is lag (0, 0), each cell a unit square; all beyond the array is outside.

    Returns
    -------
    ndarray, shape (n, 4)
        Lines x0, y0, x1, y1; straight runs are one line each.
    """
    height, width = inside.shape
    left, top = -(width // 2) - 0.5, -(height // 2) - 0.5
    padded = np.pad(inside, 1).astype(np.int8)
    lines = []
    for swap in (False, True):
        # Signed, so that a run ends where the inside changes sides.
        grid = np.diff(padded.T if swap else padded, axis=0)[:, 1:-1]
        starts = np.diff(np.pad(grid, ((0, 0), (1, 1))), axis=1) != 0
        for row, change in enumerate(starts):
            at = np.flatnonzero(change)
            for a, b in pairwise(at):
                if grid[row, a]:
                    lines.append((a, row, b, row) if not swap else (row, a, row, b))
    corner = np.array((left, top, left, top))
    return np.asarray(np.array(lines, dtype=np.float64).reshape(-1, 4) + corner)
