"""Measure the noise of a stack: choose its source, pool its lag products, gather the evidence.

The long part of the statistical method; what follows (`select_lags`, `judge`) takes milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from structmask_gui.core.arrays import SIGMA_PER_MAD, BoolArray, FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.rules import untuned
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.frames import (
    Frames,
    Recording,
    are_lossy,
    destriped_lines,
    middle,
)
from structmask_gui.core.stack.patches import PatchReader
from structmask_gui.core.stack.scaled import exponent_for, scaled
from structmask_gui.core.statistical.accumulate import (
    Pooled,
    pool_patches,
    pooled_image_covariance,
)
from structmask_gui.core.statistical.estimate import (
    CorrelationEstimate,
    Evidence,
    describe,
    in_grey_levels,
)
from structmask_gui.core.statistical.frame_diagnostics import (
    LINE_SHARE,
    FrameEvidence,
    blockiness,
    diagnose_frames,
    drawn,
    enlargement,
    photons_alone,
    registered,
)
from structmask_gui.core.statistical.patches import NoisePatches, find_patches
from structmask_gui.core.statistical.patterns import Patterns, find_patterns, sample_changes
from structmask_gui.core.statistical.separation import (
    NoiseUnderTest,
    Separated,
    noise_under_test,
    separate,
)
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.statistical.structure import alike
from structmask_gui.core.statistical.under_structure import without_flat_tile


def measure_correlation(
    recording: Recording | Frames,
    parameters: Parameters,
    *,
    earlier: CorrelationEstimate | None = None,
    task: Task = NO_TASK,
) -> CorrelationEstimate:
    """Measure the correlation of the noise of a stack.

    Parameters
    ----------
    recording : Recording or Frames
        A dark stack is measured instead of the frames with the sources "dark" and "automatic", one
        to subtract is subtracted with "subtract" and "automatic".
    parameters : Parameters
        ``source``, ``patch_size``, ``patches``, ``layout``, ``seed``, ``max_lag``. Patches smaller
        than the largest lag needs are enlarged; where fewer than 20 fit, they are made smaller.
    earlier : CorrelationEstimate, optional
        The same recording by the same ``source``, in other patches or up to other lags. What was
        found in whole frames, which depends on neither, is taken from it.
    task : Task, optional

    Returns
    -------
    CorrelationEstimate

    Raises
    ------
    InputError
        If the source needs what is not there (a second frame, a dark stack), or no patch is left.
    Cancelled
        Within 0.2 s of cancellation.
    """
    recording, asked, parameters = Recording.of(recording), parameters, untuned(parameters)
    dark = recording.dark if parameters.source in ("dark", "automatic") else None
    stack = recording.frames if dark is None else dark
    exponent = exponent_for(stack)
    if exponent:
        recording = scaled(recording, exponent)
    known = None if earlier is None else earlier.evidence
    relations = None if known is None else known.relations
    source, reader = NoiseSource(recording, parameters.source, task, relations), PatchReader(task)
    found = _pool(source, parameters, reader)
    seen = _look(found)
    task.stop_if_cancelled()
    judged = _judge(found, seen, parameters, reader)
    separated = _separate(found, seen, judged, parameters)
    patterns = find_patterns(source) if known is None else known.patterns
    separated = _by_changes(separated, found.lags, source, patterns, parameters)
    if separated.source == "flat" and separated.flat is not None:
        bumpy = without_flat_tile(found.patches, separated.flat, judged.tiles.side)
        found = found._replace(patches=found.patches.without(bumpy, screening.NOT_FLAT))
    patches, pooled = found.patches, found.pooled
    estimate = CorrelationEstimate(
        name=source.asked.name,
        parameters=asked,
        region=source.region,
        lags=separated.lags,
        sampling=patches.sampling,
        source=separated.source,
        base=source.base,
        note=describe(separated.source, source.base) + patches.note,
        evidence=_evidence(found, seen, judged, separated, patterns, lossy=are_lossy(stack)),
        brightness=pooled.by_brightness(patches) if separated.source == source.base else (),
        image_covariance=pooled_image_covariance(
            source.stored, patches.sampling, parameters.max_lag, pooled, task
        ),
        warnings=source.warnings,
        largest_lag=patches.largest_lag,
        destriped=destriped_lines(stack),
    )
    return in_grey_levels(estimate, exponent) if exponent else estimate


class _Found(NamedTuple):
    """What the patches hold, noise and structure."""

    source: NoiseSource
    patches: NoisePatches
    pooled: Pooled
    lags: LagEstimate


class _Seen(NamedTuple):
    """What shows in whole frames, and in some as stored."""

    frame: FrameEvidence
    photons: float
    blockiness: float
    enlarged: tuple[int, int] | None
    drawn: bool
    registered: bool


def _pool(source: NoiseSource, parameters: Parameters, reader: PatchReader) -> _Found:
    """Pool the lag products of all patches but those that are constant or outlying."""
    patches = find_patches(source, parameters, reader)
    source.task.stop_if_cancelled()
    pooled = pool_patches(source.frames, patches, source, parameters.max_lag, reader)
    patches = _without_constant(patches, pooled, source)
    far = np.zeros(len(patches.plan), dtype=bool)
    far[patches.used] = outlying(pooled.log_variance[patches.used])
    if far.any():
        patches = patches.without(far, screening.OUTLYING)
        pooled = pool_patches(source.frames, patches, source, parameters.max_lag, reader)
    return _Found(source, patches, pooled, pooled.pool.estimate())


def _look(found: _Found) -> _Seen:
    """Look at whole frames."""
    source, patches, pooled, lags = found
    frame = diagnose_frames(source, pooled.spectrum.power)
    numbers = range(min(source.stored.n_frames, 4))
    shown = np.stack([middle(source.stored, number) for number in numbers])
    photons = 0.0
    if source.base in ("frames", "difference"):
        brightness, area = patches.brightness[patches.used], int(np.prod(patches.plan.patch_shape))
        photons = photons_alone(shown, lags, brightness, area)
    moved = registered(source.stored)
    return _Seen(frame, photons, blockiness(shown[0]), enlargement(shown), drawn(shown[0]), moved)


def _judge(
    found: _Found, seen: _Seen, parameters: Parameters, reader: PatchReader
) -> NoiseUnderTest:
    """Return the frames to be tested for structure."""
    source, patches, pooled, lags = found
    spread = pooled.tiles.unevenness(strict=source.base == "difference")
    plain = NoiseUnderTest(source.frames, lags, pooled.tiles, *spread)
    lines = seen.frame.lines(lags.variance, LINE_SHARE)
    return noise_under_test(plain, lines, patches, source, parameters, reader)


def _separate(
    found: _Found, seen: _Seen, judged: NoiseUnderTest, parameters: Parameters
) -> Separated:
    """Separate noise from structure; where photons alone vary, all is noise."""
    source, patches, pooled, lags = found
    if seen.photons and source.wanted == "automatic":
        return Separated(lags, source.base)
    return separate(judged, lags, pooled.log_variance, patches, source, parameters)


def _evidence(
    found: _Found,
    seen: _Seen,
    judged: NoiseUnderTest,
    separated: Separated,
    patterns: Patterns,
    *,
    lossy: bool,
) -> Evidence:
    """Gather the evidence for the verdict."""
    source, patches, pooled, lags = found
    return Evidence(
        relations=source.relations,
        unevenness=judged.unevenness,
        unevenness_error=judged.error,
        hot_share=pooled.hot / max(pooled.pixels, 1),
        blockiness=seen.blockiness,
        enlarged=seen.enlarged,
        drawn=seen.drawn,
        registered=seen.registered,
        lossy=lossy,
        frame=seen.frame,
        fit=separated.fit,
        flat=separated.flat,
        flat_excess=separated.flat_excess,
        trusted=separated.trusted,
        suspected=separated.suspected,
        clipped=patches.clipped,
        photons=seen.photons,
        patterns=patterns,
        unlike=pooled.unlike(patches, lags.inflation),
        rest=None if judged.lines is None else judged.lags,
        others=separated.others,
        changing=separated.changing,
    )


def _by_changes(
    separated: Separated,
    lags: LagEstimate,
    source: NoiseSource,
    patterns: Patterns,
    parameters: Parameters,
) -> Separated:
    """Return what noise is once it was tested whether the sample changes.

    What differs between frames is the sample's where it grows with their distance.
    """
    if separated.source == "difference" and (patterns.misleads or not patterns.shared):
        steady = sample_changes(source, separated.lags, shared=patterns.shared).noise
        if steady is None:
            return separated
        return separated._replace(others=(*separated.others, steady), changing=True)
    if source.base == "difference" and not separated.trusted:
        changes = sample_changes(source, lags, shared=patterns.shared)
        same = separated.source == "flat" and alike(lags, separated.lags, parameters)
        if same and changes.tested and changes.noise is None:
            # What is as strong however far frames are apart, and correlated alike everywhere, is
            # hardly the sample's, uneven as it may be.
            others = (separated.lags, *(one for one in separated.others if one is not lags))
            return Separated(lags, source.base, suspected=True, others=others)
    return separated


def _without_constant(patches: NoisePatches, pooled: Pooled, source: NoiseSource) -> NoisePatches:
    """Leave out patches in which nothing is left of the noise, as in a repeated frame."""
    empty = patches.used & np.isnan(pooled.log_variance)
    if not empty.any():
        return patches
    patches = patches.without(empty, screening.CONSTANT)
    if patches.n_used < 2 and source.wanted == "subtract":
        raise InputError(
            f"{source.asked.name} holds nothing beside what is subtracted from it; give"
            " another stack to subtract, or choose another source of noise."
        )
    if patches.n_used < 2:
        raise InputError(
            f"{source.raw.name} has frames that are equal to each other, so their"
            " differences hold no noise; give the frames as recorded, or choose another source"
            " of noise."
        )
    return patches


def outlying(log_variance: FloatArray) -> BoolArray:
    """Mark patches whose log variance is far from the others', if they are few (at most 10 %).

    Where more are far off, the variance follows something (brightness) and none is an outlier.
    """
    if len(log_variance) < 8:
        return np.zeros(len(log_variance), dtype=bool)
    typical = float(np.median(log_variance))
    spread = SIGMA_PER_MAD * float(np.median(np.abs(log_variance - typical)))
    far = np.abs(log_variance - typical) > max(6 * spread, np.log(2.0))
    return far if far.mean() <= 0.1 else np.zeros(len(far), dtype=bool)
