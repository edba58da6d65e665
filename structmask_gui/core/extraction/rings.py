"""Ring analysis of the averaged autocorrelation, in both conventions of autoStructN2V.

Its program (version 0.1, May 2025) and its documentation differ; each is a convention here. The
formulas are stated in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.parameters.model import Parameters


class Decision(IntEnum):
    """What became of a pixel of the centre square."""

    NOTHING = 0
    KEPT = 1
    ADDED = 2
    NOT_JOINED = 3
    OVER_LIMIT = 4
    NOT_CLOSE = 5
    CENTRE = 6


@dataclass(frozen=True)
class Ring:
    """What was decided about one ring."""

    index: int
    """k: the ring holds the lags with max(|dy|, |dx|) = k."""
    pixels: int
    maximum: float
    ratio: float
    """Its maximum divided by the centre's value; NaN if that is 0."""
    threshold: float
    """The value a pixel has to exceed (as implemented) or reach (as documented)."""
    considered: bool
    """Whether its maximum is high enough for the ring to count at all."""
    kept: int
    added_by_proximity: int
    """Pixels kept only because they are almost as high as the centre."""
    dropped_by_proximity: int
    """Pixels above the threshold that the documented proximity rule removed again."""


@dataclass(frozen=True, eq=False)
class RingAnalysis:
    """The rings' decisions and the pixels they select."""

    rings: tuple[Ring, ...]
    """From the innermost, k = 1, outwards."""
    selected: BoolArray
    """Shape of the centre square, the centre True; before component rule and size limit."""
    above: BoolArray
    """Which pixels pass the threshold of their ring, where it is considered; the centre does."""

    @property
    def strongest(self) -> float:
        """The largest ratio of a ring, NaN without any."""
        ratios = [ring.ratio for ring in self.rings]
        return float(np.nanmax(ratios)) if np.isfinite(ratios).any() else np.nan


@lru_cache(maxsize=8)
def ring_index(shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return max(|dy|, |dx|) of each pixel of an array of odd shape."""
    dy = np.abs(np.arange(shape[0]) - shape[0] // 2)
    dx = np.abs(np.arange(shape[1]) - shape[1] // 2)
    return np.maximum(dy[:, np.newaxis], dx)


@lru_cache(maxsize=8)
def _distance(shape: tuple[int, int]) -> FloatArray:
    dy = np.arange(shape[0]) - shape[0] // 2
    dx = np.arange(shape[1]) - shape[1] // 2
    return np.hypot(dy[:, np.newaxis], dx)


@lru_cache(maxsize=8)
def _members(shape: tuple[int, int]) -> tuple[NDArray[np.intp], ...]:
    """Return the flat indices of each ring, from ring 1 outwards."""
    index = ring_index(shape).ravel()
    order = np.argsort(index, kind="stable")
    ends = np.cumsum(np.bincount(index))
    return tuple(np.split(order, ends[:-1])[1:])


def _scaled(values: FloatArray) -> FloatArray:
    """Scale to 0 .. 1 by minimum and maximum; a constant becomes 0."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def adapt(centre: FloatArray, parameters: Parameters) -> FloatArray:
    """Apply the adaptive step to the averaged autocorrelation, odd sides, zero lag in the centre.

    The result is what the rings are decided on, and what `StructuralNoiseExtractor.extract_mask`
    returns as centre.
    """
    if parameters.convention == "as-implemented":
        return _adapt_as_implemented(centre, parameters) if parameters.adapt_autocorr else centre
    if parameters.adapt_autocorr:
        peak = centre[centre.shape[0] // 2, centre.shape[1] // 2]
        falling = parameters.adapt_CB / (1 + parameters.adapt_DF * _distance(centre.shape))
        centre = np.where(centre > peak * falling / 100, centre, 0.0)
    return _scaled(centre)


def _adapt_as_implemented(centre: FloatArray, parameters: Parameters) -> FloatArray:
    furthest = np.sqrt(2) * (max(centre.shape) // 2)
    falling = parameters.adapt_DF ** (10 * _distance(centre.shape) / furthest)
    threshold = np.median(centre) * parameters.adapt_CB * falling
    return _scaled(centre) - _scaled(threshold) / 2


def analyse_rings(centre: FloatArray, parameters: Parameters) -> RingAnalysis:
    """Decide ring by ring which pixels of the centre square, from `adapt`, belong to the mask."""
    selected = np.zeros(centre.size, dtype=bool)
    above = np.zeros_like(selected)
    values = centre.ravel()
    zero = centre.size // 2
    rings = []
    decide = _DECIDE[parameters.convention]
    for index, members in enumerate(_members(centre.shape), start=1):
        inside, peak = values[members], float(values[zero])
        decided = decide(index, inside, peak, parameters)
        selected[members], above[members] = decided.selected, decided.above
        high = float(inside.max())
        rings.append(
            Ring(
                index=index,
                pixels=len(members),
                maximum=high,
                ratio=high / peak if peak else np.nan,
                threshold=decided.threshold,
                considered=decided.considered,
                kept=int(decided.selected.sum()),
                added_by_proximity=int((decided.selected & ~decided.above).sum()),
                dropped_by_proximity=int((decided.above & ~decided.selected).sum()),
            )
        )
    selected[zero] = above[zero] = True
    shape = centre.shape
    return RingAnalysis(tuple(rings), selected.reshape(shape), above.reshape(shape))


# Anything above 100 keeps nothing; without a limit the power leaves the range of a float in the
# thousandth ring.
_MOST_PERCENT = 1e12


def _percent(parameters: Parameters, power: int) -> float:
    try:
        grown = parameters.base_percentile * parameters.percentile_decay**power
    except OverflowError:
        return _MOST_PERCENT
    return min(grown, _MOST_PERCENT)


@dataclass(frozen=True)
class _Decided:
    """A ring's threshold, and which of its pixels are above it and selected."""

    threshold: float
    considered: bool
    above: BoolArray
    selected: BoolArray


def _decide_as_implemented(
    index: int, values: FloatArray, peak: float, parameters: Parameters
) -> _Decided:
    low, high = float(values.min()), float(values.max())
    threshold = low + (high - low) * _percent(parameters, index - 1) / 100
    considered = bool(high >= peak * parameters.center_ratio_threshold)
    above = (values > threshold) & considered
    selected = above
    if considered and parameters.use_center_proximity and peak != 0:
        selected = above | (values / peak > parameters.center_proximity_threshold)
    return _Decided(threshold, considered, above, selected)


def _decide_as_documented(
    index: int, values: FloatArray, peak: float, parameters: Parameters
) -> _Decided:
    high = float(values.max())
    threshold = float(np.percentile(values, min(100.0, _percent(parameters, index))))
    considered = bool(peak > 0 and high / peak > parameters.center_ratio_threshold)
    above = (values >= threshold) & (values > 0) & considered
    selected = above
    if parameters.use_center_proximity and peak > 0:
        selected = above & (values / peak >= parameters.center_proximity_threshold)
    return _Decided(threshold, considered, above, selected)


_DECIDE: dict[str, Callable[[int, FloatArray, float, Parameters], _Decided]] = {
    "as-implemented": _decide_as_implemented,
    "as-documented": _decide_as_documented,
}
