"""Many masks scored at once: the same errors as one by one."""

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.quality.copied_noise import RADIUS, still_copied
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.scoring import Copied, Predictions, Reading
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames

SHAPE = (160, 192)


@pytest.fixture(scope="module")
def measured():
    noise = NoiseModel(kernels()["cross"], 0.3)
    frames = simulate(noise, SHAPE, n_frames=6, picture=cells(SHAPE), strength=1.0, seed=4)
    return basis(ArrayFrames(frames))


@pytest.mark.parametrize("name", ["horizontal 3", "vertical 15", "cross 7", "square 5"])
def test_errors_are_those_of_one_mask(measured, name):
    mask, noise, image = careamics_masks()[name], measured.noise.values, measured.image.values
    predictions = Predictions(image, measured.radius)
    found = predictions.of(mask)
    kernel = weights(image, mask, measured.radius)
    assert np.allclose(predictions.kernel(found), kernel, atol=1e-9)
    one = estimated_error(noise, image, kernel)
    many = Reading(noise, predictions).error(found)
    assert many.noise_left == pytest.approx(one.noise_left, rel=1e-6)
    assert many.total == pytest.approx(one.total, rel=1e-6)
    copied = Copied(measured.noise, measured.radius)
    assert copied.share(mask) == pytest.approx(
        still_copied(measured.noise, mask, measured.radius), abs=1e-6
    )


def test_all_hidden_predicts_nothing(measured):
    radius = measured.radius
    predictions = Predictions(measured.image.values, radius)
    found = predictions.of(Mask(np.ones((2 * radius + 1, 2 * radius + 1), dtype=bool)))
    assert not found.weights.any()
    assert found.rest == pytest.approx(measured.image.variance)


def test_some_pixels_of_a_still_scene_tell_the_error_of_all(measured):
    predictions = Predictions(measured.image.values, measured.radius)
    reading = Reading(measured.noise.values, predictions, measured.still)
    names = ("horizontal 3", "cross 7", "square 5")
    found = [predictions.of(careamics_masks()[name]) for name in names]
    whole = [measured.still.error(predictions.kernel(one)) for one in found]
    some = [measured.still.error_of_pairs(one.weights) for one in found]
    variance = measured.noise.variance
    assert np.allclose(some, whole, atol=0.03 * variance)
    # Masks are compared in the same pixels, and much more closely.
    assert np.allclose(np.diff(some), np.diff(whole), atol=0.015 * variance)
    assert [reading.error(one).total * variance for one in found] == pytest.approx(some)
    halves = measured.still.errors_by_half(found[0].weights)
    assert (halves[:2].mean(), halves[2:].mean()) == pytest.approx((some[0],) * 2, rel=0.02)


@pytest.mark.slow
def test_a_few_bright_spots_are_not_missed():
    rng = np.random.default_rng(2)
    spots = np.zeros((512, 512))
    at = rng.integers(20, 492, size=(60, 2))
    spots[at[:, 0], at[:, 1]] = 60.0
    # A basis leaves such spots out; of fainter ones, which stay, sampling must not lose any.
    frames = ArrayFrames(100 + spots + rng.normal(size=(5, 512, 512)))
    predictions = Predictions(image_covariance(frames, 2 * RADIUS).values, RADIUS)
    still = StillScene(frames, RADIUS)
    bare = predictions.of(Mask(np.ones((1, 1), dtype=bool)))
    whole = still.error(predictions.kernel(bare))
    assert whole > 0.3  # nearly all of it at one pixel in four thousand
    assert still.error_of_pairs(bare.weights) == pytest.approx(whole, rel=0.1)
