"""Raw frames and an output compared at each spatial frequency, in tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import reach_of
from structmask_gui.core.stack.frames import Frames, evenly

_SIDE = 32
_MOST_FRAMES = 8
_MOST_TILES = 600
"""Tiles of a frame; more change the figures by less than the scenes differ."""

_LEAST_RATIO = 0.05
"""The quantile of raw power over noise power at which structure counts for nothing."""

_TOO_FAINT = 0.02
"""Share of its mean power below which the noise of a frequency is not known well enough for that:
smooth noise has next to none at most."""

_TOO_LOW = 0.75
"""Such a ratio below which the noise was overestimated: chance alone leaves more."""


@dataclass(frozen=True)
class Spectra:
    """Mean power at each frequency; all arrays of one square shape, the mean frequency first."""

    raw: FloatArray
    output: FloatArray
    cross: NDArray[np.complex128]  # output times the conjugate of raw
    halves: tuple[NDArray[np.complex128], NDArray[np.complex128]]  # of every second tile
    noise: FloatArray  # expected of the noise, as measured elsewhere
    tiles: int

    @property
    def structure(self) -> FloatArray:
        """Power of what is not noise."""
        return np.maximum(self.raw - self.noise, 0.0)

    @property
    def variance(self) -> float:
        """Variance of the noise."""
        return float(self.noise.mean())

    @property
    def incoherent(self) -> FloatArray:
        """Power of the output that no linear filter of the raw frames gives."""
        shared = np.abs(self.cross) ** 2 / np.maximum(self.raw, 1e-300)
        # By chance each of so many tiles has something in common.
        return np.maximum(self.output - shared, 0.0) / (1 - 1 / self.tiles)

    @property
    def unknowable(self) -> FloatArray:
        """Power of the structure that no linear filter of the raw frames gives.

        Even the best of all predictions has no more that is incoherent with them.
        """
        return self.structure * np.minimum(self.noise, self.raw) / np.maximum(self.raw, 1e-300)


def spectra(raw: Frames, denoised: Frames, noise: Covariance, task: Task) -> Spectra | None:
    """Compare raw frames with their output; None where no tile can be used."""
    side = min(_SIDE, *(2 * (n // 2) for n in raw.frame_shape))
    window = np.outer(np.hanning(side + 2)[1:-1], np.hanning(side + 2)[1:-1])
    sums = np.zeros((2, side, side), dtype=np.complex128)
    power = np.zeros((2, side, side))
    tiles = 0
    for frame in evenly(raw.n_frames, _MOST_FRAMES):
        task.stop_if_cancelled()
        pair = [_tiles(stack.read(frame), side) for stack in (raw, denoised)]
        good = np.isfinite(pair[0] + pair[1]).all(axis=(1, 2))
        own, output = (_transformed(values[good], window) for values in pair)
        power += [(np.abs(values) ** 2).sum(axis=0) for values in (own, output)]
        cross = output * own.conj()
        sums += [cross[0::2].sum(axis=0), cross[1::2].sum(axis=0)]
        tiles += int(good.sum())
    if not tiles or not power[0].any():
        return None
    scale = 1 / (tiles * float((window**2).sum()))
    power *= scale
    sums *= scale
    expected = _expected(noise, window)
    # Noise that follows brightness may have been measured where the frames are dark, and structure
    # may have been measured with it.
    known = expected > _TOO_FAINT * expected.mean()
    ratio = float(np.quantile((power[0] / expected)[known], _LEAST_RATIO))
    if not _TOO_LOW < ratio < 1:
        expected *= max(ratio, 1e-3)
    return Spectra(power[0], power[1], sums[0] + sums[1], (sums[0], sums[1]), expected, tiles)


def _tiles(frame: NDArray[Any], side: int) -> FloatArray:
    """Return tiles that overlap by half, at most so many, spread evenly."""
    every = np.lib.stride_tricks.sliding_window_view(frame, (side, side))[
        :: side // 2, :: side // 2
    ]
    rows, columns = np.divmod(evenly(every.shape[0] * every.shape[1], _MOST_TILES), every.shape[1])
    return every[rows, columns].astype(np.float64)


def _transformed(tiles: FloatArray, window: FloatArray) -> NDArray[np.complex128]:
    means = (tiles * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    made: NDArray[np.complex128] = np.fft.fft2((tiles - means) * window)
    return made


def _expected(noise: Covariance, window: FloatArray) -> FloatArray:
    """Return the mean power that noise of an autocovariance has in windowed tiles."""
    side = len(window)
    spread = np.fft.fft2(window, (2 * side, 2 * side))
    overlap = np.fft.fftshift(np.fft.ifft2(np.abs(spread) ** 2).real)
    reach = tuple(min(side - 1, n) for n in reach_of(noise.values))
    middle = reach_of(noise.values)
    values = np.zeros((side, side))
    dy, dx = np.mgrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    np.add.at(
        values,
        (dy % side, dx % side),
        noise.values[middle[0] + dy, middle[1] + dx] * overlap[side + dy, side + dx],
    )
    power = np.fft.fft2(values).real / float((window**2).sum())
    return np.maximum(power, 1e-3 * float(power.mean()))
