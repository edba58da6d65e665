"""Hot and dead pixels, and cosmic rays: single pixels that stand out from those around them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, AnyArray, BoolArray, FloatArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import (
    Frames,
    Lines,
    WrappedFrames,
    destriped_lines,
    evenly,
    every_nth,
    fine_detail,
    finite,
    some,
)
from structmask_gui.core.stack.left_out import find_left_out, kept_frames

Places = NDArray[np.intp]
"""Shape (n, 2); row and column of each pixel."""

_FEWEST, _FRAMES = 3, 4
"""Frames from which pixels can be told from noise, and that are looked at."""

_BAND = 2**20
"""Pixels of a frame that are looked at together."""

_FAR = 7.0
"""Standard deviations of fine detail by which a hot pixel stands out in each frame."""

_BESIDE, _PARTNER = 0.1, 0.5
"""Share of its excess that the median of its eight neighbours has at most, as of no spot that a
lens drew; and that all of them but one stay below: two may be hot side by side."""

_TOUCHES, _SEEN, _PAIRED = 0.15, 1.3, 1 / 3
"""Share of its excess above which a neighbour is bright, too; the excess, over the limit, of pixels
whose neighbours would be seen to be; and the share of these from which it is a sample of points,
which lie between pixels: hot ones hardly ever touch."""

_FURTHER = 3
"""Pixels around these that may be hot as well: of more, it is a pattern, or the sample."""

_LONE, _MOST = 0.1, 0.01
"""Share of the pixels that stand out that have to be lone ones, and share of all pixels that are
hot at most: where more are, it is the picture, or the noise."""

_RAY, _MOST_HIT, _PASSES = 14.0, 0.001, 2
"""Standard deviations of fine detail by which a ray stands out, for counts of photons have outliers
of their own; share of the pixels of a frame that rays hit at most; and how often they are sought,
each time at the ends of tracks."""

_RING = np.pad(np.zeros((3, 3), np.bool_), 1, constant_values=True)
_EIGHT = ~_RING & (np.arange(25).reshape(5, 5) != 12)
_FAINTER = 1.5
"""Lone pixels that stand out by half as much, for each hot one, from which they are a pattern: a
camera has few between hot ones and all others, 0.5, and speckle many, 3."""

_AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]


def find_hot_pixels(frames: Frames, task: Task = NO_TASK) -> Places:
    """Return the lone pixels that are far brighter, or far darker, in each of some frames.

    Fill, marks and what is not finite are no pixels that could be hot.
    """
    none = np.zeros((0, 2), np.intp)
    height, width = frames.frame_shape
    if frames.n_frames < _FEWEST or min(height, width) < 5:
        return none
    frames = kept_frames(frames, find_left_out(frames, task))  # Nothing stands out of a blank one.
    if frames.n_frames < _FEWEST:
        return none
    frames = without_fill(frames, task)
    numbers = evenly(frames.n_frames, _FRAMES)
    step = max(1, _BAND // width)
    found, standing, fainter, seen, paired = [none], 0, 0, 0, 0
    for y0 in range(0, height, step):
        task.stop_if_cancelled()
        top, bottom = max(0, y0 - 2), min(height, y0 + step + 2)
        first = frames.read(numbers[0], top, bottom)
        places, limit = _standing_out(first, slice(y0 - top, y0 - top + step))
        if not len(places):
            continue
        rows = (frames.read(number, top, bottom) for number in numbers[1:])
        squares = np.stack([_around(values, places) for values in chain([first], rows)])
        detail = _detail(squares)
        least = np.maximum(detail.min(axis=0), -detail.max(axis=0))
        away = _away(squares.mean(axis=0))
        lone, stays = _alone(away), least > limit
        standing += int(stays.sum())
        fainter += int((lone & (least > limit / 2) & ~stays).sum())
        own, beside = away[:, 2, 2], away[:, _EIGHT].max(axis=1)
        clear = lone & stays & (own > _SEEN * limit)
        seen += int(clear.sum())
        paired += int((clear & (beside > _TOUCHES * own)).sum())
        found.append(places[lone & stays] + np.array((top, 0)))
    hot = np.concatenate(found)
    if paired > max(1, _PAIRED * seen):
        return none
    few = len(hot) <= _MOST * height * width and fainter <= _FAINTER * (len(hot) + 1)
    return hot if few and len(hot) >= max(1, _LONE * standing) else none


def without_hot_pixels(frames: Frames, hot: Places | None) -> Frames:
    """Return frames in which each hot pixel is the median of those around it that are not."""
    return frames if hot is None or not len(hot) else _Repaired(frames, hot)


def without_rays(frames: Frames) -> Frames:
    """Return frames in which lone pixels that stand out in one frame alone are as those around.

    So do pixels that a cosmic ray hit, and hot ones that come and go: a few of them have more
    variance than all noise.
    """
    return _WithoutRays(frames)


def _standing_out(values: AnyArray, rows: slice) -> tuple[Places, float]:
    """Return which pixels of some rows stand out by half the limit, and the limit, of detail."""
    detail = fine_detail(np.pad(finite(values), 1, mode="reflect"))
    limit = _FAR * SIGMA_PER_MAD * float(np.median(np.abs(some(detail))))
    stands = np.abs(detail) > limit / 2
    if limit <= 0 or stands.mean() > _MOST / _LONE:
        # Of hardly any grey levels, most neighbours are equal; or it is the picture.
        return np.zeros((0, 2), np.intp), limit
    if values.dtype.kind == "f":
        stands &= np.isfinite(values)
    places = np.argwhere(stands[rows])
    return places + np.array((rows.start, 0)), limit


def _around(values: AnyArray, places: Places) -> FloatArray:
    """Return the square of 5 x 5 pixels around each place, (n, 5, 5)."""
    offsets = np.arange(-2, 3)
    y, x = places.T[..., np.newaxis, np.newaxis]
    y, x = (
        _reflected(i, n)
        for i, n in zip((y + offsets[:, None], x + offsets), values.shape, strict=True)
    )
    return np.asarray(finite(values)[y, x])


def _reflected(index: Places, length: int) -> Places:
    """Return indices beyond either end as they are mirrored at it."""
    index = np.abs(index)
    return np.minimum(index, 2 * (length - 1) - index)


def _detail(squares: FloatArray) -> FloatArray:
    """Return what `fine_detail` is in the middle of squares, (..., 5, 5)."""
    cross = squares[..., [1, 3, 2, 2], [2, 2, 1, 3]]
    return np.asarray(squares[..., 2, 2] - cross.mean(axis=-1))


def _away(squares: FloatArray) -> FloatArray:
    """Return how far squares (n, 5, 5) are from their outer pixels, middles as positive."""
    away = squares - np.median(squares[:, _RING], axis=1)[:, np.newaxis, np.newaxis]
    return np.asarray(away * np.where(away[:, 2:3, 2:3] < 0, -1, 1))


def _alone(away: FloatArray) -> BoolArray:
    """Whether pixels differ from those around them, and these not from those further away."""
    own, beside, further = away[:, 2, 2], np.abs(away[:, _EIGHT]), np.abs(away[:, _RING])
    lone = np.abs(np.median(away[:, _EIGHT], axis=1)) < _BESIDE * own
    lone &= np.sort(beside, axis=1)[:, -2] < _PARTNER * own
    lone &= (further > _PARTNER * own[:, np.newaxis]).sum(axis=1) <= _FURTHER
    # Beside a hot pixel others stand out, by its value and not by their own.
    return np.asarray(lone & (own > _PARTNER * np.abs(_detail(away))))


class _Mended(WrappedFrames):
    """Frames of which single pixels are replaced."""

    @property
    def destriped(self) -> Lines | None:
        """Which line offsets the stack's metadata lists as removed."""
        return destriped_lines(self._frames)

    @property
    def every(self) -> int:
        """Return n where only every n-th frame of a file was taken; see `every_nth`."""
        return every_nth(self._frames)


