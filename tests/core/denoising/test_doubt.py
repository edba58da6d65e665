import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.doubt import doubted, doubtful_places


def test_a_lost_spot_is_doubted_and_noise_is_not():
    rng = np.random.default_rng(0)
    brightness = np.linspace(1, 4, 150)[:, None]
    raw = 100 + brightness * rng.normal(size=(150, 131))
    denoised = np.full(raw.shape, 100.0)
    assert doubtful_places(raw, denoised).mean() < 1e-3
    spot = np.zeros(raw.shape)
    spot[70, 60] = 250
    raw += gaussian_filter(spot, 1.5)
    raw[3, 3] = np.nan
    doubted = doubtful_places(raw, denoised)
    assert doubted[70, 60]
    assert not doubted[3, 3]
    assert doubted.sum() < 80
    # A spot that was kept is none.
    assert not doubtful_places(raw, denoised + gaussian_filter(spot, 1.5))[66:75, 56:65].any()


def test_where_two_halves_of_the_data_disagree_is_doubted():
    rng = np.random.default_rng(0)
    raw = 100 + rng.normal(size=(96, 110))
    denoised = np.full(raw.shape, 100.0)
    halves = np.full((2, *raw.shape), 100.0)
    halves[:, :, 60:] += np.array([0.1, -0.1])[:, None, None]
    assert not doubtful_places(raw, denoised, tuple(halves)).any()
    halves[0, 30:40, 30:40] += 1
    found = doubtful_places(raw, denoised, tuple(halves))
    assert found[32:38, 32:38].all()
    assert found.sum() < 200


@pytest.mark.slow
def test_the_halves_are_what_was_fitted_to_each(monkeypatch):
    from structmask_gui.core.denoising import denoiser

    monkeypatch.setattr(denoiser, "_ROUNDS", 3)
    monkeypatch.setattr(denoiser, "_ROUND", 40)
    rng = np.random.default_rng(0)
    clean = np.zeros((96, 104))
    clean[rng.integers(0, 88, 25), rng.integers(0, 96, 25)] = 200
    clean = gaussian_filter(clean, 2)
    made = Denoiser((clean + rng.normal(size=(2, 96, 104))).astype(np.float32), None)
    made.fit()
    assert made.stage.added > 0
    # Even frames are predicted by what was fitted to odd ones.
    np.testing.assert_array_equal(made.by_half(1, 0), made.predict(0))
    np.testing.assert_array_equal(made.by_half(0, 1), made.predict(1))
    assert np.abs(made.by_half(0, 0) - made.predict(0)).max() > 1e-3
    halves = made.by_half(0, 0), made.by_half(1, 0)
    expected = doubtful_places(made.frames.read(0), made.predict(0), halves)
    np.testing.assert_array_equal(doubted(made, 0), expected)
