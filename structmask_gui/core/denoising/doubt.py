"""Where to doubt a denoised frame: the residual holds structure, or two halves disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, BoolArray, FloatArray
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.progress import NO_TASK, Task

_WIDTH = 1.5
_LIMIT = 5.0
_BLOCK = 32
"""Side of the blocks in which the noise is taken to be of one strength."""
_APART = 0.5
"""Share of the residual's spread by which what two halves of the data say may differ."""


def doubted(denoiser: Denoiser, frame: int, task: Task = NO_TASK) -> BoolArray:
    """Return where a frame is to be doubted, as far as the fit has come."""
    raw = denoiser.frames.read(frame)
    halves = tuple(denoiser.by_half(half, frame, task) for half in (0, 1))
    return doubtful_places(raw, denoiser.predict(frame, task), halves)


def doubtful_places(
    raw: NDArray[Any], denoised: NDArray[Any], halves: tuple[NDArray[Any], ...] = ()
) -> BoolArray:
    """Return where the residual of a frame holds structure, or two halves of the data disagree.

    The residual should hold noise alone, whose smoothed values scatter alike within a
    neighbourhood. What stands out of it was structure, a spot that was lost or an edge that was
    blurred. The spread is the median of those of the blocks around, so that noise that follows
    brightness is allowed for. Where what was fitted to one half of the data says another value than
    what was fitted to the other, by more than half the noise that was removed there, either may be
    invented.

    Parameters
    ----------
    raw, denoised : array (h, w)
        Pixels that are not finite are never doubtful.
    halves : two arrays (h, w), optional
        From `Denoiser.by_half`.
    """
    from scipy.ndimage import gaussian_filter

    residual = np.asarray(raw, dtype=np.float64) - denoised
    good = np.isfinite(residual)
    smooth = gaussian_filter(np.where(good, residual, 0), _WIDTH)
    found: BoolArray = np.abs(smooth) > _LIMIT * _spread(smooth)
    if halves:
        apart = gaussian_filter(np.subtract(*halves, dtype=np.float64), _WIDTH / 2)
        found |= np.abs(apart) > _APART * _spread(np.where(good, residual, 0))
    found &= good
    return found


def _spread(values: FloatArray) -> FloatArray:
    """Return the usual size of values around each pixel, robust against what stands out."""
    from scipy.ndimage import median_filter, zoom

    h, w = values.shape
    rows, columns = -(-h // _BLOCK), -(-w // _BLOCK)
    spreads = np.array(
        [
            [
                SIGMA_PER_MAD * np.median(np.abs(values[y * h // rows : (y + 1) * h // rows, part]))
                for x in range(columns)
                for part in [slice(x * w // columns, (x + 1) * w // columns)]
            ]
            for y in range(rows)
        ]
    )
    usual = zoom(median_filter(spreads, 3, mode="nearest"), (h / rows, w / columns), order=1)
    result: FloatArray = np.maximum(usual, 1e-12)
    return result