class _WithoutRays(_Mended):
    """Frames without the pixels that stand out in one frame alone."""

    def __init__(self, frames: Frames) -> None:
        super().__init__(frames)
        # By frame and rows, for most are read more than once: what to put where.
        self._known: dict[tuple[int, int, int], list[tuple[Places, FloatArray]]] = {}

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""
        height = self.frame_shape[0]
        first, last, _ = slice(y0, y1).indices(height)
        top, bottom = max(0, first - 2), min(height, last + 2)
        values = self._frames.read(frame, top, bottom)
        known = self._known.get((frame, top, bottom))
        if known is None:
            known = self._known[frame, top, bottom] = self._sought(values, frame, top)
        values = _put(values, known)
        return values[first - top : last - top]

    def _sought(self, values: AnyArray, frame: int, top: int) -> list[tuple[Places, FloatArray]]:
        """Return the places in rows of a frame that were hit, and what is around each."""
        found: list[tuple[Places, FloatArray]] = []
        for _ in range(_PASSES):
            hit = self._hit(values, frame, top)
            if not len(hit):
                break
            medians = np.median(_around(values, hit)[:, _EIGHT], axis=1)
            found.append((hit, np.round(medians) if self.dtype.kind in "iu" else medians))
            values = _put(values, found[-1:])
        return found

    def _hit(self, values: AnyArray, frame: int, top: int) -> Places:
        """Return the places in rows of a frame, from ``top`` on, that were hit."""
        places, limit = _standing_out(values, slice(0, len(values)))
        squares = _around(values, places)
        detail = _detail(squares)
        there = _alone(_away(squares)) & (np.abs(detail) > _RAY / _FAR * limit)
        places, detail = places[there], detail[there]
        if not 0 < len(places) <= max(1, _MOST_HIT * values.size):
            return places[:0]
        others = [other for other in (frame - 1, frame + 1) if 0 <= other < self.n_frames]
        stays = np.full(len(places), bool(others))
        for other in others:
            beside = self._frames.read(other, top, top + len(values))
            stays &= np.sign(detail) * _detail(_around(beside, places)) > limit / 2
        return np.asarray(places[~stays])


