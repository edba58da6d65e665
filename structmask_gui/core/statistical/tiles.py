"""Tiles: how many are taken, where they lie, cut from patches, and their power spectra.

The number of patches and tiles of a large stack is bounded, as figures of each are kept. What more
would add to the errors is far below any correlation that matters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.stack.patches import Plan

MOST_PIXELS = 2**28
"""Pixels of all patches together; half a gigabyte of 16-bit pixels."""

_OVERLAPPING = 4
"""Tiles that overlap by half, for each that stands alone."""

_AT_ONCE = 2**13


def patch_limit(side: int) -> int:
    """Return how many square patches are taken at most."""
    return MOST_PIXELS // side**2


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

    def add(self, tiles: NDArray[np.float32]) -> None:
        """Add tiles, shape (n, side, side)."""
        self.append(self.power_of(tiles), len(tiles))

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
