"""Noise of known correlation: the truth that tests, benchmarks and the bundled sample rest on.

A frame is ``image + structured noise + pixel noise``. The structured part is white noise filtered
by a kernel (or one random offset per row or column), the pixel part is independent from pixel to
pixel, so the correlation of their sum is known exactly at every lag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray

NoiseModelKind = Literal["filter", "row offsets", "column offsets"]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A filter that gives white noise its structure."""

    name: str
    description: str
    weights: FloatArray
    """Shape (height, width); the filter, of unit energy. A single 1 for row and column offsets."""
    kind: NoiseModelKind = "filter"
    """Row and column offsets: one random value for each row or column, over its full length."""
    smooth: bool = False
    """Whether its spectrum lies within the optical cut-off, so that in a single frame only
    structure-free parts separate noise from structure."""
    fixed: bool = False  # The structured part is the same in every frame

    def correlation(self, reach: int) -> FloatArray:
        """Return the correlation of the structured part at all lags up to ``reach``.

        Element [reach + dy, reach + dx] is the correlation at lag (dy, dx); 1 in the middle.
        """
        result = np.zeros((2 * reach + 1, 2 * reach + 1))
        if self.kind == "row offsets":
            result[reach] = 1.0
            return result
        if self.kind == "column offsets":
            result[:, reach] = 1.0
            return result
        height, width = self.weights.shape
        plane = (2 * height - 1, 2 * width - 1)
        power = np.abs(np.fft.rfft2(self.weights, plane)) ** 2
        full = np.fft.fftshift(np.fft.irfft2(power, plane))
        up, across = min(reach, height - 1), min(reach, width - 1)
        rows = slice(height - 1 - up, height + up)
        columns = slice(width - 1 - across, width + across)
        result[reach - up : reach + up + 1, reach - across : reach + across + 1] = full[
            rows, columns
        ]
        return np.asarray(result / result[reach, reach])

    def draw(
        self, random: np.random.Generator, n_frames: int, shape: tuple[int, int]
    ) -> FloatArray:
        """Draw structured noise of unit variance, shape (n_frames, height, width)."""
        draws = 1 if self.fixed else n_frames
        height, width = shape
        if self.kind == "row offsets":
            noise = random.standard_normal((draws, height, 1))
        elif self.kind == "column offsets":
            noise = random.standard_normal((draws, 1, width))
        else:
            noise = np.stack([self._filtered(random, shape) for _ in range(draws)])
        return np.array(np.broadcast_to(noise, (n_frames, *shape)))

    def _filtered(self, random: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        # White noise is drawn with a margin of the kernel's size, so nothing wraps around.
        height, width = self.weights.shape
        plane = (shape[0] + height - 1, shape[1] + width - 1)
        white = random.standard_normal(plane)
        if self.weights.size == 1:
            return np.asarray(white * self.weights[0, 0])
        from scipy import fft

        fast = [fft.next_fast_len(side, real=True) for side in plane]
        spectrum = fft.rfft2(white, fast)
        spectrum *= fft.rfft2(self.weights, fast)
        filtered = fft.irfft2(spectrum, fast, overwrite_x=True)
        return np.asarray(filtered[height - 1 : plane[0], width - 1 : plane[1]])


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """Structured noise plus independent pixel noise."""

    kernel: Kernel
    pixel_share: float = 0.3  # Share of the variance in independent pixel noise, 0 to 1
    sigma: float = 1.0  # Standard deviation of the sum, in grey levels

    def correlation(self, reach: int) -> FloatArray:
        """Return the true correlation of the sum, shape (2 reach + 1, 2 reach + 1)."""
        rho = (1.0 - self.pixel_share) * self.kernel.correlation(reach)
        rho[reach, reach] = 1.0
        return rho

    def true_mask(self, reach: int, rho_min: float = 0.05) -> NDArray[np.bool_]:
        """Return the lags whose true correlation, of either sign, reaches ``rho_min``."""
        return np.asarray(np.abs(self.correlation(reach)) >= rho_min)

    def draw(
        self, random: np.random.Generator, n_frames: int, shape: tuple[int, int]
    ) -> FloatArray:
        """Draw noise of shape (n_frames, height, width) with mean 0."""
        structured = self.kernel.draw(random, n_frames, shape)
        pixel = random.standard_normal((n_frames, *shape))
        share = self.pixel_share
        noise = np.sqrt(1.0 - share) * structured + np.sqrt(share) * pixel
        return np.asarray(self.sigma * noise)


def simulate(
    model: NoiseModel,
    shape: tuple[int, int],
    *,
    n_frames: int = 1,
    picture: NDArray[np.floating] | None = None,
    strength: float = 0.0,
    seed: int = 0,
) -> FloatArray:
    """Return frames of noise over optional structure.

    ``picture``: shape (y, x) or (n_frames, y, x); what the frames show; scaled so that its standard
    deviation is ``strength`` times the noise's. One image is a still scene.
    """
    frames = model.draw(np.random.default_rng(seed), n_frames, shape)
    if picture is not None and strength > 0:
        shown = np.asarray(picture, dtype=np.float64)
        shown = shown - shown.mean()
        frames += shown * (strength * model.sigma / shown.std())
    return frames


def _normalised(weights: FloatArray) -> FloatArray:
    weights = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    return np.asarray(weights / np.sqrt(np.sum(weights**2)))


def _grid(radius: int) -> tuple[FloatArray, FloatArray]:
    axis = np.arange(-radius, radius + 1, dtype=np.float64)
    return np.meshgrid(axis, axis, indexing="ij")


def _gaussian(sigma: float) -> FloatArray:
    y, x = _grid(int(np.ceil(4 * sigma)))
    return np.asarray(np.exp(-(y**2 + x**2) / (2 * sigma**2)))


def _decay(factor: float, length: int) -> FloatArray:
    # One-sided, as a slow read-out drags behind: the correlation falls by `factor` a pixel.
    weights = np.zeros(2 * length + 1)
    weights[length:] = factor ** np.arange(length + 1)
    return weights


def _echo(dy: int, dx: int, height: float) -> FloatArray:
    radius = max(dy, dx)
    weights = np.zeros((2 * radius + 1, 2 * radius + 1))
    weights[radius, radius] = 1.0
    weights[radius + dy, radius + dx] = height
    return weights


def _periodic(period: float, envelope: float) -> FloatArray:
    x = np.arange(-int(3 * envelope), int(3 * envelope) + 1, dtype=np.float64)
    return np.cos(2 * np.pi * x / period) * np.exp(-(x**2) / (2 * envelope**2))


def _lobed() -> FloatArray:
    # A sharpening filter's difference of Gaussians: a positive middle in a negative ring.
    y, x = _grid(6)
    r2 = y**2 + x**2
    return np.asarray(np.exp(-r2 / (2 * 0.9**2)) - 0.5 * np.exp(-r2 / (2 * 1.6**2)))


def _cross(length: int) -> FloatArray:
    weights = np.zeros((length, length))
    weights[length // 2] = 1.0
    weights[:, length // 2] = 1.0
    return weights


def _long_tailed() -> FloatArray:
    y, x = _grid(14)
    return np.asarray(np.exp(-np.hypot(y, x) / 2.5))


_MAKERS: tuple[tuple[str, str, Callable[[], FloatArray], bool], ...] = (
    ("white", "independent pixels", lambda: np.ones((1, 1)), False),
    ("row 7", "lines of 7 pixels along the scan", lambda: np.ones((1, 7)), False),
    ("row 5", "short lines along the scan", lambda: np.ones((1, 5)), False),
    (
        "row fading",
        "read-out that lags behind: falls by 0.75 a pixel",
        lambda: _decay(0.75, 24),
        False,
    ),
    ("column 7", "lines of 7 pixels down the columns", lambda: np.ones((7, 1)), False),
    (
        "column fading",
        "falls by 0.6 a pixel down the columns",
        lambda: _decay(0.6, 16)[:, np.newaxis],
        False,
    ),
    ("diagonal", "lines from top left to bottom right", lambda: np.eye(7), False),
    ("antidiagonal", "lines from top right to bottom left", lambda: np.eye(7)[::-1], False),
    ("cross", "rows and columns together", lambda: _cross(5), False),
    ("block 3", "binned or interpolated by 3", lambda: np.ones((3, 3)), False),
    (
        "negative",
        "neighbours in a row subtracted, as by a differencing read-out",
        lambda: np.array([-0.6, 1.0, -0.6])[np.newaxis],
        False,
    ),
    ("lobed", "a sharpening filter: positive middle, negative ring", _lobed, False),
    (
        "periodic",
        "interference with a period of 4 pixels along the row",
        lambda: _periodic(4.0, 3.0)[np.newaxis],
        False,
    ),
    ("echo row", "a copy of each value 7 pixels to the right", lambda: _echo(0, 7, 0.7), False),
    (
        "echo slanted",
        "a copy 4 rows down and 5 to the right, inverted",
        lambda: _echo(4, 5, -0.7),
        False,
    ),
    ("isotropic", "a round blur of sigma 1 pixel", lambda: _gaussian(1.0), True),
    ("isotropic wide", "a round blur of sigma 2 pixels", lambda: _gaussian(2.0), True),
    ("long-tailed", "a round blur that falls off slowly", _long_tailed, True),
)


def kernels() -> dict[str, Kernel]:
    """Return the named kernels of finite correlation, by name."""
    return {
        name: Kernel(name, text, _normalised(make()), smooth=smooth)
        for name, text, make, smooth in _MAKERS
    }


def row_offsets() -> Kernel:
    """Return one random offset for each row, over the full width and new in every frame."""
    return Kernel(
        "row offsets", "one offset for each row and frame", np.ones((1, 1)), "row offsets"
    )


def fixed_columns() -> Kernel:
    """Return one random offset for each column, the same in every frame."""
    return Kernel(
        "fixed columns",
        "one offset for each column, the same in every frame",
        np.ones((1, 1)),
        "column offsets",
        fixed=True,
    )


def cells(shape: tuple[int, int], seed: int = 0, n_cells: int = 14) -> FloatArray:
    """Draw a cell-like image: dim bodies with brighter nuclei, blurred by the optics.

    At most ``n_cells``; those that overlap too much are left out. Brightness from 0 (background) to
    about 1 (nuclei).
    """
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    y, x = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    picture = np.zeros(shape)
    centres: list[tuple[float, float, float]] = []
    for _ in range(n_cells * 4):
        radius = random.uniform(0.07, 0.11) * min(shape)
        cy, cx = random.uniform(0, shape[0]), random.uniform(0, shape[1])
        near = any(np.hypot(cy - a, cx - b) < 0.9 * (radius + r) for a, b, r in centres)
        if near or len(centres) == n_cells:
            continue
        centres.append((cy, cx, radius))
        angle, stretch = random.uniform(0, np.pi), random.uniform(1.1, 1.6)
        along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        across = -(x - cx) * np.sin(angle) + (y - cy) * np.cos(angle)
        direction = np.arctan2(across, along)
        wobble = 1 + 0.12 * np.cos(3 * direction + random.uniform(0, 6))
        body = np.hypot(along / stretch, across * stretch) / (radius * wobble)
        nucleus = np.hypot(along + 0.2 * radius, across) / (0.42 * radius)
        picture = np.maximum(picture, 0.45 / (1 + np.exp((body - 1) * 12)))
        picture = np.maximum(picture, random.uniform(0.8, 1.0) / (1 + np.exp((nucleus - 1) * 10)))
    return np.asarray(gaussian_filter(picture, 1.5), dtype=np.float64)
