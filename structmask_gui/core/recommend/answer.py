"""The answer in three lines: what the noise is, how sure that is, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from structmask_gui.core.extraction.extraction import (
    EditedExtraction,
    Extraction,
    no_ring_passes,
)
from structmask_gui.core.names import counted
from structmask_gui.core.recommend.automatic import automatic_answer
from structmask_gui.core.recommend.doubt import clearly_worse
from structmask_gui.core.recommend.grounds import Grounds
from structmask_gui.core.recommend.ledger import TIE
from structmask_gui.core.recommend.recommend import Recommendation, expected_error
from structmask_gui.core.recommend.shapes import GAINS, expected, of_noise, shape_words
from structmask_gui.core.recommend.wording import Action, Answer, percent

if TYPE_CHECKING:
    from structmask_gui.core.measure.measurement import Measurement
    from structmask_gui.core.quality.error import Scored


def answer(
    extraction: Extraction,
    recommendation: Recommendation | None = None,
    scored: Scored | None = None,
) -> Answer:
    """Return the answer about the mask of an extraction.

    Parameters
    ----------
    extraction : Extraction
        With the mask that is shown and exported.
    recommendation : Recommendation, optional
        For the same measurement; that of a `RecommendedExtraction` is known without it.
    scored : Scored, optional
        Figures of the mask, for one that is not in the ledger.
    """
    if recommendation is None:
        recommendation = getattr(extraction, "recommendation", None)
    by_hand = isinstance(extraction, EditedExtraction)
    if extraction.verdict is None:
        of = _of_own if by_hand else _of_published
        return of(extraction, recommendation, scored)
    wanted = None if recommendation is None else recommendation.mask
    if by_hand if wanted is None else extraction.mask.cropped() != wanted:
        return _of_own(extraction, recommendation, scored)
    told = automatic_answer(Grounds(extraction, extraction.verdict, recommendation))
    return replace(told, how_sure=f"{told.how_sure}{_measured_part(extraction.measurement)}")


def _measured_part(measurement: Measurement) -> str:
    """Say what alone was measured; nothing where that is all of the frames."""
    said = "" if measurement.region is None else " Measured in the ROI alone."
    if measurement.every > 1:
        n = measurement.every
        frames = "every second frame" if n == 2 else f"one frame of every {n}"
        said += f" Measured in {frames} alone: the others may need another mask."
    return said


def _of_published(
    extraction: Extraction, recommendation: Recommendation | None, scored: Scored | None
) -> Answer:
    """Answer for a mask of ring analysis or of spines: they give no certainty of their own."""
    what = f"{shape_words(extraction.mask)} (ring analysis, autoStructN2V 0.1)."
    sure = ["Uncertain: ring analysis does not separate noise from sample."]
    if extraction.spine is not None:
        what = f"{shape_words(extraction.mask)} (spine, autoStructN2V 1.0)."
        sure = ["Uncertain: only flat parts of the frames keep noise and sample apart here."]
    other = None if recommendation is None else recommendation.chosen
    error = None if scored is None else scored.expected
    if error is not None:
        automatic = "" if other is None else f"automatic, {counted(other.pixels, 'pixel')}"
        sure.append(expected(error, None if other is None else other.error, automatic))
    nothing = extraction.mask.statistics.true_pixels == 1
    use: Action = "copy_plain_n2v" if nothing else "use_mask"
    advice = "Compare with the preset automatic."
    actions: tuple[Action, ...] = ("compare_with_automatic", use)
    # Without its figures, which a batch is to be asked for, none is advised: it may do harm.
    worse = error is not None and other is not None and clearly_worse(error, other)
    if worse and not nothing:
        advice = "Compare with the preset automatic: it expects a smaller error."
    elif error is not None and error < GAINS:
        if not nothing:
            advice, actions = (
                "Use this mask, or compare it with the preset automatic.",
                actions[::-1],
            )
        elif other is not None and error <= (1 + TIE) * other.error:
            advice = "Train plain Noise2Void: automatic expects no smaller error."
            actions = actions[::-1]
    if nothing and extraction.rings is not None:
        why = no_ring_passes(extraction.rings, extraction.parameters)
        advice = f"{why} {advice}".lstrip()
    return Answer(what, "uncertain", " ".join(sure), advice, (), actions)


def _of_own(
    extraction: Extraction, recommendation: Recommendation | None, scored: Scored | None
) -> Answer:
    """Answer for a mask that was tuned, edited or loaded."""
    pixels = extraction.mask.statistics.true_pixels
    own = "mask" if isinstance(extraction, EditedExtraction) else "settings"
    what = f"Your {own}: {counted(pixels, 'pixel')}"
    if recommendation is None:
        return Answer(
            f"{what}.",
            "uncertain",
            "Uncertain: this mask was not measured.",
            "Use it, or compare it with the preset automatic.",
            actions=("use_mask", "compare_with_automatic"),
        )
    mask = extraction.mask.cropped()
    wanted = {tuple(lag) for lag in recommendation.mask.lags()}
    missing = len(wanted - {tuple(lag) for lag in mask.lags()})
    difference = pixels - recommendation.mask.statistics.true_pixels
    if difference >= 0 and 2 * missing > len(wanted):
        what += f", without {missing} of the {len(wanted)} recommended ones."
    elif difference:
        what += f", {abs(difference)} {'more' if difference > 0 else 'fewer'} than recommended."
    elif mask != recommendation.mask:
        what += ", but not the recommended ones."
    else:
        what += ", as recommended."
    row = recommendation.row_of(mask)
    sure = ["Your choice."]
    copied = row.copied if row is not None else None if scored is None else scored.copied
    if copied is not None:
        sure.append(f"A network could copy {percent(copied)} of the noise (estimate).")
    error = expected_error(mask, recommendation, scored)
    best = recommendation.chosen
    advice = "Use it, or go back to the recommended mask."
    actions: tuple[Action, ...] = ("back_to_recommended", "use_mask")
    if error is not None and best is not None:
        sure.append(expected(error, best.error, "the recommended mask"))
        margin = max(TIE * best.error, best.error_se)
        if recommendation.safe:
            advice = "Use it only if you know that this is noise; the recommended mask is safe."
        else:
            alike = abs(error - best.error) <= margin or of_noise(error) == of_noise(best.error)
            if alike:
                advice = "It is as good as the recommended mask."
            elif error > best.error:
                advice = "The recommended mask is better."
            else:
                advice = "Use it: it is better than the recommended mask."
            if (alike or error < best.error) and error < GAINS:
                actions = actions[::-1]
    return Answer(
        what,
        "cannot tell" if recommendation.safe else "uncertain",
        " ".join(sure),
        advice,
        actions=actions,
    )
