"""From frames to patches: where they lie, how they are read, and which of them are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.names import size_text
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, Region

# Rows read at once: enough for speed, small beside the memory of any machine.
_BYTES_AT_ONCE = 32 * 2**20

# Patches of so many pixels are copied one by one, smaller ones gathered at once. Measured on frames
# of 2048 x 2048: 64 x 64 in 2.4 ms against 6.4, 16 x 16 in 10.2 against 6.6.
_WORTH_A_COPY = 32 * 32

# A small stack is kept in memory, for it is read more than once.
_KEPT_BYTES = 64 * 2**20

# Each takes some 30 bytes of memory, and a damaged file may declare billions.
_MOST_PATCHES = 20_000_000

MOST_PIXELS = 2**28
"""Pixels of all patches together; half a gigabyte of 16-bit pixels. Figures of each patch and tile
are kept; what more would add to the errors is far below any correlation that matters."""


class Chunk(NamedTuple):
    """Some patches of one frame."""

    indices: slice  # Which of the planned patches they are
    patches: AnyArray  # shape (n, height, width); of the frame's type; a copy


@dataclass(frozen=True, eq=False)
class Plan:
    """Where the patches of a measurement lie."""

    patch_shape: tuple[int, int]  # Height and width
    places: AnyArray
    """Shape (n, 3); frame, y and x of the upper left pixel of each patch, sorted by frame, then y,
    then x."""

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, eq=False)
class Sampling:
    """The patches of a measurement and what became of each."""

    patch_shape: tuple[int, int]  # Height and width
    places: AnyArray
    """Shape (n, 3); frame, y and x of the upper left pixel of each patch that was planned."""
    used: BoolArray  # shape (n,); whether it was measured
    reasons: tuple[str, ...]  # Why it was left out; empty where it was used

    @classmethod
    def of_loose_patches(cls, shapes: list[tuple[int, ...]]) -> Self:
        """Describe patches that were given one by one, each as a frame of its own."""
        height, width = (min(sides) for sides in zip(*shapes, strict=True))
        places = np.zeros((len(shapes), 3), dtype=np.intp)
        places[:, 0] = np.arange(len(shapes))
        return cls((height, width), places, np.ones(len(shapes), dtype=bool), ("",) * len(shapes))

    @cached_property
    def n_used(self) -> int:
        """Number of patches measured."""
        return int(self.used.sum())

    @cached_property
    def n_frames(self) -> int:
        """Number of frames that gave at least one patch."""
        return len(np.unique(self.places[self.used, 0]))

    @cached_property
    def left_out(self) -> dict[str, int]:
        """Number of patches left out for each reason."""
        return dict(Counter(reason for reason in self.reasons if reason))


def plan_patches(frames: Frames, parameters: Parameters, region: Region | None = None) -> Plan:
    """Decide where the patches lie.

    ``parameters``: ``layout``, ``patch_size``, ``patches``, ``seed``; and ``center_size`` must fit.
    ``region``: The rectangle to stay within; all of the frame if not given.
    """
    box = checked_region(frames, region)
    height, width = box.shape
    if parameters.layout == "whole":
        shape = box.shape
    else:
        side = min(parameters.patch_size, height, width)
        shape = (side, side)
    margin = parameters.center_size // 2
    if parameters.crop_autocorr and margin >= min(shape):
        raise ParameterError(
            f"center_size = {parameters.center_size} is too large for patches of"
            f" {size_text(shape)} pixels; give at most {2 * min(shape) - 1}."
        )
    return lay_out(
        frames,
        box,
        shape,
        count=parameters.patches,
        seed=parameters.seed,
        random=parameters.layout == "random",
    )


def lay_out(
    frames: Frames, box: Region, shape: tuple[int, int], *, count: int, seed: int, random: bool
) -> Plan:
    """Lay out patches in a rectangle, on a grid or at random; as many as fit if count is 0."""
    room = frames.n_frames * (box.shape[0] // shape[0]) * (box.shape[1] // shape[1])
    if (count or room) > _MOST_PATCHES:
        raise InputError(
            f"{frames.name} has room for {room} patches of {size_text(shape)} pixels, more"
            f" than the {_MOST_PATCHES} that one measurement takes; set the number of patches, or"
            " choose an ROI."
        )
    places = _random_places if random else _grid_places
    return Plan(shape, places(frames.n_frames, box, shape, count, seed))


def patch_limit(side: int) -> int:
    """Return how many square patches are taken at most."""
    return MOST_PIXELS // side**2


def checked_region(frames: Frames, region: Region | None) -> Region:
    """Return the rectangle to measure, all of the frames if none is given.

    Raises InputError or ParameterError if it is too small or reaches beyond them.
    """
    height, width = frames.frame_shape
    smallest = int(parameter_infos()["patch_size"].lowest or 1)
    if min(height, width) < smallest:
        raise InputError(
            f"{frames.name} is {size_text((height, width))} pixels, too small to measure; give an"
            f" image of at least {smallest} x {smallest}."
        )
    if region is None:
        return Region(0, height, 0, width)
    y0, y1, x0, x1 = region
    if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
        raise ParameterError(
            f"The ROI {y0}:{y1},{x0}:{x1} does not lie in {frames.name}, which has"
            f" {height} rows and {width} columns; give rows and columns within it."
        )
    if min(region.shape) < smallest:
        raise ParameterError(
            f"The ROI {y0}:{y1},{x0}:{x1} is {size_text(region.shape)} pixels; choose at least"
            f" {smallest} x {smallest}."
        )
    return region


def _grid_places(
    n_frames: int, box: Region, shape: tuple[int, int], count: int, seed: int
) -> NDArray[np.int32]:
    n_rows, n_columns = box.shape[0] // shape[0], box.shape[1] // shape[1]
    per_frame = n_rows * n_columns
    total = n_frames * per_frame
    if 0 < count < total:
        # Chosen by chance: every n-th of a grid may always be the same column.
        chosen = np.random.default_rng(seed).choice(total, count, replace=False)
        frame, place = np.divmod(np.sort(chosen), per_frame)
        row, column = np.divmod(place, n_columns)
        y, x = row * shape[0] + box.y0, column * shape[1] + box.x0
        return np.stack([frame, y, x], axis=1).astype(np.int32)
    # Filled in place: the places of a large stack are the longest list there is.
    places = np.empty((n_frames, n_rows, n_columns, 3), np.int32)
    places[..., 0] = np.arange(n_frames)[:, np.newaxis, np.newaxis]
    places[..., 1] = (np.arange(n_rows) * shape[0] + box.y0)[:, np.newaxis]
    places[..., 2] = np.arange(n_columns) * shape[1] + box.x0
    return places.reshape(-1, 3)


def _random_places(
    n_frames: int, box: Region, shape: tuple[int, int], count: int, seed: int
) -> NDArray[np.int32]:
    per_frame = (box.shape[0] // shape[0]) * (box.shape[1] // shape[1])
    count = count or n_frames * per_frame
    rng = np.random.default_rng(seed)
    # Spread over the frames as evenly as the count allows.
    frame = np.arange(count) * n_frames // count
    y = rng.integers(box.y0, box.y1 - shape[0] + 1, size=count)
    x = rng.integers(box.x0, box.x1 - shape[1] + 1, size=count)
    places = np.stack([frame, y, x], axis=1).astype(np.int32)
    return places[np.lexsort((x, y, frame))]


def read_patches(
    frames: Frames, plan: Plan, per_chunk: int, task: Task = NO_TASK
) -> Iterator[Chunk]:
    """Read the planned patches, a band of rows at a time."""
    if not len(plan):
        return
    row_bytes = frames.frame_shape[1] * frames.dtype.itemsize
    most_rows = max(plan.patch_shape[0], _BYTES_AT_ONCE // row_bytes)
    start = 0
    patches, places = _room(plan, start, per_chunk, frames)
    for band in _bands(plan, most_rows):
        number, y0, y1, first, last = band
        task.stop_if_cancelled()
        rows = frames.read(number, y0, y1)
        while first < last:
            end = min(last, start + len(patches))
            here = slice(first - start, end - start)
            _cut(rows, y0, plan.patch_shape, places[here], patches[here])
            first = end
            if end == start + len(patches):
                yield Chunk(slice(start, end), patches)
                start = end
                patches, places = _room(plan, start, per_chunk, frames)


@dataclass
class PatchReader:
    """Reads patches; those of a small stack are kept, for they are read more than once."""

    task: Task
    _kept: tuple[Frames, Plan, AnyArray] | None = None

    def read(self, frames: Frames, plan: Plan, per_chunk: int) -> Iterator[Chunk]:
        """Read the planned patches; see `read_patches`."""
        size = len(plan) * plan.patch_shape[0] * plan.patch_shape[1] * frames.dtype.itemsize
        if size > _KEPT_BYTES:
            yield from read_patches(frames, plan, per_chunk, self.task)
            return
        if self._kept is None or self._kept[0] is not frames or self._kept[1] is not plan:
            parts = []
            for chunk in read_patches(frames, plan, per_chunk, self.task):
                self.task.stop_if_cancelled()
                parts.append(chunk.patches)
            self._kept = (frames, plan, np.concatenate(parts))
        values = self._kept[2]
        for start in range(0, len(plan), per_chunk):
            stop = min(start + per_chunk, len(plan))
            yield Chunk(slice(start, stop), values[start:stop])


def _room(
    plan: Plan, start: int, per_chunk: int, frames: Frames
) -> tuple[AnyArray, list[list[int]]]:
    """Return an empty array for the chunk that begins at ``start``, and its places."""
    places = plan.places[start : start + per_chunk].tolist()
    return np.empty((len(places), *plan.patch_shape), dtype=frames.dtype), places


def _cut(
    rows: AnyArray, y0: int, shape: tuple[int, int], places: list[list[int]], patches: AnyArray
) -> None:
    """Copy the patches at places out of rows that begin at ``y0`` of their frame."""
    height, width = shape
    if height * width >= _WORTH_A_COPY:
        for i, (_, y, x) in enumerate(places):
            patches[i] = rows[y - y0 : y - y0 + height, x : x + width]
    else:
        _, tops, lefts = np.array(places).T
        windows = np.lib.stride_tricks.sliding_window_view(rows, shape)
        patches[:] = windows[tops - y0, lefts]


class _Band(NamedTuple):
    """Rows of a frame to read at once, and which patches lie in them: ``first`` to ``end``."""

    frame: int
    y0: int
    y1: int
    first: int
    end: int


def _bands(plan: Plan, most_rows: int) -> Iterator[_Band]:
    height = plan.patch_shape[0]
    frames, tops = plan.places[:, 0], np.ascontiguousarray(plan.places[:, 1])
    edges = np.array([0, *(np.flatnonzero(np.diff(frames)) + 1), len(plan)])
    numbers = frames[edges[:-1]].tolist()
    lowest = tops[edges[1:] - 1].tolist()
    for number, lowest_top, (first, frame_end) in zip(
        numbers, lowest, pairwise(edges.tolist()), strict=True
    ):
        while first < frame_end:
            y0, y1, end = int(tops[first]), lowest_top + height, frame_end
            if y1 - y0 > most_rows:
                last_top = y0 + most_rows - height
                end = first + int(np.searchsorted(tops[first:end], last_top, side="right"))
                y1 = int(tops[end - 1]) + height
            yield _Band(number, y0, y1, first, end)
            first = end
