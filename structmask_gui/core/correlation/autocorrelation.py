"""From patches to their mean autocorrelation.

Zero-padded, so nothing wraps around, and computed only at the lags that are wanted: a real FFT of
the padded patches, their power, and two small matrix products in place of the inverse FFT.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray, crop_or_pad
from structmask_gui.core.correlation.lags import unfold
from structmask_gui.core.errors import InputError
from structmask_gui.core.threads import in_threads, one_blas_thread

# The published program adds this to the zero lag before it divides by it, so that a constant patch
# gives zeros. Part of the definition, not a guard of ours.
_ZERO_LAG_OFFSET = 1e-10

# Larger rooms are not kept: there the work takes far longer than the getting of memory.
_LARGEST = 32 * 2**20
_kept = threading.local()


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """The autocorrelation averaged over patches."""

    mean: FloatArray
    """Shape (2 * reach_y + 1, 2 * reach_x + 1); axes (lag y, lag x), the zero lag in the middle;
    equal to its 180-degree rotation. Unit: none if normalised, else squared pixel values; the
    logarithm of it if so set."""

    @property
    def reach(self) -> tuple[int, int]:
        """Largest lag in y and in x."""
        return self.mean.shape[0] // 2, self.mean.shape[1] // 2

    def square(self, margin: int) -> FloatArray:
        """Return the (2 * margin + 1)² lags about the zero lag; ``margin`` within the reach."""
        return crop_or_pad(self.mean, (2 * margin + 1, 2 * margin + 1))


class LagKernel:
    """Computes the lag products of many patches of one shape.

    ``reach``: Largest lag in y and in x; each smaller than the patch's side.

    Zero-padding has to reach ``side + reach`` only, for lags up to ``reach``. The power spectrum is
    real and symmetric, so a lag needs cosines and sines and no complex arithmetic:
    ``c(dy, dx) = sum P cos(ky dy) cos(kx dx) - sum P sin(ky dy) sin(kx dx)``.
    """

    def __init__(self, patch_shape: tuple[int, int], reach: tuple[int, int]) -> None:
        from scipy.fft import next_fast_len

        self.patch_shape = patch_shape
        self.reach = reach
        self.padded_shape = (
            next_fast_len(patch_shape[0] + reach[0], real=True),
            next_fast_len(patch_shape[1] + reach[1], real=True),
        )

    @property
    def half_shape(self) -> tuple[int, int]:
        """Shape of the lags with dy >= 0: (reach_y + 1, 2 * reach_x + 1)."""
        return self.reach[0] + 1, 2 * self.reach[1] + 1

    def half_plane(self, patches: AnyArray) -> AnyArray:
        """Return the lag products of lags with dy >= 0.

        ``patches``: shape (n, height, width), float32 or float64; means removed.

        Returns axes (patch, lag y from 0, lag x from -reach_x), sums over all pixel pairs, of the
        patches' type. The other half is its 180-degree rotation; see `unfold`.
        """
        real = patches.dtype
        along_x, cos_y, sin_y = _matrices(self.padded_shape, self.reach, real)
        n = len(patches)
        if not n:
            return np.zeros((0, *self.half_shape), real)
        height, _ = self.padded_shape
        reach_y, reach_x = self.reach
        spectrum = self._spectrum(patches)
        power, squares = scratch("squares", (2, *spectrum.shape), real)
        np.square(spectrum.real, out=power)
        np.square(spectrum.imag, out=squares)
        power += squares
        rows = scratch("rows", (n * height, 2 * (reach_x + 1)), real)
        np.matmul(power.reshape(n * height, -1), along_x, out=rows)
        rows = rows.reshape(n, height, -1)
        even = cos_y @ rows[:, :, : reach_x + 1]
        odd = sin_y @ rows[:, :, reach_x + 1 :]
        half = np.empty((n, reach_y + 1, 2 * reach_x + 1), dtype=real)
        np.subtract(even, odd, out=half[:, :, reach_x:])
        np.add(even, odd, out=half[:, :, reach_x::-1])
        return half

    def _spectrum(self, patches: AnyArray) -> AnyArray:
        """Return the transform of the padded patches, columns from frequency 0 up."""
        from scipy import fft

        height, width = self.padded_shape
        # The rows below the patch are zero: transform along x before they are added.
        if self.patch_shape[1] > _BY_PRODUCT or patches.dtype != np.float32:
            lines: AnyArray = fft.rfft(patches, n=width, axis=2)
        else:
            top = self.patch_shape[0]
            waves = _waves(self.patch_shape[1], width)
            lines = scratch("spectrum", (len(patches), height, width // 2 + 1), np.complex64)
            np.matmul(patches, waves, out=lines.view(np.float32)[:, :top])
            lines[:, top:] = 0
        spectrum: AnyArray = fft.fft(lines, n=height, axis=1, overwrite_x=True)
        return spectrum


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of any content, valid until the same thread asks for the same name again.

    ``name``: What it is for; two names never share memory.
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if size > _LARGEST:
        return np.empty(shape, dtype)
    rooms: dict[str, NDArray[np.uint8]] = _kept.__dict__
    room = rooms.get(name)
    if room is None or room.nbytes < size:
        room = rooms[name] = np.empty(size, np.uint8)
    return room[:size].view(dtype).reshape(shape)


# Up to this width a matrix product is faster than the transform along x, and it writes to memory
# that is there already. Measured on patches of 16 to 256 pixels: 2.4 times at 16, 0.8 times at 96.
_BY_PRODUCT = 80


@lru_cache(maxsize=4)
def _waves(width: int, padded: int) -> NDArray[np.float32]:
    """Return the real Fourier matrix, shape (width, 2 * frequencies), cosine and sine in turn."""
    angle = -2j * np.pi / padded * np.outer(np.arange(width), np.arange(padded // 2 + 1))
    matrix: NDArray[np.complex64] = np.exp(angle).astype(np.complex64)
    return matrix.view(np.float32)


@lru_cache(maxsize=8)
def _matrices(
    padded_shape: tuple[int, int], reach: tuple[int, int], real: np.dtype[Any]
) -> tuple[AnyArray, ...]:
    """Return the cosines and sines of `LagKernel`: along x side by side, and those along y."""
    (height, width), (reach_y, reach_x) = padded_shape, reach
    columns = width // 2 + 1
    # Columns 1 .. (width - 1) // 2 stand for themselves and their mirror images.
    weight = np.full(columns, 2.0)
    weight[0] = 1.0
    if width % 2 == 0:
        weight[-1] = 1.0
    weight /= height * width
    angle_x = 2 * np.pi / width * np.outer(np.arange(columns), np.arange(reach_x + 1))
    angle_y = 2 * np.pi / height * np.outer(np.arange(reach_y + 1), np.arange(height))
    along_x = np.hstack([np.cos(angle_x), np.sin(angle_x)]) * weight[:, np.newaxis]
    return tuple(
        np.ascontiguousarray(matrix, dtype=real)
        for matrix in (along_x, np.cos(angle_y), np.sin(angle_y))
    )


@one_blas_thread
def lag_products(image: AnyArray, reach: tuple[int, int]) -> FloatArray:
    """Return the sums of image[p] * image[p + lag] over all p, zero outside, for lags in reach.

    Exactly symmetric, float64, shape (2 reach_y + 1, 2 reach_x + 1). float32 is not converted.
    """
    kernel = LagKernel((image.shape[0], image.shape[1]), reach)
    return unfold(kernel.half_plane(image[np.newaxis])[0].astype(np.float64))


def centred(
    patches: AnyArray, between: tuple[AnyArray, AnyArray] | None = None
) -> tuple[NDArray[np.float32], FloatArray]:
    """Subtract the mean of each patch and scale the patch to a range of 1.

    ``patches``: shape (n, height, width); any real type, finite.
    ``between``: shape (n,); the smallest and the largest value of each patch, if they are known
    already.

    Returns the patches, shape (n, height, width), as exact as if computed in float64 and rounded at
    the end; and the factors that undo the scaling, shape (n,), 0 for a constant patch. Patches are
    scaled only where the squares of their values would not fit float32.
    """
    flat = patches.reshape(len(patches), -1)
    low, high = between or (flat.min(axis=1), flat.max(axis=1))
    low, high = low.astype(np.float64), high.astype(np.float64)
    # Halved before the difference is taken, which might be too large for a float64.
    span = scale = (high / 2 - low / 2) * 2
    scale = np.where((scale > _MODEST[0]) & (scale < _MODEST[1]), 1.0, scale)
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)[:, np.newaxis]
    if _exact_in_float32(flat.dtype) and max(-low.min(), high.max()) < _LARGE:
        values = flat.astype(np.float32)
        # The first mean is rounded like the pixels; what is left of it, if it is anything that
        # could be seen in a square, the second removes. Twice as fast as going through float64.
        weights = np.full(values.shape[1], 1 / values.shape[1], dtype=np.float32)
        values -= (values @ weights)[:, np.newaxis]
        rest = values @ weights
        rest[np.abs(rest) < 1e-6 * span] = 0
        if rest.any():
            values -= rest[:, np.newaxis]
        if (scale != 1).any():
            values *= inverse.astype(np.float32)
    else:
        wide = flat - flat.mean(axis=1, keepdims=True, dtype=np.float64)
        wide *= inverse
        values = wide.astype(np.float32)
    values[scale == 0] = 0
    return values.reshape(patches.shape), scale


# Differences of float32 values below this, and the inverse of such a difference, stay in range.
_LARGE = 1e30

# The squares of values of such a range, and sums of millions of them, are exact enough as they are.
_MODEST = 1e-4, 1e8


def _exact_in_float32(dtype: np.dtype[Any]) -> bool:
    return dtype == np.float32 or dtype.itemsize <= 2


def transform(
    half: NDArray[np.float32], scale: FloatArray, *, normalise: bool, logarithm: bool
) -> FloatArray:
    """Turn lag products of scaled patches into the autocorrelations that are averaged.

    ``half``: shape (n, reach_y + 1, 2 * reach_x + 1); from `LagKernel.half_plane` of patches scaled
    by `centred`.
    ``scale``: shape (n,); the scales of the patches.
    """
    if normalise:
        zero_lag = half[:, 0, half.shape[2] // 2].astype(np.float64)
        # Both divided by the squared scale, which may be too large or small to be squared.
        with np.errstate(divide="ignore", over="ignore"):
            factor = 1 / (zero_lag + (np.sqrt(_ZERO_LAG_OFFSET) / scale) ** 2)
    else:
        with np.errstate(over="ignore"):
            factor = np.square(scale)
    values: FloatArray = half * factor[:, np.newaxis, np.newaxis]
    if logarithm:
        np.abs(values, out=values)
        np.log1p(values, out=values)
    return values


def average_patches(
    patches: Sequence[AnyArray],
    reach: int | None,
    *,
    normalise: bool,
    logarithm: bool,
) -> Autocorrelation:
    """Average the autocorrelations of patches that are in memory and may differ in shape.

    ``patches``: shape (height, width) each; finite, of any real type.
    ``reach``: Largest lag in both directions, smaller than every side; None for the whole plane,
    which is cropped about its centre to that of the smallest height and width.
    """
    if not patches:
        raise InputError("There are no patches; give at least one.")
    smallest = (min(p.shape[0] for p in patches), min(p.shape[1] for p in patches))
    lags = (reach, reach) if reach is not None else (smallest[0] - 1, smallest[1] - 1)
    total = np.zeros((lags[0] + 1, 2 * lags[1] + 1))
    by_shape: dict[tuple[int, ...], list[AnyArray]] = {}
    for patch in patches:
        by_shape.setdefault(patch.shape, []).append(patch)
    for shape, group in by_shape.items():
        kernel = LagKernel((shape[0], shape[1]), lags)
        total += _sum(kernel, group, normalise=normalise, logarithm=logarithm)
    return Autocorrelation(unfold(total / len(patches)))


def _sum(
    kernel: LagKernel, patches: list[AnyArray], *, normalise: bool, logarithm: bool
) -> FloatArray:
    """Return the half plane of lags of patches of one shape, transformed and summed."""
    size = patches_per_chunk(kernel, len(patches))
    at_once = size * max(1, patches_in_budget(kernel) // size)

    def chunks() -> Iterator[tuple[NDArray[np.float32], FloatArray]]:
        for start in range(0, len(patches), at_once):
            scaled, scale = centred(np.stack(patches[start : start + at_once]))
            for first in range(0, len(scaled), size):
                yield scaled[first : first + size], scale[first : first + size]

    def sum_of(chunk: tuple[NDArray[np.float32], FloatArray]) -> FloatArray:
        half = kernel.half_plane(chunk[0])
        values = transform(half, chunk[1], normalise=normalise, logarithm=logarithm)
        total: FloatArray = values.sum(axis=0)
        return total

    total = np.zeros(kernel.half_shape)
    with closing(in_threads(sum_of, chunks())) as results:
        for values in results:
            total += values
    return total


def patches_per_chunk(kernel: LagKernel, total: int) -> int:
    """Return how many patches to transform at once; the same on every machine.

    Enough to keep Python's share small, few enough to keep memory bounded, and if there is much to
    do, several chunks for each core. Measured with 64 x 64 patches: 50 to 200 at once are equally
    fast, 25 take a tenth longer. Of 100, two halves take a tenth less than four quarters.
    """
    most = patches_in_budget(kernel)
    return min(most, max(1, most // 2, -(-total // _CHUNKS)))


# Enough for many cores; sums must not depend on how many there are.
_CHUNKS = 16


def patches_in_budget(kernel: LagKernel) -> int:
    """Return how many patches are read at once."""
    pixels = kernel.padded_shape[0] * kernel.padded_shape[1]
    return max(1, min(512, 100 * 80 * 80 // pixels))
