"""Copied noise against the radius of the receptive field.

The full square of neighbours is solved as far as that is quick, a band along the noise's long axis
beyond. A curve that does not settle means noise that spans the whole line.
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
    hidden_by,
    inside_out,
    mask_array,
    predictor,
    reach_of,
    ring_of,
    square_lags,
    variance_of,
)
from structmask_gui.core.quality.small_sample import (
    bias_per_lag,
    copied_by,
    with_samples,
    without_bias,
)
from structmask_gui.core.threads import one_blas_thread

Axis = Literal["rows", "columns", "diagonals", "antidiagonals"]

SQUARE_RADIUS = 12
"""Up to this radius the curve takes the full square; beyond, a band along the noise's long axis."""

_BAND = 2
"""Half width of that band."""

FAR_RADIUS = 48
"""Default end of the curve: the receptive field of a U-Net of depth 3."""

SPAN_SHARE = 0.01
"""The noise spans the line if pixels beyond half the curve's reach still predict this share."""

_FARTHEST = 4
"""The last of so many parts of the lags along a line are its farthest."""

_LEAST_FAR = 24
"""A curve that ends earlier cannot distinguish a whole line from a long one."""

_DIRECTIONS: dict[Axis, tuple[int, int]] = {
    "rows": (0, 1),
    "columns": (1, 0),
    "diagonals": (1, 1),
    "antidiagonals": (1, -1),
}


@dataclass(frozen=True)
class CopiedCurve:
    """Noise still copied, by the radius of the receptive field."""

    radii: NDArray[np.int64]
    """1, 2, ... up to the last radius."""
    copied: FloatArray
    """Share of the noise variance that the visible neighbours within each radius predict; never
    falls. Beyond `square` a lower bound, because only a band along `axis` is considered."""
    square: int
    """Radius up to which all neighbours are considered."""
    axis: Axis
    """The noise's long axis."""
    settled: bool
    """Whether the second half of the curve rises by no more than `SPAN_SHARE`."""
    beyond: float
    """Share of the noise variance that the line through the centre along `axis` predicts with
    everything within half the last radius hidden."""
    spans: bool
    """Whether the noise spans the line, so that its offsets must be removed first: `beyond` is over
    `SPAN_SHARE`, and the farthest pixels of a line share over `SPAN_SHARE` more than the error of
    an estimated offset. False where the curve ends before 24 pixels, and where the frames say that
    these offsets were removed."""
    rest: bool = False
    """Whether `beyond` is over `SPAN_SHARE` but the noise does not span the line: removing offsets
    would not help."""

    @property
    def sentence(self) -> str:
        """The result, for the user."""
        far = int(self.radii[-1])
        if self.spans:
            what = {"rows": "row", "columns": "column"}.get(self.axis, "line")
            offsets = f"the {what} offsets" if what != "line" else "them"
            return (
                f"The noise runs along whole {self.axis}: {100 * self.beyond:.1f} % is predicted by"
                f" pixels more than {far // 2} px away. No mask of this size hides it; remove"
                f" {offsets} first."
            )
        least = "at least " if far > self.square else ""
        said = (
            f"A network with a receptive field of {far} px copies"
            f" {least}{100 * self.copied[-1]:.1f} % of the noise"
        )
        if self.rest:
            along = {"rows": "the row", "columns": "the column"}.get(self.axis, self.axis)
            return (
                f"{said}. {100 * self.beyond:.1f} % is predicted by pixels more than {far // 2} px"
                f" away along {along}; neither a mask nor destriping removes it."
            )
        if not self.settled:
            return f"{said}, and one with a larger field copies more; make the mask longer."
        return f"{said}."


