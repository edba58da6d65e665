"""Best linear prediction of a pixel from the neighbours a mask leaves visible.

Quality figures, preview and suggestion rest on it. It follows from autocovariances, arrays of shape
(2 Ry + 1, 2 Rx + 1) with lag zero in the centre: the covariance of two neighbours is the value at
the difference of their lags.

Two facts keep it fast. The neighbours are ordered from the inside out, so one Cholesky factor holds
the answer for every smaller radius too. And where the visible neighbours are their own mirror image
(every mask made from an autocorrelation), both of a pair have the same weight, which halves the
number of unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray, LagArray
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.masks.mask import Mask

RIDGE = 1e-6
"""Share of the variance added to the diagonal. An autocovariance measured lag by lag need not be
positive definite; the ridge is raised tenfold until the system can be solved."""


def checked_covariance(covariance: ArrayLike, what: str = "the autocovariance") -> FloatArray:
    """Return an autocovariance as float64; InputError says why it is none."""
    values = np.ascontiguousarray(covariance, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] % 2 == 0 or values.shape[1] % 2 == 0:
        raise InputError(
            f"{what} has shape {values.shape}; give a 2-D array with odd sides, lag zero in the"
            " middle."
        )
    centre = values[values.shape[0] // 2, values.shape[1] // 2]
    if not np.isfinite(values).all() or centre <= 0:
        raise InputError(f"{what} needs finite values and a positive one at lag zero.")
    if np.abs(values - values[::-1, ::-1]).max() > 1e-6 * centre:
        raise InputError(f"{what} must equal its half turn, as every autocovariance does.")
    return values


def mask_array(mask: Mask | ArrayLike | None) -> BoolArray:
    """Return a mask as a bool array; None is the bare centre. Raises as `Mask.checked`."""
    if mask is None:
        return np.ones((1, 1), dtype=np.bool_)
    return mask.array if isinstance(mask, Mask) else Mask.checked(mask).array


def reach_of(covariance: FloatArray) -> tuple[int, int]:
    """Return the largest lag (down, right) that an autocovariance holds."""
    return covariance.shape[0] // 2, covariance.shape[1] // 2


def variance_of(covariance: FloatArray) -> float:
    """Return the variance, the value at lag zero."""
    return float(covariance[covariance.shape[0] // 2, covariance.shape[1] // 2])


def check_reach(covariance: FloatArray, lags: LagArray) -> None:
    """Raise ParameterError unless the covariance holds every difference of two of the lags."""
    if not len(lags):
        return
    span = lags.max(axis=0) - lags.min(axis=0)
    reach = reach_of(covariance)
    if span[0] > reach[0] or span[1] > reach[1]:
        raise ParameterError(
            f"The radius needs the autocovariance up to lag ({span[0]}, {span[1]}), but it"
            f" was measured up to {reach}; lower the radius or measure further."
        )


def square_lags(radius: int) -> LagArray:
    """Return all lags of a square but zero, shape (n, 2), from the inside out."""
    if radius < 1:
        raise ParameterError(f"radius = {radius!r} is not accepted; give a whole number from 1 up.")
    side = np.arange(-radius, radius + 1)
    lags = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    return inside_out(lags[np.any(lags != 0, axis=1)])


def inside_out(lags: LagArray) -> LagArray:
    """Return lags sorted by their ring, max(|dy|, |dx|), then by row and column."""
    return lags[np.lexsort((lags[:, 1], lags[:, 0], ring_of(lags)))]


def ring_of(lags: LagArray) -> LagArray:
    """Return max(|dy|, |dx|) of each lag."""
    rings: LagArray = np.abs(lags).max(axis=1, initial=0)
    return rings


def hidden_by(mask: BoolArray, lags: LagArray) -> BoolArray:
    """Return which lags the mask hides, a bool array as long as the lags."""
    half = np.array([mask.shape[0] // 2, mask.shape[1] // 2])
    inside = np.all(np.abs(lags) <= half, axis=1)
    result = np.zeros(len(lags), dtype=np.bool_)
    at = lags[inside] + half
    result[inside] = mask[at[:, 0], at[:, 1]]
    return result


def covariances(covariance: FloatArray, a: LagArray, b: LagArray) -> FloatArray:
    """Return the covariance of the pixels at lags a with those at lags b, shape (len a, len b)."""
    width = covariance.shape[1]
    zero = covariance.size // 2
    flat_a, flat_b = a @ [width, 1], b @ [width, 1]
    result: FloatArray = covariance.ravel().take(flat_a[:, np.newaxis] - flat_b + zero)
    return result


def at_lags(covariance: FloatArray, lags: LagArray) -> FloatArray:
    """Return the covariance of the pixels at some lags with the centre pixel, shape (n,)."""
    result: FloatArray = covariance.ravel().take(
        lags @ [covariance.shape[1], 1] + covariance.size // 2
    )
    return result


def mirrored_half(lags: LagArray) -> LagArray | None:
    """Return one lag of every mirrored pair in the given order, or None if a mirror is missing."""
    first = (lags[:, 0] > 0) | ((lags[:, 0] == 0) & (lags[:, 1] > 0))
    half, other = lags[first], -lags[~first]
    if len(half) != len(other):
        return None
    same = np.array_equal(half[np.lexsort(half.T)], other[np.lexsort(other.T)])
    return half if same else None


@dataclass(frozen=True)
class Predictor:
    """The best linear prediction of the centre from ordered neighbours."""

    lags: LagArray
    """The neighbours, shape (n, 2); if `folded`, one of each mirrored pair."""
    folded: bool
    """Whether both of a pair share one weight."""
    factor: FloatArray
    """Lower Cholesky factor of the neighbours' covariance (of pair sums, if folded), with ridge."""
    part: FloatArray
    """factor^-1 times the covariance with the centre. The sum of the first k squares is the
    variance that the first k neighbours explain."""
    variance: float
    """That of the centre."""
    ridge: float
    """The ridge that was needed, a share of the variance."""

    @property
    def explained(self) -> float:
        """Share of the centre's variance that the neighbours predict, from 0 to 1."""
        if not len(self.part):
            return 0.0
        return min(1.0, self.pairs * float(self.part @ self.part) / self.variance)

    @property
    def pairs(self) -> int:
        """How many pixels share a weight: 2 if folded, else 1."""
        return 2 if self.folded else 1

    def explained_within(self, rings: NDArray[np.int64]) -> FloatArray:
        """Return the explained share of the neighbours up to each ring; needs inside-out lags."""
        total = np.concatenate(([0.0], np.cumsum(self.part**2)))
        count = np.searchsorted(ring_of(self.lags), rings, side="right")
        shares: FloatArray = np.minimum(1.0, self.pairs * total[count] / self.variance)
        return shares

    def weights(self) -> FloatArray:
        """Return the weight of each neighbour (of `lags`)."""
        from scipy.linalg.lapack import dtrtrs

        if not len(self.part):
            return np.zeros(0)
        solution, _ = dtrtrs(self.factor, self.part, lower=1, trans=1)
        result: FloatArray = solution
        return result

    def inverse(self) -> FloatArray:
        """Return the inverse of the factor, lower triangular too."""
        from scipy.linalg.lapack import dtrtri

        found, _ = dtrtri(self.factor, lower=1)
        result: FloatArray = found
        return result

    def kernel(self) -> FloatArray:
        """Return the weights, (2 ry + 1, 2 rx + 1); [ry + dy, rx + dx] is that of p + (dy, dx)."""
        reach = np.abs(self.lags).max(axis=0, initial=0)
        kernel = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1))
        weights = self.weights()
        kernel[self.lags[:, 0] + reach[0], self.lags[:, 1] + reach[1]] = weights
        if self.folded:
            kernel[reach[0] - self.lags[:, 0], reach[1] - self.lags[:, 1]] = weights
        return kernel


