"""The recommended mask: the one with the least expected error among all candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.error import EstimatedError, estimated_error, weights
from structmask_gui.core.quality.prediction import reach_of
from structmask_gui.core.quality.suggest import SEARCHED
from structmask_gui.core.recommend.candidates import (
    BARE,
    BARE_CENTRE,
    CAREAMICS,
    FIT_LINES,
    SIGNIFICANT,
    WHOLE_LINE,
    candidates,
    safe_candidates,
    significant,
)
from structmask_gui.core.threads import one_blas_thread

TIE = 0.03
"""Errors within this share of the least are ties, as are those within the estimate's own error."""

COPIED_MORE = 0.05
"""Share of the noise from which the noise that is copied is said."""

_ALIKE = 0.01
"""Masks that copy no more than this above the least copy alike, and are equally good where their
errors differ by no more than this share."""

_TRAINED, _PER_PIXEL = 21, 0.003
"""Cost of training: for every pixel beyond so many, this share of the error. Calibrated on small
U-Nets: a block of 15 x 15 estimated at 0.67 to 0.69 of the noise's variance trained to 0.78 to
1.55, a disc of 37 pixels at 0.15 to 0.17, and one of 37 to 0.62 where one of 21 trained to 0.55.
Up to 21 pixels training took nothing."""

_LINE_PIXELS, _MOSTLY = 5, 0.7
"""Pixels of a line that does not end, and share of a mask on it, from which all of it is hidden."""

_MOVED, _PROVEN = 0.9, 0.45
"""In differences of frames in which something moved, the significant lags are hidden if that is
expected to lower the error to the first share; from the second on nothing is in doubt."""

_SMALL = 41
"""Where frames share noise, of which their differences do not tell the error, so many pixels are
hidden at most."""

