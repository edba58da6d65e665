"""Where to doubt a denoised frame: places where the residual holds more than noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray

_WIDTH = 1.5
_LIMIT = 5.0
_BLOCK = 32
"""Side of the blocks in which the noise is taken to be of one strength."""


def doubtful_places(raw: NDArray[Any], denoised: NDArray[Any]) -> BoolArray:
    """Return where the smoothed residual of a frame is far beyond its usual spread.

    The residual should hold noise alone, whose smoothed values scatter alike within a
    neighbourhood. What stands out of it was structure, a spot that was lost or an edge that was
    blurred. The spread is the median of those of the blocks around, so that noise that follows
    brightness is allowed for.

    Parameters
    ----------
    raw, denoised : array (h, w)
        Pixels that are not finite are never doubtful.
    """
    from scipy.ndimage import gaussian_filter, median_filter, zoom

    residual = np.asarray(raw, dtype=np.float64) - denoised
    good = np.isfinite(residual)
    smooth = gaussian_filter(np.where(good, residual, 0), _WIDTH)
    h, w = smooth.shape
    rows, columns = -(-h // _BLOCK), -(-w // _BLOCK)
    spreads = np.array(
        [
            [
                1.4826 * np.median(np.abs(smooth[y * h // rows : (y + 1) * h // rows, part]))
                for x in range(columns)
                for part in [slice(x * w // columns, (x + 1) * w // columns)]
            ]
            for y in range(rows)
        ]
    )
    usual = zoom(median_filter(spreads, 3, mode="nearest"), (h / rows, w / columns), order=1)
    found: BoolArray = good & (np.abs(smooth) > _LIMIT * np.maximum(usual, 1e-12))
    return found
