"""What the answer about an automatic mask rests on: findings, doubts, what was not tested."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import crop_or_pad
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.recommend.candidates import WHOLE_LINE, significant, whole_line
from structmask_gui.core.recommend.recommend import ALIKE, COPIED_MORE, DOUBTED, Recommendation
from structmask_gui.core.recommend.shapes import GAINS, expected, no_gain, of_noise
from structmask_gui.core.recommend.wording import Sureness, percent, untested
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.statistical.structure import SUSPICION, uneven
from structmask_gui.core.verdict.lines import (
    endless_lines,
    every_nth,
    far_ends_share,
    fine_share,
    goes_on,
    levelled,
    stand_out,
)
from structmask_gui.core.verdict.scene import over_times
from structmask_gui.core.verdict.verdict import Verdict, few_photons
from structmask_gui.core.verdict.wording import not_uniform

SMOOTH = "broad, smooth noise"

_FIXED, _UNDER = "fixed patterns", "fixed patterns under the sample"

_NOT_LIKELY = ("drawn", "interpolated", "compressed")

_UNLIKE = 0.3
"""Difference of the correlations of two halves from which a mask fits neither."""

_SLIGHT, _HELPS = 0.01, 0.8
"""Difference of errors, over the noise's variance, up to which no larger mask is missed; and share
of the error without a mask, above which one does not hide noise with a period."""

_HARDLY = 0.95
"""Share of the error without a mask, from which a mask is expected to do hardly better than that:
what moved between frames is smooth, too, and where it was taken for noise, the mask costs detail
that is not counted."""

_CHANGING = "The sample changes between these frames, and may add to this pattern."
_UNEVEN = "What differs between frames is stronger in some places, as in a changing sample."
_OTHERWISE = "Two ways to measure this noise ask for different masks."

_LARGE = 60
"""Pixels of a mask, not a line, from which the cost of training decides; see `recommend`."""

_FEW_PIXELS = 8192
"""Pixels that were measured below which figures may be far off, whatever their errors."""

_ENOUGH_FRAMES = 6
"""Frames of one field in which noise can usually be told from a sample that is still."""

_OFFSETS, _SEEN = 0.1, 0.25
"""Share of the noise in the offsets of whole lines, from which they have to be removed first; and
their share of the fine noise, or of what denoising leaves, from which one sees them in the
result."""


class Grounds:
    """What an automatic answer rests on."""

    def __init__(
        self, extraction: Extraction, verdict: Verdict, recommendation: Recommendation | None
    ) -> None:
        self.extraction, self.verdict, self.recommendation = extraction, verdict, recommendation
        self.mask: Mask = extraction.mask.cropped()
        self.flags: set[str] = set(verdict.flags)
        self.bare = self.mask.statistics.true_pixels == 1
        estimate = extraction.measurement.correlation
        self.not_tested: tuple[str, ...] = ()
        self.fixed_untested = estimate is not None and "fixed_pattern_not_tested" in self.flags
        if estimate is not None and self.fixed_untested:
            fixed = _UNDER if estimate.evidence.patterns.fixed_excluded else _FIXED
            self.not_tested += (f"other {fixed}" if self.pattern_of_pixels else fixed,)
        if estimate is not None and estimate.source == "spectrum":
            self.not_tested += (SMOOTH,)
        if estimate is not None and estimate.source in ("flat", "dark"):
            self.not_tested += ("noise that follows brightness",)

    @property
    def certainty(self) -> Sureness:
        """How sure the answer is where noise and structure could be separated."""
        doubted = self.why_uncertain or not self.verdict.settled
        return "uncertain" if doubted else "likely"

    @property
    def why_uncertain(self) -> str:
        """Say what makes the answer uncertain."""
        return self.doubts or self._not_raw_or_even

    @property
    def _not_raw_or_even(self) -> str:
        """Say that the frames are no raw data, or their noise is not everywhere the same."""
        if any(flag in self.flags for flag in _NOT_LIKELY):
            return "These may be no raw data."
        estimate = self.extraction.measurement.correlation
        part = None if estimate is None else not_uniform(estimate)
        if part is not None and abs(part.rho - part.other) > _UNLIKE:
            return "The noise of one half of the field is quite unlike that of the other."
        return ""

    @property
    def doubts(self) -> str:
        """Say why another mask may be far better, if it may."""
        found, estimate = self.recommendation, self.extraction.measurement.correlation
        if found is None or found.chosen is None or estimate is None:
            return ""
        if self.differences and estimate.evidence.suspected:
            return _UNEVEN
        # A line is no sample's; what a wider mask hides may be.
        if self.changing and min(self.mask.shape) > 1:
            return _CHANGING
        if found.chosen.worst > DOUBTED:
            return _CHANGING if self.changing else _OTHERWISE
        if found.chosen.worst_part > DOUBTED:
            return "In a part of the field another mask is far better."
        if doubt := self._too_small_or_sample or self._may_be_sample:
            return doubt
        if found.chosen.pixels > _LARGE and min(found.chosen.mask.shape) > 1:
            return "What so large a mask costs depends on the network."
        row, bare = found.chosen, found.bare
        if self.bare and row.error > DOUBTED * found.ledger[0].error + _SLIGHT:
            return "Only a mask too large to train well would hide this noise."
        if self.verdict.kind == "periodic" and bare is not None and row.error > _HELPS * bare.error:
            return "This noise goes on further than a mask can hide."
        if self.one_frame and self.bare and row.error >= GAINS:
            return "Beside so strong a sample, one frame does not say enough of the noise."
        alone = estimate.base == "frames" and not self.verdict.sure
        if alone and self.endless:
            return "The lines may be the sample's."
        return self._crossed

    @property
    def lines_beside_changes(self) -> str:
        """Say that rows or columns differ as well, where what changes is taken for the sample."""
        estimate = self.extraction.measurement.correlation
        lines = None if estimate is None or not self.changing else stand_out(estimate)
        if lines is None or not self.bare or self.verdict.lines is not None:
            return ""
        return f"{lines.capitalize()} differ more sharply than a sample's do, too."

    @property
    def _pixels(self) -> int:
        """Pixels that the noise was measured in."""
        sampling = self.extraction.measurement.sampling
        basis = getattr(self.extraction, "basis", None)
        pooled = sampling.n_used * int(np.prod(sampling.patch_shape))
        return pooled if basis is None else max(pooled, basis.noise.pixels)

    @property
    def _too_small_or_sample(self) -> str:
        """Say that too little was measured, what lines are beside it, or that it is the sample."""
        found, estimate = self.recommendation, self.extraction.measurement.correlation
        if found is None or estimate is None:
            return ""
        if self._pixels < _FEW_PIXELS and not self.too_little:
            return "So small an image does not say enough of the noise."
        if self.lines_beside_changes:
            return self.lines_beside_changes
        fixed = None if found.structure is None else found.structure.lines
        if self.differences and fixed is not None:
            return f"In every frame, {fixed} differ more sharply than a sample's do."
        beyond = estimate.source == "spectrum" and estimate.base == "frames"
        return _CHANGING if beyond and self.several_frames else ""

    @property
    def _crossed(self) -> str:
        """Say what lines of one frame there are beside those of the noise that was found."""
        estimate, along = self.extraction.measurement.correlation, self.verdict.kind
        if estimate is None or not self.one_frame or self.bare:
            return ""
        if along != "rows" and along != "columns":
            return ""
        across: Lines = "columns" if along == "rows" else "rows"
        if far_ends_share(estimate, across):
            return f"Whole {across} differ as well, by noise or by sample."
        if levelled(estimate, along):
            return f"Each {along[:-1]}'s mean was removed before, and with it some of the noise."
        return ""

    @property
    def _may_be_sample(self) -> str:
        """Say why what was measured may be the sample's."""
        estimate = self.extraction.measurement.correlation
        if estimate is None:
            return ""
        evidence = estimate.evidence
        two = len(evidence.relations) == 1 and "moving" in self.flags and not self.bare
        if two and uneven(evidence.unevenness, evidence.unevenness_error, SUSPICION):
            return "With so few frames, motion cannot be told from noise."
        moves = self.changing or "moving" in self.flags
        if moves and self.verdict.kind == "blob" and self._hardly_gains:
            return _CHANGING
        if self.shared_or_changes and not self.bare:
            return f"{self.shares_or_changes}."
        smooth = self.verdict.kind == "blob" and not self.bare and not evidence.photons
        if estimate.source == "frames" and smooth:
            return "A faint sample may add to this pattern."
        return ""

    @property
    def _hardly_gains(self) -> bool:
        """Whether a mask is expected to do hardly better than none."""
        found = self.recommendation
        row, bare = (None, None) if found is None else (found.chosen, found.bare)
        if self.bare or row is None or bare is None:
            return False
        return row.error > _HARDLY * bare.error

    @property
    def endless(self) -> bool:
        """Whether lines that matter do not end within the largest lag that was asked for."""
        estimate = self.extraction.measurement.correlation
        if estimate is None or self._copies_little:
            return False
        return endless_lines(estimate, self.extraction.parameters) is not None

    @property
    def _copies_little(self) -> bool:
        """Whether hardly any noise is copied even without a mask."""
        bare = None if self.recommendation is None else self.recommendation.bare
        return bare is not None and bare.copied < COPIED_MORE

    @property
    def opposite(self) -> bool:
        """Whether neighbours that share noise, the next ones first, have the opposite sign."""
        estimate, selection = self.extraction.measurement.correlation, self.extraction.selection
        if estimate is None or selection is None:
            return False
        if self.recommendation is not None and self.recommendation.learned:
            return False  # What was measured is not the noise; that which is learned is smooth.
        reach = selection.kept.shape[0] // 2
        rho = np.where(selection.kept, crop_or_pad(estimate.lags.rho, selection.kept.shape), 0.0)
        rho[reach, reach] = 0.0
        near = rho[reach - 1 : reach + 2, reach - 1 : reach + 2]
        rho = near if near.any() else rho
        return float((rho * np.abs(rho)).sum()) < 0

    @property
    def goes_on(self) -> bool:
        """Whether noise along a line matters beyond what was measured, or can be hidden."""
        estimate = self.extraction.measurement.correlation
        if estimate is None or self._copies_little:
            return False
        if goes_on(estimate, estimate.lags.reach, self.extraction.parameters.rho_min):
            return True
        mask, found = self.mask.array, significant(self.extraction).array
        gaps = min(mask.shape) == 1 and not mask.all()
        return gaps and max(found.shape) > max(mask.shape)

    def every_nth(self, lines: Lines) -> bool:
        """Whether only some pixels of a line share its offset."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and every_nth(estimate, lines)

    @property
    def differences(self) -> bool:
        """Whether noise was measured in differences of frames, which hold no still sample."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and estimate.base == "difference"

    @property
    def in_dark_frames(self) -> bool:
        """Whether noise was measured in dark frames."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and estimate.source == "dark"

    @property
    def new_in_every_frame(self) -> bool:
        """Whether lines that were found are not the sample's: each frame has others."""
        estimate = self.extraction.measurement.correlation
        unlike = estimate is not None and estimate.source == "frames" and self.several_frames
        return self.differences or unlike

    @property
    def best_anyway(self) -> bool:
        """Whether no mask is best whatever is noise, fixed patterns among it."""
        found = self.recommendation
        return found is not None and found.either and self._estimate_holds

    @property
    def none_anyway(self) -> bool:
        """Whether no mask is best, whatever fixed patterns are under the sample."""
        found = self.recommendation
        return found is not None and found.whatever_is_fixed and self._estimate_holds

    @property
    def _estimate_holds(self) -> bool:
        """Whether the linear estimate is of differences, and does not fail."""
        row = None if self.recommendation is None else self.recommendation.chosen
        # Where it fails it says nothing of masks.
        return self.differences and row is not None and row.error < GAINS

    @property
    def lines_show(self) -> bool:
        """Whether offsets of whole lines are so large that one sees them in the result."""
        estimate = self.extraction.measurement.correlation
        if estimate is None:
            return True
        if estimate.evidence.patterns.bands is not None:
            return True
        lines = estimate.evidence.frame
        share = max(lines.rows.value, lines.columns.value) / max(estimate.lags.variance, 1e-300)
        row = None if self.recommendation is None else self.recommendation.chosen
        fine = 1.0 if self.verdict.lines is None else fine_share(estimate, self.verdict.lines)
        # Without figures, the verdict has said that they are to be removed first.
        return row is None or share >= min(_OFFSETS, _SEEN * fine, _SEEN * row.left)

    @property
    def whole(self) -> bool:
        """Whether all of a line is hidden."""
        if self.recommendation is None:
            return False
        # A line that ends may be hidden under another name.
        return self.recommendation.choice == WHOLE_LINE or self.mask == whole_line(self.extraction)

    @property
    def unmeasured(self) -> str:
        """Say how far was measured, where the mask reaches beyond that."""
        estimate = self.extraction.measurement.correlation
        if estimate is None or max(self.mask.array.shape) // 2 <= estimate.lags.reach:
            return ""
        return f"Neighbours more than {estimate.lags.reach} pixels away could not be measured."

    @property
    def changing(self) -> bool:
        """Whether frames differ as moments, planes or channels of one sample do."""
        return self.recommendation is not None and self.recommendation.changing

    @property
    def shared_or_changes(self) -> bool:
        """Whether what frames seem to share is of another shape than what they differ in."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and estimate.evidence.patterns.misleads

    @property
    def over_times(self) -> bool:
        """Whether the frames compared are one plane at two times; see `verdict.scene`."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and over_times(estimate)

    @property
    def neighbours(self) -> str:
        """What frames are called that were compared with each other."""
        return (
            "Frames of neighbouring times" if self.over_times else "Neighbouring frames or planes"
        )

    @property
    def shares_or_changes(self) -> str:
        """What may be of frames that seem to share what they do not differ in."""
        return f"{self.neighbours} share noise, or the sample changes between them"

    @property
    def several_frames(self) -> bool:
        """Whether frames could be compared with each other."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and len(estimate.evidence.relations) > 0

    @property
    def regular_alone(self) -> bool:
        """Whether a regular pattern is in frames that were not compared: noise, or the sample."""
        return "periodic_temporal" in self.flags and not self.several_frames

    @property
    def why_not_still(self) -> str:
        """Say why several frames do not tell noise from structure."""
        estimate = self.extraction.measurement.correlation
        if estimate is None or not self.several_frames:
            return ""
        if estimate.base == "frames":
            return "No scene that these frames share was found."
        changes = "The field seems to change between these frames."
        return changes if estimate.base == "difference" else ""

    @property
    def to_decide(self) -> str:
        """What to record, where that would tell noise from sample."""
        sampling = self.extraction.measurement.sampling
        # Differences are of two frames each.
        recorded = sampling.n_frames * (2 if self.differences else 1)
        if recorded < _ENOUGH_FRAMES:
            return f"To decide, record {_ENOUGH_FRAMES} or more frames of one still field."
        if self.differences:
            return "To decide, record a field that does not change."
        return "To decide, record one still field with more light."

    @property
    def one_frame(self) -> bool:
        measured = self.extraction.measurement
        alone = measured.correlation is not None and measured.correlation.base == "frames"
        return alone and measured.sampling.n_frames == 1

    @property
    def untested(self) -> str:
        return untested(self.not_tested)

    @property
    def enlarged(self) -> tuple[int, int] | None:
        """The blocks by which pixels were enlarged by repetition, if they were."""
        estimate = self.extraction.measurement.correlation
        return None if estimate is None else estimate.evidence.enlarged

    @property
    def pattern_of_pixels(self) -> bool:
        """Whether single pixels are brighter or darker in every frame."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and estimate.evidence.patterns.pixels > 0

    @property
    def hot_pixels(self) -> bool:
        """Whether hot pixels were replaced."""
        estimate = self.extraction.measurement.correlation
        return estimate is not None and estimate.evidence.hot is not None

    @property
    def figures(self) -> str:
        """The copied noise and the expected error, with and without the mask."""
        if self.recommendation is None:
            return ""
        row, bare = self.recommendation.chosen, self.recommendation.bare
        if row is None or bare is None:
            return ""
        said = expected(row.error, bare.error, "without a mask", lost=row.lost)
        # A mask that costs more than none is taken for what it keeps from being copied.
        if row.copied < COPIED_MORE and (row.error <= bare.error or bare.copied < COPIED_MORE):
            return said
        copied, without = percent(row.copied), percent(bare.copied)
        also = f" ({without} without a mask)" if without != copied else ""
        of = "the noise" if no_gain(row.error) else "it"
        return f"{said} A network could copy {copied} of {of}{also}."

    @property
    def hardly_better(self) -> bool:
        """Whether no mask has the same figures, as they are told."""
        found = self.recommendation
        row, bare = (None, None) if found is None else (found.chosen, found.bare)
        if row is None or bare is None or of_noise(row.error) != of_noise(bare.error):
            return False
        return bare.copied < row.copied + COPIED_MORE

    @property
    def copies_less(self) -> bool:
        """Whether the mask lets clearly less noise be copied than no mask, small as both may be."""
        found = self.recommendation
        row, bare = (None, None) if found is None else (found.chosen, found.bare)
        return row is not None and bare is not None and bare.copied > row.copied + ALIKE

    @property
    def trainer(self) -> str:
        """The shape of CAREamics that is this mask, if there is one."""
        name = next((name for name, mask in careamics_masks().items() if mask == self.mask), "")
        axes, _, span = name.partition(" ")
        return f'"{axes}", {span}' if name else ""

    @property
    def too_little(self) -> str:
        """Say what is too little for a decision, if anything is."""
        more, estimate = self.verdict.more_patches, self.extraction.measurement.correlation
        # Lags that are still open are faint: where structure is told from noise by other means,
        # they matter to a mask only if they are all there is.
        alone = estimate is None or estimate.source == "frames"
        few = self.bare and more > self.extraction.measurement.sampling.n_used
        if more <= 0 or not (alone or few):
            return ""
        dim = estimate is not None and few_photons(estimate, self.extraction.parameters)
        return "Too few photons to decide." if dim else "Too little image to decide."

    @property
    def more(self) -> str:
        """How many more frames like these would decide."""
        sampling = self.extraction.measurement.sampling
        each = max(1.0, sampling.n_used / max(1, sampling.n_frames))
        frames = int(np.ceil(self.verdict.more_patches / each))
        if frames == 1:
            return "One more frame may decide."
        return f"About {frames} more frames like these would decide."
