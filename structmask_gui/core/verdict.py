"""The verdict: what noise it is, how sure that is, and what to do, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.estimate import CorrelationEstimate
from structmask_gui.core.hazards import CLIPPED, FILLED, NOT_FLAT, OUTLYING
from structmask_gui.core.mask import Mask
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.postprocess import centre_component
from structmask_gui.core.sampling import CONSTANT, NOT_FINITE
from structmask_gui.core.significance import StatisticalSelection
from structmask_gui.core.under_picture import spectrum_kind, uneven
from structmask_gui.core.wholeframe import LINE_SHARE

Kind = Literal[
    "none",
    "rows",
    "columns",
    "cross",
    "diagonal",
    "blob",
    "periodic",
    "detached",
    "irregular",
]
Flag = Literal[
    "whole_line",
    "fixed_pattern",
    "fixed_pattern_not_tested",
    "interpolated",
    "compressed",
    "picture",
    "brightness",
    "moving",
    "clipped",
    "hot_pixels",
    "cannot_tell",
]

KIND_WORDS: dict[Kind, str] = {
    "none": "No correlated noise",
    "rows": "Rows",
    "columns": "Columns",
    "cross": "Cross",
    "diagonal": "Diagonal",
    "blob": "Blob",
    "periodic": "Periodic",
    "detached": "Detached echo",
    "irregular": "Irregular",
}
"""What a sentence calls each kind."""

FLAG_WORDS: dict[Flag, str] = {
    "whole_line": "The lines do not end within the largest lag: no mask of this size hides them.",
    "fixed_pattern": "A pattern is the same in every frame: correct offset and gain first.",
    "fixed_pattern_not_tested": "A fixed pattern was not tested.",
    "interpolated": "The highest frequencies are missing, as where images were resampled,"
    " registered or deconvolved; use the raw data.",
    "compressed": "Blocks of 8 x 8 pixels show: the images were compressed with loss; use the raw"
    " data.",
    "picture": "The picture was measured along with the noise.",
    "brightness": "The correlation changes with the brightness; a mask for one brightness is wrong"
    " for another.",
    "moving": "The scene moves or bleaches between the frames.",
    "clipped": "Clipped patches were left out.",
    "hot_pixels": "Hot pixels were repaired for the measurement.",
    "cannot_tell": "The noise cannot be told from the picture.",
}
"""What each flag means, as a sentence."""

WHAT_TO_RECORD = "Record 20 dark frames, or 6 frames of a still scene, to measure the noise alone."
"""What helps where noise and picture cannot be told apart."""

_REMOVE = (
    " Remove the {} offsets first (What the mask will do › Save destriped frames…, or structmask"
    " destripe)."
)
_LOOK_FURTHER = " Raise max_lag to find their end; without one, remove the {} offsets."

_BLEACHING = 0.02
_DRIFT = 0.1
# Why patches were left out, as it follows their number.
_SHORT = {
    CLIPPED: "clipped",
    CONSTANT: "constant",
    FILLED: "with border fill, text or a data bar",
    NOT_FINITE: "with pixels that are not numbers",
    NOT_FLAT: "with picture",
    OUTLYING: "of unlike variance",
}
_EDGE_POWER = 0.06
_BLOCKY = 5.0
_HOT_SHARE = 2e-5
# Share of what is left of a line at the largest lag that far ends of it must have in common.
_SPANS = 0.5
# Standard errors from which what is below the floor is there all the same.
_THERE = 3.0
# Share of the squared correlation on a line that makes it one.
_MAIN = 0.85
_CROSS = 0.6
# Share of a row of lags from which it counts as a whole line.
_FILLED = 0.8
# A swing up over the swing down before it, where they repeat: what rings once fades faster, and
# what grows is something else. Correlations below the lowest are none.
_SWINGS = 0.45, 1.1
_LOWEST_SWING = 0.05
# Share of all lags from which a correlation counts as endless.
_ENDLESS = 0.55


@dataclass(frozen=True)
class Verdict:
    """What the measurement says.

    Attributes
    ----------
    kind : str
        "none", "rows", "columns", "cross", "diagonal", "blob", "periodic", "detached" or
        "irregular".
    sure : bool
        Whether it can be relied on.
    flags : tuple of str
        See `FLAG_WORDS`.
    sentence : str
        The first sentence: "Rows, 13 pixels. Sure. 96 of 128 patches used, 32 clipped.", "Rows that
        do not end, 21 pixels. Sure. …", or "Cannot tell noise and picture apart: blob, …".
    details : tuple of str
        What else to know, a sentence each: the flags, the source, what to record.
    more_patches : int
        How many more patches like these would settle lags that are as large as the floor but not
        proven; 0 if none is open.
    lines : str or None
        Which lines run from edge to edge, "rows" or "columns": what to take off before anything
        else. None too where lines do not end within the largest lag, but do before the edge.
    """

    kind: Kind
    sure: bool
    flags: tuple[Flag, ...]
    sentence: str
    details: tuple[str, ...]
    more_patches: int = 0
    lines: Literal["rows", "columns"] | None = None

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join((self.sentence, *self.details))


def judge(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> Verdict:
    """Judge a measurement and the mask selected from it.

    Parameters
    ----------
    estimate : CorrelationEstimate
        From `noise.measure_correlation`.
    selection : StatisticalSelection
        From `significance.select_lags` with the same parameters.
    parameters : Parameters
        ``max_lag``, ``rho_min``, ``q``.
    """
    flags = _flags(estimate, selection, parameters)
    kind = _kind(selection.kept, estimate)
    line = _whole_line(estimate, parameters)
    if line is not None and (kind in ("none", "detached") or _in_lines(selection.kept, line)):
        kind = line
    doubted = bool({"cannot_tell", "picture"} & set(flags))
    # More of what noise cannot be told from settles nothing.
    more = 0 if doubted else _more_patches(estimate, parameters)
    sure = not {"cannot_tell", "picture", "interpolated", "compressed"} & set(flags) and more == 0
    return Verdict(
        kind=kind,
        sure=sure,
        flags=flags,
        sentence=_sentence(kind, sure, flags, estimate, selection, line),
        details=_details(flags, estimate, selection, more, line),
        more_patches=more,
        lines=line if line is not None and _spans(estimate, line, parameters.max_lag) else None,
    )


def _flags(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> tuple[Flag, ...]:
    evidence = estimate.evidence
    # What is to be corrected first comes first: a fixed pattern, then what is left of lines.
    flags = _fixed(estimate)
    if _whole_line(estimate, parameters) is not None:
        flags.append("whole_line")
    if evidence.frame.edge_power < _EDGE_POWER:
        flags.append("interpolated")
    if evidence.blockiness > _BLOCKY:
        flags.append("compressed")
    picture, unknown = _picture(estimate, selection, parameters)
    if picture:
        flags.append("picture")
    if _brightness_matters(estimate, parameters):
        flags.append("brightness")
    if _moving(estimate):
        flags.append("moving")
    if estimate.sampling.left_out.get(CLIPPED, 0):
        flags.append("clipped")
    if evidence.hot_share > _HOT_SHARE:
        flags.append("hot_pixels")
    if unknown:
        flags.append("cannot_tell")
    return tuple(flags)


def _picture(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> tuple[bool, bool]:
    """Return whether the picture is in the correlation, and whether nothing can be said."""
    evidence = estimate.evidence
    if not evidence.trusted:
        return True, True
    if estimate.base == "frames" and float(selection.kept.mean()) > _ENDLESS:
        # Correlation in all directions that does not end: of unlike frames, nothing tells it from
        # a texture.
        return True, True
    if estimate.source == "frames":
        picture = uneven(evidence.unevenness, evidence.unevenness_error)
        return picture and bool(selection.kept.sum() > 1), False
    if estimate.source == "spectrum" and evidence.fit is not None:
        kind = spectrum_kind(evidence.fit, parameters)
        return False, kind == "other"
    return False, False


def _line_share(estimate: CorrelationEstimate) -> tuple[float, float]:
    """Share of the noise's variance in whole rows and whole columns; 0 where not beyond chance."""
    variance = max(estimate.lags.variance, 1e-300)
    frame = estimate.evidence.frame
    rows = frame.rows.value / variance if frame.rows.sure else 0.0
    columns = frame.columns.value / variance if frame.columns.sure else 0.0
    return rows, columns


