"""Changes between frames: motion and bleaching, of all or a part; frames of another kind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.stack.registration import PairRelation
from structmask_gui.core.statistical.estimate import CorrelationEstimate

# Change of brightness (logarithm), and drift in pixels, from which they are reported.
_BLEACHING = 0.02
_DRIFT = 0.1
# Standard errors from which the contrast changes, too.
_SURELY = 4.0

# Change of brightness to the next frame (logarithm) from which every second frame is another image,
# if those after it change by less than this part of that a frame, as bleaching does not.
_OTHER, _BACK = 0.1, 0.25
# Brightness over that of the others up to which frames that show nothing are called dark; share of
# the frames that they may be; and pairs of frames from which either is said.
_DARK, _FEWER, _PAIRS = 0.7, 0.5, 3


def alternates(estimate: CorrelationEstimate) -> bool:
    """Whether every second frame is brighter, as where two channels were recorded in turn.

    Of planes over times, whether all planes are at every second time.
    """
    relations = [r for r in estimate.evidence.relations if r.level > 0]
    # Of several runs of frames, not all pairs begin alike.
    if len(relations) < _PAIRS or any(r.first // r.step % 2 for r in relations):
        return False
    change = np.log([r.brightness for r in relations])
    same_way = bool((change > 0).all() or (change < 0).all())
    levels = np.diff(np.log([r.level for r in relations]))
    between = [(b.first - a.first) / b.step for a, b in pairwise(relations)]
    # Those of two planes say nothing of time.
    drift = [
        level / frames for level, frames in zip(levels, between, strict=True) if frames.is_integer()
    ]
    if not drift:
        return False
    step = float(np.abs(change).min())
    return same_way and step > _OTHER and float(np.median(np.abs(drift))) < _BACK * step


def over_times(estimate: CorrelationEstimate) -> bool:
    """Whether the frames compared are one plane at two times, as of a z-stack over times."""
    return any(relation.step > 1 for relation in estimate.evidence.relations)


def dark_frames(estimate: CorrelationEstimate) -> bool:
    """Whether some frames are far darker than the others and show nothing of the scene."""
    relations = estimate.evidence.relations
    seen = [r.level for r in relations if r.still]
    if len(seen) < _PAIRS:
        return False
    limit = _DARK * float(np.median(seen))
    dark = sum(not r.still and min(r.level, r.level * r.brightness) < limit for r in relations)
    return limit > 0 and 0 < dark < _FEWER * len(relations)


def varying_contrast(estimate: CorrelationEstimate) -> float:
    """Return the mean square of the changes of contrast from frame to frame (logarithms).

    As of a lamp that flickers, or through the planes of a z-stack; 0 where it may be chance.
    """
    relations = [r for r in estimate.evidence.relations if r.still]
    if not relations:
        return 0.0
    contrast, unsure = _contrasts(relations)
    return _rms(contrast) ** 2 if _rms(contrast) > _SURELY * _rms(unsure) else 0.0


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _contrasts(relations: Sequence[PairRelation]) -> tuple[FloatArray, FloatArray]:
    """Return the changes of contrast (logarithms), and how well they are known.

    That of faint structure is not known well.
    """
    contrast = np.log([max(r.gain, 1e-6) for r in relations])
    unsure = [
        r.coherence_error * np.sqrt(max(1 - r.coherence**2, 0.0)) / r.coherence for r in relations
    ]
    return contrast, np.array(unsure)


def scene_changes(estimate: CorrelationEstimate) -> list[str]:
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
    contrast, unsure = _contrasts(relations)
    unsure_on_average = float(np.median(unsure)) / np.sqrt(len(relations))
    for values, least in ((change, 0.0), (contrast, _SURELY * unsure_on_average)):
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
