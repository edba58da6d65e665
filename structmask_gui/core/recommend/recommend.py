"""The recommended mask: the one with the least expected error among all candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.extraction.extraction import Extraction, cannot_separate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.error import (
    EstimatedError,
    Ranked,
    Scored,
    estimated_error,
    weights,
)
from structmask_gui.core.quality.prediction import reach_of
from structmask_gui.core.quality.scoring import Copied, Prediction, Predictions, Reading
from structmask_gui.core.quality.suggest import NEAR_BEST, SEARCHED
from structmask_gui.core.recommend.candidates import (
    BARE,
    BARE_CENTRE,
    CAREAMICS,
    FARTHEST,
    FIT_LINES,
    SIGNIFICANT,
    candidates,
    safe_candidates,
    significant,
    whole_line,
)
from structmask_gui.core.recommend.fixed import with_fixed
from structmask_gui.core.recommend.readings import Readings, Structure, readings_of
from structmask_gui.core.recommend.shapes import GAINS
from structmask_gui.core.threads import begin, one_blas_thread

TIE = 0.03
"""Errors within this share of the least are ties, as are those within the estimate's own error."""

NEGLIGIBLE = 0.001
"""Difference of two errors, over the noise's variance, that nobody would see."""

COPIED_MORE = 0.05
"""Share of the noise from which the noise that is copied is said."""

ALIKE = 0.01
"""Masks that copy no more than this above the least copy alike."""

_TRAINED, _OF_ERROR, _OF_NOISE, _LEAST = 25, 0.02, 0.003, 0.02
"""Cost of training: for every pixel beyond so many, this share of the error, or this share of the
noise's variance where that is less. An error below the last one counts as that: in frames, or a
part of them, without structure any mask loses nothing, but that is not all one trains on.
Calibrated on small U-Nets: up to 25 pixels training took nothing, and the nets did better than
estimated, by 0.05; a disc of 35 to 37 pixels estimated at 0.14 trained to 0.13 to 0.18 and one at
0.60 to 0.62, where one of 21 to 25 trained to 0.11 and 0.55; a square of 49 at 0.14 to 0.17, one of
121 at 0.16 to 0.74, one of 225 at 0.67 to 0.69 to 0.78 to 1.55."""

_LINE_PIXELS, _MOSTLY = 5, 0.7
"""Pixels of a line that does not end, and share of a mask on it, from which all of it is hidden."""

DOUBTED, CLOSE = 1.15, 1.1
"""Factors over the least error: a mask that may be beyond the first is not reliable; up to the
second it is nearly the best."""

AGREED = 3.0
"""The same by noise that was learned, from which nothing is concluded."""

_ABSOLUTE = 0.01
"""Share of the noise's variance that is added to both errors of a factor: less is of no use."""

_WORTH = 0.95
"""A mask against a fixed pattern must lower the error to this share of what it is without one."""


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


