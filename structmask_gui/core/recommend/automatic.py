"""The answer about the mask that was chosen automatically, case by case."""

from __future__ import annotations

from dataclasses import replace

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.recommend.candidates import significant
from structmask_gui.core.recommend.grounds import SMOOTH, Grounds
from structmask_gui.core.recommend.recommend import COPIED_MORE, DOUBTED, unseparated
from structmask_gui.core.recommend.shapes import (
    GAINS,
    costs,
    expected,
    faint,
    hide,
    loses_detail,
    smeared,
)
from structmask_gui.core.recommend.wording import WORDS, Action, Answer, Sureness, percent
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.verdict.kind import NoiseKind, direction
from structmask_gui.core.verdict.scene import over_times
from structmask_gui.core.verdict.wording import (
    FLAG_WORDS,
    REGULAR_IN_ONE,
    Flag,
    enlarged,
    flag_words,
)

_PLAIN = "Train plain Noise2Void."
_COMPARE = "Compare any result with the raw frames."
_PIXELS = (
    "Some pixels are brighter or darker in every frame, as in an uncorrected camera. No mask is"
    " needed for that; dark frames or an even field can correct it."
)
_MUCH_COPIED = 0.1
"""Share of the noise that plain Noise2Void copies, from which that noise is not called faint."""
_HUM = "A regular pattern shifts from frame to frame: if it is hum or interference, filter it out."

_NOT_HIDDEN = "; no mask of this size hides it"

_ACT: dict[str, tuple[str, str, Action]] = {
    "fixed_pattern": (
        "The same pattern is in every frame: camera, illumination or sample.",
        "Correct the frames by dark frames or an even field, if these show it; then measure again."
        " If neither does, it may be your sample: leave it.",
        "correct",
    ),
    "periodic_temporal": (
        "The noise has a regular pattern that shifts from frame to frame, as hum and interference"
        f" have{_NOT_HIDDEN}.",
        "Find its source, or filter it out first; leave it if your sample is as regular and moves.",
        "what_to_record",
    ),
}
"""What has to be done before a mask is of use, by the verdict's flag."""

_DOUBTS: dict[str, tuple[str, Action | None]] = {
    "dark_frames": (FLAG_WORDS["dark_frames"], None),
    "blank_frames": ("{blank}", None),
    "repeated_frames": ("{repeated}", None),
    "registered": ("These frames look registered, each moved by parts of a pixel.", None),
    "interpolated": ("These images look resampled or deconvolved.", None),
    "compressed": ("These images were compressed with loss.", None),
    "not_uniform": (
        "The noise differs over the field: this mask does not fit all of it equally well.",
        "map",
    ),
    "brightness": (
        "The correlation changes with brightness: a mask for one brightness may not fit another.",
        None,
    ),
    "shared_frames": ("{neighbours} share noise: train {frame} by {frame}.", None),
}
"""What else is said in the third line, by the verdict's flag."""

_PROCESSED = ("registered", "interpolated", "compressed")
"""Those of them that raw data do not have; they come first of all."""


def automatic_answer(case: Grounds) -> Answer:
    """Return the answer about the mask that was chosen."""
    told = _answer(case)
    return _every_second(case, told) if "alternating" in case.flags else told


def _every_second(case: Grounds, told: Answer) -> Answer:
    """Advise to measure one of two images in turn, before what is advised for both together."""
    estimate = case.extraction.measurement.correlation
    words, advice, actions = flag_words("alternating", estimate), told.advice, told.actions
    if estimate is not None and not over_times(estimate):
        # A trainer's setting, which the menu has, too, is for the mask that comes out then.
        first, rest = int(told.acts_first), (one for one in actions if one != "use_trainer_shape")
        actions = (*actions[:first], "measure_every_second", *tuple(rest)[first:])
    if told.acts_first:
        return replace(told, advice=f"{advice} {words}", actions=actions)
    return replace(told, advice=f"{words} {_until_then(advice)}", actions=actions)


