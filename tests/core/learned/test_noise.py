"""Noise that is as smooth as the sample, by what noise and samples usually look like."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.learned.features import features, ring_power
from structmask_gui.core.learned.noise import REACH, LearnedNoise, learned_noise
from structmask_gui.core.learned.shapes import correlations_of, log_ring_power, round_power
from structmask_gui.core.simulation import cells
from structmask_gui.core.stack.frames import ArrayFrames


def smooth_noise(shape, width, seed=0):
    """Return noise of unit variance, blurred by a Gaussian."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), width, mode="wrap")
    return noise / noise.std()


def learned(frames) -> LearnedNoise:
    found = learned_noise(ArrayFrames(np.asarray(frames)))
    assert found is not None
    return found


def correlation(noise: LearnedNoise, dy: int, dx: int) -> float:
    return float(noise.mean[REACH + dy, REACH + dx] / noise.mean[REACH, REACH])


def sample(shape, strength):
    """Return cells as the optics show them, with a standard deviation."""
    image = gaussian_filter(cells(shape), 2)
    return strength * image / image.std()


@pytest.mark.parametrize("width", [0.8, 1.2, 2.0])
def test_smooth_noise_under_a_smooth_sample(width):
    shape = (256, 256)
    found = learned([smooth_noise(shape, width) + sample(shape, 1.0)])
    assert found.fits
    for lag in (1, 2):
        true = np.exp(-(lag**2) / (4 * width**2))
        assert correlation(found, 0, lag) == pytest.approx(true, abs=0.15)
        assert correlation(found, lag, 0) == pytest.approx(true, abs=0.15)
    assert found.mean[REACH, REACH] == pytest.approx(1.0, rel=0.4)
    variances = [draw[REACH, REACH] for draw in found.draws]
    assert min(variances) < found.mean[REACH, REACH] < max(variances)


def test_white_noise_under_a_smooth_sample():
    shape = (256, 256)
    noise = np.random.default_rng(0).normal(size=shape)
    found = learned([noise + sample(shape, 1.0)])
    assert found.fits
    assert found.mean[REACH, REACH] == pytest.approx(1.0, rel=0.15)
    assert abs(correlation(found, 0, 1)) < 0.05


def test_one_infinite_pixel_changes_little():
    shape = (256, 256)
    frame = np.random.default_rng(0).normal(size=shape) + sample(shape, 1.0)
    whole = learned([frame])
    frame[128, 128] = np.inf
    found = learned([frame])
    assert found.fits
    assert found.share == pytest.approx(whole.share, rel=0.1)


def test_tiles_with_missing_pixels_are_left_out():
    frame = smooth_noise((256, 256), 1.2) + sample((256, 256), 1.0)
    whole = learned([frame])
    frame[60:130, 100:190] = np.nan
    found = learned([frame])
    assert found.fits
    assert found.share == pytest.approx(whole.share, rel=0.2)
    assert correlation(found, 0, 1) == pytest.approx(correlation(whole, 0, 1), abs=0.05)
    frame[30:, 30:] = np.nan
    assert learned_noise(ArrayFrames(frame[None])) is None


def test_a_regular_pattern_is_no_shape_that_was_learned():
    along = np.indices((256, 256)).sum(axis=0)
    wave = np.sin(2 * np.pi * along / 4.3)
    assert not learned([np.random.default_rng(0).normal(size=wave.shape) + wave]).fits


def test_the_unit_of_the_frames_does_not_matter():
    frame = smooth_noise((128, 160), 1.2) + sample((128, 160), 1.0)
    values, level = features([ring_power(frame)])
    others, other = features([ring_power(1000 * frame)])
    assert others == pytest.approx(values, abs=1e-6)
    assert other == pytest.approx(level + np.log(1e6))
    assert learned([1000 * frame]).mean == pytest.approx(1e6 * learned([frame]).mean, rel=1e-6)


@pytest.mark.parametrize("scale", [2.0**300, 2.0**-300])
def test_extreme_grey_levels(scale):
    frame = smooth_noise((128, 160), 1.2) + sample((128, 160), 1.0)
    found, plain = learned([scale * frame]), learned([frame])
    assert found.fits == plain.fits
    assert found.mean / scale**2 == pytest.approx(plain.mean, rel=1e-6)


def test_small_frames_are_not_judged():
    assert learned_noise(ArrayFrames(np.zeros((1, 40, 200)))) is None


def test_a_frame_without_noise_gives_finite_figures():
    found = learned(np.zeros((1, 96, 96)))
    assert np.isfinite(found.mean).all()
    assert found.mean[REACH, REACH] == 0
    assert not found.fits


def test_noise_that_is_fainter_than_was_learned():
    shape = (256, 256)
    assert not learned([smooth_noise(shape, 1.2) + sample(shape, 100.0)]).fits


def test_the_power_of_tiles_is_that_of_the_noise():
    shape = np.array([[0.0, 1.2, 1.0, 0.0, 0.3]])
    power = round_power(shape)
    assert correlations_of(power)[0, 0, 0] == pytest.approx(1.0)
    kernel = 0.7**0.5 * smooth_noise((1024, 1024), 1.2)
    white = 0.3**0.5 * np.random.default_rng(1).normal(size=kernel.shape)
    measured = np.log(ring_power(kernel + white).mean(axis=(0, 1)))
    # The mean of a tile is taken off, which the lowest ring shows.
    assert measured[1:] == pytest.approx(log_ring_power(power)[0, 1:], abs=0.06)
