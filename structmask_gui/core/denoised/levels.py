"""Grey levels of an output that lost something when it was saved: too few, or clipped."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import AnyArray

_MOST_LEVELS, _ROUNDING = 64, 0.02
"""Number of grey levels that is small, and share of the noise's variance that rounding may add."""

_CLIPPED, _BEYOND = 0.002, 0.5
"""Share of the output at its lowest or highest grey level, and how far the raw frames are beyond it
there on average, in standard deviations of the noise, from which it is clipped."""


def few_levels(output: AnyArray, noise: float) -> str:
    """Say that a frame of an output has few grey levels; empty if that does not matter.

    ``noise``: variance of the noise of the raw frames.
    """
    levels = np.unique(output[np.isfinite(output)])
    count = len(levels)
    if not 2 <= count <= _MOST_LEVELS:
        return ""
    step = float(levels[-1] - levels[0]) / (count - 1)
    share = step**2 / 12 / noise
    if share < _ROUNDING:
        return ""
    return (
        f"The output has only {count} grey levels: rounding adds an error of"
        f" {100 * share:.0f} % of the noise. Save it with decimals, as 32-bit float."
    )


def clipped(raw: AnyArray, output: AnyArray, noise: float) -> str:
    """Say that a frame of an output is clipped; empty if it is not.

    ``raw``: the same part of the raw frame; ``noise``: variance of its noise.
    """
    good = np.isfinite(raw) & np.isfinite(output)
    if not good.any():
        return ""
    for level, where, sign in (
        (float(output[good].min()), "below", -1),
        (float(output[good].max()), "above", 1),
    ):
        if not level.is_integer():
            continue  # A background without noise, no limit of a file
        there = good & (output == level)
        beyond = sign * (float(raw[there].mean(dtype=np.float64)) - level)
        if there.mean() >= _CLIPPED and beyond > _BEYOND * noise**0.5:
            return (
                f"The output is clipped: {100 * there.mean():.1f} % of it is exactly {level:g},"
                f" where the raw frames lie {where}. Save it as 32-bit float, without limits."
            )
    return ""
