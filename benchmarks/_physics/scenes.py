"""Procedural scenes as the optics show them, before any noise: unit variance, nowhere negative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, fftfreq, ifft2
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Shape = tuple[int, int]
Draw = np.random.Generator

MARGIN = 40
"""Pixels around a frame from which a moving scene comes in."""


def log_uniform(draw: Draw, low: float, high: float) -> float:
    return float(np.exp(draw.uniform(np.log(low), np.log(high))))


def fractal(draw: Draw, shape: Shape, slope: float) -> Array:
    """Gaussian field whose power falls as frequency to the -slope."""
    fy, fx = fftfreq(shape[0])[:, None], fftfreq(shape[1])[None, :]
    radius = np.hypot(fy, fx)
    radius[0, 0] = np.inf
    field = ifft2(fft2(draw.normal(size=shape)) * radius ** (-slope / 2)).real
    return np.asarray((field - field.mean()) / field.std())


def splat(shape: Shape, at: Array, weight: Array) -> Array:
    """Points at (y, x) as an image, each spread over the four pixels around it."""
    image = np.zeros(shape)
    corner = np.floor(at).astype(int)
    part = at - corner
    for dy in (0, 1):
        for dx in (0, 1):
            y, x = corner[:, 0] + dy, corner[:, 1] + dx
            inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
            share = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1]) * weight
            np.add.at(image, (y[inside], x[inside]), share[inside])
    return image


def _tissue(draw: Draw, shape: Shape) -> Array:
    field = fractal(draw, shape, draw.uniform(2.0, 3.2))
    detail = fractal(draw, shape, draw.uniform(1.2, 2.0))
    return np.exp(0.7 * field + 0.25 * detail * (field > 0))


def _cells(draw: Draw, shape: Shape) -> Array:
    image = np.zeros(shape)
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    size = draw.uniform(8, 22)
    for _ in range(int(shape[0] * shape[1] * draw.uniform(0.2, 0.6) / size**2)):
        y, x = draw.uniform(0, shape[0]), draw.uniform(0, shape[1])
        turn, long = draw.uniform(0, np.pi), size * draw.uniform(0.6, 1.3)
        u = (yy - y) * np.cos(turn) + (xx - x) * np.sin(turn)
        v = (xx - x) * np.cos(turn) - (yy - y) * np.sin(turn)
        distance = np.hypot(u / long, v / (long * draw.uniform(0.4, 1)))
        image += draw.uniform(0.3, 1) * 0.5 * (1 - np.tanh((distance - 0.5) * 8))
    return image * (1 + 0.3 * fractal(draw, shape, 2))


def _filaments(draw: Draw, shape: Shape) -> Array:
    image = np.zeros(shape)
    for _ in range(int(draw.uniform(10, 50) * shape[0] * shape[1] / 40000) + 3):
        steps = int(draw.uniform(60, 500))
        turn = draw.uniform(0, 2 * np.pi) + np.cumsum(draw.normal(0, 0.05, steps))
        start = draw.uniform((0, 0), shape)
        path = start + 0.7 * np.cumsum(np.stack([np.sin(turn), np.cos(turn)], axis=1), axis=0)
        image += splat(shape, path, np.full(steps, draw.uniform(0.3, 1)))
    return image


def _puncta(draw: Draw, shape: Shape) -> Array:
    count = int(log_uniform(draw, 0.0008, 0.01) * shape[0] * shape[1]) + 4
    at = draw.uniform((0, 0), shape, size=(count, 2))
    return splat(shape, at, draw.lognormal(0, 0.7, count))


def _seeds(draw: Draw, shape: Shape, size: float) -> tuple[Array, NDArray[np.intp]]:
    """Distance between the nearest two of random seeds for each pixel, and the nearest one."""
    count = int(shape[0] * shape[1] / size**2) + 4
    seeds = draw.uniform((-size, -size), np.add(shape, size), size=(count, 2))
    bend = 0.15 * size
    pixels = np.stack(np.mgrid[: shape[0], : shape[1]], axis=-1).astype(float)
    pixels += bend * np.stack([fractal(draw, shape, 3), fractal(draw, shape, 3)], axis=-1)
    distances, nearest = cKDTree(seeds).query(pixels, k=2)
    return distances[..., 1] - distances[..., 0], nearest[..., 0]


def _membranes(draw: Draw, shape: Shape) -> Array:
    gap, _ = _seeds(draw, shape, draw.uniform(10, 40))
    return np.exp(-((gap / draw.uniform(1.0, 2.5)) ** 2)) + 0.1


def _em(draw: Draw, shape: Shape) -> Array:
    """Ultrathin section: dark membranes, compartments of unlike grey, grain and vesicles."""
    gap, cell = _seeds(draw, shape, draw.uniform(20, 60))
    grey = draw.uniform(0.6, 1, cell.max() + 1)[cell]
    grain = fractal(draw, shape, draw.uniform(0.5, 1.5))
    vesicles = gaussian_filter(_puncta(draw, shape), draw.uniform(1.5, 3))
    vesicles /= vesicles.max() + 1e-9
    return grey - 0.6 * np.exp(-((gap / 2.2) ** 2)) + 0.08 * grain - 0.3 * vesicles


def _beads(draw: Draw, shape: Shape) -> Array:
    size = draw.uniform(2, 7)
    count = int(shape[0] * shape[1] * draw.uniform(0.02, 0.12) / size**2) + 3
    at = draw.uniform((0, 0), shape, size=(count, 2))
    distance, _ = cKDTree(at).query(
        np.stack(np.mgrid[: shape[0], : shape[1]], axis=-1).astype(float)
    )
    return np.sqrt(np.clip(1 - (distance / size) ** 2, 0, None))


def _smooth(draw: Draw, shape: Shape) -> Array:
    return gaussian_filter(draw.normal(size=shape), draw.uniform(5, 20))


def _grating(draw: Draw, shape: Shape) -> Array:
    """Draw a test target, or the pinholes of a disk: strictly periodic."""
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    turn, period = draw.uniform(0, np.pi), draw.uniform(6, 18)
    waves = [np.cos(2 * np.pi * (yy * np.sin(turn) + xx * np.cos(turn)) / period)]
    if draw.random() < 0.5:
        waves.append(np.cos(2 * np.pi * (yy * np.cos(turn) - xx * np.sin(turn)) / period))
    return np.asarray(np.prod([1 + wave for wave in waves], axis=0))


KINDS: dict[str, Callable[[Draw, Shape], Array]] = {
    "tissue": _tissue,
    "cells": _cells,
    "filaments": _filaments,
    "puncta": _puncta,
    "membranes": _membranes,
    "em": _em,
    "beads": _beads,
    "smooth": _smooth,
    "grating": _grating,
}

USUAL = ("tissue", "cells", "filaments", "puncta", "membranes", "em", "beads", "smooth")


def picture(kind: str, draw: Draw, shape: Shape) -> Array:
    """One picture, blurred as by an optics of 0.6 to 2 pixels, of unit variance."""
    blur = draw.uniform(0.6, 1.0) if kind == "em" else draw.uniform(0.7, 2.0)
    return _unit(gaussian_filter(KINDS[kind](draw, shape), blur))


def _unit(image: Array) -> Array:
    image = image - image.min()
    return np.asarray(image / max(image.std(), 1e-9))


def moved(image: Array, dy: float, dx: float, shape: Shape) -> Array:
    """Cut the middle of a larger picture, moved by a part of a pixel or more (cubic splines)."""
    top, left = (image.shape[0] - shape[0]) / 2 + dy, (image.shape[1] - shape[1]) / 2 + dx
    if float(top).is_integer() and float(left).is_integer():
        y, x = int(top), int(left)
        return image[y : y + shape[0], x : x + shape[1]]
    grid = np.meshgrid(np.arange(shape[0]) + top, np.arange(shape[1]) + left, indexing="ij")
    return np.asarray(map_coordinates(image, grid, order=3, mode="reflect"))


def _canvas(shape: Shape) -> Shape:
    return shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN


def _drift(kind: str, draw: Draw, frames: int, shape: Shape, step: float) -> Array:
    image = picture(kind, draw, _canvas(shape))
    pace = draw.normal(0, step, 2)
    path = np.cumsum(pace + draw.normal(0, step / 2, (frames, 2)), axis=0)
    reach = MARGIN - 3
    # Turned back at the edge of what was drawn.
    path = np.abs((path - path.mean(axis=0) - reach) % (4 * reach) - 2 * reach) - reach
    return np.stack([moved(image, dy, dx, shape) for dy, dx in path])


def _blink(kind: str, draw: Draw, frames: int, shape: Shape) -> Array:
    """Let emitters go on and off over a resting picture, some of them slowly."""
    still = picture(kind, draw, shape)
    groups = np.stack(
        [_unit(gaussian_filter(_puncta(draw, shape), draw.uniform(0.8, 2))) for _ in range(5)]
    )
    stays = draw.uniform(0.3, 0.9, 5)
    on = np.empty((frames, 5))
    on[0] = draw.random(5) < 0.4
    for t in range(1, frames):
        on[t] = np.where(draw.random(5) < stays, on[t - 1], draw.random(5) < 0.4)
    return np.asarray(still + draw.uniform(0.2, 0.8) * np.einsum("tg,gyx->tyx", on, groups))


def _swim(kind: str, draw: Draw, frames: int, shape: Shape) -> Array:
    """Two pictures that move past each other."""
    first = _drift(kind, draw, frames, shape, 0.8)
    return first + _drift(str(draw.choice(["puncta", "beads", "cells"])), draw, frames, shape, 1.5)


def planes(kind: str, draw: Draw, frames: int, shape: Shape) -> Array:
    """Focus through points that come and go, or pictures that turn into another."""
    depth = draw.uniform(1.5, 6)
    if kind in ("puncta", "beads"):
        count = int(shape[0] * shape[1] * log_uniform(draw, 0.002, 0.015))
        at = draw.uniform((0, 0), shape, size=(count, 2))
        z, weight = draw.uniform(-3, frames + 3, count), draw.lognormal(0, 0.6, count)
        layers = []
        for t in range(frames):
            off = np.abs(z - t) / depth
            layers.append(
                sum(
                    gaussian_filter(
                        splat(shape, at[near], weight[near]), 0.9 * np.sqrt(1 + (2 * middle) ** 2)
                    )
                    for middle in (0.1, 0.35, 0.75, 1.5)
                    if (near := _between(off, middle)).any()
                )
                + np.zeros(shape)
            )
        return np.stack(layers)
    keys = int(np.ceil(frames / depth)) + 1
    drawn = np.stack([picture(kind, draw, shape) for _ in range(keys)])
    where = np.arange(frames) / depth
    low, part = np.floor(where).astype(int), (where % 1)[:, None, None]
    blend = np.sqrt(1 - part) * drawn[low] + np.sqrt(part) * drawn[np.minimum(low + 1, keys - 1)]
    return np.asarray(blend)


def _between(off: Array, middle: float) -> NDArray[np.bool_]:
    low, high = {0.1: (0, 0.2), 0.35: (0.2, 0.5), 0.75: (0.5, 1), 1.5: (1, 2)}[middle]
    return (off >= low) & (off < high)


def scene(kind: str, motion: str, draw: Draw, frames: int, shape: Shape) -> Array:
    """Frames of a scene (frames, y, x), unit variance, nowhere negative.

    `motion` is "still", "drift", "fast", "bleach", "blink", "swim", "planes" or "focus".
    """
    if motion in ("drift", "fast"):
        step = log_uniform(draw, 0.05, 0.7) if motion == "drift" else draw.uniform(1, 3)
        frames_drawn = _drift(kind, draw, frames, shape, step)
    elif motion == "blink":
        frames_drawn = _blink(kind, draw, frames, shape)
    elif motion == "swim":
        frames_drawn = _swim(kind, draw, frames, shape)
    elif motion == "planes":
        frames_drawn = planes(kind, draw, frames, shape)
    elif motion == "focus":
        image = picture(kind, draw, shape)
        widths = np.abs(np.cumsum(draw.normal(0.15, 0.15, frames)))
        frames_drawn = np.stack([gaussian_filter(image, width) for width in widths])
    else:
        frames_drawn = np.repeat(picture(kind, draw, shape)[None], frames, axis=0)
        if motion == "bleach":
            fall = np.exp(-np.arange(frames) / log_uniform(draw, 5, 100))
            frames_drawn = frames_drawn * fall[:, None, None]
    return _unit(frames_drawn)
