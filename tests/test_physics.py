"""The simulator of `benchmarks/physics.py`: what it calls true is true."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate
from threadpoolctl import threadpool_limits

BENCHMARKS = str(Path(__file__).resolve().parents[1] / "benchmarks")
BARE = np.ones((1, 1), dtype=bool)


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    with threadpool_limits(1):
        yield
    for name in [name for name in sys.modules if name.split(".")[0] == "_physics"]:
        del sys.modules[name]


def made(camera, frames=2, side=96):
    from _physics.chains import Recipe
    from _physics.scenes import scene

    drawn = scene("tissue", "still", np.random.default_rng(3), frames, (side, side))
    return Recipe("made here", "", "tissue", "still", 40.0, 2.0, drawn, camera)


def noisy(change):
    """A camera of Gaussian noise of 10 grey levels, changed as the test asks."""

    def camera(flux, rng):
        return np.rint(100 + 10 * flux + 10 * change(rng.normal(size=flux.shape), rng))

    return camera


def test_white_noise_has_no_covariance_and_needs_no_mask():
    from _physics.truth import ARM, candidates, grey_f1, measure

    truth = measure(made(noisy(lambda noise, rng: noise)), 2.0, [1])
    rho = truth.rho.copy()
    rho[ARM, ARM] = 0
    assert np.abs(rho).max() < 0.01
    assert truth.noise.max() == pytest.approx(100, rel=0.02)
    assert truth.strength == pytest.approx(2, rel=0.03)
    assert abs(truth.fixed) < 0.01
    assert abs(truth.lasting) < 0.01
    assert grey_f1(BARE, truth.rho) == 1
    errors = truth.errors(list(candidates(truth.rho).values()))
    assert len(errors) == 40
    assert errors[0] == errors.min() < 0.5


def test_an_exponential_detector_with_fixed_columns():
    from _physics.cameras import exponential
    from _physics.truth import ARM, grey_f1, measure

    def change(noise, rng):
        columns = rng.normal(size=noise.shape[2])
        return exponential(noise, 1.5) / np.sqrt((1 - keep) / (1 + keep)) + columns

    keep = np.exp(-1 / 1.5)
    truth = measure(made(noisy(change), frames=8), 2.0, [2])
    along = truth.rho[ARM, ARM + 1 : ARM + 6]
    assert along == pytest.approx(keep ** np.arange(1, 6) / 2, abs=0.03)
    assert truth.rho[ARM + 1 : ARM + 6, ARM] == pytest.approx(0.5, abs=0.03)
    assert truth.fixed == pytest.approx(0.5, abs=0.03)
    cross = np.zeros((21, 21), dtype=bool)
    cross[:, 10] = True
    cross[10, 8:13] = True
    assert grey_f1(cross, truth.rho) > 0.95
    assert grey_f1(cross.T, truth.rho) < 0.6


@pytest.mark.slow
def test_errors_are_those_of_predicting_fresh_acquisitions():
    from _physics.cameras import exponential
    from _physics.truth import ARM, measure

    recipe = made(noisy(lambda noise, rng: 2 * exponential(noise, 1.2)))
    truth = measure(recipe, 2.0, [3])
    fresh = np.stack([recipe.acquire(2.0, np.random.default_rng([4, n])) for n in range(12)])
    clean = 100 + 10 * (recipe.background + 2.0 * recipe.scene)
    middle = (slice(None), slice(ARM, -ARM), slice(ARM, -ARM))
    for mask in (BARE, np.ones((1, 5), dtype=bool), np.ones((5, 1), dtype=bool)):
        kernel = truth.weights(mask)
        residuals = []
        for stack in fresh:
            centred = stack - clean.mean()
            found = np.stack([correlate(frame, kernel, mode="reflect") for frame in centred])
            residuals.append((found - (clean - clean.mean()))[middle])
        mine = np.mean(np.square(residuals)) / truth.noise.max()
        assert mine == pytest.approx(truth.errors([mask])[0], rel=0.1)


def test_recipes_repeat_and_the_parts_differ():
    from _physics.chains import recipe

    one, same, other = (recipe(part, "point scanning", 0) for part in ("tune", "tune", "record"))
    assert np.array_equal(one.scene, same.scene)
    first, again = (made.acquire(5, np.random.default_rng(1)) for made in (one, same))
    assert np.array_equal(first, again)
    assert one.background != other.background
