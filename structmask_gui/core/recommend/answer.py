"""The answer in three lines: what the noise is, how sure that is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from structmask_gui.core.extraction.extraction import EditedExtraction, Extraction, counted
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.recommend.candidates import WHOLE_LINE, significant, whole_line
from structmask_gui.core.recommend.recommend import (
    COPIED_MORE,
    DOUBTED,
    TIE,
    Recommendation,
    cannot_separate,
)
from structmask_gui.core.recommend.shapes import GAINS, expected, hide, shape_words, smeared
from structmask_gui.core.statistical.structure import SUSPICION, uneven
from structmask_gui.core.verdict.certainty import certainty_of
from structmask_gui.core.verdict.lines import endless_lines
from structmask_gui.core.verdict.wording import not_uniform

if TYPE_CHECKING:
    from structmask_gui.core.quality.error import Scored
    from structmask_gui.core.verdict.verdict import Verdict

Sureness = Literal["likely", "reliable", "act first", "uncertain", "cannot tell"]
Action = Literal[
    "use_mask",
    "copy_plain_n2v",
    "what_to_record",
    "preview_removal",
    "add_files",
    "back_to_recommended",
    "map",
    "compare_with_automatic",
    "use_trainer_shape",
]

WORDS: dict[Sureness, str] = {
    "likely": "Likely.",
    "reliable": "Reliable.",
    "act first": "Act first.",
    "uncertain": "Uncertain.",
    "cannot tell": "Cannot tell.",
}
"""What begins the second line."""

_PLAIN = "Train plain Noise2Void."
_COMPARE = "Compare any result with the raw frames."
_RECORD = "To decide, record 6 or more frames of one still field."

_ACT: dict[str, tuple[str, str, Action]] = {
    "fixed_pattern": (
        "The same pattern is in every frame: camera, illumination or sample.",
        "If dark frames show it, subtract them; if an even field shows it, divide by it; if"
        " neither, it may be your sample: leave it.",
        "what_to_record",
    ),
    "periodic_temporal": (
        "The noise has a regular pattern that shifts from frame to frame, as hum and interference"
        " have; no mask of this size hides it.",
        "Find its source, or filter it out first.",
        "what_to_record",
    ),
}
"""What has to be done before a mask is of use, by the verdict's flag."""

_DOUBTS: dict[str, tuple[str, Action | None]] = {
    "interpolated": (
        "These images look resampled, registered or deconvolved. Use the raw data.",
        None,
    ),
    "compressed": ("These images were compressed with loss. Use the raw data.", None),
    "not_uniform": (
        "The noise differs over the field: this mask does not fit all of it equally well.",
        "map",
    ),
    "brightness": (
        "The correlation changes with brightness: a mask for one brightness may not fit another.",
        None,
    ),
    "shared_frames": ("Neighbouring frames or planes share noise: train plane by plane.", None),
}
"""What else is said in the third line, by the verdict's flag."""

_FIXED, _UNDER = "fixed patterns", "fixed patterns under the sample"
_SMOOTH = "broad, smooth noise"

_NOT_LIKELY = ("interpolated", "compressed")

_UNLIKE = 0.3
"""Difference of the correlations of two halves from which a mask fits neither."""

_OFFSETS, _SEEN = 0.1, 0.25
"""Share of the noise in the offsets of whole lines, from which they have to be removed first; and
their share of what denoising leaves of the noise, from which one sees them in the result."""


@dataclass(frozen=True)
class Answer:
    """The answer about one mask."""

    what: str  # the noise, and what to hide
    certainty: Sureness
    how_sure: str  # certainty and figures in words
    advice: str  # what to do
    not_tested: tuple[str, ...] = ()  # what the measurement could not see, as "fixed patterns"
    actions: tuple[Action, ...] = ()  # the main one first

    @property
    def lines(self) -> tuple[str, str, str]:
        """What, how sure, what to do."""
        return self.what, self.how_sure, self.advice

    def of_denoised(self) -> Answer:
        """Return what is said instead of a stack that StructMask has denoised."""
        return Answer(
            "This stack was denoised by StructMask.",
            "act first",
            f"{WORDS['act first']} The noise that a mask is for is no longer in it.",
            "Open the raw stack. To see how good this one is, judge it beside the raw one (Judge a"
            " denoised stack…).",
        )

    def record(self) -> dict[str, Any]:
        """Return it as plain values, as in JSON."""
        return {
            "what": self.what,
            "certainty": self.certainty,
            "how_sure": self.how_sure,
            "advice": self.advice,
            "not_tested": list(self.not_tested),
            "actions": list(self.actions),
        }


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
    return _Case(extraction, extraction.verdict, recommendation).answer()