def _whole_line(
    estimate: CorrelationEstimate, parameters: Parameters
) -> Literal["rows", "columns"] | None:
    """Return which lines do not end within the largest lag, if any.

    Either far ends of whole rows of the image go together, or the correlation is there at nearly
    every lag of the row, of one sign, and has not fallen to a fifth at the largest lag.
    """
    rows, columns = _line_share(estimate)
    if max(rows, columns) >= LINE_SHARE:
        return "rows" if rows >= columns else "columns"
    lags = estimate.lags
    middle, last = lags.reach, min(parameters.max_lag, lags.reach)
    if last < 4:
        return None
    lines: tuple[tuple[Literal["rows", "columns"], int], ...] = (("rows", 1), ("columns", 0))
    for name, axis in lines:
        rho = np.moveaxis(lags.rho, axis, 1)
        error = np.moveaxis(lags.standard_error, axis, 1)
        inside = slice(middle + 1, middle + last + 1)
        line, spread = rho[middle, inside], np.maximum(error[middle, inside], 1e-12)
        beside = np.abs(rho[middle + 2 : middle + last + 1, inside]).mean()
        there = float((line > 4 * spread).mean()) >= 0.8
        end, begin = float(line[-3:].mean()), float(line[:3].mean())
        if there and end >= 0.2 * begin and end > 3 * beside and end > 4 * spread[-3:].mean():
            return name
    return None