def predictor(covariance: FloatArray, lags: LagArray, *, ridge: float = RIDGE) -> Predictor:
    """Solve for the best linear prediction of the centre from the pixels at some lags.

    Parameters
    ----------
    covariance : float64 array (2 Ry + 1, 2 Rx + 1)
        Autocovariance of what is predicted.
    lags : int array (n, 2)
        The visible neighbours (dy, dx), not holding (0, 0).
    ridge : float
        Share of the variance added to the diagonal at first.
    """
    from scipy.linalg.lapack import dtrtrs

    check_reach(covariance, lags)
    half = mirrored_half(lags)
    used = lags if half is None else half
    matrix = (
        folded_covariances(covariance, used)
        if half is not None
        else covariances(covariance, used, used)
    )
    variance = variance_of(covariance)
    target = at_lags(covariance, used)
    factor, needed = cholesky(matrix, variance, ridge)
    while True:
        part: Any = np.zeros(0)
        if len(used):
            part, _ = dtrtrs(factor, target, lower=1)
        result = Predictor(used, half is not None, factor, part, variance, needed)
        # More than the whole variance explained: not positive definite with the centre.
        if result.pairs * (part @ part) <= variance * (1 + needed):
            return result
        factor, needed = cholesky(matrix, variance, 10 * needed)


def folded_covariances(covariance: FloatArray, half: LagArray) -> FloatArray:
    """Return half the covariance of the sums of mirrored pairs, shape (len half, len half)."""
    return covariances(covariance, half, half) + covariances(covariance, half, -half)


def cholesky(matrix: FloatArray, variance: float, ridge: float) -> tuple[FloatArray, float]:
    """Return the lower factor of a symmetric matrix, and the ridge that made it solvable.

    The ridge, a share of the variance, is raised tenfold until it suffices. The factor is in
    Fortran order.
    """
    from scipy.linalg.lapack import dpotrf

    if not len(matrix):
        return np.zeros((0, 0)), ridge
    diagonal = np.diagonal(matrix)
    while True:
        raised = np.array(matrix.T, order="F")
        np.fill_diagonal(raised, diagonal + ridge * variance)
        factor, info = dpotrf(raised, lower=1, clean=1, overwrite_a=1)
        if info == 0:
            return factor, ridge
        ridge *= 10
