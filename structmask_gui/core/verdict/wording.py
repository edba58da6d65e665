"""The sentences of the verdict: what was found, how sure that is, and what to do about it."""

from __future__ import annotations

from typing import Literal

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.stack.screening import (
    CLIPPED,
    CONSTANT,
    FILLED,
    NOT_FINITE,
    NOT_FLAT,
    OUTLYING,
)
from structmask_gui.core.statistical.estimate import CorrelationEstimate, UnlikePart
from structmask_gui.core.statistical.selection import StatisticalSelection
from structmask_gui.core.verdict.kind import KIND_WORDS, NoiseKind, fills_gaps
from structmask_gui.core.verdict.lines import (
    along,
    far_ends_likely_share,
    far_ends_share,
    fixed_lines,
    lags_left,
    largest_lag,
    least_share,
    line_share,
    span_the_image,
)
from structmask_gui.core.verdict.scene import over_times, scene_changes

Flag = Literal[
    "whole_line",
    "fixed_pattern",
    "fixed_pattern_not_tested",
    "periodic_temporal",
    "shared_frames",
    "not_uniform",
    "alternating",
    "dark_frames",
    "blank_frames",
    "repeated_frames",
    "drawn",
    "registered",
    "interpolated",
    "compressed",
    "picture",
    "brightness",
    "moving",
    "clipped",
    "hot_pixels",
    "cannot_tell",
]

FLAG_WORDS: dict[Flag, str] = {
    "whole_line": "The lines do not end within the largest lag: no mask of this size hides them.",
    "fixed_pattern": "Fixed-pattern noise: correct offset and gain first.",
    "fixed_pattern_not_tested": "Fixed patterns were not tested.",
    "periodic_temporal": "The noise has a regular pattern that is shifted anew in every frame, as"
    " hum and interference have: no mask of this size hides it. Find its source, or filter it out"
    " first.",
    "shared_frames": "Neighbouring frames (planes) share noise: train plane by plane.",
    "not_uniform": "The noise differs over the field.",
    "alternating": "Every second frame is another image, as where two channels were recorded in"
    " turn: measure every second frame alone.",
    "dark_frames": "Some frames are far darker than the others and show nothing: leave them out.",
    "blank_frames": "Blank frames were left out.",
    "repeated_frames": "Frames that repeat an earlier one were left out.",
    "drawn": "Most pixels equal those around them, as in a segmentation or a drawing. Use the raw"
    " data.",
    "registered": "These frames look registered, each moved by parts of a pixel. Measure them as"
    " recorded, and register the result.",
    "interpolated": "These images look resampled or deconvolved. If so, use the raw data.",
    "compressed": "The images were compressed with loss; use the raw data.",
    "picture": "The estimate contains structure as well as noise.",
    "brightness": "The correlation changes with the brightness; a mask for one brightness is wrong"
    " for another.",
    "moving": "The scene moves or bleaches between the frames.",
    "clipped": "Saturated patches were left out.",
    "hot_pixels": "Hot pixels were repaired for the measurement.",
    "cannot_tell": "Noise and structure cannot be separated.",
}
"""What each flag means, as a sentence."""

_OVER_TIMES: dict[Flag, str] = {
    "shared_frames": "Frames of neighbouring times share noise: train frame by frame.",
    "alternating": "Every second time is another image, as where two channels were recorded in"
    " turn: measure every second time alone.",
}
"""The same where a z-stack over times was compared from time to time, not from plane to plane."""

WHAT_TO_RECORD = "Record 6 or more frames of one still field."
"""What helps where noise and structure cannot be separated."""

FAINT_GAPS = "The gaps share noise too, but weakly. Lower rho_min to close them."
_REGULAR = (
    "The same regular pattern is in every frame: camera, illumination or sample. Correct the frames"
    " by dark frames or an even field, if these show it (Correct… in the window, or structmask"
    " correct). If neither does, it may be your sample: leave it."
)
REGULAR_IN_ONE = (
    "A regular pattern is in this frame: noise or the sample's own. A second frame of the same"
    " field would decide."
)
_MAY_BE_FIXED = (
    "No part of the image is so flat that {} fixed pattern could be ruled out without dark frames."
)
_UNLIKE = (
    "The frames differ by more than noise; give frames of one still field, or the source automatic."
)
_UNEVEN = "What differs between frames is stronger in some places, as in a changing sample."
_SUSPECTED = (
    "Faint structure may be in these frames; one more frame of the same field would decide."
)
_REMOVE = " Remove the {} offsets first (Preview removal… in the window, or structmask destripe)."
_LOOK_FURTHER = " Raise max_lag to find their end; up to {} can be measured here."
_NO_FURTHER = " Larger lags than {} cannot be measured here."
_REMOVED = " {} offsets are already removed; this is the residual."
_NOTHING_SHARED = (
    " The correlation does not span whole {}, so there are no offsets to remove; use the mask."
)
# Why patches were left out, as it follows their number.
_SHORT = {
    CLIPPED: "saturated",
    CONSTANT: "constant",
    FILLED: "with many equal pixels",
    NOT_FINITE: "with fill, writing or missing pixels",
    NOT_FLAT: "with structure",
    OUTLYING: "unusually bright or noisy",
}