def _until_then(advice: str) -> str:
    """Return advice as it follows what is better done first."""
    if advice.startswith(("Use ", "Train ")):
        return f"Until then, {advice[0].lower()}{advice[1:]}"
    return advice


def _answer(case: Grounds) -> Answer:
    if case.enlarged is not None or "drawn" in case.flags:
        return _drawn(case) if case.enlarged is None else _enlarged(case, *case.enlarged)
    if unseparated(case.extraction, case.recommendation):
        if case.recommendation is not None and case.recommendation.learned:
            if case.verdict.lines is not None and case.lines_show:
                return _whole_lines(case, case.verdict.lines)
            return _learned(case)
        if not case.best_anyway:
            return _cannot_tell(case)
        if not set(_ACT) & case.flags:
            return _either(case)
    for flag in _ACT:
        if flag == "periodic_temporal" and case.regular_alone:
            continue
        if flag in case.flags:
            return _act_first(case, flag)
    if case.verdict.lines is not None and case.lines_show:
        return _whole_lines(case, case.verdict.lines)
    if case.bare:
        return _bare(case)
    return _hide(case)


_STILL = " To be sure, record 6 or more frames of one still field."
_FIXED = " To be sure, record 20 dark frames or an even field."


def _made(
    case: Grounds, what: str, certainty: Sureness, sure: str, advice: str, *do: Action
) -> Answer:
    frame = "frame" if case.over_times else "plane"
    estimate = case.extraction.measurement.correlation
    words = {
        "blank": flag_words("blank_frames", estimate),
        "repeated": flag_words("repeated_frames", estimate),
        "neighbours": case.neighbours,
        "frame": frame,
    }
    doubts = [
        (text.format(**words), action)
        for flag, (text, action) in _DOUBTS.items()
        if flag in case.flags and flag not in _PROCESSED
    ]
    if "shared_frames" in case.flags and case.shared_or_changes:
        # A doubt about a mask says why.
        why = f"{case.shares_or_changes}: train" if case.bare else "Train"
        doubts[-1] = (f"{why} {frame} by {frame}.", None)
    if processed := _processed(case):
        advice = f"{processed} {_until_then(advice)}"
    if case.regular_alone:
        doubts.append((REGULAR_IN_ONE, "what_to_record"))
    if case.hot_pixels:
        doubts.append((_hot_pixels(case), "correct"))
    if case.pattern_of_pixels and "fixed_pattern" not in case.flags:
        doubts.append((_PIXELS, "correct"))
    if case.verdict.lines is not None and "preview_removal" not in do:
        doubts.append((_lines_too(case, case.verdict.lines), "preview_removal"))
    advice = " ".join((advice, *(text for text, _ in doubts)))
    actions = tuple(dict.fromkeys((*do, *(action for _, action in doubts if action is not None))))
    return Answer(
        what, certainty, f"{WORDS[certainty]} {sure}".rstrip(), advice, case.not_tested, actions
    )


def _hot_pixels(case: Grounds) -> str:
    """Say how many pixels are hot, and what helps."""
    words = flag_words("hot_pixels", case.extraction.measurement.correlation)
    return f"{words} Dark frames can correct them."


def _processed(case: Grounds) -> str:
    """Say that these are no raw data, and to use them; empty where that is not seen."""
    flags = [flag for flag in _PROCESSED if flag in case.flags]
    # Electronics may smear noise as resampling does; compression leaves no doubt.
    advice: dict[tuple[str, ...], str] = {
        ("registered",): "Measure them as recorded, and register the result.",
        ("interpolated",): "If so, use the raw data.",
    }
    use = advice.get(tuple(flags), "Use the raw data.")
    return " ".join([*(_DOUBTS[flag][0] for flag in flags), use]) if flags else ""


def _lines_too(case: Grounds, lines: str) -> str:
    faintly = "" if case.lines_show else " faintly"
    return f"Whole {lines} differ{faintly} as well: remove their offsets first."


