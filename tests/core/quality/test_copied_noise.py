import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.copied_noise import NEEDLESS_RISE, figures, still_copied
from structmask_gui.core.quality.prediction import hidden_by, predictor, square_lags
from structmask_gui.core.quality.radius_curve import copied_curve, field_lags, long_axis
from structmask_gui.core.simulation import NoiseModel, kernels, row_offsets


def row_covariance(values, reach):
    """An autocovariance along the row only: values at lags 0, 1, 2, ..."""
    result = np.zeros((2 * reach + 1, 2 * reach + 1))
    for lag, value in enumerate(values):
        result[reach, reach + lag] = result[reach, reach - lag] = value
    return result


def random_covariance(seed, reach, size=3):
    """The autocovariance of white noise filtered by a random kernel, plus white noise."""
    kernel = np.random.default_rng(seed).normal(size=(size, size))
    side = 2 * reach + 1
    products = np.fft.irfft2(np.abs(np.fft.rfft2(kernel, (side, side))) ** 2, (side, side))
    values = np.fft.fftshift(products)
    values = (values + values[::-1, ::-1]) / 2
    values[reach, reach] += 0.3
    return values


def random_mask(seed, side, symmetric):
    flags = np.random.default_rng(seed).random((side, side)) < 0.4
    if symmetric:
        flags |= flags[::-1, ::-1]
    flags[side // 2, side // 2] = True
    return flags


def direct(covariance, mask, radius):
    """b' C^-1 b / G(0) written out pixel by pixel."""
    reach, half = covariance.shape[0] // 2, mask.shape[0] // 2
    visible = [
        (y, x)
        for y in range(-radius, radius + 1)
        for x in range(-radius, radius + 1)
        if not (abs(y) <= half and abs(x) <= half and mask[half + y, half + x])
    ]
    if not visible:
        return 0.0
    c = np.array(
        [[covariance[reach + a - e, reach + b - f] for e, f in visible] for a, b in visible]
    )
    b = np.array([covariance[reach + y, reach + x] for y, x in visible])
    return b @ np.linalg.solve(c, b) / covariance[reach, reach]


def test_neighbours_that_correlate_with_the_centre_alone_add_their_squares():
    noise = row_covariance([2.0, 0.6], 2)
    assert still_copied(noise, None, 1) == pytest.approx(2 * 0.3**2, abs=1e-6)


def test_only_the_visible_neighbour_of_an_asymmetric_mask_is_copied():
    noise = row_covariance([1.0, 0.3], 2)
    assert still_copied(noise, [[0, 1, 1]], 1) == pytest.approx(0.3**2, abs=1e-6)
    assert still_copied(noise, [[1, 1, 1]], 1) == 0.0


def test_row_offsets_follow_the_formula_of_equally_correlated_pixels():
    rho, radius = 0.04, 6
    noise = row_covariance([1.0] + [rho] * (2 * radius), 2 * radius)
    n = 2 * radius
    expected = n * rho**2 / (1 + (n - 1) * rho)
    assert still_copied(noise, None, radius) == pytest.approx(expected, abs=1e-6)


def test_a_mask_that_hides_the_whole_neighbourhood_leaves_nothing():
    found = figures(random_covariance(0, 6), np.ones((7, 7)), 3)
    assert found.copied == 0.0
    assert found.copied_bare > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_the_share_equals_the_written_out_solution(seed, radius, symmetric):
    noise = random_covariance(seed, 2 * radius)
    mask = random_mask(seed, 5, symmetric)
    expected = direct(noise, mask, radius)
    assert still_copied(noise, mask, radius) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_hiding_more_never_lets_more_be_copied(seed, symmetric):
    noise = random_covariance(seed, 8)
    small = random_mask(seed, 5, symmetric)
    large = small | random_mask(seed + 1, 5, symmetric)
    some, less = still_copied(noise, small, 4), still_copied(noise, large, 4)
    assert 0.0 <= less <= some + 1e-9 <= 1.0 + 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_curve_is_the_figure_at_each_radius(seed, symmetric):
    noise = random_covariance(seed, 10)
    mask = random_mask(seed, 3, symmetric)
    curve = copied_curve(noise, mask, 5)
    assert list(curve.radii) == [1, 2, 3, 4, 5]
    expected = [still_copied(noise, mask, r) for r in curve.radii]
    np.testing.assert_allclose(curve.copied, expected, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_needless_pixels_can_be_freed_together(seed, symmetric):
    noise = random_covariance(seed, 8)
    mask = random_mask(seed, 7, symmetric)
    found = figures(noise, mask, 4)
    assert not found.needless[3, 3]
    assert not (found.needless & ~mask).any()
    if symmetric:
        np.testing.assert_array_equal(found.needless, found.needless[::-1, ::-1])
    freed = still_copied(noise, mask & ~found.needless, 4)
    assert freed <= found.copied + NEEDLESS_RISE + 1e-6
    for lag in np.argwhere(mask & ~found.needless):
        if tuple(lag) == (3, 3):
            continue
        one = mask & ~found.needless
        one[tuple(lag)] = one[tuple(6 - lag)] = False
        one[3, 3] = True
        assert still_copied(noise, one, 4) > found.copied + NEEDLESS_RISE - 1e-6


def test_the_true_row_has_no_needless_pixel_and_a_column_nothing_else():
    noise = NoiseModel(kernels()["row 7"], 0.3).correlation(20)
    row, column = np.ones((1, 13)), np.ones((13, 1))
    assert figures(noise, row).needlessly_hidden == 0
    assert figures(noise, row).copied < 1e-6
    assert figures(noise, column).needlessly_hidden == 12
    assert figures(noise, np.ones((1, 21))).needlessly_hidden == 8


def test_turning_noise_and_mask_by_a_quarter_changes_nothing():
    noise, mask = random_covariance(5, 8), random_mask(5, 5, False)
    turned = figures(np.rot90(noise), np.rot90(mask), 4)
    straight = figures(noise, mask, 4)
    assert turned.copied == pytest.approx(straight.copied)
    np.testing.assert_array_equal(turned.needless, np.rot90(straight.needless))


@pytest.mark.slow
def test_the_share_is_that_of_a_least_squares_fit_on_simulated_noise():
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = model.draw(np.random.default_rng(1), 3, (200, 200))
    for mask in ([[1]], [[1, 1, 1]], np.ones((1, 9)), [[0, 0, 1, 1, 1]]):
        lags = square_lags(3)
        lags = lags[~hidden_by(np.array(mask, dtype=bool), lags)]
        seen = np.stack(
            [np.roll(frames, (-y, -x), (1, 2))[:, 3:-3, 3:-3].ravel() for y, x in lags], axis=1
        )
        centre = frames[:, 3:-3, 3:-3].ravel()
        fit = seen @ np.linalg.lstsq(seen, centre, rcond=None)[0]
        share = 1 - np.var(centre - fit) / np.var(centre)
        assert still_copied(model.correlation(6), mask, 3) == pytest.approx(share, abs=0.01)


def test_a_covariance_that_is_not_positive_definite_gets_the_ridge_it_needs():
    noise = row_covariance([1.0, 0.9, 0.1], 8)
    assert np.linalg.eigvalsh([[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]])[0] < 0
    solved = predictor(noise, square_lags(4))
    assert solved.ridge > 1e-6
    assert 0 <= solved.explained <= 1


def test_full_width_row_noise_spans_the_line_and_short_rows_do_not():
    offsets = NoiseModel(row_offsets(), 0.97).correlation(96)
    for mask in (None, np.ones((1, 21))):
        curve = copied_curve(offsets, mask)
        assert curve.axis == "rows"
        assert curve.spans
        assert "row offsets first" in curve.sentence
    # 48 pixels beyond the hidden half of the line: hand-worked.
    assert curve.beyond == pytest.approx(48 * 0.03**2 / (1 + 47 * 0.03), abs=1e-5)
    short = copied_curve(NoiseModel(kernels()["row 7"], 0.3).correlation(96), None)
    assert short.settled
    assert not short.spans
    assert short.radii[-1] == 48


def test_a_mask_of_21_pixels_hides_row_noise_at_radius_10_but_not_at_24():
    noise = row_covariance([1.0] + [0.7] * 48, 48)
    curve = copied_curve(noise, np.ones((1, 21)), 24)
    assert curve.copied[9] == 0.0
    assert curve.copied[23] > 0.5
    assert not curve.settled


def test_too_short_a_curve_does_not_judge_the_line():
    assert not copied_curve(row_covariance([1.0] + [0.5] * 20, 20), None).spans


@pytest.mark.parametrize("axis", ["rows", "columns", "diagonals", "antidiagonals"])
def test_the_long_axis_is_that_of_the_noise(axis):
    steps = np.arange(-20, 21)
    dy, dx = {"rows": (0, 1), "columns": (1, 0), "diagonals": (1, 1)}.get(axis, (1, -1))
    noise = np.zeros((41, 41))
    noise[20 + dy * steps, 20 + dx * steps] = 0.2
    noise[20, 20] = 1
    assert long_axis(noise) == axis
    lags = field_lags(4, 9, axis)
    assert len(np.unique(lags, axis=0)) == len(lags)
    assert {(9 * dy, 9 * dx), (-9 * dy, -9 * dx)} <= {tuple(lag) for lag in lags}
    np.testing.assert_array_equal(
        np.unique(lags, axis=0), np.unique(-lags, axis=0), "a band must hold each mirror"
    )


def test_bad_arguments_are_answered_by_a_sentence():
    noise = row_covariance([1.0, 0.3], 6)
    with pytest.raises(ParameterError, match="measured up to"):
        still_copied(noise, None, 4)
    with pytest.raises(ParameterError, match="radius = 0"):
        still_copied(noise, None, 0)
    with pytest.raises(InputError, match="odd sides"):
        still_copied(noise[:-1], None, 2)
    with pytest.raises(InputError, match="half turn"):
        still_copied(np.triu(np.ones((5, 5))), None, 1)
    with pytest.raises(InputError, match="lag zero"):
        still_copied(np.zeros((5, 5)), None, 1)
    with pytest.raises(InputError, match="odd sides"):
        still_copied(noise, np.ones((2, 3)), 2)


def test_masks_come_as_masks_too():
    noise = row_covariance([1.0, 0.3], 6)
    row = np.ones((1, 3), dtype=bool)
    assert still_copied(noise, Mask(row), 3) == still_copied(noise, row, 3)


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_figures_at_radius_10_follow_a_slider(symmetric):
    noise = NoiseModel(kernels()["isotropic"], 0.3).correlation(20)
    mask = random_mask(3, 11, symmetric)
    figures(noise, mask)
    times = []
    for _ in range(9):
        # The thread's own time: what other programs take of the machine is not ours.
        start = time.thread_time()
        figures(noise, mask)
        times.append(time.thread_time() - start)
    assert min(times) < 0.02