def sentence(
    kind: NoiseKind,
    sure: bool,
    flags: tuple[Flag, ...],
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Lines | None,
) -> str:
    """Return the first sentence: what was found, how sure that is, the patches used."""
    what = _found(kind, estimate, selection, line)
    if "cannot_tell" in flags:
        # First, for the end of a long sentence may be cut.
        what = what[0].lower() + what[1:]
        what = f"Cannot separate noise from structure (found: {what})"
    else:
        what += ". Sure" if sure else ". Not sure"
    return f"{what}. {patches_used(estimate)}"


def patches_used(estimate: CorrelationEstimate) -> str:
    """Return how many patches were used, and why others were not, as a sentence."""
    sampling = estimate.sampling
    used = f"{sampling.n_used} of {len(sampling.used)} patches used"
    left_out = _left_out(estimate)
    if len(left_out) > 1:
        left_out = []  # too much for one sentence; the details list them
    return f"{', '.join([used, *left_out])}."


def without_certainty(first: str) -> str:
    """Return the first sentence without how sure it is, for where the answer has said that."""
    return first.replace(". Sure. ", ". ", 1).replace(". Not sure. ", ". ", 1)


def _found(
    kind: NoiseKind,
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Lines | None,
) -> str:
    """Return what was found: the kind, whether it ends, and the size of the mask."""
    pixels = int(selection.kept.sum())
    statistics = Mask.checked(selection.kept).statistics
    # What fills a rectangle is called so wherever the mask is named.
    block = statistics.shape_words.startswith("Block") and kind in ("cross", "blob")
    what = statistics.shape_words if block else KIND_WORDS[kind]
    if kind == "none" and estimate.base == "difference":
        what = "No correlated temporal noise"
    if kind != "none" and pixels == 1:
        return f"Weak whole {kind}"
    if kind == line:
        what += " that do not end"
    if pixels > 1:
        what += f", {statistics.size_words}"
    if line is not None and kind != line:
        what += f", and {line} that do not end"
    return what


def _left_out(estimate: CorrelationEstimate) -> list[str]:
    """Return how many patches were left out for which reason, in words."""
    return [f"{n} {_SHORT.get(why, why)}" for why, n in estimate.sampling.left_out.items()]


def details_of(
    flags: tuple[Flag, ...],
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    more: int,
    line: Lines | None,
) -> tuple[str, ...]:
    """Return what else to know, a sentence each; see `verdict.Verdict`."""
    details = _of_flags(flags, estimate, selection, line)
    faint = fills_gaps(selection.kept, estimate)
    if faint:
        details.append(FAINT_GAPS)
    if len(left_out := _left_out(estimate)) > 1:
        details.append(f"Patches left out: {', '.join(left_out)}.")
    details.append(estimate.note)
    if estimate.base == "difference" and _looks_correlated(estimate):
        details.append("What is the same in every frame (sample or fixed pattern) was left out.")
    if estimate.evidence.suspected and "cannot_tell" not in flags:
        asked = estimate.parameters.source == "difference"
        unlike = _UNLIKE if asked else _UNEVEN
        details.append(unlike if estimate.base == "difference" else _SUSPECTED)
    details += estimate.warnings
    if may_be_fixed(estimate, flags):
        other = "another" if estimate.evidence.patterns.pixels > 0 else "a"
        details.append(_MAY_BE_FIXED.format(other))
    elif "fixed_pattern_not_tested" in flags:
        details.append(FLAG_WORDS["fixed_pattern_not_tested"])
    if "cannot_tell" in flags or ("picture" in flags and estimate.source == "frames"):
        details.append(WHAT_TO_RECORD)
    if more > 0:
        patches = "One more patch" if more == 1 else f"About {more} more patches"
        details.append(f"{patches} like these would settle it.")
    return tuple(details)


def _of_flags(
    flags: tuple[Flag, ...],
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Lines | None,
) -> list[str]:
    details: list[str] = []
    patterns = estimate.evidence.patterns
    regular = patterns.regular or patterns.steps
    for flag in flags:
        if flag == "whole_line" and line is not None:
            details.append(_endless(estimate, selection, line))
        elif flag == "moving":
            details += scene_changes(estimate)
        elif flag in ("cannot_tell", "picture") and "cannot_tell" in flags:
            continue  # in the first sentence already
        elif flag == "fixed_pattern" and not fixed_lines(estimate) and regular:
            details.append(_REGULAR)
        elif flag == "periodic_temporal" and not estimate.evidence.relations:
            details.append(REGULAR_IN_ONE)
        elif flag == "shared_frames" and (lasting := estimate.evidence.patterns.lasting):
            words, shared = flag_words(flag, estimate), f"{lasting.share:.2f}"
            # Of what is shared the other way round, differences do not tell how much.
            how_much = "noise:" if shared == "0.00" else f"noise ({shared}):"
            details.append(words.replace("noise:", how_much))
        elif flag == "not_uniform" and (part := not_uniform(estimate)):
            details.append(
                f"{FLAG_WORDS[flag]} It is correlated more in the {part.where}:"
                f" {part.rho:.2f} against {part.other:.2f} at the same lag."
            )
        elif flag == "hot_pixels" and estimate.evidence.hot is None:
            share = 100 * estimate.evidence.hot_share
            details.append(f"{FLAG_WORDS[flag]} They are {share:.2g} % of the pixels.")
        elif flag not in ("clipped", "fixed_pattern_not_tested"):
            details.append(flag_words(flag, estimate))
    return details