def _cannot_tell(case: Grounds) -> Answer:
    own: Action = "copy_plain_n2v"
    safe = "Safe meanwhile: plain Noise2Void."
    if case.recommendation is not None:
        row, meanwhile = case.recommendation.chosen, "plain Noise2Void"
        if not case.bare:
            own, meanwhile = "use_mask", hide(case.mask, alone=True)
        safe = f"Safe meanwhile: {meanwhile}."
        # A single frame does not say how strong its noise is.
        known = row is not None and case.differences and loses_detail(row.lost)
        if row is not None and row.error >= GAINS and known:
            milder = meanwhile if case.bare else f"this mask ({meanwhile})"
            safe = f"Better not denoise yet: even {milder} {costs(row.error)}. {_COMPARE}"
        elif row is not None and row.copied >= COPIED_MORE:
            left = max(row.copied, row.left)
            most = f"leave up to {100 * left:.0f} % of the noise"
            most = most if left < GAINS else "remove hardly any noise"
            safe += f" This keeps detail, but may {most}."
    elif not case.bare:
        pixels = case.mask.statistics.true_pixels
        safe += f" This mask of {pixels} pixels may hide sample as well as noise."
    shifts = "periodic_temporal" in case.flags and case.several_frames
    advice = [_HUM] if shifts else []
    actions: tuple[Action, ...] = ("what_to_record", own)
    if case.verdict.lines is not None:
        advice.append(_lines_too(case, case.verdict.lines))
        actions = ("what_to_record", "preview_removal", own)
    advice += filter(None, [_processed(case)])
    estimate = case.extraction.measurement.correlation
    left_out: tuple[Flag, ...] = ("blank_frames", "repeated_frames")
    advice += [flag_words(flag, estimate) for flag in left_out if flag in case.flags]
    advice += [_hot_pixels(case)] * case.hot_pixels
    advice.append(f"{case.why_not_still} {case.to_decide}".lstrip())
    return Answer(
        "Cannot tell noise from sample.",
        "cannot tell",
        safe,
        " ".join(advice),
        case.not_tested,
        actions,
    )


def _learned(case: Grounds) -> Answer:
    """Say what mask fits the noise that images like these usually have."""
    shifts = "periodic_temporal" in case.flags and case.several_frames
    sure = "What is noise here is an estimate, learned from simulated images."
    record = f"{case.why_not_still} {case.to_decide}".lstrip()
    record = f"{_HUM} {record}" if shifts else record
    if case.bare:
        what = "Noise and sample look alike; no mask is likely to help."
        return _made(
            case, what, "uncertain", sure, f"{_PLAIN} {record}", "copy_plain_n2v", "what_to_record"
        )
    what = f"{_smear(case, 'blob')}: {hide(case.mask)}."
    sure = f"This noise looks like the sample. {sure} {case.figures}"
    return _made(
        case,
        what,
        "uncertain",
        sure,
        f"Compare this mask with plain Noise2Void before you use it. {record}",
        "what_to_record",
        "use_mask",
    )


def _either(case: Grounds) -> Answer:
    """Say that no mask is best, whatever of the frames is noise.

    A fixed pattern as fine as the sample's detail would be an exception.
    """
    what = "No mask helps, whether this is noise or sample."
    sure = "Hiding neighbours would cost more of the sample's fine detail than it saves of noise."
    sure = f"{sure} {case.untested}".rstrip()
    structure = None if case.recommendation is None else case.recommendation.structure
    surely = structure is not None and structure.surely_strong
    if case.fixed_untested and not surely:
        return _made(case, what, "uncertain", sure, _PLAIN, "copy_plain_n2v", "what_to_record")
    return _made(case, what, "likely", sure, _PLAIN, "copy_plain_n2v")


