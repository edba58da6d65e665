"""The masks that a recommendation chooses from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from structmask_gui.core.arrays import BoolArray
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.stack.frames import evenly
from structmask_gui.core.statistical.structure import ONE_LINE
from structmask_gui.core.verdict.lines import endless_lines

BARE = Mask(np.ones((1, 1), dtype=np.bool_))

BARE_CENTRE = "no mask (plain N2V)"
SIGNIFICANT = "significant lags"
SUGGESTED = "suggested"
CAREAMICS = "CAREamics"
FIT_LINES = "lines beyond the optical cut-off"
WHOLE_LINE = "lines that do not end"

FARTHEST = 20
"""Pixels hidden on either side, at most, where lines do not end within the largest lag."""

_ROW_WORDS = {
    SIGNIFICANT: "pixels that clearly share noise",
    FIT_LINES: "lines finer than the optics resolve",
    WHOLE_LINE: f"the line, at most {FARTHEST} pixels either way",
}

_NEAR = 1.3
"""Factor on the least error within which masks of the suggestion's curve are candidates."""

_MOST_SUGGESTED = 24

_FILLED = 0.8
"""Share of the pixels up to its end that a line must fill."""

_SURE = 4.0
"""Standard errors from which a lag of the fit is significant."""


def row_words(name: str) -> str:
    """Return the name of a candidate in plain words."""
    return _ROW_WORDS.get(name, name.replace(f"{SUGGESTED}, ", "mask of "))


def candidates(basis: Basis, extraction: Extraction, task: Task = NO_TASK) -> dict[str, Mask]:
    """Return all candidates by name, each mask once, under the first of its names."""
    found = [(BARE_CENTRE, BARE), (SIGNIFICANT, significant(extraction))]
    found += [(f"{CAREAMICS} {name}", mask) for name, mask in careamics_masks().items()]
    # Each mask is compared as all candidates are; the suggested one needs no more than that.
    curve = basis.suggest(task, refined=False)
    least = min(point.error for point in curve.points)
    near = [place for place, one in enumerate(curve.points) if one.error <= _NEAR * least]
    places = sorted({curve.knee, *(near[at] for at in evenly(len(near), _MOST_SUGGESTED))})
    found += [
        (f"{SUGGESTED}, {curve.points[place].pixels} pixels", curve.points[place].mask)
        for place in places
    ]
    whole = whole_line(extraction)
    if whole is not None:
        found.append((WHOLE_LINE, whole))
    return _each_once(found)


def safe_candidates(extraction: Extraction) -> dict[str, Mask]:
    """Return harmless masks for where noise and structure cannot be separated, the best last."""
    found = {BARE_CENTRE: BARE}
    lines = fit_lines(extraction)
    if lines is not None:
        found[FIT_LINES] = lines
    return found


def significant(extraction: Extraction) -> Mask:
    """Return the mask of the significant lags, whatever mask was chosen."""
    chosen = extraction.mask if extraction.selection is None else Mask(extraction.selection.kept)
    return chosen.cropped()


def fit_lines(extraction: Extraction) -> Mask | None:
    """Return the row or column of lags that the fit beyond the optical cut-off shows, if any.

    Lines whose correlation changes its sign may be a periodic structure.
    """
    estimate, parameters = extraction.measurement.correlation, extraction.parameters
    fit = None if estimate is None else estimate.evidence.fit
    if fit is None:
        return None
    rho, middle = fit.correlation, fit.correlation.shape[0] // 2
    squares = rho**2
    squares[middle, middle] = 0.0
    large = (np.abs(rho) >= parameters.rho_min) & (np.abs(rho) > _SURE * fit.standard_error)
    large[middle, middle] = False
    for line in (np.s_[middle, :], np.s_[:, middle]):
        kept = np.zeros_like(large)
        kept[line] = large[line]
        if not kept.any() or float(squares[line].sum()) < ONE_LINE * float(squares.sum()):
            continue
        if (rho[kept] > 0).all():
            kept[middle, middle] = True
            return Mask(kept).cropped()
    return None


def whole_line(extraction: Extraction) -> Mask | None:
    """Return a row or column mask where lines do not end within the largest lag; else None.

    If larger lags than that were measured, it reaches to the end of the lines, at most `FARTHEST`.
    """
    estimate, selection = extraction.measurement.correlation, extraction.selection
    if estimate is None or selection is None:
        return None
    reach, asked = selection.kept.shape[0] // 2, extraction.parameters.max_lag
    line = endless_lines(estimate, extraction.parameters.changed(max_lag=max(1, reach)))
    if line is None and reach > asked:
        ends = _line_that_ends(selection.kept)
        return ends if ends is not None and max(ends.shape) // 2 > asked else None
    if line is None:
        return None
    sampling, axis = estimate.sampling, 1 if line == "rows" else 0
    side = int(sampling.places[:, 1 + axis].max()) + sampling.patch_shape[axis]
    row = np.ones((1, 2 * min(FARTHEST, side // 3) + 1), dtype=np.bool_)
    return Mask(row if line == "rows" else row.T)


def _line_that_ends(kept: BoolArray) -> Mask | None:
    """Return the row or column that is kept nearly without gaps, up to its end.

    Or only every n-th pixel of it, as where converters take turns along a row.
    """
    middle = kept.shape[0] // 2
    for along, turned in ((kept[middle, middle + 1 :], False), (kept[middle + 1 :, middle], True)):
        steps = (1, int(along.argmax()) + 1) if along.any() else ()
        for step in steps:
            regular = along[step - 1 :: step]
            share = np.cumsum(regular) / np.arange(1, len(regular) + 1)
            ends = np.flatnonzero(regular & (share >= _FILLED))
            if len(ends):
                last = step * min(FARTHEST // step, int(ends[-1]) + 1)
                row = np.zeros((1, 2 * last + 1), dtype=np.bool_)
                row[0, ::step] = True
                return Mask(row.T if turned else row)
    return None


def _each_once(found: Iterable[tuple[str, Mask]]) -> dict[str, Mask]:
    names: dict[Mask, str] = {}
    for name, mask in found:
        names.setdefault(mask.cropped(), name)
    return {name: mask for mask, name in names.items()}
