"""A mask suggested from the measured noise: for every size the lags that hide most of it.

The search runs backwards. It starts with every lag hidden, where nothing can be copied, and frees
pair after pair, each time the one that raises "still copied" least. Read from its end, that is a
mask grown along the measured lags by what they take from "still copied". Growing it forwards fails
where lags stand in for each other: of a weak correlation over a long row, hiding any single pair
takes next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import FloatArray, LagArray
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.copied_noise import NEEDLESS_RISE, RADIUS, figures
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.prediction import (
    RIDGE,
    Predictor,
    at_lags,
    check_reach,
    checked_covariance,
    folded_covariances,
    hidden_by,
    middle,
    mirrored_half,
    predictor,
    square_lags,
)
from structmask_gui.core.quality.small_sample import chances, known, less_chance
from structmask_gui.core.quality.sweep import Erring, copying
from structmask_gui.core.threads import one_blas_thread

if TYPE_CHECKING:
    from structmask_gui.core.quality.still_scene import StillScene

NEAR_BEST = 0.02
"""The knee is the smallest mask whose estimated error is within this share of the least, beside
what chance explains."""

_CHANCE = 0.7
"""Share of n / pixels that a mask fitted to chance gains: the most seen in trials with white noise,
rounded up."""

COPIED_FLOOR = 0.005
"""Where the estimated error does not decide, the knee is the smallest mask that leaves at most this
share of the noise to be copied, beyond what the largest mask leaves and what chance explains."""


SEARCHED = 225
"""Largest mask searched for freely, as many pixels as the largest that CAREamics takes. Beyond it
only the strongest lags are hidden: there the linear model finds masks that leave a few far pixels
visible, which train badly and gain little."""

_NEARLY_BEST = 0.15
"""Masks whose errors by the autocovariances are within this share of the least are compared in
frames of a still scene."""

_MOST_COMPARED = 20

_WORTH = 0.96
"""A mask beyond that must lower the error to this share of what the best one within it has."""


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
    by_error : bool
        Whether it was chosen by the estimated error; else by "still copied" alone, because the
        image's autocovariance was not given, or because the estimate is no help: with every mask
        the linear prediction would be worse than the noisy frame itself, which happens where the
        picture is many times stronger than the noise.
    kept : int
        Pixels of the suggested mask that hide no noise (`Figures.needless`) and are kept because
        the estimated error would rise without them.
    """

    points: tuple[Point, ...]
    knee: int
    by_error: bool
    kept: int = 0

    @property
    def mask(self) -> Mask:
        """The suggested mask."""
        return self.points[self.knee].mask

    @property
    def sentence(self) -> str:
        """What is suggested, in one sentence."""
        point, bare = self.points[self.knee], self.points[0]
        if point.pixels == 1:
            cost = " and hiding more would cost more detail than that" if self.by_error else ""
            return f"Only the centre: {100 * bare.copied:.1f} % of the noise could be copied{cost}."
        text = (
            f"{point.pixels} pixels leave {100 * point.copied:.1f} % of the noise to be copied,"
            f" where the bare centre leaves {100 * bare.copied:.1f} %"
        )
        if self.by_error:
            text += f"; they lose detail worth {100 * point.detail_lost:.1f} % of the noise"
        if self.kept:
            rising = "the estimated error" if self.by_error else "what is copied"
            text += f". {self.kept} of them hide hardly any noise, but without them {rising} rises"
        return text + "."


