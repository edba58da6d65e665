"""What whole frames show: compression, and pixels enlarged by repetition."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.statistical.frame_diagnostics import blockiness, enlargement


def test_jpeg_blocks_show_and_noise_has_none():
    model = NoiseModel(kernels()["row 7"], sigma=8)
    noise = simulate(model, (256, 256), n_frames=3, seed=3)
    frames = np.clip(np.rint(110 + noise), 0, 255).astype(np.uint8)
    assert blockiness(frames) < 5
    packed = []
    for frame in frames:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=75)
        packed.append(np.asarray(Image.open(buffer)))
    assert blockiness(np.stack(packed)) > 5
    assert blockiness(np.stack(packed)[:, 3:, 5:]) > 5


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
