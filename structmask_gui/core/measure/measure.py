"""The long part of an extraction: read the patches, transform them, average them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from structmask_gui.core.correlation.autocorrelation import Autocorrelation
from structmask_gui.core.errors import TooFewPatches
from structmask_gui.core.measure.average import MeasuringWork, chunk_sums, measured
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.fill import filled_part, without_fill
from structmask_gui.core.stack.frames import Frames, Recording, every_nth
from structmask_gui.core.stack.hot_pixels import Places, find_hot_pixels, without_hot_pixels
from structmask_gui.core.stack.left_out import LeftOut, find_left_out, kept_recording
from structmask_gui.core.stack.patches import checked_region

if TYPE_CHECKING:
    from structmask_gui.core.statistical.estimate import CorrelationEstimate

_FILLED = (
    "So much of the frames is fill, of one value, that it was measured as image; crop them to the"
    " image."
)


def measure(
    recording: Recording | Frames,
    parameters: Parameters,
    *,
    lag_reach: int | None = None,
    on_estimate: Callable[[Measurement, float], None] | None = None,
    earlier: Measurement | None = None,
    task: Task = NO_TASK,
) -> Measurement:
    """Measure the averaged autocorrelation of a stack, or its noise's correlation per lag.

    Parameters
    ----------
    recording : Recording or Frames
        What is measured, read a band of rows at a time.
    parameters : Parameters
        Those of the stages "sampling" and "autocorrelation", and the centre size.
    lag_reach : int, optional
        Published method only. Measure lags at least this far, as far as the patches allow, so that
        the centre size can be raised later without a new measurement.
    on_estimate : callable, optional
        With ``precision`` above 0: called as ``on_estimate(measurement, error)`` each time there is
        a better estimate, with the largest standard error of its lags.
    earlier : Measurement, optional
        Statistical method only. The same recording by the same source, measured less far.
    task : Task, optional

    Returns
    -------
    Measurement

    Raises
    ------
    InputError
        If the frames are too small, or no patch can be used: all constant, or none of finite
        numbers.
    ParameterError
        If the parameters do not fit the image.
    Cancelled
        Within 0.2 s of cancellation.
    """
    recording = Recording.of(recording)
    # Before frames are compared with each other, which too small ones cannot be.
    checked_region(recording.frames, recording.region)
    if parameters.method == "statistical":
        return _measure_statistically(recording, parameters, on_estimate, earlier, task)
    if parameters.method == "spine":
        from structmask_gui.core.measure.background import measure_background

        return measure_background(recording, parameters, task)
    work = MeasuringWork.of(recording, parameters, lag_reach)
    if parameters.precision > 0:
        from structmask_gui.core.measure.progressive import measure_until

        return measure_until(work, on_estimate, task)
    total = np.zeros(work.kernel.half_shape)
    reasons: list[str] = []
    for values, why in chunk_sums(work, work.plan, task):
        if values is not None:
            total += values
        reasons += why
    return measured(work, total, reasons)


def _measure_statistically(
    recording: Recording,
    parameters: Parameters,
    on_estimate: Callable[[Measurement, float], None] | None,
    earlier: Measurement | None,
    task: Task,
) -> Measurement:
    from structmask_gui.core.measure.until_precise import correlate_until
    from structmask_gui.core.statistical.estimate import of_whole
    from structmask_gui.core.statistical.measure import measure_correlation

    known = None if earlier is None else earlier.correlation
    left_out = _left_out(recording, parameters, task) if known is None else known.evidence.left_out
    recording = kept_recording(recording, left_out)
    hot = _hot_pixels(recording, parameters, task) if known is None else known.evidence.hot
    recording = replace(recording, frames=without_hot_pixels(recording.frames, hot))

    def measurement_of(estimate: CorrelationEstimate) -> Measurement:
        if left_out is not None:
            estimate = of_whole(estimate, left_out)
        estimate = replace(estimate, evidence=replace(estimate.evidence, hot=hot))
        return Measurement(
            name=recording.frames.name,
            parameters=parameters,
            region=recording.region,
            sampling=estimate.sampling,
            autocorrelation=Autocorrelation(estimate.lags.rho),
            correlation=estimate,
            every=every_nth(recording.frames),
        )

    def pass_on(estimate: CorrelationEstimate, error: float) -> None:
        if on_estimate is not None:
            on_estimate(measurement_of(estimate), error)

    def measured_in(frames: Frames) -> Measurement:
        part = replace(recording, frames=frames)
        if parameters.precision > 0:
            return measurement_of(correlate_until(part, parameters, pass_on, known, task))
        return measurement_of(measure_correlation(part, parameters, earlier=known, task=task))

    unfilled = without_fill(recording.frames, task)
    try:
        return measured_in(unfilled)
    except TooFewPatches:
        if filled_part(unfilled) is None:
            raise
    # Better than nothing, and it is said.
    made = measured_in(recording.frames)
    assert made.correlation is not None
    warnings = (*made.correlation.warnings, _FILLED)
    return replace(made, correlation=replace(made.correlation, warnings=warnings))


def _left_out(recording: Recording, parameters: Parameters, task: Task) -> LeftOut | None:
    """Return which of the frames are not measured."""
    if _in_dark_frames(recording, parameters):
        return None
    found = find_left_out(recording.frames, task)
    if found is not None and len(found.kept) == 1 and parameters.source == "difference":
        return None  # That there are no differences then is told of the frames as they are.
    return found


def _hot_pixels(recording: Recording, parameters: Parameters, task: Task) -> Places | None:
    """Return which pixels of the frames are hot; None where there are none."""
    if _in_dark_frames(recording, parameters):
        return None
    found = find_hot_pixels(recording.frames, task)
    return found if len(found) else None


def _in_dark_frames(recording: Recording, parameters: Parameters) -> bool:
    """Whether the dark stack is measured, not the frames."""
    return recording.dark is not None and parameters.source in ("dark", "automatic")