@one_blas_thread
def suggest(
    noise: Covariance | ArrayLike,
    image: ArrayLike | None = None,
    radius: int = RADIUS,
    *,
    lags: LagArray | None = None,
    most_pixels: int | None = None,
    pixels: int = 0,
    ridge: float = RIDGE,
    still: StillScene | None = None,
    task: Task = NO_TASK,
) -> Suggestion:
    """Suggest a mask.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise, at least up to twice the radius; see
        `structmask_gui.core.quality.copied_noise.figures`.
    image : array_like (2 Ry + 1, 2 Rx + 1), optional
        Autocovariance of the frames as they are. With it the knee weighs the noise that is left
        against the detail that is lost; without it only "still copied" counts.
    radius : int
        Lags within max(|dy|, |dx|) <= radius may be hidden, and are what the network sees.
    lags : int array (n, 2), optional
        Neighbours other than that square, holding the mirror of each, without (0, 0); as from
        `structmask_gui.core.quality.radius_curve.field_lags` for long lines.
    most_pixels : int, optional
        Largest mask on the curve. By default it ends at `SEARCHED` pixels, unless hiding more of
        the strongest lags lowers the error by more than 4 %.
    pixels : int
        Number of pixels the noise was measured in (`Covariance.pixels`). Of independent noise,
        n neighbours seem to predict n / pixels; no mask is made larger for that. 0 if not known.
    ridge : float
        See `structmask_gui.core.quality.prediction.predictor`.
    still : StillScene, optional
        Frames of a still scene. The knee is then chosen by errors measured in them, among the
        masks that are nearly the best by the autocovariances; not with lags of your own.
    task : Task

    Raises
    ------
    Cancelled
        Within 0.1 s of cancellation.
    InputError
        If an argument is no autocovariance.
    ParameterError
        If they were not measured far enough for the radius.
    """
    given, lags_given = noise, lags is not None
    noise, samples = known(noise)
    if lags is None:
        lags = square_lags(radius)
    else:
        still = None
    check_reach(noise, lags)
    half = mirrored_half(lags)
    if half is None:
        raise ValueError("the lags must hold the mirror of each")
    task.stop_if_cancelled()
    # One solution with everything visible finds the ridge that all later ones share.
    ridge = predictor(noise, lags, ridge=ridge).ridge
    chance = _CHANCE * len(lags) / pixels if pixels else 0.0
    largest = SEARCHED if most_pixels is None else most_pixels
    most = min(len(half), max(0, (largest - 1) // 2))
    sizes = range(most + 1)
    everything = np.arange(len(half))
    task.stop_if_cancelled()
    order = copying(noise, half, ridge, task).emptied(everything)
    if image is None:
        points = _points(noise, None, half[order], sizes, ridge, task, samples=samples)
        return Suggestion(points, _knee_by_copied(points, chance), False)
    image = checked_covariance(image, "the image's autocovariance")
    image_ridge = predictor(image, lags, ridge=ridge).ridge

    def slimmed(
        points: tuple[Point, ...],
        order: NDArray[np.intp],
        place: int,
        cost: Callable[[Point], float],
        most: float,
    ) -> Suggestion:
        """Suggest a mask less what hides no noise, as long as that does not cost too much."""
        by_error, kept = cost is error_of, 0
        while place and not lags_given:
            task.stop_if_cancelled()
            needless = figures(given, points[place].mask, radius).needless
            freeable = hidden_by(needless, half[order])
            kept = 2 * int(freeable.sum())
            if not kept:
                break
            held = np.arange(len(half)) >= len(half) - place
            # The larger masks stay as they are; those below lose these pixels first.
            fewer = np.concatenate((order[~held], order[held & freeable], order[held & ~freeable]))
            tried = _points(
                noise,
                image,
                half[fewer],
                range(len(points)),
                ridge,
                task,
                image_ridge,
                samples,
            )
            if by_error and still is None:
                most = min(point.error for point in tried) * (1 + NEAR_BEST) + chance
            if cost(tried[place - kept // 2]) > most:
                break
            points, order, place = tried, fewer, place - kept // 2
        return Suggestion(points, place, by_error, kept if place else 0)

    def error_of(point: Point) -> float:
        if still is None:
            return point.error
        return still.error(weights(image, point.mask, radius)) / middle(noise)

    found: list[tuple[float, NDArray[np.intp]]] = []
    for candidate in _orders(noise, image, half, order, image_ridge, task):
        task.stop_if_cancelled()
        points = _points(noise, image, half[candidate], sizes, ridge, task, image_ridge, samples)
        knee = points[_knee(points, chance)]
        found.append((knee.error, candidate[len(half) - knee.pixels // 2 :]))
    least, inside = min(found, key=lambda item: item[0])
    if least >= 1:
        points = _points(noise, image, half[order], sizes, ridge, task, image_ridge, samples)
        place = _knee_by_copied(points, chance)
        limit = points[place].copied + NEEDLESS_RISE
        return slimmed(points, order, place, lambda point: point.copied, limit)
    # The best of all is improved pixel by pixel, and the curve then led through it.
    erring = Erring(noise, image, half, image_ridge, task)
    inside = erring.improved(inside, most)
    through = copying(noise, half, ridge, task).emptied(np.setdiff1d(everything, inside), inside)
    points = _points(noise, image, half[through], sizes, ridge, task, image_ridge, samples)
    if most_pixels is None and len(half) > most:
        least = points[_knee(points, chance)].error
        for candidate in (order, _by_strength(noise, half)):
            task.stop_if_cancelled()
            all_sizes = range(len(half) + 1)
            longer = _points(
                noise, image, half[candidate], all_sizes, ridge, task, image_ridge, samples
            )
            error = longer[_knee(longer, chance)].error
            if error < _WORTH * least:
                points, least, through, sizes = longer, error, candidate, all_sizes
    place = _knee(points, chance)
    if still is not None:
        place = _knee_compared(points, place, still, image, middle(noise), radius, chance, task)
    limit = max(0.0, error_of(points[place])) * (1 + NEAR_BEST) + chance
    return slimmed(points, through, place, error_of, limit)


def _orders(
    noise: FloatArray,
    image: FloatArray,
    half: LagArray,
    by_copied: NDArray[np.intp],
    ridge: float,
    task: Task,
) -> list[NDArray[np.intp]]:
    """Return orders in which to free the pairs: none is best for all noises and pictures."""
    everything = np.arange(len(half))
    return [
        by_copied,
        Erring(noise, image, half, ridge, task).emptied(everything),
        Erring(noise, image, half, ridge, task).filled(),
        _by_strength(noise, half),
    ]


def _by_strength(noise: FloatArray, half: LagArray) -> NDArray[np.intp]:
    """Return the pairs by the size of their correlation with the centre, the weakest first."""
    return np.argsort(np.abs(at_lags(noise, half)), kind="stable")


def _points(
    noise: FloatArray,
    image: FloatArray | None,
    freed: LagArray,
    sizes: range,
    ridge: float,
    task: Task,
    image_ridge: float = RIDGE,
    samples: FloatArray | None = None,
) -> tuple[Point, ...]:
    """Return the masks that hide the last pairs freed, and their figures."""
    solved = _in_order(noise, freed, ridge)
    copied = np.concatenate(([0.0], np.cumsum(solved.part**2))) * 2 / middle(noise)
    by_chance = np.concatenate(([0.0], 2 * np.cumsum(chances(samples, freed))))
    # Chance may say otherwise, but showing more pixels never lets less be copied.
    copied = np.maximum.accumulate(less_chance(copied, by_chance))
    errors = [(np.nan, np.nan)] * len(sizes)
    if image is not None:
        task.stop_if_cancelled()
        errors = _errors(noise, image, freed, sizes, image_ridge, task)
    task.stop_if_cancelled()
    return tuple(
        Point(
            _mask(freed[len(freed) - pairs :]),
            2 * pairs + 1,
            float(copied[len(freed) - pairs]),
            *error,
        )
        for pairs, error in zip(sizes, errors, strict=True)
    )


def _in_order(covariance: FloatArray, half: LagArray, ridge: float) -> Predictor:
    """Return the prediction from mirrored pairs, solved in the order given."""
    ordered = np.empty((2 * len(half), 2), dtype=half.dtype)
    ordered[0::2], ordered[1::2] = half, -half
    return predictor(covariance, ordered, ridge=ridge)


def _errors(
    noise: FloatArray,
    image: FloatArray,
    freed: LagArray,
    sizes: range,
    ridge: float,
    task: Task,
) -> list[tuple[float, float]]:
    """Return noise left and detail lost for masks of the last pairs freed."""
    solved = _in_order(image, freed, ridge)
    task.stop_if_cancelled()
    of_noise = folded_covariances(noise, freed)
    picture = image - _cut(noise, image.shape)
    of_picture, centre = folded_covariances(picture, freed), at_lags(picture, freed)
    variance, all_of_it = middle(noise), middle(picture)
    result = []
    for pairs in sizes:
        task.stop_if_cancelled()
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


def _knee(points: tuple[Point, ...], chance: float) -> int:
    errors = np.array([point.error for point in points])
    return int((errors <= errors.min() * (1 + NEAR_BEST) + chance).argmax())


def _knee_by_copied(points: tuple[Point, ...], chance: float) -> int:
    copied = np.array([point.copied for point in points])
    return int((copied <= copied.min() + COPIED_FLOOR + chance).argmax())


def _knee_compared(
    points: tuple[Point, ...],
    knee: int,
    still: StillScene,
    image: FloatArray,
    variance: float,
    radius: int,
    chance: float,
    task: Task,
) -> int:
    """Return the knee by errors measured in frames of a still scene."""
    errors = np.array([point.error for point in points])
    near = np.flatnonzero(errors <= errors.min() * (1 + _NEARLY_BEST) + chance)
    if len(near) > _MOST_COMPARED:
        near = near[np.linspace(0, len(near) - 1, _MOST_COMPARED).round().astype(int)]
    near = np.union1d(near, [knee])
    measured = np.zeros(len(near))
    for place, index in enumerate(near):
        task.stop_if_cancelled()
        measured[place] = still.error(weights(image, points[index].mask, radius)) / variance
    least = max(0.0, float(measured.min()))
    return int(near[(measured <= least * (1 + NEAR_BEST) + chance).argmax()])
