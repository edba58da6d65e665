"""Measure the noise of a stack: choose its source, pool its lag products, gather the evidence.

The long part of the statistical method; what follows (`select_lags`, `judge`) takes milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.derived import DifferenceFrames, EvenFrames, LevelFrames
from structmask_gui.core.stack.frames import Frames, Recording, destriped_lines
from structmask_gui.core.stack.patches import CONSTANT
from structmask_gui.core.stack.registration import middle
from structmask_gui.core.stack.scaled import exponent_for, scaled
from structmask_gui.core.statistical.accumulate import (
    Pooled,
    pool_patches,
    pooled_image_covariance,
)
from structmask_gui.core.statistical.estimate import (
    CorrelationEstimate,
    Evidence,
    in_grey_levels,
)
from structmask_gui.core.statistical.frame_diagnostics import (
    LINE_SHARE,
    FrameDiagnosis,
    FrameEvidence,
)
from structmask_gui.core.statistical.patches import NoisePatches, PatchReader, find_patches
from structmask_gui.core.statistical.patterns import find_patterns
from structmask_gui.core.statistical.separation import NoiseUnderTest, separate
from structmask_gui.core.statistical.source import NoiseSource, describe
from structmask_gui.core.statistical.structure import SUSPICION, uneven
from structmask_gui.core.statistical.tiles import tile_places
from structmask_gui.core.statistical.under_structure import without_flat_tile

# Share of the variance in line offsets, from which they blur everything else.
_STRONG_LINES = 0.05


def measure_correlation(
    recording: Recording | Frames, parameters: Parameters, *, task: Task = NO_TASK
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
    recording = Recording.of(recording)
    dark = recording.dark if parameters.source in ("dark", "automatic") else None
    measured = recording.frames if dark is None else dark
    destriped = destriped_lines(measured)
    exponent = exponent_for(measured)
    if exponent:
        recording = scaled(recording, exponent)
    source = NoiseSource(recording, parameters.source, task)
    work = _Measuring(source, parameters, PatchReader(task))
    estimate = replace(work.run(), destriped=destriped)
    return in_grey_levels(estimate, exponent) if exponent else estimate


@dataclass
class _Measuring:
    """One measurement; holds what its steps share."""

    source: NoiseSource
    parameters: Parameters
    reader: PatchReader

    def run(self) -> CorrelationEstimate:
        source, task = self.source, self.source.task
        patches = find_patches(source, self.parameters, self.reader)
        task.stop_if_cancelled()
        first = pool_patches(
            source.frames, patches, self.source, self.parameters.max_lag, self.reader
        )
        patches = self._without_constant(patches, first)
        patches, first = self._without_outliers(patches, first)
        diagnosis = FrameDiagnosis(
            source.frames, source.raw, list(source.relations), source.region, task
        )
        frame = diagnosis.evidence(first.spectrum)
        task.stop_if_cancelled()
        lags = first.pool.estimate()
        judged = self._judged(patches, first, lags, frame)
        separated = separate(judged, lags, first.log_variance, patches, source, self.parameters)
        shown = [middle(source.stored, number) for number in range(min(source.stored.n_frames, 4))]
        evidence = Evidence(
            relations=source.relations,
            unevenness=judged.unevenness,
            unevenness_error=judged.error,
            hot_share=first.hot / max(first.pixels, 1),
            blockiness=screening.blockiness(np.stack(shown)),
            frame=frame,
            fit=separated.fit,
            flat=separated.flat,
            flat_excess=separated.flat_excess,
            trusted=separated.trusted,
            suspected=separated.suspected,
            clipped=patches.clipped,
            patterns=find_patterns(source),
            unlike=first.unlike(patches, lags.inflation),
            rest=None if judged.lines is None else judged.lags,
            others=separated.others,
        )
        if separated.source == "flat" and separated.flat is not None:
            bumpy = without_flat_tile(patches, separated.flat, judged.tiles.side)
            patches = patches.without(bumpy, screening.NOT_FLAT)
        sampling = patches.sampling(source.frames)
        return CorrelationEstimate(
            name=source.asked.name,
            parameters=self.parameters,
            region=source.region,
            lags=separated.lags,
            sampling=sampling,
            source=separated.source,
            base=source.base,
            note=describe(separated.source, source.base) + patches.note,
            evidence=evidence,
            brightness=first.by_brightness(patches) if separated.source == source.base else (),
            image_covariance=pooled_image_covariance(
                source.stored, sampling, self.parameters.max_lag, first, source.task
            ),
            warnings=source.warnings,
            largest_lag=patches.largest_lag,
        )

    def _without_constant(self, patches: NoisePatches, first: Pooled) -> NoisePatches:
        """Leave out patches in which nothing is left of the noise, as in a repeated frame."""
        empty = patches.used & np.isnan(first.log_variance)
        if not empty.any():
            return patches
        patches = patches.without(empty, CONSTANT)
        if patches.n_used < 2 and self.source.wanted == "subtract":
            raise InputError(
                f"{self.source.asked.name} holds nothing beside what is subtracted from it; give"
                " another stack to subtract, or choose another source of noise."
            )
        if patches.n_used < 2:
            raise InputError(
                f"{self.source.raw.name} has frames that are equal to each other, so their"
                " differences hold no noise; give the frames as recorded, or choose another source"
                " of noise."
            )
        return patches

    def _without_outliers(
        self, patches: NoisePatches, first: Pooled
    ) -> tuple[NoisePatches, Pooled]:
        """Leave out patches whose variance is far off, and read again if there are any."""
        index = np.flatnonzero(patches.used)
        far = index[screening.outlying(first.log_variance[index])]
        if not len(far):
            return patches, first
        out = np.zeros(len(patches.plan), dtype=bool)
        out[far] = True
        patches = patches.without(out, screening.OUTLYING)
        return patches, pool_patches(
            self.source.frames, patches, self.source, self.parameters.max_lag, self.reader
        )

    def _judged(
        self, patches: NoisePatches, first: Pooled, lags: LagEstimate, frame: FrameEvidence
    ) -> NoiseUnderTest:
        """Return what is judged: without line offsets where these matter."""
        frames = self.source.frames
        ratio, error = first.tiles.unevenness()
        lines = frame.lines(lags.variance, LINE_SHARE)
        share = max(line.value for line in lines) / max(lags.variance, 1e-300)
        if share >= _STRONG_LINES or (share > 0 and uneven(ratio, error, SUSPICION)):
            # They are alike along a line and unlike from line to line, as structure is.
            rows, columns = (line.value > 0 for line in lines)
            level = LevelFrames(frames, rows, columns, self.source.region, self.source.task)
            calm = pool_patches(level, patches, self.source, self.parameters.max_lag, self.reader)
            even, its_error = calm.tiles.unevenness()
            if not uneven(even, its_error):
                return NoiseUnderTest(
                    level, calm.pool.estimate(), calm.tiles, even, its_error, lines
                )
        if isinstance(frames, DifferenceFrames) and uneven(ratio, error):
            # Noise that is stronger where it is brighter is as unlike as structure.
            steady = EvenFrames(frames, self.source.raw, self.source.task)
            calm = pool_patches(steady, patches, self.source, self.parameters.max_lag, self.reader)
            places = tile_places(patches.plan, patches.used, calm.tiles.side)
            precision = steady.precision(places, calm.tiles.side)
            even, its_error = calm.tiles.unevenness_of_even(precision, places[:, 0])
            if not uneven(even, its_error, SUSPICION):
                return NoiseUnderTest(frames, lags, calm.tiles, even, its_error)
        return NoiseUnderTest(frames, lags, first.tiles, ratio, error)