def _spans(estimate: CorrelationEstimate, line: Literal["rows", "columns"], max_lag: int) -> bool:
    """Whether far ends of lines share as much as lags near the largest do: whole lines."""
    lags, frame = estimate.lags, estimate.evidence.frame
    rows = line == "rows"
    if (_line_share(estimate)[0 if rows else 1]) >= LINE_SHARE:
        return True
    far = (frame.rows if rows else frame.columns).value / max(lags.variance, 1e-300)
    last = min(max_lag, lags.reach)
    return far >= _SPANS * float(_along(estimate, line)[max(last - 3, 0) : last].mean())


def _along(estimate: CorrelationEstimate, line: Literal["rows", "columns"]) -> NDArray[np.float64]:
    """Return the correlation along the lines, from lag 1 on."""
    lags = estimate.lags
    axis = lags.rho[lags.reach] if line == "rows" else lags.rho[:, lags.reach]
    return axis[lags.reach + 1 :]


def _fixed(estimate: CorrelationEstimate) -> list[Flag]:
    frame = estimate.evidence.frame
    variance = max(estimate.lags.variance, 1e-300)
    for lines in (frame.fixed_rows, frame.fixed_columns):
        if lines is not None and lines.sure and lines.value / variance >= LINE_SHARE:
            return ["fixed_pattern"]
    if frame.fixed_sure:
        return ["fixed_pattern"]
    return [] if frame.fixed_tested else ["fixed_pattern_not_tested"]


def _moving(estimate: CorrelationEstimate) -> bool:
    return bool(_changes(estimate))


def _changes(estimate: CorrelationEstimate) -> list[str]:
    """Return what changes between frames of one scene, and what was done about it, in words."""
    relations = [r for r in estimate.evidence.relations if r.still]
    if not relations:
        return []
    words = []
    matched = estimate.base == "difference"
    # A steady drift adds up over the pairs.
    drift = float(np.hypot(*np.mean([r.shift for r in relations], axis=0)))
    chance = float(np.median([r.shift_error for r in relations])) / np.sqrt(len(relations))
    moved = np.mean([r.moved for r in relations]) > 0.5
    if moved or drift > max(_DRIFT, 4 * chance):
        done = "; the frames were shifted to match." * (matched and any(r.moved for r in relations))
        words.append("The scene moves" + (done or "."))
    change = np.log([r.brightness for r in relations])
    contrast = np.log([max(r.gain, 1e-6) for r in relations])
    # Of a faint picture the contrast is not known well.
    unsure = [
        r.coherence_error * np.sqrt(max(1 - r.coherence**2, 0.0)) / r.coherence for r in relations
    ]
    unsure_on_average = float(np.median(unsure)) / np.sqrt(len(relations))
    for values, least in ((change, 0.0), (contrast, 4 * unsure_on_average)):
        typical = float(np.median(values))
        steady = float(np.abs(values - typical).mean()) < abs(typical) / 2
        if abs(typical) > max(_BLEACHING, least) and steady:
            done = "; the frames were scaled to match." * matched
            words.append("The brightness changes from frame to frame" + (done or "."))
            break
    ratio, error = estimate.evidence.unevenness, estimate.evidence.unevenness_error
    residue = (ratio[:3] > 1.5) & (ratio[:3] > 1 + 6 * error[:3])
    if matched and not words and residue.any():
        words.append("Something in the scene changes from frame to frame.")
    return words


