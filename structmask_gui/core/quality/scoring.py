"""Errors of many masks: what masks have in common is computed once, and each noise is an array.

The weights of a prediction follow from the frames as they are, and so does what it leaves of them.
Only then does the noise come in, so one mask is judged quickly by several readings of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.error import EstimatedError
from structmask_gui.core.quality.prediction import (
    at_lags,
    checked_covariance,
    cholesky,
    folded_covariances,
    hidden_by,
    mirrored_half,
    predictor,
    square_lags,
    variance_of,
)
from structmask_gui.core.quality.small_sample import bias_per_lag, without_bias
from structmask_gui.core.quality.still_scene import StillScene


@dataclass(frozen=True, eq=False)
class Prediction:
    """The best linear prediction that a mask leaves."""

    weights: FloatArray
    """Shape (n,); of one lag of each mirrored pair, both having the same; 0 where hidden."""
    rest: float  # variance of the frames less the prediction


class Predictions:
    """Predictions of a stack with masks that equal their half turn.

    ``image``: Autocovariance of the frames as they are, at least up to twice the radius.
    """

    def __init__(self, image: FloatArray, radius: int) -> None:
        image = checked_covariance(image, "the image's autocovariance")
        half = mirrored_half(square_lags(radius))
        assert half is not None  # a square holds the mirror image of each lag
        self.half, self.radius, self.variance = half, radius, variance_of(image)
        self._between = folded_covariances(image, half)
        self._centre = at_lags(image, half)
        # The ridge that everything visible needs does for fewer neighbours, too.
        self._ridge = predictor(image, square_lags(radius)).ridge

    def of(self, mask: Mask) -> Prediction:
        """Return the prediction with a mask, which equals its half turn."""
        from scipy.linalg.lapack import dpotrs

        seen = np.flatnonzero(~hidden_by(mask.array, self.half))
        weights = np.zeros(len(self.half))
        if len(seen):
            # A quarter of the time that `np.ix_` takes.
            part = self._between[seen][:, seen]
            factor, _ = cholesky(part, self.variance, self._ridge)
            weights[seen], _ = dpotrs(factor, self._centre[seen], lower=1)
        rest = self.variance - 4 * float(weights @ self._centre)
        rest += 2 * float(weights @ self._between @ weights)
        return Prediction(weights, rest)

    def kernel(self, found: Prediction) -> FloatArray:
        """Return the weights, shape (2 radius + 1, 2 radius + 1)."""
        side = 2 * self.radius + 1
        kernel = np.zeros((side, side))
        for lags in (self.half, -self.half):
            kernel[tuple((lags + self.radius).T)] = found.weights
        return kernel


class Reading:
    """One reading of the noise, by which predictions are judged.

    ``noise``: Its autocovariance, at least up to twice the radius of the predictions.
    ``still``: Frames of a still scene in which the error is measured, if there are any; only its
    share of noise follows from the autocovariances.
    """

    def __init__(
        self, noise: FloatArray, predictions: Predictions, still: StillScene | None = None
    ) -> None:
        noise = checked_covariance(noise, "the noise")
        self.variance = variance_of(noise)
        self._between = folded_covariances(noise, predictions.half)
        self._centre = at_lags(noise, predictions.half)
        self._still = still

    def error(self, found: Prediction) -> EstimatedError:
        """Return the error of a prediction, as `structmask_gui.core.quality.error` does."""
        weights = found.weights
        left = 2 * float(weights @ self._between @ weights)
        if self._still is not None:
            total = max(0.0, self._still.error_of_pairs(weights))
            left = min(left, total)
            return EstimatedError(left / self.variance, (total - left) / self.variance)
        total = found.rest - self.variance + 4 * float(weights @ self._centre)
        return EstimatedError(left / self.variance, max(0.0, (total - left) / self.variance))


class Copied:
    """The noise that is copied with masks: what the neighbours predict of noise alone."""

    def __init__(self, noise: Covariance, radius: int) -> None:
        self._noise = Predictions(noise.values, radius)
        self._bias = bias_per_lag(noise.samples, self._noise.half)

    def share(self, mask: Mask) -> float:
        """Return the share of the noise's variance; `structmask_gui.core.quality.copied_noise`."""
        found = self._noise.of(mask)
        seen = ~hidden_by(mask.array, self._noise.half)
        explained = min(1.0, max(0.0, 1 - found.rest / self._noise.variance))
        return float(without_bias(explained, 2 * float(self._bias[seen].sum())))
