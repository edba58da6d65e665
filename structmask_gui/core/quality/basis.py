"""The noise behind the quality figures: taken from a measurement, or measured for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, cannot_separate
from structmask_gui.core.learned.noise import learned_noise
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters, Source
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Assessment, Basis, basis, largest_radius
from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.core.quality.covariance import NoiseBasis, given_covariance
from structmask_gui.core.quality.error import with_room
from structmask_gui.core.quality.prediction import reach_of, variance_of
from structmask_gui.core.quality.small_sample import samples_of
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import CutFrames, Frames, Recording, Region
from structmask_gui.core.stack.hot_pixels import without_hot_pixels, without_rays
from structmask_gui.core.stack.left_out import kept_frames
from structmask_gui.core.statistical.estimate import LARGEST_LAG, SEES, CorrelationEstimate
from structmask_gui.core.statistical.patches import FURTHER
from structmask_gui.core.verdict.scene import scene_changes, varying_contrast

_MOST_SHARED, _MOST_NOISE = 10.0, 0.9
"""Largest factor by which the noise exceeds what differences show, and largest share of the frames'
variance that is noise, where frames share noise."""

_LEFT_OVER = 1.2
"""Ratio of the variance of plain frame differences to that of registered and scaled ones from which
the scene moves or bleaches."""

_FINE = np.array(
    [
        [0, 0, 1, 0, 0],
        [0, 2, -8, 2, 0],
        [1, -8, 20, -8, 1],
        [0, 2, -8, 2, 0],
        [0, 0, 1, 0, 0],
    ]
)
"""Autocorrelation of the filter of `fine_detail`, times 16."""

_MOST_PIXELS = 4.0
"""Variance of a fixed pattern of single pixels, over the noise's, up to which it is the camera's:
the gains of pixels, unlike by 1 %, come to twice the noise of 20,000 electrons."""

_CONTRAST = 0.01
"""Error, over the noise's variance, that changes of contrast may add to a measured one."""


def automatic_basis(
    frames: Frames,
    *,
    radius: int | None = None,
    task: Task = NO_TASK,
) -> Basis:
    """Measure noise and image in the source that the statistical method chooses.

    Also for masks of the published method, which measures noise and structure together. Without a
    radius, small frames are measured as far as they allow.
    """
    radius = _radius_in(frames) if radius is None else radius
    try:
        measurement = measure(frames, automatic_parameters(radius), task=task.part(0, 2))
    except (InputError, ParameterError):
        # Hardly any patch passes the screening: measured without it.
        trusted = frames.n_frames > 1
        return basis(frames, radius=radius, trusted=trusted, task=task.part(1, 2))
    return measurement_basis(measurement, frames, radius=radius, task=task.part(1, 2))


def automatic_parameters(radius: int) -> Parameters:
    """Return the parameters by which noise is measured for a radius, unless others are given."""
    lags = max(1, min(LARGEST_LAG, 2 * radius - FURTHER))
    return Parameters.checked(method="statistical", source="automatic", max_lag=lags)


def quality_record(measured: Basis, assessment: Assessment) -> dict[str, Any]:
    """Return the figures of a mask as plain values, as in the JSON record."""
    return {
        "noise_measured_in": measured.noise.source,
        "noise_told_from_picture": measured.trusted,
        **assessment.record(),
    }


def extraction_basis(
    extraction: Extraction,
    frames: Frames,
    *,
    task: Task = NO_TASK,
) -> Basis:
    """Measure the basis of an extraction's mask, and of others for the same frames.

    Noise from differences or flat patches is measured again, up to larger lags; from other sources
    it is used as far as it reaches. Where it could not be separated from structure, what noise
    is likely is estimated as well.
    """
    # No radius was asked for: small frames are measured as far as they allow.
    part = _part(frames, extraction.measurement.region)
    made = measurement_basis(extraction.measurement, frames, radius=_radius_in(part), task=task)
    estimate = extraction.measurement.correlation
    if not cannot_separate(extraction) or extraction.parameters.source != "automatic":
        return made
    # Simulated images are neither resampled nor deconvolved.
    flags = () if extraction.verdict is None else extraction.verdict.flags
    processed = not {"registered", "interpolated"}.isdisjoint(flags)
    if estimate is None or estimate.base != "frames" or processed:
        # Noise that frames share, or that was resampled from plane to plane, is of other shapes.
        return made
    learned = learned_noise(without_rays(without_fill(part, task)), task)
    return replace(made, learned=learned if learned is not None and learned.fits else None)


