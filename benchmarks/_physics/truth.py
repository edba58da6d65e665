"""What is true of an acquisition: covariances from repeats, errors of masks, lags that count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.linalg import cho_factor, cho_solve

from _physics.chains import Recipe
from _physics.scenes import Draw

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

RADIUS, ARM = 10, 28
"""A network sees a square of this radius, and rows and columns to this distance."""
GREY = (0.035, 0.07)
REPEATS = (8, 32)
SAMPLES = 1_500_000
WINDOWS = 40_000
RIDGE = 1e-4


def neighbours() -> NDArray[np.intp]:
    """Lags (dy, dx) of the pixels that a prediction may use, the centre first."""
    dy, dx = np.mgrid[-ARM : ARM + 1, -ARM : ARM + 1].reshape(2, -1)
    far, near = np.maximum(abs(dy), abs(dx)), np.minimum(abs(dy), abs(dx))
    lags = np.stack([dy, dx], axis=1)[(far <= RADIUS) | (near == 0)]
    return lags[np.argsort(np.abs(lags).sum(axis=1), kind="stable")]


LAGS = neighbours()


def products(stack: Array, reach: int) -> Array:
    """Mean product of pixels at each lag up to `reach`, over all frames; shape (2r+1, 2r+1)."""
    h, w = stack.shape[-2:]
    shape = next_fast_len(h + reach, real=True), next_fast_len(w + reach, real=True)
    power = (np.abs(rfft2(stack.astype(np.float32), shape)) ** 2).sum(axis=0, dtype=float)
    whole = np.roll(irfft2(power, shape), (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    off = np.abs(np.arange(-reach, reach + 1))
    return np.asarray(whole / (len(stack) * np.outer(h - off, w - off)))


@dataclass(frozen=True)
class Truth:
    """Covariances of noise and scene; `noise` by lag, to 2 ARM, `image` among `LAGS`.

    `fixed` is the share of the noise's variance that is the same in every frame, and `lasting` the
    correlation of a frame's noise with that of the next; None for a single frame.
    """

    noise: Array
    image: Array
    fixed: float | None
    lasting: float | None
    strength: float

    @property
    def rho(self) -> Array:
        """Correlation of the noise by lag, to ARM."""
        return np.asarray(self.noise / self.noise[2 * ARM, 2 * ARM])[ARM:-ARM, ARM:-ARM]

    @cached_property
    def _matrices(self) -> tuple[Array, Array, Array]:
        """Covariances of noise, scene and both among `LAGS`, in units of the noise's variance."""
        between = LAGS[:, None] - LAGS[None] + 2 * ARM
        noise = positive(self.noise[between[..., 0], between[..., 1]])
        noise, image = noise / noise[0, 0], self.image / noise[0, 0]
        both = noise + image
        both[np.diag_indices(len(both))] += RIDGE * both[0, 0]
        return noise, image, both

    def errors(self, masks: list[Bools]) -> Array:
        """Return the error of the best linear prediction of each mask, over the noise's variance.

        The prediction is the one that a network learns from noisy targets: it copies what the
        neighbours know of the centre's noise.
        """
        noise, image, both = self._matrices
        found = []
        for mask in masks:
            seen = np.flatnonzero(~hidden(mask))
            if not len(seen):
                found.append(image[0, 0])
                continue
            part = np.ix_(seen, seen)
            weights = cho_solve(cho_factor(both[part]), both[seen, 0])
            lost = image[0, 0] - 2 * weights @ image[seen, 0] + weights @ image[part] @ weights
            found.append(lost + weights @ noise[part] @ weights)
        return np.array(found)

    def weights(self, mask: Bools) -> Array:
        """Return the prediction itself, a kernel of 2 ARM + 1 squared to correlate frames with."""
        both = self._matrices[2]
        seen = np.flatnonzero(~hidden(mask))
        kernel = np.zeros((2 * ARM + 1, 2 * ARM + 1))
        kernel[tuple((LAGS[seen] + ARM).T)] = np.linalg.solve(
            both[np.ix_(seen, seen)], both[seen, 0]
        )
        return kernel


