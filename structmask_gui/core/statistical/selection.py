"""The statistical selection of lags, from their correlation and its cluster-robust error.

The estimate pools lag products over patches; its error comes from the spread over patches, over
rows of tiles and over columns of tiles, because a line that runs across an image is shared by every
tile it crosses. See Cameron, Gelbach and Miller (2011) for errors with two-way clusters, Bartlett
(1946) for the error of a correlation, Benjamini and Hochberg (1995) for the false discovery rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.masks.postprocess import strongest_pairs
from structmask_gui.core.parameters.model import Parameters

_NEXT = 0.1
"""Share of the false discoveries that is set aside for the eight next neighbours."""


@dataclass(frozen=True, eq=False)
class StatisticalSelection:
    """Which lags are significant and large enough."""

    q_values: FloatArray
    """Shape (2 reach + 1, 2 reach + 1); two-sided, by Benjamini and Hochberg over the half plane;
    0 in the middle."""
    significant: BoolArray  # q at most the false discovery rate that was asked for
    large: BoolArray  # Correlation of either sign at least ``rho_min``
    kept: BoolArray
    """Both, within the limit of pixels; the centre is True; equal to its 180-degree
    rotation."""
    dropped_by_limit: int  # Pixels that only the limit took away


def select_lags(estimate: LagEstimate, parameters: Parameters) -> StatisticalSelection:
    """Select the lags of a mask: significant, and of a size that matters.

    ``estimate``: Correlation and error; its reach may be larger than ``max_lag``.
    ``parameters``: ``max_lag``, ``q``, ``rho_min``, ``max_pixels``.
    """
    from scipy.special import stdtr

    tested = estimate.within(parameters.max_lag)
    reach, rho, error = tested.reach, tested.rho, tested.standard_error
    ratio = np.divide(np.abs(rho), error, out=np.full_like(rho, np.inf), where=error > 0)
    ratio[(error <= 0) & (rho == 0)] = 0.0
    p = np.asarray(2 * stdtr(tested.degrees, -ratio))
    half = np.arange(p.size).reshape(p.shape) > p.size // 2
    q = np.zeros_like(p)
    q[half] = benjamini_hochberg(p[half] / _weights(reach)[half])
    q = q + q[::-1, ::-1]
    significant = q <= parameters.q
    large = np.abs(rho) >= parameters.rho_min
    kept = significant & large
    kept[reach, reach] = True
    wanted = int(kept.sum())
    if parameters.max_pixels is not None:
        kept = strongest_pairs(kept, np.abs(rho), parameters.max_pixels)
    return StatisticalSelection(
        q_values=q,
        significant=significant,
        large=large,
        kept=kept,
        dropped_by_limit=wanted - int(kept.sum()),
    )


def _weights(reach: int) -> FloatArray:
    """Return the weight of each lag's proof, of mean 1 over the half plane.

    Noise is shared by next neighbours far more often than by pixels far apart. Weighted p-values
    leave the false discovery rate what it is (Genovese, Roeder and Wasserman 2006).
    """
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    next_to = np.maximum(abs(dy), abs(dx)) <= 1
    lags, near = next_to.size // 2, int(next_to.sum()) // 2
    if near == lags:
        return np.ones(next_to.shape)
    return np.asarray(np.where(next_to, _NEXT * lags / near, (1 - _NEXT) * lags / (lags - near)))


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """Return the q-value of each p-value: the false discovery rate at which it is just kept."""
    order = np.argsort(p_values)
    ranked = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    q = np.minimum.accumulate(ranked[::-1])[::-1]
    result = np.empty_like(p_values)
    result[order] = np.minimum(q, 1.0)
    return result
