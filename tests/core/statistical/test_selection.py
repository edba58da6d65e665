"""Correlation per lag, its error, and which lags are kept."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from structmask_gui.core.correlation.autocorrelation import LagKernel
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.correlation.lags import LagEstimate, LagPool, bartlett
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.simulation import NoiseModel, kernels, row_offsets, simulate
from structmask_gui.core.statistical.selection import benjamini_hochberg, select_lags

REACH = 10


def pooled(frames, side=64, reach=REACH, step=1000):
    surface = Surface((side, side), 0)
    kernel = LagKernel((side, side), (reach, reach))
    pool = LagPool(surface, reach)
    count, height, width = frames.shape
    places = np.array(
        [
            (f, y, x)
            for f in range(count)
            for y in range(0, height - side + 1, side)
            for x in range(0, width - side + 1, side)
        ]
    )
    patches = np.stack([frames[f, y : y + side, x : x + side] for f, y, x in places])
    for start in range(0, len(patches), step):
        part = slice(start, start + step)
        half = kernel.half_plane(surface.remove_from(patches[part]))
        pool.add_products(pool.products(half), places[part])
    return pool.estimate()


def f1(mask, truth):
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


@pytest.mark.parametrize("name", list(kernels()))
def test_pure_noise_gives_nearly_the_true_mask(name):
    model = NoiseModel(kernels()[name], 0.3, sigma=7.0)
    estimate = pooled(simulate(model, (64, 64), n_frames=60, seed=2))
    kept = select_lags(estimate, Parameters()).kept
    assert f1(kept, model.true_mask(REACH)) > 0.9
    assert estimate.variance == pytest.approx(49.0, rel=0.15)
    assert kept[REACH, REACH]
    assert np.array_equal(kept, kept[::-1, ::-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "size", "frames"),
    [
        (kernels()["white"], (640, 640), 1),
        (kernels()["row 7"], (640, 640), 1),
        (kernels()["isotropic"], (320, 320), 4),
        (row_offsets(), (640, 640), 1),
    ],
    ids=["white", "row 7", "isotropic", "row offsets"],
)
def test_intervals_hold_the_truth(kernel, size, frames):
    model = NoiseModel(kernel, 0.3)
    truth = model.correlation(REACH)
    half = np.arange(truth.size).reshape(truth.shape) > truth.size // 2
    held = []
    for seed in range(12):
        found = pooled(simulate(model, size, n_frames=frames, seed=seed))
        width = stdtrit(found.degrees, 0.975) * found.standard_error
        held.append((np.abs(found.rho - truth) <= width)[half].mean())
    # Twelve simulations of 220 lags that go together: wide of 95 %, far from what fails.
    assert 0.86 <= np.mean(held) <= 0.995


def test_lines_across_all_tiles_make_errors_larger():
    own = pooled(simulate(NoiseModel(kernels()["white"]), (640, 640), seed=1))
    shared = pooled(simulate(NoiseModel(row_offsets(), 0.3), (640, 640), seed=1))
    assert own.inflation < 2
    assert shared.inflation > 5
    # Ten rows of tiles, not a hundred patches, tell the error.
    assert shared.degrees[REACH, REACH + 5] < 15
    assert own.degrees[REACH, REACH + 5] > 50


def test_order_of_chunks_does_not_matter():
    frames = simulate(NoiseModel(kernels()["cross"]), (192, 192), n_frames=3, seed=4)
    whole, parts = pooled(frames), pooled(frames, step=7)
    assert np.allclose(whole.rho, parts.rho)
    assert np.allclose(whole.standard_error, parts.standard_error)


def test_bartlett_is_one_for_white_noise_and_matches_simulation():
    rho = np.zeros((9, 9))
    rho[4, 4] = 1
    white = bartlett(rho)
    assert white[4, 4] == pytest.approx(0)
    assert white[4, 6] == pytest.approx(1)
    model = NoiseModel(kernels()["row 5"], 0.3)
    shape = bartlett(model.correlation(6))
    estimates = [pooled(simulate(model, (128, 128), seed=seed), reach=6).rho for seed in range(150)]
    spread = np.var(estimates, axis=0) * 128 * 128
    ratio = spread / np.maximum(shape, 1e-9)
    assert ratio[6, 7:].mean() == pytest.approx(1.0, abs=0.25)
    assert ratio[:6].mean() == pytest.approx(1.0, abs=0.2)


def test_benjamini_hochberg_by_hand():
    q = benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5]))
    assert q == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def estimate_of(rho, error):
    return LagEstimate(rho, error, np.full(rho.shape, 50.0), 1.0, 50, 10)


def test_neighbours_need_less_proof_than_pixels_far_apart():
    rho, error = np.zeros((21, 21)), np.full((21, 21), 0.05)
    rho[10, 10], error[10, 10] = 1.0, 0.0
    # As few clusters as a frame of 128 x 128 has.
    estimate = replace(estimate_of(rho, error), degrees=np.full(rho.shape, 5.0))
    for away, found in ((1, True), (10, False)):
        rho[:] = 0.0
        rho[10, 10] = 1.0
        rho[10, 10 + away] = rho[10, 10 - away] = 0.5
        assert select_lags(estimate, Parameters()).kept[10, 10 + away] == found


def test_false_discoveries_are_as_rare_as_asked_for():
    random = np.random.default_rng(3)
    error = np.full((21, 21), 0.05)
    error[10, 10] = 0.0
    some = 0
    for _ in range(1000):
        half = random.normal(0, 0.05, 220)
        rho = np.concatenate([half, [1.0], half[::-1]]).reshape(21, 21)
        estimate = replace(estimate_of(rho, error), degrees=np.full(rho.shape, 1e6))
        some += int(select_lags(estimate, Parameters(q=0.05)).significant.sum() > 1)
    assert 0.03 < some / 1000 < 0.07


def test_selection_needs_both_proof_and_size():
    rho, error = np.zeros((5, 5)), np.full((5, 5), 0.01)
    rho[2, 2], error[2, 2] = 1.0, 0.0
    rho[2, 3] = rho[2, 1] = 0.2
    rho[1, 2] = rho[3, 2] = -0.1
    rho[2, 4] = rho[2, 0] = 0.04  # proven, but small
    rho[0, 2] = rho[4, 2] = 0.3
    error[0, 2] = error[4, 2] = 0.2  # large, but not proven
    selection = select_lags(estimate_of(rho, error), Parameters())
    assert np.argwhere(selection.kept).tolist() == [[1, 2], [2, 1], [2, 2], [2, 3], [3, 2]]
    assert selection.significant[2, 4]
    assert not selection.large[2, 4]
    assert selection.large[0, 2]
    assert not selection.significant[0, 2]
    limited = select_lags(estimate_of(rho, error), Parameters(max_pixels=4))
    assert np.argwhere(limited.kept).tolist() == [[2, 1], [2, 2], [2, 3]]
    assert limited.dropped_by_limit == 2
    lower = select_lags(estimate_of(rho, error), Parameters(rho_min=0.03))
    assert lower.kept[2, 4]


def test_largest_lag_can_be_lowered_afterwards():
    rho, error = np.full((9, 9), 0.5), np.full((9, 9), 0.01)
    assert select_lags(estimate_of(rho, error), Parameters(max_lag=2)).kept.shape == (5, 5)
    assert select_lags(estimate_of(rho, error), Parameters(max_lag=50)).kept.shape == (9, 9)


def test_a_pool_of_some_patches_takes_what_lines_share_from_the_pool_of_all():
    rng = np.random.default_rng(7)
    kernel, surface = LagKernel((64, 64), (10, 10)), Surface((64, 64), 0)
    frames = rng.normal(size=(6, 256, 256)) + rng.normal(size=(6, 256, 1))
    whole, part, blind = (LagPool(surface, 10, clusters=more) for more in (True, False, False))
    for number, frame in enumerate(frames):
        patches = frame.reshape(4, 64, 4, 64).swapaxes(1, 2).reshape(-1, 64, 64)
        y, x = np.divmod(np.arange(16), 4)
        places = np.stack([np.full(16, number), 64 * y, 64 * x], axis=1)
        half = kernel.half_plane(surface.remove_from(patches.astype(np.float32)))
        products = whole.products(half)
        whole.add_products(products, places)
        for pool in (part, blind):
            pool.add_products(products[::2], places[::2])
    of_all = whole.estimate()
    assert of_all.inflation > 1.5
    own, like = blind.estimate(), part.estimate(whole)
    assert own.inflation == 1.0
    assert like.inflation == of_all.inflation
    assert np.array_equal(own.rho, like.rho)
    # Lags along the row, where the lines are.
    row = slice(11, 21)
    assert (like.standard_error[10, row] > 1.2 * own.standard_error[10, row]).all()
