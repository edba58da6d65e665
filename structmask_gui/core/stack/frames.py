"""Stacks as the engine sees them: frames of one shape, read a band of rows at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.names import size_text

Lines = Literal["rows", "columns"]

# Pixels of a side that are compared: enough to see a shift of a hundredth of a pixel.
_SIDE = 512
# Values of which a part will do for the median: it is then known to one percent.
_MANY = 2**17


@runtime_checkable
class Frames(Protocol):
    """A sequence of equally shaped 2-D frames that need not be in memory.

    `structmask_gui.io.stack.image_stack.ImageStack` reads files; `ArrayFrames` wraps an array.
    """

    @property
    def name(self) -> str:
        """What messages call it: the file's name, or "the array"."""
        ...

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        ...

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width of every frame, in pixels: (y, x)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels, as stored."""
        ...

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame as an array of shape (y1 - y0, width)."""
        ...


class ArrayFrames:
    """Frames held in an array.

    ``array``: One image of shape (y, x), or a stack of shape (frames, y, x). Bool, integer or real.
    """

    def __init__(self, array: AnyArray, name: str = "the array") -> None:
        if np.ma.isMaskedArray(array):
            raise InputError(f"{name} is a masked array; fill it, with NaN for instance.")
        try:
            array = np.asarray(array)
        except ValueError:
            raise InputError(f"{name} holds frames of unlike sizes; give one size.") from None
        if array.ndim == 2:
            array = array[np.newaxis]
        if array.ndim != 3:
            raise InputError(
                f"{name} has {array.ndim} dimensions; give one image (y, x) or a stack"
                " (frames, y, x)."
            )
        if array.dtype.kind not in "buif":
            raise InputError(f"{name} holds {array.dtype}, not real numbers; convert it first.")
        if array.size == 0:
            raise InputError(f"{name} is empty; give an image with at least 16 x 16 pixels.")
        self._array = array
        self.name = name

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self._array.shape[0])

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return int(self._array.shape[1]), int(self._array.shape[2])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self._array.dtype

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame; a view, not a copy."""
        return self._array[frame, y0:y1]


class WrappedFrames(ABC):
    """Base of frames made from the frames of a stack; implements `Frames`.

    Name, number, shape and type are the stack's; a subclass overrides what it changes.
    """

    def __init__(self, frames: Frames, dtype: DTypeLike | None = None) -> None:
        self._frames = frames
        self._dtype = frames.dtype if dtype is None else np.dtype(dtype)

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self._frames.name

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self._frames.n_frames

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._frames.frame_shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self._dtype

    @property
    def runs(self) -> Sequence[range]:
        """Runs of consecutive frames; see `runs_of`."""
        return runs_of(self._frames)

    @property
    def lossy(self) -> bool:
        """Whether the frames were compressed with loss; see `are_lossy`."""
        return are_lossy(self._frames)

    @abstractmethod
    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""


class FrameRange(NamedTuple):
    """Frames ``start`` to ``stop``, the last one left out, every ``step``-th of them."""

    start: int
    stop: int
    step: int = 1

    def indices(self) -> range:
        """Return the frames' numbers."""
        return range(self.start, self.stop, self.step)


class ChosenFrames:
    """Frames of one or several stacks in one row, or some of them; implements `Frames`."""

    def __init__(
        self, stacks: Sequence[Frames], chosen: FrameRange | Sequence[int] | None = None
    ) -> None:
        first = stacks[0]
        for stack in stacks[1:]:
            if stack.frame_shape != first.frame_shape:
                size, of_first = size_text(stack.frame_shape), size_text(first.frame_shape)
                raise InputError(
                    f"{stack.name} is {size} pixels, but {first.name} is {of_first};"
                    " open files of one size together, or measure each in a batch."
                )
        places = [(stack, i) for stack in stacks for i in range(stack.n_frames)]
        if chosen is not None:
            numbers = chosen.indices() if isinstance(chosen, FrameRange) else chosen
            places = [places[i] for i in numbers if 0 <= i < len(places)]
        if not places:
            raise InputError(f"{first.name}: no frame is chosen; widen the range of frames.")
        self._places = places
        # The stack that these frames are, if they are all of a single one.
        self.whole = first if len(stacks) == 1 and chosen is None else None
        self.runs = _runs(places)
        self._shape = first.frame_shape
        self._dtype = np.result_type(*(stack.dtype for stack in stacks))
        self.name = first.name if len(stacks) == 1 else f"{first.name} and {len(stacks) - 1} more"
        known = {getattr(stack, "destriped", None) for stack in stacks}
        # For `destriped_lines`; None where the stacks differ.
        self.destriped: str | None = known.pop() if len(known) == 1 else None
        self.lossy = any(are_lossy(stack) for stack in stacks)
        step = chosen.step if isinstance(chosen, FrameRange) else 1
        self.every = step * max(every_nth(stack) for stack in stacks)

    @property
    def n_frames(self) -> int:
        """Number of chosen frames."""
        return len(self._places)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type that holds the pixels of all stacks."""
        return self._dtype

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a chosen frame."""
        stack, i = self._places[frame]
        return stack.read(i, y0, y1)


