"""Small-sample bias of the copied-noise figure, and its standard error.

The share that neighbours seem to predict, b' C^-1 b / G(0), follows from a measured covariance, and
fits its chance correlations as well: of white noise, n neighbours measured in N independent pixels
seem to predict n / N. As in every least-squares fit, the unpredicted rest is too small by the
factor 1 - n / N, whatever the noise; dividing by it leaves a figure that is right on average. N
differs by lag, because far lags have fewer pairs of pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray, LagArray
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import Predictor, at_lags, checked_covariance, reach_of

LARGE_BIAS = 0.1
"""From this share on, the user is told that the measurement is small for the radius."""

_LARGEST_BIAS = 0.9
"""The bias is never assumed to be larger, which would divide what is left by almost nothing."""


def with_samples(noise: Covariance | ArrayLike) -> tuple[FloatArray, FloatArray | None]:
    """Return an autocovariance, checked, and the number of independent pixels of each lag."""
    if isinstance(noise, Covariance):
        return checked_covariance(noise.values, "the noise"), noise.samples
    return checked_covariance(noise, "the noise"), None


def bias_per_lag(samples: FloatArray | None, lags: LagArray) -> FloatArray:
    """Return what each neighbour seems to predict by chance, shape (n,)."""
    if samples is None or not len(lags):
        return np.zeros(len(lags))
    result: FloatArray = 1 / np.maximum(at_lags(samples, lags), 1.0)
    return result


def bias_of(samples: FloatArray | None, visible: Predictor) -> float:
    """Return what all neighbours of a prediction together seem to predict by chance."""
    return visible.pairs * float(bias_per_lag(samples, visible.lags).sum())


def without_bias(shares: Any, bias: Any) -> Any:
    """Return shares of the variance that seem predicted, corrected for the bias."""
    most = np.minimum(bias, _LARGEST_BIAS)
    return np.clip((shares - most) / (1 - most), 0.0, 1.0)


def copied_by(visible: Predictor, samples: FloatArray | None) -> float:
    """Return the share of the noise variance that neighbours predict, corrected for the bias."""
    if samples is None:
        return visible.explained
    return float(without_bias(visible.explained, bias_of(samples, visible)))


def copied_error(visible: Predictor, samples: FloatArray | None) -> float:
    """Return the standard error of `copied_by`; 0 where the number of pixels is not known.

    That of a squared multiple correlation: 4 R^2 (1 - R^2)^2 / N, and 4 (1 - R^2)^2 / N^2 for each
    neighbour, both of a mirrored pair having the same covariance with the centre.
    """
    if samples is None or not len(visible.lags):
        return 0.0
    share, each = copied_by(visible, samples), bias_per_lag(samples, visible.lags)
    spread = 4 * share * each.min() + 4 * visible.pairs * float((each**2).sum())
    return float((1 - share) * np.sqrt(spread))


def samples_of(correlation: FloatArray, error: FloatArray) -> FloatArray:
    """Return the number of independent pixels of each lag from its standard error.

    By Bartlett, the variance of a far lag is the sum of all squared correlations over that number.
    """
    spread = error**2
    half = reach_of(correlation)
    beside = np.maximum(correlation**2 - spread, 0)
    beside[half] = 1
    result: FloatArray = beside.sum() / np.maximum(spread, 1e-12)
    return result
