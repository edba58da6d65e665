"""Suggest a mask from the measured noise, by backward elimination.

The search starts with every lag hidden, where nothing can be copied, and frees pair after pair,
each time the one that raises "still copied" least. Forward selection fails where lags can replace
each other: of a weak correlation over a long row, hiding any single pair gains next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import FloatArray, LagArray, crop_or_pad
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.copied_noise import NEEDLESS_RISE, RADIUS, figures
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import (
    Predictor,
    at_lags,
    check_reach,
    checked_covariance,
    folded_covariances,
    hidden_by,
    mirrored_half,
    predictor,
    square_lags,
    variance_of,
)
from structmask_gui.core.quality.scoring import Predictions
from structmask_gui.core.quality.small_sample import bias_per_lag, with_samples, without_bias
from structmask_gui.core.quality.sweep import ErrorSweep, copied_noise_sweep
from structmask_gui.core.stack.frames import evenly
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


@dataclass(frozen=True, eq=False)
class Point:
    """One mask of the curve."""

    hidden: LagArray  # shape (pairs, 2); a lag of each mirrored pair that it hides
    pixels: int  # True pixels, the centre included
    copied: float  # share of the noise variance that is still copied
    # The two parts of the estimated error, in units of the noise variance.
    noise_left: float
    detail_lost: float

    @cached_property
    def mask(self) -> Mask:
        """The mask, cropped to its content; a search makes few of its many."""
        return _mask(self.hidden)

    @property
    def error(self) -> float:
        """The estimated error: noise left and detail lost."""
        return self.noise_left + self.detail_lost


@dataclass(frozen=True)
class Suggestion:
    """Masks of growing size, and the suggested one."""

    points: tuple[Point, ...]
    """The curve, from the bare centre up; each mask holds the one before it."""
    knee: int
    """Index of the suggested mask."""
    by_error: bool
    """Whether the estimated error decided; else "still copied" alone, because with every mask the
    linear prediction would be worse than the noisy frame itself, as where the structure is many
    times stronger than the noise."""
    kept: int = 0
    """Pixels of the suggested mask that hide no noise (`Figures.needless`), kept because the
    estimated error would rise without them."""

    @property
    def mask(self) -> Mask:
        """The suggested mask."""
        return self.points[self.knee].mask

    @property
    def sentence(self) -> str:
        """The suggestion, for the user."""
        point, bare = self.points[self.knee], self.points[0]
        if point.pixels == 1:
            cost = "; a larger mask would cost more detail" if self.by_error else ""
            return f"Keep only the centre: {100 * bare.copied:.1f} % of the noise is copied{cost}."
        text = (
            f"With {point.pixels} pixels {100 * point.copied:.1f} % of the noise is copied, without"
            f" a mask {100 * bare.copied:.1f} %"
        )
        if self.by_error:
            text += f"; detail worth {100 * point.detail_lost:.1f} % of the noise is lost"
        if self.kept:
            rising = "the estimated error" if self.by_error else "the copied noise"
            text += f". {self.kept} of them hide hardly any noise, but without them {rising} rises"
        return text + "."


@one_blas_thread
def suggest(
    noise: Covariance | ArrayLike,
    image: ArrayLike,
    radius: int = RADIUS,
    *,
    pixels: int = 0,
    still: StillScene | None = None,
    refined: bool = True,
    task: Task = NO_TASK,
) -> Suggestion:
    """Suggest a mask.

    The curve ends at `SEARCHED` pixels, unless hiding more of the strongest lags lowers the error
    by more than 4 %.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise, at least up to twice the radius.
    image : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the frames as they are, by which the knee weighs the noise that is left
        against the detail that is lost.
    radius : int
        Lags within max(|dy|, |dx|) <= radius may be hidden, and are the receptive field.
    pixels : int
        Number of pixels the noise was measured in (`Covariance.pixels`). Of independent noise,
        n neighbours seem to predict n / pixels; no mask is made larger for that. 0 if not known.
    still : StillScene, optional
        Frames of a still scene. The knee is then chosen by errors measured in them, among the
        masks that are nearly the best by the autocovariances.
    refined : bool
        Whether that is done, and pixels that hide no noise are freed; if not, the curve is there
        in half the time.
    task : Task
        Stops within 0.1 s of cancellation.

    Raises
    ------
    InputError
        If an argument is no autocovariance.
    ParameterError
        If they were not measured far enough for the radius.
    """
    if still is not None:
        still.prepare()
    search = _Search(noise, image, radius, still, task)
    search.chance = _CHANCE * 2 * len(search.half) / pixels if pixels else 0.0
    most = min(len(search.half), (SEARCHED - 1) // 2)
    order = search.by_copied_noise(np.arange(len(search.half)))
    found: list[tuple[float, NDArray[np.intp]]] = []
    for candidate in search.orders(order):
        points = search.curve(candidate, most).points
        knee = points[search.knee(points)]
        found.append((knee.error, candidate[len(order) - knee.pixels // 2 :]))
    least, inside = min(found, key=lambda item: item[0])
    if least >= 1:
        curve = search.curve(order, most)
        if refined:
            return search.slimmed_by_copied(curve)
        return Suggestion(curve.points, search.knee_by_copied(curve.points), False)
    # The best of all is improved pixel by pixel, and the curve then led through it.
    inside = search.error_sweep().stepwise(inside, most)
    outside = np.setdiff1d(np.arange(len(order)), inside)
    curve = search.curve(search.by_copied_noise(outside, inside), most)
    if len(order) > most:
        curve = search.longer_if_worth_it(curve, order)
    if refined:
        return search.slimmed_by_error(curve)
    return Suggestion(curve.points, search.knee(curve.points), True)


class _Curve(NamedTuple):
    """Masks of growing size, which hide the last pairs of an order in which pairs are freed."""

    points: tuple[Point, ...]
    order: NDArray[np.intp]


class _Search:
    """Noise, image and ridges of one search for a mask."""

    def __init__(
        self,
        noise: Covariance | ArrayLike,
        image: ArrayLike,
        radius: int,
        still: StillScene | None,
        task: Task,
    ) -> None:
        self._given, self._radius, self._still, self._task = noise, radius, still, task
        self._noise, self._samples = with_samples(noise)
        lags = square_lags(radius)
        check_reach(self._noise, lags)
        half = mirrored_half(lags)
        assert half is not None  # a square holds the mirror image of each lag
        self.half = half
        self.chance = 0.0  # what a mask gains by chance, as a share of the noise variance
        task.stop_if_cancelled()
        # One solution with everything visible finds the ridge that all later ones share.
        self._ridge = predictor(self._noise, lags).ridge
        task.stop_if_cancelled()
        self._image = checked_covariance(image, "the image's autocovariance")
        self._image_ridge = predictor(self._image, lags, ridge=self._ridge).ridge

    # --- orders in which to free the pairs ----------------------------------------------------

    def by_copied_noise(self, *groups: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the order that copies least noise, group after group."""
        sweep = copied_noise_sweep(self._noise, self.half, self._ridge, self._task)
        return sweep.backward_elimination(*groups)

    def error_sweep(self) -> ErrorSweep:
        return ErrorSweep(self._noise, self._image, self.half, self._image_ridge, self._task)

    def by_strength(self) -> NDArray[np.intp]:
        """Return the pairs by the size of their correlation with the centre, weakest first."""
        return np.argsort(np.abs(at_lags(self._noise, self.half)), kind="stable")

    def orders(self, by_copied: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Return all orders worth trying: none is best for every noise and structure."""
        everything = np.arange(len(self.half))
        return [
            by_copied,
            self.error_sweep().backward_elimination(everything),
            self.error_sweep().forward_selection(),
            self.by_strength(),
        ]

    # --- curves -------------------------------------------------------------------------------

    def curve(self, order: NDArray[np.intp], most: int) -> _Curve:
        """Return the masks that hide the last 0 to ``most`` pairs of an order."""
        self._task.stop_if_cancelled()
        freed = self.half[order]
        solved = _in_order(self._noise, freed, self._ridge)
        copied = np.concatenate(([0.0], np.cumsum(solved.part**2))) * 2 / variance_of(self._noise)
        bias = np.concatenate(([0.0], 2 * np.cumsum(bias_per_lag(self._samples, freed))))
        # Showing more pixels never lets less be copied; estimates may differ by chance.
        copied = np.maximum.accumulate(without_bias(copied, bias))
        errors = self._errors(freed, most)
        self._task.stop_if_cancelled()
        points = tuple(
            Point(
                freed[len(freed) - pairs :],
                2 * pairs + 1,
                float(copied[len(freed) - pairs]),
                *error,
            )
            for pairs, error in enumerate(errors)
        )
        return _Curve(points, order)

    def _errors(self, freed: LagArray, most: int) -> list[tuple[float, float]]:
        """Return noise left and detail lost for masks of the last pairs freed."""
        self._task.stop_if_cancelled()
        noise, image = self._noise, self._image
        solved = _in_order(image, freed, self._image_ridge)
        self._task.stop_if_cancelled()
        of_noise = folded_covariances(noise, freed)
        structure = image - crop_or_pad(noise, image.shape)
        of_structure, centre = folded_covariances(structure, freed), at_lags(structure, freed)
        variance, whole = variance_of(noise), variance_of(structure)
        # Row k: the weights of the first k pairs, of which each pair adds one term.
        weights = np.zeros((len(freed) + 1, len(freed)))
        weights[1:] = np.cumsum(solved.inverse() * solved.part[:, np.newaxis], axis=0)
        weights = weights[len(freed) - most :][::-1]
        left = 2 * np.einsum("kn,kn->k", weights @ of_noise, weights)
        lost = whole - 4 * weights @ centre
        lost += 2 * np.einsum("kn,kn->k", weights @ of_structure, weights)
        lost = np.maximum(lost, 0)
        return list(zip((left / variance).tolist(), (lost / variance).tolist(), strict=True))

    def longer_if_worth_it(self, curve: _Curve, by_copied: NDArray[np.intp]) -> _Curve:
        """Return a curve up to the largest mask if its knee has a clearly smaller error."""
        least = curve.points[self.knee(curve.points)].error
        for candidate in (by_copied, self.by_strength()):
            longer = self.curve(candidate, len(self.half))
            error = longer.points[self.knee(longer.points)].error
            if error < _WORTH * least:
                curve, least = longer, error
        return curve

    # --- knees --------------------------------------------------------------------------------

    def knee(self, points: tuple[Point, ...]) -> int:
        """Return the index of the smallest mask whose estimated error is nearly the least."""
        errors = np.array([point.error for point in points])
        return int((errors <= errors.min() * (1 + NEAR_BEST) + self.chance).argmax())

    def knee_by_copied(self, points: tuple[Point, ...]) -> int:
        """Return the index of the smallest mask that copies nearly the least noise."""
        copied = np.array([point.copied for point in points])
        return int((copied <= copied.min() + COPIED_FLOOR + self.chance).argmax())

    def _knee_compared(self, points: tuple[Point, ...]) -> int:
        """Return the knee by errors measured in frames of a still scene."""
        errors = np.array([point.error for point in points])
        near = np.flatnonzero(errors <= errors.min() * (1 + _NEARLY_BEST) + self.chance)
        near = np.union1d(near[evenly(len(near), _MOST_COMPARED)], [self.knee(points)])
        measured = np.zeros(len(near))
        for place, index in enumerate(near):
            self._task.stop_if_cancelled()
            measured[place] = self._error_of(points[index])
        least = max(0.0, float(measured.min()))
        return int(near[(measured <= least * (1 + NEAR_BEST) + self.chance).argmax()])

    def _error_of(self, point: Point) -> float:
        if self._still is None:
            return point.error
        found = self._predictions.of(point.mask)
        return self._still.error_of_pairs(found.weights) / variance_of(self._noise)

    @cached_property
    def _predictions(self) -> Predictions:
        return Predictions(self._image, self._radius)

    # --- the suggestion, less the pixels that hide no noise -----------------------------------

    def slimmed_by_copied(self, curve: _Curve) -> Suggestion:
        """Suggest by "still copied" alone."""
        place = self.knee_by_copied(curve.points)
        limit = curve.points[place].copied + NEEDLESS_RISE
        while (fewer := self._without_needless(curve, place)) is not None:
            tried, kept = fewer
            if tried.points[place - kept // 2].copied > limit:
                return Suggestion(curve.points, place, False, kept)
            curve, place = tried, place - kept // 2
        return Suggestion(curve.points, place, False)

    def slimmed_by_error(self, curve: _Curve) -> Suggestion:
        """Suggest by the estimated error, or by that measured in a still scene."""
        knee = self.knee if self._still is None else self._knee_compared
        place = knee(curve.points)
        limit = max(0.0, self._error_of(curve.points[place])) * (1 + NEAR_BEST) + self.chance
        while (fewer := self._without_needless(curve, place)) is not None:
            tried, kept = fewer
            if self._still is None:
                limit = min(point.error for point in tried.points) * (1 + NEAR_BEST) + self.chance
            if self._error_of(tried.points[place - kept // 2]) > limit:
                return Suggestion(curve.points, place, True, kept)
            curve, place = tried, place - kept // 2
        return Suggestion(curve.points, place, True)

    def _without_needless(self, curve: _Curve, place: int) -> tuple[_Curve, int] | None:
        """Return a curve whose mask at ``place`` first loses its needless pixels, and their number.

        None if there is none. The larger masks stay as they are.
        """
        if not place:
            return None
        self._task.stop_if_cancelled()
        needless = figures(self._given, curve.points[place].mask, self._radius).needless
        order = curve.order
        freeable = hidden_by(needless, self.half[order])
        kept = 2 * int(freeable.sum())
        if not kept:
            return None
        held = np.arange(len(order)) >= len(order) - place
        fewer = np.concatenate((order[~held], order[held & freeable], order[held & ~freeable]))
        return self.curve(fewer, len(curve.points) - 1), kept


def _in_order(covariance: FloatArray, half: LagArray, ridge: float) -> Predictor:
    """Return the prediction from mirrored pairs, solved in the order given."""
    ordered = np.empty((2 * len(half), 2), dtype=half.dtype)
    ordered[0::2], ordered[1::2] = half, -half
    return predictor(covariance, ordered, ridge=ridge)


def _mask(half: LagArray) -> Mask:
    reach = np.abs(half).max(axis=0, initial=0)
    array = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1), dtype=np.bool_)
    array[reach[0], reach[1]] = True
    array[reach[0] + half[:, 0], reach[1] + half[:, 1]] = True
    array[reach[0] - half[:, 0], reach[1] - half[:, 1]] = True
    return Mask(array)
