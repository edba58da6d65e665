"""The long part of an extraction: read the patches, transform them, average them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.autocorrelation import (
    Autocorrelation,
    FloatArray,
    LagKernel,
    centred,
    patches_per_chunk,
    transform,
    unfold,
)
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.frames import Frames
from structmask_gui.core.parameters import MEASURED, RING_SOURCES, Parameters, parameter_infos
from structmask_gui.core.progress import (
    IsCancelled,
    Progress,
    never_cancelled,
    no_progress,
    stop_if,
)
from structmask_gui.core.sampling import (
    Chunk,
    Plan,
    Region,
    Sampling,
    plan_patches,
    read_patches,
    unusable,
)
from structmask_gui.core.threads import WORKERS, in_threads

if TYPE_CHECKING:
    from structmask_gui.core.noise import CorrelationEstimate

# What the published method has to measure again for; the largest lag is the other method's.
_RING_MEASURED = (
    *(
        info.name
        for info in parameter_infos().values()
        if info.stage in MEASURED and info.name != "max_lag"
    ),
    "crop_autocorr",
)


@dataclass(frozen=True, eq=False)
class Measurement:
    """What was measured in the pixels of a stack; all later stages need only this.

    Attributes
    ----------
    name : str
        What was measured, for messages.
    parameters : Parameters
        The parameters it was made with.
    region : Region or None
        The rectangle it stayed within.
    sampling : Sampling
        The patches, used and left out.
    autocorrelation : Autocorrelation
        Averaged over the used patches: as the published method averages it, or, with the
        statistical method, the correlation per lag.
    correlation : CorrelationEstimate or None
        Correlation per lag with its error and all that the verdict needs; statistical method only.
    """

    name: str
    parameters: Parameters
    region: Region | None
    sampling: Sampling
    autocorrelation: Autocorrelation
    correlation: CorrelationEstimate | None = None

    def fits(self, parameters: Parameters) -> bool:
        """Return whether these parameters can be answered without measuring again."""
        ours = self.parameters
        if ours.method != parameters.method:
            return False
        if self.correlation is not None:
            return self.correlation.fits(parameters)
        if any(getattr(ours, name) != getattr(parameters, name) for name in _RING_MEASURED):
            return False
        reach = min(self.autocorrelation.reach)
        return not parameters.crop_autocorr or parameters.center_size // 2 <= reach


def measure(
    frames: Frames,
    parameters: Parameters,
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    lag_reach: int | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Measurement:
    """Measure the averaged autocorrelation of a stack, or its noise's correlation per lag.

    Parameters
    ----------
    frames : Frames
        What is measured, read a band of rows at a time.
    parameters : Parameters
        Those of the stages "sampling" and "autocorrelation", and the centre size.
    region : Region, optional
        The rectangle to stay within.
    dark, subtract : Frames, optional
        A dark or blank stack, and a stack to take off, for the sources of these names.
    lag_reach : int, optional
        Published method only. Measure lags at least this far, as far as the patches allow, so that
        the centre size can be raised later without a new measurement.
    progress, cancelled : callable, optional
        See `structmask_gui.core.progress`. Progress counts patches.

    Returns
    -------
    Measurement

    Raises
    ------
    InputError
        If no patch can be used: all constant, or none of finite numbers.
    ParameterError
        If the parameters do not fit the image.
    Cancelled
        Within 0.2 s of ``cancelled`` turning True.
    """
    if parameters.method == "statistical":
        return _measure_statistically(
            frames, parameters, region, dark, subtract, progress, cancelled
        )
    asked, frames = frames, _noise_frames(frames, parameters, dark, subtract)
    plan = plan_patches(frames, parameters, region)
    kernel = LagKernel(plan.patch_shape, _reach(plan.patch_shape, parameters, lag_reach))
    total, reasons = _sum_patches(frames, plan, kernel, parameters, progress, cancelled)
    used = np.array([not reason for reason in reasons])
    sampling = Sampling(plan.patch_shape, _stored_places(plan, frames), used, tuple(reasons))
    if not used.any():
        counts = ", ".join(f"{n} {reason}" for reason, n in sampling.left_out.items())
        raise InputError(
            f"{frames.name}: has no patch to measure ({counts}); choose another channel, rectangle"
            " or file."
        )
    mean = total / sampling.n_used
    if not np.isfinite(mean).all():
        raise InputError(
            f"{frames.name}: pixel values are too large for an autocorrelation that is not"
            " normalised; switch norm_autocorr on."
        )
    return Measurement(
        name=asked.name,
        parameters=parameters,
        region=region,
        sampling=sampling,
        autocorrelation=Autocorrelation(unfold(mean), sampling.n_used),
    )


def _measure_statistically(
    frames: Frames,
    parameters: Parameters,
    region: Region | None,
    dark: Frames | None,
    subtract: Frames | None,
    progress: Progress,
    cancelled: IsCancelled,
) -> Measurement:
    from structmask_gui.core.noise import measure_correlation

    estimate = measure_correlation(
        frames,
        parameters,
        region=region,
        dark=dark,
        subtract=subtract,
        progress=progress,
        cancelled=cancelled,
    )
    return Measurement(
        name=frames.name,
        parameters=parameters,
        region=region,
        sampling=estimate.sampling,
        autocorrelation=Autocorrelation(estimate.lags.rho, estimate.lags.n_patches),
        correlation=estimate,
    )


def _noise_frames(
    frames: Frames, parameters: Parameters, dark: Frames | None, subtract: Frames | None
) -> Frames:
    """Return the frames in which the published method measures."""
    from structmask_gui.core.sources import DifferenceFrames, SubtractedFrames

    source = parameters.source
    if source == "difference":
        return DifferenceFrames(frames)
    if source == "dark" and dark is not None:
        return dark
    if source == "subtract" and subtract is not None:
        return SubtractedFrames(frames, subtract)
    if source in ("dark", "subtract"):
        raise ParameterError(
            f"source = {source} needs a second stack, and none is given; give one, or"
            " choose another source."
        )
    if source not in RING_SOURCES:
        raise ParameterError(
            f"source = {source} works with the statistical method only; the published method"
            f" takes {', '.join(RING_SOURCES)}."
        )
    return frames


def _stored_places(plan: Plan, frames: Frames) -> NDArray[np.intp]:
    """Return the places on the frames as stored: a difference lies on its earlier frame."""
    from structmask_gui.core.sources import DifferenceFrames

    if not isinstance(frames, DifferenceFrames):
        return plan.places
    earlier = np.array([group.members[0] for group in frames.groups])
    places = plan.places.copy()
    places[:, 0] = earlier[places[:, 0]]
    return places


def _reach(
    patch_shape: tuple[int, int], parameters: Parameters, lag_reach: int | None
) -> tuple[int, int]:
    if not parameters.crop_autocorr:
        return patch_shape[0] - 1, patch_shape[1] - 1
    reach = min(max(parameters.center_size // 2, lag_reach or 0), min(patch_shape) - 1)
    return reach, reach


def _sum_patches(
    frames: Frames,
    plan: Plan,
    kernel: LagKernel,
    parameters: Parameters,
    progress: Progress,
    cancelled: IsCancelled,
) -> tuple[FloatArray, list[str]]:
    """Return the sum over the usable patches (a half plane of lags) and why others are not."""

    def work(chunk: Chunk) -> tuple[FloatArray | None, list[str]]:
        if cancelled():
            return None, []
        reasons = unusable(chunk.patches)
        patches = chunk.patches
        if any(reasons):
            patches = patches[np.array([not reason for reason in reasons])]
        if not len(patches):
            return None, reasons
        scaled, scale = centred(patches)
        values = transform(
            kernel.half_plane(scaled),
            scale,
            normalise=parameters.norm_autocorr,
            logarithm=parameters.log_autocorr,
        )
        return values.sum(axis=0), reasons

    total = np.zeros((kernel.reach[0] + 1, 2 * kernel.reach[1] + 1))
    reasons: list[str] = []
    what = "Measuring patches"
    progress(0, len(plan), what)
    chunks = read_patches(frames, plan, patches_per_chunk(kernel, len(plan), WORKERS))
    # Closed at once when something is raised: the pool must not outlive the call.
    with closing(in_threads(work, chunks)) as results:
        for values, why in results:
            stop_if(cancelled)
            if values is not None:
                total += values
            reasons += why
            progress(len(reasons), len(plan), what)
    return total, reasons
