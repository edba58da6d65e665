"""Distinguish noise alone from noise over structure, and find structure-free tiles.

Noise is alike everywhere; structure is not. Small tiles are compared in their power per band of
frequencies: noise spreads as chi-squared, structure far more. Where a cluster of tiles is as quiet
as noise of one kind would be, these are the flat parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.statistical.tiles import hann_window, mean_power, window_lags

BANDS = (0.02, 0.08, 0.14, 0.20, 0.27, 0.35, 0.45, 0.75)
"""Edges of the bands, in cycles per pixel."""

_BLOCK = 4
# Tiles in the quietest neighbourhoods to start from, at least; the share of more that must be as
# quiet as any noise of their power; the errors by which they may be louder on average.
_FIRST_TILES, _MOSTLY, _LOUDER = 24, 0.7, 2.0
# Tiles of a frame, from which these are compared with each other alone; how often a line through
# their power is fitted anew, and the least share of the mean that it predicts; share of all power
# up to which a band does not matter.
_COMPARED, _REFITTED, _WEAKEST, _NO_POWER = 8, 4, 0.05, 0.02
# Where other tiles are quieter than these by so much, these are not flat.
_QUIETER = 1.5
# Squared correlation of the amplitudes of a Hann-windowed tile at frequencies 0, 1 and 2 apart.
_SHARED = np.array([1 / 36, 4 / 9, 1.0, 4 / 9, 1 / 36])


@dataclass(frozen=True, eq=False)
class TilePower:
    """What is kept of some tiles."""

    bands: FloatArray  # shape (tiles, bands); power of each tile in each band
    total: FloatArray  # Sum of their power spectra
    blocks: NDArray[np.float32]  # shape (tiles, blocks); block means of each, a plane removed
    energy: FloatArray  # shape (tiles,); energy of the block means


@dataclass
class TileStatistics:
    """Collects the power of tiles; a few numbers a tile."""

    side: int
    _power: list[FloatArray] = field(default_factory=list)
    _energy: list[FloatArray] = field(default_factory=list)
    _blocks: list[NDArray[np.float32]] = field(default_factory=list)
    _spectrum: FloatArray | None = None
    _count: int = 0

    def add(self, tiles: NDArray[np.float32]) -> None:
        """Add tiles, shape (n, side, side)."""
        self.append(self.power_of(tiles))

    def power_of(self, tiles: NDArray[np.float32]) -> TilePower:
        """Return what is kept of tiles, shape (n, side, side); adds nothing."""
        from scipy import fft

        window, bands, _ = _geometry(self.side)
        mean = tiles.reshape(len(tiles), -1) @ (window.ravel() / window.sum())
        values = tiles - mean[:, None, None]
        values *= window
        spectrum = fft.rfft2(values, axes=(1, 2), overwrite_x=True)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        flat = power.reshape(len(tiles), -1)
        blocks = _block_means(tiles)
        return TilePower(
            (flat @ bands.T).astype(np.float64),
            flat.sum(axis=0, dtype=np.float64),
            blocks,
            np.einsum("nb,nb->n", blocks, blocks).astype(np.float64),
        )

    def append(self, part: TilePower) -> None:
        """Add what `power_of` returned."""
        self._power.append(part.bands)
        self._spectrum = part.total if self._spectrum is None else self._spectrum + part.total
        self._count += len(part.bands)
        self._blocks.append(part.blocks)
        self._energy.append(part.energy)

    @property
    def energy(self) -> FloatArray:
        """Energy of the block means of each tile, a plane removed."""
        return np.concatenate(self._energy)

    def unevenness_of_even(
        self, precision: FloatArray, frames: NDArray[np.intp]
    ) -> tuple[FloatArray, FloatArray]:
        """Return `unevenness` of noise that was divided by what brightness predicts.

        Noise of photons is alike then; if it is smeared, in the bands that it reaches, for noise
        beside it that does not follow brightness is now weaker where it is brighter. And frames
        differ from each other where each was shifted by another fraction of a pixel. What is left
        of a scene differs from place to place.

        ``precision``: shape (tiles,); what `EvenFrames.precision` returns for the tiles.
        ``frames``: shape (tiles,); the frame that each is in.
        """
        power = np.concatenate(self._power)
        total = power.mean(axis=0)
        power /= _on_a_line(precision, power)
        for number in np.unique(frames):
            of_frame = frames == number
            count = int(of_frame.sum())
            if count >= _COMPARED:
                mean = np.maximum(power[of_frame].mean(axis=0), 1e-30)
                # From the mean of a few, these deviate less than from the true one.
                freed = np.sqrt(count / (count - 1))
                power[of_frame] = 1 + freed * (power[of_frame] / mean - 1)
        ratio, error = _spread(power, self._band_degrees())
        # Where there is next to no power there is next to no structure.
        return np.where(total < _NO_POWER * total.sum(), 1.0, ratio), error

    def unevenness(self, inside: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return by band how much wider the tiles' power spreads than noise would, and its error.

        Returns shape (bands,); 1 for noise that is alike everywhere.
        """
        power = np.concatenate(self._power)
        if inside is not None:
            power = power[inside]
        degrees = self._band_degrees()
        # Noise whose strength alone follows brightness spreads alike in all bands: compare each
        # band to the highest.
        top = power[:, -1:] / max(float(power[:, -1].mean()), 1e-30)
        spread_top = float(top.var()) * degrees[-1] / 2
        return _spread(power / np.maximum(top, 1e-30) if spread_top > 1.5 else power, degrees)

    def together(self, places: NDArray[np.intp]) -> float:
        """Return how surely loud tiles lie beside loud ones, in standard errors.

        Structure continues from tile to tile; noise of one tile does not depend on its neighbours'.
        Infinite where too few have neighbours.

        ``places``: shape (tiles, 3); frame, y and x of each.
        """
        energy = np.log(np.maximum(self.energy, 1e-30))
        around = _around(energy, places, self.side)
        there = np.isfinite(around)
        count = int(there.sum())
        if count < _FIRST_TILES or energy[there].std() == 0 or around[there].std() == 0:
            return np.inf
        return float(np.corrcoef(energy[there], around[there])[0, 1]) * float(np.sqrt(count))

    def skewness(self, inside: BoolArray | None = None) -> tuple[float, float]:
        """Return the skewness of the block means, and its standard error.

        Noise is as often dark as bright; a texture hardly ever is, however alike its parts.
        """
        # Scaled, so that the cubes of very large and very small values fit their type; a part at a
        # time, for there may be many.
        largest = max((float(np.abs(part).max(initial=0.0)) for part in self._blocks), default=0.0)
        cubes, squares, start = [], [], 0
        for part in self._blocks:
            chosen = part if inside is None else part[inside[start : start + len(part)]]
            start += len(part)
            blocks = chosen / max(largest, 1e-30)
            power = blocks * blocks
            squares.append(power.mean(axis=1, dtype=np.float64))
            cubes.append((power * blocks).mean(axis=1, dtype=np.float64))
        count = sum(map(len, cubes))
        if count < 2:
            return 0.0, np.inf
        cube = np.concatenate(cubes)
        norm = max(float(np.concatenate(squares).mean()) ** 1.5, 1e-30)
        return float(cube.mean()) / norm, float(cube.std(ddof=1)) / np.sqrt(count) / norm

    def band_excess(self, inside: BoolArray, covariance: FloatArray) -> FloatArray:
        """Return by band the mean power of some tiles over that of noise of a given covariance.

        ``covariance``: shape (2 reach + 1, 2 reach + 1); per lag, taken as 0 beyond.
        """
        power = np.concatenate(self._power)[inside].mean(axis=0)
        window, bands, _ = _geometry(self.side)
        predicted = windowed_power(window.astype(np.float64), covariance)
        return np.asarray(power / np.maximum(bands @ predicted.ravel(), 1e-300))

    def _band_degrees(self) -> FloatArray:
        """Return the degrees of freedom of each band's power, for Gaussian noise of this spectrum.

        The variance of a sum of powers is twice the sum of squared covariances of the amplitudes,
        which the window shares between neighbouring frequencies.
        """
        from scipy.ndimage import convolve1d

        assert self._spectrum is not None
        side = self.side
        half = self._spectrum.reshape(side, side // 2 + 1) / self._count
        index = np.arange(side)
        mirrored = half[-index % side][:, np.minimum(index, side - index)]
        whole = np.where(index <= side // 2, half[:, np.minimum(index, side - index)], mirrored)
        radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
        degrees = []
        for low, high in pairwise(BANDS):
            inside = np.where((radius >= low) & (radius < high), whole, 0.0)
            shared = inside
            for axis in (0, 1):
                shared = convolve1d(shared, _SHARED, axis=axis, mode="wrap")
            variance = 2 * float((inside * shared).sum())
            degrees.append(2 * float(inside.sum()) ** 2 / max(variance, 1e-300))
        return np.array(degrees)

    def flat_tiles(self, places: NDArray[np.intp]) -> FlatTiles:
        """Find the flat parts.

        ``places``: shape (tiles, 3); frame, y and x of each.

        A tile is sought where its neighbours are quiet: noise of a tile does not depend on its
        neighbours', so this choice does not favour tiles whose noise happens to be low, while
        structure continues. From the quietest neighbourhoods on, tiles are taken in
        as long as they are no louder than the first ones. Noise is everywhere: if single tiles are
        far quieter than these, they are taken instead.
        """
        energy, blocks = self.energy, np.concatenate(self._blocks)
        noisy = energy > 1e-12 * float(np.median(energy))
        around = _around(np.where(noisy, energy, np.nan), places, self.side)
        flat = _quiet_neighbourhoods(energy, blocks, around)
        quietest = _quietest(energy, blocks, noisy)
        if flat.steps == 0 and not flat.chosen.any():
            return quietest
        if quietest.chosen.any() and _QUIETER * quietest.energy < flat.energy:
            return quietest
        return flat


@dataclass(frozen=True, eq=False)
class FlatTiles:
    """The tiles that are as quiet as those in the quietest neighbourhoods."""

    chosen: BoolArray  # shape (tiles,)
    energy: float  # Mean energy of their block means
    steps: int
    """How often more tiles were taken in that are as quiet as the first: 0 where the power rises
    from the quietest neighbourhoods on, as it does where nothing is flat."""


def _spread(power: FloatArray, degrees: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how much wider powers spread than chi-squared would, by band, and its error."""
    average = np.maximum(power.mean(axis=0), 1e-30)
    ratio = power.var(axis=0) / average**2 * degrees / 2
    return ratio, np.sqrt((2 + 12 / degrees) / max(len(power), 1))


def _on_a_line(known: FloatArray, power: FloatArray) -> FloatArray:
    """Return the power that a straight line over what is known predicts, band by band.

    ``known``: shape (tiles,).
    ``power``: shape (tiles, bands).
    """
    mean = np.maximum(power.mean(axis=0), 1e-30)
    fitted = np.broadcast_to(mean, power.shape)
    for _ in range(_REFITTED):
        # Power spreads as much as it is large.
        weight = fitted**-2.0
        weight /= weight.sum(axis=0)
        level = (weight * power).sum(axis=0)
        away = known[:, None] - (weight * known[:, None]).sum(axis=0)
        slope = (weight * away * (power - level)).sum(axis=0)
        slope /= np.maximum((weight * away**2).sum(axis=0), 1e-30)
        fitted = np.maximum(level + slope * away, _WEAKEST * mean)
    return fitted


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


def windowed_power(window: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the mean power spectrum of windowed noise of a given covariance, the half plane.

    ``window``: shape (side, side).
    ``covariance``: shape (2 reach + 1, 2 reach + 1); per lag, taken as 0 beyond.
    """
    side, reach = len(window), len(covariance) // 2
    lags = window_lags(window)
    folded = np.zeros((side, side))
    span = np.arange(-min(reach, side - 1), min(reach, side - 1) + 1)
    at = (span[:, None], span[None, :])
    np.add.at(folded, at, covariance[reach + at[0], reach + at[1]] * lags[at])
    return np.asarray(np.fft.rfft2(folded).real)


def block_energy(spectrum_of: FloatArray, side: int) -> float:
    """Return the energy of block means that noise of a given correlation would have.

    ``spectrum_of``: shape (2 reach + 1, 2 reach + 1); covariance per lag, taken as 0 beyond.
    """
    basis, weights = _block_weights(side, spectrum_of.shape[0] // 2)
    return float((weights * spectrum_of).sum()) * basis


@lru_cache(maxsize=8)
def _block_weights(side: int, reach: int) -> tuple[float, FloatArray]:
    """How the covariance at each lag enters the mean energy of block means, a plane removed."""
    count = side // _BLOCK
    _, _, plane = _geometry(side)
    residual = np.eye(count * count) - plane @ plane.T
    # Each block mean is a weighting of pixels; the energy is the trace of residual C residual.
    total = np.zeros((2 * reach + 1, 2 * reach + 1))
    triangle = np.correlate(np.ones(_BLOCK), np.ones(_BLOCK), "full") / _BLOCK**2
    y, x = np.divmod(np.arange(count * count), count)
    for by in range(-count + 1, count):
        for bx in range(-count + 1, count):
            if (abs(by) - 1) * _BLOCK > reach or (abs(bx) - 1) * _BLOCK > reach:
                continue
            pairs = (y[:, None] - y[None] == by) & (x[:, None] - x[None] == bx)
            weight = float(residual[pairs].sum())
            for oy in range(-_BLOCK + 1, _BLOCK):
                for ox in range(-_BLOCK + 1, _BLOCK):
                    dy, dx = by * _BLOCK + oy, bx * _BLOCK + ox
                    if abs(dy) <= reach and abs(dx) <= reach:
                        both = triangle[oy + _BLOCK - 1] * triangle[ox + _BLOCK - 1]
                        total[reach + dy, reach + dx] += weight * both
    return 1.0, total


def _block_means(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
    count, side, _ = tiles.shape
    blocks = side // _BLOCK
    used = blocks * _BLOCK
    # A product with a narrow matrix is many times faster than a mean over short axes.
    across = tiles[:, :used, :used].reshape(count * used, used) @ _averaging(blocks)
    flat = across.reshape(count, blocks, _BLOCK, blocks).sum(axis=2).reshape(count, -1)
    plane = _geometry(side)[2].astype(np.float32)
    return np.asarray(flat - (flat @ plane) @ plane.T, dtype=np.float32)


@lru_cache(maxsize=8)
def _averaging(blocks: int) -> NDArray[np.float32]:
    mean = np.kron(np.eye(blocks), np.full((_BLOCK, 1), 1 / _BLOCK**2))
    return np.asarray(mean, dtype=np.float32)


def _degrees(blocks: NDArray[np.float32]) -> float:
    """Degrees of freedom of the energy of block means, from their mean power spectrum."""
    side = round(float(np.sqrt(blocks.shape[1])))
    mean = mean_power(blocks.reshape(-1, side, side)).astype(np.float64)
    return float(mean.sum() ** 2 / max((mean**2).sum(), 1e-30))


@lru_cache(maxsize=8)
def _geometry(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32], FloatArray]:
    """Window, bands as rows of weights over the half spectrum, and planes over block means."""
    window = hann_window(side)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    twice = np.full(radius.shape, 2.0)
    twice[:, 0] = 1.0
    if side % 2 == 0:
        twice[:, -1] = 1.0
    bands = [
        np.where((radius >= low) & (radius < high), twice, 0.0).ravel()
        for low, high in pairwise(BANDS)
    ]
    count = side // _BLOCK
    y, x = np.divmod(np.arange(count * count), count)
    plane, _ = np.linalg.qr(np.stack([np.ones(y.size), y, x], axis=1).astype(np.float64))
    return window, np.array(bands, dtype=np.float32), plane
