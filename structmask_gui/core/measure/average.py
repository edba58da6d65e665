"""The published method's measurement: patches are transformed and averaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import (
    Autocorrelation,
    LagKernel,
    centred,
    patches_in_budget,
    patches_per_chunk,
    transform,
)
from structmask_gui.core.correlation.lags import unfold
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import RING_SOURCES, Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import Frames, Recording
from structmask_gui.core.stack.patches import Plan, Sampling, plan_patches, read_patches
from structmask_gui.core.stack.screening import extremes, too_few_patches, unusable
from structmask_gui.core.threads import in_threads


@dataclass(frozen=True, eq=False)
class MeasuringWork:
    """A measurement of the published method before pixels are read."""

    recording: Recording
    frames: Frames  # What is measured: the stack, its differences, or a reference stack
    parameters: Parameters
    plan: Plan  # Where the patches lie
    kernel: LagKernel
    per_chunk: int  # Patches that are transformed at once

    @classmethod
    def of(
        cls,
        recording: Recording,
        parameters: Parameters,
        lag_reach: int | None = None,
    ) -> MeasuringWork:
        """Plan the measurement; arguments as of `measure`."""
        measured = _noise_frames(recording, parameters)
        plan = plan_patches(measured, parameters, recording.region)
        kernel = LagKernel(plan.patch_shape, _reach(plan.patch_shape, parameters, lag_reach))
        per_chunk = patches_per_chunk(kernel, len(plan))
        return cls(recording, measured, parameters, plan, kernel, per_chunk)

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
        """Return the autocorrelations to average, shape (usable, reach_y + 1, 2 reach_x + 1)."""
        return transform(
            self.kernel.half_plane(prepared.patches),
            prepared.scale,
            normalise=self.parameters.norm_autocorr,
            logarithm=self.parameters.log_autocorr,
        )


class Prepared(NamedTuple):
    """The usable patches of a chunk, centred, and why the others are not usable."""

    patches: NDArray[np.float32]  # shape (usable, height, width)
    scale: FloatArray  # shape (usable,); as `centred` returns them
    reasons: list[str]  # For each patch of the chunk, empty if it is usable

    def chunks(self, size: int) -> Iterator[Prepared]:
        """Divide it into chunks of ``size`` patches, usable or not."""
        start = 0
        for first in range(0, len(self.reasons), size):
            reasons = self.reasons[first : first + size]
            end = start + reasons.count("")
            yield Prepared(self.patches[start:end], self.scale[start:end], reasons)
            start = end


def measured(work: MeasuringWork, total: FloatArray, reasons: list[str]) -> Measurement:
    """Return the measurement from the sum over patches, a half plane of lags."""
    from structmask_gui.core.stack.derived import stored_places

    used = np.array([not reason for reason in reasons])
    places = stored_places(work.plan, work.frames)
    sampling = Sampling(work.plan.patch_shape, places, used, tuple(reasons))
    if not used.any():
        raise InputError(too_few_patches(work.frames.name, sampling.left_out))
    mean = total / sampling.n_used
    if not np.isfinite(mean).all():
        raise InputError(
            f"{work.frames.name}: pixel values are too large for an autocorrelation that is not"
            " normalised; switch norm_autocorr on."
        )
    return Measurement(
        name=work.recording.frames.name,
        parameters=work.parameters,
        region=work.recording.region,
        sampling=sampling,
        autocorrelation=Autocorrelation(unfold(mean)),
    )


def chunk_sums(
    work: MeasuringWork, plan: Plan, task: Task
) -> Iterator[tuple[FloatArray | None, list[str]]]:
    """Yield the sum over the usable patches of each chunk, and why others are not usable."""

    def sum_of(prepared: Prepared) -> tuple[FloatArray | None, list[str]]:
        if task.cancelled or not len(prepared.patches):
            return None, prepared.reasons
        return work.values(prepared).sum(axis=0), prepared.reasons

    what = "Measuring patches"
    done = 0
    task.report(0, len(plan), what)
    # Prepared in the thread that reads: preparation is many small steps, in which two threads wait
    # for each other; only the transforms are long enough to share.
    chunks = (
        chunk for group in _groups(work, plan, task) for chunk in group.chunks(work.per_chunk)
    )
    # Closed at once when something is raised: the pool must not outlive the call.
    with closing(in_threads(sum_of, chunks)) as results:
        for values, why in results:
            task.stop_if_cancelled()
            yield values, why
            done += len(why)
            task.report(done, len(plan), what)


def _groups(work: MeasuringWork, plan: Plan, task: Task) -> Iterator[Prepared]:
    """Read and prepare several chunks at a time, as many as the memory budget allows."""
    at_once = work.per_chunk * max(1, patches_in_budget(work.kernel) // work.per_chunk)
    for chunk in read_patches(work.frames, plan, at_once, task):
        yield work.prepared(chunk.patches)


def _noise_frames(recording: Recording, parameters: Parameters) -> Frames:
    """Return the frames in which the published method measures."""
    from structmask_gui.core.stack.derived import DifferenceFrames, SubtractedFrames

    frames, source = recording.frames, parameters.source
    if source == "difference":
        return DifferenceFrames(frames)
    if source == "dark" and recording.dark is not None:
        return recording.dark
    if source == "subtract" and recording.subtract is not None:
        return SubtractedFrames(frames, recording.subtract)
    if source in ("dark", "subtract"):
        raise ParameterError(
            f"source = {source} needs a reference stack, and none is given; give one, or"
            " choose another source."
        )
    if source not in RING_SOURCES:
        raise ParameterError(
            f"source = {source} works with the statistical method only; the published method"
            f" takes {', '.join(RING_SOURCES)}."
        )
    return frames


def _reach(
    patch_shape: tuple[int, int], parameters: Parameters, lag_reach: int | None
) -> tuple[int, int]:
    if not parameters.crop_autocorr:
        return patch_shape[0] - 1, patch_shape[1] - 1
    reach = min(max(parameters.center_size // 2, lag_reach or 0), min(patch_shape) - 1)
    return reach, reach