def measurement_basis(
    measurement: Measurement,
    frames: Frames,
    *,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Basis:
    """Do as `extraction_basis`; a radius up to the default is lowered to what was measured."""
    estimate = measurement.correlation
    if estimate is None:
        return automatic_basis(_part(frames, measurement.region), radius=radius, task=task)
    frames = without_hot_pixels(frames, estimate.evidence.hot)
    part = kept_frames(_part(frames, measurement.region), estimate.evidence.left_out)
    again = _measured_again(estimate, measurement.parameters.source, part, radius)
    if again is not None:
        trusted = estimate.evidence.trusted
        made = basis(part, radius=radius, source=again, trusted=trusted, task=task)
        left = made.noise.variance > _LEFT_OVER * estimate.lags.variance
        relations = estimate.evidence.relations
        fit = bool(relations) and all(relation.fits for relation in relations)
        if again == "flat" or not left or fit:
            # Motion and contrast must not count as an error of the prediction.
            changes = scene_changes(estimate) or _contrast_matters(made, estimate)
            if estimate.evidence.changing or changes:
                made = replace(made, still=None)
            return _with_pixels(made, estimate.evidence.patterns.pixels)
    if radius <= RADIUS:
        radius = min(radius, estimate.lags.reach // 2)
    made = _basis_of(estimate, part, radius, task)
    noise = with_room(made.noise.values, made.image.values, radius)
    made = replace(made, noise=replace(made.noise, values=noise))
    return _with_pixels(made, estimate.evidence.patterns.pixels)


def recorded_basis(
    recording: Recording,
    parameters: Parameters,
    *,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Basis:
    """Measure the basis as for an extraction with these parameters."""
    if parameters.method != "statistical":
        # The published methods measure noise and structure together.
        part = _part(recording.frames, recording.region)
        return automatic_basis(part, radius=radius, task=task)
    measurement = measure(recording, parameters, task=task.part(0, 2))
    return measurement_basis(measurement, recording.frames, radius=radius, task=task.part(1, 2))


def _measured_again(
    estimate: CorrelationEstimate, asked: Source, frames: Frames, radius: int
) -> NoiseBasis | None:
    """Return the source in which noise is measured again, up to larger lags."""
    # Frames that share nothing hold only noise; differences show it as well.
    alone = asked == "automatic" and estimate.source == "frames" and frames.n_frames > 1
    if alone or estimate.source == estimate.base == "difference":
        # Frames that share noise are no repeats of one still scene.
        return None if estimate.evidence.patterns.shared else "difference"
    return "flat" if asked == "flat" and estimate.lags.reach < 2 * radius else None


def _radius_in(frames: Frames) -> int:
    """Return the default radius, lowered for frames too small for it."""
    return max(1, min(RADIUS, largest_radius(frames)))


def _part(frames: Frames, region: Region | None) -> Frames:
    return frames if region is None else CutFrames(frames, region)


def _with_pixels(made: Basis, share: float) -> Basis:
    """Return a basis whose noise holds a fixed pattern of single pixels, too.

    ``share``: its variance over that of the noise, in fine detail. No prediction from neighbours
    has any of it, so it is no detail that is lost.
    """
    if not 0 < share <= _MOST_PIXELS:
        return made
    values = made.noise.values.copy()
    middle = reach_of(values)
    y, x = (slice(n - 2, n + 3) for n in middle)
    fixed = share * float((_FINE * values[y, x]).sum() / _FINE[2, 2])
    values[middle] += fixed
    still = None if made.still is None else made.still.without_pixels(fixed)
    return replace(made, noise=replace(made.noise, values=values), still=still)


def _contrast_matters(made: Basis, estimate: CorrelationEstimate) -> bool:
    """Whether frames of other contrast would count as errors of the prediction."""
    structure = variance_of(made.image.values) / made.noise.variance - 1
    return varying_contrast(estimate) * structure > _CONTRAST


def _basis_of(estimate: CorrelationEstimate, frames: Frames, radius: int, task: Task) -> Basis:
    lags = estimate.lags
    samples = samples_of(lags.rho, lags.standard_error)
    noise = given_covariance(lags.rho, lags.variance, SEES[estimate.source], samples)
    trusted = estimate.evidence.trusted
    made = basis(frames, radius=radius, noise=noise, trusted=trusted, task=task)
    lasting = estimate.evidence.patterns.lasting
    if estimate.base == "difference" and lasting is not None and lasting.shared:
        return _with_shared(made, lasting.whole)
    return made


def _with_shared(made: Basis, whole: float) -> Basis:
    """Return a basis with the noise that frames share with the next, which differences lack."""
    noise = made.noise
    most = max(_MOST_NOISE * variance_of(made.image.values) / noise.variance, 1.0)
    factor = min(whole, _MOST_SHARED, most)
    return replace(made, noise=replace(noise, values=factor * noise.values))
