"""Noise that lasts from a frame, or plane, to the next: it is the same in part.

Of frames that share nothing, neighbouring differences have the middle frame's noise in common and
so a correlation of -1/2, whatever stays in place; of fine detail, hardly anything else changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.correlation.autocorrelation import LagKernel
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import evenly
from structmask_gui.core.stack.registration import some

_MOST = 8
_FARTHEST = 3
_REACH = 10
# How far the correlation of neighbouring differences is from -1/2, and in standard errors.
_SHARED, _SURELY = 0.03, 5.0
# Difference of two correlations per lag, from which frames share other noise than they hold.
_UNLIKE, _NEAR = 0.04, 3

Read = Callable[[int], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Lasting:
    """What neighbouring frames share of their noise."""

    beyond: float  # Correlation of neighbouring differences of fine detail, plus 1/2
    error: float  # Its standard error
    rho: FloatArray | None = None
    """Shape (2, 2 r + 1, 2 r + 1); correlation with the next frame and the one after, per lag,
    taken as 0 from the third on; None where less than four frames, or nothing shared."""
    unlike: float = 0.0
    """Largest difference of the correlations per lag of near and of far frames' differences."""

    @property
    def shared(self) -> bool:
        """Whether frames share noise."""
        return abs(self.beyond) > max(_SHARED, _SURELY * self.error)

    @property
    def share(self) -> float:
        """Correlation of a frame's noise with the next one's, if none reaches further."""
        return 2 * self.beyond / (1 + 2 * self.beyond)

    @property
    def misleads(self) -> bool:
        """Whether the correlation in differences is another than in single frames."""
        return self.shared and self.unlike > _UNLIKE


def find_lasting(read: Read, runs: Sequence[range], task: Task) -> Lasting | None:
    """Compare up to eight times three frames that follow one another; None where there are none.

    ``runs`` are as `structmask_gui.core.stack.frames.runs_of` has them.
    """
    starts = _starts(runs, 3)
    if not starts:
        return None
    products = []
    for number in starts:
        task.stop_if_cancelled()
        a, b, c = (_fine(read(number + step)) for step in range(3))
        products += _by_quarter(b - a, c - b)
    values = np.array(products)
    values = values[np.isfinite(values)]
    if len(values) < 4:
        return None
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    found = Lasting(float(values.mean()) + 0.5, error)
    starts = _starts(runs, _FARTHEST + 1)
    return _per_lag(read, starts, found, task) if found.shared and starts else found


def _starts(runs: Sequence[range], length: int) -> list[int]:
    """Return first frames of so many in a row, evenly spread."""
    every = [first for run in runs for first in run[: max(0, len(run) - length + 1)]]
    return [every[index] for index in evenly(len(every), _MOST)]


def _per_lag(read: Read, starts: list[int], found: Lasting, task: Task) -> Lasting:
    """Return the same with the correlation per lag, from differences of frames 1 to 3 apart."""
    sums: list[FloatArray] = []
    for apart in range(1, _FARTHEST + 1):
        total = np.zeros(())
        for number in starts:
            task.stop_if_cancelled()
            total = total + _autocovariance(read(number + apart) - read(number))
        sums.append(np.asarray(total))
    middle = sums[0].shape[0] // 2
    variance = float(sums[-1][middle, middle])
    if variance <= 0:
        return found
    near = slice(middle - _NEAR, middle + _NEAR + 1)
    first, last = (part / part[middle, middle] for part in (sums[0], sums[-1]))
    unlike = float(np.abs(first - last)[near, near].max())
    rho = np.stack([(sums[-1] - part) / variance for part in sums[:-1]])
    return Lasting(found.beyond, found.error, rho, unlike)


def _autocovariance(values: NDArray[np.float64]) -> FloatArray:
    from structmask_gui.core.correlation.autocorrelation import unfold

    height, width = values.shape
    reach = min(_REACH, min(values.shape) // 2 - 1)
    flat = (values - values.mean()).astype(np.float32)[np.newaxis]
    half = LagKernel((height, width), (reach, reach)).half_plane(flat)[0]
    rows = height - np.arange(reach + 1)
    columns = width - np.abs(np.arange(-reach, reach + 1))
    return np.asarray(unfold(half / np.outer(rows, columns)), dtype=np.float64)


def _by_quarter(first: FloatArray, other: FloatArray) -> list[float]:
    height, width = (side // 2 for side in first.shape)
    found = []
    for rows in (slice(0, height), slice(height, None)):
        for columns in (slice(0, width), slice(width, None)):
            a, b = first[rows, columns], other[rows, columns]
            norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
            found.append(float((a * b).sum()) / norm if norm > 0 else np.nan)
    return found


def _fine(frame: NDArray[np.float64]) -> FloatArray:
    """Return what a pixel differs from its neighbours, limited so that edges do not decide."""
    around = frame[:-2, 1:-1] + frame[2:, 1:-1] + frame[1:-1, :-2] + frame[1:-1, 2:]
    values = frame[1:-1, 1:-1] - around / 4
    limit = 4 * 1.4826 * float(np.median(np.abs(some(values))))
    return np.clip(values, -limit, limit) if limit > 0 else values