class CutFrames(WrappedFrames):
    """The part of a stack within an ROI; implements `Frames`."""

    def __init__(self, frames: Frames, region: Region) -> None:
        super().__init__(frames)
        self._region = region

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._region.shape

    @property
    def destriped(self) -> Lines | None:
        """Which line offsets the stack's metadata lists as removed."""
        return destriped_lines(self._frames)

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of the ROI."""
        top, bottom, left, right = self._region
        first, last, _ = slice(y0, y1).indices(bottom - top)
        return self._frames.read(frame, top + first, top + max(first, last))[:, left:right]


class Region(NamedTuple):
    """A rectangle of a frame: rows y0 to y1 and columns x0 to x1, the ends not included."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.y1 - self.y0, self.x1 - self.x0


def runs_of(frames: Frames) -> Sequence[range]:
    """Return the frames that follow one another: all of them, but for several files in one row.

    The last frame of a file and the first of the next are no neighbours. Nor are two planes of a
    z-stack that was recorded at several times: each plane has a run of its own, over the times, of
    frames that are `apart`.
    """
    runs: Sequence[range] | None = getattr(frames, "runs", None)
    return [range(frames.n_frames)] if runs is None else runs


def neighbours(frames: Frames) -> list[tuple[int, int]]:
    """Return each frame that another one follows, and that one; see `runs_of`."""
    return [pair for run in runs_of(frames) for pair in pairwise(run)]


def disjoint(frames: Frames) -> list[tuple[int, int]]:
    """Return pairs of `neighbours` that have no frame in common, as many as there are."""
    runs = runs_of(frames)
    return [pair for run in runs for pair in zip(run[:-1:2], run[1::2], strict=True)]


def apart(frames: Frames) -> int:
    """Return how far apart neighbours are in the order of frames: 1, but for planes over times."""
    return max((run.step for run in runs_of(frames) if len(run) > 1), default=1)


def every_nth(frames: Frames) -> int:
    """Return n where only every n-th frame of a file was taken; 1 for all."""
    every: int = getattr(frames, "every", 1)
    return every


def runs_by_plane(planes: Sequence[int] | NDArray[np.integer]) -> list[range]:
    """Return the runs of frames of one plane each, by the number of each frame's plane.

    Where most planes have one frame alone, as at a single time, all frames are one run: planes are
    then compared with each other.
    """
    if not len(planes):
        return []
    numbers = np.asarray(planes)
    order = np.argsort(numbers, kind="stable")
    edges = np.flatnonzero(np.diff(numbers[order])) + 1
    groups = [group.tolist() for group in np.split(order, edges)]
    if 2 * sum(len(group) == 1 for group in groups) > len(groups):
        return [range(len(numbers))]
    return sorted((run for group in groups for run in _even(group)), key=lambda run: run.start)


