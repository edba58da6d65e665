"""What a mask will do, computed from the noise: noise still copied, and pixels needlessly hidden.

A blind-spot network predicts each pixel from the neighbours that the mask leaves visible. Whatever
of the noise those neighbours predict, the network learns to copy. For a best linear prediction that
share is b' C^-1 b / G(0), with C the noise covariance between the visible neighbours, b between
them and the centre, G(0) the noise variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.mask import Mask
from structmask_gui.core.neighbours import (
    RIDGE,
    BoolArray,
    FloatArray,
    LagArray,
    Predictor,
    at_lags,
    checked_covariance,
    covariances,
    folded_covariances,
    hidden_by,
    inside_out,
    mask_array,
    mirrored_half,
    predictor,
    reach_of,
    ring_of,
    square_lags,
)
from structmask_gui.core.threads import one_blas_thread

Axis = Literal["rows", "columns", "diagonals", "antidiagonals"]

RADIUS = 10
"""Radius of the neighbourhood for the live figures."""

NEEDLESS_RISE = 0.001
"""A hidden pixel is needless if freeing it raises "still copied" by no more than this."""

SQUARE_RADIUS = 12
"""Up to this radius the curve takes the full square; beyond, a band along the noise's long axis."""

_BAND = 2
"""Half width of that band."""

FAR_RADIUS = 48
"""How far the curve looks by default: as far as a U-Net of depth 3 sees."""

SPAN_SHARE = 0.01
"""The noise spans the line if pixels beyond half the curve's reach still predict this share."""

_LEAST_FAR = 24
"""A curve that ends earlier cannot tell a whole line from a long one."""

_DIRECTIONS: dict[Axis, tuple[int, int]] = {
    "rows": (0, 1),
    "columns": (1, 0),
    "diagonals": (1, 1),
    "antidiagonals": (1, -1),
}


@dataclass(frozen=True)
class Figures:
    """How a mask stands towards the noise.

    Attributes
    ----------
    radius : int
        Radius of the square of neighbours looked at.
    copied : float
        Share of the noise variance that the visible neighbours predict, 0 to 1.
    copied_bare : float
        The same for the bare centre: what there is to hide.
    needless : bool array
        Of the mask's shape: the hidden pixels that could be freed, all together, without raising
        `copied` by more than `NEEDLESS_RISE`. The centre is never one. Nor are pixels beyond the
        radius, which are not judged.
    judged : int
        Number of hidden pixels, without the centre, within the radius.
    """

    radius: int
    copied: float
    copied_bare: float
    needless: BoolArray
    judged: int

    @property
    def needlessly_hidden(self) -> int:
        """Number of needless pixels."""
        return int(self.needless.sum())


