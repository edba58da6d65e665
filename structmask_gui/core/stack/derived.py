"""Sources of noise: frames made from frames.

Every source is again a `Frames`, so that patches are planned, read and measured the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import (
    Frames,
    Region,
    WrappedFrames,
    evenly,
    finite,
    runs_of,
    some,
)
from structmask_gui.core.stack.patches import Plan
from structmask_gui.core.stack.registration import PairRelation, relate_frames

# Width of the taper to the mean at the borders of a shifted image; at most the smallest side.
_PAD = 16
# Pixels of a frame that are processed together.
_BAND_PIXELS = 2**19
# Size up to which a frame that was read for its means is kept for its patches, and up to which
# frames that take long to make are kept together.
_KEPT_BYTES = 2**25
# Side of the square over which brightness is averaged; differences that the noise is fitted to, in
# so many bins; median of a squared deviate; least variance, as a share of the typical one.
_SMOOTHED, _FITTED, _BINS, _LEAST = 5, 8, 32, 0.05


@dataclass(frozen=True)
class FrameGroup:
    """One frame of noise: which frames it is made of, and how."""

    members: tuple[int, ...]  # The frames
    weights: tuple[float, ...]
    """Their weights; squares sum to 1, so that the noise keeps its variance."""
    shifts: tuple[tuple[float, float], ...]
    """Shift of each before they are added, in pixels (y, x), so that the scene lies still."""

    @property
    def moved(self) -> bool:
        """Whether any member is moved."""
        return any(y != 0 or x != 0 for y, x in self.shifts)


class _Kept:
    """Frames that take long to make, kept for their next reading.

    As many as `_KEPT_BYTES` hold, and one at least.
    """

    def __init__(self, frames: Frames) -> None:
        height, width = frames.frame_shape
        self._most = max(1, _KEPT_BYTES // (height * width * frames.dtype.itemsize))
        self._frames: dict[int, NDArray[np.float32]] = {}

    def get(self, frame: int, make: Callable[[int], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return a frame, made unless it is kept."""
        if frame not in self._frames:
            if len(self._frames) == self._most:
                # The one made last goes: frames are read in order, and then from the first again.
                self._frames.popitem()
            self._frames[frame] = make(frame)
        return self._frames[frame]


class DifferenceFrames(WrappedFrames):
    """Differences of neighbouring frames, each frame used once, scaled to keep the variance.

    Disjoint pairs share no noise, so errors are right; an odd frame at the end of a run joins its
    last pair and gives a second, independent contrast. A pair whose brightness changes is scaled,
    and one that moves is shifted back by a Fourier shift, which leaves the noise's correlation as
    it is.

    ``relations``: Gain and shift of each frame to the next; worked out when not given.
    """

    def __init__(
        self,
        frames: Frames,
        relations: list[PairRelation] | None = None,
        task: Task = NO_TASK,
    ) -> None:
        if frames.n_frames < 2:
            raise InputError(
                f"{frames.name} has one frame; a difference needs two or more of a still scene."
            )
        super().__init__(frames, np.float32)
        self._task = task
        if relations is None:
            relations = relate_frames(frames, task)
        known = {relation.first: relation for relation in relations}
        self.groups = [group for run in runs_of(frames) for group in _groups(run, known)]
        self._kept = _Kept(self)

    @property
    def n_frames(self) -> int:
        """Number of differences."""
        return len(self.groups)

    @property
    def runs(self) -> Sequence[range]:
        """All differences: what the frames' runs are is settled by them."""
        return [range(len(self.groups))]

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a difference."""
        group = self.groups[frame]
        stop = self.frame_shape[0] if y1 is None else y1
        if not group.moved:
            return _combine(group, [self._frames.read(m, y0, stop) for m in group.members])
        return self._kept.get(frame, self._moved)[y0:stop]

    def _moved(self, frame: int) -> NDArray[np.float32]:
        group = self.groups[frame]
        moved = []
        for member, shift in zip(group.members, group.shifts, strict=True):
            values = self._frames.read(member)
            moved.append(fourier_shift(values, *shift, task=self._task))
        return _combine(group, moved)


class SubtractedFrames(WrappedFrames):
    """Frames less a reference stack.

    ``reference``: One frame, subtracted from every frame, or as many frames as the stack.
    """

    def __init__(self, frames: Frames, reference: Frames) -> None:
        if reference.frame_shape != frames.frame_shape:
            raise InputError(
                f"{reference.name} has frames of {size_text(reference.frame_shape)} pixels and"
                f" {frames.name} of {size_text(frames.frame_shape)};"
                " give a stack of the same size to subtract."
            )
        if reference.n_frames not in (1, frames.n_frames):
            raise InputError(
                f"{reference.name} has {reference.n_frames} frames and {frames.name}"
                f" {frames.n_frames}; give one frame to subtract, or as many."
            )
        super().__init__(frames, np.float32)
        self._reference = reference

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame less its reference."""
        other = frame if self._reference.n_frames > 1 else 0
        first = self._frames.read(frame, y0, y1).astype(np.float64)
        return np.asarray(first - self._reference.read(other, y0, y1), dtype=np.float32)


