"""Frames made ready for drawing: contrast, and no more pixels than the screen can show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SAMPLE = 200_000

CLIPPED = 0.35
"""Per cent of the pixels that the automatic contrast lets go black, and white."""


def percentile_levels(image: NDArray[np.generic], clipped: float = CLIPPED) -> tuple[float, float]:
    """Return the values to draw black and white: percentiles of some 200,000 finite pixels.

    Fill far below the image, as around a round field, would leave no contrast to it; nor would hot
    and dead pixels, a scale bar or saturated pixels far above it.
    """
    step = max(1, int(np.sqrt(image.size / _SAMPLE)))
    values = np.asarray(image[::step, ::step], dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = _percentiles(values, clipped)
    low, high = _nearer(low, high, _without_lone(image, step), clipped)
    above = values[values > values.min()]
    if low == values.min() and len(above):
        darkest, brightest = _percentiles(above, clipped)
        if darkest - low > brightest - darkest > 0:
            low, high = darkest, brightest
    if high == values.max():
        low, high = _nearer(low, high, values[(values >= low) & (values < high)], clipped)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _nearer(
    low: float, high: float, values: NDArray[np.float64], clipped: float
) -> tuple[float, float]:
    """Return levels, each that of values instead if it is further from them than they reach."""
    if not len(values):
        return low, high
    darkest, brightest = _percentiles(values, clipped)
    reach = brightest - darkest
    return (
        darkest if darkest - low > reach > 0 else low,
        brightest if high - brightest > reach > 0 else high,
    )


def _without_lone(image: NDArray[np.generic], step: int) -> NDArray[np.float64]:
    """Return the median of every step-th pixel and those left and right of it."""
    across = np.arange(1, image.shape[1] - 1, step)
    left, own, right = (
        np.asarray(image[::step][:, across + by], dtype=np.float64) for by in (-1, 0, 1)
    )
    middle = np.maximum(np.minimum(left, own), np.minimum(np.maximum(left, own), right))
    return middle[np.isfinite(middle)]


def _percentiles(values: NDArray[np.float64], clipped: float) -> tuple[float, float]:
    low, high = np.percentile(values, (clipped, 100 - clipped))
    return float(low), float(high)


def thinned(image: NDArray[np.generic], factor: int) -> NDArray[np.generic]:
    """Return every ``factor``-th pixel in both directions, each the mean of 2 x 2 near it.

    A mean of few pixels is fast at any size and hides less of the noise than one of all.
    """
    if factor <= 1:
        return image
    height, width = (side // factor * factor for side in image.shape)
    # One even and one odd offset, so that stripes two pixels apart do not turn into plain areas.
    offsets = (0, factor // 2 | 1)
    total = np.zeros((height // factor, width // factor), dtype=np.float32)
    for y in offsets:
        for x in offsets:
            total += image[y:height:factor, x:width:factor]
    return total / np.float32(len(offsets) ** 2)
