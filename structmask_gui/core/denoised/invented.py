"""What an output shows that is not in its raw frames: a regular pattern, or spots."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.denoised.spectra import Spectra
from structmask_gui.core.denoising.doubt import local_spread

_MORE, _PEAK, _WORTH = 3.0, 20.0, 0.01
"""Power of an output over that of its raw frames at one frequency, and over that of the output
beside it; and share of the noise's variance that is more than in the raw frames: from which a
pattern was stamped on it."""

_BESIDE, _LOWEST = 3, 2
"""Half the side of what is beside a frequency, but for its next neighbours; bins from the mean
frequency that are too coarse for a pattern."""

_SPOT, _AROUND = 1.5, 6.0
"""Widths of the Gaussians between which a spot stands out, in pixels."""

_SURELY, _FEWEST = 10.0, 3
"""Standard deviations of the noise by which a spot has more contrast in the output than in the raw
frames, and how many there have to be."""


def stamped_period(found: Spectra) -> float | None:
    """Return how often, in pixels, a pattern repeats that only the output has; None if none does.

    A network leaves such stripes or a chessboard by its strides and its padding. No denoised frame
    has more power at any frequency than its raw frame, but for chance.
    """
    from scipy.ndimage import generic_filter, uniform_filter

    side = len(found.raw)
    at = np.abs(np.fft.fftfreq(side))
    size = 2 * _BESIDE + 1
    ring = np.ones((size, size), dtype=bool)
    ring[_BESIDE - 1 : _BESIDE + 2, _BESIDE - 1 : _BESIDE + 2] = False
    beside = generic_filter(found.output, np.median, footprint=ring, mode="wrap")
    more = 9 * uniform_filter(found.output - found.raw, 3, mode="wrap") / side**2
    there = found.output > np.maximum(_MORE * found.raw, _PEAK * beside)
    there &= more > _WORTH * found.variance
    there &= np.hypot(at[:, None], at[None]) * side > _LOWEST
    if not there.any():
        return None
    y, x = np.unravel_index(int(np.argmax(np.where(there, more, -np.inf))), there.shape)
    return 1 / float(max(at[y], at[x]))


def invented_spots(raw: FloatArray, output: FloatArray, noise: FloatArray) -> int:
    """Return how many spots have clearly more contrast in the output than in the raw frames.

    ``raw``, ``output``: shape (y, x); means of the same frames.
    ``noise``: power at each frequency of the noise in the first of them, as in `Spectra`.
    """
    from scipy.ndimage import gaussian_filter, label

    def contrast(image: FloatArray) -> FloatArray:
        made: FloatArray = gaussian_filter(image, _SPOT) - gaussian_filter(image, _AROUND)
        return made

    own, shown = contrast(raw), contrast(output)
    at = np.fft.fftfreq(len(noise))
    squared = -2 * np.pi**2 * (at[:, None] ** 2 + at[None] ** 2)
    passed = np.exp(_SPOT**2 * squared) - np.exp(_AROUND**2 * squared)
    # An output that copies noise differs from the raw frames by less than that.
    least = float((noise * passed**2).mean()) ** 0.5
    more = (np.abs(shown) - np.abs(own)) / np.maximum(local_spread(own - shown), least)
    count = int(label(more > _SURELY)[1])
    return count if count >= _FEWEST else 0
