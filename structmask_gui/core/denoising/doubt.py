"""Doubtful places of a denoised frame: the residual holds structure, or two models disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, BoolArray, FloatArray
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.progress import NO_TASK, Task

_WIDTH = 1.5
"""Standard deviation, in pixels, by which the residual is smoothed."""
_LIMIT = 5.0
"""Standard deviations of the smoothed residual from which it holds structure."""
_BLOCK = 32
"""Side of the blocks in which the strength of the noise is taken to be constant."""
_APART = 0.5
"""Share of the residual's standard deviation by which two models may differ."""


def doubted(denoiser: Denoiser, frame: int, task: Task = NO_TASK) -> BoolArray:
    """Return where a frame is to be doubted, as far as the fit has come."""
    raw = denoiser.frames.read(frame)
    halves = tuple(denoiser.by_half(half, frame, task) for half in (0, 1))
    return doubtful_places(raw, denoiser.predict(frame, task), halves)


def doubtful_places(
    raw: NDArray[Any], denoised: NDArray[Any], halves: tuple[NDArray[Any], ...] = ()
) -> BoolArray:
    """Return where the residual of a frame holds structure, or models of two halves disagree.

    The residual should be noise alone, of nearly constant strength within a neighbourhood. Smoothed
    values that stand out of it are structure: a lost spot, or a blurred edge. The strength is
    measured in blocks, so noise may follow brightness. Where models fitted to two halves of the
    data differ by more than half the noise that was removed, what either shows may be invented.

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
    found: BoolArray = np.abs(smooth) > _LIMIT * local_spread(smooth)
    if halves:
        apart = gaussian_filter(np.subtract(*halves, dtype=np.float64), _WIDTH / 2)
        found |= np.abs(apart) > _APART * local_spread(np.where(good, residual, 0))
    found &= good
    return found


def local_spread(values: FloatArray) -> FloatArray:
    """Return the robust standard deviation of the values around each pixel."""
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
