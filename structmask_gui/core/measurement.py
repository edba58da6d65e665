"""The long part of an extraction: read the patches, transform them, average them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.autocorrelation import (
    Autocorrelation,
    FloatArray,
    LagKernel,
    centred,
    most_patches,
    patches_per_chunk,
    transform,
    unfold,
)
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.frames import AnyArray, Frames
from structmask_gui.core.parameter_info import MEASURED
from structmask_gui.core.parameters import RING_SOURCES, Parameters, parameter_infos
from structmask_gui.core.progress import (
    IsCancelled,
    Progress,
    never_cancelled,
    no_progress,
    stop_if,
)
from structmask_gui.core.sampling import (
    Plan,
    Region,
    Sampling,
    extremes,
    plan_patches,
    read_patches,
    unusable,
)
from structmask_gui.core.threads import in_threads

if TYPE_CHECKING:
    from structmask_gui.core.estimate import CorrelationEstimate

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
    on_estimate: Callable[[Measurement, float], None] | None = None,
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
    on_estimate : callable, optional
        With ``precision`` above 0: called as ``on_estimate(measurement, error)`` each time there is
        a better estimate, with the largest standard error of its lags.
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
            frames, parameters, region, dark, subtract, on_estimate, progress, cancelled
        )
    work = MeasuringWork.of(frames, parameters, region, dark, subtract, lag_reach)
    if parameters.precision > 0:
        from structmask_gui.core.precision import measure_until

        return measure_until(frames.name, work, region, on_estimate, progress, cancelled)
    total = np.zeros(work.kernel.half_shape)
    reasons: list[str] = []
    for values, why in _chunk_sums(work, work.plan, progress, cancelled):
        if values is not None:
            total += values
        reasons += why
    return measured(frames.name, work, region, total, reasons)


@dataclass(frozen=True, eq=False)
class MeasuredPart:
    """What some of the patches of a measurement give.

    Attributes
    ----------
    sums : ndarray of float64, shape (chunks, reach_y + 1, 2 * reach_x + 1)
        A sum for each chunk of patches, so that they can be added in the order of a measurement in
        one piece, which gives the same result to the last bit.
    reasons : tuple of str
        Why each patch was left out; empty where it was used.
    """

    sums: FloatArray
    reasons: tuple[str, ...]


def plan_parts(
    frames: Frames,
    parameters: Parameters,
    per_part: int,
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
) -> list[tuple[int, int]]:
    """Divide a measurement into parts that can be made on different machines.

    Parameters
    ----------
    frames, parameters, region, dark, subtract
        As `measure` takes them; published method only.
    per_part : int
        About how many patches a part should have.

    Returns
    -------
    list of (int, int)
        First patch of each part and the one after its last.
    """
    work = MeasuringWork.of(frames, parameters, region, dark, subtract, None)
    if parameters.precision > 0:
        # How many patches are needed shows only on the way.
        return [(0, len(work.plan))]
    step = max(1, per_part // work.per_chunk) * work.per_chunk
    total = len(work.plan)
    return [(start, min(start + step, total)) for start in range(0, total, step)]


def measure_part(
    frames: Frames,
    parameters: Parameters,
    start: int,
    stop: int,
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> MeasuredPart:
    """Measure the patches ``start`` to ``stop`` of a measurement; see `plan_parts`.

    Raises
    ------
    InputError, ParameterError, Cancelled
        As `measure`.
    """
    work = MeasuringWork.of(frames, parameters, region, dark, subtract, None)
    part = Plan(work.plan.patch_shape, work.plan.places[start:stop])
    sums: list[FloatArray] = []
    reasons: list[str] = []
    for values, why in _chunk_sums(work, part, progress, cancelled):
        if values is not None:
            sums.append(values)
        reasons += why
    return MeasuredPart(
        np.stack(sums) if sums else np.zeros((0, *work.kernel.half_shape)), tuple(reasons)
    )


def merge_parts(
    frames: Frames,
    parameters: Parameters,
    parts: Sequence[MeasuredPart],
    *,
    region: Region | None = None,
    dark: Frames | None = None,
    subtract: Frames | None = None,
) -> Measurement:
    """Return the measurement that all parts make up, the same as `measure` gives.

    Raises
    ------
    InputError
        If no patch can be used.
    """
    work = MeasuringWork.of(frames, parameters, region, dark, subtract, None)
    total = np.zeros(work.kernel.half_shape)
    for part in parts:
        for values in part.sums:
            total += values
    reasons = [reason for part in parts for reason in part.reasons]
    if len(reasons) != len(work.plan):
        raise ValueError("the parts are not those of this measurement")
    return measured(frames.name, work, region, total, reasons)


@dataclass(frozen=True, eq=False)
class MeasuringWork:
    """What is to be done by the published method.

    Attributes
    ----------
    frames : Frames
        What is measured: the stack itself, or its differences, and the like.
    parameters : Parameters
    plan : Plan
        Where the patches lie.
    kernel : LagKernel
    per_chunk : int
        Patches that are transformed at once.
    """

    frames: Frames
    parameters: Parameters
    plan: Plan
    kernel: LagKernel
    per_chunk: int

    @classmethod
    def of(
        cls,
        frames: Frames,
        parameters: Parameters,
        region: Region | None,
        dark: Frames | None,
        subtract: Frames | None,
        lag_reach: int | None,
    ) -> MeasuringWork:
        """Return the work that arguments of `measure` ask for."""
        measured = _noise_frames(frames, parameters, dark, subtract)
        plan = plan_patches(measured, parameters, region)
        kernel = LagKernel(plan.patch_shape, _reach(plan.patch_shape, parameters, lag_reach))
        return cls(measured, parameters, plan, kernel, patches_per_chunk(kernel, len(plan)))

    def prepared(self, patches: AnyArray) -> Prepared:
        """Return the usable patches, centred, and why the others are not usable."""
        low, high = extremes(patches)
        reasons = unusable(low, high)
        if any(reasons):
            used = np.array([not reason for reason in reasons])
            patches, low, high = patches[used], low[used], high[used]
        if not len(patches):
            return Prepared(np.zeros(patches.shape, np.float32), np.zeros(0), reasons)
        return Prepared(*centred(patches, (low, high)), reasons)

    def values(self, prepared: Prepared) -> FloatArray:
        """Return what is averaged, of each usable patch.

        Shape (usable, reach_y + 1, 2 * reach_x + 1).
        """
        return transform(
            self.kernel.half_plane(prepared.patches),
            prepared.scale,
            normalise=self.parameters.norm_autocorr,
            logarithm=self.parameters.log_autocorr,
        )


class Prepared(NamedTuple):
    """Patches ready to be transformed, and why others of their chunk are not among them.

    Attributes
    ----------
    patches : ndarray of float32, shape (usable, height, width)
    scale : ndarray of float64, shape (usable,)
        As `centred` returns them.
    reasons : list of str
        For each patch of the chunk, empty if it is usable.
    """

    patches: NDArray[np.float32]
    scale: FloatArray
    reasons: list[str]

    def chunks(self, size: int) -> Iterator[Prepared]:
        """Divide it into chunks of ``size`` patches, usable or not."""
        start = 0
        for first in range(0, len(self.reasons), size):
            reasons = self.reasons[first : first + size]
            end = start + reasons.count("")
            yield Prepared(self.patches[start:end], self.scale[start:end], reasons)
            start = end


def measured(
    name: str, work: MeasuringWork, region: Region | None, total: FloatArray, reasons: list[str]
) -> Measurement:
    """Return the measurement of a sum over patches, a half plane of lags.

    Raises
    ------
    InputError
        If no patch was usable, or the values are too large.
    """
    used = np.array([not reason for reason in reasons])
    places = _stored_places(work.plan, work.frames)
    sampling = Sampling(work.plan.patch_shape, places, used, tuple(reasons))
    if not used.any():
        counts = ", ".join(f"{n} {reason}" for reason, n in sampling.left_out.items())
        raise InputError(
            f"{work.frames.name}: has no patch to measure ({counts}); choose another channel,"
            " rectangle or file."
        )
    mean = total / sampling.n_used
    if not np.isfinite(mean).all():
        raise InputError(
            f"{work.frames.name}: pixel values are too large for an autocorrelation that is not"
            " normalised; switch norm_autocorr on."
        )
    return Measurement(
        name=name,
        parameters=work.parameters,
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
    on_estimate: Callable[[Measurement, float], None] | None,
    progress: Progress,
    cancelled: IsCancelled,
) -> Measurement:
    from structmask_gui.core.noise import measure_correlation
    from structmask_gui.core.precision import correlate_until

    def measurement_of(estimate: CorrelationEstimate) -> Measurement:
        return Measurement(
            name=frames.name,
            parameters=parameters,
            region=region,
            sampling=estimate.sampling,
            autocorrelation=Autocorrelation(estimate.lags.rho, estimate.lags.n_patches),
            correlation=estimate,
        )

    def tell(estimate: CorrelationEstimate, error: float) -> None:
        if on_estimate is not None:
            on_estimate(measurement_of(estimate), error)

    if parameters.precision > 0:
        estimate = correlate_until(
            frames,
            parameters,
            region,
            tell,
            progress,
            cancelled,
            dark=dark,
            subtract=subtract,
        )
    else:
        estimate = measure_correlation(
            frames,
            parameters,
            region=region,
            dark=dark,
            subtract=subtract,
            progress=progress,
            cancelled=cancelled,
        )
    return measurement_of(estimate)


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


def _stored_places(plan: Plan, frames: Frames) -> AnyArray:
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


def _chunk_sums(
    work: MeasuringWork, plan: Plan, progress: Progress, cancelled: IsCancelled
) -> Iterator[tuple[FloatArray | None, list[str]]]:
    """Yield the sum over the usable patches of each chunk, and why others are not usable."""

    def sum_of(prepared: Prepared) -> tuple[FloatArray | None, list[str]]:
        if cancelled() or not len(prepared.patches):
            return None, prepared.reasons
        return work.values(prepared).sum(axis=0), prepared.reasons

    what = "Measuring patches"
    done = 0
    progress(0, len(plan), what)
    # Prepared where they are read: many small steps in two threads wait for each other more than
    # they work, while the long ones of the transform share the cores well.
    chunks = (
        chunk for group in _groups(work, plan, cancelled) for chunk in group.chunks(work.per_chunk)
    )
    # Closed at once when something is raised: the pool must not outlive the call.
    with closing(in_threads(sum_of, chunks)) as results:
        for values, why in results:
            stop_if(cancelled)
            yield values, why
            done += len(why)
            progress(done, len(plan), what)


def _groups(work: MeasuringWork, plan: Plan, cancelled: IsCancelled) -> Iterator[Prepared]:
    """Read and prepare whole chunks, as many at once as may be in memory."""
    at_once = work.per_chunk * max(1, most_patches(work.kernel) // work.per_chunk)
    for chunk in read_patches(work.frames, plan, at_once, cancelled):
        yield work.prepared(chunk.patches)
