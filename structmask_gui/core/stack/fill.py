"""Fill: what a frame holds where there is no image, beside a field that was turned or is round.

It is one value up to a corner, the same wherever it is. It holds no noise, and steps where the
image begins; taken for image, it makes noise seem weaker and of another shape. Marks of missing
pixels, as -3.4e38, are so far from all others that their squares are no numbers.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from structmask_gui.core.arrays import AnyArray, BoolArray
from structmask_gui.core.stack.frames import (
    Frames,
    Lines,
    Region,
    WrappedFrames,
    destriped_lines,
    evenly,
    some,
)

_FIRST, _LOOKED_AT, _LARGEST = 3, 8, 2**24
"""Frames in which fill is sought, and in how many if one has some: where frames were shifted, each
has its own. Pixels of a frame beyond which it is not read whole, and not sought."""

_BEYOND = 1e15
"""Times the usual pixel from which a value is no measurement."""

_RUN, _SIDE = 16, 9
"""Pixels in a row along a border that make one look, and side of the squares that fill holds;
beyond the border it goes on."""

_ELSEWHERE, _MOST = 0.01, 0.9
"""Share of the other pixels that have the same value by chance, beyond which it is no fill but dark
or saturated image; share of the frame that fill may take."""


def without_marks(frames: Frames) -> Frames:
    """Return frames whose marks of missing pixels are NaN; the frames as they are without such."""
    limit = _limit(frames)
    return frames if limit is None else _Unfilled(frames, None, limit)


def without_fill(frames: Frames) -> Frames:
    """Return frames whose fill and marks are NaN; the frames as they are if they have none."""
    frames = without_marks(frames)
    height, width = frames.frame_shape
    if height * width > _LARGEST:
        return frames
    fill = np.zeros((height, width), dtype=np.bool_)
    for most in (_FIRST, _LOOKED_AT):
        for number in evenly(frames.n_frames, most):
            found = _fill(frames.read(number))
            if found is not None:
                fill |= found
        if not fill.any() or fill.mean() > _MOST:
            return frames
    return _Unfilled(frames, fill)


def clear_part(frames: Frames) -> Region | None:
    """Return a rectangle that holds no fill; None where there is none, or frames have no fill."""
    return frames.clear if isinstance(frames, _Unfilled) else None


class _Unfilled(WrappedFrames):
    """Frames without their fill, and without values beyond a limit."""

    def __init__(
        self, frames: Frames, fill: BoolArray | None = None, limit: float | None = None
    ) -> None:
        exact = frames.dtype.itemsize <= 2 or frames.dtype == np.float32
        super().__init__(frames, np.float32 if exact else np.float64)
        self._fill, self._limit = fill, limit

    @property
    def destriped(self) -> Lines | None:
        """Which line offsets the stack's metadata lists as removed."""
        return destriped_lines(self._frames)

    @cached_property
    def clear(self) -> Region | None:
        """A rectangle without fill, found by taking the fullest line off the border in turn."""
        if self._fill is None:
            return None
        y0, y1, x0, x1 = 0, self._fill.shape[0], 0, self._fill.shape[1]
        while y0 < y1 and x0 < x1:
            part = self._fill[y0:y1, x0:x1]
            sides = [part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()]
            most = int(np.argmax(sides))
            if sides[most] == 0:
                return None if part.any() else Region(y0, y1, x0, x1)
            y0, y1, x0, x1 = y0 + (most == 0), y1 - (most == 1), x0 + (most == 2), x1 - (most == 3)
        return None

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""
        values = self._frames.read(frame, y0, y1).astype(self.dtype)
        if self._fill is not None:
            values[self._fill[y0:y1]] = np.nan
        if self._limit is not None:
            values[np.abs(values) > self._limit] = np.nan
        return values


def _limit(frames: Frames) -> float | None:
    """Return the size beyond which pixels are marks; None if there are none."""
    height, width = frames.frame_shape
    if frames.dtype.kind != "f" or height * width > _LARGEST:
        return None
    for number in evenly(frames.n_frames, _FIRST):
        image = frames.read(number)
        size = np.abs(some(image).astype(np.float64))
        size = size[(size > 0) & np.isfinite(size)]
        typical = float(np.median(size)) if size.size else 0.0
        # Not a number only where some pixels are; all are looked at then.
        most = float(max(image.max(), -image.min()))
        if not np.isfinite(most):
            most = float(np.abs(image[np.isfinite(image)]).max(initial=0))
        if most / _BEYOND > typical > 0:
            return _BEYOND * typical
    return None


def _fill(image: AnyArray) -> BoolArray | None:
    """Return where an image is filled; None if nowhere."""
    from scipy.ndimage import label, maximum_filter, minimum_filter

    value = _value_along_border(image)
    if value is None:
        return None
    same = image == value
    around = _SIDE // 2
    padded = np.pad(same, around, constant_values=True)
    inside = slice(around, -around), slice(around, -around)
    opened = maximum_filter(minimum_filter(padded, _SIDE, mode="nearest"), _SIDE)[inside] & same
    labels, _ = label(opened)
    # Fill has a corner of the frame; what is saturated seldom has.
    corners = labels[np.ix_([0, -1], [0, -1])]
    fill: BoolArray = np.isin(labels, corners[corners > 0])
    rest = ~np.asarray(maximum_filter(fill, 3))
    if not fill.any() or not rest.any() or same[rest].mean() > _ELSEWHERE:
        return None
    return fill


def _value_along_border(image: AnyArray) -> AnyArray | None:
    """Return the value of the longest run along a border, if it is long enough."""
    best, longest = None, _RUN - 1
    for line in (image[0], image[-1], image[:, 0], image[:, -1]):
        changes = np.flatnonzero(np.diff(line)) + 1
        edges = np.concatenate([[0], changes, [len(line)]])
        lengths = np.diff(edges)
        at = int(lengths.argmax())
        if lengths[at] > longest and np.isfinite(line[edges[at]]):
            best, longest = line[edges[at]], int(lengths[at])
    return best
