"""Remove row or column offsets: the first step where the noise spans whole rows or columns."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.correction import mean_frame
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import Frames, Lines

SPAN = 9
"""Lines over which low-frequency structure is averaged before the medians are taken. More remove
more of the offsets and, where there is much of it, more of the structure."""

_ALONG = 9
"""Pixels along the line over which the change of the structure is averaged."""

ENOUGH_TO_COMPARE = 3
"""Frames from which offsets are told from what all have in common."""

_ENOUGH, _AGREE = 0.5, 0.5
"""Share of the pixels that all have to show, and correlation of the offsets of both halves of the
lines, below which they are not."""

_APART, _MOVES = 3, 0.02
"""Lines between pixels of which next to no noise is alike, and how much alike they change from
which the sample moves."""

_SLOW = 3
"""Parts of the frame within which an offset has to change, to be one."""

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


class Destriping:
    """Takes the offsets of lines out of the frames of a stack.

    Where other frames show what a line has in common with them, its offset is told from that, slow
    bands as of hum among them; where the sample moves too much for that, from the lines beside it.
    """

    def __init__(self, frames: Frames, lines: Lines) -> None:
        self.frames, self._clean, self._lines = frames, without_fill(frames, own=True), lines
        self._mean: FloatArray | None = None

    def frame(self, number: int, task: Task = NO_TASK) -> NDArray[np.float32]:
        """Return a frame less its line offsets; fill and marks of missing pixels stay.

        The first one takes longer: others are read for their mean.
        """
        if self._mean is None and self.frames.n_frames >= ENOUGH_TO_COMPARE:
            self._mean = mean_frame(self.frames, task)
        values = np.asarray(self._clean.read(number), dtype=np.float64)
        offsets = None if self._mean is None else self._told_from(self._mean, values)
        if offsets is None:
            offsets = line_offsets(values, self._lines)
        offsets = offsets[:, np.newaxis] if self._lines == "rows" else offsets[np.newaxis, :]
        result: NDArray[np.float32] = (values - offsets).astype(np.float32)
        missing = np.isnan(result)
        if missing.any():
            result[missing] = self.frames.read(number)[missing]
        return result

    def _told_from(self, mean: FloatArray, values: FloatArray) -> FloatArray | None:
        """Return offsets by what all frames show; None if halves of the lines disagree on them."""
        good = np.isfinite(values) & np.isfinite(mean)
        if good.mean() < _ENOUGH or not np.ptp(mean[good]) > 0:
            return None
        both = np.cov(mean[good], values[good])
        gain = float(both[0, 1] / both[0, 0])
        changed = np.where(good, values - gain * mean, np.nan)
        changed -= float(values[good].mean() - gain * mean[good].mean())
        if self._lines == "columns":
            changed = changed.T
        width = changed.shape[1]
        halves = []
        for part in (changed[:, : width // 2], changed[:, width // 2 :]):
            there = np.isfinite(part)
            if not there.any(axis=1).all():
                return None
            over = np.where(there, part, 0.0)
            halves.append(_without_slow(_weighted_medians(over, _flatness(over, there))))
        first, second = halves
        alike = float(np.mean(first * second)) > _AGREE * float(first.std() * second.std())
        temporal: FloatArray = (first + second) / 2
        if not alike or _moves(changed - temporal[:, np.newaxis]):
            return None
        return np.asarray(temporal + gain * self._of_mean)

    @cached_property
    def _of_mean(self) -> FloatArray:
        """Offsets that are in the mean of the frames."""
        assert self._mean is not None
        return line_offsets(self._mean, self._lines)


def _moves(changed: FloatArray) -> bool:
    """Whether pixels some lines apart change alike, as where the sample moves."""
    products = changed[_APART:] * changed[:-_APART]
    return float(np.nanmean(products)) > _MOVES * float(np.nanvar(changed))


def _without_slow(offsets: FloatArray) -> FloatArray:
    """Return offsets without what is slower than a third of the frame, as uneven light is."""
    from scipy.ndimage import uniform_filter1d

    slow = uniform_filter1d(offsets, max(len(offsets) // _SLOW, SPAN), mode="reflect")
    return np.asarray(offsets - slow)


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