@dataclass(frozen=True)
class Recommendation:
    """The mask to use, and why."""

    mask: Mask
    choice: str  # name of its row in the ledger
    safe: bool  # chosen because noise and structure cannot be separated
    ledger: tuple[LedgerRow, ...]  # least error first; empty where the error is not known
    gains_next_to_nothing: bool  # Noise2Void without a mask does as well as any mask
    structure: Structure | None = None
    """What is no noise in the frames; None where the error is not known."""
    learned: bool = False  # chosen by what noise and samples usually look like
    fixed: bool = False
    """Whether a pattern that is the same in every frame counts as noise, in the ledger as well."""

    @property
    def either(self) -> bool:
        """Whether no mask is best, whatever of the frames is noise."""
        row, structure = self.chosen, self.structure
        if row is None or structure is None or row.pixels > 1 or not structure.strong:
            return False
        return max(row.worst, row.worst_fixed) <= CLOSE

    def row(self, name: str) -> LedgerRow | None:
        """Return the row of a candidate."""
        return next((row for row in self.ledger if row.name == name), None)

    def row_of(self, mask: Mask) -> LedgerRow | None:
        """Return the row of a cropped mask, whatever its name."""
        return next((row for row in self.ledger if row.mask == mask), None)

    @property
    def chosen(self) -> LedgerRow | None:
        """The row of the recommended mask."""
        return self.row(self.choice)

    @property
    def bare(self) -> LedgerRow | None:
        """The row of Noise2Void without a mask."""
        return self.row(BARE_CENTRE)

    @property
    def main_rows(self) -> tuple[LedgerRow, ...]:
        """The rows to show: chosen first, significant, best shape of a trainer, bare centre."""
        shape = next((row.name for row in self.ledger if row.name.startswith(CAREAMICS)), "")
        names = (self.choice, SIGNIFICANT, shape, BARE_CENTRE, FIT_LINES)
        rows = [row for row in self.ledger if row.name in names]
        return tuple(sorted(rows, key=lambda row: row.name != self.choice))

    @property
    def rule(self) -> str:
        """Say in one sentence why this mask and no other; empty where no error is known."""
        row = self.chosen
        if row is None:
            return ""
        if self.learned:
            return (
                "The recommended mask has the least expected error by an estimate of the noise that"
                " was learned from simulated images."
            )
        if self.safe:
            return "The recommended choice is the safest, whether the pattern is noise or sample."
        if self.fixed:
            return (
                "The recommended mask has the least expected error if what is in every frame, all"
                " over the field, is noise."
            )
        if row is self.ledger[0]:
            return "The recommended mask has the least expected error."
        if not row.tied and self.gains_next_to_nothing:
            return "No mask of this size helps with lines that go on, so none is recommended."
        if not row.tied and row.pixels == 1:
            return "No shared noise was found, so no mask is recommended."
        if not row.tied:
            return (
                "The noise lies along a line, so the line is hidden up to its end, but at most"
                f" {FARTHEST} pixels either way."
            )
        equal = f"Expected errors within {100 * TIE:.0f} %, or that cannot be distinguished, count"
        if row.pixels == 1:
            return (
                f"{equal} as equal; of these a mask is taken only if it copies"
                f" {100 * COPIED_MORE:.0f} % less of the noise than no mask."
            )
        return (
            f"{equal} as equal; of these the smallest mask is taken that copies at most"
            f" {100 * ALIKE:.0f} % more of the noise than any."
        )

    def record(self) -> dict[str, Any]:
        """Return it as plain values, as in the JSON record."""
        return {
            "choice": self.choice,
            "rule": self.rule,
            "safe": self.safe,
            "fixed_pattern_is_noise": self.fixed,
            "gains_next_to_nothing": self.gains_next_to_nothing,
            "ledger": [row.record() for row in self.main_rows],
            "cost_of_training": "calibrated on small U-Nets",
        }


@one_blas_thread
def recommend(basis: Basis | None, extraction: Extraction, task: Task = NO_TASK) -> Recommendation:
    """Recommend a mask for the noise that an extraction measured.

    Takes well under a second; once per measurement is enough.

    Parameters
    ----------
    basis : Basis, optional
        As from `extraction_basis`; without it the error is not known, and the significant lags are
        recommended.
    extraction : Extraction
        By the statistical method; its mask may be any.
    task : Task
    """
    found = _recommended(basis, extraction, task)
    if basis is not None and not found.safe and found.choice == BARE_CENTRE:
        held = with_fixed(basis, extraction)
        against = None if held is None else _against_fixed(*held, extraction, task)
        if against is not None:
            return replace(against, structure=found.structure)
    return _levelled(found, basis)


def _against_fixed(
    held: Basis, flattest: Basis, extraction: Extraction, task: Task
) -> Recommendation | None:
    """Recommend a mask by bases whose noise holds a fixed pattern; None if none helps."""
    rows = ledger(held, candidates(held, extraction, task), task)
    searched = [row for row in rows if row.pixels <= SEARCHED]
    least = searched[0].error
    most = max((1 + NEAR_BEST) * least, least + NEGLIGIBLE)
    best = min((row for row in searched if row.error <= most), key=lambda row: row.pixels)
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    if best.error + _ABSOLUTE > _WORTH * bare.error:
        return None
    task.stop_if_cancelled()
    if flattest.score(best.mask).error.total > flattest.score(BARE).error.total:
        return None
    return Recommendation(best.mask, best.name, False, rows, False, fixed=True)


def _levelled(found: Recommendation, basis: Basis | None) -> Recommendation:
    """Return a recommendation whose errors are those that its masks' figures give.

    In a still scene masks are compared by some of the pixels, which tells their differences well,
    but bright spots may shift all errors alike. Figures of a mask are of all pixels, and so are
    those of the rows that are shown; the others are shifted as the chosen one.
    """
    chosen = found.chosen
    if chosen is None or basis is None or basis.still is None:
        return found
    errors = {chosen.name: basis.score(chosen.mask).error}
    shift = errors[chosen.name].total - chosen.left - chosen.lost
    found = replace(found, ledger=tuple(_shifted(row, shift) for row in found.ledger))
    exact: dict[str, LedgerRow] = {}
    # Another shape of a trainer may be the best one then.
    while missing := [row for row in found.main_rows if row.name not in exact]:
        for row in missing:
            error = errors.get(row.name) or basis.score(row.mask).error
            exact[row.name] = _with_error(row, error)
        rows = [exact.get(row.name, row) for row in found.ledger]
        rows.sort(key=lambda row: (row.error, row.pixels))
        found = replace(found, ledger=tuple(rows))
    return found


