"""Very large and very small pixel values, scaled so that their squares are representable.

A power of two changes no digit, so what is measured is the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import Frames, Recording, WrappedFrames, finite, middle

# Powers of two between which the spread of a frame is left as it is, and beyond which variances do
# not fit float64 however they are worked out.
_SMALL, _LARGE = -24, 40
_SMALLEST, _LARGEST = -480, 480
_MOST_FRAMES, _ROWS = 4, 8


class ScaledFrames(WrappedFrames):
    """Frames times a power of two."""

    def __init__(self, frames: Frames, exponent: int) -> None:
        super().__init__(frames, np.float64)
        self._exponent = exponent

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> NDArray[np.float64]:
        """Return rows ``y0`` to ``y1`` of a frame, scaled."""
        values = np.asarray(self._frames.read(frame, y0, y1), dtype=np.float64)
        return np.asarray(np.ldexp(values, self._exponent))


def scaled(recording: Recording, exponent: int) -> Recording:
    """Return a recording with all its frames times a power of two."""
    dark, subtract = (
        None if frames is None else ScaledFrames(frames, exponent)
        for frames in (recording.dark, recording.subtract)
    )
    frames = ScaledFrames(recording.frames, exponent)
    return Recording(frames, recording.region, dark, subtract)


def exponent_for(frames: Frames) -> int:
    """Return the power of two that brings pixel values to a size that squares fit; mostly 0."""
    if frames.dtype.kind != "f":
        return 0
    for frame in range(min(frames.n_frames, _MOST_FRAMES)):
        values = _some_rows(frames, frame)
        spread = float(values.max() / 2 - values.min() / 2)
        if spread > 0:
            break
    else:
        return 0
    size = int(np.frexp(spread)[1])
    if not _SMALLEST <= size <= _LARGEST:
        what = "small" if size < 0 else "large"
        raise InputError(
            f"{frames.name} has pixel values too {what} to measure (they differ by"
            f" {2 * spread:.0e}); multiply them by a constant."
        )
    return 0 if _SMALL <= size <= _LARGE else -size


def _some_rows(frames: Frames, frame: int) -> NDArray[np.float64]:
    """Return a few rows of the middle of a frame, or all of the middle if they are constant."""
    middle_row = frames.frame_shape[0] // 2
    values = finite(frames.read(frame, middle_row, middle_row + _ROWS))
    return values if values.min() < values.max() else middle(frames, frame)
