"""Ring analysis: the published way from the averaged autocorrelation to a selection of pixels.

Source: autoStructN2V, its program (version 0.1, May 2025) and its documentation. The two differ,
so both are here, as two conventions. The formulas are stated in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.parameters.model import Parameters


@dataclass(frozen=True)
class Ring:
    """What was decided about one ring.

    Attributes
    ----------
    index : int
        k: the ring holds the lags with max(|dy|, |dx|) = k.
    pixels : int
        Number of pixels in it.
    maximum : float
        Its largest value.
    ratio : float
        Its maximum divided by the centre's value; NaN if that is 0.
    threshold : float
        The value a pixel has to exceed (as implemented) or reach (as documented).
    considered : bool
        Whether its maximum is high enough for the ring to count at all.
    kept : int
        Pixels selected in it.
    added_by_proximity : int
        Of those, the ones selected only because they are almost as high as the centre.
    dropped_by_proximity : int
        Pixels above the threshold that the documented proximity rule took away again.
    """

    index: int
    pixels: int
    maximum: float
    ratio: float
    threshold: float
    considered: bool
    kept: int
    added_by_proximity: int
    dropped_by_proximity: int


@dataclass(frozen=True, eq=False)
class RingAnalysis:
    """The rings' decisions and the pixels they select.

    Attributes
    ----------
    rings : tuple of Ring
        From the innermost, k = 1, outwards.
    selected : ndarray of bool
        Shape of the centre square, the centre True; before component and size limit.
    """

    rings: tuple[Ring, ...]
    selected: BoolArray


@lru_cache(maxsize=8)
def _ring_index(shape: tuple[int, int]) -> NDArray[np.intp]:
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
    index = _ring_index(shape).ravel()
    order = np.argsort(index, kind="stable")
    ends = np.cumsum(np.bincount(index))
    return tuple(np.split(order, ends[:-1])[1:])


def _scaled(values: FloatArray) -> FloatArray:
    """Scale to 0 .. 1 by minimum and maximum; what is constant becomes 0."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def adapt(centre: FloatArray, parameters: Parameters) -> FloatArray:
    """Apply the adaptive step of the convention in force to the centre square.

    Parameters
    ----------
    centre : ndarray, shape (height, width), both odd
        The averaged autocorrelation about the zero lag; symmetric.
    parameters : Parameters
        ``convention``, ``adapt_autocorr``, ``adapt_CB`` and ``adapt_DF`` are used.

    Returns
    -------
    ndarray
        What the rings see, and what `StructuralNoiseExtractor.extract_mask` returns as centre.
    """
    if parameters.convention == "as-implemented":
        return _adapt_as_implemented(centre, parameters) if parameters.adapt_autocorr else centre
    if parameters.adapt_autocorr:
        middle = centre[centre.shape[0] // 2, centre.shape[1] // 2]
        falling = parameters.adapt_CB / (1 + parameters.adapt_DF * _distance(centre.shape))
        centre = np.where(centre > middle * falling / 100, centre, 0.0)
    return _scaled(centre)


def _adapt_as_implemented(centre: FloatArray, parameters: Parameters) -> FloatArray:
    furthest = np.sqrt(2) * (max(centre.shape) // 2)
    falling = parameters.adapt_DF ** (10 * _distance(centre.shape) / furthest)
    threshold = np.median(centre) * parameters.adapt_CB * falling
    return _scaled(centre) - _scaled(threshold) / 2


def analyse_rings(centre: FloatArray, parameters: Parameters) -> RingAnalysis:
    """Decide ring by ring which pixels of the adapted centre square belong to the mask.

    Parameters
    ----------
    centre : ndarray, shape (height, width), both odd
        From `adapt`; symmetric.
    parameters : Parameters
        The parameters of the stage "rings" are used.

    Returns
    -------
    RingAnalysis
        One `Ring` for each of k = 1 .. max(height, width) // 2.
    """
    selected = np.zeros(centre.size, dtype=bool)
    values = centre.ravel()
    middle = centre.size // 2
    rings = []
    decide = _DECIDE[parameters.convention]
    for index, members in enumerate(_members(centre.shape), start=1):
        ring, true = decide(index, values[members], float(values[middle]), parameters)
        selected[members] = true
        rings.append(ring)
    selected[middle] = True
    return RingAnalysis(tuple(rings), selected.reshape(centre.shape))


# Anything above 100 keeps nothing; without a limit the power leaves the range of a float in the
# thousandth ring.
_MOST_PERCENT = 1e12


def _percent(parameters: Parameters, power: int) -> float:
    try:
        grown = parameters.base_percentile * parameters.percentile_decay**power
    except OverflowError:
        return _MOST_PERCENT
    return min(grown, _MOST_PERCENT)


def _decide_as_implemented(
    index: int, values: FloatArray, middle: float, parameters: Parameters
) -> tuple[Ring, BoolArray]:
    low, high = float(values.min()), float(values.max())
    percent = _percent(parameters, index - 1)
    threshold = low + (high - low) * percent / 100
    considered = high >= middle * parameters.center_ratio_threshold
    above = values > threshold if considered else np.zeros(len(values), dtype=bool)
    near = np.zeros(len(values), dtype=bool)
    if considered and parameters.use_center_proximity and middle != 0:
        near = values / middle > parameters.center_proximity_threshold
    true = above | near
    ring = Ring(
        index=index,
        pixels=len(values),
        maximum=high,
        ratio=high / middle if middle else np.nan,
        threshold=threshold,
        considered=bool(considered),
        kept=int(true.sum()),
        added_by_proximity=int((near & ~above).sum()),
        dropped_by_proximity=0,
    )
    return ring, true


def _decide_as_documented(
    index: int, values: FloatArray, middle: float, parameters: Parameters
) -> tuple[Ring, BoolArray]:
    high = float(values.max())
    percent = min(100.0, _percent(parameters, index))
    threshold = float(np.percentile(values, percent))
    considered = middle > 0 and high / middle > parameters.center_ratio_threshold
    above = (values >= threshold) & (values > 0) & considered
    true = above
    if parameters.use_center_proximity and middle > 0:
        true = above & (values / middle >= parameters.center_proximity_threshold)
    ring = Ring(
        index=index,
        pixels=len(values),
        maximum=high,
        ratio=high / middle if middle else np.nan,
        threshold=threshold,
        considered=bool(considered),
        kept=int(true.sum()),
        added_by_proximity=0,
        dropped_by_proximity=int((above & ~true).sum()),
    )
    return ring, true


_Decide = Callable[[int, FloatArray, float, Parameters], tuple[Ring, BoolArray]]

_DECIDE: dict[str, _Decide] = {
    "as-implemented": _decide_as_implemented,
    "as-documented": _decide_as_documented,
}
