"""The ledger: the expected error of each mask, and how much worse than the best it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.error import ExpectedError, estimated_error, weights
from structmask_gui.core.quality.prediction import reach_of
from structmask_gui.core.quality.scoring import Copied, Prediction, Predictions, Reading
from structmask_gui.core.quality.suggest import SEARCHED
from structmask_gui.core.quality.training import training_costs
from structmask_gui.core.recommend.readings import Readings
from structmask_gui.core.threads import begin

TIE = 0.03
"""Errors within this share of the least are ties, as are those within the estimate's own error."""

NEGLIGIBLE = 0.001
"""Difference of two errors, over the noise's variance, that nobody would see."""

ABSOLUTE = 0.01
"""Share of the noise's variance that is added to both errors of a factor: less is of no use."""


@dataclass(frozen=True)
class LedgerRow:
    """The expected error of one candidate, in units of the noise variance."""

    name: str
    mask: Mask
    pixels: int  # True pixels, the centre included
    copied: float  # share of the noise that a network could copy, 0 to 1
    left: float  # noise left, copied or passed on
    lost: float  # detail lost
    training: float  # cost of training, from small U-Nets
    error: float  # the sum of the three
    error_se: float  # standard error of `error`
    tied: bool  # whether it cannot be told from the least error
    worst: float = 1.0  # factor over the least error, by whatever reading of the noise
    worst_part: float = 1.0  # the same in a half of the field, where that was measured
    worst_fixed: float = 1.0  # the same if part of the structure is a fixed pattern

    def record(self) -> dict[str, Any]:
        """Return the row as plain values, as in the JSON record."""
        names = ("name", "pixels", "copied", "left", "lost", "training", "error", "error_se")
        return {**{name: getattr(self, name) for name in names}, "tied": self.tied}


@dataclass(frozen=True, eq=False)
class _Candidate(ExpectedError):
    """A candidate with the weights of its prediction."""

    name: str
    mask: Mask
    kernel: FloatArray
    found: Prediction | None = None  # None of a mask that is not its own half turn


def ledger(
    basis: Basis,
    masks: Mapping[str, Mask],
    task: Task = NO_TASK,
    readings: Readings | None = None,
) -> tuple[LedgerRow, ...]:
    """Return the expected error of each mask, by its name, the least first.

    With readings of the noise, also how much worse than the best a mask is by each of them.
    """
    noise, image = basis.noise.values, basis.image.values
    copied = begin(_copied_by(basis), masks.values())
    predictions = Predictions(image, basis.radius)
    reading = Reading(noise, predictions, basis.still)
    scored = []
    for name, mask in masks.items():
        task.stop_if_cancelled()
        pixels = mask.statistics.true_pixels
        if mask.statistics.symmetric:
            found = predictions.of(mask)
            error, kernel = reading.error(found), predictions.kernel(found)
            scored.append(_Candidate(error, pixels, name, mask, kernel, found))
            continue
        kernel = weights(image, mask, basis.radius)
        error = estimated_error(noise, image, kernel, basis.still)
        scored.append(_Candidate(error, pixels, name, mask, kernel))
    scored.sort(key=lambda one: (one.expected, one.pixels))
    spread = _Spread(basis)
    best = next((one for one in scored if one.pixels <= SEARCHED), scored[0])
    factors, apart = np.ones((len(scored), 3)), np.zeros(len(scored))
    if readings is not None and all(one.found is not None for one in scored):
        chance = np.array([spread.of(one) for one in scored])
        factors, apart = _factors(scored, basis, predictions, readings, chance)
    shares = dict(zip(masks, copied(), strict=True))
    rows = []
    for one, factor, by_draws in zip(scored, factors.tolist(), apart.tolist(), strict=True):
        task.stop_if_cancelled()
        margin = max(TIE * best.expected, NEGLIGIBLE, spread.of(one, best))
        rows.append(
            LedgerRow(
                name=one.name,
                mask=one.mask,
                pixels=one.pixels,
                copied=shares[one.name],
                left=one.error.noise_left,
                lost=one.error.detail_lost,
                training=one.training,
                error=one.expected,
                error_se=spread.of(one) if basis.measured is None else by_draws,
                tied=one.expected <= best.expected + margin,
                worst=factor[0],
                worst_part=factor[1],
                worst_fixed=factor[2],
            )
        )
    return tuple(rows)


