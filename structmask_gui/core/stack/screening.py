"""What would be mistaken for noise in real images: clipping, fill, text, hot pixels.

Patches that would mislead are left out with a reason; hot pixels are repaired for the measurement
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, AnyArray, FloatArray

NOT_FINITE = "holds pixels that are not numbers"
CONSTANT = "constant, holds no noise"
CLIPPED = "clipped: over 2 % of the pixels are at the lowest or highest value"
OUTLYING = "its variance is far from that of the others"
NOT_FLAT = "holds structure"
FILLED = "border fill, text or a data bar"

_CLIPPED_SHARE = 0.02
# Variance of counts over their mean, up to which they are counts of photons.
_POISSON = 1.5
# Share of 2 x 2 squares of one value beyond what chance makes of the patch's grey levels.
_FILLED_SHARE = 0.04
# Standard deviations of a patch from which its largest value may be a hot pixel; those of pixels
# less the median of their neighbours from which it is; least of the latter over the former; share
# of hot pixels beyond which they are none.
_SUSPECT, _HOT, _HOT_FLOOR = 5.2, 7.0, 0.15
_MOST_HOT = 0.01


def extremes(patches: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the smallest and the largest value of each patch; NaN where a pixel is NaN.

    ``patches``: shape (n, height, width).
    """
    flat = patches.reshape(len(patches), -1)
    return flat.min(axis=1), flat.max(axis=1)


def unusable(low: AnyArray, high: AnyArray) -> list[str]:
    """Return why each patch cannot be measured, or an empty string.

    ``low``, ``high``: shape (n,); from `extremes`.
    """
    if low.dtype.kind == "f":
        # A minimum or maximum is NaN or infinite as soon as one pixel is.
        finite = np.isfinite(low) & np.isfinite(high)
    else:
        finite = np.ones(len(low), dtype=bool)
    if finite.all() and (low != high).all():
        return [""] * len(low)
    return [
        NOT_FINITE if not good else CONSTANT if constant else ""
        for good, constant in zip(finite.tolist(), (low == high).tolist(), strict=True)
    ]


def too_few_patches(name: str, left_out: Mapping[str, int], used: int = 0) -> str:
    """Say why an image has too few patches to measure, from the number left out for each reason."""
    otherwise = "choose another channel, ROI or file."
    if not used and set(left_out) == {CONSTANT}:
        return f"{name} holds no noise, for its pixels do not differ; {otherwise}"
    if not used and set(left_out) == {NOT_FINITE}:
        return f"{name} holds pixels that are not numbers in every part; {otherwise}"
    listed = "; ".join(f"{reason}: {n}" for reason, n in left_out.items())
    return f"{name} has too few patches to measure ({listed}); {otherwise}"


@dataclass
class Screening:
    """Figures of the stored pixels of each patch by which it is usable or not."""

    low: list[float] = field(default_factory=list)  # Lowest and highest value of each patch
    high: list[float] = field(default_factory=list)
    at_low: list[float] = field(default_factory=list)  # Share of its pixels at that value
    at_high: list[float] = field(default_factory=list)
    equal: list[float] = field(default_factory=list)
    """Share of 2 x 2 squares of one value, beyond chance."""
    mean: list[float] = field(default_factory=list)  # Its mean brightness
    finite: list[bool] = field(default_factory=list)  # Whether all its pixels are numbers

    def append(self, more: Screening) -> None:
        """Add what `screen` returned."""
        for own, others in zip(vars(self).values(), vars(more).values(), strict=True):
            own += others

    def reasons(self) -> list[str]:
        """Return why each patch should be left out, or an empty string.

        Asked for at the end, when the lowest and highest values of the whole stack are known.
        """
        finite = np.array(self.finite)
        low, high = np.array(self.low), np.array(self.high)
        if not finite.any():
            return [NOT_FINITE] * len(finite)
        lowest, highest = low[finite].min(), high[finite].max()
        clipped = np.zeros(len(finite))
        clipped += np.where(low == lowest, self.at_low, 0.0)
        clipped += np.where(high == highest, self.at_high, 0.0)
        filled = np.array(self.equal) > _FILLED_SHARE
        if np.mean(filled[finite]) > 0.5:
            # Everywhere: the image was enlarged by copying pixels; it is no text.
            filled[:] = False
        reasons = []
        for index in range(len(finite)):
            if not finite[index]:
                reasons.append(NOT_FINITE)
            elif low[index] == high[index]:
                reasons.append(CONSTANT)
            elif filled[index]:
                reasons.append(FILLED)
            elif clipped[index] > _CLIPPED_SHARE:
                reasons.append(CLIPPED)
            else:
                reasons.append("")
        return reasons


