"""Fill: what a frame holds where there is no image, beside a field that was turned or is round.

It is one value up to a corner, the same wherever it is; or the least value or none (NaN) anywhere,
as where a background was masked or a tile is missing. Writing is fill, too: the bar of a microscope
with its text, a time in a box or on the image, a scale bar. Fill holds no noise, and steps where
the image begins; taken for image, it makes noise seem weaker and of another shape. Marks of missing
pixels, as -3.4e38, are so far from all others that their squares are no numbers.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from structmask_gui.core.arrays import AnyArray, BoolArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.fill_areas import MOST, areas_of
from structmask_gui.core.stack.frames import (
    Frames,
    Lines,
    Region,
    WrappedFrames,
    destriped_lines,
    evenly,
    some,
)

_FIRST, _LOOKED_AT = 3, 8
"""Frames in which fill is sought, and in how many if one has some: where frames were shifted, each
has its own."""

_ENOUGH, _AT_ONCE = 2**20, 2**22
"""Pixels of a frame in which fill is sought, every n-th of larger ones; and that are read at
once."""

_LARGEST = 2**27
"""Pixels of a frame beyond which no fill is sought; where it is would take too much memory."""

_BEYOND = 1e15
"""Times the usual pixel from which a value is no measurement."""


def without_fill(frames: Frames, task: Task = NO_TASK, *, own: bool = False) -> Frames:
    """Return frames whose fill and marks are NaN; the frames as they are if they have none.

    Fill of any of the frames is NaN in all of them, for its edge may be mixed with the image; with
    ``own``, each has its own alone. What was found is kept as long as the frames are.
    """
    if isinstance(frames, _Unfilled):
        return frames
    found = _found.get(frames)
    if found is None:
        found = _found[frames] = _search(frames, task)
    if found.fill is None and found.limit is None:
        return frames
    return _Unfilled(frames, found.fill, found.own if own else None, found.limit)


class _Own(NamedTuple):
    """What of fill is no image in a frame: pixels of these values, and writing in all frames."""

    values: tuple[float, ...]
    writing: BoolArray  # of whatever value


class _Found(NamedTuple):
    """What is no image in frames."""

    fill: BoolArray | None = None
    own: _Own | None = None
    limit: float | None = None


_found: WeakKeyDictionary[Frames, _Found] = WeakKeyDictionary()


def _search(frames: Frames, task: Task) -> _Found:
    limit = _limit(frames)
    none, (height, width) = _Found(limit=limit), frames.frame_shape
    if height * width > _LARGEST:
        return none
    clean = frames if limit is None else _Unfilled(frames, limit=limit)
    step = max(1, int(np.ceil(np.sqrt(height * width / _ENOUGH))))
    shape, values = (-(-height // step), -(-width // step)), set[float]()
    where, writing = np.zeros(shape, dtype=np.bool_), np.ones(shape, dtype=np.bool_)
    for most in (_FIRST, _LOOKED_AT):
        for number in evenly(frames.n_frames, most):
            image = _thinned(clean, number, step, task)
            written = np.zeros(shape, dtype=np.bool_)
            for found, value in areas_of(image):
                where |= found
                if value is None:
                    written |= found
                else:
                    values.add(value)
            if (image != image[0, 0]).any():
                writing &= written
        if not where.any() or where.mean() > MOST:
            return none
    fill, letters = (_whole(one, step)[:height, :width] for one in (where, writing))
    return _Found(fill, _Own(tuple(values), letters), limit)


def _thinned(frames: Frames, frame: int, step: int, task: Task) -> AnyArray:
    """Return every n-th pixel of a frame in both directions."""
    height, width = frames.frame_shape
    rows = max(1, _AT_ONCE // width // step) * step
    parts = []
    for y in range(0, height, rows):
        task.stop_if_cancelled()
        parts.append(frames.read(frame, y, min(height, y + rows))[::step, ::step])
    return np.concatenate(parts)


def _whole(thinned: BoolArray, step: int) -> BoolArray:
    """Return where a whole frame has fill that was found in every n-th pixel, or a little more."""
    from scipy.ndimage import maximum_filter

    if step == 1:
        return thinned
    wider = maximum_filter(thinned, 3)
    return np.repeat(np.repeat(wider, step, axis=0), step, axis=1)


def clear_part(frames: Frames) -> Region | None:
    """Return a rectangle that holds no fill; None where there is none, or frames have no fill."""
    return frames.clear if isinstance(frames, _Unfilled) else None


def filled_part(frames: Frames) -> BoolArray | None:
    """Return where frames have fill, shape (y, x); None if they have none or it was left in."""
    return frames.fill if isinstance(frames, _Unfilled) else None


def without_fill_of(other: Frames, frames: Frames) -> Frames:
    """Return frames that are NaN where others have fill, as from `without_fill`."""
    fill = filled_part(other)
    return frames if fill is None else _Unfilled(frames, fill)


def put_back(frames: Frames, frame: int, part: AnyArray, y0: int, x0: int = 0) -> None:
    """Put the fill of a frame back into what was made of the part that begins at (y0, x0)."""
    if isinstance(frames, _Unfilled) and frames.fill is not None:
        frames.put_back(frame, part, y0, x0)


class _Unfilled(WrappedFrames):
    """Frames without their fill, and without values beyond a limit."""

    def __init__(
        self,
        frames: Frames,
        fill: BoolArray | None = None,
        own: _Own | None = None,
        limit: float | None = None,
    ) -> None:
        exact = frames.dtype.itemsize <= 2 or frames.dtype == np.float32
        super().__init__(frames, np.float32 if exact else np.float64)
        self.fill, self._own, self._limit = fill, own, limit

    @property
    def destriped(self) -> Lines | None:
        """Which line offsets the stack's metadata lists as removed."""
        return destriped_lines(self._frames)

    @cached_property
    def clear(self) -> Region | None:
        """A rectangle without fill, found by taking the fullest line off the border in turn."""
        if self.fill is None:
            return None
        y0, y1, x0, x1 = 0, self.fill.shape[0], 0, self.fill.shape[1]
        while y0 < y1 and x0 < x1:
            part = self.fill[y0:y1, x0:x1]
            sides = [part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()]
            most = int(np.argmax(sides))
            if sides[most] == 0:
                return None if part.any() else Region(y0, y1, x0, x1)
            y0, y1, x0, x1 = y0 + (most == 0), y1 - (most == 1), x0 + (most == 2), x1 - (most == 3)
        return None

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""
        raw = self._frames.read(frame, y0, y1)
        values = raw.astype(self.dtype)
        if self.fill is not None:
            values[self._filled(raw, y0)] = np.nan
        # Not a number only where some pixels are; all are looked at then.
        if self._limit is not None and not _largest(values) <= self._limit:
            values[np.abs(values) > self._limit] = np.nan
        return values

    def put_back(self, frame: int, part: AnyArray, y0: int, x0: int) -> None:
        """Put fill back into the part of a frame that begins at (y0, x0)."""
        across = slice(x0, x0 + part.shape[1])
        raw = self._frames.read(frame, y0, y0 + len(part))
        there = self._filled(raw, y0)[:, across]
        part[there] = raw[:, across][there]

    def _filled(self, raw: AnyArray, y0: int) -> BoolArray:
        """Return where rows of a frame have fill."""
        assert self.fill is not None
        there = self.fill[y0 : y0 + len(raw)]
        if self._own is None:
            return there
        same = self._own.writing[y0 : y0 + len(raw)].copy()
        for value in self._own.values:
            same |= raw == value
        if raw.dtype.kind == "f":
            same |= np.isnan(raw)
        if self._limit is not None:
            same |= np.abs(raw) > self._limit
        return np.asarray(there & same)


def _limit(frames: Frames) -> float | None:
    """Return the size beyond which pixels are marks; None if there can be none."""
    height, width = frames.frame_shape
    if frames.dtype.kind != "f" or height * width > 4 * _AT_ONCE:
        return None
    for number in evenly(frames.n_frames, _FIRST):
        size = np.abs(some(frames.read(number)).astype(np.float64))
        size = size[(size > 0) & np.isfinite(size)]
        if size.size:
            limit = _BEYOND * float(np.median(size))
            # Any frame may have some, also one that is not looked at.
            return limit if limit < float(np.finfo(frames.dtype).max) else None
    return None


def _largest(values: AnyArray) -> float:
    return max(float(values.max()), -float(values.min()))