def _with_error(row: LedgerRow, error: EstimatedError) -> LedgerRow:
    training = training_cost(row.pixels, error.total)
    return replace(
        row,
        left=error.noise_left,
        lost=error.detail_lost,
        training=training,
        error=error.total + training,
    )


def _shifted(row: LedgerRow, shift: float) -> LedgerRow:
    total = max(row.left + row.lost + shift, 0.0)
    left = min(row.left, total)
    return replace(row, left=left, lost=total - left, error=total + row.training)


def _recommended(basis: Basis | None, extraction: Extraction, task: Task) -> Recommendation:
    if cannot_separate(extraction) or (basis is not None and not basis.trusted):
        return _safe(basis, extraction, task)
    if basis is None:
        return Recommendation(significant(extraction), SIGNIFICANT, False, (), False)
    readings = readings_of(basis, extraction)
    rows = ledger(basis, candidates(basis, extraction, task), task, readings)
    structure = readings.structure
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    tied = [row for row in rows if row.tied and row.pixels <= SEARCHED]
    least = min(row.copied for row in tied)
    if nothing_found(extraction):
        # What only the figures see is chance, or structure that the verdict left out.
        return Recommendation(BARE, BARE_CENTRE, False, rows, bare.tied, structure)
    if bare.tied and bare.copied < least + COPIED_MORE:
        return Recommendation(BARE, BARE_CENTRE, False, rows, True, structure)
    alike = [row for row in tied if row.copied <= least + ALIKE]
    # The rows are sorted by their error; of those that no user could distinguish, the smallest one.
    least_error = alike[0].error
    most = max((1 + NEAR_BEST) * least_error, least_error + NEGLIGIBLE)
    near = [row for row in alike if row.error <= most]
    best = min(near, key=lambda row: row.pixels)
    line = whole_line(extraction)
    whole = next((row for row in rows if row.mask == line), None)
    if whole is not None and bare.copied >= COPIED_MORE and _is_part(best, whole):
        # The figures end at their radius; the line does not.
        if bare.error <= (1 + TIE) * whole.error and bare.copied < whole.copied + COPIED_MORE:
            return Recommendation(BARE, BARE_CENTRE, False, rows, True, structure)
        best = whole
    return Recommendation(best.mask, best.name, False, rows, False, structure)


def _is_part(row: LedgerRow, whole: LedgerRow) -> bool:
    """Whether a mask is nearly all on a line that can be hidden whole at no cost but training's."""
    axis = int(np.argmin(whole.mask.shape))
    on_it = int((row.mask.lags()[:, axis] == 0).sum())
    part = on_it >= max(_LINE_PIXELS, _MOSTLY * row.pixels)
    return part and whole.left + whole.lost <= (1 + TIE) * (row.left + row.lost)


def _safe(basis: Basis | None, extraction: Extraction, task: Task) -> Recommendation:
    """Recommend what does least harm whether it is noise or structure."""
    found = safe_candidates(extraction)
    choice = list(found)[-1]
    if basis is None:
        return Recommendation(found[choice], choice, True, (), False)
    readings = readings_of(basis, extraction)
    structure = readings.structure
    if basis.learned is not None:
        rows = ledger(basis, candidates(basis, extraction, task), task, readings)
        tied = [row for row in rows if row.tied and row.pixels <= SEARCHED]
        best = min(tied, key=lambda row: (row.pixels > 1, row.worst))
        if best.worst <= AGREED and best.error < GAINS:
            return Recommendation(best.mask, best.name, False, rows, False, structure, learned=True)
    estimate = extraction.measurement.correlation
    if estimate is not None and estimate.base == "difference" and readings.others:
        # Structure is gone from differences, but for what moved; what else it may be is known.
        rows = ledger(basis, candidates(basis, extraction, task), task, readings)
        least = min(row.worst for row in rows if row.pixels <= SEARCHED)
        near = [row for row in rows if row.worst <= (1 + TIE) * least]
        best = min(near, key=lambda row: (row.pixels, row.worst))
        return Recommendation(best.mask, best.name, True, rows, False, structure)
    found.setdefault(SIGNIFICANT, significant(extraction))
    rows = ledger(basis, found, task, readings)
    errors = {row.name: row.error for row in rows}
    if errors[BARE_CENTRE] <= errors[choice]:
        # Better than lines if all of it is noise; if it is structure, it is so anyway.
        choice = BARE_CENTRE
    return Recommendation(found[choice], choice, True, rows, False, structure)


def unseparated(extraction: Extraction, recommendation: Recommendation | None = None) -> bool:
    """Whether noise and structure could not be separated, so that a mask may hide structure.

    The recommendation of a `RecommendedExtraction` is known without it.
    """
    if recommendation is None:
        recommendation = getattr(extraction, "recommendation", None)
    return cannot_separate(extraction) or (recommendation is not None and recommendation.safe)


