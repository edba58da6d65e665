"""What chance adds to "still copied", and how far the figure may be off.

The share that neighbours seem to predict, b' C^-1 b / G(0), is worked out from a covariance that
was measured, and fits its chance correlations as well: of white noise, n neighbours measured in N
independent pixels seem to predict n / N. As in every least-squares fit, what is left unpredicted is
too small by the factor 1 - n / N, whatever the noise looks like; dividing by it leaves a figure
that is right on average. N is known for each lag, because far lags have fewer pairs of pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray, LagArray
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import Predictor, at_lags, checked_covariance, reach_of

MOST_CHANCE = 0.1
"""From this share on, a measurement is small for the radius, which is then said."""

_ALL_OF_IT = 0.9
"""Chance is never taken to explain more than this: what is left would be divided by nothing."""


def known(noise: Covariance | ArrayLike) -> tuple[FloatArray, FloatArray | None]:
    """Return an autocovariance and in how many independent pixels each lag was measured.

    Raises
    ------
    InputError
        If it is no autocovariance.
    """
    if isinstance(noise, Covariance):
        return checked_covariance(noise.values, "the noise"), noise.samples
    return checked_covariance(noise, "the noise"), None


def chances(samples: FloatArray | None, lags: LagArray) -> FloatArray:
    """Return what each of some neighbours seems to predict by chance, shape (n,)."""
    if samples is None or not len(lags):
        return np.zeros(len(lags))
    result: FloatArray = 1 / np.maximum(at_lags(samples, lags), 1.0)
    return result


def chance_of(samples: FloatArray | None, visible: Predictor) -> float:
    """Return what all neighbours of a prediction together seem to predict by chance."""
    return visible.pairs * float(chances(samples, visible.lags).sum())


def less_chance(shares: Any, chance: Any) -> Any:
    """Return shares of the variance that seem predicted, less what chance has of them."""
    most = np.minimum(chance, _ALL_OF_IT)
    return np.clip((shares - most) / (1 - most), 0.0, 1.0)


def copied_by(visible: Predictor, samples: FloatArray | None) -> float:
    """Return the share of the noise variance that neighbours predict, less chance."""
    if samples is None:
        return visible.explained
    return float(less_chance(visible.explained, chance_of(samples, visible)))


def copied_error(visible: Predictor, samples: FloatArray | None) -> float:
    """Return the standard error of `copied_by`; 0 where the number of pixels is not known.

    That of a squared multiple correlation: 4 R^2 (1 - R^2)^2 / N, and 4 (1 - R^2)^2 / N^2 for each
    neighbour, both of a mirrored pair having the same covariance with the centre.
    """
    if samples is None or not len(visible.lags):
        return 0.0
    share, each = copied_by(visible, samples), chances(samples, visible.lags)
    spread = 4 * share * each.min() + 4 * visible.pairs * float((each**2).sum())
    return float((1 - share) * np.sqrt(spread))


def samples_of(correlation: FloatArray, error: FloatArray) -> FloatArray:
    """Return in how many independent pixels lags were measured whose standard error is known.

    By Bartlett, the variance of a far lag is the sum of all squared correlations over that number.
    """
    spread = error**2
    half = reach_of(correlation)
    beside = np.maximum(correlation**2 - spread, 0)
    beside[half] = 1
    result: FloatArray = beside.sum() / np.maximum(spread, 1e-12)
    return result
