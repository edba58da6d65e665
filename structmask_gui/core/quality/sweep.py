"""Sweep operator of the search for a mask: pairs of pixels are freed and hidden again, quickly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray, LagArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.prediction import at_lags, folded_covariances, variance_of

_LEAST_GAIN = 0.001
"""A pair is hidden or freed in the last improvement if that lowers the error by this share."""


class SweptCovariance:
    """The prediction of the centre while pairs of pixels are freed and hidden again.

    Holds the covariance of all pairs given those that are visible, and the covariances with the
    centre given those, and so the change of the cost by freeing or hiding each pair. Every sweep
    updates all of it.

    Parameters
    ----------
    matrix : float64 array (n, n)
        Covariance of the pairs.
    u, v : float64 array (n,)
        Vectors of the cost, which a sweep of a pair changes by sign * u (u - 2 v) / diagonal.
    sign : float
        +1 where freeing adds to the cost, -1 where it subtracts from it.
    task : Task
    """

    def __init__(
        self, matrix: FloatArray, u: FloatArray, v: FloatArray, sign: float, task: Task = NO_TASK
    ) -> None:
        # BLAS updates a symmetric matrix in this order where it is, an eighth of the time.
        self._matrix = np.asfortranarray(matrix)
        self._u, self._v, self._sign = u.copy(), v.copy(), sign
        self._task = task
        self.hidden = np.ones(len(u), dtype=np.bool_)

    def changes(self) -> FloatArray:
        """Return by how much sweeping each pair changes the cost."""
        diagonal = np.diagonal(self._matrix)
        # The diagonal is positive for hidden pairs and negative for visible ones.
        safe = np.where(np.abs(diagonal) > 1e-300, diagonal, 1e-300)
        result: FloatArray = self._sign * self._u * (self._u - 2 * self._v) / safe
        return result

    def sweep(self, j: int) -> None:
        """Free a hidden pair, or hide a visible one."""
        from scipy.linalg.blas import dger

        self._task.stop_if_cancelled()
        pivot = self._matrix[j, j]
        column = self._matrix[:, j].copy()
        was_hidden = bool(self.hidden[j])
        u, v = self._u[j], self._v[j]
        self._matrix = dger(-1 / pivot, column, column, a=self._matrix, overwrite_a=1)
        self._u -= column * (u / pivot)
        self._v -= column * (v / pivot)
        turn = 1.0 if was_hidden else -1.0
        self._matrix[:, j] = self._matrix[j, :] = turn * column / pivot
        self._matrix[j, j] = -1 / pivot
        self._u[j], self._v[j] = turn * u / pivot, turn * v / pivot
        self.hidden[j] = not was_hidden

    def backward_elimination(self, *groups: NDArray[np.intp]) -> NDArray[np.intp]:
        """Free all pairs, group after group, each time the cheapest; return their order."""
        order = []
        for group in groups:
            left = np.zeros(len(self.hidden), dtype=np.bool_)
            left[group] = True
            for _ in range(len(group)):
                j = int(np.where(left, self.changes(), np.inf).argmin())
                self.sweep(j)
                left[j] = False
                order.append(j)
        return np.array(order, dtype=np.intp)

    def forward_selection(self) -> NDArray[np.intp]:
        """Hide all pairs, each time the one that gains most; return their order, last first."""
        for j in np.flatnonzero(self.hidden).tolist():
            self.sweep(j)
        order = []
        for _ in range(len(self.hidden)):
            j = int(np.where(self.hidden, np.inf, self.changes()).argmin())
            self.sweep(j)
            order.append(j)
        return np.array(order[::-1], dtype=np.intp)


def copied_noise_sweep(
    noise: FloatArray, half: LagArray, ridge: float, task: Task = NO_TASK
) -> SweptCovariance:
    """Return a sweep whose cost is the noise variance that is copied (half of it)."""
    matrix = folded_covariances(noise, half)
    matrix[np.diag_indices_from(matrix)] += ridge * variance_of(noise)
    centre = at_lags(noise, half)
    return SweptCovariance(matrix, centre, np.zeros_like(centre), 1.0, task)


class ErrorSweep(SweptCovariance):
    """A sweep whose cost is the estimated error (half of it, in squared grey levels).

    With the weights K = C^-1 g of the image, the error is
    G_structure(0) - g' C^-1 g + 2 g' C^-1 g_noise.
    """

    def __init__(
        self,
        noise: FloatArray,
        image: FloatArray,
        half: LagArray,
        ridge: float,
        task: Task = NO_TASK,
    ) -> None:
        matrix = folded_covariances(image, half)
        matrix[np.diag_indices_from(matrix)] += ridge * variance_of(image)
        super().__init__(matrix, at_lags(image, half), at_lags(noise, half), -1.0, task)
        self._error = (variance_of(image) - variance_of(noise)) / 2

    def stepwise(self, inside: NDArray[np.intp], most: int) -> NDArray[np.intp]:
        """Return the pairs to hide after sweeping one by one whichever lowers the error most."""
        for j in range(len(self.hidden)):
            if j not in inside:
                self._step(j)
        for _ in self.hidden:
            changes = self.changes()
            if self.hidden.sum() >= most:
                changes[~self.hidden] = np.inf
            j = int(changes.argmin())
            if changes[j] > -_LEAST_GAIN * abs(self._error):
                break
            self._step(j)
        return np.flatnonzero(self.hidden)

    def _step(self, j: int) -> None:
        self._error += float(self.changes()[j])
        self.sweep(j)
