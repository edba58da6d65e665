"""Remove row or column offsets: the first step where the noise spans whole rows or columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import Frames, Lines

SPAN = 9
"""Lines over which low-frequency structure is averaged before the medians are taken. More remove
more of the offsets and, where there is much of it, more of the structure."""

_ALONG = 9
"""Pixels along the line over which the change of the structure is averaged."""

_FLATTEST = 0.05
"""Share of the pixels that are taken to hold noise alone, which sets the scale of the weights."""


def line_offsets(frame: AnyArray, lines: Lines) -> FloatArray:
    """Return the offset of every row or column of a frame.

    It is the median of what the line holds over the mean of the `SPAN` lines around it, so
    low-frequency structure stays. Places where the structure changes across the lines weigh little;
    pixels that are not finite are left out.
    """
    if frame.ndim != 2:
        raise InputError(f"A frame with shape {frame.shape} has no lines; give a 2-D frame.")
    values = np.asarray(frame, dtype=np.float64)
    if lines == "columns":
        values = values.T
    good = np.isfinite(values)
    clear = good.any(axis=1)
    offsets = np.zeros(len(values))
    if not clear.any():
        return offsets
    over = np.where(good, values - _slow(values, good), 0.0)
    offsets[clear] = _weighted_medians(over, _flatness(over, good))[clear]
    return offsets


def destriped(frame: AnyArray, lines: Lines) -> NDArray[np.float32]:
    """Return a frame less its line offsets, float32; see `line_offsets`."""
    offsets = line_offsets(frame, lines)
    offsets = offsets[:, np.newaxis] if lines == "rows" else offsets[np.newaxis, :]
    result: NDArray[np.float32] = (np.asarray(frame, dtype=np.float64) - offsets).astype(np.float32)
    return result


def destriped_frame(frames: Frames, number: int, lines: Lines) -> NDArray[np.float32]:
    """Return a frame less its line offsets, float32; fill and marks of missing pixels stay."""
    page = destriped(without_fill(frames, own=True).read(number), lines)
    missing = np.isnan(page)
    if missing.any():
        page[missing] = frames.read(number)[missing]
    return page


def _slow(values: FloatArray, good: NDArray[np.bool_]) -> FloatArray:
    """Return the running mean over `SPAN` lines of the finite pixels."""
    from scipy.ndimage import uniform_filter1d

    total = uniform_filter1d(np.where(good, values, 0.0), SPAN, axis=0, mode="reflect")
    share = uniform_filter1d(good.astype(np.float64), SPAN, axis=0, mode="reflect")
    return np.divide(total, share, out=np.zeros_like(total), where=share > 0.5 / SPAN)


def _flatness(over: FloatArray, good: NDArray[np.bool_]) -> FloatArray:
    """Return the weight of each pixel: the squared inverse of how much changes around it."""
    from scipy.ndimage import uniform_filter

    around = uniform_filter(over**2, (SPAN, _ALONG), mode="reflect")
    # Where nothing changes at all is fill, or noise-free; the rest is weighed as without it.
    changes = around[good & (around > 0)]
    if changes.size == 0:
        return good.astype(np.float64)
    floor = np.quantile(changes, _FLATTEST)
    return np.where(good, floor / (around + floor), 0.0) ** 2


def _weighted_medians(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted median of each row."""
    order = np.argsort(values, axis=1)
    ranked = np.take_along_axis(values, order, axis=1)
    total = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    middle = (total >= total[:, -1:] / 2).argmax(axis=1)
    result: FloatArray = ranked[np.arange(len(values)), middle]
    return result
