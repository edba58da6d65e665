import numpy as np
import pytest
from scipy.fft import fft2, fftfreq
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.band import RADIUS, LowPass, kept_shares, places
from structmask_gui.core.denoising.denoiser import Denoiser

BINS = 21


def low_pass(bins):
    return LowPass(np.array([1.0] * bins + [0.0] * (BINS - bins)))


def wave(frequency, side=96):
    return np.cos(2 * np.pi * frequency * np.arange(side))[None].repeat(side, 0).astype(np.float32)


def test_low_frequencies_pass_and_high_ones_do_not():
    kept = low_pass(8)  # up to 0.2 cycles a pixel
    np.testing.assert_allclose(kept(np.full((40, 50), 7, np.float32)), 7, rtol=1e-5)
    inner = (slice(RADIUS, -RADIUS),) * 2
    for frequency, share in ((0.05, 1), (0.12, 1), (0.3, 0), (0.45, 0)):
        np.testing.assert_allclose(
            kept(wave(frequency))[inner], share * wave(frequency)[inner], atol=0.03
        )


def test_an_edge_does_not_ring():
    step = np.zeros((64, 64), np.float32)
    step[:, 32:] = 1
    filtered = low_pass(8)(step)
    assert filtered.min() > -0.1
    assert filtered.max() < 1.1
    np.testing.assert_allclose(filtered[:, :20], 0, atol=0.02)


def test_only_what_is_right_is_kept():
    draw = np.random.default_rng(1)
    structure = gaussian_filter(draw.normal(size=(148, 148)), 3) * 30
    noisy = (structure + draw.normal(size=structure.shape)).astype(np.float32)

    def answer(_, padded):
        inside = padded[10:-10, 10:-10]
        # The structure, and the fast part of the noise in another place.
        slow = gaussian_filter(inside, 1.5)
        return np.zeros_like(inside), slow + 0.3 * np.roll(inside - slow, 3, 1)

    blocks = [(block, noisy) for block in places([0], (128, 128), 0)]
    shares = kept_shares(blocks, answer, 0)
    assert (shares[:3] == 1).all()
    assert (np.diff(shares) <= 0).all()
    assert shares[12:].max() == 0
    # Where nothing that is added is right, none of it is kept.
    assert not kept_shares(blocks, lambda _, p: (p[10:-10, 10:-10], 0 * p[10:-10, 10:-10]), 0).any()


def beyond(image):
    radius = np.hypot(fftfreq(image.shape[0])[:, None], fftfreq(image.shape[1])[None, :])
    power = np.abs(fft2(image * np.outer(*(np.hanning(n) for n in image.shape)))) ** 2
    return power[radius > 0.35].mean()


@pytest.mark.slow
@pytest.mark.parametrize("n_frames", [1, 3])
def test_beyond_the_band_of_the_structure_nothing_is_added(n_frames, monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 5)
    monkeypatch.setattr(denoiser, "_ROUND", 60)
    draw = np.random.default_rng(4)
    clean = gaussian_filter((draw.random((144, 136)) < 0.01).astype(float), 2.5)
    clean *= 2 / clean.std()
    noisy = clean + draw.normal(size=(n_frames, *clean.shape))
    made = Denoiser(noisy.astype(np.float32), None)
    made.fit()
    assert made.stage.added > 0
    frames = range(n_frames)

    def over():
        return max(beyond(made.predict(i) - clean) / beyond(made.linear(i) - clean) for i in frames)

    def error():
        return np.mean([np.mean((made.predict(i) - clean) ** 2) for i in frames])

    # What is left of the grain is not asked about here.
    made._fine = lambda image: image
    kept = over(), error()
    made._band = None
    assert kept[0] < 1.02 < over()
    assert kept[1] < error()