def _act_first(case: Grounds, flag: str) -> Answer:
    if flag == "fixed_pattern" and case.in_dark_frames:
        return _camera_pattern(case)
    what, advice, action = _ACT[flag]
    own: Action = "copy_plain_n2v" if case.bare else "use_mask"
    meanwhile = "plain Noise2Void" if case.bare else hide(case.mask, alone=True)
    what = what if case.bare else what.replace(_NOT_HIDDEN, "")
    actions: tuple[Action, ...] = (action, own)
    if case.verdict.lines is not None:
        meanwhile = f"remove the offsets of the {case.verdict.lines}; until then, {meanwhile}"
        actions = (action, "preview_removal", own)
    sure = f"For the noise that changes from frame to frame: {meanwhile}."
    told = _made(case, what, "act first", sure, advice, *actions)
    # Last: what can be done with the frames that are there has a button before it.
    return replace(told, actions=tuple(dict.fromkeys((*told.actions, "what_to_record"))))


def _camera_pattern(case: Grounds) -> Answer:
    """Say that dark frames show the pattern, which thus is neither light nor sample."""
    own: Action = "copy_plain_n2v" if case.bare else "use_mask"
    meanwhile = "plain Noise2Void" if case.bare else hide(case.mask, alone=True)
    return Answer(
        "The camera has a fixed pattern: every dark frame shows it.",
        "act first",
        f"{WORDS['act first']} Meanwhile, for its noise and that pattern together: {meanwhile}.",
        "Correct your frames by these dark frames, then measure again without them.",
        case.not_tested,
        ("correct", own),
    )


def _enlarged(case: Grounds, height: int, width: int) -> Answer:
    doubted = case.bare or unseparated(case.extraction, case.recommendation)
    meanwhile = "" if doubted else f" Meanwhile: {hide(case.mask, alone=True)}."
    return Answer(
        f"{enlarged(height, width)}.",
        "act first",
        f"{WORDS['act first']} Plain Noise2Void would copy each pixel from its repeats.{meanwhile}",
        "Bin them, or open the original; then measure again.",
        case.not_tested,
        ("what_to_record", "copy_plain_n2v" if case.bare else "use_mask"),
    )


def _drawn(case: Grounds) -> Answer:
    return Answer(
        "This is no raw recording: most pixels equal those around them.",
        "act first",
        f"{WORDS['act first']} Segmentations, drawings and screenshots are like that: no noise is"
        " left in them to measure.",
        "Open the raw image.",
        case.not_tested,
        ("what_to_record", "copy_plain_n2v" if case.bare else "use_mask"),
    )


def _whole_lines(case: Grounds, lines: str) -> Answer:
    of: Lines = "columns" if lines == "columns" else "rows"
    told = case.new_in_every_frame and not unseparated(case.extraction, case.recommendation)
    certainty: Sureness = case.certainty if told else "uncertain"
    doubts = case.why_uncertain if told else "The lines may be the sample's."
    if certainty == "likely" and case.every_nth(of):
        certainty, doubts = (
            "uncertain",
            f"Not all pixels of a {of[:-1]} share its offset, as where a camera has several"
            " readouts.",
        )
    if lines == "columns" and certainty == "likely":
        # Scanners read along rows; the columns of a camera are the same in every frame.
        certainty, doubts = (
            "uncertain",
            "A camera's fixed columns look the same once frames were shifted.",
        )
    sure = f"{doubts} Remove the offsets of the {of}, then measure again. {case.untested}"
    meanwhile = "" if case.bare else f" Until then: {hide(case.mask, alone=True)}."
    return _made(
        case,
        f"Whole {of} are brighter or darker; a mask cannot hide that.",
        certainty,
        sure.strip(),
        f"Removing the offsets changes each {of[:-1]}'s grey level and weakens real structure"
        f" along {of}: measure intensities on the raw file.{meanwhile}",
        "preview_removal",
        "copy_plain_n2v" if case.bare else "use_mask",
    )