class LevelFrames(WrappedFrames):
    """Frames less their row means, column means, or both: without row and column offsets.

    The means are worked out when a frame is first read, a band of rows at a time; unless it is
    large, the frame is kept meanwhile, so that patches are not read twice.
    """

    def __init__(
        self,
        frames: Frames,
        rows: bool,
        columns: bool,
        region: Region | None = None,
        task: Task = NO_TASK,
    ) -> None:
        super().__init__(frames, np.float32)
        self._rows, self._columns = rows, columns
        height, width = frames.frame_shape
        self._box, self._task = region or Region(0, height, 0, width), task
        self._means: dict[int, tuple[AnyArray, AnyArray]] = {}
        self._keeps = height * width * frames.dtype.itemsize <= _KEPT_BYTES
        self._kept: tuple[int, AnyArray] | None = None

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame less its row and column means."""
        if frame not in self._means:
            self._means[frame] = self._means_of(frame)
        of_rows, of_columns = self._means[frame]
        if self._kept is not None and self._kept[0] == frame:
            stored = self._kept[1][y0:y1]
        else:
            self._kept, stored = None, self._frames.read(frame, y0, y1)
        values = stored.astype(np.float64)
        if self._rows:
            values -= of_rows[y0:y1, np.newaxis]
        if self._columns:
            values -= of_columns
        return values.astype(np.float32)

    def _means_of(self, frame: int) -> tuple[AnyArray, AnyArray]:
        """Return the means of the rows, and those of the columns less their own mean."""
        box, (height, width) = self._box, self.frame_shape
        of_rows, of_columns = np.zeros(height), np.zeros(width)
        step = max(1, _BAND_PIXELS // width)
        bands = []
        for y0 in range(0, height, step):
            self._task.stop_if_cancelled()
            stored = self._frames.read(frame, y0, min(y0 + step, height))
            if self._keeps:
                bands.append(stored)
            values = finite(stored)
            of_rows[y0 : y0 + step] = values[:, box.x0 : box.x1].mean(axis=1)
            inside = values[max(box.y0 - y0, 0) : max(box.y1 - y0, 0)]
            of_columns += inside.sum(axis=0)
        if bands:
            self._kept = frame, np.concatenate(bands)
        of_columns /= box.y1 - box.y0
        return of_rows, of_columns - of_columns[box.x0 : box.x1].mean()


class EvenFrames(WrappedFrames):
    """Differences divided by the noise's standard deviation at their brightness.

    The variance is a linear function of the brightness (photons and read-out), fitted to them.
    """

    def __init__(self, differences: DifferenceFrames, stored: Frames, task: Task = NO_TASK) -> None:
        super().__init__(differences, np.float32)
        self._differences, self._stored, self._task = differences, stored, task
        self._kept = _Kept(self)
        self._known: tuple[range, AnyArray] | None = None
        self._line = self._fitted()

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a difference over its noise's standard deviation."""
        return self._kept.get(frame, self._even)[y0:y1]

    def precision(self, places: AnyArray, side: int) -> FloatArray:
        """Return the mean of the inverse predicted variance in squares, shape (n,).

        ``places``: shape (n, 3); difference, y and x of each.
        """
        found = np.zeros(len(places))
        for frame in np.unique(places[:, 0]).tolist():
            self._task.stop_if_cancelled()
            of_frame = places[:, 0] == frame
            sums = np.pad(1 / self._variance(frame), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
            (y, x), end = places[of_frame, 1:].T, side
            inside = sums[y + end, x + end] - sums[y, x + end] - sums[y + end, x] + sums[y, x]
            found[of_frame] = inside / side**2
        return found

    def _even(self, frame: int) -> NDArray[np.float32]:
        self._task.stop_if_cancelled()
        values = self._differences.read(frame) / np.sqrt(self._variance(frame))
        return np.asarray(values, dtype=np.float32)

    def _variance(self, frame: int) -> AnyArray:
        offset, slope, least = self._line
        return np.asarray(np.maximum(offset + slope * self._brightness(frame), least))

    def _brightness(self, frame: int) -> AnyArray:
        """Return the brightness where a difference lies.

        It is the mean of several frames: that of two frames of few photons is mostly noise.
        """
        from scipy.ndimage import uniform_filter

        first = self._differences.groups[frame].members[0]
        run = next(run for run in runs_of(self._stored) if first in run)
        if self._known is None or self._known[0] != run:
            members = [run[index] for index in evenly(len(run), _FITTED)]
            mean = sum(finite(self._stored.read(number)) for number in members) / len(members)
            self._known = run, np.asarray(uniform_filter(mean, _SMOOTHED))
        return self._known[1]

    def _fitted(self) -> tuple[float, float, float]:
        """Return offset and slope of the variance over the brightness, and the least variance."""
        brightness, squares = [], []
        for frame in evenly(self._differences.n_frames, _FITTED):
            self._task.stop_if_cancelled()
            brightness.append(some(self._brightness(frame)))
            squares.append(some(finite(self._differences.read(frame)) ** 2))
        x, y = np.concatenate(brightness), np.concatenate(squares)
        bins = np.array_split(np.argsort(x, kind="stable"), _BINS)
        means = np.array([x[index].mean() for index in bins])
        variances = np.array([y[index].mean() for index in bins])
        # The brightest, of few places, in which something may have moved, must not tilt the line.
        weights = 1 / np.maximum(variances, _LEAST * variances.mean())
        slope, offset = np.polyfit(means, variances, 1, w=weights)
        level = float(np.median(variances))
        if slope <= 0 or level <= 0:
            # Where most pixels do not change, the others say how strong the noise is.
            level = level if level > 0 else float(y.mean()) or 1.0
            return level, 0.0, level
        return float(offset), float(slope), _LEAST * level


def members_of(frames: Frames, number: int) -> tuple[int, ...]:
    """Return which frames of its stack a frame of noise is made of."""
    if isinstance(frames, DifferenceFrames):
        return frames.groups[number].members
    return (number,)


def stored_places(plan: Plan, frames: Frames) -> AnyArray:
    """Return the places on the frames as stored: a difference lies on its earlier frame."""
    if not isinstance(frames, DifferenceFrames):
        return plan.places
    earlier = np.array([group.members[0] for group in frames.groups])
    places = plan.places.copy()
    places[:, 0] = earlier[places[:, 0]]
    return places


def fourier_shift(
    values: AnyArray, dy: float, dx: float, task: Task = NO_TASK
) -> NDArray[np.float32]:
    """Move an image by a fraction of a pixel.

    All frequencies keep their power, so the correlation of noise in the image does not change.
    Borders are tapered to the mean to avoid ringing.
    """
    from scipy import fft

    pad = _PAD
    # A pixel that is not finite would spread over the image; its patches are left out anyway.
    known = finite(values)
    mean = float(known.mean())
    image = np.pad(known - mean, pad, mode="symmetric")
    ramp = np.sin(np.linspace(0, np.pi / 2, pad)) ** 2
    for axis in (0, 1):
        taper = np.ones(image.shape[axis])
        taper[:pad], taper[-pad:] = ramp, ramp[::-1]
        image *= taper[:, None] if axis == 0 else taper
    task.stop_if_cancelled()
    spectrum = fft.rfft2(image, overwrite_x=True)
    task.stop_if_cancelled()
    spectrum *= np.exp(-2j * np.pi * dy * fft.fftfreq(image.shape[0]))[:, None]
    spectrum *= np.exp(-2j * np.pi * dx * fft.rfftfreq(image.shape[1]))
    task.stop_if_cancelled()
    moved = fft.irfft2(spectrum, s=image.shape, overwrite_x=True)
    return np.asarray(moved[pad:-pad, pad:-pad] + mean, dtype=np.float32)


def _combine(group: FrameGroup, parts: list[AnyArray]) -> NDArray[np.float32]:
    total = np.zeros(parts[0].shape)
    for weight, part in zip(group.weights, parts, strict=True):
        total += weight * part.astype(np.float64)
    return total.astype(np.float32)


def _groups(run: range, relations: dict[int, PairRelation]) -> list[FrameGroup]:
    groups = []
    still = (0.0, 0.0)
    for first, second in zip(run[:-1:2], run[1::2], strict=True):
        relation = relations.get(first)
        gain = relation.gain if relation else 1.0
        norm = float(np.hypot(1.0, gain))
        dy, dx = relation.shift if relation and relation.moved else still
        # Each is shifted by half, so that both are filtered alike.
        shifts = ((dy / 2, dx / 2), (-dy / 2, -dx / 2))
        groups.append(FrameGroup((first, second), (gain / norm, -1.0 / norm), shifts))
    if len(run) % 2 and len(run) >= 3:
        *_, before_that, before_last, last = run
        before = (relations.get(before_that), relations.get(before_last))
        if not any(r is not None and (r.moved or abs(r.gain - 1) > 0.02) for r in before):
            half = 1 / np.sqrt(6)
            weights = (float(half), float(half), float(-2 * half))
            groups.append(FrameGroup((before_that, before_last, last), weights, (still,) * 3))
    return groups