def _brightness_matters(estimate: CorrelationEstimate, parameters: Parameters) -> bool:
    """Whether the correlation of dark and bright patches differs beyond chance and by enough."""
    bins = estimate.brightness
    if len(bins) < 2:
        return False
    rho = estimate.lags.rho
    middle = estimate.lags.reach
    top = np.abs(rho).copy()
    top[middle, middle] = 0.0
    strongest = top >= max(parameters.rho_min, 0.5 * float(top.max()))
    if not strongest.any():
        return False
    weights = np.sign(rho[strongest])
    means = np.array([float((b.lags.rho[strongest] * weights).mean()) for b in bins])
    errors = np.array([float(b.lags.standard_error[strongest].mean()) for b in bins])
    far, near = int(np.argmax(means)), int(np.argmin(means))
    difference = means[far] - means[near]
    chance = float(np.hypot(errors[far], errors[near]))
    return bool(difference > max(0.05, 5 * chance))


def _kind(kept: NDArray[np.bool_], estimate: CorrelationEstimate) -> Kind:
    mask = Mask.checked(kept).cropped()
    if mask.statistics.shape_class == "centre only":
        return "none"
    middle = kept.shape[0] // 2
    inside = slice(estimate.lags.reach - middle, estimate.lags.reach + middle + 1)
    rho = estimate.lags.rho[inside, inside]
    for line in (rho[middle, middle + 1 :], rho[middle + 1 :, middle]):
        if _alternates(line):
            return "periodic"
    if int(centre_component(kept).sum()) == 1:
        return _line_with_gaps(kept, estimate) or "detached"
    weight = np.where(kept, rho**2, 0.0)
    weight[middle, middle] = 0.0
    total = float(weight.sum())
    in_row, in_column = float(weight[middle].sum()), float(weight[:, middle].sum())
    down = float(np.trace(weight))
    up = float(np.trace(weight[::-1]))
    # A few stray lags beside a strong line do not change what it is.
    for kind, share in (("rows", in_row), ("columns", in_column), ("diagonal", max(down, up))):
        if share >= _MAIN * total:
            return kind  # type: ignore[return-value]
    axes, corner = _beside(weight, middle)
    beside = int(kept.sum() - kept[middle].sum() - kept[:, middle].sum() + 1)
    few = 2 * beside <= int(kept.sum()) - 1
    if few and in_row + in_column >= _CROSS * total and corner < 0.35 * axes:
        return "cross"
    return _two_dimensional(kept)


def _line_with_gaps(kept: NDArray[np.bool_], estimate: CorrelationEstimate) -> Kind | None:
    """Return which line the lags are on, if what is between them and the centre is only fainter."""
    middle, lags = kept.shape[0] // 2, estimate.lags
    away = np.argwhere(kept) - middle
    away = away[(away != 0).any(axis=1)]
    dy, dx = away.T
    kinds: tuple[tuple[Kind, tuple[int, int], bool], ...] = (
        ("rows", (0, 1), bool((dy == 0).all())),
        ("columns", (1, 0), bool((dx == 0).all())),
        ("diagonal", (1, 1), bool((dy == dx).all())),
        ("diagonal", (1, -1), bool((dy == -dx).all())),
    )
    for kind, (y, x), on_it in kinds:
        if not on_it:
            continue
        steps = lags.reach + np.arange(1, int(np.abs(away).max()) + 1)[:, None] * (y, x)
        rho, error = lags.rho[tuple(steps.T)], lags.standard_error[tuple(steps.T)]
        if (rho * np.sign(rho[-1]) > _THERE * error).all():
            return kind
    return None


