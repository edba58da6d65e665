"""Frames that are equal to the one before: a frame that was not recorded anew, or written twice."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

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
"""Places of a stack at which two pairs of neighbours are compared, so that little is read of a long
one; there a single repeat, which then hardly counts, may be missed."""


@dataclass(frozen=True)
class Repeats:
    """Which frames of a stack repeat an earlier one."""

    numbers: tuple[int, ...]
    n_frames: int  # Of the whole stack

    @property
    def kept(self) -> list[int]:
        """Numbers of the other frames."""
        return sorted(set(range(self.n_frames)) - set(self.numbers))


def find_repeats(frames: Frames, task: Task = NO_TASK) -> Repeats | None:
    """Return the frames that are equal to the one before, if any; see `neighbours`.

    Only the middle of large frames is compared.
    """
    pairs = neighbours(frames)
    places = evenly(len(pairs), _MOST)
    # Of every two frames that are equal, as where each was written twice, one pair is the second.
    looked_at = sorted(
        {place + more for place in places for more in (0, 1)} & set(range(len(pairs)))
    )
    if not any(_equal(frames, *pairs[place], task) for place in looked_at):
        return None
    numbers = tuple(second for first, second in pairs if _equal(frames, first, second, task))
    return Repeats(numbers, frames.n_frames)


def without_repeats(frames: Frames, repeats: Repeats | None) -> Frames:
    """Return frames without those that repeat an earlier one."""
    return frames if repeats is None else ChosenFrames([frames], repeats.kept)


def recording_without(recording: Recording, repeats: Repeats | None) -> Recording:
    """Return a recording without these frames, nor what is to be subtracted from each."""
    if repeats is None:
        return recording
    subtract = recording.subtract
    if subtract is not None and subtract.n_frames == repeats.n_frames:
        subtract = without_repeats(subtract, repeats)
    return replace(recording, frames=without_repeats(recording.frames, repeats), subtract=subtract)


def _equal(frames: Frames, first: int, second: int, task: Task) -> bool:
    """Whether two frames are equal, and not blank."""
    task.stop_if_cancelled()
    row = frames.frame_shape[0] // 2
    # One row settles it but for repeats.
    a, b = (frames.read(number, row, row + 1) for number in (first, second))
    if not np.array_equal(a, b, equal_nan=True):
        return False
    a, b = (middle_as_is(frames, number) for number in (first, second))
    return np.array_equal(a, b, equal_nan=True) and bool((a != a[0, 0]).any())
