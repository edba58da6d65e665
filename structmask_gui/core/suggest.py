"""A mask suggested from the measured noise: for every size the lags that hide most of it.

The search runs backwards. It starts with every lag hidden, where nothing can be copied, and frees
pair after pair, each time the one that raises "still copied" least. Read from its end, that is a
mask grown along the measured lags by what they take from "still copied". Growing it forwards fails
where lags stand in for each other: of a weak correlation over a long row, hiding any single pair
takes next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.mask import Mask
from structmask_gui.core.neighbours import (
    RIDGE,
    FloatArray,
    LagArray,
    Predictor,
    at_lags,
    check_reach,
    checked_covariance,
    folded_covariances,
    mirrored_half,
    predictor,
    square_lags,
)
from structmask_gui.core.quality import RADIUS, freeing_order

MOST_PIXELS = 121
"""Largest mask on the curve by default."""

NEAR_BEST = 0.01
"""The knee is the smallest mask whose estimated error is within this share of the least."""

COPIED_FLOOR = 0.005
"""Without the image's autocovariance, the knee is the smallest mask that leaves at most this share
of the noise to be copied, beyond what the largest mask leaves."""


@dataclass(frozen=True)
class Point:
    """One mask of the curve.

    Attributes
    ----------
    mask : Mask
        The mask, cropped to its content.
    pixels : int
        Its True pixels, the centre included.
    copied : float
        Share of the noise variance that is still copied.
    noise_left, detail_lost : float
        The two parts of the estimated error, in units of the noise variance; NaN where the image's
        autocovariance was not given.
    """

    mask: Mask
    pixels: int
    copied: float
    noise_left: float
    detail_lost: float

    @property
    def error(self) -> float:
        """The estimated error: noise left and detail lost."""
        return self.noise_left + self.detail_lost


@dataclass(frozen=True)
class Suggestion:
    """Masks of growing size, and the one to take.

    Attributes
    ----------
    points : tuple of Point
        The curve, from the bare centre up; each mask holds the one before it.
    knee : int
        Index of the suggested mask.
    """

    points: tuple[Point, ...]
    knee: int

    @property
    def mask(self) -> Mask:
        """The suggested mask."""
        return self.points[self.knee].mask

    @property
    def sentence(self) -> str:
        """What is suggested, in one sentence."""
        point, bare = self.points[self.knee], self.points[0]
        if point.pixels == 1:
            return (
                f"Only the centre: {100 * bare.copied:.1f} % of the noise could be copied, and"
                " hiding more would cost more detail than that."
            )
        text = (
            f"{point.pixels} pixels leave {100 * point.copied:.1f} % of the noise to be copied,"
            f" where the bare centre leaves {100 * bare.copied:.1f} %"
        )
        if np.isfinite(point.error):
            text += f"; they lose detail worth {100 * point.detail_lost:.1f} % of the noise"
        return text + "."


def suggest(
    noise: ArrayLike,
    image: ArrayLike | None = None,
    radius: int = RADIUS,
    *,
    lags: LagArray | None = None,
    most_pixels: int = MOST_PIXELS,
    ridge: float = RIDGE,
) -> Suggestion:
    """Suggest a mask.

    Parameters
    ----------
    noise : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise, at least up to twice the radius.
    image : array_like (2 Ry + 1, 2 Rx + 1), optional
        Autocovariance of the frames as they are. With it the knee weighs the noise that is left
        against the detail that is lost; without it only "still copied" counts.
    radius : int
        Lags within max(|dy|, |dx|) <= radius may be hidden, and are what the network sees.
    lags : int array (n, 2), optional
        Neighbours other than that square, holding the mirror of each, without (0, 0); as from
        `structmask_gui.core.quality.field_lags` for long lines.
    most_pixels : int
        Largest mask on the curve.
    ridge : float
        See `structmask_gui.core.neighbours.predictor`.

    Raises
    ------
    InputError
        If an argument is no autocovariance.
    ParameterError
        If they were not measured far enough for the radius.
    """
    noise = checked_covariance(noise, "the noise")
    lags = square_lags(radius) if lags is None else lags
    check_reach(noise, lags)
    half = mirrored_half(lags)
    if half is None:
        raise ValueError("the lags must hold the mirror of each")
    matrix = folded_covariances(noise, half)
    # One solution with everything visible finds the ridge that all later ones share.
    ridge = predictor(noise, lags, ridge=ridge).ridge
    variance = float(noise[noise.shape[0] // 2, noise.shape[1] // 2])
    matrix[np.diag_indices_from(matrix)] += ridge * variance
    order, _ = freeing_order(matrix, at_lags(noise, half))
    freed = half[order]
    solved = _in_order(noise, freed, ridge)
    copied = np.concatenate(([0.0], np.cumsum(solved.part**2))) * 2 / variance
    sizes = range(0, min(len(freed), max(0, (most_pixels - 1) // 2)) + 1)
    errors = (
        _errors(noise, checked_covariance(image, "the image"), freed, sizes, ridge)
        if (image is not None)
        else [(np.nan, np.nan)] * len(sizes)
    )
    points = tuple(
        Point(
            _mask(freed[len(freed) - pairs :]),
            2 * pairs + 1,
            float(copied[len(freed) - pairs]),
            *error,
        )
        for pairs, error in zip(sizes, errors, strict=True)
    )
    return Suggestion(points, _knee(points))


def _in_order(covariance: FloatArray, half: LagArray, ridge: float) -> Predictor:
    """Return the prediction from mirrored pairs, solved in the order given."""
    ordered = np.empty((2 * len(half), 2), dtype=half.dtype)
    ordered[0::2], ordered[1::2] = half, -half
    return predictor(covariance, ordered, ridge=ridge)


def _errors(
    noise: FloatArray, image: FloatArray, freed: LagArray, sizes: range, ridge: float
) -> list[tuple[float, float]]:
    """Return noise left and detail lost for masks of the last pairs freed."""
    check_reach(image, freed)
    solved = _in_order(image, freed, ridge)
    of_noise = folded_covariances(noise, freed)
    picture = image - _cut(noise, image.shape)
    of_picture, centre = folded_covariances(picture, freed), at_lags(picture, freed)
    variance = float(noise[noise.shape[0] // 2, noise.shape[1] // 2])
    all_of_it = float(picture[picture.shape[0] // 2, picture.shape[1] // 2])
    result = []
    for pairs in sizes:
        k = len(freed) - pairs
        w = solved.weights(k)
        left = 2 * w @ of_noise[:k, :k] @ w
        lost = all_of_it - 4 * w @ centre[:k] + 2 * w @ of_picture[:k, :k] @ w
        result.append((float(left / variance), max(0.0, float(lost / variance))))
    return result


def _cut(covariance: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return the covariance cut or padded with zeros to a shape, about its centre."""
    result = np.zeros(shape)
    half = [min(a, b) // 2 for a, b in zip(shape, covariance.shape, strict=True)]
    inner = tuple(slice(n // 2 - h, n // 2 + h + 1) for n, h in zip(shape, half, strict=True))
    outer = tuple(
        slice(n // 2 - h, n // 2 + h + 1) for n, h in zip(covariance.shape, half, strict=True)
    )
    result[inner] = covariance[outer]
    return result


def _mask(half: LagArray) -> Mask:
    reach = np.abs(half).max(axis=0, initial=0)
    array = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1), dtype=np.bool_)
    array[reach[0], reach[1]] = True
    array[reach[0] + half[:, 0], reach[1] + half[:, 1]] = True
    array[reach[0] - half[:, 0], reach[1] - half[:, 1]] = True
    return Mask(array)


def _knee(points: tuple[Point, ...]) -> int:
    errors = np.array([point.error for point in points])
    if np.isfinite(errors).all():
        good = errors <= errors.min() * (1 + NEAR_BEST)
    else:
        copied = np.array([point.copied for point in points])
        good = copied <= copied.min() + COPIED_FLOOR
    return int(good.argmax())
