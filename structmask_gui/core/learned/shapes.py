"""Round noise of many shapes, and the power that tiles show of it."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.learned.features import SIDE, ring_means, window

_DEEPEST = 6.0
"""Logarithm of the power below that of the largest ring, beyond which a ring does not matter."""


def round_power(shapes: FloatArray) -> FloatArray:
    """Return the power of round noise of variance 1, shape (n, 64, 33).

    ``shapes``: shape (n, 5); which of the kinds, its width in pixels, how much wider its halo is,
    the halo's share and that of white noise.
    """
    side = 2 * SIDE
    squared = np.fft.fftfreq(side)[:, None] ** 2 + np.fft.rfftfreq(side) ** 2
    kind, width, wider, halo, white = (column[:, None, None] for column in shapes.T)
    scaled = (2 * np.pi * width) ** 2 * squared
    distance = np.sqrt(squared)
    blurred = np.exp(-scaled)
    wide = np.exp(-(wider**2) * scaled) * wider**2
    power = np.choose(
        kind.astype(int),
        [
            blurred,
            (1 + scaled) ** -1.5,
            (1 + scaled) ** -3,
            np.sinc(np.clip(2 * distance * width, 0, 1)) ** 2,
            (1 - halo) * blurred + halo * wide,
        ],
    )
    return np.asarray((1 - white) * power / _mean(power)[:, None, None] + white)


def _mean(power: FloatArray) -> FloatArray:
    """Return the mean over all frequencies of half planes, the variance."""
    twice = np.full(power.shape[-1], 2.0)
    twice[[0, -1]] = 1.0
    return np.asarray((power * twice).sum(axis=(-2, -1)) / (twice.sum() * power.shape[-2]))


def correlations_of(power: FloatArray) -> FloatArray:
    """Return the autocovariances of noise of some power, lag zero first; shape (n, 64, 64)."""
    return np.asarray(np.fft.irfft2(power, (2 * SIDE, 2 * SIDE)))


def log_ring_power(power: FloatArray) -> FloatArray:
    """Return the logarithm of the power that tiles show in each ring, shape (n, RINGS).

    Rings that hold next to no power count as those that do not matter.
    """
    whole = (2 * SIDE, 2 * SIDE)
    lags = np.fft.irfft2(np.abs(np.fft.rfft2(window(), whole)) ** 2, whole)
    seen = np.fft.rfft2(lags * correlations_of(power), whole).real[:, ::2, ::2]
    rings = seen.reshape(len(power), -1) @ ring_means().T
    return np.asarray(
        np.log(np.maximum(rings, np.exp(-_DEEPEST) * rings.max(axis=1, keepdims=True)))
    )
