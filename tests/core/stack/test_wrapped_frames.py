"""What frames made from frames say of themselves, and how often they read the stack."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.stack import derived
from structmask_gui.core.stack.derived import DifferenceFrames, LevelFrames, SubtractedFrames
from structmask_gui.core.stack.frames import ArrayFrames, CutFrames, Frames, Region
from structmask_gui.core.stack.scaled import ScaledFrames

VALUES = np.random.default_rng(0).integers(0, 1000, (4, 30, 40)).astype(np.uint16)
STACK = ArrayFrames(VALUES, "a.tif")


@pytest.mark.parametrize(
    ("frames", "name", "count", "shape", "dtype"),
    [
        (DifferenceFrames(STACK), "a.tif", 2, (30, 40), np.float32),
        (SubtractedFrames(STACK, STACK), "a.tif", 4, (30, 40), np.float32),
        (LevelFrames(STACK, True, True), "a.tif", 4, (30, 40), np.float32),
        (ScaledFrames(STACK, -3), "a.tif", 4, (30, 40), np.float64),
        (CutFrames(STACK, Region(2, 12, 5, 40)), "a.tif", 4, (10, 35), np.uint16),
    ],
)
def test_frames_made_from_frames_say_what_they_are(frames, name, count, shape, dtype):
    assert isinstance(frames, Frames)
    assert (frames.name, frames.n_frames, frames.frame_shape) == (name, count, shape)
    assert frames.dtype == dtype
    whole = frames.read(0)
    assert whole.dtype == dtype
    assert whole.shape == shape
    np.testing.assert_array_equal(frames.read(0, 3, 7), whole[3:7])


class Counted(ArrayFrames):
    """An array that counts how often each of its rows is read."""

    def __init__(self, array):
        super().__init__(array)
        self.count = np.zeros((self.n_frames, self.frame_shape[0]), int)

    def read(self, frame, y0=0, y1=None):
        self.count[frame, y0:y1] += 1
        return super().read(frame, y0, y1)


def read_in_bands(level):
    return [level.read(frame, y0, y0 + 10) for frame in range(4) for y0 in (0, 10, 20)]


def test_level_frames_read_a_frame_once_and_a_large_one_twice(monkeypatch):
    monkeypatch.setattr(derived, "_BAND_PIXELS", 7 * 40)
    stack = Counted(VALUES)
    small = read_in_bands(LevelFrames(stack, True, True))
    assert (stack.count == 1).all()
    monkeypatch.setattr(derived, "_KEPT_BYTES", 100)
    stack = Counted(VALUES)
    large = read_in_bands(LevelFrames(stack, True, True))
    assert (stack.count == 2).all()
    np.testing.assert_array_equal(small, large)
    # Read again, the frame that comes back is not taken for the one that was kept.
    monkeypatch.undo()
    level = LevelFrames(Counted(VALUES), True, True)
    np.testing.assert_array_equal([read_in_bands(level), read_in_bands(level)], [small, small])
