"""The verdict: what noise it is, how sure that is, and what to do, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import crop_or_pad
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import Lines
from structmask_gui.core.stack.screening import CLIPPED
from structmask_gui.core.statistical.estimate import CorrelationEstimate
from structmask_gui.core.statistical.frame_diagnostics import BLOCKY
from structmask_gui.core.statistical.profiles import brightness_curve
from structmask_gui.core.statistical.selection import StatisticalSelection
from structmask_gui.core.statistical.separation import MISFIT, SEVERAL
from structmask_gui.core.statistical.structure import SUSPICION, is_line, spectrum_kind, uneven
from structmask_gui.core.verdict.kind import NoiseKind, in_lines, kind_of
from structmask_gui.core.verdict.lines import endless_lines, fixed_lines
from structmask_gui.core.verdict.scene import alternates, dark_frames, scene_changes
from structmask_gui.core.verdict.wording import (
    Flag,
    details_of,
    may_be_fixed,
    not_uniform,
    sentence,
    to_remove,
)

# `FrameEvidence.edge_power` below which frames were resampled; share of hot pixels from which they
# are reported.
_EDGE_POWER = 0.06
_HOT_SHARE = 2e-5
_DOUBTED = {"cannot_tell", "picture", "drawn", "interpolated", "compressed", "alternating"}
# Correlation that nearly all lags of a window have where structure is left in differences.
_ALL_OVER, _NEARLY_ALL = 0.5, 0.9
# Correlation that structure can leave in flat parts.
_LEAKS = 0.1
# Power over what a fit predicts, within the cut-off and in flat parts, that leaves nothing open.
_EXPLAINED = 1.25
# Pairs of photons, beyond chance, from which their correlation is seen: that none come where so
# many are expected happens once in twenty thousand times.
_PAIRS = 10.0
# Share of all lags from which a correlation counts as endless.
_ENDLESS = 0.55
# Correlation at so many pixels, along rows and columns, that no noise in a single frame has.
_APART, _ALIKE = 3, 0.25


@dataclass(frozen=True)
class Verdict:
    """Kind of noise, certainty, and what to do."""

    kind: NoiseKind
    """One of "none", "rows", "columns", "cross", "diagonal", "blob", "periodic", "detached" or
    "irregular"."""
    sure: bool  # Whether it can be relied on
    flags: tuple[Flag, ...]  # See `wording.FLAG_WORDS`
    sentence: str
    """The first sentence: "Rows, 13 pixels. Sure. 96 of 128 patches used, 32 clipped.", "Rows that
    do not end, 21 pixels. Sure. …", or "Cannot separate noise from structure (found: blob, …)"."""
    details: tuple[str, ...]
    """What else to know, a sentence each: the flags, the source, what to record."""
    more_patches: int = 0
    """How many more patches like these would settle lags that are as large as the floor but not
    significant; 0 if none is open."""
    settled: bool = True
    """Whether nothing but more of the same could change it; `sure` asks for `more_patches` of 0
    too, and that no fixed pattern may hide where no other noise was found."""
    lines: Lines | None = None
    """The lines whose offsets are to be removed before anything else, "rows" or "columns". None
    too where lines do not end within the largest lag, but a larger one may show that they do, their
    far ends share nothing, or their offsets are removed already."""

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join((self.sentence, *self.details))


