"""Frames that are left out: those that repeat the one before, and those that show nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import (
    ChosenFrames,
    Frames,
    Recording,
    evenly,
    middle_as_is,
    neighbours,
)

_MOST = 32
"""Frames, and pairs of neighbours, of a stack that are looked at first, so that little is read of a
long one; there a single one, which then hardly counts, may be missed."""


@dataclass(frozen=True)
class LeftOut:
    """Which frames of a stack are left out."""

    repeats: tuple[int, ...]  # Frames equal to the one before: not recorded anew, or written twice
    blank: tuple[int, ...]  # Frames of one value, or of none: lost, or the shutter was closed
    n_frames: int  # Of the whole stack

    @property
    def kept(self) -> list[int]:
        """Numbers of the other frames."""
        return sorted(set(range(self.n_frames)) - {*self.repeats, *self.blank})


def find_left_out(frames: Frames, task: Task = NO_TASK) -> LeftOut | None:
    """Return the frames that repeat the one before, see `neighbours`, or are blank, if any.

    None as well where all are blank. Only the middle of large frames is compared.
    """
    n = frames.n_frames
    blank: tuple[int, ...] = ()
    if any(_blank(frames, number, task) for number in evenly(n, _MOST)):
        blank = tuple(number for number in range(n) if _blank(frames, number, task))
    if len(blank) == n:
        return None
    pairs = [pair for pair in neighbours(frames) if not {*pair} & {*blank}]
    places = evenly(len(pairs), _MOST)
    # Of every two frames that are equal, as where each was written twice, one pair is the second.
    looked_at = sorted(
        {place + more for place in places for more in (0, 1)} & set(range(len(pairs)))
    )
    repeats: tuple[int, ...] = ()
    if any(_equal(frames, *pairs[place], task) for place in looked_at):
        repeats = tuple(second for first, second in pairs if _equal(frames, first, second, task))
    return LeftOut(repeats, blank, n) if repeats or blank else None


def shown(frames: Frames, task: Task = NO_TASK) -> list[int]:
    """Return the numbers of the frames that are not blank; all if all are."""
    found = find_left_out(frames, task)
    blank = () if found is None else found.blank
    return [number for number in range(frames.n_frames) if number not in blank]


def kept_frames(frames: Frames, left_out: LeftOut | None) -> Frames:
    """Return frames without those that are left out."""
    return frames if left_out is None else ChosenFrames([frames], left_out.kept)


def kept_recording(recording: Recording, left_out: LeftOut | None) -> Recording:
    """Return a recording without these frames, nor what is to be subtracted from each."""
    if left_out is None:
        return recording
    subtract = recording.subtract
    if subtract is not None and subtract.n_frames == left_out.n_frames:
        subtract = kept_frames(subtract, left_out)
    return replace(recording, frames=kept_frames(recording.frames, left_out), subtract=subtract)


def _row(frames: Frames, number: int) -> AnyArray:
    """Return the middle row of a frame, which settles it but for few frames."""
    row = frames.frame_shape[0] // 2
    return frames.read(number, row, row + 1)


def _blank(frames: Frames, number: int, task: Task) -> bool:
    task.stop_if_cancelled()
    return one_value(_row(frames, number)) and one_value(frames.read(number))


def one_value(values: AnyArray) -> bool:
    """Whether all pixels have one value, or none."""
    return np.array_equal(values, np.full_like(values, values[0, 0]), equal_nan=True)


def _equal(frames: Frames, first: int, second: int, task: Task) -> bool:
    task.stop_if_cancelled()
    if not np.array_equal(_row(frames, first), _row(frames, second), equal_nan=True):
        return False
    a, b = (middle_as_is(frames, number) for number in (first, second))
    # Middles that are saturated, or empty, say nothing of the rest.
    return np.array_equal(a, b, equal_nan=True) and not one_value(a)
