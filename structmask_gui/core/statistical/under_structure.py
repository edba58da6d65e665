"""Noise under structure, estimated beyond the optical cut-off or in structure-free tiles."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import LagKernel, patches_per_chunk
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.correlation.lags import LagEstimate, LagPool
from structmask_gui.core.progress import Task
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.fill import filled_part
from structmask_gui.core.stack.frames import Frames, Region, evenly
from structmask_gui.core.stack.patches import Chunk, Plan, read_patches
from structmask_gui.core.statistical.flat_tiles import FlatTiles
from structmask_gui.core.statistical.out_of_band import SpectralFit, fit_spectrum
from structmask_gui.core.statistical.patches import NoisePatches
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.statistical.structure import is_line
from structmask_gui.core.statistical.tiles import SpectrumSum, cut_tiles, grid_places, tile_offsets
from structmask_gui.core.threads import in_threads

_ENOUGH_TILES = 20
# So many windowed tiles that overlap by half count as one independent tile.
_OVERLAP = 1.8
# From the quietest to the loudest tenth of the patches, in variance.
_MUCH = 4.0
# Correlation from which a line found in all tiles is taken.
_CLEAR_LINE = 0.2
# Second differences in both directions, the finest detail there is; the least of its variance in
# noise, white noise having 36, that says how strong noise is; patches that it is taken from.
_FINEST = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0])
_LEAST_FINE, _MOST_PATCHES = 3.0, 256


def fit_beyond(
    derived: Frames, patches: NoisePatches, log_variance: FloatArray, source: NoiseSource
) -> tuple[SpectralFit, LagEstimate]:
    """Fit the spectrum beyond the optical cut-off, on tiles that overlap by half."""
    plan, used, reach, task = patches.plan, patches.used, patches.reach, source.task
    side = min(64, plan.patch_shape[0])
    side = max(side, min(2 * reach + 8, plan.patch_shape[0])) // 2 * 2
    total = SpectrumSum(side)
    step = side // 2
    box = source.region or Region(0, derived.frame_shape[0], 0, derived.frame_shape[1])
    rows = np.arange(box.y0, box.y1 - side + 1, step)
    columns = np.arange(box.x0, box.x1 - side + 1, step)
    frames = np.unique(plan.places[used, 0])
    places = grid_places(frames, rows, columns, side)
    keep = ~touches(places, side, plan.places[~used], plan.patch_shape[0])
    # Patches leave a strip of the frame, which may hold fill.
    fill = filled_part(source.raw)
    if fill is not None:
        above = np.pad(fill.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        top, left = places[:, 1], places[:, 2]
        bottom, right = top + side, left + side
        held = above[bottom, right] - above[top, right] - above[bottom, left] + above[top, left]
        keep &= held == 0
    places = places[keep] if keep.any() else plan.places[used]
    surface = Surface((side, side), 0)
    # Bright parts have more noise of their own and more fine detail: where tiles differ much,
    # the quieter half speaks.
    low, *limits, high = np.nanquantile(log_variance, [0.1, 0.5, 0.75, 0.9])
    quiet, *louder = by_power = [SpectrumSum(side) for _ in range(len(limits) + 1)]

    def spectra_of(chunk: Chunk) -> list[tuple[FloatArray, int]]:
        task.stop_if_cancelled()
        tiles, _ = screening.repair_hot_pixels(surface.remove_from(chunk.patches))
        power = np.einsum("nyx,nyx->n", tiles, tiles) / side**2
        part = np.searchsorted(np.exp(limits), power)
        chosen = [tiles[part == number] for number in range(len(by_power))]
        return [(total.power_of(some), len(some)) for some in chosen]

    chunks = read_patches(derived, Plan((side, side), places), 64, task)
    with closing(in_threads(spectra_of, chunks)) as parts:
        for found in parts:
            task.stop_if_cancelled()
            for spectrum, (power, n) in zip(by_power, found, strict=True):
                spectrum.append(power, n)
                total.append(power, n)
    fit = fit_spectrum(total, reach, _OVERLAP, task)
    lags = _lags_of(fit, total.count)
    if high - low > np.log(_MUCH) and quiet.count >= _ENOUGH_TILES:
        fit = fit_spectrum(quiet, reach, _OVERLAP, task)
        if not _clear_line(lags):
            lags = _lags_of(fit, quiet.count)
            enough = (one for one in louder if one.count >= _ENOUGH_TILES)
            fits = (_lags_of(fit_spectrum(one, reach, _OVERLAP, task), one.count) for one in enough)
            lags = reduce(_joined, filter(_clear_line, fits), lags)
    return fit, lags


def _clear_line(lags: LagEstimate) -> bool:
    """Whether loud tiles may be believed: a line is no detail, but a faint one may be chance."""
    beside = np.delete(lags.rho.ravel(), lags.rho.size // 2)
    return float(np.abs(beside).max()) >= _CLEAR_LINE and is_line(lags)


def _joined(lags: LagEstimate, other: LagEstimate) -> LagEstimate:
    """Return the noise of two parts of the field together, louder parts counting for more."""
    n = lags.n_patches + other.n_patches
    variance = (lags.n_patches * lags.variance + other.n_patches * other.variance) / n
    share = lags.n_patches * lags.variance / (n * variance)
    return replace(
        lags,
        rho=share * lags.rho + (1 - share) * other.rho,
        standard_error=np.hypot(share * lags.standard_error, (1 - share) * other.standard_error),
        variance=variance,
        n_patches=n,
    )


def _lags_of(fit: SpectralFit, tiles: int) -> LagEstimate:
    rho, middle = fit.correlation, fit.covariance.shape[0] // 2
    return LagEstimate(
        rho=rho,
        standard_error=fit.standard_error,
        degrees=np.full(rho.shape, 100.0),
        variance=float(fit.covariance[middle, middle]),
        n_patches=tiles,
    )


def pool_flat(
    derived: Frames, patches: NoisePatches, flat: FlatTiles, side: int, task: Task
) -> LagEstimate:
    """Pool the flat tiles, a quadratic surface removed from each."""
    plan, used = patches.plan, patches.used
    surface = Surface((side, side), 2)
    reach = min(patches.reach, side // 2 - 1)
    kernel = LagKernel((side, side), (reach, reach))
    pool = LagPool(surface, reach)
    per_patch = (plan.patch_shape[0] // side) * (plan.patch_shape[1] // side)
    wanted = Plan(plan.patch_shape, plan.places[used])
    chosen = flat.chosen.reshape(-1, per_patch)
    offsets = tile_offsets(plan.patch_shape, side)
    whole = Surface(plan.patch_shape, 0)

    def products_of(chunk: Chunk) -> tuple[FloatArray, NDArray[np.intp]] | None:
        task.stop_if_cancelled()
        inside = chosen[chunk.indices]
        if not inside.any():
            return None
        repaired, _ = screening.repair_hot_pixels(whole.remove_from(chunk.patches))
        places = np.repeat(wanted.places[chunk.indices], per_patch, axis=0)
        places[:, 1:] += np.tile(offsets, (len(repaired), 1))
        take = inside.ravel()
        values = surface.remove_from(cut_tiles(repaired, side)[take])
        return pool.products(kernel.half_plane(values).astype(np.float64)), places[take]

    chunks = read_patches(derived, wanted, patches_per_chunk(kernel, len(wanted)), task)
    with closing(in_threads(products_of, chunks)) as parts:
        for part in parts:
            task.stop_if_cancelled()
            if part is not None:
                pool.add_products(*part)
    return pool.estimate()


def as_everywhere(
    lags: LagEstimate, derived: Frames, patches: NoisePatches, task: Task
) -> LagEstimate:
    """Return noise that was measured in quiet parts, as strong as it is on average over the field.

    How strong is told by its finest detail, of which a sample has next to none: noise of photons is
    far stronger in bright parts. Noise is not made weaker.
    """
    from scipy.signal import convolve2d, correlate2d

    middle = lags.reach
    if middle < 2:
        return lags
    near = lags.rho[middle - 2 : middle + 3, middle - 2 : middle + 3]
    of_noise = float((correlate2d(_FINEST, _FINEST) * near).sum())
    if of_noise < _LEAST_FINE:
        return lags
    places = patches.plan.places[patches.used]
    chosen = Plan(patches.plan.patch_shape, places[evenly(len(places), _MOST_PATCHES)])
    surface = Surface(patches.plan.patch_shape, 0)

    def power_of(chunk: Chunk) -> float:
        task.stop_if_cancelled()
        repaired, _ = screening.repair_hot_pixels(surface.remove_from(chunk.patches))
        return sum(float((convolve2d(one, _FINEST, "valid") ** 2).mean()) for one in repaired)

    with closing(in_threads(power_of, read_patches(derived, chosen, 16, task))) as parts:
        power = sum(parts) / len(chosen)
    return replace(lags, variance=max(lags.variance, power / of_noise))


def without_flat_tile(patches: NoisePatches, flat: FlatTiles, side: int) -> BoolArray:
    """Return which of the used patches have no flat tile."""
    plan, used = patches.plan, patches.used
    per_patch = (plan.patch_shape[0] // side) * (plan.patch_shape[1] // side)
    any_flat = flat.chosen.reshape(-1, per_patch).any(axis=1)
    result = np.zeros(len(plan), dtype=bool)
    result[np.flatnonzero(used)[~any_flat]] = True
    return result


def touches(places: NDArray[np.intp], side: int, bad: NDArray[np.intp], size: int) -> BoolArray:
    """Mark squares of ``side`` that overlap a bad square of ``size`` in the same frame.

    The places are in order of their frames, and so are the bad ones.
    """
    result = np.zeros(len(places), dtype=bool)
    for frame in np.unique(bad[:, 0]).tolist():
        here, there = (slice(*np.searchsorted(p[:, 0], [frame, frame + 1])) for p in (places, bad))
        down, across = (places[here, axis, None] - bad[None, there, axis] for axis in (1, 2))
        near = (down < size) & (down > -side) & (across < size) & (across > -side)
        result[here] = near.any(axis=1)
    return result
