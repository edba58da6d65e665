"""Very large and very small pixel values, scaled so that their squares are representable.

A power of two changes no digit, so what is measured is the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import Frames, Recording, WrappedFrames, finite

# Powers of two between which the spread of a frame is left as it is, and beyond which variances do
# not fit float64 however they are worked out.
_SMALL, _LARGE = -24, 40
_SMALLEST, _LARGEST = -480, 480
_MOST_FRAMES, _ROWS, _MORE_ROWS = 4, 8, 512

_SINGLE = 1e-17, 1e17
"""Spread of pixel values between which float32 holds their squares and sums of these."""

_WIDE = 4
"""Bytes of a pixel up to which float32 holds every real value, and below which every whole one."""

_STEPS = 16
"""Steps of float32 that values must span for their noise to be more than the rounding's."""


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
    half = _half_range(frames)
    wide = frames.dtype.kind == "f" or frames.dtype.itemsize > _WIDE
    if half == 0 or not wide:
        return 0
    size = int(np.frexp(half)[1])
    if not _SMALLEST <= size <= _LARGEST:
        raise _too("small" if size < 0 else "large", frames, half)
    return 0 if _SMALL <= size <= _LARGE else -size


def check_single(frames: Frames) -> None:
    """Refuse pixel values whose squares are lost where frames become float32 as they are."""
    half = _half_range(frames)
    if frames.dtype.kind == "f" and half != 0:
        least, most = _SINGLE
        if not least <= half <= most:
            raise _too("small" if half < least else "large", frames, half)


def _too(what: str, frames: Frames, half: float) -> InputError:
    return InputError(
        f"{frames.name} has pixel values too {what} to measure (they differ by {2 * half:.0e});"
        " multiply them by a constant."
    )


def _half_range(frames: Frames) -> float:
    """Return half the range of the first frame that is not constant; 0 if none is.

    Refuse values that float32 cannot distinguish: the frames become float32, or their differences.
    """
    lost = 0.0, 0.0
    kind, size = frames.dtype.kind, frames.dtype.itemsize
    if kind != "f" and size < _WIDE:
        return 0.0
    least = 0.0 if kind == "f" and size <= _WIDE else _STEPS * float(np.finfo(np.float32).eps)
    for frame in range(min(frames.n_frames, _MOST_FRAMES)):
        # A few rows are enough, but for frames with a constant middle.
        for rows in (_ROWS, _MORE_ROWS):
            half, level = _half_range_and_level(frames, frame, rows)
            if 2 * half > least * level:
                return half
            lost = max(lost, (half, level))
    half, level = lost
    if half > 0:
        raise InputError(
            f"{frames.name} has pixel values that differ too little for their size (by"
            f" {2 * half:.0e} at {level:.0e}); subtract a constant from them."
        )
    return 0.0


def _half_range_and_level(frames: Frames, frame: int, rows: int) -> tuple[float, float]:
    """Return half the range of some rows in the middle of a frame, and their largest size."""
    height = frames.frame_shape[0]
    y0 = max(0, (height - rows) // 2)
    values = frames.read(frame, y0, min(height, y0 + rows))
    if values.dtype.kind != "f":
        # Exact: float64 does not hold all of 64 bits.
        least, most = int(values.min()), int(values.max())
        return (most - least) / 2, float(max(abs(least), abs(most)))
    image = finite(values)
    low, high = float(image.min()), float(image.max())
    return high / 2 - low / 2, max(abs(low), abs(high))
