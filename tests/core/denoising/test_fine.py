import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.fine import MARGIN, Fine
from structmask_gui.core.simulation import NoiseModel, kernels, simulate


def grain(shape=(80, 90)):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def spot(shape, y, x, sd):
    image = np.zeros(shape)
    image[y, x] = 2 * np.pi * sd**2
    return gaussian_filter(image, sd)


def test_grain_and_single_pixels_are_taken_out_and_a_spot_is_kept():
    noise = grain()
    image = noise.copy()
    image[20, 20] += 8
    image += (40 * spot(noise.shape, 50, 60, 1.0)).astype(np.float32)
    result = Fine([image])(image)
    left = np.diff(result[:40, 40:], axis=1).std() / np.diff(noise[:40, 40:], axis=1).std()
    assert left < 0.6
    assert result[20, 20] < 0.75 * image[20, 20]
    assert result[50, 60] > 0.97 * image[50, 60]


def test_structure_that_is_everywhere_is_kept_where_it_is_strongest():
    y, x = np.mgrid[:80, :90]
    image = (10 * np.sin(y / 9) ** 8 * np.sign(np.sin(1.5 * x))).astype(np.float32)
    result = Fine([image])(image)
    strong = np.abs(image) > 9
    np.testing.assert_allclose(result[strong], image[strong], rtol=0.05)


def test_an_even_image_stays_as_it_is():
    even = np.full((30, 30), 3, np.float32)
    np.testing.assert_array_equal(Fine([even])(even), even)


def test_nothing_beyond_the_margin_is_looked_at():
    image = grain()
    taken = Fine([image])
    part = taken(image[20:60, 10:80].copy())
    inner = (slice(MARGIN, -MARGIN),) * 2
    np.testing.assert_allclose(part[inner], taken(image)[20:60, 10:80][inner], atol=1e-5)


@pytest.mark.slow
def test_a_denoised_background_has_less_grain_than_its_prediction(monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 5)
    monkeypatch.setattr(denoiser, "_ROUND", 60)
    shape = (128, 136)
    clean = sum(20 * spot(shape, y, x, 1.5) for y, x in ((20, 30), (70, 100), (100, 40)))
    noise = simulate(NoiseModel(kernels()["row 7"], 0.3), shape, n_frames=3)
    made = Denoiser((clean + noise + 100).astype(np.float32), np.ones((1, 13)))
    made.fit()
    background = (slice(None), slice(110, None))

    def grain():
        image = made.predict(1)[background]
        return (image - gaussian_filter(image, 1)).std()

    left, peak = grain(), made.predict(1)[70, 100]
    made._fine = lambda image: image
    assert left < 0.8 * grain()
    assert peak - 100 > 0.95 * (made.predict(1)[70, 100] - 100)