def _changing(case: Grounds) -> Answer:
    """Say that what differs between frames is the sample, or noise under it."""
    what = "The sample changes between these frames"
    how = "They differ as moments, planes or channels of one sample do."
    sure = " ".join(filter(None, (how, case.lines_beside_changes, case.untested)))
    if case.certainty == "likely" and case.none_anyway:
        return _made(case, f"{what}; no mask helps.", "likely", sure, _PLAIN, "copy_plain_n2v")
    return _made(
        case,
        f"{what}; no mask is likely to help.",
        "uncertain",
        sure,
        f"{_PLAIN} {case.to_decide}",
        "copy_plain_n2v",
        "what_to_record",
    )


def _bare(case: Grounds) -> Answer:
    if case.changing:
        return _changing(case)
    found = significant(case.extraction)
    if found.statistics.true_pixels > 1 or case.verdict.kind != "none":
        return _gains_nothing(case, found)
    if case.too_little:
        sure, advice = _fits(case, case.too_little, "measured")
        return _made(
            case,
            "No pattern found in the noise.",
            "uncertain",
            sure,
            f"{advice} {case.more}",
            "add_files",
            "copy_plain_n2v",
        )
    if case.fixed_untested or SMOOTH in case.not_tested:
        return _nothing_tested(case)
    certainty = case.certainty
    sure = (case.why_uncertain if certainty == "uncertain" else "") or "You need no mask."
    return _made(
        case,
        "No pattern in the noise.",
        certainty,
        f"{sure} {case.untested}".strip(),
        _PLAIN,
        "copy_plain_n2v",
    )


def _fits(case: Grounds, sure: str, what: str) -> tuple[str, str]:
    """Say that plain Noise2Void fits what was measured or tested; where that gains little, so."""
    row = None if case.recommendation is None else case.recommendation.chosen
    if row is None or row.error < GAINS:
        return sure, f"Plain Noise2Void fits what was {what}."
    return (
        f"{sure} {expected(row.error, lost=row.lost)}",
        f"If you denoise all the same, train plain Noise2Void. {_COMPARE}",
    )


def _nothing_tested(case: Grounds) -> Answer:
    """Say that no pattern was found in what was tested, and whether another may be there."""
    changing = "No pattern that changes from frame to frame"
    what = changing if case.fixed_untested else "No pattern found"
    if case.one_frame:
        what = "One frame only: no pattern found"
    floor = max(COPIED_MORE, case.extraction.parameters.rho_min)
    what = f"{what} (none above {100 * floor:.0f} % of the noise)."
    if case.certainty == "likely" and (sure := _no_need(case)):
        return _made(case, what, "likely", f"You need no mask: {sure}", _PLAIN, "copy_plain_n2v")
    sure, advice = _fits(case, f"{case.why_uncertain} {case.untested}".strip(), "tested")
    if case.one_frame or not case.differences:
        advice += _STILL
    elif case.fixed_untested:
        advice += _FIXED
    return _made(
        case,
        what,
        "uncertain",
        sure,
        advice,
        "what_to_record",
        "copy_plain_n2v",
    )


def _no_need(case: Grounds) -> str:
    """Say why no mask is needed although not all was tested; nothing if that is not known."""
    structure = None if case.recommendation is None else case.recommendation.structure
    if structure is not None and structure.absent:
        if case.one_frame:
            return "there is hardly any sample that could hide a pattern."
        return "hardly anything is the same in every frame."
    if case.none_anyway:
        return f"a fixed pattern would hardly change that. {case.untested}"
    return ""