def _in_lines(kept: NDArray[np.bool_], line: Literal["rows", "columns"]) -> bool:
    """Whether what is kept are whole lines, as of lines that come again every few pixels."""
    rows = kept if line == "rows" else kept.T
    filled = rows.mean(axis=1)
    return int(kept.sum()) > 1 and float(rows[filled > _FILLED].sum()) >= _MAIN * float(kept.sum())


def _beside(weight: NDArray[np.float64], middle: int) -> tuple[float, float]:
    """Return the lesser weight of the axes' first lags and the greater of the diagonals'."""
    axes = min(weight[middle, middle + 1], weight[middle + 1, middle])
    corner = max(weight[middle + 1, middle + 1], weight[middle + 1, middle - 1])
    return float(axes), float(corner)


def _two_dimensional(kept: NDArray[np.bool_]) -> Kind:
    """Tell a disc, ragged or not, from what has no shape."""
    middle = kept.shape[0] // 2
    near = kept[middle - 1 : middle + 2, middle - 1 : middle + 2]
    return "blob" if int(near.sum()) >= 5 else "irregular"


def _alternates(line: NDArray[np.float64]) -> bool:
    """Whether a line of lags swings about zero: down, and up again by less but not far less."""
    large = np.where(np.abs(line) >= _LOWEST_SWING, line, 0.0)
    trough = -float(large.min(initial=0.0))
    if trough == 0.0:
        return False
    again = float(large[int(np.argmin(large)) :].max())
    return _SWINGS[0] * trough <= again <= _SWINGS[1] * trough


def _more_patches(estimate: CorrelationEstimate, parameters: Parameters) -> int:
    """How many more patches would prove, or rule out, a correlation of the floor's size."""
    # Offsets of whole lines, which go first, make the errors of all other lags larger.
    lags = estimate.evidence.rest or estimate.lags
    reach = min(parameters.max_lag, lags.reach)
    inside = slice(lags.reach - reach, lags.reach + reach + 1)
    error = lags.standard_error[inside, inside]
    rho = np.abs(lags.rho[inside, inside])
    middle = error.shape[0] // 2
    # Among some hundred lags chance reaches four errors; the floor must lie beyond.
    open_lags = (4 * error > parameters.rho_min) & (rho + 2 * error >= parameters.rho_min)
    open_lags &= rho < 6 * error
    open_lags[middle, middle] = False
    if parameters.rho_min <= 0 or not open_lags.any():
        return 0
    worst = float(np.median(error[open_lags]))
    factor = (4 * worst / parameters.rho_min) ** 2 - 1
    return int(np.ceil(max(factor, 0.0) * lags.n_patches))


def _sentence(
    kind: Kind,
    sure: bool,
    flags: tuple[Flag, ...],
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Literal["rows", "columns"] | None,
) -> str:
    what = _found(kind, estimate, selection, line)
    if "cannot_tell" in flags:
        # First, for the end of a long sentence may be cut.
        what = what[0].lower() + what[1:] + " found" * (kind == "none")
        what = f"Cannot tell noise and picture apart: {what}"
    else:
        what += ". Sure" if sure else ". Not sure"
    sampling = estimate.sampling
    total = len(sampling.used)
    used = f"{sampling.n_used} of {total} patches used"
    left_out = _left_out(estimate)
    if len(left_out) > 1:
        left_out = []  # too much for one sentence; the details tell
    return f"{what}. {', '.join([used, *left_out])}."


def _found(
    kind: Kind,
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Literal["rows", "columns"] | None,
) -> str:
    """Return what was found: the kind, whether it ends, and the size of the mask."""
    pixels = int(selection.kept.sum())
    what = KIND_WORDS[kind]
    if kind == "none" and estimate.base == "difference":
        what = "No correlated temporal noise"
    if kind != "none" and pixels == 1:
        return f"Weak whole {kind}"
    if kind == line:
        what += " that do not end"
    if pixels > 1:
        what += f", {Mask.checked(selection.kept).statistics.size_words}"
    if line is not None and kind != line:
        what += f", and {line} that do not end"
    return what


