"""Tiles that patches are cut into: where they lie, their power by bands, their mean spectrum."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.stack.patches import Plan, patch_limit

BANDS = (0.02, 0.08, 0.14, 0.20, 0.27, 0.35, 0.45, 0.75)
"""Edges of the bands, in cycles per pixel."""

BLOCK = 4
# Squared correlation of the amplitudes of a Hann-windowed tile at frequencies 0, 1 and 2 apart.
_SHARED = np.array([1 / 36, 4 / 9, 1.0, 4 / 9, 1 / 36])
# Tiles of a frame, from which these are compared with each other alone; how often a line through
# their power is fitted anew, and the least share of the mean that it predicts; share of all power
# up to which a band does not matter.
_COMPARED, _REFITTED, _WEAKEST, _NO_POWER = 8, 4, 0.05, 0.02
_AT_ONCE = 2**13
# Tiles that overlap by half, for each that stands alone.
_OVERLAPPING = 4


def cut_tiles(patches: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Cut patches into tiles, patch by patch and row by row; what is over is dropped."""
    count, height, width = patches.shape
    rows, columns = height // side, width // side
    cut = patches[:, : rows * side, : columns * side]
    tiles = cut.reshape(count, rows, side, columns, side).swapaxes(2, 3)
    return np.ascontiguousarray(tiles.reshape(-1, side, side))


def tile_places(plan: Plan, used: BoolArray, side: int) -> NDArray[np.intp]:
    """Return frame, y and x of the tiles of all used patches, in the order of `cut_tiles`."""
    offsets = tile_offsets(plan.patch_shape, side)
    places = np.repeat(plan.places[used], len(offsets), axis=0)
    places[:, 1:] += np.tile(offsets, (int(used.sum()), 1))
    return places


def tile_offsets(shape: tuple[int, int], side: int) -> NDArray[np.intp]:
    """Return the upper left corner of each tile of a patch, shape (tiles, 2)."""
    rows, columns = shape[0] // side, shape[1] // side
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.stack([y * side, x * side], axis=1)


def grid_places(
    frames: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp], side: int
) -> NDArray[np.intp]:
    """Return the places of tiles on a grid: all, or of very many a random choice."""
    shape = (len(frames), len(rows), len(columns))
    total, most = len(frames) * len(rows) * len(columns), _OVERLAPPING * patch_limit(side)
    if total > most:
        # The same at every run. A few are drawn twice; none is left out for it that matters.
        index = np.unique(np.random.default_rng(0).integers(total, size=most))
    else:
        index = np.arange(total)
    frame, row, column = np.unravel_index(index, shape)
    return np.stack([frames[frame], rows[row], columns[column]], axis=1)


def mean_power(blocks: NDArray[np.float32]) -> FloatArray:
    """Return the mean power spectrum of square tiles, a part of them at a time.

    ``blocks``: shape (n, side, side).
    """
    if len(blocks) <= _AT_ONCE:
        return np.asarray((np.abs(np.fft.fft2(blocks)) ** 2).mean(axis=0))
    total = np.zeros(blocks.shape[1:])
    for start in range(0, len(blocks), _AT_ONCE):
        power = np.abs(np.fft.fft2(blocks[start : start + _AT_ONCE])) ** 2
        total += power.sum(axis=0, dtype=np.float64)
    return total / len(blocks)


def image_power(image: NDArray[np.float64]) -> FloatArray:
    """Return the power spectrum of an image of any shape (y, x), under a window; mean its variance.

    Frequencies as `np.fft.fftfreq` has them.
    """
    height, width = image.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    values = (image - image.mean()) * window
    return np.asarray(np.abs(np.fft.fft2(values)) ** 2 / (window**2).sum())


def hann_window(side: int) -> NDArray[np.float32]:
    """Return the periodic Hann window of a tile, shape (side, side)."""
    line = np.hanning(side + 1)[:side]
    return np.outer(line, line).astype(np.float32)


def window_lags(window: FloatArray) -> FloatArray:
    """Return the autocorrelation of a window at all lags; negative ones count from the end."""
    padded = (2 * len(window), 2 * len(window))
    return np.asarray(np.fft.irfft2(np.abs(np.fft.rfft2(window, padded)) ** 2))