def nothing_found(extraction: Extraction) -> bool:
    """Whether no correlation was found at all."""
    verdict = extraction.verdict
    if verdict is not None and verdict.kind != "none":
        return False
    return significant(extraction).statistics.true_pixels == 1


def training_cost(pixels: int, error: float) -> float:
    """Return what training with so many hidden pixels adds to an estimated error."""
    return float(_training(np.array([pixels]), np.array([error]))[0])


def with_training(scored: Scored | Ranked) -> float:
    """Return the error of a mask as the ledger has it, with the cost of training."""
    return scored.error.total + training_cost(scored.pixels, scored.error.total)


def expected_error(
    mask: Mask, recommendation: Recommendation | None, scored: Scored | None
) -> float | None:
    """Return the expected error of a cropped mask, of the ledger or of its figures, if known."""
    row = None if recommendation is None else recommendation.row_of(mask)
    if row is not None:
        return row.error
    return None if scored is None else with_training(scored)


def told_error(extraction: Extraction | None, mask: Mask | None) -> float | None:
    """Return the expected error of a mask, where it is known and noise can be separated."""
    if extraction is None or mask is None or cannot_separate(extraction):
        return None
    return expected_error(mask.cropped(), getattr(extraction, "recommendation", None), None)


def _training(pixels: FloatArray, errors: FloatArray) -> FloatArray:
    """Return `training_cost` of several masks."""
    each = np.minimum(_OF_ERROR * np.maximum(errors, _LEAST), _OF_NOISE)
    return np.asarray(np.maximum(pixels - _TRAINED, 0) * each)


@dataclass(frozen=True, eq=False)
class _Scored:
    """A candidate with the weights of its prediction."""

    name: str
    mask: Mask
    kernel: FloatArray
    error: EstimatedError
    found: Prediction | None = None  # None of a mask that is not its own half turn

    @cached_property
    def pixels(self) -> int:
        return self.mask.statistics.true_pixels

    @cached_property
    def training(self) -> float:
        return training_cost(self.pixels, self.error.total)

    @cached_property
    def total(self) -> float:
        return self.error.total + self.training


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
        if _symmetric(mask):
            found = predictions.of(mask)
            error, kernel = reading.error(found), predictions.kernel(found)
            scored.append(_Scored(name, mask, kernel, error, found))
            continue
        kernel = weights(image, mask, basis.radius)
        error = estimated_error(noise, image, kernel, basis.still)
        scored.append(_Scored(name, mask, kernel, error))
    scored.sort(key=lambda one: (one.total, one.pixels))
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
        margin = max(TIE * best.total, NEGLIGIBLE, spread.of(one, best))
        rows.append(
            LedgerRow(
                name=one.name,
                mask=one.mask,
                pixels=one.pixels,
                copied=shares[one.name],
                left=one.error.noise_left,
                lost=one.error.detail_lost,
                training=one.training,
                error=one.total,
                error_se=spread.of(one) if basis.learned is None else by_draws,
                tied=one.total <= best.total + margin,
                worst=factor[0],
                worst_part=factor[1],
                worst_fixed=factor[2],
            )
        )
    return tuple(rows)


def _symmetric(mask: Mask) -> bool:
    return np.array_equal(mask.array, mask.array[::-1, ::-1])


def _copied_by(basis: Basis) -> Callable[[Mask], float]:
    """Return what tells the share of the noise that is copied with a mask."""
    quick = Copied(basis.noise, basis.radius)

    def share(mask: Mask) -> float:
        if _symmetric(mask):
            return quick.share(mask)
        return still_copied(basis.noise, mask, basis.radius)

    return share


def _factors(
    scored: list[_Scored],
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
        errors = errors + _training(trained, errors) + _ABSOLUTE
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

    def of(self, one: _Scored, other: _Scored | None = None) -> float:
        """Return the standard error of an estimated error, or of its difference to another."""
        kernel, rest = one.kernel, self._rest(one)
        if other is not None:
            kernel, rest = kernel - other.kernel, rest - self._rest(other)
        reach = reach_of(kernel)
        each = _inside(self._each, reach)
        return float(np.sqrt(8 * (kernel**2 * each).sum() + self._of_variance * rest**2))

    def _rest(self, one: _Scored) -> float:
        """Return the variance of what a prediction leaves of the frames, over the noise's."""
        rho = _inside(self._rho, reach_of(one.kernel))
        return one.error.total + 1 - 2 * float((one.kernel * rho).sum())


def _inside(values: FloatArray, reach: tuple[int, int]) -> FloatArray:
    """Return the middle of an array of lags, up to a reach."""
    (y, x), (ry, rx) = reach_of(values), reach
    return values[y - ry : y + ry + 1, x - rx : x + rx + 1]
