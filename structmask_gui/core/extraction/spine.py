"""Selection of the spine method: thin lines through the significant lags, joined to the centre.

After the documentation of autoStructN2V 1.0; docs/method.md has the formulas, and what the
documentation leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, BoolArray, FloatArray
from structmask_gui.core.masks.postprocess import centre_component
from structmask_gui.core.parameters.model import Parameters

# Radii of the rings, as the documentation has them; angles at which the mean on a circle is taken.
_RINGS = range(2, 10)
_ANGLES = 144


@dataclass(frozen=True, eq=False)
class SpineSelection:
    """The steps of the spine method; all arrays have the shape of the square of lags."""

    direction: float
    """Dmax: how much the correlation depends on the direction, at the radius where it does most."""
    directed: bool
    """Whether that reaches the threshold; below it the mask is the centre, for plain N2V."""
    z: FloatArray
    """Each lag against the others at its distance, in units of their noise; 0 at the centre."""
    significant: BoolArray
    kept: BoolArray
    """The spines and the rays that join them to the centre, made symmetric, without pixels of too
    little correlation."""
    mask: BoolArray
    """The same within the limit of pixels."""


def select_spine(rho: FloatArray, parameters: Parameters) -> SpineSelection:
    """Select the mask's pixels from an autocorrelation, 1 at its centre, odd sides, symmetric."""
    direction = direction_of(rho)
    directed = direction >= parameters.least_direction
    z = z_scores(rho)
    significant = np.abs(z) >= parameters.spine_z
    centre = rho.shape[0] // 2
    lines = np.zeros(rho.shape, dtype=bool)
    if directed:
        # Lags above their surroundings and lags below them are different features.
        for sign in (1, -1):
            lines |= _lines(significant & (sign * z > 0), np.abs(z))
    lines[centre, centre] = True
    kept = lines & (np.abs(rho) >= parameters.rho_min)
    kept[centre, centre] = True
    limit = parameters.max_pixels
    mask = kept if limit is None else _pruned(kept, np.abs(rho), limit)
    return SpineSelection(direction, directed, z, significant, kept, mask)


def direction_of(rho: FloatArray) -> float:
    """Return Dmax: the larger of the second and fourth harmonic of the angle, of all rings.

    A ring is the lags whose distance rounds to its radius, so that each lag counts in one ring with
    its whole strength; less the mean on the circle through the lag, so that the few lags of a ring
    do not take a slope along the distance for a direction.
    """
    from scipy import ndimage

    centre = rho.shape[0] // 2
    lag = np.arange(rho.shape[0]) - centre
    distance = np.hypot(lag[:, np.newaxis], lag)
    turn = np.exp(1j * np.arctan2(lag[:, np.newaxis], lag))
    inside = distance <= centre
    radii, which = np.unique(distance[inside], return_inverse=True)
    angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    y, x = (centre + radii[:, np.newaxis] * side(angles) for side in (np.sin, np.cos))
    means = ndimage.map_coordinates(rho, [y, x], order=1, mode="nearest").mean(axis=1)
    rest = np.zeros(rho.shape)
    rest[inside] = rho[inside] - means[which]
    harmonics = [0.0]
    for radius in range(_RINGS[0], min(_RINGS[-1], centre) + 1):
        ring = inside & (_distance(rho.shape[0]) == radius)
        harmonics += [float(np.abs((rest[ring] * turn[ring] ** k).mean())) for k in (2, 4)]
    return 2 * max(harmonics)


def z_scores(rho: FloatArray) -> FloatArray:
    """Return each lag less the median at its distance, in units of the noise there.

    The noise is that of the median absolute deviation at the distance, kept between the median of
    all distances and three times it: few lags are at a small distance, and may agree by chance, or
    half of them be correlated.
    """
    distances = _distance(rho.shape[0])
    medians, deviations = np.zeros(distances.max() + 1), np.zeros(distances.max() + 1)
    for r in range(1, len(medians)):
        values = rho[distances == r]
        medians[r] = np.median(values)
        deviations[r] = SIGMA_PER_MAD * np.median(np.abs(values - medians[r]))
    centre = rho.shape[0] // 2
    usual = float(np.median(deviations[min(2, centre) : centre + 1]))
    noise = np.clip(deviations, usual, 3 * usual)
    if not usual > 0:
        return np.zeros_like(rho)
    z: FloatArray = (rho - medians[distances]) / noise[distances]
    z[centre, centre] = 0.0
    return z


@lru_cache(maxsize=8)
def _distance(side: int) -> NDArray[np.intp]:
    """Return the distance of each lag from the centre, rounded."""
    lag = np.arange(side) - side // 2
    rounded: NDArray[np.intp] = np.rint(np.hypot(lag[:, np.newaxis], lag)).astype(np.intp)
    return rounded


def _lines(significant: BoolArray, weights: FloatArray) -> BoolArray:
    """Return a line of one pixel along each feature, and from it to the centre."""
    from scipy import ndimage

    # Neighbours share an edge: the arms of a cross touch at their corners only.
    labels, count = ndimage.label(significant)
    lines = np.zeros(significant.shape, dtype=bool)
    last, centre = significant.shape[0] - 1, significant.shape[0] // 2
    for number in range(1, count + 1):
        pixels = np.argwhere(labels == number)
        weight = weights[labels == number]
        middle = np.average(pixels, axis=0, weights=weight)
        away = pixels - middle
        _, axes = np.linalg.eigh((away * weight[:, np.newaxis]).T @ away)
        along = away @ axes[:, -1]
        ends = middle + np.array([[along.min()], [along.max()]]) * axes[:, -1]
        first, end = np.clip(np.rint(ends), 0, last).astype(int)
        spine = _line(first, end)
        lines[tuple(spine.T)] = True
        near = spine[np.argmin(np.square(spine - centre).sum(axis=1))]
        lines[tuple(_line(near, np.array([centre, centre])).T)] = True
    both: BoolArray = lines | lines[::-1, ::-1]
    return both


def _line(start: NDArray[np.intp], end: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the pixels of a line of one pixel's width, shape (n, 2)."""
    steps = int(np.abs(end - start).max())
    at = np.linspace(0, 1, steps + 1)[:, np.newaxis]
    pixels: NDArray[np.intp] = np.rint(start + at * (end - start)).astype(np.intp)
    return pixels


def _pruned(kept: BoolArray, size: FloatArray, limit: int) -> BoolArray:
    """Remove the weakest pairs down to a limit, without disconnecting a connected mask."""
    mask = kept.copy()
    whole = np.array_equal(centre_component(mask), mask)
    half = mask.size // 2
    while int(mask.sum()) > limit:
        pairs = np.flatnonzero(mask.ravel()[:half])
        for pair in pairs[np.argsort(size.ravel()[pairs], kind="stable")]:
            less = mask.copy()
            less.ravel()[[pair, mask.size - 1 - pair]] = False
            if not whole or np.array_equal(centre_component(less), less):
                break
        mask = less
    return mask
