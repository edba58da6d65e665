"""Measure until every lag is known to the precision asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import Recording
from structmask_gui.core.stack.patches import patch_limit

if TYPE_CHECKING:
    from structmask_gui.core.statistical.estimate import CorrelationEstimate

FIRST_ROUND = 128
# In fewer patches structure, and all else that is tested beside the correlation, shows only where
# it is strong: they give an estimate on the way, never the result.
_FEWEST = 512
# Each round measures everything anew, so rounds grow fast.
_LEAST_GROWTH, _MOST_GROWTH = 2.0, 8.0
_MARGIN = 1.1


def correlate_until(
    recording: Recording,
    parameters: Parameters,
    on_estimate: Callable[[CorrelationEstimate, float], None],
    earlier: CorrelationEstimate | None,
    task: Task,
) -> CorrelationEstimate:
    """Measure by the statistical method until every lag that it tests is known to ``precision``.

    In rounds of more and more patches, each a measurement of its own with its own standard errors;
    when to stop goes by these alone, never by the correlations, so that none is favoured.

    ``on_estimate``: Called with each estimate and the largest standard error of its lags.
    ``earlier``: As of `measure_correlation`.
    """
    from structmask_gui.core.statistical.measure import measure_correlation

    aim, count, error = parameters.precision, FIRST_ROUND, float("inf")
    known = ""
    limit = parameters.patches or None

    def report(done: int, total: int, what: str) -> None:
        task.report(done, total, f"{what}{known}")

    while True:
        last = limit is not None and count >= limit
        asked = parameters.changed(precision=0.0, patches=parameters.patches if last else count)
        reporting = task.reporting(report)
        estimate = measure_correlation(recording, asked, earlier=earlier, task=reporting)
        earlier = estimate
        error = _largest_error(estimate, parameters.max_lag)
        measured = len(estimate.sampling.used)
        done = last or measured < count or (error < aim and count >= _FEWEST)
        limits = done and not last and measured >= count
        note = f" {measured} patches were enough to know every lag to {aim:g}." if limits else ""
        estimate = replace(estimate, parameters=parameters, note=estimate.note + note)
        on_estimate(estimate, error)
        if done:
            return estimate
        limit = limit or _room(recording, estimate)
        growth = min(max(_MARGIN * (error / aim) ** 2, _LEAST_GROWTH), _MOST_GROWTH)
        count = max(_FEWEST, int(count * growth))
        known = f", standard error so far {error:.2g}"


def _largest_error(estimate: CorrelationEstimate, max_lag: int) -> float:
    tested = estimate.lags.within(max_lag).standard_error
    return float(tested.max()) if np.isfinite(tested).all() else float("inf")


def _room(recording: Recording, estimate: CorrelationEstimate) -> int:
    """Return how many patches are taken at most where no number is given."""
    height, width = recording.shape
    side = estimate.sampling.patch_shape[0]
    return min(recording.frames.n_frames * (height // side) * (width // side), patch_limit(side))
