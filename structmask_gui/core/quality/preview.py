"""Linear blind-spot prediction of a frame, and its residual."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import Float32Array, FloatArray
from structmask_gui.core.correlation.autocorrelation import lag_products
from structmask_gui.core.errors import InputError
from structmask_gui.core.quality.copied_noise import RADIUS


class Preview:
    """A frame prepared for predictions with one mask after another.

    The spectrum of the padded frame is computed once, so that a new mask takes two small
    transforms. Beyond its borders the frame is continued by its local mean, which also replaces
    pixels that are not finite. A mirror would show the network, some pixels behind the border, the
    very pixel to predict. ``radius`` is the largest of the weights.
    """

    def __init__(self, frame: NDArray[Any], radius: int = RADIUS) -> None:
        frame = np.asarray(frame)
        if frame.ndim != 2 or frame.size == 0:
            raise InputError(f"The preview needs a 2-D frame, not one of shape {frame.shape}.")
        good = np.isfinite(frame)
        if not good.any():
            raise InputError("The frame has no finite pixel; choose another one.")
        self.radius = radius
        self.shape: tuple[int, int] = (frame.shape[0], frame.shape[1])
        self.mean = float(frame[good].mean(dtype=np.float64))
        values = np.where(good, frame - self.mean, 0).astype(np.float32)
        self.frame: Float32Array = np.where(good, frame, np.nan).astype(np.float32)
        self.padded = continued(values, good, radius)
        """The frame without its mean, and with its border; not for changes."""

    @cached_property
    def _fast(self) -> tuple[int, ...]:
        from scipy.fft import next_fast_len

        return tuple(next_fast_len(n, real=True) for n in self.padded.shape)

    @cached_property
    def _spectrum(self) -> NDArray[np.complex64]:
        from scipy.fft import rfft2

        found: NDArray[np.complex64] = rfft2(self.padded, self._fast)
        return found

    def predict(self, kernel: ArrayLike) -> Float32Array:
        """Return the frame predicted by weights up to the preview's radius."""
        from scipy.fft import irfft2, rfft2

        taken = np.asarray(kernel, dtype=np.float32)
        ry, rx = taken.shape[0] // 2, taken.shape[1] // 2
        if max(ry, rx) > self.radius:
            raise InputError(
                f"The weights reach {max(ry, rx)} pixels, the preview was made for {self.radius}."
            )
        # Correlation, not convolution: the weight at (dy, dx) belongs to the pixel p + (dy, dx).
        spectrum = rfft2(taken[::-1, ::-1], self._fast)
        plane = irfft2(self._spectrum * spectrum, self._fast)
        y, x = self.radius + ry, self.radius + rx
        part = plane[y : y + self.shape[0], x : x + self.shape[1]]
        result: Float32Array = part + np.float32(self.mean)
        return result

    def residual(self, predicted: Float32Array) -> Float32Array:
        """Return the frame minus its prediction; NaN where the frame is not finite."""
        return self.frame - predicted


def residual_correlation(residual: NDArray[Any], reach: int = RADIUS) -> FloatArray:
    """Return the autocorrelation of a residual up to lag ``reach``; stripes left show as a line.

    Pixels that are not finite are left out. 1 in the centre; all 0 beside it where the residual
    does not vary.
    """
    reach = min(reach, min(residual.shape) - 1)
    good = np.isfinite(residual)
    mean = residual[good].mean(dtype=np.float64) if good.any() else 0.0
    values = np.where(good, residual - mean, 0).astype(np.float32)
    products = lag_products(values, (reach, reach))
    numbers = lag_products(good.astype(np.float32), (reach, reach))
    covariance: FloatArray = np.divide(
        products, numbers, out=np.zeros_like(products), where=numbers > 0.5
    )
    variance = covariance[reach, reach]
    if variance > 0:
        covariance /= variance
        return covariance
    result = np.zeros_like(covariance)
    result[reach, reach] = 1
    return result


def continued(values: Float32Array, good: NDArray[np.bool_], radius: int) -> Float32Array:
    """Return the frame with a border of its local mean, which also replaces pixels not good."""
    from scipy.ndimage import uniform_filter

    side = 2 * (radius // 2) + 1
    padded = np.pad(values, radius)
    present = np.pad(good.astype(np.float32), radius)
    empty = present < 0.5
    result: Float32Array = padded.copy()
    # Twice the same box is a smooth mean; a second, wider one reaches all of the border.
    for width in (side, 2 * radius + 1, 4 * radius + 1):
        if not empty.any():
            break
        total, number = padded, present
        for _ in range(2):
            total = uniform_filter(total, width, mode="constant")
            number = uniform_filter(number, width, mode="constant")
        usable = empty & (number > 1e-4)
        result[usable] = total[usable] / number[usable]
        empty &= ~usable
    return result