class SpectrumSum:
    """Sums the windowed power spectra of overlapping tiles."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._window = hann_window(side)
        self._power = np.zeros((side, side // 2 + 1))
        self.count = 0

    def power_of(self, tiles: NDArray[np.float32]) -> FloatArray:
        """Return the sum of the power spectra of tiles; adds nothing."""
        from scipy import fft

        weights = self._window.ravel() / self._window.sum()
        mean = tiles.reshape(len(tiles), self.side**2) @ weights
        spectrum = fft.rfft2((tiles - mean[:, None, None]) * self._window, axes=(1, 2))
        power = spectrum.real**2
        power += spectrum.imag**2
        return np.asarray(power.sum(axis=0, dtype=np.float64))

    def append(self, power: FloatArray, count: int) -> None:
        """Add the sum of the spectra of ``count`` tiles."""
        self._power += power
        self.count += count

    @property
    def power(self) -> FloatArray:
        """Mean power per pixel; the mean over frequencies is the noise's variance."""
        norm = float((self._window.astype(np.float64) ** 2).sum())
        return self._power / (max(self.count, 1) * norm)

    def window_lags(self, reach: int) -> FloatArray:
        """Return by how much the window lowers each lag, shape (2 reach + 1, 2 reach + 1)."""
        plane = window_lags(self._window.astype(np.float64))
        span = np.arange(-reach, reach + 1)
        lags = plane[span[:, None], span[None, :]]
        return np.asarray(lags / lags[reach, reach])


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

    def power_of(self, tiles: NDArray[np.float32]) -> TilePower:
        """Return what is kept of tiles, shape (n, side, side); adds nothing."""
        from scipy import fft

        window, bands, _ = geometry(self.side)
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
    def blocks(self) -> NDArray[np.float32]:
        """Block means of each tile, shape (tiles, blocks), a plane removed."""
        return np.concatenate(self._blocks)

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

    def unevenness(
        self, inside: BoolArray | None = None, *, strict: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Return by band how much wider the tiles' power spreads than noise would, and its error.

        Returns shape (bands,); 1 for noise that is alike everywhere.

        ``strict``: Do not count the spread of the band that others are compared to. For flat parts,
        and for frame differences, in which a little that moved must not pass for noise: there, what
        brightness explains is taken out by `unevenness_of_even`.
        """
        power = np.concatenate(self._power)
        if inside is not None:
            power = power[inside]
        degrees = self._band_degrees()
        # Noise whose strength alone follows brightness spreads alike in all bands, and so do counts
        # of few photons: compare each band to the highest, which has a spread of its own.
        top = power[:, -1:] / max(float(power[:, -1].mean()), 1e-30)
        if float(top.var()) * degrees[-1] / 2 <= 1.5:
            return _spread(power, degrees)
        both = degrees if strict else 1 / (1 / degrees + 1 / degrees[-1])
        return _spread(power / np.maximum(top, 1e-30), both)

    def unevenness_of_finest(self) -> tuple[FloatArray, FloatArray]:
        """Return `unevenness` of what differs more than the finest detail does, which is noise.

        Noise that is stronger in some tiles, for whatever reason, is so in all bands.
        """
        power, degrees = np.concatenate(self._power), self._band_degrees()
        top = np.maximum(power[:, -1:] / max(float(power[:, -1].mean()), 1e-30), 1e-30)
        both = 1 / (1 / degrees + 1 / degrees[-1])
        ratio, error = _spread(power[:, :-1] / top, both[:-1])
        return np.append(ratio, 1.0), np.append(error, error[-1])

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
        window, bands, _ = geometry(self.side)
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


def _block_means(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
    count, side, _ = tiles.shape
    blocks = side // BLOCK
    used = blocks * BLOCK
    # A product with a narrow matrix is many times faster than a mean over short axes.
    across = tiles[:, :used, :used].reshape(count * used, used) @ _averaging(blocks)
    flat = across.reshape(count, blocks, BLOCK, blocks).sum(axis=2).reshape(count, -1)
    plane = geometry(side)[2].astype(np.float32)
    return np.asarray(flat - (flat @ plane) @ plane.T, dtype=np.float32)


@lru_cache(maxsize=8)
def _averaging(blocks: int) -> NDArray[np.float32]:
    mean = np.kron(np.eye(blocks), np.full((BLOCK, 1), 1 / BLOCK**2))
    return np.asarray(mean, dtype=np.float32)


@lru_cache(maxsize=8)
def geometry(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32], FloatArray]:
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
    count = side // BLOCK
    y, x = np.divmod(np.arange(count * count), count)
    plane, _ = np.linalg.qr(np.stack([np.ones(y.size), y, x], axis=1).astype(np.float64))
    return window, np.array(bands, dtype=np.float32), plane