def percent(share: float) -> str:
    """Return a share of the noise in words; none below 5 % is given as a figure."""
    return "under 5 %" if share < COPIED_MORE else f"about {100 * share:.0f} %"


def untested(what: Iterable[str]) -> str:
    """Return what was not tested as a sentence; empty for nothing."""
    listed = list(what)
    names = " and ".join([*([", ".join(listed[:-1])] if len(listed) > 1 else []), *listed[-1:]])
    verb = "was" if names.endswith(("noise", "brightness")) and " and " not in names else "were"
    return f"{names[0].upper()}{names[1:]} {verb} not tested." if names else ""


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
    if scored is not None:
        automatic = "" if other is None else f"automatic, {counted(other.pixels, 'pixel')}"
        sure.append(expected(scored.error.total, None if other is None else other.error, automatic))
    advice = "Compare with the preset automatic."
    if other is not None and scored is not None and scored.error.total <= 1.05 * other.error:
        advice = "Use this mask: automatic expects no smaller error."
    actions: tuple[Action, ...] = ("use_mask", "compare_with_automatic")
    if scored is not None and scored.error.total >= GAINS:
        actions = actions[::-1]
    if extraction.rings_found_nothing:
        actions = ("compare_with_automatic", "copy_plain_n2v")
    return Answer(what, "uncertain", " ".join(sure), advice, (), actions)


def _of_own(
    extraction: Extraction, recommendation: Recommendation | None, scored: Scored | None
) -> Answer:
    """Answer for a mask that was tuned, edited or loaded."""
    pixels = extraction.mask.statistics.true_pixels
    what = f"Your settings: {counted(pixels, 'pixel')}"
    if recommendation is None:
        return Answer(
            f"{what}.",
            "uncertain",
            "Uncertain: this mask was not measured.",
            "Compare it with the mask as extracted.",
            actions=("use_mask", "back_to_recommended"),
        )
    difference = pixels - recommendation.mask.statistics.true_pixels
    if difference:
        what += f", {abs(difference)} {'more' if difference > 0 else 'fewer'} than recommended."
    else:
        what += ", others than recommended."
    row = recommendation.row_of(extraction.mask.cropped())
    sure = ["Your choice."]
    copied = row.copied if row is not None else None if scored is None else scored.copied
    if copied is not None:
        sure.append(f"A network could copy {percent(copied)} of the noise (estimate).")
    error = row.error if row is not None else None if scored is None else scored.error.total
    best = recommendation.chosen
    advice = "Use it, or go back to the recommended mask."
    actions: tuple[Action, ...] = ("back_to_recommended", "use_mask")
    if error is not None and best is not None:
        sure.append(expected(error, best.error, "the recommended mask"))
        margin = max(TIE * best.error, best.error_se)
        if recommendation.safe:
            advice = "Use it only if you know that this is noise; the recommended mask is safe."
        elif abs(error - best.error) <= margin:
            advice = "It is as good as the recommended mask."
        elif error > best.error:
            advice = "The recommended mask is better."
        else:
            advice = "Use it: it is better than the recommended mask."
            actions = actions if error >= GAINS else actions[::-1]
    return Answer(
        what,
        "cannot tell" if recommendation.safe else "uncertain",
        " ".join(sure),
        advice,
        actions=actions,
    )


