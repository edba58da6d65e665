"""Reasons against a mask that was chosen by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structmask_gui.core.extraction.extraction import (
    EditedExtraction,
    Extraction,
    cannot_separate,
)
from structmask_gui.core.names import counted
from structmask_gui.core.recommend.candidates import safe_candidates
from structmask_gui.core.recommend.recommend import Recommendation, expected_error
from structmask_gui.core.recommend.shapes import of_noise

if TYPE_CHECKING:
    from structmask_gui.core.quality.error import Scored
    from structmask_gui.core.recommend.ledger import LedgerRow

_WORSE, _BY = 1.05, 0.02
"""Factor on the least expected error, and difference over the noise's variance, from which a mask
is worse than another."""


def clearly_worse(error: float, best: LedgerRow) -> bool:
    """Whether a mask of this expected error is worse than the recommended one, as both are told."""
    least = max(_WORSE * (best.error + best.error_se), best.error + _BY)
    return error > least and of_noise(error) != of_noise(best.error)


def doubt_about(
    extraction: Extraction,
    recommendation: Recommendation | None = None,
    scored: Scored | None = None,
) -> str:
    """Return the reasons against a mask, in sentences; empty if there are none.

    There are none against the recommended mask: where noise and sample could not be separated, it
    does no harm.

    Parameters
    ----------
    extraction : Extraction
        With the mask in question.
    recommendation : Recommendation, optional
        For the same measurement; that of a `RecommendedExtraction` is known without it.
    scored : Scored, optional
        Figures of the mask, for one that is not in the ledger.
    """
    if recommendation is None:
        recommendation = getattr(extraction, "recommendation", None)
    mask = extraction.mask.cropped()
    if recommendation is not None and mask == recommendation.mask:
        return ""
    found = []
    edited = isinstance(extraction, EditedExtraction)
    if cannot_separate(extraction) and (edited or mask not in safe_candidates(extraction).values()):
        found.append(
            "Noise and sample could not be separated, so this mask may hide what is sample."
        )
    best = None if recommendation is None else recommendation.chosen
    error = expected_error(mask, recommendation, scored)
    if best is None or error is None:
        if isinstance(extraction, EditedExtraction):
            found.append(f"The mask was {extraction.how}; it is not the one that was measured.")
    elif clearly_worse(error, best):
        found.append(
            f"Its expected error is {of_noise(error)}; the recommended mask with"
            f" {counted(best.pixels, 'pixel')} has {of_noise(best.error, brief=True)}."
        )
    return " ".join(found)
