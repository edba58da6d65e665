"""The quality figures of a mask, measured in files."""

from __future__ import annotations

from typing import Any

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Assessment, Basis, basis, largest_radius
from structmask_gui.core.quality.copied_noise import RADIUS
from structmask_gui.core.quality.covariance import NoiseBasis, given_covariance
from structmask_gui.core.quality.small_sample import samples_of
from structmask_gui.core.stack.frames import CutFrames, Frames, Recording, Region
from structmask_gui.core.statistical.estimate import CorrelationEstimate
from structmask_gui.core.statistical.source import SEES

# Measured here without the statistical method, and further than it looks.
_DIRECT: dict[str, NoiseBasis] = {"difference": "difference", "flat": "flat"}

_LARGEST_LAG = 50
_FURTHER = 6
"""The statistical method measures this much further than it tests."""

_LEFT_OVER = 1.2
"""Variance of plain frame differences, over that of differences of frames that were shifted and
scaled to fit, from which the former hold a scene that moves or bleaches."""


def automatic_basis(
    frames: Frames,
    *,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Basis:
    """Measure noise and picture where the statistical method finds that the noise can be seen.

    That is also where the noise is looked for if the mask is one of the published method, which
    looks at noise and picture together.

    Parameters
    ----------
    frames : Frames
        What will be trained on.
    radius : int
        As in `measurement_basis`.
    task : Task, optional

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.quality.assessment.basis`.
    """
    lags = max(1, min(_LARGEST_LAG, 2 * radius - _FURTHER))
    asked = Parameters.checked(method="statistical", source="automatic", max_lag=lags)
    try:
        measurement = measure(frames, asked, task=task)
    except (InputError, ParameterError):
        # Hardly a patch can be used; what the others show is better than nothing.
        told = frames.n_frames > 1
        return basis(frames, radius=radius, trusted=told, task=task)
    return measurement_basis(measurement, frames, radius=radius, task=task)


def quality_record(measured: Basis, assessment: Assessment) -> dict[str, Any]:
    """Return figures as a record holds them."""
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
    """Measure what the figures of an extraction's mask, and of masks in its place, rest on.

    That is the noise where the statistical method finds it, also with the published method: see
    `automatic_basis`. In differences or flat patches it is measured again, further; from other
    sources it is taken as far as it reaches.

    Parameters
    ----------
    extraction : Extraction
    frames : Frames
        The frames it was measured in.
    task : Task, optional

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.quality.assessment.basis`.
    """
    # Nobody gave a radius here: small frames are looked at as far as they allow.
    part = _part(frames, extraction.measurement.region)
    radius = max(1, min(RADIUS, largest_radius(part)))
    return measurement_basis(extraction.measurement, frames, radius=radius, task=task)


def measurement_basis(
    measurement: Measurement,
    frames: Frames,
    *,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Basis:
    """Do what `extraction_basis` does with what an extraction starts from.

    Parameters
    ----------
    measurement : Measurement
    frames : Frames
        The frames it was measured in.
    radius : int
        Radius of the neighbourhood; up to the default it is lowered to what was measured.
    task : Task, optional

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.quality.assessment.basis`.
    """
    estimate, part = measurement.correlation, _part(frames, measurement.region)
    if estimate is None:
        return automatic_basis(part, radius=radius, task=task)
    direct, asked = _measured_directly(estimate), measurement.parameters.source
    if asked == "automatic" and estimate.source == "frames" and part.n_frames > 1:
        # Frames that share nothing hold only noise; differences show it further out.
        direct = "difference"
    if asked == "flat" and estimate.lags.reach < 2 * radius:
        direct = "flat"
    if direct is not None:
        made = basis(
            part,
            radius=radius,
            source=direct,
            trusted=estimate.evidence.trusted,
            task=task,
        )
        if direct == "flat" or made.noise.variance <= _LEFT_OVER * estimate.lags.variance:
            return made
    if radius <= RADIUS:
        radius = min(radius, estimate.lags.reach // 2)
    return _basis_of(estimate, part, radius, task)


def recorded_basis(
    recording: Recording,
    parameters: Parameters,
    *,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Basis:
    """Measure noise and picture where an extraction with these parameters finds the noise.

    The figures are then those that the window shows for its mask. Parameters of the statistical
    method may also come from the user, to say where the noise is to be looked for.

    Parameters
    ----------
    recording : Recording
        What will be trained on, and its reference stacks.
    parameters : Parameters
        Those of the extraction.
    radius : int
        As in `measurement_basis`.
    task : Task, optional

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `measure` and `structmask_gui.core.quality.assessment.basis`.
    """
    if parameters.method == "ring":
        # What the published method looks at holds the picture, too: it says nothing of the noise.
        part = _part(recording.frames, recording.region)
        return automatic_basis(part, radius=radius, task=task)
    measurement = measure(recording, parameters, task=task)
    return measurement_basis(measurement, recording.frames, radius=radius, task=task)


def _measured_directly(estimate: CorrelationEstimate) -> NoiseBasis | None:
    """Return the source of noise that is measured again here, and further than it was."""
    return _DIRECT.get(estimate.source) if estimate.base == estimate.source else None


def _part(frames: Frames, region: Region | None) -> Frames:
    return frames if region is None else CutFrames(frames, region)


def _basis_of(
    estimate: CorrelationEstimate,
    frames: Frames,
    radius: int,
    task: Task,
) -> Basis:
    lags = estimate.lags
    samples = samples_of(lags.rho, lags.standard_error)
    noise = given_covariance(lags.rho, lags.variance, SEES[estimate.source], samples)
    return basis(
        frames,
        radius=radius,
        noise=noise,
        trusted=estimate.evidence.trusted,
        task=task,
    )
