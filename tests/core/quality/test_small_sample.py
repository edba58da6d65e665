"""The small-sample bias of "still copied" is subtracted; the figure holds within its error."""

import numpy as np
import pytest

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.quality.assessment import assess, basis
from structmask_gui.core.quality.copied_noise import figures, still_copied
from structmask_gui.core.quality.covariance import noise_covariance
from structmask_gui.core.quality.radius_curve import copied_curve
from structmask_gui.core.quality.small_sample import samples_of
from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.core.stack.frames import ArrayFrames


def twice(random, n_frames, side):
    """White noise magnified twice, bilinearly."""
    small = random.standard_normal((n_frames, side // 2 + 1, side // 2 + 1))
    for axis in (1, 2):
        a = np.take(small, range(small.shape[axis] - 1), axis)
        b = np.take(small, range(1, small.shape[axis]), axis)
        pair = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=axis + 1)
        small = pair.reshape([side if i == axis else n for i, n in enumerate(a.shape)])
    return small


@pytest.mark.parametrize("radius", [5, 10, 20, pytest.param(31, marks=pytest.mark.slow)])
def test_white_noise_of_a_small_stack_is_not_copied_at_any_radius(radius):
    before = []
    for seed in range(4):
        stack = ArrayFrames(np.random.default_rng(seed).normal(size=(5, 128, 128)))
        noise = noise_covariance(stack, 2 * radius)
        found = figures(noise, None, radius)
        assert found.copied <= 3 * found.error
        assert found.copied < 0.006
        before.append(still_copied(noise.values, None, radius))
    # What it was before, and why.
    assert np.mean(before) == pytest.approx(found.bias, rel=0.15)


@pytest.mark.parametrize(("n_frames", "side"), [(2, 96), (5, 128), (3, 256)])
@pytest.mark.parametrize("name", ["white", "row 7", "isotropic", "isotropic wide"])
@pytest.mark.parametrize("mask", [np.ones((1, 1)), np.ones((5, 5)), np.ones((1, 13))])
def test_the_truth_is_within_the_interval(name, mask, n_frames, side):
    model = NoiseModel(kernels()[name], 0.3)
    stack = ArrayFrames(model.draw(np.random.default_rng(3), n_frames, (side, side)))
    true = still_copied(model.correlation(20), mask)
    found = figures(noise_covariance(stack, 20), mask)
    # Squares of correlated pixels vary more than those of as many independent ones.
    assert abs(found.copied - true) < 3 * found.error + 0.01


def test_noise_magnified_twice_keeps_what_can_be_copied_of_it():
    random = np.random.default_rng(1)
    large = noise_covariance(ArrayFrames(twice(random, 8, 512)), 10)
    small = noise_covariance(ArrayFrames(twice(random, 5, 128)), 10)
    for mask, least in ((np.ones((1, 1)), 0.99), (np.ones((3, 3)), 0.7), (np.ones((5, 5)), 0.0)):
        true, found = still_copied(large, mask, 5), figures(small, mask, 5)
        assert least <= true <= 1
        assert abs(found.copied - true) < 3 * found.error + 0.01


def test_a_measurement_small_for_its_radius_is_said_so():
    noise = noise_covariance(
        ArrayFrames(np.random.default_rng(0).normal(size=(2, 64, 64))), 30, "difference"
    )
    assert "predictable by chance" in figures(noise, None, 15).note
    assert figures(noise, None, 5).note == ""
    assert figures(noise.values, None, 15).note == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("radius", [5, 10, 14])
def test_the_curve_never_falls_and_goes_through_the_figure(seed, radius):
    model = NoiseModel(kernels()["row 5"], 0.6)
    stack = ArrayFrames(model.draw(np.random.default_rng(seed), 3, (128, 128)))
    for mask in (None, np.ones((1, 9))):
        found = assess(basis(stack, radius=radius), mask)
        curve = found.curve
        assert (np.diff(curve.copied) >= 0).all()
        assert curve.copied[radius - 1] == found.figures.copied
        assert curve.copied[-1] >= found.figures.copied
        assert "at least" in curve.sentence


def test_every_independent_difference_counts():
    random = np.random.default_rng(0)
    stack = ArrayFrames(random.normal(size=(5, 64, 64)))
    # Two pairs, and the last frame against the mean of the pair before it.
    assert noise_covariance(stack, 4).samples[4, 4] == pytest.approx(3 * 64 * 64)
    flat = noise_covariance(stack, 4, "flat")
    assert flat.samples[4, 4] == pytest.approx(flat.pixels)
    assert flat.samples[0, 0] < flat.samples[4, 4]


def test_the_number_of_pixels_follows_from_errors_per_lag():
    model = NoiseModel(kernels()["row 5"], 0.3)
    rho = model.correlation(10)
    error = np.full_like(rho, np.sqrt((rho**2).sum() / 5000))
    assert samples_of(rho, error)[0, 0] == pytest.approx(5000, rel=0.02)


def test_a_radius_that_does_not_fit_is_named_with_the_largest_that_does():
    stack = ArrayFrames(np.random.default_rng(0).normal(size=(2, 201, 199)), "a.tif")
    with pytest.raises(ParameterError, match=r"radius of 100 pixels .* a\.tif .* give 1 to 49"):
        basis(stack, radius=100)
    assert basis(stack, radius=49).radius == 49


def columns(random, far):
    """Noise of columns: whole ones if far, else such that change along the column."""
    white = random.normal(size=(4, 128, 128))
    offsets = random.normal(size=(4, 1, 128)) * np.sqrt(0.06)
    if far:
        return white + offsets
    other = random.normal(size=(4, 1, 128)) * np.sqrt(0.06)
    phase = np.linspace(0, np.pi, 128)[:, np.newaxis]
    return white + np.cos(phase) * offsets + np.sin(phase) * other


def test_only_offsets_that_are_worth_it_must_go_first():
    random = np.random.default_rng(0)
    whole = copied_curve(noise_covariance(ArrayFrames(columns(random, True)), 63), None)
    assert whole.spans
    assert not whole.rest
    slow = copied_curve(noise_covariance(ArrayFrames(columns(random, False)), 63), None)
    assert not slow.spans
    assert slow.rest
    assert "column offsets first" not in slow.sentence
    assert "along the column" in slow.sentence
