"""The quality figures of a mask, measured in files."""

from __future__ import annotations

from typing import Any

from structmask_gui.core.assessment import Assessment, Basis, basis
from structmask_gui.core.covariance import NoiseSource, given_covariance
from structmask_gui.core.cut import CutFrames
from structmask_gui.core.extraction import Extraction
from structmask_gui.core.frames import Frames
from structmask_gui.core.measurement import Measurement, measure
from structmask_gui.core.noise import CorrelationEstimate
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.progress import IsCancelled, Progress, never_cancelled, no_progress
from structmask_gui.core.quality import RADIUS
from structmask_gui.core.sampling import Region
from structmask_gui.core.sources import SEES

# Measured here without the statistical method, and further than it looks.
_DIRECT: dict[str, NoiseSource | None] = {
    "automatic": None,
    "difference": "difference",
    "flat": "flat",
}


def measured_basis(
    frames: Frames,
    parameters: Parameters,
    *,
    radius: int = RADIUS,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Basis:
    """Measure noise and picture for the figures of masks.

    Parameters
    ----------
    frames : Frames
        What will be trained on.
    parameters : Parameters
        ``source`` says where the noise is measured; the others those of the statistical method,
        which is used for the sources that have no shorter way.
    radius : int
        Radius of the neighbourhood.
    region, dark, subtract
        As in `structmask_gui.core.measurement.measure`.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `measure` and `structmask_gui.core.assessment.basis`.
    """
    if parameters.source in _DIRECT and region is None:
        return basis(
            frames,
            radius=radius,
            source=_DIRECT[parameters.source],
            progress=progress,
            cancelled=cancelled,
        )
    measurement = measure(
        frames,
        parameters.changed(method="statistical"),
        region=region,
        dark=dark,
        subtract=subtract,
        progress=progress,
        cancelled=cancelled,
    )
    estimate = measurement.correlation
    assert estimate is not None  # the statistical method always makes one
    return _basis_of(estimate, frames, radius, progress, cancelled)


def quality_record(measured: Basis, assessment: Assessment) -> dict[str, Any]:
    """Return figures as a record holds them."""
    return {"noise_measured_in": measured.noise.source, **assessment.record()}


def extraction_basis(
    extraction: Extraction,
    frames: Frames,
    *,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Basis:
    """Measure what the figures of an extraction's mask, and of masks in its place, rest on.

    With the published method that is the noise in frame differences or flat patches. With the
    statistical method it is the noise where that found it: in differences or flat patches it is
    measured again, further; from other sources it is taken as far as it reaches.

    Parameters
    ----------
    extraction : Extraction
    frames : Frames
        The frames it was measured in.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.assessment.basis`.
    """
    return measurement_basis(extraction.measurement, frames, progress=progress, cancelled=cancelled)


def measurement_basis(
    measurement: Measurement,
    frames: Frames,
    *,
    radius: int = RADIUS,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Basis:
    """Do what `extraction_basis` does with what an extraction starts from.

    Parameters
    ----------
    measurement : Measurement
    frames : Frames
        The frames it was measured in.
    radius : int
        Radius of the neighbourhood; up to the default it is lowered to what was measured.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `structmask_gui.core.assessment.basis`.
    """
    estimate, region = measurement.correlation, measurement.region
    part: Frames = frames if region is None else CutFrames(frames, region)
    if estimate is None:
        return basis(part, radius=radius, progress=progress, cancelled=cancelled)
    direct = _DIRECT.get(estimate.source)
    if direct is not None and estimate.base == estimate.source:
        return basis(part, radius=radius, source=direct, progress=progress, cancelled=cancelled)
    if radius <= RADIUS:
        radius = min(radius, estimate.lags.reach // 2)
    return _basis_of(estimate, part, radius, progress, cancelled)


def recorded_basis(
    frames: Frames,
    parameters: Parameters,
    *,
    radius: int = RADIUS,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Basis:
    """Measure noise and picture where an extraction with these parameters finds the noise.

    The figures are then those that the window shows for its mask.

    Parameters
    ----------
    frames : Frames
        What will be trained on.
    parameters : Parameters
        Those of the extraction.
    radius : int
        As in `measurement_basis`.
    region, dark, subtract
        As in `structmask_gui.core.measurement.measure`.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `measure` and `structmask_gui.core.assessment.basis`.
    """
    if parameters.method == "ring":
        # What the published method looks at holds the picture, too: it says nothing of the noise.
        part: Frames = frames if region is None else CutFrames(frames, region)
        return basis(part, radius=radius, progress=progress, cancelled=cancelled)
    measurement = measure(
        frames,
        parameters,
        region=region,
        dark=dark,
        subtract=subtract,
        progress=progress,
        cancelled=cancelled,
    )
    return measurement_basis(
        measurement, frames, radius=radius, progress=progress, cancelled=cancelled
    )


def _basis_of(
    estimate: CorrelationEstimate,
    frames: Frames,
    radius: int,
    progress: Progress,
    cancelled: IsCancelled,
) -> Basis:
    noise = given_covariance(estimate.lags.rho, estimate.lags.variance, SEES[estimate.source])
    return basis(frames, radius=radius, noise=noise, progress=progress, cancelled=cancelled)