def judge(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> Verdict:
    """Judge a measurement and the mask selected from it.

    ``selection``: From `structmask_gui.core.statistical.selection.select_lags`, same parameters.
    """
    flags = _flags(estimate, selection, parameters)
    kind = kind_of(selection.kept, estimate)
    line = endless_lines(estimate, parameters)
    if line is not None and (kind in ("none", "detached") or in_lines(selection.kept, line)):
        kind = line
    doubted = bool({"cannot_tell", "picture"} & set(flags))
    # More patches do not help where noise cannot be separated from structure.
    more = 0 if doubted else _more_patches(estimate, parameters)
    reach = min(parameters.max_lag, estimate.lags.reach)
    off = line is not None and to_remove(estimate, line, reach)
    # A line beyond the optical cut-off is noise, however faint the structure.
    suspected = estimate.evidence.suspected and estimate.source != "spectrum"
    settled = not _DOUBTED & set(flags) and not suspected
    lasting = estimate.evidence.patterns.lasting
    settled = settled and not (lasting is not None and lasting.misleads)
    if not estimate.evidence.relations:
        # In one frame, a regular pattern may be the specimen's.
        settled = settled and not estimate.evidence.patterns.periodic
    sure = settled and more == 0 and not estimate.evidence.suspected
    sure = sure and not (kind == "none" and may_be_fixed(estimate, flags))
    return Verdict(
        kind=kind,
        sure=sure,
        flags=flags,
        sentence=sentence(kind, sure, flags, estimate, selection, line),
        details=details_of(flags, estimate, selection, more, line),
        more_patches=more,
        settled=settled,
        lines=line if off else None,
    )


def _flags(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> tuple[Flag, ...]:
    evidence = estimate.evidence
    # What is to be corrected first comes first: a fixed pattern, then what is left of lines.
    flags = _fixed(estimate)
    if endless_lines(estimate, parameters) is not None:
        flags.append("whole_line")
    found: tuple[tuple[Flag, bool], ...] = (
        ("periodic_temporal", evidence.patterns.periodic),
        ("shared_frames", evidence.patterns.shared),
        ("not_uniform", not_uniform(estimate) is not None),
        ("alternating", alternates(estimate)),
        ("dark_frames", dark_frames(estimate)),
        ("blank_frames", bool(evidence.left_out and evidence.left_out.blank)),
        ("repeated_frames", bool(evidence.left_out and evidence.left_out.repeats)),
    )
    flags += [flag for flag, there in found if there]
    resampled = evidence.frame.edge_power < _EDGE_POWER and not evidence.photons
    if evidence.drawn:
        flags.append("drawn")
    if evidence.registered:
        flags.append("registered")
    if evidence.enlarged is not None or (resampled and not evidence.registered):
        flags.append("interpolated")
    if evidence.blockiness > BLOCKY or evidence.lossy:
        flags.append("compressed")
    structure, unknown = _structure(estimate, selection, parameters)
    if structure:
        flags.append("picture")
    if _brightness_matters(estimate, parameters):
        flags.append("brightness")
    if scene_changes(estimate):
        flags.append("moving")
    if estimate.sampling.left_out.get(CLIPPED, 0) or evidence.clipped:
        flags.append("clipped")
    if evidence.hot is not None or (evidence.hot_share > _HOT_SHARE and not evidence.photons):
        flags.append("hot_pixels")
    if unknown:
        flags.append("cannot_tell")
    return tuple(flags)


def _structure(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> tuple[bool, bool]:
    """Return whether structure is in the correlation, and whether nothing can be concluded."""
    evidence = estimate.evidence
    if not evidence.trusted:
        return True, True
    if evidence.photons:
        return False, False
    few = estimate.sampling.n_frames < SEVERAL
    if estimate.base == "frames" and few and float(selection.kept.mean()) > _ENDLESS:
        # Correlation in all directions that does not end: in few frames, it may be a texture.
        return True, True
    if estimate.base == "frames" and evidence.suspected and few and _smooth(estimate):
        return True, True
    if estimate.base == "difference" and _moved_alone(estimate, selection, parameters):
        return True, True
    if (
        estimate.source != "dark"
        and float((np.abs(estimate.lags.rho) > _ALL_OVER).mean()) > _NEARLY_ALL
    ):
        return True, True
    if estimate.source == "frames":
        structure = uneven(evidence.unevenness, evidence.unevenness_error)
        return structure and bool(selection.kept.sum() > 1), False
    if estimate.source == "flat" and selection.kept.sum() > 1:
        # Structure that leaks into flat parts is as faint.
        middle = estimate.lags.reach
        others = np.abs(estimate.lags.rho)
        others[middle, middle] = 0.0
        return bool(others.max() < _LEAKS) and not _shown_by_the_fit(estimate, selection), False
    if estimate.source == "spectrum" and evidence.fit is not None:
        kind = spectrum_kind(evidence.fit, parameters)
        # The errors of a fit that does not describe the spectrum mean nothing.
        return evidence.fit.misfit > MISFIT, kind == "other"
    return False, False


def _moved_alone(
    estimate: CorrelationEstimate, selection: StatisticalSelection, parameters: Parameters
) -> bool:
    """Whether what was measured in two frames may be what moved, as no line is."""
    evidence, kept = estimate.evidence, selection.kept
    if len(evidence.relations) > 1 or kept.sum() == 1 or not scene_changes(estimate):
        return False
    if is_line(estimate.lags) or kind_of(kept, estimate) in ("rows", "columns"):
        return False
    ends = endless_lines(estimate, parameters) is None
    return ends and uneven(evidence.unevenness, evidence.unevenness_error, SUSPICION)


def _smooth(estimate: CorrelationEstimate) -> bool:
    """Whether pixels some distance apart are more alike, in all directions, than noise is."""
    at, middle = min(_APART, estimate.lags.reach), estimate.lags.reach
    rho = estimate.lags.rho
    return bool(min(rho[middle, middle + at], rho[middle + at, middle]) > _ALIKE)


def _shown_by_the_fit(estimate: CorrelationEstimate, selection: StatisticalSelection) -> bool:
    """Whether the fit beyond the optical cut-off finds the same lags, and explains all power."""
    fit, wanted = estimate.evidence.fit, selection.kept
    if fit is None or max(fit.excess, estimate.evidence.flat_excess) > _EXPLAINED:
        return False
    if len(fit.correlation) < len(wanted):
        return False
    found = np.abs(crop_or_pad(fit.correlation, wanted.shape)) >= estimate.parameters.rho_min
    return bool(found[wanted].all())


def _fixed(estimate: CorrelationEstimate) -> list[Flag]:
    frame = estimate.evidence.frame
    patterns = estimate.evidence.patterns
    if fixed_lines(estimate) or frame.fixed_sure or patterns.regular or patterns.steps:
        return ["fixed_pattern"]
    return [] if frame.fixed_tested else ["fixed_pattern_not_tested"]


def _brightness_matters(estimate: CorrelationEstimate, parameters: Parameters) -> bool:
    """Whether the correlation of dark and bright patches differs beyond chance and by enough."""
    curve = brightness_curve(estimate, parameters.rho_min)
    if curve is None:
        return False
    far, near = int(np.argmax(curve.rho)), int(np.argmin(curve.rho))
    difference = curve.rho[far] - curve.rho[near]
    chance = float(np.hypot(curve.error[far], curve.error[near]))
    return bool(difference > max(0.05, 5 * chance))


def _more_patches(estimate: CorrelationEstimate, parameters: Parameters) -> int:
    """Return how many more patches would decide on correlations of about ``rho_min``."""
    return max(_more_photons(estimate, parameters), _more_samples(estimate, parameters))


def _more_photons(estimate: CorrelationEstimate, parameters: Parameters) -> int:
    """Return how many more patches hold enough photons for pairs of them to show."""
    if not few_photons(estimate, parameters):
        return 0
    wanted = _PAIRS / parameters.rho_min / estimate.evidence.photons
    return int(np.ceil((wanted - 1) * estimate.lags.n_patches))


def few_photons(estimate: CorrelationEstimate, parameters: Parameters) -> bool:
    """Whether photons were counted, and so few that a correlation makes next to no pairs."""
    return 0 < estimate.evidence.photons * parameters.rho_min < _PAIRS


def _more_samples(estimate: CorrelationEstimate, parameters: Parameters) -> int:
    # Line offsets, which are removed first, make the errors of all other lags larger.
    lags = (estimate.evidence.rest or estimate.lags).within(parameters.max_lag)
    error, rho = lags.standard_error, np.abs(lags.rho)
    # Among some hundred lags chance reaches four errors; the floor must lie beyond.
    open_lags = (4 * error > parameters.rho_min) & (rho + 2 * error >= parameters.rho_min)
    open_lags &= rho < 6 * error
    open_lags[lags.reach, lags.reach] = False
    if parameters.rho_min <= 0 or not open_lags.any():
        return 0
    worst = float(np.median(error[open_lags]))
    factor = (4 * worst / parameters.rho_min) ** 2 - 1
    return int(np.ceil(max(factor, 0.0) * lags.n_patches))
