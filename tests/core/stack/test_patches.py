from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames, Region
from structmask_gui.core.stack.patches import Plan, plan_patches, read_patches
from structmask_gui.core.stack.screening import CONSTANT, NOT_FINITE, extremes, unusable


def stack(frames: int = 3, height: int = 100, width: int = 150) -> ArrayFrames:
    values = np.arange(frames * height * width, dtype=np.int32).reshape(frames, height, width)
    return ArrayFrames(values)


class CountingFrames(ArrayFrames):
    """Counts what is read."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self.rows_read = 0

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> np.ndarray:
        rows = super().read(frame, y0, y1)
        self.rows_read += len(rows)
        return rows


def test_grid_lies_side_by_side():
    plan = plan_patches(stack(), Parameters(patch_size=50))
    assert plan.patch_shape == (50, 50)
    assert plan.places[:6].tolist() == [
        [0, 0, 0], [0, 0, 50], [0, 0, 100], [0, 50, 0], [0, 50, 50], [0, 50, 100],
    ]  # fmt: skip
    assert len(plan) == 18


def test_small_images_get_the_largest_patch_that_fits():
    assert plan_patches(stack(height=40), Parameters()).patch_shape == (40, 40)
    assert plan_patches(stack(height=16), Parameters()).patch_shape == (16, 16)
    with pytest.raises(InputError, match=r"150 x 15 pixels, .* at least 16 x 16"):
        plan_patches(stack(height=15), Parameters())


def test_a_number_of_patches_is_spread_and_repeatable():
    parameters = Parameters(patch_size=16, patches=40)
    plan = plan_patches(stack(frames=4), parameters)
    assert len(plan) == 40
    assert set(plan.places[:, 0]) == {0, 1, 2, 3}
    assert len(set(plan.places[:, 2])) > 5
    again = plan_patches(stack(frames=4), parameters)
    np.testing.assert_array_equal(plan.places, again.places)
    other = plan_patches(stack(frames=4), parameters.changed(seed=1))
    assert (plan.places != other.places).any()
    everything = plan_patches(stack(frames=4), parameters.changed(patches=100_000))
    assert len(everything) == 4 * 6 * 9


def test_random_patches_lie_inside():
    parameters = Parameters(layout="random", patch_size=64, patches=500, seed=3)
    region = Region(10, 90, 20, 110)
    plan = plan_patches(stack(), parameters, region)
    frame, y, x = plan.places.T
    assert np.bincount(frame).tolist() == [167, 167, 166]
    assert (y.min(), y.max() + 64) == (10, 90)
    assert (x.min(), x.max() + 64) == (20, 110)
    assert plan_patches(stack(), parameters.changed(patches=0)).places.shape == (6, 3)


def test_whole_frames_and_rectangles():
    whole = Parameters(layout="whole")
    assert plan_patches(stack(), whole).patch_shape == (100, 150)
    plan = plan_patches(stack(), whole, Region(10, 40, 50, 70))
    assert plan.patch_shape == (30, 20)
    assert plan.places.tolist() == [[0, 10, 50], [1, 10, 50], [2, 10, 50]]


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (Region(0, 101, 0, 50), "does not lie in the array, which has 100 rows and 150 columns"),
        (Region(-1, 50, 0, 50), "does not lie"),
        (Region(50, 50, 0, 50), "does not lie"),
        (Region(0, 15, 0, 50), "is 50 x 15 pixels; choose at least 16 x 16"),
    ],
)
def test_bad_rectangles(region, words):
    with pytest.raises(ParameterError, match=words):
        plan_patches(stack(), Parameters(), region)


def test_centre_square_must_fit_the_patch():
    parameters = Parameters(patch_size=16, center_size=32)
    with pytest.raises(ParameterError, match=r"center_size = 32 is too large .* at most 31"):
        plan_patches(stack(), parameters)
    plan_patches(stack(), parameters.changed(center_size=31))
    plan_patches(stack(), parameters.changed(crop_autocorr=False))


@pytest.mark.parametrize("layout", ["grid", "random", "whole"])
@pytest.mark.parametrize("per_chunk", [1, 7, 1000])
def test_reading_gives_the_planned_pixels(layout, per_chunk):
    frames = stack()
    plan = plan_patches(frames, Parameters(layout=layout, patch_size=32, patches=40))
    height, width = plan.patch_shape
    seen = 0
    for chunk in read_patches(frames, plan, per_chunk):
        assert chunk.indices == slice(seen, seen + len(chunk.patches))
        for patch in chunk.patches:
            frame, y, x = plan.places[seen]
            np.testing.assert_array_equal(patch, frames.read(frame)[y : y + height, x : x + width])
            seen += 1
    assert seen == len(plan)


def test_a_band_is_read_once(monkeypatch):
    frames = CountingFrames(np.zeros((2, 128, 128), dtype=np.uint8))
    plan = plan_patches(frames, Parameters(patch_size=32))
    list(read_patches(frames, plan, 3))
    assert frames.rows_read == 2 * 128
    # A large frame is read in bands of rows, here of one row of patches each.
    monkeypatch.setattr("structmask_gui.core.stack.patches._BYTES_AT_ONCE", 32 * 128)
    frames.rows_read = 0
    chunks = list(read_patches(frames, plan, 3))
    assert frames.rows_read == 2 * 128
    assert sum(len(chunk.patches) for chunk in chunks) == 32


def test_only_the_rows_needed_are_read():
    frames = CountingFrames(np.zeros((1, 1000, 100), dtype=np.uint8))
    plan = Plan((16, 16), np.array([[0, 500, 3], [0, 510, 9]]))
    list(read_patches(frames, plan, 10))
    assert frames.rows_read == 26


def test_reasons():
    patches = np.random.default_rng(0).normal(size=(5, 16, 16)).astype(np.float32)
    patches[1] = 7
    patches[2, 3, 3] = np.nan
    patches[3, 3, 3] = -np.inf
    assert unusable(*extremes(patches)) == ["", CONSTANT, NOT_FINITE, NOT_FINITE, ""]
    assert unusable(*extremes(np.ones((1, 16, 16), dtype=bool))) == [CONSTANT]


class Vast(ArrayFrames):
    """Frames larger than any memory, as a damaged file may declare them."""

    frame_shape = (1_000_000_000, 44)

    def __init__(self) -> None:
        super().__init__(np.zeros((16, 16)), "vast.czi")


def test_a_vast_frame_is_refused_unless_patches_are_counted():
    with pytest.raises(InputError, match=r"vast\.czi has room for 125000000 patches of 16 x 16"):
        plan_patches(Vast(), Parameters(patch_size=16, center_size=5))
    tracemalloc.start()
    plan = plan_patches(Vast(), Parameters(patch_size=16, center_size=5, patches=50))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(plan) == 50
    assert peak < 1_000_000