def _put(values: AnyArray, what: list[tuple[Places, FloatArray]]) -> AnyArray:
    """Return an image with other pixels in some places; the same one if there are none."""
    if what:
        values = np.array(values)
    for places, pixels in what:
        values[*places.T] = pixels
    return values


class _Repaired(_Mended):
    """Frames without their hot pixels."""

    def __init__(self, frames: Frames, hot: Places) -> None:
        super().__init__(frames)
        self._hot = hot[np.argsort(hot[:, 0], kind="stable")]
        height, width = frames.frame_shape
        is_hot = np.zeros((height + 2, width + 2), np.bool_)
        is_hot[self._hot[:, 0] + 1, self._hot[:, 1] + 1] = True
        is_hot[[0, -1]] = is_hot[:, [0, -1]] = True  # beyond the frame there is nothing
        around = self._hot[:, None] + np.array(_AROUND)
        self._used = ~is_hot[around[..., 0] + 1, around[..., 1] + 1]
        self._around = np.clip(around, 0, (height - 1, width - 1))

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""
        first, last, _ = slice(y0, y1).indices(self.frame_shape[0])
        rows = self._hot[:, 0]
        here = slice(np.searchsorted(rows, first), np.searchsorted(rows, last))
        hot, used = self._hot[here], self._used[here]
        if not len(hot):
            return self._frames.read(frame, y0, y1)
        top, bottom = max(0, first - 1), min(self.frame_shape[0], last + 1)
        stored = self._frames.read(frame, top, bottom)
        around = self._around[here]
        values: NDArray[Any] = stored[around[..., 0] - top, around[..., 1]].astype(np.float64)
        values[~used] = np.nan
        known = np.isfinite(values).any(axis=1)
        part = np.array(stored[first - top : last - top])
        y, x = hot[known].T
        medians = np.nanmedian(values[known], axis=1)
        whole = self.dtype.kind in "iu"
        part[y - first, x] = np.round(medians) if whole else medians
        return part
