"""The band of frequencies in which the perceptrons' correction is structure, and its filter.

A correction fitted to noisy pixels adds some noise at every frequency, even where the optics pass
no structure. How much of it is structure is measured in frames whose structure is known: denoised
frames are taken as the truth, noise like theirs is added, and their correction is compared with the
right one. Frequencies at which the two do not agree are not corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from structmask_gui.core.arrays import Float32Array, FloatArray
from structmask_gui.core.denoising.features import REACH
from structmask_gui.core.denoising.folds import Block
from structmask_gui.core.threads import in_threads

RADIUS = 8
"""Reach of the filter."""
_BINS = 20
"""Bins of the radial frequency, up to half a cycle per pixel; one more holds the corners."""
_NONE, _ALL = 0.2, 0.8
"""Agreement, over that at the lowest frequency, at which nothing and all of it is kept."""
_DRAWS = 8
"""Blocks that are compared."""
_SIDE = 256
"""Their largest side."""


def places(frames: Sequence[int], shape: tuple[int, int], seed: int) -> Iterator[Block]:
    """Yield the blocks to compare, at random places of frames, by their numbers, evenly spaced."""
    draw = np.random.default_rng((seed, 2))
    height, width = (min(side, _SIDE) for side in shape)
    for index in np.linspace(0, len(frames) - 1, _DRAWS).round().astype(int):
        y0 = int(draw.integers(shape[0] - height + 1))
        x0 = int(draw.integers(shape[1] - width + 1))
        yield Block(frames[index], y0, y0 + height, x0, x0 + width)


def kept_shares(
    blocks: Sequence[tuple[Block, Float32Array]],
    answer: Callable[[Block, Float32Array], tuple[Float32Array, Float32Array]],
    seed: int,
) -> FloatArray:
    """Return the share of the correction to keep, by radial frequency.

    1 at the lowest frequency, or 0 at all of them if nothing agrees.

    Parameters
    ----------
    blocks : sequence of (Block, float32 array)
        From `places`, each with its pixels and REACH more on every side.
    answer : callable
        Returns the linear prediction of such a block, and the correction that is added to it.
    seed : int
    """

    def work(item: tuple[int, tuple[Block, Float32Array]]) -> FloatArray:
        number, (block, padded) = item
        draw = np.random.default_rng((seed, 3, number))
        linear, added = answer(block, padded)
        structure = linear + added
        noise = padded[REACH:-REACH, REACH:-REACH] - structure
        # Shifted, the noise is independent of the structure at its new place.
        by = [int(draw.integers(side // 4, side - side // 4)) for side in noise.shape]
        moved = np.roll(-noise if number % 2 else noise, by, (0, 1))
        linear, added = answer(block, np.pad(structure + moved, REACH, mode="symmetric"))
        return _spectra(structure - linear, added)

    return _shares(np.sum(list(in_threads(work, enumerate(blocks))), axis=0))


def _shares(spectra: FloatArray) -> FloatArray:
    """Return the shares from (2, bins): cross-spectrum with the truth, power of the correction."""
    edged = np.pad(spectra, ((0, 0), (1, 1)), mode="edge")
    agreed, power = edged[:, :-2] + 2 * edged[:, 1:-1] + edged[:, 2:]
    agreed = agreed / np.maximum(power, 1e-30)
    # A band has no gaps: keep at least as much as at any higher frequency.
    limit = np.maximum.accumulate(agreed[::-1])[::-1]
    if limit[0] <= 0:
        return np.zeros_like(limit)
    shares: FloatArray = np.clip((limit / limit[0] - _NONE) / (_ALL - _NONE), 0, 1)
    return shares


def _radius(shape: tuple[int, int]) -> FloatArray:
    """Return the radial frequency, in cycles per pixel, of each element of a real transform."""
    from scipy.fft import fftfreq, rfftfreq

    radius: FloatArray = np.hypot(fftfreq(shape[0])[:, np.newaxis], rfftfreq(shape[1]))
    return radius


def _spectra(left: Float32Array, added: Float32Array) -> FloatArray:
    """Return (2, bins): cross-spectrum of the right correction with that made, and its power."""
    from scipy.fft import rfft2

    window = np.outer(*(np.hanning(side) for side in left.shape)).astype(np.float32)
    first, second = rfft2(left * window), rfft2(added * window)
    bins = np.minimum((_radius(left.shape) * 2 * _BINS).astype(int), _BINS).ravel()
    values = (first * second.conj()).real, np.abs(second) ** 2
    return np.stack([np.bincount(bins, part.ravel(), _BINS + 1) for part in values])


class LowPass:
    """Keeps a share of each radial frequency of an image, 1 at the lowest."""

    def __init__(self, shares: FloatArray) -> None:
        from scipy.fft import irfft2

        side = 8 * RADIUS
        at = np.append((np.arange(_BINS) + 0.5) / (2 * _BINS), np.sqrt(0.5))
        gain = np.interp(_radius((side, side)), at, shares)
        middle = np.roll(irfft2(gain, (side, side)), (RADIUS, RADIUS), (0, 1))
        kernel = middle[: 2 * RADIUS + 1, : 2 * RADIUS + 1]
        # Tapered, for a kernel that is cut off rings.
        y, x = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
        kernel = kernel * np.cos(np.minimum(np.hypot(y, x) / (RADIUS + 1), 1) * np.pi / 2) ** 2
        self.kernel = kernel / kernel.sum()

    def __call__(self, image: Float32Array) -> Float32Array:
        """Return an image filtered; it is mirrored at its borders."""
        from scipy.signal import oaconvolve

        padded = np.pad(image, RADIUS, mode="symmetric")
        result: Float32Array = oaconvolve(padded, self.kernel.astype(np.float32), mode="valid")
        return result