@one_blas_thread
def figures(
    noise: ArrayLike, mask: Mask | ArrayLike | None, radius: int = RADIUS, *, ridge: float = RIDGE
) -> Figures:
    """Return "still copied" and "needlessly hidden" of a mask; a few milliseconds at radius 10.

    Parameters
    ----------
    noise : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance (or autocorrelation) of the noise, at least up to twice the radius.
    mask : Mask or array_like, optional
        Any mask, asymmetric ones too; None is the bare centre.
    radius : int
        Neighbours within max(|dy|, |dx|) <= radius are looked at.
    ridge : float
        See `predictor`.

    Raises
    ------
    InputError
        If the noise is no autocovariance or the mask no mask.
    ParameterError
        If the noise was not measured far enough for the radius.
    """
    noise = checked_covariance(noise, "the noise")
    array = mask_array(mask)
    lags = square_lags(radius)
    hidden = hidden_by(array, lags)
    bare = predictor(noise, lags, ridge=ridge)
    visible = predictor(noise, lags[~hidden], ridge=ridge) if hidden.any() else bare
    free = _needless(noise, visible, lags[hidden])
    needless = np.zeros(array.shape, dtype=np.bool_)
    half = (array.shape[0] // 2, array.shape[1] // 2)
    needless[free[:, 0] + half[0], free[:, 1] + half[1]] = True
    return Figures(radius, visible.explained, bare.explained, needless, int(hidden.sum()))


@one_blas_thread
def still_copied(
    noise: ArrayLike, mask: Mask | ArrayLike | None, radius: int = RADIUS, *, ridge: float = RIDGE
) -> float:
    """Return the share of the noise variance that the visible neighbours predict; see `figures`."""
    noise = checked_covariance(noise, "the noise")
    lags = square_lags(radius)
    return predictor(noise, lags[~hidden_by(mask_array(mask), lags)], ridge=ridge).explained


def _needless(noise: FloatArray, visible: Predictor, hidden: LagArray) -> LagArray:
    """Return the hidden lags that can be freed together, the least telling first.

    What a hidden pixel would add is the square of its covariance with the centre, divided by its
    variance, both given the visible ones. After each that is freed, both are updated.
    """
    from scipy.linalg.lapack import dtrtrs

    if not len(hidden):
        return hidden
    # Mirrored pairs are freed together, so that a symmetric mask stays symmetric.
    half = mirrored_half(hidden) if visible.folded else None
    used = hidden if half is None else half
    if half is None:
        given = covariances(noise, used, used)
        cross = covariances(noise, visible.lags, used)
    else:
        given = folded_covariances(noise, used)
        cross = covariances(noise, visible.lags, used) + covariances(noise, visible.lags, -used)
    centre = at_lags(noise, used)
    if len(visible.lags):
        known, _ = dtrtrs(visible.factor, cross, lower=1)
        given = given - known.T @ known
        centre = centre - known.T @ visible.part
    given[np.diag_indices_from(given)] += visible.ridge * visible.variance
    most = NEEDLESS_RISE * visible.variance / visible.pairs
    free = used[freeing_order(given, centre, most)[0]]
    return free if half is None else np.concatenate((free, -free))


def freeing_order(
    covariance: FloatArray, centre: FloatArray, most: float = np.inf
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return in which order hidden pixels are best freed, each time the one that tells least.

    Parameters
    ----------
    covariance : float64 array (n, n)
        Covariance of the hidden pixels, given those visible; changed.
    centre : float64 array (n,)
        Their covariance with the centre, given those visible.
    most : float
        Stop before the explained variance has risen by more than this.

    Returns
    -------
    order : int array (k,)
        Indices, the first to free first.
    rises : float64 array (k,)
        By how much the explained variance rises with each.
    """
    n = len(centre)
    s, left = centre.copy(), np.ones(n, dtype=np.bool_)
    # A pixel that the visible ones determine tells nothing more, whatever rounding leaves of it.
    least = 1e-12 * float(np.diagonal(covariance).max(initial=1e-300))
    order: list[int] = []
    rises: list[float] = []
    total = 0.0
    for _ in range(n):
        diagonal = np.maximum(np.diagonal(covariance), least)
        rise = np.where(left, s * s / diagonal, np.inf)
        j = int(rise.argmin())
        total += float(rise[j])
        if total > most:
            break
        order.append(j)
        rises.append(float(rise[j]))
        left[j] = False
        row = covariance[j] / diagonal[j]
        s -= row * s[j]
        covariance -= np.outer(row, covariance[j])
    return np.array(order, dtype=np.intp), np.array(rises)


@dataclass(frozen=True)
class CopiedCurve:
    """What is still copied, as a function of how far the network sees.

    Attributes
    ----------
    radii : int array (n,)
        1, 2, ... up to the last radius.
    copied : float64 array (n,)
        Share of the noise variance that the visible neighbours within each radius predict; never
        falls. Beyond `square` it is a lower bound, because only a band along `axis` is looked at.
    square : int
        Radius up to which all neighbours are looked at.
    axis : str
        The noise's long axis: "rows", "columns", "diagonals" or "antidiagonals".
    settled : bool
        Whether the second half of the curve rises by no more than `SPAN_SHARE`.
    beyond : float
        Share of the noise variance that the line through the centre along `axis` predicts with
        everything within half the last radius hidden.
    spans : bool
        Whether the noise spans the line: `beyond` is over `SPAN_SHARE`, so no mask that leaves
        the network something to see hides it. The line offsets must go first. False where the
        curve ends before 24 pixels, which is too early to tell.
    """

    radii: NDArray[np.int64]
    copied: FloatArray
    square: int
    axis: Axis
    settled: bool
    beyond: float
    spans: bool

    @property
    def sentence(self) -> str:
        """What the curve says, in one sentence."""
        far = int(self.radii[-1])
        if self.spans:
            what = {"rows": "row", "columns": "column"}.get(self.axis, "line")
            offsets = f"the {what} offsets" if what != "line" else "them"
            return (
                f"The noise runs along whole {self.axis}: pixels over {far // 2} px away still tell"
                f" {100 * self.beyond:.1f} % of it. No mask of this size hides it; remove"
                f" {offsets} first."
            )
        if not self.settled:
            return (
                f"A network that sees {far} px copies {100 * self.copied[-1]:.1f} % of the noise,"
                " and one that sees further copies more; make the mask longer."
            )
        return f"A network that sees {far} px copies {100 * self.copied[-1]:.1f} % of the noise."


@one_blas_thread
def copied_curve(
    noise: ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = FAR_RADIUS,
    *,
    square: int = SQUARE_RADIUS,
    ridge: float = RIDGE,
) -> CopiedCurve:
    """Return "still copied" over the radius, up to what the trainer's network sees.

    Parameters
    ----------
    noise : array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise. Where it was not measured up to twice the radius, the curve
        ends earlier.
    mask : Mask or array_like, optional
        Any mask; None is the bare centre.
    radius : int
        The last radius.
    square : int
        The full square is solved up to here, a band along the noise's long axis beyond.
    ridge : float
        See `predictor`.

    Raises
    ------
    InputError, ParameterError
        As `figures`.
    """
    noise = checked_covariance(noise, "the noise")
    array = mask_array(mask)
    if radius < 1 or square < 1:
        raise ParameterError("The radius of the curve must be a whole number from 1 up.")
    square = min(square, radius, min(reach_of(noise)) // 2)
    axis = long_axis(noise)
    far = max(square, min(radius, _far_along(noise, axis)))
    lags = field_lags(square, far, axis) if square else band_lags(far, axis)
    visible = predictor(noise, lags[~hidden_by(array, lags)], ridge=ridge)
    radii = np.arange(1, far + 1)
    copied = visible.explained_within(radii)
    beyond = line_beyond(noise, axis, far, ridge=ridge)
    return CopiedCurve(
        radii=radii,
        copied=copied,
        square=square,
        axis=axis,
        settled=bool(copied[-1] - copied[max(0, far // 2 - 1)] <= SPAN_SHARE),
        beyond=beyond,
        spans=beyond > SPAN_SHARE and far >= _LEAST_FAR,
    )


def long_axis(noise: FloatArray) -> Axis:
    """Return the direction along which the correlation is strongest far out.

    Compared are the sums of |G| along the four lines through lag zero, without the centre, as far
    as the covariance goes in both directions.
    """
    reach = reach_of(noise)
    length = min(reach)
    steps = np.arange(1, length + 1)
    sums = {}
    for axis, (dy, dx) in _DIRECTIONS.items():
        sums[axis] = float(np.abs(noise[reach[0] + dy * steps, reach[1] + dx * steps]).sum())
    return max(sums, key=lambda axis: sums[axis])


def _far_along(noise: FloatArray, axis: Axis) -> int:
    """Return the largest radius of a band along an axis that the covariance holds."""
    reach = reach_of(noise)
    if axis == "rows":
        return reach[1] // 2
    if axis == "columns":
        return reach[0] // 2
    return (min(reach) - _BAND) // 2


def band_lags(radius: int, axis: Axis) -> LagArray:
    """Return the lags, inside out, of a narrow band along an axis, without zero, shape (n, 2)."""
    dy, dx = _DIRECTIONS[axis]
    along = np.arange(-radius, radius + 1)
    across = np.arange(-_BAND, _BAND + 1)
    # Across a row is down; across a column, and across both diagonals, is to the right.
    side = (1, 0) if axis == "rows" else (0, 1)
    lags = along[:, np.newaxis, np.newaxis] * np.array([dy, dx]) + across[:, np.newaxis] * np.array(
        side
    )
    flat = lags.reshape(-1, 2)
    return inside_out(flat[np.any(flat != 0, axis=1) & (ring_of(flat) <= radius)])


def field_lags(square: int, far: int, axis: Axis) -> LagArray:
    """Return a square of neighbours and, beyond it, a band along an axis, inside out."""
    lags = square_lags(square)
    if far <= square:
        return lags
    band = band_lags(far, axis)
    return inside_out(np.concatenate((lags, band[ring_of(band) > square])))


def line_beyond(noise: FloatArray, axis: Axis, far: int, *, ridge: float = RIDGE) -> float:
    """Return what the outer half of a line through the centre predicts of the noise, 0 to 1."""
    steps = np.arange(far // 2 + 1, far + 1)[:, np.newaxis] * np.array(_DIRECTIONS[axis])
    lags = inside_out(np.concatenate((steps, -steps)))
    return predictor(noise, lags, ridge=ridge).explained
