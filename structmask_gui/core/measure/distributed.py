"""A measurement in parts, made on different machines and put together to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.measure.average import MeasuringWork, chunk_sums, measured
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK
from structmask_gui.core.stack.frames import Recording
from structmask_gui.core.stack.patches import Plan


@dataclass(frozen=True, eq=False)
class MeasuredPart:
    """The result of a part of the patches."""

    sums: FloatArray
    """Shape (chunks, reach_y + 1, 2 * reach_x + 1); the sum over each chunk of patches. Added in
    the order of `measure`, they give the same result to the last bit."""
    reasons: tuple[str, ...]  # Why each patch was left out; empty where it was used


def plan_parts(
    recording: Recording,
    parameters: Parameters,
    per_part: int,
) -> list[tuple[int, int]]:
    """Divide a measurement into parts that can be made on different machines.

    ``recording``, ``parameters``: As `measure` takes them; published method only.

    Returns the first patch of each part and the one after its last.
    """
    work = MeasuringWork.of(recording, parameters)
    if parameters.precision > 0:
        # The number of patches that are needed is not known before.
        return [(0, len(work.plan))]
    step = max(1, per_part // work.per_chunk) * work.per_chunk
    total = len(work.plan)
    return [(start, min(start + step, total)) for start in range(0, total, step)]


def measure_part(
    recording: Recording, parameters: Parameters, start: int, stop: int
) -> MeasuredPart:
    """Measure the patches ``start`` to ``stop`` of a measurement; see `plan_parts`."""
    work = MeasuringWork.of(recording, parameters)
    part = Plan(work.plan.patch_shape, work.plan.places[start:stop])
    sums: list[FloatArray] = []
    reasons: list[str] = []
    for values, why in chunk_sums(work, part, NO_TASK):
        if values is not None:
            sums.append(values)
        reasons += why
    return MeasuredPart(
        np.stack(sums) if sums else np.zeros((0, *work.kernel.half_shape)), tuple(reasons)
    )


def merge_parts(
    recording: Recording,
    parameters: Parameters,
    parts: Sequence[MeasuredPart],
) -> Measurement:
    """Return the measurement from all its parts, in order; the same as `measure` gives.

    Raises ValueError if the parts do not have as many patches as the measurement.
    """
    work = MeasuringWork.of(recording, parameters)
    total = np.zeros(work.kernel.half_shape)
    for part in parts:
        for values in part.sums:
            total += values
    reasons = [reason for part in parts for reason in part.reasons]
    if len(reasons) != len(work.plan):
        raise ValueError("the parts are not those of this measurement")
    return measured(work, total, reasons)
