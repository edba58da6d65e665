"""Where an output comes from: whether from these raw frames, and whether by more than a filter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.correlation.autocorrelation import lag_products
from structmask_gui.core.denoised.spectra import Spectra
from structmask_gui.core.quality.covariance import Covariance

_SEEN = 0.5
"""Power of structure over that of noise from which a sound output shows the structure."""

_SHOWN = 0.01
"""Power of the output over that of the structure below which it was blurred away."""

_FEWEST = 6
"""Frequencies that a comparison needs."""

_WORTH = 0.01
"""Structure there, over all of the noise, that a comparison needs: where the noise has next to no
power, whatever else is there exceeds it."""

_OTHER = 0.2
"""Mean coherence of raw frames and output, over frequencies at which a sound output has at least
0.3 and the result of another stack about 0.02, below which they show different things."""

_THE_SAME = 0.01
"""Share of the noise that a filter leaves, by which an output may differ from what it gives."""

_ROUNDED = 1 / 12
"""Variance that rounding to whole numbers adds."""

_NARROWEST = 0.3
"""The narrowest standard deviation of a Gaussian filter that is tried, in pixels."""

_RADII = (1, 2, 3, 4, 5)
"""Radii of the mean and median filters that are tried."""

_SIDE = 192
"""Height and width of the part that is filtered; a quarter at every side is for its edges."""

_SMALLEST = 32


def agreement(found: Spectra) -> float | None:
    """Return how well an output agrees with its raw frames where these clearly show structure.

    The mean over such frequencies, weighted by their structure, of the coherence of both: 1 for
    any filter of the raw frames, about 0 for another picture; None where too little structure is
    seen. The phase does not count: the best prediction with a large mask turns some frequencies
    round.
    """
    used = found.structure > _SEEN * found.noise
    used &= found.output > _SHOWN * found.structure
    used.flat[0] = False
    if int(used.sum()) < _FEWEST:
        return None
    if float(found.structure[used].sum()) < _WORTH * float(found.noise.sum()):
        return None
    coherence = np.abs(found.cross[used]) ** 2 / (found.raw[used] * found.output[used])
    return float(np.average(coherence, weights=found.structure[used]))


def of_others(found: Spectra) -> bool:
    """Whether an output shows something else than the raw frames."""
    value = agreement(found)
    return value is not None and value < _OTHER


def filter_of(raw: FloatArray, output: FloatArray, noise: Covariance) -> str:
    """Return the plain filter that makes an output of a raw frame, in words; empty if none does.

    A network that cannot see a pixel gives another output than a filter that can, even where both
    are smooth: they differ by a large part of the noise that the filter leaves.
    """
    raw, output = (_part(values) for values in (raw, output))
    margin = min(raw.shape) // 4
    if min(raw.shape) < _SMALLEST or not np.isfinite(raw + output).all():
        return ""
    inner = np.s_[margin:-margin, margin:-margin]
    rounded = 1.5 * _ROUNDED if bool((output == np.round(output)).all()) else 0.0
    for words, made, weights in _filters(raw, output, inner):
        left = _left(weights, noise)
        allowed = _THE_SAME * left + rounded
        # Where rounding is all that one would see, nothing is said.
        if allowed < left / 2 and float(np.mean((output - made)[inner] ** 2)) < allowed:
            return words
    return ""


def _part(values: FloatArray) -> FloatArray:
    """Return the middle."""
    y, x = (max(0, (n - _SIDE) // 2) for n in values.shape)
    return values[y : y + _SIDE, x : x + _SIDE].astype(np.float64)


def _filters(
    raw: FloatArray, output: FloatArray, inner: tuple[slice, slice]
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Yield filters in words, the raw frame filtered, and the filter's weights.

    The Gaussian that fits best, then means and medians over the discs that Fiji takes, and over
    squares. Of a median the weights are those of the mean, which leaves about as much.
    """
    from scipy.ndimage import convolve, gaussian_filter, median_filter
    from scipy.optimize import minimize_scalar

    def error(width: float) -> float:
        return float(np.mean((output - gaussian_filter(raw, width))[inner] ** 2))

    widths = np.geomspace(_NARROWEST, min(raw.shape) / 12, 12)
    best = int(np.argmin([error(width) for width in widths]))
    bounds = widths[max(0, best - 1)], widths[min(len(widths) - 1, best + 1)]
    width = float(minimize_scalar(error, bounds=bounds, method="bounded").x)
    point = np.zeros(tuple(2 * (n // 4) + 1 for n in raw.shape))
    point[point.shape[0] // 2, point.shape[1] // 2] = 1.0
    yield (
        f"a Gaussian blur of sigma {width:.1f} px",
        gaussian_filter(raw, width),
        gaussian_filter(point, width),
    )
    for radius in _RADII:
        dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        disc = dy**2 + dx**2 <= radius**2 + 1
        for shape in (disc, np.ones_like(disc)) if radius > 1 else (disc,):
            weights = shape / shape.sum()
            yield f"a mean over {shape.sum()} pixels", convolve(raw, weights), weights
            yield (
                f"a median over {shape.sum()} pixels",
                median_filter(raw, footprint=shape),
                weights,
            )


def _left(weights: FloatArray, noise: Covariance) -> float:
    """Return the variance that a sum with these weights leaves of noise."""
    reach = tuple(
        min(n - 1, m // 2) for n, m in zip(weights.shape, noise.values.shape, strict=True)
    )
    own = lag_products(weights, reach)
    middle = tuple(m // 2 for m in noise.values.shape)
    place = tuple(slice(m - r, m + r + 1) for m, r in zip(middle, reach, strict=True))
    return float((own * noise.values[place]).sum())
