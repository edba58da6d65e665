"""One reading of all patches: lag products, the tiles' power, and the mean spectrum."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import LagKernel, patches_per_chunk
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.correlation.lags import LagPool, pixel_pairs, unfold
from structmask_gui.core.progress import Task
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.frames import Frames, evenly
from structmask_gui.core.stack.patches import Chunk, PatchReader, Plan, Sampling, read_patches
from structmask_gui.core.stack.screening import extremes
from structmask_gui.core.statistical.estimate import BrightnessBin, UnlikePart
from structmask_gui.core.statistical.patches import TILE, NoisePatches
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.statistical.tiles import (
    SpectrumSum,
    TilePower,
    TileStatistics,
    cut_tiles,
)
from structmask_gui.core.threads import in_threads

# Patches in which the image's autocovariance is measured, where it takes a reading of its own.
_MOST_PATCHES = 240

# Patches whose spectra are added, where there are so many: the mean is well enough known from them.
_FOR_SPECTRUM = 64
_FEWEST_IN_A_BIN = 8

NEAR_LAGS = ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0), (1, 1), (1, -1))
"""Lags (dy, dx) at which parts of the field are compared."""

# Difference of correlations from which parts are unlike, and in standard errors.
_MUCH_UNLIKE, _SURELY_UNLIKE = 0.08, 6.0


@dataclass
class Pooled:
    """The results of one reading of all patches."""

    pool: LagPool  # Lag products of all patches
    tiles: TileStatistics  # Power of the tiles that the patches are cut into
    spectrum: SpectrumSum  # Sum of some of the patches' spectra
    log_variance: FloatArray
    """Shape (patches,); NaN of patches that are not used or constant."""
    image: FloatArray | None = None
    """Shape (far + 1, 2 far + 1); sum of the lag products up to the largest lag, the half plane; if
    it was asked for."""
    hot: int = 0  # Hot pixels that were repaired, of so many
    pixels: int = 0
    bins: list[LagPool] = field(default_factory=list)  # Lag products by brightness
    near: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    """Shape (patches, lags); products of each patch at `NEAR_LAGS`; NaN of those not used."""

    def unlike(self, patches: NoisePatches, inflation: float) -> UnlikePart | None:
        """Return the half of the field, or of the stack, that differs most, if any does.

        ``inflation``: Of the squared errors, by what patches share.
        """
        best, most = None, _SURELY_UNLIKE
        frame, y, x = patches.plan.places.T
        if (np.diff(patches.stored[:, 0]) < 0).any():
            # Differences of one plane after another are in another order than the stack.
            frame = patches.stored[:, 0]
        for at, names in (
            (x, ("left half", "right half")),
            (y, ("upper half", "lower half")),
            (frame, ("first half of the stack", "second half of the stack")),
        ):
            border = (int(at.min()) + int(at.max())) / 2
            there = np.isfinite(self.near[:, 0])
            halves = (there & (at <= border), there & (at > border))
            if min(int(half.sum()) for half in halves) < _FEWEST_IN_A_BIN:
                continue
            (one, its_error), (other, error) = (_ratio(self.near[half]) for half in halves)
            difference = np.abs(one - other)
            chance = np.sqrt(inflation * (its_error**2 + error**2))
            told = (difference >= _MUCH_UNLIKE) & (chance > 0)
            away = np.divide(difference, chance, out=np.zeros_like(chance), where=told)
            lag = int(np.argmax(away))
            if away[lag] > most:
                most, first = float(away[lag]), abs(one[lag]) >= abs(other[lag])
                values = (one[lag], other[lag]) if first else (other[lag], one[lag])
                where = names[0 if first else 1]
                best = UnlikePart(where, float(values[0]), float(values[1]), NEAR_LAGS[lag + 1])
        return best

    def by_brightness(self, patches: NoisePatches) -> tuple[BrightnessBin, ...]:
        """Return the correlation by brightness, from dark to bright; empty if there are too few."""
        if not self.bins or any(pool.n_patches < _FEWEST_IN_A_BIN for pool in self.bins):
            return ()
        brightness = np.sort(patches.brightness[np.isfinite(self.log_variance)])
        parts = np.array_split(brightness, len(self.bins))
        return tuple(
            BrightnessBin(float(part.mean()), pool.estimate(self.pool))
            for part, pool in zip(parts, self.bins, strict=True)
        )


@dataclass(frozen=True, eq=False)
class _Part:
    """The results of a chunk of patches."""

    index: NDArray[np.intp]
    products: FloatArray
    image: FloatArray | None
    variance: FloatArray
    tiles: TilePower
    power: FloatArray
    powers: int
    hot: int
    pixels: int


def pool_patches(
    frames: Frames, patches: NoisePatches, source: NoiseSource, max_lag: int, reader: PatchReader
) -> Pooled:
    """Read all patches once and pool them; ``frames`` are those of the source, or level ones."""
    far, stored = _image_reach(patches.plan.patch_shape, max_lag), frames is source.stored
    # The image's autocovariance comes from the same reading where that is quicker.
    shared = stored and _worth_sharing(patches.plan, patches.reach, far)
    pooling = Pooling(patches, far if shared else patches.reach)
    chunks = reader.read(frames, patches.plan, pooling.per_chunk)
    return pooling.run(chunks, not stored, source.task)


class Pooling:
    """Pools patches; ``far``: Largest lag of the image's autocovariance, or no more than theirs."""

    def __init__(self, patches: NoisePatches, far: int) -> None:
        plan, reach = patches.plan, patches.reach
        self._plan, self._used, self._reach, self._far = plan, patches.used, reach, far
        self._for_spectrum = np.zeros(len(plan), dtype=np.bool_)
        pooled_ones = np.flatnonzero(patches.used)
        self._for_spectrum[pooled_ones[_spread(len(pooled_ones), _FOR_SPECTRUM)]] = True
        self._surface = Surface(plan.patch_shape, 0)
        self._near = [dy * (2 * reach + 1) + dx + reach for dy, dx in NEAR_LAGS]
        self._near = self._near if reach >= 3 else self._near[:1]
        self._bin_of = bin_of = patches.brightness_bins()
        number = 0 if bin_of is None else int(bin_of.max(initial=-1)) + 1
        self._kernel = LagKernel(plan.patch_shape, (far, far))
        self.per_chunk = patches_per_chunk(self._kernel, len(plan))
        self.result = Pooled(
            LagPool(self._surface, reach),
            TileStatistics(min(TILE, plan.patch_shape[0] // 4 * 4)),
            SpectrumSum(plan.patch_shape[0] // 2 * 2),
            np.full(len(plan), np.nan),
            np.zeros((far + 1, 2 * far + 1)) if far > reach else None,
            bins=[LagPool(self._surface, reach, clusters=False) for _ in range(number)],
            near=np.full((len(plan), len(self._near)), np.nan),
        )

    def run(
        self,
        chunks: Iterable[Chunk],
        derived: bool,
        task: Task,
    ) -> Pooled:
        """Pool all chunks; ``derived`` if they are no pixels as stored."""

        def work(chunk: Chunk) -> _Part | None:
            return self._part(chunk, derived, task)

        total = len(self._plan)
        with closing(in_threads(work, chunks)) as parts:
            for part in parts:
                task.stop_if_cancelled()
                if part is None or not len(part.index):
                    continue
                result, places = self.result, self._plan.places[part.index]
                result.tiles.append(part.tiles)
                result.spectrum.append(part.power, part.powers)
                result.pool.add_products(part.products, places)
                if result.image is not None and part.image is not None:
                    result.image += part.image
                result.near[part.index] = part.products[:, self._near]
                result.log_variance[part.index] = np.log(np.maximum(part.variance, 1e-300))
                result.hot += part.hot
                result.pixels += part.pixels
                if self._bin_of is not None:
                    which = self._bin_of[part.index]
                    for number, pool in enumerate(result.bins):
                        inside = which == number
                        pool.add_products(part.products[inside], places[inside])
                task.report(total + int(part.index[-1]) + 1, 2 * total, "Measuring the noise")
        return self.result

    def _part(self, chunk: Chunk, derived: bool, task: Task) -> _Part | None:
        task.stop_if_cancelled()
        index = np.arange(chunk.indices.start, chunk.indices.stop)
        inside = self._used[chunk.indices]
        if derived:
            # Patches that vary as stored may be constant once something is subtracted.
            low, high = extremes(chunk.patches)
            inside = inside & (low != high)
        if not inside.any():
            return None
        patches = self._surface.remove_from(
            chunk.patches if inside.all() else chunk.patches[inside]
        )
        patches, hot = screening.repair_hot_pixels(patches)
        if hot:
            patches = self._surface.remove_from(patches)
        # Squares of very large or small values must fit float32.
        scale = float(np.abs(patches).max(initial=0.0)) or 1.0
        half = self._kernel.half_plane(np.asarray(patches / scale, dtype=np.float32))
        far, reach = self._far, self._reach
        task.stop_if_cancelled()
        image = half.sum(axis=0, dtype=np.float64) * scale**2 if far > reach else None
        half = half[:, : reach + 1, far - reach : far + reach + 1]
        products = self.result.pool.products(half, scale)
        side = self.result.spectrum.side
        some = patches[self._for_spectrum[index[inside]], :side, :side]
        task.stop_if_cancelled()
        return _Part(
            index[inside],
            products,
            image,
            half[:, 0, reach].astype(np.float64) * scale**2 / patches[0].size,
            self.result.tiles.power_of(cut_tiles(patches, self.result.tiles.side)),
            self.result.spectrum.power_of(some),
            len(some),
            hot,
            patches.size,
        )


def _ratio(products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the correlation at all lags but the first, and its error from patch to patch."""
    mean = np.maximum(products.mean(axis=0), 1e-300)
    rho = products.mean(axis=0)[1:] / mean[0]
    away = products[:, 1:] - rho * products[:, :1]
    return rho, away.std(axis=0, ddof=1) / np.sqrt(len(products)) / mean[0]


def _spread(n: int, count: int) -> NDArray[np.intp]:
    """Return ``count`` of n indices, or all, in even steps that share no divisor with n.

    Steps that divide the number of patches of a frame would meet a few of its columns only.
    """
    if n <= count:
        return np.arange(n)
    step = n // count
    while math.gcd(step, n) > 1:
        step += 1
    return np.arange(count) * step % n


def _image_reach(shape: tuple[int, int], max_lag: int) -> int:
    """Return the largest lag of the image's autocovariance."""
    return max(1, min(2 * max_lag, shape[0] - 4))


def _worth_sharing(plan: Plan, reach: int, far: int) -> bool:
    """Whether a reach of ``far`` for all patches costs less than reading some again."""
    side = plan.patch_shape[0]
    more = ((side + far) / (side + reach)) ** 2 - 1
    return far > reach and more * len(plan) < min(len(plan), _MOST_PATCHES)


def pooled_image_covariance(
    stored: Frames, sampling: Sampling, max_lag: int, pooled: Pooled, task: Task
) -> FloatArray:
    """Return the autocovariance of the frames as stored, shape (2 far + 1, 2 far + 1).

    The reading for the noise may have the lag products already.
    """
    shape = sampling.patch_shape
    far = _image_reach(shape, max_lag)
    total, count = pooled.image, pooled.pool.n_patches
    if total is None:
        places = sampling.places[sampling.used]
        total, count = _some_products(stored, shape, places, far, task)
    return unfold(total / (pixel_pairs(shape, far) * max(count, 1)))


def _some_products(
    stored: Frames, shape: tuple[int, int], places: AnyArray, far: int, task: Task
) -> tuple[FloatArray, int]:
    """Return the lag products of some of the patches as stored, summed, and their number."""
    places = places[evenly(len(places), _MOST_PATCHES)]
    places = places[np.lexsort((places[:, 2], places[:, 1], places[:, 0]))]
    surface = Surface(shape, 0)
    kernel = LagKernel(shape, (far, far))
    chosen = Plan(shape, places)

    def products(chunk: Chunk) -> FloatArray:
        task.stop_if_cancelled()
        patches, _ = screening.repair_hot_pixels(surface.remove_from(chunk.patches))
        scale = float(np.abs(patches).max(initial=0.0)) or 1.0
        half = kernel.half_plane(np.asarray(patches / scale, dtype=np.float32))
        return np.asarray(half.sum(axis=0, dtype=np.float64) * scale**2)

    total = np.zeros(kernel.half_shape)
    chunks = read_patches(stored, chosen, patches_per_chunk(kernel, len(chosen)))
    with closing(in_threads(products, chunks)) as parts:
        for part in parts:
            task.stop_if_cancelled()
            total += part
    return total, len(chosen)
