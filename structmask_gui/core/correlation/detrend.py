"""Polynomial detrending of patches, and the bias of their lag products that results.

The mean of a patch is not known; the fitted mean, or plane, follows the noise, so lag products of
the residual are biased. The bias is linear in the covariances of the noise, so
it can be undone exactly, up to the largest lag.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.threads import ONE_BLAS_THREAD

# Covariances beyond this lag are not distinguished in the bias.
_INNER = 16


@dataclass(frozen=True)
class Surface:
    """The polynomials up to a total degree on a patch."""

    patch_shape: tuple[int, int]  # Height and width
    degree: int  # 0: the mean; 1: a plane; 2: a quadratic surface

    @cached_property
    def _lines(self) -> tuple[FloatArray, FloatArray]:
        """Orthonormal polynomials along y and x, shapes (degree + 1, side)."""
        height, width = self.patch_shape
        return _polynomials(height, self.degree), _polynomials(width, self.degree)

    @property
    def _members(self) -> list[tuple[int, int]]:
        """Degrees in y and x of each orthonormal surface."""
        top = self.degree
        return [(a, b) for a in range(top + 1) for b in range(top + 1 - a)]

    def remove_from(self, patches: AnyArray) -> AnyArray:
        """Return float32 patches, shape (n, height, width), with their surfaces removed."""
        # The mean first, in float64: a large offset would cost the precision of float32.
        mean = patches.mean(axis=(1, 2), dtype=np.float64)
        values: AnyArray = (patches - mean[:, None, None]).astype(np.float32)
        if self.degree > 0:
            along_y, along_x = (line.astype(np.float32) for line in self._lines)
            for a, b in self._members:
                weight = np.einsum("nyx,y,x->n", values, along_y[a], along_x[b], optimize=True)
                values -= weight[:, None, None] * np.outer(along_y[a], along_x[b])
        return values

    def bias(self, reach: int) -> Bias:
        """Return the correction of lag products up to a largest lag."""
        return _bias(self, reach)


@dataclass(frozen=True, eq=False)
class Bias:
    """Undoes the bias of mean lag products."""

    terms: tuple[tuple[FloatArray, FloatArray], ...]
    """What a covariance at an inner lag m takes from the sum of lag products at l is the sum, over
    the terms (y, x), of y[dy, my] x[dx, mx]; see `_bias`."""
    inner: AnyArray  # Which of the lags are inner ones
    inverse: FloatArray  # shape (inner lags, inner lags); undoes the bias among the inner lags
    pairs: FloatArray  # shape (lags,); pairs of pixels at each lag
    flat: FloatArray  # shape (lags,); what one unit of covariance far away, summed, takes from each

    def undo(self, mean: FloatArray, beyond: float = 0.0) -> FloatArray:
        """Return covariances from mean lag products.

        ``mean``: shape (lags,); lag products divided by the number of pairs; the half plane dy >=
        0, row by row.
        """
        whole = mean + beyond * self.flat
        y, x = self.terms[0]
        covariance = (self.inverse @ whole[self.inner]).reshape(y.shape[1], x.shape[1])
        lost = np.sum([y @ covariance @ x.T for y, x in self.terms], axis=0)
        return np.asarray(whole + lost.ravel() / self.pairs)


def _polynomials(side: int, degree: int) -> FloatArray:
    x = np.linspace(-1, 1, side)
    basis, _ = np.linalg.qr(np.vander(x, degree + 1, increasing=True))
    return np.asarray(basis.T)


@lru_cache(maxsize=16)
def _bias(surface: Surface, reach: int) -> Bias:
    """Return the bias that removing a surface makes.

    With T the covariance matrix of the noise and P the projection on the surfaces, the residual has
    the covariance (1 - P) T (1 - P). Let T be 1 for pixels m or -m apart, else 0. Summed over the
    n(l) pairs of pixels at lag l, that is n(l) where l = m; less twice the sum over p of
    P(p, p + l - m), where p + l must lie in the patch; plus, over pairs of surfaces, the product of
    their lag sums at l and m. All surfaces are products of a polynomial in y and one in x, so all
    sums are products of sums along a line.
    """
    height, width = surface.patch_shape
    lines = surface._lines
    inner_reach = min(reach, _INNER)
    two = [_two(line, reach) for line in lines]
    three = [_three(line, reach, inner_reach) for line in lines]
    dy, dx = (axis.ravel() for axis in np.mgrid[0 : reach + 1, -reach : reach + 1])
    inner = np.flatnonzero((dy <= inner_reach) & (np.abs(dx) <= inner_reach))
    pairs = (height - dy) * (width - np.abs(dx))
    near = np.arange(-inner_reach, inner_reach + 1)
    terms = []
    degrees = range(surface.degree + 1)
    for sign in (1, -1):
        my, mx = sign * near[inner_reach:], sign * near
        for a in degrees:
            of_x = np.sum([three[1][b] for b in degrees if a + b <= surface.degree], axis=0)
            terms.append((2 * three[0][a][reach:, inner_reach + my], of_x[:, inner_reach + mx]))
            for c in degrees:
                y, x = two[0][a, c], np.zeros((2 * reach + 1, 2 * inner_reach + 1))
                for b in degrees:
                    for d in degrees:
                        if a + b <= surface.degree and c + d <= surface.degree:
                            line = two[1][b, d]
                            x += np.outer(line, line[reach + mx])
                terms.append((-np.outer(y[reach:], y[reach + my]), x))
    for y, _ in terms:
        # On the row dy = 0, m and -m are both among the unknowns: each takes half.
        y[:, 0] /= 2
    rows, columns = slice(inner_reach + 1), slice(reach - inner_reach, reach + inner_reach + 1)
    among = sum(np.kron(y[rows], x[columns]) for y, x in terms) / pairs[inner, None]
    at_l = (reach + dy, reach + dx)
    own = sum(two[0][a, a, at_l[0]] * two[1][b, b, at_l[1]] for a, b in surface._members)
    with ONE_BLAS_THREAD:
        inverse = np.asarray(np.linalg.inv(np.eye(inner.size) - among))
    return Bias(tuple(terms), inner, inverse, pairs, np.asarray(own / pairs))


def _two(line: FloatArray, reach: int) -> FloatArray:
    """Return the sums over p of P_a(p) P_b(p + l), shape (a, b, 2 reach + 1)."""
    count, side = line.shape
    result = np.zeros((count, count, 2 * reach + 1))
    for lag in range(-reach, reach + 1):
        start, stop = max(0, -lag), min(side, side - lag)
        if start < stop:
            result[:, :, reach + lag] = line[:, start:stop] @ line[:, start + lag : stop + lag].T
    return result


def _three(line: FloatArray, reach: int, inner: int) -> list[FloatArray]:
    """Return the sums over p of P(p) P(p + l - m), p + l on the line: (l, m) for each P."""
    count, side = line.shape
    padded = np.zeros((count, side + 2 * reach))
    padded[:, reach : reach + side] = line
    # Row l holds P(q - l) at q = p + l.
    shifted = np.lib.stride_tricks.sliding_window_view(padded, side, axis=1)[:, ::-1]
    middle = slice(reach - inner, reach + inner + 1)
    return [rows @ rows[middle].T for rows in shifted]