_NEAR = 1.25
"""Candidates within this factor of the least error by the autocovariances are compared in frames of
a still scene."""


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
    block_cost: float = 0.0
    """What hiding a block of 3 x 3 pixels adds to the expected error: where that is more than any
    fixed pattern could, the picture's own detail forbids masks."""
    proven: bool = False
    """Whether a mask lowers the error by so much that what moved cannot be all it hides."""

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
        """The rows to show: chosen, significant, best shape of a trainer, bare centre."""
        shape = next((row.name for row in self.ledger if row.name.startswith(CAREAMICS)), "")
        names = (self.choice, SIGNIFICANT, shape, BARE_CENTRE, FIT_LINES)
        return tuple(row for row in self.ledger if row.name in names)

    def record(self) -> dict[str, Any]:
        """Return it as plain values, as in the JSON record."""
        return {
            "choice": self.choice,
            "safe": self.safe,
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
    if cannot_separate(extraction) or (basis is not None and not basis.trusted):
        return _safe(basis, extraction, task)
    if basis is None:
        return Recommendation(significant(extraction), SIGNIFICANT, False, (), False)
    rows = ledger(basis, candidates(basis, extraction, task), task)
    block = block_cost(basis)
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    tied = [row for row in rows if row.tied and row.pixels <= SEARCHED] or [bare]
    least = min(row.copied for row in tied)
    if nothing_found(extraction):
        # What only the figures see is chance, or structure that the verdict left out.
        return Recommendation(BARE, BARE_CENTRE, False, rows, bare.tied, block)
    if bare.tied and bare.copied < least + COPIED_MORE:
        return Recommendation(BARE, BARE_CENTRE, False, rows, True, block)
    alike = [row for row in tied if row.copied <= least + _ALIKE]
    # The rows are sorted by their error; of those that no user could distinguish, the smallest one.
    near = [row for row in alike if row.error <= (1 + _ALIKE) * alike[0].error]
    best = min(near, key=lambda row: row.pixels)
    whole = next((row for row in rows if row.name == WHOLE_LINE), None)
    if whole is not None and _is_part(best, whole):
        # The figures end at their radius; the line does not.
        best = whole
    return Recommendation(best.mask, best.name, False, rows, False, block)


def _is_part(row: LedgerRow, whole: LedgerRow) -> bool:
    """Whether a mask is nearly all on a line that can be hidden whole at no cost but training's."""
    axis = int(np.argmin(whole.mask.shape))
    on_it = int((row.mask.lags()[:, axis] == 0).sum())
    part = on_it >= max(_LINE_PIXELS, _MOSTLY * row.pixels)
    return part and whole.left + whole.lost <= (1 + TIE) * (row.left + row.lost)


def _safe(basis: Basis | None, extraction: Extraction, task: Task) -> Recommendation:
    """Recommend what does no harm whether it is noise or structure."""
    found = safe_candidates(extraction)
    choice = list(found)[-1]
    if basis is None:
        return Recommendation(found[choice], choice, True, (), False)
    found.setdefault(SIGNIFICANT, significant(extraction))
    rows = ledger(basis, found, task)
    errors = {row.name: row.error for row in rows}
    # Lines that are far worse have no row.
    if errors[BARE_CENTRE] <= errors.get(choice, np.inf):
        # Better than lines if all of it is noise; if it is structure, it is so anyway.
        choice = BARE_CENTRE
    estimate = extraction.measurement.correlation
    if estimate is None or estimate.base != "difference" or SIGNIFICANT not in found:
        return Recommendation(found[choice], choice, True, rows, False)
    # Structure is gone from differences, but for what moved: large errors tell of that.
    shared = estimate.evidence.patterns.shared
    ratio = errors[SIGNIFICANT] / max(errors[choice], 1e-30)
    small = found[SIGNIFICANT].statistics.true_pixels <= _SMALL
    if ratio < _MOVED or (shared and small):
        proven = ratio < _PROVEN and not shared
        return Recommendation(found[SIGNIFICANT], SIGNIFICANT, not proven, rows, False, 0.0, proven)
    return Recommendation(found[choice], choice, True, rows, False)


def cannot_separate(extraction: Extraction) -> bool:
    """Whether structure may be in the correlation that was measured."""
    verdict, estimate = extraction.verdict, extraction.measurement.correlation
    if verdict is None or estimate is None:
        return False
    flags = set(verdict.flags)
    # In one frame a regular pattern may be the specimen's.
    periodic = "periodic_temporal" in flags and not estimate.evidence.relations
    return periodic or bool({"cannot_tell", "picture"} & flags)


def nothing_found(extraction: Extraction) -> bool:
    """Whether no correlation was found at all."""
    verdict = extraction.verdict
    if verdict is not None and verdict.kind != "none":
        return False
    return significant(extraction).statistics.true_pixels == 1


def training_cost(pixels: int, error: float) -> float:
    """Return what training with so many hidden pixels adds to an estimated error."""
    return _PER_PIXEL * max(0, pixels - _TRAINED) * error


def block_cost(basis: Basis) -> float:
    """Return by how much the expected error is larger with 3 x 3 pixels hidden than with none."""
    noise, image = basis.noise.values, basis.image.values
    block = Mask(np.ones((3, 3), dtype=np.bool_))
    hidden, bare = (
        estimated_error(noise, image, weights(image, mask, basis.radius)).total
        for mask in (block, BARE)
    )
    return hidden - bare


@dataclass(frozen=True)
class _Scored:
    """A candidate with the weights of its prediction."""

    name: str
    mask: Mask
    kernel: FloatArray
    error: EstimatedError

    @property
    def pixels(self) -> int:
        return self.mask.statistics.true_pixels

    @property
    def training(self) -> float:
        return training_cost(self.pixels, self.error.total)

    @property
    def total(self) -> float:
        return self.error.total + self.training


def ledger(basis: Basis, masks: Mapping[str, Mask], task: Task = NO_TASK) -> tuple[LedgerRow, ...]:
    """Return the expected error of each mask, by its name, the least first."""
    noise, image = basis.noise.values, basis.image.values
    scored = []
    for name, mask in masks.items():
        task.stop_if_cancelled()
        kernel = weights(image, mask, basis.radius)
        scored.append(_Scored(name, mask, kernel, estimated_error(noise, image, kernel)))
    if basis.still is not None:
        near = _NEAR * min(one.total for one in scored)
        compared = []
        for one in scored:
            task.stop_if_cancelled()
            # All errors of a ledger are measured in the same way.
            if one.total <= near or one.name in (BARE_CENTRE, SIGNIFICANT):
                error = estimated_error(noise, image, one.kernel, basis.still)
                compared.append(_Scored(one.name, one.mask, one.kernel, error))
        scored = compared
    scored.sort(key=lambda one: (one.total, one.pixels))
    spread = _Spread(basis)
    best = scored[0]
    rows = []
    for one in scored:
        task.stop_if_cancelled()
        margin = max(TIE * best.total, spread.of(one, best))
        rows.append(
            LedgerRow(
                name=one.name,
                mask=one.mask,
                pixels=one.pixels,
                copied=still_copied(basis.noise, one.mask, basis.radius),
                left=one.error.noise_left,
                lost=one.error.detail_lost,
                training=one.training,
                error=one.total,
                error_se=spread.of(one),
                tied=one.total <= best.total + margin,
            )
        )
    return tuple(rows)


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