def _gains_nothing(case: Grounds, found: Mask) -> Answer:
    """Say that plain Noise2Void is best although there is correlated noise."""
    recommendation = case.recommendation
    row = None if recommendation is None else recommendation.bare
    nothing = recommendation is not None and recommendation.gains_next_to_nothing
    n = found.statistics.true_pixels
    pixels = f" ({n} pixels)" if n > 1 else ""
    if nothing and (row is None or row.copied < _MUCH_COPIED):
        what = f"{faint(case.verdict.kind, opposite=case.opposite)}."
        advice = "Plain Noise2Void does as well; a mask gains nothing."
    elif nothing:
        what = f"{_smear(case, case.verdict.kind)}; hiding it gains nothing."
        advice = "Plain Noise2Void does as well."
    else:
        smear = smeared(case.verdict.kind, opposite=case.opposite)
        what = f"{smear[0].upper()}{smear[1:]}{pixels}; hiding it costs more than it gains."
        advice = "Plain Noise2Void is best."
    figures = [case.untested]
    actions: tuple[Action, ...] = ("copy_plain_n2v",)
    certainty = case.certainty
    if row is not None:
        figures.insert(0, expected(row.error, lost=row.lost))
        if row.copied >= COPIED_MORE:
            figures.insert(0, f"A network could copy {percent(row.copied)} of the noise.")
        if row.error >= GAINS:
            advice = f"A mask does no better than plain Noise2Void. {_COMPARE}"
            actions = ("what_to_record", *actions)
    if certainty == "uncertain":
        figures.insert(0, case.why_uncertain)
    return _made(case, what, certainty, " ".join(filter(None, figures)), advice, *actions)


def _smear(case: Grounds, kind: NoiseKind) -> str:
    """Begin the first sentence; what a row or a column hides is smeared along it, if it is."""
    height, width = case.mask.array.shape
    estimate = case.extraction.measurement.correlation
    if kind == "blob" and 1 in (height, width) and estimate is not None:
        kind = direction("rows" if height == 1 else "columns", estimate.lags)
    smear = smeared(kind, opposite=case.opposite)
    if kind in ("rows", "columns") and 1 not in (height, width):
        smear = smear.replace("smeared along", "smeared mostly along")
    return smear[0].upper() + smear[1:]


def _hide(case: Grounds) -> Answer:
    what = f"{_smear(case, case.verdict.kind)}: {hide(case.mask)}."
    trainer = case.trainer
    use = "this mask"
    actions: tuple[Action, ...] = ("use_mask",)
    if trainer:
        use = f"this mask; in CAREamics: {trainer}, with batch normalisation off"
        actions = ("use_mask", "use_trainer_shape")
    advice = f"Use {use}."
    row = None if case.recommendation is None else case.recommendation.chosen
    if row is not None and row.error >= GAINS:
        advice = f"If you denoise all the same, use {use}. {_COMPARE}"
        actions = ("what_to_record", *actions)
    elif case.hardly_better:
        advice += " Plain Noise2Void does nearly as well"
        advice += ", but copies more of this noise." if case.copies_less else "."
    certainty, sure = case.certainty, case.figures
    if certainty == "uncertain":
        sure = f"{case.why_uncertain} {sure}".strip()
        if case.one_frame and row is not None and row.worst > DOUBTED:
            advice, actions = f"{advice} {case.to_decide}", (*actions, "what_to_record")
    if case.too_little:
        certainty, sure = "uncertain", f"{case.too_little} {sure}".strip()
        advice, actions = f"{advice} {case.more}", ("add_files", *actions)
    elif case.endless and not case.whole and case.verdict.lines is None:
        certainty = "uncertain"
        further = case.extraction.square.shape[0] // 2 > case.extraction.parameters.max_lag
        advice += (
            " Fainter noise along the same lines reaches further than the mask."
            if further
            else " The pattern may reach further than the mask."
        )
    elif case.goes_on and not case.endless:
        certainty = "uncertain"
        advice += " The pattern may reach further than the mask."
    elif unmeasured := case.unmeasured:
        # That lines go on is known; in single frames, they may be the sample's.
        certainty = certainty if case.differences and case.endless else "uncertain"
        advice += f" {unmeasured}"
    return _made(case, what, certainty, f"{sure} {case.untested}".strip(), advice, *actions)
