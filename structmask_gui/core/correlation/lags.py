"""Lag products pooled over patches, and correlation per lag with cluster-robust standard errors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, BoolArray, FloatArray, crop_or_pad
from structmask_gui.core.correlation.detrend import Surface

# Weight of Bartlett's formula, in degrees of freedom, beside the spread over patches, which is
# noisy where patches are few.
_PRIOR_DEGREES = 30.0


@dataclass(frozen=True, eq=False)
class LagEstimate:
    """Correlation per lag and its error."""

    rho: FloatArray
    """Shape (2 reach + 1, 2 reach + 1); correlation, the zero lag in the middle; equal to its
    180-degree rotation."""
    standard_error: FloatArray  # Shape of ``rho``; 0 in the middle
    degrees: FloatArray  # Shape of ``rho``; degrees of freedom of the standard error
    variance: float  # Variance of the noise (the zero lag), in squared grey levels
    n_patches: int  # Patches that were pooled
    inflation: float = 1.0
    """How much larger the squared error of lags along rows or columns is than it would be if all
    patches were independent; 1 if they are."""

    @property
    def reach(self) -> int:
        """Largest lag."""
        return int(self.rho.shape[0]) // 2

    @property
    def covariance(self) -> FloatArray:
        """Autocovariance of the noise, in squared grey levels; shape as ``rho``."""
        return self.rho * self.variance

    def within(self, reach: int) -> LagEstimate:
        """Return the estimate cropped to lags up to ``reach``, or as far as it reaches itself."""
        side = 2 * min(reach, self.reach) + 1
        rho, error, degrees = (
            crop_or_pad(values, (side, side))
            for values in (self.rho, self.standard_error, self.degrees)
        )
        return replace(self, rho=rho, standard_error=error, degrees=degrees)


class _Quadratic:
    """Sums over groups g of C_g(l)², C_g(l) C_g(0) and C_g(0)²."""

    def __init__(self, size: int, centre: int) -> None:
        self.squares, self.cross = np.zeros(size), np.zeros(size)
        self.centre, self.groups = centre, 0

    def add(self, values: FloatArray | list[FloatArray]) -> None:
        if not len(values):
            return
        sums = np.asarray(values)
        at_zero = sums[:, self.centre]
        self.squares += np.einsum("gl,gl->l", sums, sums)
        self.cross += at_zero @ sums
        self.groups += len(sums)

    def variance(self, rho: FloatArray) -> FloatArray:
        """Sum over groups of (C_g(l) - rho C_g(0))², corrected for the number of groups."""
        spread = self.squares - 2 * rho * self.cross + rho**2 * self.squares[self.centre]
        return np.asarray(np.maximum(spread, 0) * self.groups / max(self.groups - 1, 1))


@dataclass
class _Clusters:
    """Sums over the rows, or columns, of tiles of the frames that are being read."""

    sums: dict[tuple[int, int], FloatArray] = field(default_factory=dict)

    def add(self, frames: NDArray[np.intp], tiles: NDArray[np.intp], sums: FloatArray) -> None:
        for key, values in zip(
            zip(frames.tolist(), tiles.tolist(), strict=True), sums, strict=True
        ):
            self.sums[key] = self.sums[key] + values if key in self.sums else values

    def take_before(self, frame: float) -> list[FloatArray]:
        """Return, and forget, the sums of earlier frames."""
        done = [key for key in self.sums if key[0] < frame]
        return [self.sums.pop(key) for key in done]


class LagPool:
    """Accumulates lag products of patches; its memory does not grow with their number.

    ``clusters``: Whether to keep account of what patches beside each other share; a pool of some of
    the patches takes that from the pool of all, see `estimate`.
    """

    def __init__(self, surface: Surface, reach: int, clusters: bool = True) -> None:
        self._reach, self._surface = reach, surface
        self._pairs = pixel_pairs(surface.patch_shape, reach)
        size = self._pairs.size
        self._centre = reach
        self._total = np.zeros(size)
        self.n_patches = 0
        self._patch = _Quadratic(size, self._centre)
        self._row, self._column = _Quadratic(size, self._centre), _Quadratic(size, self._centre)
        self._open = (_Clusters(), _Clusters()) if clusters else ()
        self._shared: tuple[FloatArray, FloatArray] | None = None
        self._prior: FloatArray | None = None

    def products(self, half: NDArray[np.floating], scale: float = 1.0) -> FloatArray:
        """Return mean products by lag, shape (n, lags), of sums over pixel pairs.

        ``half``: shape (n, reach + 1, 2 reach + 1); of patches in units of ``scale``.
        """
        return np.asarray(half * (scale**2 / self._pairs)).reshape(len(half), -1)

    def add_products(self, products: FloatArray, places: NDArray[np.intp]) -> None:
        """Add patches by what `products` returns.

        ``places``: shape (n, 3); frame, y and x of each, the frames in ascending order over all
        calls.
        """
        if not len(products):
            return
        self._total += products.sum(axis=0)
        self.n_patches += len(products)
        self._patch.add(products)
        self._shared = self._prior = None
        frames = places[:, 0]
        for axis, clusters in enumerate(self._open):
            tiles = places[:, 1 + axis] // self._surface.patch_shape[axis]
            span = int(tiles.max()) + 1
            keys, which = np.unique(frames * span + tiles, return_inverse=True)
            member = np.zeros((len(keys), len(products)))
            member[which, np.arange(len(products))] = 1.0
            clusters.add(keys // span, keys % span, member @ products)
            # Only the frame that is being read can have more.
            (self._row, self._column)[axis].add(clusters.take_before(int(frames[-1])))

    def estimate(self, like: LagPool | None = None) -> LagEstimate:
        """Return the estimate from all patches added so far; at least two of them.

        ``like``: A pool of patches of the same images that has been estimated: its account of what
        patches share, and the shape of its errors, are taken.
        """
        for quadratic, clusters in zip((self._row, self._column), self._open, strict=False):
            quadratic.add(clusters.take_before(np.inf))
        mean = self._total / self.n_patches
        tail = self._tail_beyond(self._unfold(mean))
        covariance = self._surface.bias(self._reach).undo(mean, tail)
        rho = covariance / covariance[self._centre]
        n_squared = (self.n_patches * covariance[self._centre]) ** 2
        alone = self._patch.variance(rho) / n_squared
        degrees = float(self.n_patches - 1)
        full = self._unfold(rho)
        if like is None or like._prior is None:
            self._prior = self._fold(bartlett(full))
            prior = self._prior
        else:
            prior = like._prior
        lags = np.arange(rho.size) != self._centre
        positive = lags & (prior > 0) & self._independent_half()
        scale = float(np.median(alone[positive] / prior[positive])) if positive.any() else 0.0
        variance = (degrees * alone + _PRIOR_DEGREES * scale * prior) / (degrees + _PRIOR_DEGREES)
        if like is None or like._shared is None:
            self._shared = self._inflation(rho, degrees + _PRIOR_DEGREES)
            inflation, dof = self._shared
        else:
            inflation, dof = like._shared
            dof = np.minimum(dof, degrees + _PRIOR_DEGREES)
        error = np.sqrt(variance * inflation)
        error[self._centre] = 0.0
        return LagEstimate(
            rho=full,
            standard_error=self._unfold(error),
            degrees=self._unfold(dof),
            variance=float(covariance[self._centre]),
            n_patches=self.n_patches,
            inflation=float(inflation.max()),
        )

    def _inflation(self, rho: FloatArray, degrees: float) -> tuple[FloatArray, FloatArray]:
        """Return by lag the factor for shared lines on the squared error, and degrees of freedom.

        Lags along rows, lags along columns and all others are pooled apart: within each the sharing
        is alike, and the pooled ratio is steadier than one for each lag.
        """
        by_row, by_column = self._row.variance(rho), self._column.variance(rho)
        by_patch = self._patch.variance(rho)
        factor, dof = np.ones(rho.size), np.full(rho.size, degrees)
        half = self._independent_half()
        dy, dx = np.divmod(np.arange(rho.size), 2 * self._reach + 1)
        dx = dx - self._reach
        for inside in (dy == 0, (dx == 0) & (dy > 0), (dy > 0) & (dx != 0)):
            lags = inside & half
            base = float(by_patch[lags].sum())
            if base <= 0:
                continue
            excess = 0.0
            # The fewer clusters show it, the fewer degrees of freedom.
            groups = np.inf
            for spread, quadratic in ((by_row, self._row), (by_column, self._column)):
                # As many clusters as patches: nothing is shared. Fewer than three: unknown.
                if 3 <= quadratic.groups < self.n_patches:
                    more = max(float(spread[lags].sum()) / base - 1.0, 0.0)
                    if more > excess:
                        groups = quadratic.groups
                    excess += more
            factor[inside] = 1.0 + excess
            share = excess / (1.0 + excess)
            shared = share**2 / max(groups - 1, 1)
            dof[inside] = 1.0 / (shared + (1 - share) ** 2 / degrees)
        return factor, dof

    def _independent_half(self) -> BoolArray:
        """Mark the lags that are not the rotation of another: dy > 0, or dy = 0 and dx > 0."""
        return np.arange(self._pairs.size) > self._centre

    def _tail_beyond(self, full: FloatArray) -> float:
        """Return the summed covariance beyond the reach, of lines that do not end within it."""
        height, width = self._surface.patch_shape
        reach = self._reach
        outer = np.arange(-reach, reach + 1) > reach // 2
        total = 0.0
        for axis, side in ((0, height), (1, width)):
            lines = np.moveaxis(full, axis, 1)
            tail = lines[reach, outer]
            noise = float(np.delete(lines[:, outer], reach, axis=0).std()) / np.sqrt(tail.size)
            if float(tail.mean()) > 4 * noise:
                # Twice the sum of the weights 1 - lag / side from the reach to the edge.
                total += float(tail.mean()) * (side - reach) * (side - reach - 1) / side
        return total

    def _unfold(self, values: FloatArray) -> FloatArray:
        half = values.reshape(self._pairs.shape)
        # The row dy = 0 is symmetric up to rounding; make it so exactly.
        half = half.copy()
        half[0] = (half[0] + half[0, ::-1]) / 2
        return np.asarray(unfold(half), dtype=np.float64)

    def _fold(self, full: FloatArray) -> FloatArray:
        return np.asarray(full[self._reach :].ravel())


def pixel_pairs(shape: tuple[int, int], reach: int) -> FloatArray:
    """Return the number of pixel pairs of an image at each lag, shape (reach + 1, 2 reach + 1)."""
    height, width = shape
    rows, columns = height - np.arange(reach + 1), width - np.abs(np.arange(-reach, reach + 1))
    return np.outer(rows, columns).astype(np.float64)


def unfold(half: AnyArray) -> AnyArray:
    """Complete a half plane of lags, shape (..., reach_y + 1, 2 * reach_x + 1), by its rotation."""
    return np.concatenate([half[..., :0:-1, ::-1], half], axis=-2)


def bartlett(rho: FloatArray) -> FloatArray:
    """Return the shape of the squared error of a correlation by Bartlett's formula.

    ``rho``: shape (2 reach + 1, 2 reach + 1); correlation; taken as 0 beyond.

    Returns squared error times the number of pixels, for Gaussian noise.
    """
    reach = rho.shape[0] // 2
    side = 4 * reach + 1
    padded = np.zeros((side, side))
    padded[reach : 3 * reach + 1, reach : 3 * reach + 1] = rho
    spectrum = np.fft.rfft2(np.fft.ifftshift(padded))
    # Sums over m of rho(m) rho(l - m), at lags up to 2 reach.
    folded = np.fft.fftshift(np.fft.irfft2(spectrum**2, (side, side)))
    middle = 2 * reach
    at_lag = folded[reach : 3 * reach + 1, reach : 3 * reach + 1]
    at_double = folded[::2, ::2]
    total = folded[middle, middle]
    shape = total + at_double - 4 * rho * at_lag + 2 * rho**2 * total
    return np.asarray(np.maximum(shape, 0))
