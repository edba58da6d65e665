"""Weights of the linear blind-spot prediction, its estimated error, and the ranking of masks.

The weights are those of the best linear prediction of a pixel from the neighbours that the mask
leaves visible, from the autocovariance of the image; nothing is trained. The error follows from the
autocovariances of image and noise, without ground truth:

    K' G_noise K + (delta - K)' (G_image - G_noise) (delta - K)

The first term is the noise left, the second the detail lost. As an estimate from a linear model it
serves to rank masks, not to predict a figure. In a still scene the sum is measured directly; see
`structmask_gui.core.quality.still_scene`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray, crop_or_pad
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.copied_noise import RADIUS, still_copied
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import (
    checked_covariance,
    hidden_by,
    mask_array,
    predictor,
    reach_of,
    square_lags,
    variance_of,
)
from structmask_gui.core.quality.training import training_cost
from structmask_gui.core.threads import one_blas_thread

if TYPE_CHECKING:
    from structmask_gui.core.quality.still_scene import StillScene

NEAR_TIE = 0.05
"""Errors within this share of each other are ties, which a linear model cannot separate."""

_LOWERED = 0.9
"""Share of a noise that is left at least where frames have no room for all of it."""


@one_blas_thread
def weights(image: ArrayLike, mask: Mask | ArrayLike | None, radius: int = RADIUS) -> FloatArray:
    """Return the weights of the best linear blind-spot prediction.

    Parameters
    ----------
    image : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the frames as they are, at least up to twice the radius.
    mask : Mask or array_like, optional
        Any mask; None is the bare centre.
    radius : int
        Neighbours within max(|dy|, |dx|) <= radius are used.

    Returns
    -------
    float64 array (2 radius + 1, 2 radius + 1)
        [radius + dy, radius + dx] is the weight of the pixel at lag (dy, dx); 0 where the mask
        hides it, and at the centre.

    """
    image = checked_covariance(image, "the image's autocovariance")
    lags = square_lags(radius)
    solved = predictor(image, lags[~hidden_by(mask_array(mask), lags)])
    return crop_or_pad(solved.kernel(), (2 * radius + 1, 2 * radius + 1))


@dataclass(frozen=True)
class EstimatedError:
    """Error of the preview, estimated from a linear model, in units of the noise variance."""

    noise_left: float
    """K' G_noise K."""
    detail_lost: float
    """(delta - K)' (G_image - G_noise) (delta - K), at least 0."""

    @property
    def total(self) -> float:
        """The mean squared error in units of the noise variance."""
        return self.noise_left + self.detail_lost


