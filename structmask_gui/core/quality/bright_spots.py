"""A few bright spots, which would decide the error of a linear prediction alone."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import SIGMA_PER_MAD, AnyArray, BoolArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import (
    Frames,
    WrappedFrames,
    evenly,
    fine_detail,
    finite,
    some,
)

_FRAMES = 8
"""Frames that are looked at."""

_LARGEST = 2**24
"""Pixels of a frame beyond which no spots are sought; where they are would take too much memory."""

_STANDS, _POWER = 10.0, 0.5
"""Standard deviations of the noise's fine detail by which a spot stands out, in any frame; and
power of all that does, over that of the noise, from which spots decide the error."""

_AROUND, _FEW = 4, 0.05
"""Pixels around them that are left out as well, and the share of a frame up to which they are few:
where more stands out, it is the sample."""


def without_spots(frames: Frames, task: Task = NO_TASK) -> Frames:
    """Return frames in which a few spots, far brighter than the noise, are NaN.

    A linear prediction has the same weights everywhere. Beads that hold more power than all noise
    set them, where a network would treat these apart.
    """
    from scipy.ndimage import binary_dilation

    height, width = frames.frame_shape
    if frames.n_frames < 2 or height * width > _LARGEST or min(height, width) < 5:
        return frames
    numbers = evenly(frames.n_frames, _FRAMES)
    largest, power = (np.zeros((height - 2, width - 2)) for _ in range(2))
    last, noises = np.zeros(()), []
    for number in numbers:
        task.stop_if_cancelled()
        detail = fine_detail(finite(frames.read(number)))
        np.maximum(largest, np.abs(detail), out=largest)
        power += np.square(detail) / len(numbers)
        if last.ndim:
            noises.append(float(np.median(np.abs(some(detail - last)))))
        last = detail
    noise = SIGMA_PER_MAD * float(np.median(noises)) / np.sqrt(2)
    stands = largest > _STANDS * noise
    if not noise > 0 or not stands.any() or stands.mean() > _FEW:
        return frames
    if power[stands].sum() < _POWER * noise**2 * power.size:
        return frames
    spots = binary_dilation(np.pad(stands, 1), iterations=_AROUND)
    return _WithoutSpots(frames, spots) if spots.mean() < _FEW else frames


class _WithoutSpots(WrappedFrames):
    """Frames in which some places are NaN."""

    def __init__(self, frames: Frames, spots: BoolArray) -> None:
        super().__init__(frames, frames.dtype if frames.dtype.kind == "f" else np.float32)
        self._spots = spots

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame."""
        values = np.array(self._frames.read(frame, y0, y1), dtype=self.dtype)
        values[self._spots[y0:y1]] = np.nan
        return values
