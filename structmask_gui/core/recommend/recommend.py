"""The recommended mask: the one with the least expected error among all candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from structmask_gui.core.extraction.extraction import Extraction, cannot_separate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.error import Scored
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
from structmask_gui.core.recommend.ledger import (
    ABSOLUTE,
    NEGLIGIBLE,
    TIE,
    LedgerRow,
    gained_by_chance,
    ledger,
)
from structmask_gui.core.recommend.readings import Structure, readings_of
from structmask_gui.core.recommend.shapes import GAINS
from structmask_gui.core.threads import one_blas_thread
from structmask_gui.core.verdict.kind import NoiseKind

COPIED_MORE = 0.05
"""Share of the noise from which the noise that is copied is said."""

ALIKE = 0.01
"""Masks that copy no more than this above the least copy alike."""

_LINE_PIXELS = 5
"""Pixels that a mask hides of a line that does not end, from which all of it is hidden."""

DOUBTED, CLOSE = 1.15, 1.1
"""Factors over the least error: a mask that may be beyond the first is not reliable; up to the
second it is nearly the best."""

AGREED, _MILDER = 3.5, 1.25
"""The same by noise that was learned, from which nothing is concluded; and how many times nearer to
the least error another mask has to be, at worst, to be taken instead."""

WHOLE_SHAPE = 0.05
"""A row, column or block that costs no more than this share is taken before a mask with gaps, and
a line before other shapes where the noise lies along it."""

_LINES: dict[NoiseKind | None, int] = {"rows": 0, "columns": 1}
"""The side of a mask that is one pixel, where the noise lies along a line."""

_WORTH = 0.95
"""A mask by noise that was learned must lower the error to this share of what it is without one."""


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
    changing: bool = False  # chosen with a sample in mind that changes from frame to frame

    @property
    def either(self) -> bool:
        """Whether no mask is best, whatever of the frames is noise."""
        row, structure = self.chosen, self.structure
        if row is None or structure is None or row.pixels > 1 or not structure.strong:
            return False
        return max(row.worst, row.worst_fixed) <= CLOSE

    @property
    def whatever_is_fixed(self) -> bool:
        """Whether no mask is best, whatever of the structure is a fixed pattern."""
        row, structure = self.chosen, self.structure
        if row is None or structure is None or row.pixels > 1 or structure.dwarfs_noise:
            return False
        return row.worst_fixed <= CLOSE

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
        if self.learned and row.pixels == 1:
            return (
                "By an estimate of the noise that was learned from simulated images, no mask lowers"
                f" the expected error by {100 * (1 - _WORTH):.0f} %."
            )
        if self.learned and not row.tied:
            return (
                "What was learned from simulated images leaves open which of several kinds of noise"
                " this is; for all of them together, the recommended mask is the safest."
            )
        if self.learned:
            return (
                "The recommended mask has the least expected error by an estimate of the noise that"
                " was learned from simulated images."
            )
        if self.safe or self.changing:
            return "The recommended choice is the safest, whether the pattern is noise or sample."
        if row is self.ledger[0]:
            return "The recommended mask has the least expected error."
        least = self.ledger[0]
        plainer = not row.tied and row.mask.array.all() and row.pixels > 1
        other = not least.mask.array.all() or min(row.mask.shape) < min(least.mask.shape)
        if plainer and other and row.error <= (1 + WHOLE_SHAPE) * least.error + NEGLIGIBLE:
            return (
                f"A row, column or block without gaps is taken whose expected error is within"
                f" {100 * WHOLE_SHAPE:.0f} % of the least, if it copies hardly more of the noise."
            )
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
            "noise_was_learned": self.learned,
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
    if basis is not None:
        basis = basis.as_measured
    found = _recommended(basis, extraction, task)
    if found.learned:
        return found
    return _levelled(found, basis)


def _levelled(found: Recommendation, basis: Basis | None) -> Recommendation:
    """Return a recommendation whose errors are those that its masks' figures give.

    In a still scene masks are compared by some of the pixels, which tells their differences well,
    but bright spots may shift all errors alike. Figures of a mask are of all pixels, and so are
    those of the rows that are shown; the others are shifted as the chosen one.
    """
    chosen = found.chosen
    if chosen is None or basis is None or basis.still is None:
        return found
    scores = {chosen.name: basis.score(chosen.mask)}
    shift = scores[chosen.name].error.total - chosen.left - chosen.lost
    found = replace(found, ledger=tuple(_shifted(row, shift) for row in found.ledger))
    exact: dict[str, LedgerRow] = {}
    # Another shape of a trainer may be the best one then.
    while missing := [row for row in found.main_rows if row.name not in exact]:
        for row in missing:
            scored = scores.get(row.name) or basis.score(row.mask)
            exact[row.name] = _with_error(row, scored)
        rows = [exact.get(row.name, row) for row in found.ledger]
        rows.sort(key=lambda row: (row.error, row.pixels))
        found = replace(found, ledger=tuple(rows))
    return found


def _with_error(row: LedgerRow, scored: Scored) -> LedgerRow:
    return replace(
        row,
        left=scored.error.noise_left,
        lost=scored.error.detail_lost,
        training=scored.training,
        error=scored.expected,
    )


def _shifted(row: LedgerRow, shift: float) -> LedgerRow:
    total = max(row.left + row.lost + shift, 0.0)
    left = min(row.left, total)
    return replace(row, left=left, lost=total - left, error=total + row.training)


def _recommended(basis: Basis | None, extraction: Extraction, task: Task) -> Recommendation:
    if cannot_separate(extraction) or (basis is not None and not basis.trusted):
        found = _safe(basis, extraction, task)
        if basis is None or basis.learned is None:
            return found
        return _by_learned(basis.likely(), extraction, task) or found
    if basis is None:
        return Recommendation(significant(extraction), SIGNIFICANT, False, (), False)
    readings = readings_of(basis, extraction)
    rows = ledger(basis, candidates(basis, extraction, task), task, readings)
    structure = readings.structure
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    estimate = extraction.measurement.correlation
    if estimate is not None and estimate.evidence.changing:
        best = _mildest(rows)
        best = _to_its_end(rows, best, extraction) or best
        return Recommendation(best.mask, best.name, False, rows, False, structure, changing=True)
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
    verdict = extraction.verdict
    best = _plainer(rows, best, None if verdict is None else verdict.kind)
    whole = _to_its_end(rows, best, extraction)
    if whole is None:
        rows, best = _without_chance(rows, best, basis)
        return Recommendation(best.mask, best.name, False, rows, False, structure)
    # That a long line costs training does not speak against it, if hiding it is of use.
    of_use = whole.copied < bare.copied / 2
    no_worse = bare.error <= (1 + TIE) * (whole.left + whole.lost if of_use else whole.error)
    if no_worse and bare.copied < whole.copied + COPIED_MORE:
        return Recommendation(BARE, BARE_CENTRE, False, rows, True, structure)
    return Recommendation(whole.mask, whole.name, False, rows, False, structure)


def _without_chance(
    rows: tuple[LedgerRow, ...], best: LedgerRow, basis: Basis
) -> tuple[tuple[LedgerRow, ...], LedgerRow]:
    """Return the smallest mask that a mask with gaps holds and beats by chance only, as a tie.

    In few pixels some far lags always seem to share noise, and the search for a mask finds them.
    """
    if best.mask.array.all():
        return rows, best
    hidden = {tuple(lag) for lag in best.mask.lags()}
    for row in sorted(rows, key=lambda row: row.pixels):
        within = {tuple(lag) for lag in row.mask.lags()}
        if not 1 < row.pixels < best.pixels or not within < hidden:
            continue
        most = max(ABSOLUTE, best.error_se)
        chance = min(gained_by_chance(basis, best.pixels - row.pixels), most)
        if row.error <= best.error + chance and row.copied <= best.copied + chance:
            equal = replace(row, tied=True)
            return tuple(equal if one is row else one for one in rows), equal
    return rows, best


def _to_its_end(
    rows: tuple[LedgerRow, ...], best: LedgerRow, extraction: Extraction
) -> LedgerRow | None:
    """Return the row of a line up to its end, of which the best mask hides a part.

    The figures end at their radius; the line does not.
    """
    line = whole_line(extraction)
    whole = next((row for row in rows if row.mask == line), None)
    return whole if whole is not None and _is_part(best, whole) else None


def _plainer(rows: tuple[LedgerRow, ...], best: LedgerRow, kind: NoiseKind | None) -> LedgerRow:
    """Return a mask of a plainer shape if it is nearly as good.

    A row, column or block for a mask with gaps; and where the noise lies along a line, that line.
    """
    most = (1 + WHOLE_SHAPE) * rows[0].error + NEGLIGIBLE
    near = [row for row in rows if row.error <= most and 1 < row.pixels <= SEARCHED]
    whole = [row for row in near if row.mask.array.all()]
    axis = _LINES.get(kind)
    if axis is not None and min(best.mask.array.shape) > 1:
        lines = (row for row in whole if row.mask.array.shape[axis] == 1)
        line = next((row for row in lines if row.copied <= best.copied + ALIKE), None)
        if line is not None:
            return line
    if best.mask.array.all():
        return best
    return next((row for row in whole if row.copied <= best.copied), best)


def _is_part(row: LedgerRow, whole: LedgerRow) -> bool:
    """Whether a mask hides some of a line that can be hidden whole at no cost but training's.

    Or a part of what is hidden of it, if that is only every n-th pixel.
    """
    axis = int(np.argmin(whole.mask.shape))
    on_it = int((row.mask.lags()[:, axis] == 0).sum())
    part = on_it >= _LINE_PIXELS
    if 1 < row.pixels < whole.pixels < whole.mask.array.size:
        hidden = {tuple(lag) for lag in whole.mask.lags()}
        part = all(tuple(lag) in hidden for lag in row.mask.lags())
    return part and whole.left + whole.lost <= (1 + TIE) * (row.left + row.lost)


def _safe(basis: Basis | None, extraction: Extraction, task: Task) -> Recommendation:
    """Recommend what does least harm whether it is noise or structure."""
    found = safe_candidates(extraction)
    choice = list(found)[-1]
    if basis is None:
        return Recommendation(found[choice], choice, True, (), False)
    readings = readings_of(basis, extraction)
    structure = readings.structure
    estimate = extraction.measurement.correlation
    if estimate is not None and estimate.base == "difference" and readings.others:
        # Structure is gone from differences, but for what moved; what else it may be is known.
        rows = ledger(basis, candidates(basis, extraction, task), task, readings)
        best = _mildest(rows)
        return Recommendation(best.mask, best.name, True, rows, False, structure)
    found.setdefault(SIGNIFICANT, significant(extraction))
    rows = ledger(basis, found, task, readings)
    errors = {row.name: row.error for row in rows}
    if errors[BARE_CENTRE] <= errors[choice]:
        # Better than lines if all of it is noise; if it is structure, it is so anyway.
        choice = BARE_CENTRE
    return Recommendation(found[choice], choice, True, rows, False, structure)


def _mildest(rows: tuple[LedgerRow, ...]) -> LedgerRow:
    """Return the row that is least bad whatever is noise."""
    least = min(row.worst for row in rows if row.pixels <= SEARCHED)
    near = [row for row in rows if row.worst <= (1 + TIE) * least]
    best = min(near, key=lambda row: (row.pixels, row.worst))
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    # What helps little by the worst account may do harm by the true one.
    return bare if bare.worst < DOUBTED * best.worst else best


def _by_learned(basis: Basis, extraction: Extraction, task: Task) -> Recommendation | None:
    """Recommend a mask by noise that is only likely; None where nothing can be concluded."""
    readings = readings_of(basis, extraction)
    rows = ledger(basis, candidates(basis, extraction, task), task, readings)
    best = agreed(rows)
    if best is None:
        return None
    best = _to_its_end(rows, best, extraction) or best
    structure = readings.structure
    return Recommendation(best.mask, best.name, False, rows, False, structure, learned=True)


def agreed(rows: tuple[LedgerRow, ...]) -> LedgerRow | None:
    """Return the row to take if each of several kinds of noise is as likely; None if none will do.

    ``rows``: the least error first; ``worst`` is by whichever kind is worst for a mask.
    """
    searched = [row for row in rows if row.pixels <= SEARCHED]
    bare = next(row for row in rows if row.name == BARE_CENTRE)
    best = min((row for row in searched if row.tied), key=lambda row: row.worst)
    if bare.tied or best.error > _WORTH * bare.error:
        best = bare
    # None is called safer that is expected to do worse than no mask.
    mildest = min((row for row in searched if row.error <= bare.error), key=lambda row: row.worst)
    if _MILDER * mildest.worst < best.worst:
        if _MILDER * mildest.worst >= bare.worst:
            return None
        best = mildest
    return None if best.worst > AGREED or best.error >= GAINS else best


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


def expected_error(
    mask: Mask, recommendation: Recommendation | None, scored: Scored | None
) -> float | None:
    """Return the expected error of a cropped mask, of the ledger or of its figures, if known."""
    row = None if recommendation is None else recommendation.row_of(mask)
    if row is not None:
        return row.error
    return None if scored is None else scored.expected


def told_error(extraction: Extraction | None, mask: Mask | None) -> float | None:
    """Return the expected error of a mask, where the answer gives one."""
    found: Recommendation | None = getattr(extraction, "recommendation", None)
    if extraction is None or mask is None:
        return None
    if cannot_separate(extraction) and not (found is not None and found.learned):
        return None
    basis: Basis | None = getattr(extraction, "basis", None)
    scored = None if basis is None else basis.score(mask)
    return expected_error(mask.cropped(), found, scored)
