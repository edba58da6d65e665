"""Simulated samples and round noise from which `core.learned` was learned.

Nothing here is shared with the scenes of the other benchmarks, and nothing of those was learned.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from structmask_gui.core.learned.features import features, ring_power
from structmask_gui.core.learned.shapes import correlations_of, log_ring_power, round_power

Array = NDArray[np.float64]
Shape = tuple[int, int]
Draw = np.random.Generator

_SIDES = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512)
_LARGE = 0.1
"""Share of the drawn frames of the two largest sides that is kept: they take long."""


def log_uniform(draw: Draw, low: float, high: float) -> float:
    return float(np.exp(draw.uniform(np.log(low), np.log(high))))


def field(draw: Draw, shape: Shape, power: Callable[[Array], Array]) -> Array:
    """Return a Gaussian field with a power spectrum, of unit variance, not periodic."""
    padded = (shape[0] * 5 // 4, shape[1] * 5 // 4)
    frequency = np.hypot(np.fft.fftfreq(padded[0])[:, None], np.fft.rfftfreq(padded[1]))
    amplitude = np.sqrt(power(frequency))
    amplitude[0, 0] = 0.0
    spectrum = fft.rfft2(draw.standard_normal(padded)) * amplitude
    values = fft.irfft2(spectrum, s=padded)[: shape[0], : shape[1]]
    return np.asarray(values / (values.std() + 1e-12))


def _fractal(draw: Draw, shape: Shape) -> Array:
    slope = draw.uniform(2, 4)
    return field(draw, shape, lambda f: (f + 0.004) ** -slope)


def _cells(draw: Draw, shape: Shape) -> Array:
    image, (y, x) = np.zeros(shape), np.indices(shape)
    for _ in range(draw.integers(2, max(4, image.size // 2500))):
        down, across = draw.random(2) * shape
        turn, radii = draw.uniform(0, np.pi), np.exp(draw.uniform(np.log(4), np.log(35), 2))
        a = (y - down) * np.cos(turn) + (x - across) * np.sin(turn)
        b = (x - across) * np.cos(turn) - (y - down) * np.sin(turn)
        image += draw.uniform(0.3, 1) * ((a / radii[0]) ** 2 + (b / radii[1]) ** 2 < 1)
    return image


def _filaments(draw: Draw, shape: Shape) -> Array:
    image = np.zeros(shape)
    for _ in range(draw.integers(3, max(4, image.size // 1200))):
        steps = draw.integers(30, 300)
        turn = draw.uniform(0, 2 * np.pi)
        turns = turn + np.cumsum(draw.normal(0, draw.uniform(0.02, 0.2), steps))
        path = draw.random(2) * shape + np.cumsum([np.sin(turns), np.cos(turns)], axis=1).T
        inside = path[((path >= 0) & (path < shape)).all(axis=1)].astype(int)
        np.add.at(image, tuple(inside.T), draw.uniform(0.3, 1))
    return image


def _points(draw: Draw, shape: Shape) -> Array:
    image = np.zeros(shape)
    count = draw.integers(5, max(6, int(image.size * draw.uniform(0.0005, 0.02))))
    at = tuple(draw.integers(0, side, count) for side in shape)
    np.add.at(image, at, draw.exponential(1, count) + 0.2)
    return image


def _voronoi(draw: Draw, shape: Shape, each: int) -> tuple[Array, NDArray[np.intp]]:
    """Return how far each pixel is from the nearest border, and the number of its cell."""
    count = draw.integers(5, max(6, shape[0] * shape[1] // each))
    pixels = np.stack(np.indices(shape), axis=-1).reshape(-1, 2)
    distance, cell = cKDTree(draw.random((count, 2)) * shape).query(pixels, k=2)
    return (distance[:, 1] - distance[:, 0]).reshape(shape), cell[:, 0].reshape(shape)


def _membranes(draw: Draw, shape: Shape) -> Array:
    border, _ = _voronoi(draw, shape, 150)
    return np.asarray(np.exp(-((border / draw.uniform(1, 4)) ** 2)))


def _grains(draw: Draw, shape: Shape) -> Array:
    border, cell = _voronoi(draw, shape, 200)
    image = draw.random(cell.max() + 1)[cell]
    image += draw.uniform(0, 1) * np.exp(-((border / 1.5) ** 2))
    width = draw.uniform(0.05, 0.3)
    grain = field(draw, shape, lambda f: np.exp(-((f / width) ** 2)))
    return np.asarray(image + draw.uniform(0, 0.3) * grain)


def _leaves(draw: Draw, shape: Shape) -> Array:
    image, (y, x) = np.zeros(shape), np.indices(shape)
    for _ in range(draw.integers(30, 400)):
        radius = min(2 / draw.random() ** 0.6, 60)
        down, across = draw.random(2) * shape
        image[(y - down) ** 2 + (x - across) ** 2 < radius**2] = draw.random()
    return image


def _patches_of_texture(draw: Draw, shape: Shape) -> Array:
    size, middle = draw.uniform(15, 60), draw.uniform(0.02, 0.25)
    where = gaussian_filter(field(draw, shape, lambda f: np.exp(-((f * size) ** 2))), 1)
    texture = field(draw, shape, lambda f: np.exp(-(((f - middle) / (0.4 * middle)) ** 2)))
    there = where > draw.uniform(-0.5, 1.5)
    return np.asarray(there * (1 + draw.uniform(0.1, 1) * texture))


def _smooth(draw: Draw, shape: Shape) -> Array:
    size = draw.uniform(8, 60)
    return field(draw, shape, lambda f: np.exp(-((f * size) ** 2)))


def _texture(draw: Draw, shape: Shape) -> Array:
    size = draw.uniform(1, 6)
    image = field(draw, shape, lambda f: np.exp(-((2 * np.pi * f * size) ** 2)))
    return np.asarray(np.exp(draw.uniform(0.2, 1.2) * image))


_SAMPLES = (
    _fractal,
    _cells,
    _filaments,
    _points,
    _membranes,
    _grains,
    _leaves,
    _patches_of_texture,
    _smooth,
    _texture,
)


def _seen(draw: Draw, shape: Shape) -> Array:
    """Return a sample as the optics show it, of unit variance."""
    image = _SAMPLES[draw.integers(len(_SAMPLES))](draw, shape)
    image = gaussian_filter(image, log_uniform(draw, 0.6, 3))
    return np.asarray(image / (image.std() + 1e-9))


def sample(draw: Draw, shape: Shape) -> Array:
    """Return one sample or two over each other, of unit variance, nearly nowhere negative."""
    image = _seen(draw, shape)
    if draw.random() < 0.3:
        image = image + draw.uniform(0.2, 2) * _seen(draw, shape)
    image = image - np.quantile(image, 0.001)
    return np.asarray(image / (image.std() + 1e-12))


def shapes(draw: Draw, count: int) -> Array:
    """Return shapes of noise, as for `round_power`."""
    white = np.where(draw.random(count) < 0.35, 0.0, draw.random(count))
    white[draw.random(count) < 0.12] = 1.0
    width = np.exp(draw.uniform(np.log(0.35), np.log(4), count))
    kinds = draw.integers(5, size=count)
    return np.stack(
        [kinds, width, draw.uniform(1.5, 4, count), draw.uniform(0.05, 0.6, count), white], axis=1
    )


def _noise(draw: Draw, shape: Shape, power: Array) -> Array:
    """Return noise of unit variance with a power on 64 x 33 frequencies."""
    lags = np.fft.fftshift(correlations_of(power[None])[0])
    padded = tuple(max(side * 5 // 4, 2 * len(lags)) for side in shape)
    whole = np.zeros(padded)
    whole[: len(lags), : len(lags)] = lags
    whole = np.roll(whole, (-(len(lags) // 2),) * 2, axis=(0, 1))
    amplitude = np.sqrt(np.maximum(fft.rfft2(whole).real, 0))
    values = fft.irfft2(fft.rfft2(draw.standard_normal(padded)) * amplitude, s=padded)
    return np.asarray(values[: shape[0], : shape[1]] / np.sqrt(lags.max()))


def drawn(draw: Draw) -> tuple[Array, Array]:
    """Draw a frame; return what the networks read of it, and the noise's power in each ring."""
    while True:
        height, width = (int(side) for side in draw.choice(_SIDES, 2))
        if height * width <= 256 * 256 or draw.random() < _LARGE:
            break
    image = sample(draw, (height, width))
    power = round_power(shapes(draw, 1))
    noise = _noise(draw, image.shape, power[0])
    # Noise of the camera alone, of photons, or that grows as the light.
    light = draw.choice([0, 1, 2], p=[0.3, 0.5, 0.2])
    variance = log_uniform(draw, 0.02, 2.7) + image.clip(0) ** light
    noise *= np.sqrt(variance / variance.mean())
    frame = noise + np.sqrt(log_uniform(draw, 0.02, 40)) * image
    values, level = features([ring_power(frame)])
    return values, log_ring_power(power)[0] - level