class _Case:
    """Which case of an automatic answer it is."""

    def __init__(
        self, extraction: Extraction, verdict: Verdict, recommendation: Recommendation | None
    ) -> None:
        self.extraction, self.verdict, self.recommendation = extraction, verdict, recommendation
        self.mask: Mask = extraction.mask.cropped()
        self.flags: set[str] = set(verdict.flags)
        self.bare = self.mask.statistics.true_pixels == 1
        estimate = extraction.measurement.correlation
        self.not_tested: tuple[str, ...] = ()
        if estimate is not None and "fixed_pattern_not_tested" in self.flags:
            excluded = estimate.evidence.patterns.fixed_excluded
            self.not_tested += (_UNDER if excluded else _FIXED,)
        if estimate is not None and estimate.source == "spectrum":
            self.not_tested += (_SMOOTH,)
        if estimate is not None and estimate.source in ("flat", "dark"):
            self.not_tested += ("noise that follows brightness",)

    def answer(self) -> Answer:
        if cannot_separate(self.extraction) or (
            self.recommendation is not None and self.recommendation.safe
        ):
            if not self._best_anyway:
                return self._cannot_tell()
            if not set(_ACT) & self.flags:
                return self._either()
        for flag, (what, advice, action) in _ACT.items():
            if flag in self.flags:
                return self._act_first(what, advice, action)
        if self.verdict.lines is not None and self._lines_show:
            return self._whole_lines(self.verdict.lines)
        if self.bare:
            return self._bare()
        return self._hide()

    def _made(self, what: str, certainty: Sureness, sure: str, advice: str, *do: Action) -> Answer:
        doubts = [(text, action) for flag, (text, action) in _DOUBTS.items() if flag in self.flags]
        if self.verdict.lines is not None and certainty != "act first":
            faint = f"Whole {self.verdict.lines} differ faintly as well"
            doubts.append((f"{faint}: remove their offsets first.", "preview_removal"))
        advice = " ".join((advice, *(text for text, _ in doubts)))
        actions = (*do, *(action for _, action in doubts if action is not None))
        return Answer(
            what, certainty, f"{WORDS[certainty]} {sure}".rstrip(), advice, self.not_tested, actions
        )

    # --- the cases ----------------------------------------------------------------------------

    def _cannot_tell(self) -> Answer:
        own: Action = "copy_plain_n2v"
        safe = "Safe meanwhile: plain Noise2Void."
        if self.recommendation is not None:
            row, meanwhile = self.recommendation.chosen, "plain Noise2Void"
            if not self.bare:
                own, meanwhile = "use_mask", hide(self.mask)
            safe = f"Safe meanwhile: {meanwhile}."
            if row is not None and row.copied >= COPIED_MORE:
                most = f"{100 * row.copied:.0f} %"
                safe += f" This keeps detail, but may leave up to {most} of the noise."
        elif not self.bare:
            pixels = self.mask.statistics.true_pixels
            safe += f" This mask of {pixels} pixels may hide sample as well as noise."
        return Answer(
            "Cannot tell noise from sample.",
            "cannot tell",
            safe,
            _RECORD,
            self.not_tested,
            ("what_to_record", own),
        )

    def _either(self, what: str = "No mask helps, whether this is noise or sample.") -> Answer:
        """Say that no mask is best, whatever of the frames is noise."""
        sure = f"The sample's detail is too fine for a mask. {self._untested}".rstrip()
        return self._made(what, "likely", sure, _PLAIN, "copy_plain_n2v")

    def _act_first(self, what: str, advice: str, action: Action) -> Answer:
        own: Action = "copy_plain_n2v" if self.bare else "use_mask"
        meanwhile = "plain Noise2Void" if self.bare else hide(self.mask)
        sure = f"For the noise that changes from frame to frame: {meanwhile}."
        return self._made(what, "act first", sure, advice, action, own)

    def _whole_lines(self, lines: str) -> Answer:
        of = "columns" if lines == "columns" else "rows"
        return self._made(
            f"Whole {of} are brighter or darker; a mask cannot hide that.",
            "act first",
            f"Remove the offsets of the {of}, then measure again.",
            f"Removing the offsets changes each {of[:-1]}'s grey level and weakens real structure"
            f" along {of}: measure intensities on the raw file.",
            "preview_removal",
            "copy_plain_n2v" if self.bare else "use_mask",
        )

    def _bare(self) -> Answer:
        found = significant(self.extraction)
        if found.statistics.true_pixels > 1 or self.verdict.kind != "none":
            return self._gains_nothing(found)
        if self._too_little:
            return self._made(
                "No pattern found in the noise.",
                "uncertain",
                self._too_little,
                f"Plain Noise2Void fits what was measured. {self._more}",
                "add_files",
                "copy_plain_n2v",
            )
        if {_FIXED, _UNDER, _SMOOTH} & set(self.not_tested):
            return self._nothing_tested()
        certainty = self._certainty
        sure = (self._doubts if certainty == "uncertain" else "") or "You need no mask."
        return self._made(
            "No pattern in the noise.",
            certainty,
            f"{sure} {self._untested}".strip(),
            _PLAIN,
            "copy_plain_n2v",
        )

    def _nothing_tested(self) -> Answer:
        """Say that no pattern was found in what was tested, and whether another may be there."""
        changing = {_FIXED, _UNDER} & set(self.not_tested)
        what = "No pattern that changes from frame to frame" if changing else "No pattern found"
        if self._one_frame:
            what = "One frame only: no pattern found"
        floor = max(COPIED_MORE, self.extraction.parameters.rho_min)
        what = f"{what} (above {100 * floor:.0f} %)."
        structure = None if self.recommendation is None else self.recommendation.structure
        certainty = self._certainty
        if certainty == "likely" and self._best_anyway:
            return self._either(what)
        if certainty == "likely" and structure is not None and structure.absent:
            sure = "You need no mask: hardly anything is the same in every frame."
            return self._made(what, certainty, sure, _PLAIN, "copy_plain_n2v")
        return self._made(
            what,
            "uncertain",
            self._untested,
            "Plain Noise2Void fits what was tested.",
            "what_to_record",
            "copy_plain_n2v",
        )

    def _gains_nothing(self, found: Mask) -> Answer:
        """Say that plain Noise2Void is best although there is correlated noise."""
        recommendation = self.recommendation
        row = None if recommendation is None else recommendation.bare
        nothing = recommendation is not None and recommendation.gains_next_to_nothing
        n = found.statistics.true_pixels
        pixels = f" ({n} pixels)" if n > 1 else ""
        if nothing:
            what = f"Faint {smeared(self.verdict.kind)}{pixels}."
            advice = "Plain Noise2Void does as well; a mask gains nothing."
        else:
            smear = smeared(self.verdict.kind)
            what = f"{smear[0].upper()}{smear[1:]}{pixels}; hiding it costs more than it gains."
            advice = "Plain Noise2Void is best."
        figures = [self._untested]
        actions: tuple[Action, ...] = ("copy_plain_n2v",)
        if row is not None:
            figures.insert(0, expected(row.error))
            if row.copied >= COPIED_MORE:
                figures.insert(0, f"A network could copy {percent(row.copied)} of the noise.")
            if row.error >= GAINS:
                advice = f"A mask does no better than plain Noise2Void. {_COMPARE}"
                actions = ("what_to_record", *actions)
        return self._made(what, self._certainty, " ".join(filter(None, figures)), advice, *actions)

    def _hide(self) -> Answer:
        smear = smeared(self.verdict.kind)
        what = f"{smear[0].upper()}{smear[1:]}: {hide(self.mask)}."
        trainer = self._trainer
        advice = "Use this mask."
        actions: tuple[Action, ...] = ("use_mask",)
        if trainer:
            advice = f"Use this mask; in CAREamics: {trainer}, with batch normalisation off."
            actions = ("use_mask", "use_trainer_shape")
        row = None if self.recommendation is None else self.recommendation.chosen
        if row is not None and row.error >= GAINS:
            advice, actions = f"{advice} {_COMPARE}", ("what_to_record", *actions)
        certainty, sure = self._certainty, self._figures
        if certainty == "uncertain":
            sure = f"{self._doubts} {sure}".strip()
        if self._too_little:
            certainty, sure = "uncertain", f"{self._too_little} {sure}".strip()
            advice, actions = f"{advice} {self._more}", ("add_files", *actions)
        elif self._endless and not self._whole and self.verdict.lines is None:
            certainty = "uncertain"
            further = self.extraction.square.shape[0] // 2 > self.extraction.parameters.max_lag
            advice += (
                " Fainter noise along the same lines reaches further than the mask."
                if further
                else " The pattern may reach further than the mask."
            )
        elif unmeasured := self._unmeasured:
            certainty = "uncertain"
            advice += f" {unmeasured}"
        return self._made(what, certainty, f"{sure} {self._untested}".strip(), advice, *actions)

    # --- their parts --------------------------------------------------------------------------

    @property
    def _certainty(self) -> Sureness:
        if certainty_of(self.verdict) == "cannot tell" or self._doubts:
            return "cannot tell" if certainty_of(self.verdict) == "cannot tell" else "uncertain"
        estimate = self.extraction.measurement.correlation
        part = None if estimate is None else not_uniform(estimate)
        doubted = not self.verdict.settled or any(flag in self.flags for flag in _NOT_LIKELY)
        doubted = doubted or (part is not None and abs(part.rho - part.other) > _UNLIKE)
        return "uncertain" if doubted else "likely"

    @property
    def _doubts(self) -> str:
        """Say why another mask may be far better, if it may."""
        found, estimate = self.recommendation, self.extraction.measurement.correlation
        if found is None or found.chosen is None or estimate is None:
            return ""
        evidence = estimate.evidence
        if found.chosen.worst > DOUBTED:
            return "By another reading of the noise another mask is far better."
        if found.chosen.worst_part > DOUBTED:
            return "In a part of the field another mask is far better."
        two = len(estimate.evidence.relations) == 1 and "moving" in self.flags and not self.bare
        if two and uneven(evidence.unevenness, evidence.unevenness_error, SUSPICION):
            return "What moved cannot be told from noise in two frames."
        alone = estimate.base == "frames" and not self.verdict.sure
        if alone and self._endless:
            return "The lines may be the sample's."
        return ""

    @property
    def _endless(self) -> bool:
        """Whether lines that matter do not end within the largest lag that was asked for."""
        estimate = self.extraction.measurement.correlation
        bare = None if self.recommendation is None else self.recommendation.bare
        if estimate is None or (bare is not None and bare.copied < COPIED_MORE):
            return False
        return endless_lines(estimate, self.extraction.parameters) is not None

    @property
    def _best_anyway(self) -> bool:
        """Whether no mask is best whatever is noise, fixed patterns among it."""
        estimate = self.extraction.measurement.correlation
        found = self.recommendation
        if estimate is None or estimate.base != "difference" or found is None:
            return False
        # Where the linear estimate fails it says nothing of masks.
        return found.either and found.chosen is not None and found.chosen.error < GAINS

    @property
    def _lines_show(self) -> bool:
        """Whether offsets of whole lines are so large that one sees them in the result."""
        estimate = self.extraction.measurement.correlation
        if estimate is None:
            return True
        lines = estimate.evidence.frame
        share = max(lines.rows.value, lines.columns.value) / max(estimate.lags.variance, 1e-300)
        row = None if self.recommendation is None else self.recommendation.chosen
        # Without figures, the verdict has said that they are to be removed first.
        return row is None or share >= min(_OFFSETS, _SEEN * row.left)

    @property
    def _whole(self) -> bool:
        """Whether all of a line is hidden."""
        if self.recommendation is None:
            return False
        # A line that ends may be hidden under another name.
        return self.recommendation.choice == WHOLE_LINE or self.mask == whole_line(self.extraction)

    @property
    def _unmeasured(self) -> str:
        """Say how far was measured, where the mask reaches beyond that."""
        estimate = self.extraction.measurement.correlation
        if estimate is None or max(self.mask.array.shape) // 2 <= estimate.lags.reach:
            return ""
        return f"Neighbours more than {estimate.lags.reach} pixels away could not be measured."

    @property
    def _one_frame(self) -> bool:
        measured = self.extraction.measurement
        alone = measured.correlation is not None and measured.correlation.base == "frames"
        return alone and measured.sampling.n_frames == 1

    @property
    def _untested(self) -> str:
        return untested(self.not_tested)

    @property
    def _figures(self) -> str:
        """The copied noise and the expected error, with and without the mask."""
        if self.recommendation is None:
            return ""
        row, bare = self.recommendation.chosen, self.recommendation.bare
        if row is None or bare is None:
            return ""
        said = expected(row.error, bare.error, "without a mask")
        if row.copied < COPIED_MORE:
            return said
        copied, without = percent(row.copied), percent(bare.copied)
        also = f" ({without} without a mask)" if without != copied else ""
        return f"{said} A network could copy {copied} of it{also}."

    @property
    def _trainer(self) -> str:
        """The shape of CAREamics that is this mask, if there is one."""
        name = next((name for name, mask in careamics_masks().items() if mask == self.mask), "")
        axes, _, span = name.partition(" ")
        return f'"{axes}", {span}' if name else ""

    @property
    def _too_little(self) -> str:
        """Say what is too little for a decision, if anything is."""
        more, estimate = self.verdict.more_patches, self.extraction.measurement.correlation
        # Lags that are still open are faint: where structure is told from noise by other means,
        # they matter to a mask only if they are all there is.
        alone = estimate is None or estimate.source == "frames"
        few = self.bare and more > self.extraction.measurement.sampling.n_used
        return "Too little image to decide." if more > 0 and (alone or few) else ""

    @property
    def _more(self) -> str:
        """How many more frames like these would decide."""
        sampling = self.extraction.measurement.sampling
        each = max(1.0, sampling.n_used / max(1, sampling.n_frames))
        frames = int(np.ceil(self.verdict.more_patches / each))
        if frames == 1:
            return "One more frame may decide."
        return f"About {frames} more frames like these would decide."
