"""Measure until the average is known well enough, in patches taken by chance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core import enough
from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import most_patches
from structmask_gui.core.errors import InputError
from structmask_gui.core.measure.average import MeasuringWork, Prepared, measured
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import IsCancelled, Progress, stop_if
from structmask_gui.core.stack.frames import Frames, Region
from structmask_gui.core.stack.patches import Plan, read_patches
from structmask_gui.core.threads import in_threads

if TYPE_CHECKING:
    from structmask_gui.core.estimate import CorrelationEstimate

_FIRST_ROUND = 128
_GROWTH = 1.5
_ENOUGH_CHUNKS = 8

# What the statistical method looks for beside the correlation, a picture above all, shows in fewer
# patches only where it is strong: they are an estimate on the way, never the result.
_FEWEST = 512
# Each of its rounds looks at everything anew.
_LEAST_GROWTH, _MOST_GROWTH = 2.0, 8.0
_MARGIN = 1.1


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
    name: str,
    work: MeasuringWork,
    region: Region | None,
    on_estimate: Callable[[Measurement, float], None] | None,
    progress: Progress,
    cancelled: IsCancelled,
) -> Measurement:
    """Measure in rounds, each half as large again, until every lag is known to ``precision``.

    Parameters
    ----------
    name : str
        What was asked to be measured.
    work : MeasuringWork
        Its parameters hold ``precision`` and ``seed``.
    region : Region or None
        The rectangle it stays within.
    on_estimate : callable or None
        Told each estimate and its error.
    progress, cancelled : callable
        See `structmask_gui.core.progress`.

    Returns
    -------
    Measurement
        Its sampling has only the patches that were taken.

    Raises
    ------
    InputError
        If no patch is usable.
    Cancelled
        If ``cancelled`` turned True.
    """
    aim = work.parameters.precision
    total = len(work.plan)
    order = np.random.default_rng(work.parameters.seed).permutation(total)
    shape = work.kernel.half_shape
    sums = _Sums(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    why: dict[int, str] = {}
    taken, expected = 0, min(total, 4 * _FIRST_ROUND)
    while True:
        more = _FIRST_ROUND if taken == 0 else int(taken * (_GROWTH - 1))
        chosen = np.sort(order[taken : taken + more])
        expected = max(expected, taken + len(chosen))
        _add_round(work, chosen, sums, why, (taken, expected), progress, cancelled)
        taken += len(chosen)
        error = sums.error()
        # The squared error falls as the number of patches grows.
        expected = int(min(total, taken * (error / aim) ** 2))
        done = taken == total or error < aim
        if sums.count:
            so_far = _estimate(name, work, region, sums, order[:taken], why)
            if on_estimate is not None:
                on_estimate(so_far, error)
            if done:
                progress(taken, taken, f"Standard error {error:.2g}")
                return so_far
        elif done:
            # Raises the sentence on why no patch is usable.
            return _estimate(name, work, region, sums, order[:taken], why)


def _add_round(
    work: MeasuringWork,
    chosen: NDArray[np.intp],
    sums: _Sums,
    why: dict[int, str],
    so_far: tuple[int, int],
    progress: Progress,
    cancelled: IsCancelled,
) -> None:
    plan = Plan(work.plan.patch_shape, work.plan.places[chosen])
    per_chunk = min(most_patches(work.kernel), -(-len(plan) // _ENOUGH_CHUNKS))

    def values_of(chunk: tuple[Prepared, slice]) -> tuple[FloatArray, list[str], slice]:
        prepared, indices = chunk
        if cancelled():
            return np.zeros((0, *work.kernel.half_shape)), prepared.reasons, indices
        return work.values(prepared), prepared.reasons, indices

    taken, total = so_far
    chunks = (
        (work.prepared(chunk.patches), chunk.indices)
        for chunk in read_patches(work.frames, plan, per_chunk, cancelled)
    )
    with closing(in_threads(values_of, chunks)) as results:
        for values, reasons, indices in results:
            stop_if(cancelled)
            if len(values):
                sums.add(values)
            for index, reason in zip(chosen[indices].tolist(), reasons, strict=True):
                if reason:
                    why[index] = reason
            progress(taken + indices.stop, total, "Measuring patches")


def _estimate(
    name: str,
    work: MeasuringWork,
    region: Region | None,
    sums: _Sums,
    taken: AnyArray,
    why: dict[int, str],
) -> Measurement:
    used = np.sort(taken)
    part = MeasuringWork(
        work.frames,
        work.parameters,
        Plan(work.plan.patch_shape, work.plan.places[used]),
        work.kernel,
        work.per_chunk,
    )
    if not np.isfinite(sums.values).all():
        raise InputError(
            f"{work.frames.name}: pixel values are too large for an autocorrelation that is not"
            " normalised; switch norm_autocorr on."
        )
    return measured(name, part, region, sums.values, [why.get(i, "") for i in used.tolist()])


def correlate_until(
    frames: Frames,
    parameters: Parameters,
    region: Region | None,
    on_estimate: Callable[[CorrelationEstimate, float], None],
    progress: Progress,
    cancelled: IsCancelled,
    **seconds: Any,
) -> CorrelationEstimate:
    """Measure by the statistical method until every lag that it tests is known to ``precision``.

    In rounds of more and more patches, each a measurement of its own with its own standard errors;
    when to stop goes by these alone, never by the correlations, so that none is favoured.

    Parameters
    ----------
    frames, parameters, region, progress, cancelled
        As `noise.measure_correlation` takes them; ``precision`` is above 0.
    on_estimate : callable
        Told each estimate and the largest standard error of its lags.
    seconds : Frames
        ``dark`` and ``subtract``, as `noise.measure_correlation` takes them.

    Returns
    -------
    CorrelationEstimate
        With the parameters that were asked for.
    """
    from structmask_gui.core.noise import measure_correlation

    aim, count, error = parameters.precision, _FIRST_ROUND, float("inf")
    known = ""
    limit = parameters.patches or None

    def tell(done: int, total: int, what: str) -> None:
        progress(done, total, f"{what}{known}")

    while True:
        last = limit is not None and count >= limit
        asked = parameters.changed(precision=0.0, patches=parameters.patches if last else count)
        estimate = measure_correlation(
            frames, asked, region=region, progress=tell, cancelled=cancelled, **seconds
        )
        error = _largest_error(estimate, parameters.max_lag)
        measured = len(estimate.sampling.used)
        done = last or measured < count or (error < aim and count >= _FEWEST)
        enough = done and not last and measured >= count
        note = f" {measured} patches were enough to know every lag to {aim:g}." if enough else ""
        estimate = replace(estimate, parameters=parameters, note=estimate.note + note)
        on_estimate(estimate, error)
        if done:
            return estimate
        limit = limit or _room(frames, region, estimate)
        growth = min(max(_MARGIN * (error / aim) ** 2, _LEAST_GROWTH), _MOST_GROWTH)
        count = max(_FEWEST, int(count * growth))
        known = f", standard error so far {error:.2g}"


def _largest_error(estimate: CorrelationEstimate, max_lag: int) -> float:
    lags = estimate.lags
    margin = max(0, lags.reach - max_lag)
    tested = lags.standard_error[margin : 2 * lags.reach + 1 - margin]
    tested = tested[:, margin : 2 * lags.reach + 1 - margin]
    return float(tested.max()) if np.isfinite(tested).all() else float("inf")


def _room(frames: Frames, region: Region | None, estimate: CorrelationEstimate) -> int:
    """Return how many patches are taken at most where no number is given."""
    height, width = frames.frame_shape if region is None else region.shape
    side = estimate.sampling.patch_shape[0]
    return min(frames.n_frames * (height // side) * (width // side), enough.most_patches(side))