def _even(numbers: list[int]) -> list[range]:
    """Cut rising numbers into ranges: one, unless their distance changes."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    whole = range(numbers[0], numbers[-1] + 1, step)
    if list(whole) == numbers:
        return [whole]
    runs: list[range] = []
    for number in numbers:
        last = runs[-1] if runs else range(0)
        if len(last) == 1 or (len(last) and number == last[-1] + last.step):
            runs[-1] = range(last.start, number + 1, number - last[-1])
        else:
            runs.append(range(number, number + 1))
    return runs


def _runs(places: Sequence[tuple[Frames, int]]) -> list[range]:
    """Return the runs of frames that are of one stack; single ones in a row are a run together.

    A series is often written as a file for each frame. ``places``: Stack and number of each.
    """
    runs: list[range] = []
    alone = False
    for _, same in groupby(range(len(places)), key=lambda number: id(places[number][0])):
        first, *others = same
        if alone and not others:
            runs[-1] = range(runs[-1].start, first + 1)
        else:
            inside = _runs_within([places[number] for number in (first, *others)])
            runs += [range(first + run.start, first + run.stop, run.step) for run in inside]
        alone = not others
    return runs


def _runs_within(places: Sequence[tuple[Frames, int]]) -> list[range]:
    """Return the runs of some frames of one stack; see `runs_of`."""
    stack, _ = places[0]
    if len(runs_of(stack)) == 1:
        return [range(len(places))]
    plane = {number: index for index, run in enumerate(runs_of(stack)) for number in run}
    return runs_by_plane([plane[number] for _, number in places])


def evenly(n: int, most: int) -> list[int]:
    """Return all of n indices, or ``most`` of them evenly spread, the first and last included."""
    return [int(i) for i in np.linspace(0, n - 1, min(n, most)).round()]


def cuts(length: int, parts: int) -> list[tuple[int, int]]:
    """Divide a side into parts of nearly equal length: where each begins and ends."""
    edges = np.linspace(0, length, parts + 1).round().astype(int).tolist()
    return list(pairwise(edges))


def destriped_lines(frames: Frames) -> Lines | None:
    """Return which line offsets a stack's metadata lists as removed; None if it lists none."""
    lines: Lines | None = getattr(frames, "destriped", None)
    return lines


def are_lossy(frames: Frames) -> bool:
    """Whether a stack's file says that its pixels were compressed with loss."""
    return bool(getattr(frames, "lossy", False))


def middle(frames: Frames, frame: int) -> NDArray[np.float64]:
    """Return the middle of a frame, at most 512 pixels wide and high; see `finite`."""
    return finite(middle_as_is(frames, frame))


def middle_as_is(frames: Frames, frame: int) -> AnyArray:
    """Return the middle of a frame, at most 512 pixels wide and high."""
    height, width = frames.frame_shape
    y0, x0 = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    return frames.read(frame, y0, min(height, y0 + _SIDE))[:, x0 : x0 + _SIDE]


def finite(values: AnyArray) -> NDArray[np.float64]:
    """Return an image as float64, pixels that are not finite replaced by the median of others."""
    image = np.array(values, dtype=np.float64)
    if values.dtype.kind != "f":
        return image
    bad = ~np.isfinite(image)
    if bad.any():
        image[bad] = 0.0 if bad.all() else np.median(image[~bad])
    return image


def some(values: AnyArray) -> AnyArray:
    """Return a seventh of many values, which is enough for their median and far quicker."""
    flat = values.ravel()
    return flat[::7] if flat.size > _MANY else flat


def fine_detail(frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each pixel but those at the border less the mean of its four neighbours."""
    around = frame[:-2, 1:-1] + frame[2:, 1:-1]
    around += frame[1:-1, :-2]
    around += frame[1:-1, 2:]
    around *= -0.25
    around += frame[1:-1, 1:-1]
    return around


def detail_limit(detail: NDArray[np.float64]) -> float:
    """Return four robust standard deviations of fine detail; edges and hot pixels exceed it.

    0 where there is none: frames that moved far may share a strip without an inner pixel.
    """
    if not detail.size:
        return 0.0
    return 4 * SIGMA_PER_MAD * float(np.median(np.abs(some(detail))))


@dataclass(frozen=True, eq=False)
class Recording:
    """What is measured: a stack, or an ROI of it, and its reference stacks."""

    frames: Frames
    region: Region | None = None
    dark: Frames | None = None
    """A dark or blank stack."""
    subtract: Frames | None = None
    """A stack to subtract, of as many frames or of one."""

    @classmethod
    def of(cls, data: Recording | Frames | AnyArray) -> Recording:
        """Return a recording as it is, and a stack or an array as one without references."""
        if isinstance(data, Recording):
            return data
        return cls(data if isinstance(data, Frames) else ArrayFrames(data))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what is measured of each frame."""
        return self.frames.frame_shape if self.region is None else self.region.shape
