"""What whole frames show: compression, pixels enlarged by repetition, registration, drawings."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, shift, zoom

from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.frame_diagnostics import (
    BLOCKY,
    blockiness,
    drawn,
    enlargement,
    registered,
)


def packed(frame, quality):
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).astype(float)


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
def test_jpeg_shows_wherever_its_blocks_begin_and_however_it_was_scaled(quality):
    model = NoiseModel(kernels()["row 7"], sigma=8)
    noise = simulate(model, (200, 256), n_frames=1, seed=3)[0]
    frame = np.clip(np.rint(110 + noise + 60 * cells((200, 256))), 0, 255).astype(np.uint8)
    assert blockiness(frame.astype(float)) < BLOCKY / 2
    coded = packed(frame, quality)
    for one in (coded, coded[3:, 5:], coded / 255, 257 * coded):
        assert blockiness(one) > 2 * BLOCKY


def test_frames_that_are_as_regular_as_jpeg_are_not_taken_for_it():
    random = np.random.default_rng(1)
    y, x = np.mgrid[:128, :128]
    fine = random.normal(0, 9, (128, 128))
    small = random.normal(110, 20, (32, 32))
    frames = [zoom(small, 4, order=order, grid_mode=True, mode="nearest") for order in (0, 1, 3)]
    frames += [
        np.kron(small[:16, :16], np.ones((8, 8))),
        110 + fine + np.tile(random.normal(0, 20, (8, 8)), (16, 16)),
        100.0 * ((x // 8 + y // 8) % 2),
        (x + y) / 2,
        random.poisson(0.01, (128, 128)),
        7 * random.poisson(0.5, (128, 128)),
        np.zeros((128, 128)),
        gaussian_filter(fine, 2),
    ]
    for frame in frames:
        assert blockiness(np.clip(np.rint(frame), 0, 255)) < BLOCKY / 2
    # Not of 8 bits, of steps too small to divide by, and too small.
    assert blockiness(fine) == 0
    assert blockiness(np.where(fine > 9, 5e-324, np.rint(fine / 9))) == 0
    assert blockiness(np.rint(fine[:60])) == 0


@pytest.mark.parametrize("sides", [(2, 2), (3, 3), (2, 4)])
def test_blocks_of_equal_pixels_are_found_wherever_they_begin(sides):
    small = np.random.default_rng(1).poisson(3, (2, 40, 40)).astype(float)
    small[:, :, 15:25] = 7
    large = np.kron(small, np.ones((1, *sides)))
    for first in (0, 1):
        assert enlargement(large[:, first:, first:]) == sides
    large[1, 50, 40] += 1
    assert enlargement(large) is None


def test_frames_of_few_grey_levels_and_empty_areas_were_not_enlarged():
    random = np.random.default_rng(2)
    y, x = np.mgrid[:64, :64]
    squares = np.zeros((64, 64))
    squares[8:16, 8:16] = squares[32:48, 24:32] = 1
    photons = (random.random((64, 64)) < 0.002).astype(float)
    for frame in (
        np.zeros((64, 64)),
        (x + y) // 8,
        x // 2,
        squares,
        photons,
        squares + photons,
        random.integers(0, 2, (64, 64)),
        random.normal(size=(1, 64)) + 0 * y,
        np.kron(random.normal(size=(64, 32)), [[1, 1]]),
    ):
        assert enlargement(np.asarray(frame, float)[np.newaxis]) is None


@pytest.mark.parametrize("what", ["two values", "labels", "screenshot"])
def test_areas_of_one_value_are_drawn(what):
    frame = np.zeros((128, 128), np.uint8)
    frame[20:60, 30:90] = 255
    frame[80:110, 10:50] = 255 if what == "two values" else 7
    if what == "screenshot":
        frame[60:80, 60:90] = np.random.default_rng(0).integers(0, 255, (20, 30))
    assert drawn(frame)


@pytest.mark.parametrize("what", ["dim", "photons", "border", "saturated", "smooth"])
def test_recorded_frames_are_not_drawn(what):
    rng = np.random.default_rng(1)
    frame = rng.normal(100, 8, (128, 128))
    if what == "dim":
        frame = rng.normal(3, 0.6, (128, 128)).clip(0).round()
    elif what == "photons":
        frame = rng.poisson(0.05, (128, 128))
    elif what == "border":
        frame[:90] = 0
    elif what == "saturated":
        frame[30:60, 30:60] = 255
    elif what == "smooth":
        frame = gaussian_filter(rng.normal(size=(128, 128)), 3) * 500
    assert not drawn(frame)


@pytest.mark.parametrize(
    ("step", "order", "seen"),
    [((0.7, 1.4), 1, True), ((0.7, 1.4), 3, True), ((0.1, 0.2), 1, True), ((1, 2), 0, False)],
)
@pytest.mark.parametrize("mode", ["constant", "nearest"])
def test_frames_moved_by_parts_of_a_pixel_are_registered(step, order, seen, mode):
    rng = np.random.default_rng(0)
    scene = 500 + 600 * gaussian_filter(rng.normal(size=(128, 160)), 4)
    frames = [
        shift(scene + rng.normal(0, 20, scene.shape), n * np.array(step), order=order, mode=mode)
        for n in range(8)
    ]
    assert registered(without_fill(ArrayFrames(np.array(frames, np.float32)))) == seen


@pytest.mark.parametrize(
    "what", ["plain", "border", "flicker", "rows", "two kinds", "small", "empty"]
)
def test_what_differs_from_frame_to_frame_otherwise_is_no_registration(what):
    rng = np.random.default_rng(0)
    frames = rng.normal(500, 20, (8, 128, 160)).astype(np.float32)
    if what == "border":
        frames[:, :20] = 0
    elif what == "flicker":
        frames[::2] = 500 + 1.5 * (frames[::2] - 500)
    elif what == "rows":
        frames += rng.normal(0, 1, (8, 128, 1)) * rng.choice([0, 60], (8, 1, 1))
    elif what == "two kinds":  # as of two detectors in turn, or in the dark and in light
        frames[::2] = 500 + gaussian_filter(frames[::2] - 500, (0, 0, 1))
    elif what == "small":
        frames = frames[:, :24, :24]
    elif what == "empty":
        frames[3] = 500
    assert not registered(without_fill(ArrayFrames(frames)))
