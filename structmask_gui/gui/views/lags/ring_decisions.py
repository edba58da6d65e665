"""Words for the decisions about pixels, and the outline of a region of lags."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.extraction.rings import Decision

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
