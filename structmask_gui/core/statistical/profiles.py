"""Curves through a measured correlation: along a direction of lags, and over brightness."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.statistical.estimate import CorrelationEstimate

LagDirection = tuple[int, int]
"""A step (dy, dx) without a common divisor, dy > 0 or dy = 0 and dx > 0."""

ALONG_X: LagDirection = (0, 1)
ALONG_Y: LagDirection = (1, 0)

_FARTHEST_STEP = 3


@dataclass(frozen=True, eq=False)
class Profile:
    """The correlation along a direction."""

    direction: LagDirection  # The step (dy, dx)
    lags: NDArray[np.intp]
    """Shape (n,); distance in pixels along the longer side of the step, negative before the
    centre."""
    rho: FloatArray  # shape (n,); correlation and the ends of its confidence interval
    low: FloatArray
    high: FloatArray
    main: bool = False
    """Whether most of the correlation lies along it."""


def profile(estimate: CorrelationEstimate, direction: LagDirection, reach: int) -> Profile:
    """Return the correlation along a direction with its 95 % confidence band.

    ``reach``: Largest lag; less where the measurement reaches less far.
    """
    from scipy.special import stdtrit

    lags = estimate.lags
    dy, dx = direction
    longer = max(abs(dy), abs(dx))
    most = min(reach, lags.reach) // longer
    steps = np.arange(-most, most + 1)
    places = lags.reach + steps * dy, lags.reach + steps * dx
    rho = lags.rho[places]
    # Only along the line: a slider waits for it.
    half = stdtrit(lags.degrees[places], 0.975) * lags.standard_error[places]
    return Profile(direction, steps * longer, rho, rho - half, rho + half)


def profiles(estimate: CorrelationEstimate, kept: BoolArray) -> tuple[Profile, ...]:
    """Return the profiles along x and y, and along the main direction if that is another.

    ``kept``: shape (2 reach + 1, 2 reach + 1); lags whose correlation is significant and large
    enough.
    """
    reach = kept.shape[0] // 2
    main = main_direction(np.where(kept, estimate.lags.within(reach).rho, 0.0))
    directions = [ALONG_X, ALONG_Y]
    if main is not None and main not in directions:
        directions.append(main)
    return tuple(
        replace(profile(estimate, direction, reach), main=direction == main)
        for direction in directions
    )


def main_direction(rho: FloatArray) -> LagDirection | None:
    """Return the direction that holds most of the squared correlation, or None if there is none.

    ``rho``: shape (2 reach + 1, 2 reach + 1); correlation, the zero lag in the middle. Set what is
    not significant to 0.
    """
    reach = rho.shape[0] // 2
    best, most = None, 0.0
    farthest = min(_FARTHEST_STEP, reach)
    for dy in range(farthest + 1):
        for dx in range(-farthest, farthest + 1):
            if (dy, dx) <= (0, 0) or np.gcd(dy, dx) != 1:
                continue
            steps = np.arange(1, reach // max(dy, abs(dx)) + 1)
            held = float((rho[reach + steps * dy, reach + steps * dx] ** 2).sum())
            if held > most * (1 + 1e-9):
                best, most = (dy, dx), held
    return best


@dataclass(frozen=True, eq=False)
class BrightnessCurve:
    """The mean of the strongest correlations in patches of each brightness."""

    brightness: FloatArray
    """Shape (n,); mean grey level of the patches of each bin, from dark to bright."""
    rho: FloatArray
    error: FloatArray
    """Shape (n,); mean correlation of the strongest lags, positive as a whole, and its standard
    error."""
    n_lags: int  # How many lags it is the mean of


def brightness_curve(estimate: CorrelationEstimate, rho_min: float) -> BrightnessCurve | None:
    """Return the mean of the strongest lags in each bin of brightness.

    The strongest are those of at least ``rho_min`` and half of the largest correlation; negative
    ones are counted with their sign turned.

    None where brightness was not measured, or no correlation reaches ``rho_min``.
    """
    bins, rho = estimate.brightness, estimate.lags.rho
    if len(bins) < 2:
        return None
    size = np.abs(rho)
    size[estimate.lags.reach, estimate.lags.reach] = 0.0
    strongest = size >= max(rho_min, 0.5 * float(size.max()))
    if not strongest.any() or not size.any():
        return None
    signs = np.sign(rho[strongest])
    return BrightnessCurve(
        np.array([one.brightness for one in bins]),
        np.array([float((one.lags.rho[strongest] * signs).mean()) for one in bins]),
        np.array([float(one.lags.standard_error[strongest].mean()) for one in bins]),
        int(strongest.sum()),
    )