def gained_by_chance(basis: Basis, lags: int) -> float:
    """Return by how much hiding so many lags seems to lower the error, at most, by chance.

    Correlations of independent noise, measured in N pixels, have squares of 1 / N on average, and
    the k largest of m some 1 + 2 ln(m / k) times that. 0 where N is not known.
    """
    samples = basis.noise.samples
    if samples is None:
        return 0.0
    searched = (2 * basis.radius + 1) ** 2 - 1
    return lags / float(np.median(samples)) * float(1 + 2 * np.log(max(1.0, searched / lags)))


def _copied_by(basis: Basis) -> Callable[[Mask], float]:
    """Return what tells the share of the noise that is copied with a mask."""
    quick = Copied(basis.noise, basis.radius)

    def share(mask: Mask) -> float:
        if mask.statistics.symmetric:
            return quick.share(mask)
        return still_copied(basis.noise, mask, basis.radius)

    return share


def _factors(
    scored: list[_Candidate],
    basis: Basis,
    predictions: Predictions,
    readings: Readings,
    chance: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the largest factors over the least errors, shape (masks, 3), and how errors spread.

    By the readings of the noise; in the halves of a still scene, beyond the standard errors
    (``chance``, of the whole scene); with fixed patterns. The spread is that over the readings.
    """
    found = [one.found for one in scored if one.found is not None]
    pixels = np.array([float(one.pixels) for one in scored])
    small = pixels <= SEARCHED
    # That a long line costs training does not speak against the noise along it.
    trained = np.where([min(one.mask.shape) == 1 for one in scored], 1.0, pixels)

    def worst(errors: FloatArray, spare: FloatArray | float = 0.0) -> FloatArray:
        errors = np.maximum(errors, 0)
        errors = errors + training_costs(trained, errors) + ABSOLUTE
        least = np.where(small, errors, np.inf).min(axis=1, keepdims=True)
        return np.asarray(np.maximum((errors - spare) / least, 1.0).max(axis=0))

    def by(noise: FloatArray) -> list[float]:
        reading = Reading(noise, predictions)
        return [reading.error(one).total for one in found]

    others = [by(noise) for noise in readings.others]
    errors = np.array([[one.error.total for one in scored], *others])
    fixed = np.array([by(noise) for noise in readings.structure.readings])
    parts = errors[:1]
    if basis.still is not None:
        per_part = [basis.still.errors_by_half(one.weights) for one in found]
        parts = np.array(per_part).T / basis.noise.variance
    # A half has half the pixels.
    by_part = worst(parts, np.sqrt(2) * chance)
    factors = np.stack([worst(errors), by_part, worst(fixed)], axis=1)
    return factors, np.asarray(errors[1:].std(axis=0) if others else np.zeros(len(scored)))


class _Spread:
    """Standard errors of estimated errors, and of the difference of two, for given weights.

    Divided by the noise's variance, the error is V - 1 + 2 sum K rho, with V the variance of the
    frames less their prediction over the noise's. Both rho and that variance are measured in a
    number of independent pixels.
    """

    def __init__(self, basis: Basis) -> None:
        noise = basis.noise
        self._rho = noise.correlation
        self._each = np.zeros_like(self._rho)
        if noise.samples is not None:
            self._each = 1 / np.maximum(noise.samples, 1.0)
        half = reach_of(self._rho)
        self._of_variance = 2 * float((self._rho**2).sum()) * float(self._each[half])

    def of(self, one: _Candidate, other: _Candidate | None = None) -> float:
        """Return the standard error of an estimated error, or of its difference to another."""
        kernel, rest = one.kernel, self._rest(one)
        if other is not None:
            kernel, rest = kernel - other.kernel, rest - self._rest(other)
        reach = reach_of(kernel)
        each = _inside(self._each, reach)
        return float(np.sqrt(8 * (kernel**2 * each).sum() + self._of_variance * rest**2))

    def _rest(self, one: _Candidate) -> float:
        """Return the variance of what a prediction leaves of the frames, over the noise's."""
        rho = _inside(self._rho, reach_of(one.kernel))
        return one.error.total + 1 - 2 * float((one.kernel * rho).sum())


def _inside(values: FloatArray, reach: tuple[int, int]) -> FloatArray:
    """Return the middle of an array of lags, up to a reach."""
    (y, x), (ry, rx) = reach_of(values), reach
    return values[y - ry : y + ry + 1, x - rx : x + rx + 1]
