"""How much noise is still copied the further a network sees: "still copied" over the radius.

The full square of neighbours is solved as far as that is quick, a band along the noise's long axis
beyond. A curve that does not settle tells of noise that spans the whole line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import FloatArray, LagArray
from structmask_gui.core.errors import ParameterError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import (
    RIDGE,
    hidden_by,
    inside_out,
    mask_array,
    middle,
    predictor,
    reach_of,
    ring_of,
    square_lags,
)
from structmask_gui.core.quality.small_sample import chances, copied_by, known, less_chance
from structmask_gui.core.threads import one_blas_thread

Axis = Literal["rows", "columns", "diagonals", "antidiagonals"]

SQUARE_RADIUS = 12
"""Up to this radius the curve takes the full square; beyond, a band along the noise's long axis."""

_BAND = 2
"""Half width of that band."""

FAR_RADIUS = 48
"""How far the curve looks by default: as far as a U-Net of depth 3 sees."""

SPAN_SHARE = 0.01
"""The noise spans the line if pixels beyond half the curve's reach still predict this share."""

_FARTHEST = 4
"""The last of so many parts of the lags along a line are its farthest."""

_LEAST_FAR = 24
"""A curve that ends earlier cannot tell a whole line from a long one."""

_DIRECTIONS: dict[Axis, tuple[int, int]] = {
    "rows": (0, 1),
    "columns": (1, 0),
    "diagonals": (1, 1),
    "antidiagonals": (1, -1),
}


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
        the network something to see hides it, and taking the line offsets off pays: what the
        farthest pixels of a line share is over `SPAN_SHARE` more than the error with which an
        offset can be known.
        The offsets must go first. False where the curve ends before 24 pixels, which is too early
        to tell, and where the frames say that these offsets were taken off.
    rest : bool
        Whether `beyond` is over `SPAN_SHARE` but the noise does not span the line: what pixels far
        away still tell is none that line offsets would take with them.
    """

    radii: NDArray[np.int64]
    copied: FloatArray
    square: int
    axis: Axis
    settled: bool
    beyond: float
    spans: bool
    rest: bool = False

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
        least = "at least " if far > self.square else ""
        said = f"A network that sees {far} px copies {least}{100 * self.copied[-1]:.1f} % of the"
        if self.rest:
            return (
                f"{said} noise. Pixels over {far // 2} px away along {self.axis} tell"
                f" {100 * self.beyond:.1f} % of it; no mask takes that away, nor would taking"
                " offsets off."
            )
        if not self.settled:
            return f"{said} noise, and one that sees further copies more; make the mask longer."
        return f"{said} noise."


@one_blas_thread
def copied_curve(
    noise: Covariance | ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = FAR_RADIUS,
    *,
    square: int = SQUARE_RADIUS,
    through: tuple[int, float] | None = None,
    ridge: float = RIDGE,
) -> CopiedCurve:
    """Return "still copied" over the radius, up to what the trainer's network sees.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise; see `figures`. Where it was not measured up to twice the
        radius, the curve ends earlier.
    mask : Mask or array_like, optional
        Any mask; None is the bare centre.
    radius : int
        The last radius.
    square : int
        The full square is solved up to here, a band along the noise's long axis beyond.
    through : (int, float), optional
        A radius and what `figures` says is copied there: chance makes the values fall here and
        there, and the curve is led past that through this point.
    ridge : float
        See `predictor`.

    Raises
    ------
    InputError, ParameterError
        As `figures`.
    """
    values, samples = known(noise)
    array = mask_array(mask)
    if radius < 1 or square < 1:
        raise ParameterError("The radius of the curve must be a whole number from 1 up.")
    square = min(square, radius, min(reach_of(values)) // 2)
    axis = long_axis(values)
    far = max(square, min(radius, _far_along(values, axis)))
    lags = field_lags(square, far, axis) if square else band_lags(far, axis)
    visible = predictor(values, lags[~hidden_by(array, lags)], ridge=ridge)
    radii = np.arange(1, far + 1)
    copied = visible.explained_within(radii)
    if samples is not None:
        each = np.concatenate(([0.0], visible.pairs * np.cumsum(chances(samples, visible.lags))))
        within = np.searchsorted(ring_of(visible.lags), radii, side="right")
        copied = less_chance(copied, each[within])
    if through is None:
        copied = np.maximum.accumulate(copied)
    else:
        copied = _never_falling(copied, min(through[0], square), through[1])
    beyond = line_beyond(values, axis, far, samples, ridge=ridge)
    telling = beyond > SPAN_SHARE and far >= _LEAST_FAR
    spans = telling and _offsets_pay(noise, values, axis)
    return CopiedCurve(
        radii=radii,
        copied=copied,
        square=square,
        axis=axis,
        settled=bool(copied[-1] - copied[max(0, far // 2 - 1)] <= SPAN_SHARE),
        beyond=beyond,
        spans=spans,
        rest=telling and not spans,
    )


def _never_falling(shares: FloatArray, radius: int, share: float) -> FloatArray:
    """Return the shares for radii 1, 2, ... so that they never fall and go through a point."""
    before = np.minimum(np.maximum.accumulate(shares[: radius - 1]), share)
    after = np.maximum(np.maximum.accumulate(shares[radius:]), share)
    return np.concatenate((before, [share], after))


def _offsets_pay(noise: Covariance | ArrayLike, values: FloatArray, axis: Axis) -> bool:
    """Whether taking the offset of every line off takes clearly more of the noise than it puts in.

    The median of n independent pixels has the variance pi / (2 n). What the farthest pixels that
    were measured share is no less than the variance of the offsets.
    """
    reach, (dy, dx) = reach_of(values), _DIRECTIONS[axis]
    length = min(r for r, step in zip(reach, (dy, dx), strict=True) if step)
    far = np.arange(max(1, length - length // _FARTHEST), length + 1)
    shared = float(values[reach[0] + dy * far, reach[1] + dx * far].mean() / middle(values))
    sides = (2 * reach[0] + 1, 2 * reach[1] + 1)
    if isinstance(noise, Covariance):
        if noise.destriped == axis:
            return False
        sides = noise.sides or sides
    pixels = min(side for side, step in zip(sides, (dy, dx), strict=True) if step)
    return shared > np.pi / (2 * pixels) + SPAN_SHARE


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


def line_beyond(
    noise: FloatArray,
    axis: Axis,
    far: int,
    samples: FloatArray | None = None,
    *,
    ridge: float = RIDGE,
) -> float:
    """Return what the outer half of a line through the centre predicts of the noise, 0 to 1."""
    steps = np.arange(far // 2 + 1, far + 1)[:, np.newaxis] * np.array(_DIRECTIONS[axis])
    lags = inside_out(np.concatenate((steps, -steps)))
    return copied_by(predictor(noise, lags, ridge=ridge), samples)