@one_blas_thread
def copied_curve(
    noise: Covariance | ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = FAR_RADIUS,
    *,
    square: int = SQUARE_RADIUS,
    through: tuple[int, float] | None = None,
) -> CopiedCurve:
    """Return "still copied" over the radius, up to the network's receptive field.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance of the noise. Where it was not measured up to twice the radius, the curve
        ends earlier.
    mask : Mask or array_like, optional
        Any mask; None is the bare centre.
    radius : int
        The last radius.
    square : int
        The full square is solved up to here, a band along the noise's long axis beyond.
    through : (int, float), optional
        A radius and the share copied there by `figures`. By chance the values fall here and there;
        the curve is made to rise through this point.
    """
    values, samples = with_samples(noise)
    array = mask_array(mask)
    if radius < 1 or square < 1:
        raise ParameterError("The radius of the curve must be a whole number from 1 up.")
    square = min(square, radius, min(reach_of(values)) // 2)
    axis = long_axis(values)
    far = max(square, min(radius, _far_along(values, axis)))
    lags = field_lags(square, far, axis) if square else band_lags(far, axis)
    visible = predictor(values, lags[~hidden_by(array, lags)])
    radii = np.arange(1, far + 1)
    copied = visible.explained_within(radii)
    if samples is not None:
        each = np.concatenate(
            ([0.0], visible.pairs * np.cumsum(bias_per_lag(samples, visible.lags)))
        )
        within = np.searchsorted(ring_of(visible.lags), radii, side="right")
        copied = without_bias(copied, each[within])
    if through is None:
        copied = np.maximum.accumulate(copied)
    else:
        copied = _never_falling(copied, min(through[0], square), through[1])
    beyond = line_beyond(values, axis, far, samples)
    far_matters = beyond > SPAN_SHARE and far >= _LEAST_FAR
    spans = far_matters and _offsets_pay(noise, values, axis)
    return CopiedCurve(
        radii=radii,
        copied=copied,
        square=square,
        axis=axis,
        settled=bool(copied[-1] - copied[max(0, far // 2 - 1)] <= SPAN_SHARE),
        beyond=beyond,
        spans=spans,
        rest=far_matters and not spans,
    )


def _never_falling(shares: FloatArray, radius: int, share: float) -> FloatArray:
    """Return the shares for radii 1, 2, ... so that they never fall and go through a point."""
    before = np.minimum(np.maximum.accumulate(shares[: radius - 1]), share)
    after = np.maximum(np.maximum.accumulate(shares[radius:]), share)
    return np.concatenate((before, [share], after))


def _offsets_pay(noise: Covariance | ArrayLike, values: FloatArray, axis: Axis) -> bool:
    """Whether removing the offset of every line removes clearly more noise than it adds.

    The median of n independent pixels has the variance pi / (2 n). The farthest pixels measured
    share no less than the variance of the offsets.
    """
    reach, (dy, dx) = reach_of(values), _DIRECTIONS[axis]
    length = min(r for r, step in zip(reach, (dy, dx), strict=True) if step)
    far = np.arange(max(1, length - length // _FARTHEST), length + 1)
    shared = float(values[reach[0] + dy * far, reach[1] + dx * far].mean() / variance_of(values))
    sides = (2 * reach[0] + 1, 2 * reach[1] + 1)
    if isinstance(noise, Covariance):
        if noise.destriped == axis:
            return False
        sides = noise.sides or sides
    pixels = min(side for side, step in zip(sides, (dy, dx), strict=True) if step)
    return shared > np.pi / (2 * pixels) + SPAN_SHARE


def long_axis(noise: FloatArray) -> Axis:
    """Return the axis with the largest sum of |G| along the line through lag zero."""
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
    noise: FloatArray, axis: Axis, far: int, samples: FloatArray | None = None
) -> float:
    """Return the share of the noise that the outer half of a line through the centre predicts."""
    steps = np.arange(far // 2 + 1, far + 1)[:, np.newaxis] * np.array(_DIRECTIONS[axis])
    lags = inside_out(np.concatenate((steps, -steps)))
    return copied_by(predictor(noise, lags), samples)
