"""Measure random patches until the mean is known to the precision asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import patches_in_budget
from structmask_gui.core.measure.average import MeasuringWork, Prepared, measured
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.measure.until_precise import FIRST_ROUND
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.patches import Plan, read_patches
from structmask_gui.core.threads import in_threads

# Patches after a round over those before it; chunks from which their spread is known.
_GROWTH = 1.5
_ENOUGH_CHUNKS = 8


@dataclass
class _Sums:
    """Sums over the patches so far, and over chunks of them, each a half plane of lags."""

    values: FloatArray
    squares: FloatArray
    chunks: FloatArray
    count: int = 0
    n_chunks: int = 0

    def add(self, values: FloatArray) -> None:
        total = values.sum(axis=0)
        self.values += total
        self.squares += np.einsum("nyx,nyx->yx", values, values)
        # Chunks are nearly equally large; each counts by its size.
        self.chunks += total * total / len(values)
        self.count += len(values)
        self.n_chunks += 1

    def error(self) -> float:
        """Return the largest standard error of the mean over all lags.

        From the spread between patches, or between chunks where that is larger: patches of one
        frame may have more in common than those of different ones.
        """
        if self.count < 2:
            return float("inf")
        mean_square = self.values * self.values / self.count
        between_patches = (self.squares - mean_square) / (self.count - 1) / self.count
        largest = float(between_patches.max())
        if self.n_chunks >= _ENOUGH_CHUNKS:
            between_chunks = (self.chunks - mean_square) / (self.n_chunks - 1) / self.count
            largest = max(largest, float(between_chunks.max()))
        return float(np.sqrt(max(0.0, largest)))


def measure_until(
    work: MeasuringWork,
    on_estimate: Callable[[Measurement, float], None] | None,
    task: Task,
) -> Measurement:
    """Measure in rounds of more and more patches until every lag is known to ``precision``.

    ``work``: Its parameters hold ``precision`` and ``seed``.

    The sampling of the result holds only the patches that were taken.
    """
    aim = work.parameters.precision
    total = len(work.plan)
    order = np.random.default_rng(work.parameters.seed).permutation(total)
    shape = work.kernel.half_shape
    sums = _Sums(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    why: dict[int, str] = {}
    taken, expected = 0, min(total, 4 * FIRST_ROUND)
    while True:
        more = FIRST_ROUND if taken == 0 else int(taken * (_GROWTH - 1))
        chosen = np.sort(order[taken : taken + more])
        expected = max(expected, taken + len(chosen))
        _add_round(work, chosen, sums, why, (taken, expected), task)
        taken += len(chosen)
        error = sums.error()
        # The squared error is inverse to the number of patches.
        expected = int(min(total, taken * (error / aim) ** 2))
        done = taken == total or error < aim
        if sums.count:
            so_far = _estimate(work, sums, order[:taken], why)
            if on_estimate is not None:
                on_estimate(so_far, error)
            if done:
                task.report(taken, taken, f"Standard error {error:.2g}")
                return so_far
        elif done:
            # Raises an error, as no patch is usable.
            return _estimate(work, sums, order[:taken], why)


def _add_round(
    work: MeasuringWork,
    chosen: NDArray[np.intp],
    sums: _Sums,
    why: dict[int, str],
    so_far: tuple[int, int],
    task: Task,
) -> None:
    plan = Plan(work.plan.patch_shape, work.plan.places[chosen])
    per_chunk = min(patches_in_budget(work.kernel), -(-len(plan) // _ENOUGH_CHUNKS))

    def values_of(chunk: tuple[Prepared, slice]) -> tuple[FloatArray, list[str], slice]:
        prepared, indices = chunk
        if task.cancelled:
            return np.zeros((0, *work.kernel.half_shape)), prepared.reasons, indices
        return work.values(prepared), prepared.reasons, indices

    taken, total = so_far
    chunks = (
        (work.prepared(chunk.patches), chunk.indices)
        for chunk in read_patches(work.frames, plan, per_chunk, task)
    )
    with closing(in_threads(values_of, chunks)) as results:
        for values, reasons, indices in results:
            task.stop_if_cancelled()
            if len(values):
                sums.add(values)
            for index, reason in zip(chosen[indices].tolist(), reasons, strict=True):
                if reason:
                    why[index] = reason
            task.report(taken + indices.stop, total, "Measuring patches")


def _estimate(
    work: MeasuringWork,
    sums: _Sums,
    taken: AnyArray,
    why: dict[int, str],
) -> Measurement:
    used = np.sort(taken)
    part = replace(work, plan=Plan(work.plan.patch_shape, work.plan.places[used]))
    return measured(part, sums.values, [why.get(i, "") for i in used.tolist()])