def flag_words(flag: Flag, estimate: CorrelationEstimate | None) -> str:
    """Return what a flag means for a measurement, as a sentence."""
    if estimate is not None and over_times(estimate) and flag in _OVER_TIMES:
        return _OVER_TIMES[flag]
    if flag == "interpolated" and estimate is not None and estimate.evidence.enlarged is not None:
        return f"{enlarged(*estimate.evidence.enlarged)}: bin them, or open the original."
    if flag == "hot_pixels" and estimate is not None and estimate.evidence.hot is not None:
        return _hot(len(estimate.evidence.hot))
    left_out = None if estimate is None else estimate.evidence.left_out
    if left_out is not None and flag in ("blank_frames", "repeated_frames"):
        blank = flag == "blank_frames"
        count = len(left_out.blank if blank else left_out.repeats)
        verbs = ("is", "are") if blank else ("repeats", "repeat")
        what = "blank" if blank else "an earlier one"
        of = f"{count} of {left_out.n_frames} frames"
        if count == 1:
            return f"{of} {verbs[0]} {what}; it was left out."
        return f"{of} {verbs[1]} {what}; they were left out."
    return FLAG_WORDS[flag]


def _hot(count: int) -> str:
    """Return how many pixels are hot, as a sentence."""
    were = "was" if count == 1 else "were"
    return f"{counted(count, 'hot pixel')}, far brighter or darker in every frame, {were} replaced."


def enlarged(height: int, width: int) -> str:
    """Return that pixels were enlarged to blocks, as the beginning of a sentence."""
    return f"Pixels were enlarged {height} x {width} by repetition"


def not_uniform(estimate: CorrelationEstimate) -> UnlikePart | None:
    """Return the half of the field, or of the stack, whose noise is correlated otherwise."""
    # Elsewhere structure is in what the halves were compared in.
    noise_alone = estimate.source == estimate.base or (
        estimate.base == "difference" and not any(r.moved for r in estimate.evidence.relations)
    )
    return estimate.evidence.unlike if noise_alone else None


def may_be_fixed(estimate: CorrelationEstimate, flags: tuple[Flag, ...]) -> bool:
    """Whether a fixed pattern of any shape may hide in what is the same in every frame."""
    untested = "fixed_pattern_not_tested" in flags and estimate.base == "difference"
    return untested and not estimate.evidence.patterns.fixed_excluded


def to_remove(estimate: CorrelationEstimate, line: Lines, max_lag: int) -> bool:
    """Whether the offsets of lines that do not end are to be removed next.

    They are not where they are removed already, where a larger lag may show that the lines end, and
    where far ends of the lines share nothing.
    """
    if estimate.destriped == line:
        return False
    if span_the_image(estimate, line, max_lag) or far_ends_likely_share(estimate, line):
        return True
    return not lags_left(estimate, max_lag) and far_ends_share(estimate, line)


def _endless(
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Lines,
) -> str:
    words = FLAG_WORDS["whole_line"].replace("The lines", f"The {line}")
    share = line_share(estimate)[0 if line == "rows" else 1]
    max_lag = selection.kept.shape[0] // 2
    if not (span_the_image(estimate, line, max_lag) or far_ends_likely_share(estimate, line)):
        # Lines seen only up to the largest lag may end soon after it.
        if most := lags_left(estimate, max_lag):
            return words + _LOOK_FURTHER.format(most)
        words += _NO_FURTHER.format(max(max_lag, largest_lag(estimate)))
    if not to_remove(estimate, line, max_lag):
        removed = estimate.destriped == line
        return words + (
            _REMOVED.format(line[:-1].capitalize()) if removed else _NOTHING_SHARED.format(line)
        )
    words += _REMOVE.format(line[:-1])
    if 0 < share >= least_share(estimate, line):
        number = f"{100 * share:.1g}" if share < 0.1 else f"{100 * min(share, 1.0):.0f}"
        words += f" Offsets from edge to edge are {number} % of the noise's variance"
        at_the_end = float(along(estimate, line)[selection.kept.shape[0] // 2 - 1])
        words += "; over shorter stretches pixels share more." if at_the_end > 1.5 * share else "."
    return words


def _looks_correlated(estimate: CorrelationEstimate) -> bool:
    image = estimate.image_covariance
    middle = image.shape[0] // 2
    if middle < 1 or image[middle, middle] <= 0:
        return False
    of_frames = float(image[middle, middle + 1] / image[middle, middle])
    own = estimate.lags
    of_noise = float(own.rho[own.reach, own.reach + 1]) if own.reach else 0.0
    return of_frames > of_noise + 0.05