@one_blas_thread
def estimated_error(
    noise: ArrayLike, image: ArrayLike, kernel: ArrayLike, still: StillScene | None = None
) -> EstimatedError:
    """Estimate the error that a prediction by given weights makes, without ground truth.

    Parameters
    ----------
    noise, image : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariances of the noise and of the frames as they are, in the same units, at least up
        to twice the reach of the weights.
    kernel : array_like (2 ry + 1, 2 rx + 1)
        The weights, as from `weights`.
    still : StillScene, optional
        Frames of a still scene, in which the error is then measured; only its share of noise
        follows from the autocovariances.
    """
    noise = checked_covariance(noise, "the noise")
    image = checked_covariance(image, "the image's autocovariance")
    filtered = np.asarray(kernel, dtype=np.float64)
    variance = variance_of(noise)
    left = _filtered_variance(filtered, noise)
    if still is not None:
        total = max(0.0, still.error(filtered))
        left = min(left, total)
        return EstimatedError(left / variance, (total - left) / variance)
    residual = -filtered
    residual[residual.shape[0] // 2, residual.shape[1] // 2] += 1
    lost = _filtered_variance(residual, image) - _filtered_variance(residual, noise)
    return EstimatedError(left / variance, max(0.0, lost / variance))


@one_blas_thread
def with_room(noise: FloatArray, image: FloatArray, radius: int = RADIUS) -> FloatArray:
    """Return the noise, lowered if frames have no room for it.

    No filter leaves less of the frames than of their noise; the bare centre's prediction leaves
    least. Where noise is measured a few per cent too strong, "detail lost" would be 0 with any
    mask, and the one that hides most would seem to be the best. Noise that is lowered by more
    than a tenth is of another shape, and left as it is.

    Parameters
    ----------
    noise, image : float64 array (2 Ry + 1, 2 Rx + 1)
        Autocovariances of the noise and of the frames as they are, at least up to twice the radius.
    radius : int
        Neighbours within max(|dy|, |dx|) <= radius are used.

    Returns
    -------
    float64 array (2 Ry + 1, 2 Rx + 1)
    """
    residual = -weights(image, None, radius)
    residual[radius, radius] = 1.0
    room, taken = (_filtered_variance(residual, values) for values in (image, noise))
    return noise * (room / taken) if _LOWERED * taken <= room < taken else noise


def _filtered_variance(kernel: FloatArray, covariance: FloatArray) -> float:
    """Return the variance of an image with an autocovariance once filtered by a kernel."""
    shape = [2 * n - 1 for n in kernel.shape]
    products = np.fft.irfft2(np.abs(np.fft.rfft2(kernel, shape)) ** 2, shape)
    reach, needed = reach_of(covariance), (kernel.shape[0] - 1, kernel.shape[1] - 1)
    if needed[0] > reach[0] or needed[1] > reach[1]:
        raise InputError(
            f"Weights of {kernel.shape[0]} x {kernel.shape[1]} need autocovariances up to lag"
            f" {needed}, but they end at {reach}."
        )
    return float((np.fft.fftshift(products) * crop_or_pad(covariance, products.shape)).sum())


@dataclass(frozen=True)
class ExpectedError:
    """The estimated error of a mask, and what training with so large a mask adds to it."""

    error: EstimatedError
    pixels: int
    """True pixels, the centre included."""

    @property
    def training(self) -> float:
        """What training with so large a mask costs, in units of the noise variance."""
        return training_cost(self.pixels, self.error.total)

    @property
    def expected(self) -> float:
        """The expected error: noise left, detail lost and the cost of training."""
        return self.error.total + self.training


@dataclass(frozen=True)
class Scored(ExpectedError):
    """The figures of a mask that its rank depends on."""

    copied: float
    """Share of the noise that is still copied."""


@dataclass(frozen=True)
class Ranked(Scored):
    """One mask among several."""

    label: str
    rank: int
    """1 for the best; masks whose errors are near ties share the rank of the best of them."""
    near_tie: bool
    """Whether another mask shares its rank."""


@one_blas_thread
def score_mask(
    noise: Covariance | ArrayLike,
    image: ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = RADIUS,
    still: StillScene | None = None,
) -> Scored:
    """Return what the rank of a mask depends on; arguments as of `estimated_error`."""
    array = mask_array(mask)
    values = noise.values if isinstance(noise, Covariance) else noise
    error = estimated_error(values, image, weights(image, array, radius), still)
    return Scored(error, int(array.sum()), still_copied(noise, array, radius))


def ranked(scores: Mapping[str, Scored]) -> list[Ranked]:
    """Rank masks, given by their labels, by their expected error, the best first."""
    found = sorted(scores.items(), key=lambda item: (item[1].expected, item[1].pixels))
    ranks: list[int] = []
    for place, (_, score) in enumerate(found):
        best = found[ranks[-1] - 1][1].expected if ranks else -np.inf
        tie = score.expected <= best * (1 + NEAR_TIE)
        ranks.append(ranks[-1] if tie else place + 1)
    return [
        Ranked(score.error, score.pixels, score.copied, label, rank, ranks.count(rank) > 1)
        for rank, (label, score) in zip(ranks, found, strict=True)
    ]
