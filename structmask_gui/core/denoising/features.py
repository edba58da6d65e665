"""Features of a pixel's surroundings for the perceptrons, from visible neighbours alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray, Float32Array, FloatArray, crop_or_pad
from structmask_gui.core.progress import NO_TASK, Task

REACH = 10
"""Largest distance of a neighbour that is used, the radius of the linear prediction."""

_NEIGHBOURS = 16
_NEAREST = 5
"""Number of single visible neighbours, and their largest distance."""

_GAUSSIANS = (0.8, 1.3, 2.0, 3.5, 6.0)
"""Standard deviations of round means, in pixels."""
_LINES = ((0.7, 2.0), (1.0, 5.0))
"""Width and length (standard deviations, pixels) of the means along lines."""
_HALVES = ((0.8, 2.0), (1.5, 5.0))
"""The same of means over half a plane."""
_SPREADS = (1.5, 3.0, 6.0)
"""Standard deviations of the windows in which the spread is measured, in pixels."""
_LINE_TURNS, _HALF_TURNS = 8, 8


class Features:
    """Features of every pixel, from the neighbours that a mask leaves visible.

    Parameters
    ----------
    mask : bool array
        Odd sides, True where a neighbour is hidden.
    kernel : float array (2 REACH + 1, 2 REACH + 1)
        Weights of the linear prediction, 0 where the mask hides.
    """

    def __init__(self, mask: BoolArray, kernel: FloatArray) -> None:
        visible = ~crop_or_pad(mask, kernel.shape)
        self.kernel = kernel
        self._nearest = _nearest(visible)
        self._means = _visible_means(_kernels(), visible)
        self._spreads = _visible_means([_gaussian(size) for size in _SPREADS], visible)
        self._spectra: dict[tuple[int, int], list[NDArray[Any]]] = {}

    @property
    def count(self) -> int:
        """Number of features."""
        return 1 + len(self._means) + len(self._nearest) + len(self._spreads)

    @property
    def single(self) -> slice:
        """Which of them are single neighbours, the noisiest."""
        first = 1 + len(self._means)
        return slice(first, first + len(self._nearest))

    def linear(self, padded: Float32Array) -> Float32Array:
        """Return the linear prediction of a block that is given with REACH pixels around it."""
        (result,) = _correlated(padded, [self._spectrum(padded, self.kernel)], NO_TASK)
        return result

    def of(self, padded: Float32Array, task: Task = NO_TASK) -> Float32Array:
        """Return the features of a block, float32 (count, h, w); the first is the prediction.

        Parameters
        ----------
        padded : float32 array (h + 2 REACH, w + 2 REACH)
            The block with REACH pixels around it, about zero on average.
        """
        h, w = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
        result = np.empty((self.count, h, w), np.float32)
        spectra = self._all_spectra(padded)
        n_means = len(self._means)
        for i, plane in enumerate(_correlated(padded, spectra[: 1 + n_means], task)):
            # Relative to the prediction, as the perceptrons predict its residual.
            np.subtract(plane, 0 if i == 0 else result[0], out=result[i])
        at = 1 + n_means
        for dy, dx in self._nearest:
            y, x = REACH + dy, REACH + dx
            np.subtract(padded[y : y + h, x : x + w], result[0], out=result[at])
            at += 1
        squares = _correlated(padded**2, spectra[1 + n_means :], task)
        firsts = _correlated(padded, spectra[1 + n_means :], task)
        for square, first in zip(squares, firsts, strict=True):
            np.sqrt(np.maximum(square - first**2, 0), out=result[at])
            at += 1
        return result

    def _all_spectra(self, padded: Float32Array) -> list[NDArray[Any]]:
        known = self._spectra.get(padded.shape)
        if known is None:
            kernels = [self.kernel, *self._means, *self._spreads]
            known = [self._spectrum(padded, kernel) for kernel in kernels]
            # Blocks have a few shapes only: those inside and those at the borders.
            self._spectra = {**dict(list(self._spectra.items())[-3:]), padded.shape: known}
        return known

    @staticmethod
    def _spectrum(padded: Float32Array, kernel: FloatArray) -> NDArray[Any]:
        from scipy.fft import rfft2

        spectrum: NDArray[Any] = np.conj(rfft2(kernel.astype(np.float32), _fast(padded.shape)))
        return spectrum


def _fast(shape: tuple[int, ...]) -> tuple[int, ...]:
    from scipy.fft import next_fast_len

    # As large as the padded block: what wraps around falls into the padding.
    return tuple(next_fast_len(n, real=True) for n in shape)


def _correlated(
    padded: Float32Array, spectra: list[NDArray[Any]], task: Task
) -> Iterator[Float32Array]:
    """Yield the inner part of the block correlated with each of some kernels."""
    from scipy.fft import irfft2, rfft2

    fast = _fast(padded.shape)
    spectrum = rfft2(padded, fast)
    h, w = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
    # With conjugated spectra each value belongs to the kernel's upper left corner at that place.
    for kernel in spectra:
        task.stop_if_cancelled()
        yield irfft2(spectrum * kernel, fast)[:h, :w]


def _nearest(visible: BoolArray) -> list[tuple[int, int]]:
    lags = [(int(y) - REACH, int(x) - REACH) for y, x in np.argwhere(visible)]
    lags.sort(key=lambda lag: (lag[0] ** 2 + lag[1] ** 2, lag))
    near = [lag for lag in lags if max(abs(lag[0]), abs(lag[1])) <= _NEAREST]
    return near[:_NEIGHBOURS]


def _grid() -> tuple[FloatArray, FloatArray]:
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float64)
    return y, x


def _gaussian(size: float) -> FloatArray:
    y, x = _grid()
    result: FloatArray = np.exp(-(y * y + x * x) / (2 * size * size))
    return result


def _kernels() -> list[FloatArray]:
    """Return round means, means along lines, and means over half a plane."""
    y, x = _grid()
    kernels = [_gaussian(size) for size in _GAUSSIANS]

    def turned(angle: float, width: float, length: float) -> tuple[FloatArray, FloatArray]:
        along = x * np.cos(angle) + y * np.sin(angle)
        across = y * np.cos(angle) - x * np.sin(angle)
        return along, np.exp(-((along / length) ** 2 + (across / width) ** 2) / 2)

    for width, length in _LINES:
        for i in range(_LINE_TURNS):
            kernels.append(turned(i * np.pi / _LINE_TURNS, width, length)[1])
    for width, length in _HALVES:
        for i in range(_HALF_TURNS):
            along, bell = turned(2 * i * np.pi / _HALF_TURNS, width, length)
            kernels.append(bell * (along > 1e-9))
    return kernels


def _visible_means(kernels: list[FloatArray], visible: BoolArray) -> list[FloatArray]:
    """Return the kernels as means over visible pixels, without those that are nearly all hidden."""
    kept = [(kernel * visible, kernel.sum()) for kernel in kernels]
    return [part / part.sum() for part, total in kept if part.sum() > 1e-3 * total]
