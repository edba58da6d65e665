"""Distinguish noise alone from noise over structure, and find structure-free tiles.

Noise is alike everywhere; structure is not. Small tiles are compared in their power per band of
frequencies: noise spreads as chi-squared, structure far more. Where a cluster of tiles is as quiet
as noise of one kind would be, these are the flat parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.statistical.tiles import BLOCK, TileStatistics, geometry, mean_power

# Tiles in the quietest neighbourhoods to start from, at least; the share of more that must be as
# quiet as any noise of their power; the errors by which they may be louder on average.
_FIRST_TILES, _MOSTLY, _LOUDER = 24, 0.7, 2.0
# Where other tiles are quieter than these by so much, these are not flat.
_QUIETER = 1.5


@dataclass(frozen=True, eq=False)
class FlatTiles:
    """The tiles that are as quiet as those in the quietest neighbourhoods."""

    chosen: BoolArray  # shape (tiles,)
    energy: float  # Mean energy of their block means
    steps: int
    """How often more tiles were taken in that are as quiet as the first: 0 where the power rises
    from the quietest neighbourhoods on, as it does where nothing is flat."""


def find_flat_tiles(tiles: TileStatistics, places: NDArray[np.intp]) -> FlatTiles:
    """Find the flat parts.

    ``places``: shape (tiles, 3); frame, y and x of each.

    A tile is sought where its neighbours are quiet: noise of a tile does not depend on its
    neighbours', so this choice does not favour tiles whose noise happens to be low, while
    structure continues. From the quietest neighbourhoods on, tiles are taken in
    as long as they are no louder than the first ones. Noise is everywhere: if single tiles are
    far quieter than these, they are taken instead.
    """
    energy, blocks = tiles.energy, tiles.blocks
    noisy = energy > 1e-12 * float(np.median(energy))
    around = _around(np.where(noisy, energy, np.nan), places, tiles.side)
    flat = _quiet_neighbourhoods(energy, blocks, around)
    quietest = _quietest(energy, blocks, noisy)
    if flat.steps == 0 and not flat.chosen.any():
        return quietest
    if quietest.chosen.any() and _QUIETER * quietest.energy < flat.energy:
        return quietest
    return flat


def together(tiles: TileStatistics, places: NDArray[np.intp]) -> float:
    """Return how surely loud tiles lie beside loud ones, in standard errors.

    Structure continues from tile to tile; noise of one tile does not depend on its neighbours'.
    Infinite where too few have neighbours.

    ``places``: shape (tiles, 3); frame, y and x of each.
    """
    energy = np.log(np.maximum(tiles.energy, 1e-30))
    around = _around(energy, places, tiles.side)
    there = np.isfinite(around)
    count = int(there.sum())
    if count < _FIRST_TILES or energy[there].std() == 0 or around[there].std() == 0:
        return np.inf
    return float(np.corrcoef(energy[there], around[there])[0, 1]) * float(np.sqrt(count))


def _quiet_neighbourhoods(
    energy: FloatArray, blocks: NDArray[np.float32], around: FloatArray
) -> FlatTiles:
    """Return the tiles that are as quiet as those in the quietest neighbourhoods."""
    from scipy.special import chdtri

    count = len(energy)
    order = np.argsort(around, kind="stable")[: int(np.isfinite(around).sum())]
    first, step = max(_FIRST_TILES, count // 16), max(_FIRST_TILES // 2, count // 32)
    head = order[:first]
    chosen = np.zeros(count, dtype=bool)
    taken = head
    degrees = level = limit = 0.0
    for _ in range(4):
        if len(taken) < _FIRST_TILES // 2:
            return FlatTiles(chosen, 0.0, 0)
        degrees = _degrees(blocks[taken])
        # The median: some tiles of the quietest neighbourhoods hold an edge themselves.
        level = float(np.median(energy[head]) * degrees / chdtri(degrees, 0.5))
        limit = level * float(chdtri(degrees, 0.005)) / degrees
        taken = head[energy[head] <= limit]
    end, steps = first, 0
    while end < len(order):
        window = energy[order[end : end + step]]
        quiet = window[window <= limit]
        if len(quiet) < _MOSTLY * len(window):
            break
        # The median of the first varies by pi / 2 times as much as their mean.
        chance = level * np.sqrt(2 / degrees * (1 / len(quiet) + np.pi / 2 / first))
        if float(quiet.mean()) > level + _LOUDER * chance:
            break
        end += len(window)
        steps += 1
    taken = order[:end]
    chosen[taken[energy[taken] <= limit]] = True
    return FlatTiles(chosen, float(energy[chosen].mean()), steps)


def _quietest(energy: FloatArray, blocks: NDArray[np.float32], noisy: BoolArray) -> FlatTiles:
    """Return the tiles as quiet as noise of one kind would be, starting from the quietest tenth."""
    from scipy.special import chdtri

    chosen = np.zeros(len(energy), dtype=bool)
    chosen[np.argsort(np.where(noisy, energy, np.inf))[: max(8, len(energy) // 10)]] = True
    chosen &= noisy
    if not chosen.any():
        return FlatTiles(chosen, 0.0, 0)
    mean = 0.0
    for _ in range(60):
        degrees = _degrees(blocks[chosen])
        mean = float(energy[chosen].mean())
        limit = mean * float(chdtri(degrees, 0.005)) / degrees
        again = noisy & (energy <= limit)
        if np.array_equal(again, chosen):
            break
        chosen = again
    return FlatTiles(chosen, mean, 0)


def _around(energy: FloatArray, places: NDArray[np.intp], side: int) -> FloatArray:
    """Return the mean energy of the neighbours of each tile; NaN where it has none."""
    width = int(places[:, 2].max(initial=0)) + 2 * side + 1
    height = int(places[:, 1].max(initial=0)) + 2 * side + 1
    keys = (places[:, 0] * height + places[:, 1] + side) * width + places[:, 2] + side
    order = np.argsort(keys)
    ranked = keys[order]
    total, number = np.zeros(len(keys)), np.zeros(len(keys))
    for step in (side, -side, side * width, -side * width):
        at = np.minimum(np.searchsorted(ranked, keys + step), len(keys) - 1)
        beside = np.where(ranked[at] == keys + step, energy[order[at]], np.nan)
        there = np.isfinite(beside)
        total[there] += beside[there]
        number += there
    around = np.full(len(keys), np.nan)
    np.divide(total, number, out=around, where=(number > 0) & np.isfinite(energy))
    return around


def block_energy(spectrum_of: FloatArray, side: int) -> float:
    """Return the energy of block means that noise of a given correlation would have.

    ``spectrum_of``: shape (2 reach + 1, 2 reach + 1); covariance per lag, taken as 0 beyond.
    """
    basis, weights = _block_weights(side, spectrum_of.shape[0] // 2)
    return float((weights * spectrum_of).sum()) * basis


@lru_cache(maxsize=8)
def _block_weights(side: int, reach: int) -> tuple[float, FloatArray]:
    """How the covariance at each lag enters the mean energy of block means, a plane removed."""
    count = side // BLOCK
    _, _, plane = geometry(side)
    residual = np.eye(count * count) - plane @ plane.T
    # Each block mean is a weighting of pixels; the energy is the trace of residual C residual.
    total = np.zeros((2 * reach + 1, 2 * reach + 1))
    triangle = np.correlate(np.ones(BLOCK), np.ones(BLOCK), "full") / BLOCK**2
    y, x = np.divmod(np.arange(count * count), count)
    for by in range(-count + 1, count):
        for bx in range(-count + 1, count):
            if (abs(by) - 1) * BLOCK > reach or (abs(bx) - 1) * BLOCK > reach:
                continue
            pairs = (y[:, None] - y[None] == by) & (x[:, None] - x[None] == bx)
            weight = float(residual[pairs].sum())
            for oy in range(-BLOCK + 1, BLOCK):
                for ox in range(-BLOCK + 1, BLOCK):
                    dy, dx = by * BLOCK + oy, bx * BLOCK + ox
                    if abs(dy) <= reach and abs(dx) <= reach:
                        both = triangle[oy + BLOCK - 1] * triangle[ox + BLOCK - 1]
                        total[reach + dy, reach + dx] += weight * both
    return 1.0, total


def _degrees(blocks: NDArray[np.float32]) -> float:
    """Degrees of freedom of the energy of block means, from their mean power spectrum."""
    side = round(float(np.sqrt(blocks.shape[1])))
    mean = mean_power(blocks.reshape(-1, side, side)).astype(np.float64)
    return float(mean.sum() ** 2 / max((mean**2).sum(), 1e-30))
