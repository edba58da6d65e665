"""What the networks read of frames: the power of tiles in rings of frequency."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.stack.frames import finite

SIDE = 32
"""Pixels of a tile."""

_EDGES = np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 7, 8.5, 10, 12, 14, 17]) / SIDE
RINGS = len(_EDGES) - 1

FEWEST = 9
"""Tiles that are needed, as many as the smallest frames have."""

_QUIET = (0.06, 0.15, 0.4)
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_LOW, _MIDDLE, _TOP = slice(1, 4), slice(4, 8), slice(9, None)
_TINY = 1e-30


_HOLE = 0.02
"""Share of the pixels of a tile that may be missing."""


def ring_power(image: FloatArray) -> FloatArray:
    """Return the mean power of half overlapping tiles in each ring, shape (down, across, RINGS).

    White noise of variance 1 has power 1; a tile where pixels are missing (NaN) has NaN.
    """
    from scipy import fft

    there = np.isfinite(image)
    holes = _tiles(~there).mean(axis=(2, 3)) > _HOLE
    tiles = _tiles(finite(image))
    taper = window()
    tiles = tiles - np.einsum("abij,ij->ab", tiles, taper / taper.sum())[:, :, None, None]
    spectra = fft.rfft2(tiles * taper, axes=(2, 3))
    power = spectra.real**2 + spectra.imag**2
    rings = np.asarray(power.reshape(*power.shape[:2], -1) @ ring_means().T)
    rings[holes] = np.nan
    return rings


def _tiles(image: NDArray[Any]) -> NDArray[Any]:
    step = SIDE // 2
    return np.lib.stride_tricks.sliding_window_view(image, (SIDE, SIDE))[::step, ::step]


def features(powers: Sequence[FloatArray]) -> tuple[FloatArray, float]:
    """Return what the networks read, and the level that it is relative to.

    ``powers``: As from `ring_power`, of each frame; `FEWEST` tiles or more of them are no NaN.

    Tiles are quiet if their neighbours are: choosing them by their own power would bias it.
    """
    logs = [np.log(power + _TINY) for power in powers]
    whole = [np.isfinite(one[:, :, 0]) for one in logs]
    tiles = np.concatenate([one[there] for one, there in zip(logs, whole, strict=True)])
    level = float(np.median(tiles[:, _TOP].mean(axis=1)))
    found = []
    for rings in (_LOW, _MIDDLE):
        around = np.concatenate(
            [
                _around(one[:, :, rings].mean(axis=2))[there]
                for one, there in zip(logs, whole, strict=True)
            ]
        )
        order = np.argsort(around, kind="stable")
        for share in _QUIET:
            quiet = tiles[order[: max(4, round(share * len(tiles)))]]
            mean = np.log(np.exp(quiet).mean(axis=0))
            found += [mean - level, quiet.std(axis=0), mean - quiet.mean(axis=0)]
    found.append(np.log(np.exp(tiles).mean(axis=0)) - level)
    found += list(np.quantile(tiles, _QUANTILES, axis=0) - level)
    found.append(tiles.std(axis=0))
    found.append(_correlations(tiles)[np.triu_indices(RINGS, 1)])
    alike = []
    for ring in range(1, RINGS - 1, 2):
        around = np.concatenate(
            [_around(one[:, :, ring])[there] for one, there in zip(logs, whole, strict=True)]
        )
        alike.append(_correlations(np.stack([tiles[:, ring], around], axis=1))[0, 1])
    found.append(np.array([*alike, np.log(len(tiles))]))
    return np.concatenate(found), level


def _around(values: FloatArray) -> FloatArray:
    """Return the mean over the four tiles two steps away, which do not overlap; shape as given."""
    padded = np.pad(values, 2, constant_values=np.nan)
    near = [padded[:-4, 2:-2], padded[4:, 2:-2], padded[2:-2, :-4], padded[2:-2, 4:]]
    there = np.isfinite(near)
    total, count = np.where(there, near, 0.0).sum(axis=0), there.sum(axis=0)
    typical = float(np.nanmedian(values))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), typical))


def _correlations(values: FloatArray) -> FloatArray:
    """Return the correlations of columns; 0 where one does not vary."""
    centred = values - values.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred.T @ centred / np.maximum(np.outer(norms, norms), _TINY))


@cache
def window() -> FloatArray:
    """Return the Hann window of a tile, such that white noise of variance 1 has power 1."""
    # In float64, unlike that of other tiles, whose rounding leaks into rings without power.
    line = np.hanning(SIDE + 1)[:SIDE]
    taper = np.outer(line, line)
    return np.asarray(taper / np.sqrt((taper**2).sum()))


@cache
def ring_means() -> FloatArray:
    """Return the weights that average a half plane of power over each ring."""
    across = np.fft.rfftfreq(SIDE)
    ring = np.digitize(np.hypot(np.fft.fftfreq(SIDE)[:, None], across), _EDGES) - 1
    # All but the first and last column stand for their mirror images, too.
    twice = np.where((across == 0) | (across == 0.5), 1.0, 2.0)
    weights = np.stack([((ring == number) * twice).ravel() for number in range(RINGS)])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