def screen(patches: AnyArray) -> Screening:
    """Screen patches, shape (n, height, width), as stored."""
    flat = patches.reshape(len(patches), -1)
    low, high = extremes(patches)
    finite = np.isfinite(low) & np.isfinite(high)
    size = flat.shape[1]
    with np.errstate(invalid="ignore"):
        mean = flat.mean(axis=1, dtype=np.float64)
    return Screening(
        low=low.astype(float).tolist(),
        high=high.astype(float).tolist(),
        at_low=_at_lowest(patches, low).tolist(),
        at_high=(np.count_nonzero(flat == high[:, None], axis=1) / size).tolist(),
        equal=_equal_squares(patches).tolist(),
        mean=mean.tolist(),
        finite=finite.tolist(),
    )


def _at_lowest(patches: AnyArray, low: AnyArray) -> FloatArray:
    """Return the share of pixels at the lowest value; 0 where these are counts of photons.

    Counts vary by as much as they are on average, so many are 0; what is cut off varies more.
    """
    share = (patches == low[:, None, None]).mean(axis=(1, 2))
    for index in np.flatnonzero(share > _CLIPPED_SHARE).tolist():
        values = np.unique(patches[index]).astype(np.float64)
        if len(values) < 2 or not np.isfinite(values).all():
            continue
        patch = patches[index].astype(np.float64)
        steps = (np.diff(patch, axis=0) ** 2).mean() / 2, (np.diff(patch, axis=1) ** 2).mean() / 2
        photon = float(np.diff(values).min())
        if max(steps) < _POISSON * photon * (float(patch.mean()) - values[0]):
            share[index] = 0.0
    return np.asarray(share, dtype=np.float64)


def _equal_squares(patches: AnyArray) -> FloatArray:
    across = patches[:, :, 1:] == patches[:, :, :-1]
    rows = across[:, 1:] & across[:, :-1]
    rows &= patches[:, 1:, 1:] == patches[:, :-1, 1:]
    share = rows.mean(axis=(1, 2))
    for index in np.flatnonzero(share > _FILLED_SHARE).tolist():
        # Few grey levels: equal squares come by chance, and more of them where neighbours are
        # alike. The chance is taken from the rows and columns that have the fewest, for a bar or a
        # border does not cover all of them.
        same = min(
            float(np.quantile(across[index].mean(axis=1), 0.1)),
            float(np.quantile(across[index].mean(axis=0), 0.1)),
        )
        share[index] = max(share[index] - 2.0 * same**2.5, 0.0)
    return np.asarray(share, dtype=np.float64)


def repair_hot_pixels(patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Replace lone pixels far from all their neighbours by the neighbours' median.

    ``patches``: shape (n, height, width); means or surfaces removed.

    Returns a copy where anything was repaired, else the same array.
    """
    flat = patches.reshape(len(patches), -1)
    largest = np.maximum(flat.max(axis=1), -flat.min(axis=1))
    spread = np.sqrt(np.einsum("np,np->n", flat, flat) / flat.shape[1])
    suspects = np.flatnonzero(largest > _SUSPECT * spread)
    if not len(suspects):
        return patches, 0
    repaired = patches.copy()
    count = 0
    for index in suspects.tolist():
        patch = repaired[index]
        floor = max(_HOT_FLOOR * float(patch.std()), 1e-12)
        # Twice: a hot pixel hides a weaker one beside it, and both widen the spread.
        found = _repair(patch, floor)
        found += _repair(patch, floor) if found else 0
        if patch.max() == patch.min():
            # They are all there is: single photons.
            patch[:] = patches[index]
            found = 0
        count += found
    return repaired, count


def _repair(patch: NDArray[np.float32], floor: float) -> int:
    """Repair the hot pixels of a patch in place, and return how many there were.

    ``floor``: Least standard deviation; with few grey levels most pixels equal their neighbours.
    """
    from scipy.ndimage import median_filter

    neighbours = np.ones((3, 3), dtype=bool)
    neighbours[1, 1] = False
    middle = median_filter(patch, footprint=neighbours, mode="nearest")
    away = patch - middle
    sigma = max(SIGMA_PER_MAD * float(np.median(np.abs(away))), floor)
    places = np.argwhere(np.abs(away) > _HOT * sigma)
    if len(places) > _MOST_HOT * patch.size:
        # So many are no defects: the noise itself has outliers.
        return 0
    count = 0
    for y, x in places.tolist():
        around = patch[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        rest = np.abs(around - middle[y, x])
        # A blurred spot has bright neighbours, a hot pixel at most one beside itself.
        if int((rest > 0.5 * abs(away[y, x])).sum()) <= 2:
            patch[y, x] = middle[y, x]
            count += 1
    return count
