import numpy as np
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoising.doubt import doubtful_places


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