def positive(covariance: Array) -> Array:
    """Take the nearest covariance without negative variances: estimates by lag have some."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.clip(values, 0, None)) @ vectors.T)


def hidden(mask: Bools) -> Bools:
    """Which of `LAGS` a mask hides; the centre always."""
    at = LAGS + np.array(mask.shape) // 2
    inside = np.all((at >= 0) & (at < mask.shape), axis=1)
    found = np.zeros(len(LAGS), dtype=bool)
    found[inside] = mask[tuple(at[inside].T)]
    found[0] = True
    return found


def measure(made: Recipe, amplitude: float, key: list[int]) -> Truth:
    """Repeat an acquisition of one scene, noise and camera drawn anew, and take covariances."""
    frames = made.scene.shape[0]
    repeats = int(np.clip(SAMPLES // made.scene.size, *REPEATS))
    taken = np.stack(
        [
            made.acquire(amplitude, np.random.default_rng([*key, repeat])).astype(np.float32)
            for repeat in range(repeats)
        ]
    )
    mean = taken.mean(axis=0, dtype=float)
    noise = (taken - mean).astype(np.float32)
    noise -= noise.mean(axis=(2, 3), keepdims=True)
    unbiased = repeats / (repeats - 1)
    table = unbiased * products(noise.reshape(-1, *mean.shape[1:]), 2 * ARM)
    variance = table[2 * ARM, 2 * ARM]
    fixed = lasting = None
    if frames > 1:
        total = unbiased * frames**2 * np.mean(noise.mean(axis=1) ** 2)
        fixed = float((total - frames * variance) / (frames * (frames - 1)) / variance)
        lasting = float(unbiased * np.mean(noise[:, 1:] * noise[:, :-1]) / variance)
    image = _image(mean, noise, table / repeats, unbiased / repeats, still=made.motion == "still")
    return Truth(table, image, fixed, lasting, float(np.sqrt(image[0, 0] / variance)))


def _image(mean: Array, noise: Array, left: Array, share: float, *, still: bool) -> Array:
    """Covariance of the scene among `LAGS`: of the mean of the repeats, less the noise in it."""
    if still:
        mean = mean.mean(axis=0, keepdims=True)
        left = share * products(noise.mean(axis=1), 2 * ARM)
    mean = mean - mean.mean(axis=(1, 2), keepdims=True)
    padded = np.pad(mean, ((0, 0), (ARM, ARM), (ARM, ARM)), mode="reflect")
    # Pixels at even distances, which tell more than as many at random.
    places = np.linspace(0, mean.size - 1, min(mean.size, WINDOWS)).astype(int)
    found = np.zeros((len(LAGS), len(LAGS)))
    for at in np.array_split(places, 1 + len(places) // 8000):
        t, y, x = (index[:, None] for index in np.unravel_index(at, mean.shape))
        windows = padded[t, y + ARM + LAGS[:, 0], x + ARM + LAGS[:, 1]]
        found += windows.T @ windows
    between = LAGS[:, None] - LAGS[None] + 2 * ARM
    return positive(found / len(places) - left[between[..., 0], between[..., 1]])


def amplitude_of(made: Recipe, draw: Draw) -> float:
    """Find the photons a unit of the scene is worth, for its strength in units of the noise's sd.

    Where the noise grows with the light as fast as the scene, a limit is reached before.
    """
    amplitude = made.strength * np.sqrt(made.background)
    for _ in range(4):
        first, second = (made.acquire(amplitude, draw, 3).astype(float) for _ in range(2))
        noise, signal = scatter(first, second)
        if signal <= 0:
            break
        step = (made.strength * np.sqrt(noise / signal)) ** 0.8
        amplitude = min(amplitude * np.clip(step, 0.2, 5), 10 * made.background + 30)
    return float(amplitude)


def scatter(first: Array, second: Array) -> tuple[float, float]:
    """Return the variances of noise and scene from two acquisitions, without frame means."""
    first, second = (stack - stack.mean(axis=(1, 2), keepdims=True) for stack in (first, second))
    noise = 0.5 * np.mean((first - second) ** 2)
    return float(noise), float(np.mean(first * second))


def grey_f1(mask: Bools, rho: Array) -> float:
    """F1 of a mask's lags, without the centre; lags whose correlation is small count for no side.

    Lags that a mask leaves out are missed only within `RADIUS`, which is as far as it looks.
    """
    strength, half = np.abs(rho), rho.shape[0] // 2
    chosen = padded(mask, half)
    dy, dx = np.mgrid[-half : half + 1, -half : half + 1]
    near = np.maximum(abs(dy), abs(dx)) <= RADIUS
    centre = (dy == 0) & (dx == 0)
    wanted, idle = (strength > GREY[1]) & ~centre, strength < GREY[0]
    hits = np.sum(chosen & wanted)
    wrong = np.sum(chosen & idle & ~centre) + np.sum(~chosen & wanted & near)
    return float(2 * hits / (2 * hits + wrong)) if hits + wrong else 1.0


def padded(mask: Bools, half: int) -> Bools:
    """Crop or pad a mask to lags up to `half`."""
    whole = np.zeros((2 * half + 1, 2 * half + 1), dtype=bool)
    for_y, for_x = (min(half, side // 2) for side in mask.shape)
    y, x = (side // 2 for side in mask.shape)
    whole[half - for_y : half + for_y + 1, half - for_x : half + for_x + 1] = mask[
        y - for_y : y + for_y + 1, x - for_x : x + for_x + 1
    ]
    return whole


def candidates(rho: Array) -> dict[str, Bools]:
    """Return the forty masks that answers are compared with, of which three know the truth."""
    bare = np.zeros((41, 41), dtype=bool)
    bare[20, 20] = True
    tried = {"bare centre": bare}
    y, x = np.abs(np.mgrid[-20:21, -20:21])
    known = padded(np.ones((2 * ARM + 1,) * 2, dtype=bool), 20) & (
        (np.maximum(y, x) <= RADIUS) | (np.minimum(y, x) == 0)
    )
    strength = np.abs(rho)[ARM - 20 : ARM + 21, ARM - 20 : ARM + 21]
    for floor in (0.05, 0.1, 0.2):
        tried[f"true lags over {floor}"] = bare | (known & (strength >= floor))
    for span in (3, 5, 7, 9, 11, 13, 15, 21, 41):
        half = span // 2
        tried[f"row {span}"] = (y == 0) & (x <= half)
        tried[f"column {span}"] = (x == 0) & (y <= half)
        if span <= 15:
            tried[f"cross {span}"] = tried[f"row {span}"] | tried[f"column {span}"]
            tried[f"square {span}"] = (y <= half) & (x <= half)
    for span in (7, 21):
        falling = np.eye(41, dtype=bool) & (y <= span // 2)
        tried[f"falling diagonal {span}"] = falling
        tried[f"rising diagonal {span}"] = falling[::-1]
    return tried