def _left_out(estimate: CorrelationEstimate) -> list[str]:
    """Return how many patches were left out for which reason, in words."""
    return [f"{n} {_SHORT.get(why, why)}" for why, n in estimate.sampling.left_out.items()]


def _details(
    flags: tuple[Flag, ...],
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    more: int,
    line: Literal["rows", "columns"] | None,
) -> tuple[str, ...]:
    details = []
    for flag in flags:
        if flag == "whole_line" and line is not None:
            details.append(_endless(estimate, selection, line))
        elif flag == "moving":
            details += _changes(estimate)
        elif flag in ("cannot_tell", "picture") and "cannot_tell" in flags:
            continue  # the first sentence says so
        elif flag == "hot_pixels":
            share = 100 * estimate.evidence.hot_share
            details.append(f"{FLAG_WORDS[flag]} They are {share:.2g} % of the pixels.")
        elif flag not in ("clipped", "fixed_pattern_not_tested"):
            details.append(FLAG_WORDS[flag])
    faint = _fills_gaps(selection.kept, estimate)
    if faint:
        details.append("Weak correlation fills the gaps: lower rho_min to hide it too.")
    if len(left_out := _left_out(estimate)) > 1:
        details.append(f"Patches left out: {', '.join(left_out)}.")
    details.append(estimate.note)
    if estimate.base == "difference" and _looks_correlated(estimate):
        details.append(
            "Single frames look correlated because of what is the same in every frame: the picture"
            " or a fixed pattern."
        )
    details += estimate.warnings
    if "fixed_pattern_not_tested" in flags:
        details.append(FLAG_WORDS["fixed_pattern_not_tested"])
    if "cannot_tell" in flags or ("picture" in flags and estimate.source == "frames"):
        details.append(WHAT_TO_RECORD)
    elif "fixed_pattern_not_tested" in flags:
        details.append("Record 20 dark frames to test for a fixed pattern.")
    if more > 0:
        patches = "One more patch" if more == 1 else f"About {more} more patches"
        details.append(f"{patches} like these would settle it.")
    return tuple(details)


def _endless(
    estimate: CorrelationEstimate,
    selection: StatisticalSelection,
    line: Literal["rows", "columns"],
) -> str:
    words = FLAG_WORDS["whole_line"].replace("The lines", f"The {line}")
    share = _line_share(estimate)[0 if line == "rows" else 1]
    if not _spans(estimate, line, selection.kept.shape[0] // 2):
        # Lines seen only up to the largest lag may end soon after it.
        return words + _LOOK_FURTHER.format(line[:-1])
    words += _REMOVE.format(line[:-1])
    if share >= LINE_SHARE:
        number = f"{100 * share:.1g}" if share < 0.1 else f"{100 * min(share, 1.0):.0f}"
        words += f" Offsets from edge to edge are {number} % of the noise's variance"
        at_the_end = float(_along(estimate, line)[selection.kept.shape[0] // 2 - 1])
        words += "; over shorter stretches pixels share more." if at_the_end > 1.5 * share else "."
    return words


def _fills_gaps(kept: NDArray[np.bool_], estimate: CorrelationEstimate) -> bool:
    """Whether lags are kept on a line that is there, but faint, between them and the centre."""
    if int(kept.sum()) == 1 or int(centre_component(kept).sum()) > 1:
        return False
    return _line_with_gaps(kept, estimate) is not None


def _looks_correlated(estimate: CorrelationEstimate) -> bool:
    image = estimate.image_covariance
    middle = image.shape[0] // 2
    if middle < 1 or image[middle, middle] <= 0:
        return False
    of_frames = float(image[middle, middle + 1] / image[middle, middle])
    own = estimate.lags
    of_noise = float(own.rho[own.reach, own.reach + 1]) if own.reach else 0.0
    return of_frames > of_noise + 0.05
