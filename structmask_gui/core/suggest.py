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
from numpy.typing import ArrayLike, NDArray

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
from structmask_gui.core.quality import RADIUS
from structmask_gui.core.threads import one_blas_thread

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

_WORTH = 0.96
"""A mask beyond that must lower the error to this share of what the best one within it has."""

_LEAST_GAIN = 0.001
"""A pair is hidden or freed in the last improvement if that lowers the error by this share."""


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
    """

    points: tuple[Point, ...]
    knee: int
    by_error: bool

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
        return text + "."


@one_blas_thread
def suggest(
    noise: ArrayLike,
    image: ArrayLike | None = None,
    radius: int = RADIUS,
    *,
    lags: LagArray | None = None,
    most_pixels: int | None = None,
    pixels: int = 0,
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
    most_pixels : int, optional
        Largest mask on the curve. By default it ends at `SEARCHED` pixels, unless hiding more of
        the strongest lags lowers the error by more than 4 %.
    pixels : int
        Number of pixels the noise was measured in (`Covariance.pixels`). Of independent noise,
        n neighbours seem to predict n / pixels; no mask is made larger for that. 0 if not known.
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
    # One solution with everything visible finds the ridge that all later ones share.
    ridge = predictor(noise, lags, ridge=ridge).ridge
    chance = _CHANCE * len(lags) / pixels if pixels else 0.0
    largest = SEARCHED if most_pixels is None else most_pixels
    most = min(len(half), max(0, (largest - 1) // 2))
    sizes = range(most + 1)
    everything = np.arange(len(half))
    order = _copying(noise, half, ridge).emptied(everything)
    if image is None:
        points = _points(noise, None, half[order], sizes, ridge)
        return Suggestion(points, _knee_by_copied(points, chance), False)
    image = checked_covariance(image, "the image's autocovariance")
    image_ridge = predictor(image, lags, ridge=ridge).ridge
    found: list[tuple[float, NDArray[np.intp]]] = []
    for candidate in _orders(noise, image, half, order, image_ridge):
        points = _points(noise, image, half[candidate], sizes, ridge, image_ridge)
        knee = points[_knee(points, chance)]
        found.append((knee.error, candidate[len(half) - knee.pixels // 2 :]))
    least, inside = min(found, key=lambda item: item[0])
    if least >= 1:
        points = _points(noise, image, half[order], sizes, ridge, image_ridge)
        return Suggestion(points, _knee_by_copied(points, chance), False)
    # The best of all is improved pixel by pixel, and the curve then led through it.
    erring = _Erring(noise, image, half, image_ridge)
    inside = erring.improved(inside, most)
    through = _copying(noise, half, ridge).emptied(np.setdiff1d(everything, inside), inside)
    points = _points(noise, image, half[through], sizes, ridge, image_ridge)
    if most_pixels is None and len(half) > most:
        least = points[_knee(points, chance)].error
        for candidate in (order, _by_strength(noise, half)):
            sizes = range(len(half) + 1)
            longer = _points(noise, image, half[candidate], sizes, ridge, image_ridge)
            error = longer[_knee(longer, chance)].error
            if error < _WORTH * least:
                points, least = longer, error
    return Suggestion(points, _knee(points, chance), True)


class _Tableau:
    """The prediction of the centre while pairs of pixels are freed and hidden again.

    A tableau of the sweep operator: with the covariance of all pairs, given those that are visible,
    and the covariances with the centre, given those, it tells for every pair at once what freeing
    or hiding it would change. Each step updates all of it.

    Parameters
    ----------
    matrix : float64 array (n, n)
        Covariance of the pairs; taken over.
    u, v : float64 array (n,)
        What the cost is made of: the change by toggling a pair is
        sign * u (u - 2 v) / diagonal.
    sign : float
        +1 where freeing adds the cost, -1 where it takes from it.
    """

    def __init__(self, matrix: FloatArray, u: FloatArray, v: FloatArray, sign: float) -> None:
        self._matrix, self._u, self._v, self._sign = matrix, u.copy(), v.copy(), sign
        self.hidden = np.ones(len(u), dtype=np.bool_)

    def changes(self) -> FloatArray:
        """Return by how much the cost changes if a pair is toggled, for every pair."""
        diagonal = np.diagonal(self._matrix)
        # The diagonal is positive for hidden pairs and negative for visible ones.
        safe = np.where(np.abs(diagonal) > 1e-300, diagonal, 1e-300)
        result: FloatArray = self._sign * self._u * (self._u - 2 * self._v) / safe
        return result

    def toggle(self, j: int) -> None:
        """Free a hidden pair, or hide a visible one."""
        pivot = self._matrix[j, j]
        column = self._matrix[:, j].copy()
        was_hidden = bool(self.hidden[j])
        u, v = self._u[j], self._v[j]
        self._matrix -= np.outer(column, column / pivot)
        self._u -= column * (u / pivot)
        self._v -= column * (v / pivot)
        turn = 1.0 if was_hidden else -1.0
        self._matrix[:, j] = self._matrix[j, :] = turn * column / pivot
        self._matrix[j, j] = -1 / pivot
        self._u[j], self._v[j] = turn * u / pivot, turn * v / pivot
        self.hidden[j] = not was_hidden

    def emptied(self, *groups: NDArray[np.intp]) -> NDArray[np.intp]:
        """Free all pairs, group after group, each time the cheapest; return their order."""
        order = []
        for group in groups:
            left = np.zeros(len(self.hidden), dtype=np.bool_)
            left[group] = True
            for _ in range(len(group)):
                j = int(np.where(left, self.changes(), np.inf).argmin())
                self.toggle(j)
                left[j] = False
                order.append(j)
        return np.array(order, dtype=np.intp)

    def filled(self) -> NDArray[np.intp]:
        """Hide all pairs, each time the one that pays most; return their order, the last first."""
        for j in np.flatnonzero(self.hidden).tolist():
            self.toggle(j)
        order = []
        for _ in range(len(self.hidden)):
            j = int(np.where(self.hidden, np.inf, self.changes()).argmin())
            self.toggle(j)
            order.append(j)
        return np.array(order[::-1], dtype=np.intp)


def _copying(noise: FloatArray, half: LagArray, ridge: float) -> _Tableau:
    """Return a tableau whose cost is the noise variance that is copied (half of it)."""
    matrix = folded_covariances(noise, half)
    matrix[np.diag_indices_from(matrix)] += ridge * _middle(noise)
    centre = at_lags(noise, half)
    return _Tableau(matrix, centre, np.zeros_like(centre), 1.0)


class _Erring(_Tableau):
    """A tableau whose cost is the estimated error (half of it, in squared grey levels).

    With the weights K = C^-1 g of the image, the error is
    G_picture(0) - g' C^-1 g + 2 g' C^-1 g_noise.
    """

    def __init__(self, noise: FloatArray, image: FloatArray, half: LagArray, ridge: float) -> None:
        matrix = folded_covariances(image, half)
        matrix[np.diag_indices_from(matrix)] += ridge * _middle(image)
        super().__init__(matrix, at_lags(image, half), at_lags(noise, half), -1.0)
        self._error = (_middle(image) - _middle(noise)) / 2

    def improved(self, inside: NDArray[np.intp], most: int) -> NDArray[np.intp]:
        """Return the pairs to hide after toggling one by one whatever lowers the error most."""
        for j in range(len(self.hidden)):
            if j not in inside:
                self._step(j)
        for _ in self.hidden:
            changes = self.changes()
            if self.hidden.sum() >= most:
                changes[~self.hidden] = np.inf
            j = int(changes.argmin())
            if changes[j] > -_LEAST_GAIN * abs(self._error):
                break
            self._step(j)
        return np.flatnonzero(self.hidden)

    def _step(self, j: int) -> None:
        self._error += float(self.changes()[j])
        self.toggle(j)


def _orders(
    noise: FloatArray,
    image: FloatArray,
    half: LagArray,
    by_copied: NDArray[np.intp],
    ridge: float,
) -> list[NDArray[np.intp]]:
    """Return orders in which to free the pairs: none is best for all noises and pictures."""
    everything = np.arange(len(half))
    return [
        by_copied,
        _Erring(noise, image, half, ridge).emptied(everything),
        _Erring(noise, image, half, ridge).filled(),
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
    image_ridge: float = RIDGE,
) -> tuple[Point, ...]:
    """Return the masks that hide the last pairs freed, and their figures."""
    solved = _in_order(noise, freed, ridge)
    copied = np.concatenate(([0.0], np.cumsum(solved.part**2))) * 2 / _middle(noise)
    errors = [(np.nan, np.nan)] * len(sizes)
    if image is not None:
        errors = _errors(noise, image, freed, sizes, image_ridge)
    return tuple(
        Point(
            _mask(freed[len(freed) - pairs :]),
            2 * pairs + 1,
            float(copied[len(freed) - pairs]),
            *error,
        )
        for pairs, error in zip(sizes, errors, strict=True)
    )


def _middle(covariance: FloatArray) -> float:
    return float(covariance[covariance.shape[0] // 2, covariance.shape[1] // 2])


def _in_order(covariance: FloatArray, half: LagArray, ridge: float) -> Predictor:
    """Return the prediction from mirrored pairs, solved in the order given."""
    ordered = np.empty((2 * len(half), 2), dtype=half.dtype)
    ordered[0::2], ordered[1::2] = half, -half
    return predictor(covariance, ordered, ridge=ridge)


def _errors(
    noise: FloatArray, image: FloatArray, freed: LagArray, sizes: range, ridge: float
) -> list[tuple[float, float]]:
    """Return noise left and detail lost for masks of the last pairs freed."""
    solved = _in_order(image, freed, ridge)
    of_noise = folded_covariances(noise, freed)
    picture = image - _cut(noise, image.shape)
    of_picture, centre = folded_covariances(picture, freed), at_lags(picture, freed)
    variance, all_of_it = _middle(noise), _middle(picture)
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


def _knee(points: tuple[Point, ...], chance: float) -> int:
    errors = np.array([point.error for point in points])
    return int((errors <= errors.min() * (1 + NEAR_BEST) + chance).argmax())


def _knee_by_copied(points: tuple[Point, ...], chance: float) -> int:
    copied = np.array([point.copied for point in points])
    return int((copied <= copied.min() + COPIED_FLOOR + chance).argmax())
