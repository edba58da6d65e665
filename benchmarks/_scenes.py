"""Pictures, and what goes wrong with images: the scenes of the accuracy benchmark.

All noise has a standard deviation of 1 unless a hazard says otherwise; frames are float64.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import skimage.data
from scipy.ndimage import gaussian_filter, shift, zoom

from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.simulation import Kernel, NoiseModel, fixed_columns, kernels, row_offsets
from structmask_gui.core.statistical.tiles import cut_tiles

PICTURES = ("camera", "coins", "moon", "astronaut", "retina", "brick", "grass")
# A tile is flat where the image, less a quadratic surface, has less than this share of the
# noise's variance: less than half of what the floor of 0.05 asks of a correlation.
FLAT_SHARE = 0.02
# As many pixels as in 20 patches of 64 x 64, the fewest for which a figure is asked of pure noise.
FLAT_TILES = 80
POINT_SPREAD = 1.0
REACH = 10


@cache
def picture(name: str) -> np.ndarray:
    """Return one of scikit-image's pictures, blurred by a point spread of sigma 1 pixel."""
    image = getattr(skimage.data, name)().astype(np.float64)
    if image.ndim == 3:
        image = image[..., :3].mean(axis=-1)
    if name == "retina":
        image = image[250:1150, 250:1150]
    return gaussian_filter(image, POINT_SPREAD)


def fields(name: str, count: int, size: int, seed: int) -> np.ndarray:
    """Return unlike parts of a picture, some mirrored, shape (count, size, size)."""
    image, random = picture(name), np.random.default_rng(seed)
    parts = []
    for _ in range(count):
        y = random.integers(0, image.shape[0] - size + 1)
        x = random.integers(0, image.shape[1] - size + 1)
        part = image[y : y + size, x : x + size]
        parts.append(part[:: random.choice([-1, 1]), :: random.choice([-1, 1])])
    return np.stack(parts)


def standard(shown: np.ndarray) -> np.ndarray:
    """Scale a picture, or each of several, to mean 0 and standard deviation 1."""
    axes = (-2, -1)
    return (shown - shown.mean(axis=axes, keepdims=True)) / shown.std(axis=axes, keepdims=True)


def flat_tiles(shown: np.ndarray, strength: float) -> int:
    """Count the tiles of 32 x 32 pixels in which a picture of this strength is flat."""
    surface = Surface((32, 32), 2)
    tiles = surface.remove_from(cut_tiles(shown.astype(np.float32), 32))
    share = ((strength * tiles) ** 2).mean(axis=(1, 2))
    return int((share < FLAT_SHARE).sum())


@dataclass(frozen=True)
class Scene:
    """Frames, what is true of them, and what the verdict should say.

    Attributes
    ----------
    frames : ndarray, shape (n, y, x)
    truth : ndarray of bool or None
        The true mask; None where no mask is right.
    flag : str
        The flag that the verdict must carry; "" for none.
    left_out : str
        The reason for which patches must be left out; "" for none.
    """

    frames: np.ndarray
    truth: np.ndarray | None
    flag: str = ""
    left_out: str = ""
    extra: dict[str, float] = field(default_factory=dict)


SIZE, FRAMES, SIGMA, OFFSET, STRENGTH = 256, 6, 20.0, 500.0, 1.5


def _base(seed: int, kernel: Kernel | None = None) -> tuple[np.ndarray, np.ndarray, NoiseModel]:
    """Return noise, its still picture, and the model; in grey levels."""
    model = NoiseModel(kernel or kernels()["row 7"], 0.3, SIGMA)
    noise = model.draw(np.random.default_rng(seed), FRAMES, (SIZE, SIZE))
    shown = standard(fields("camera", 1, SIZE, seed)[0]) * STRENGTH * SIGMA
    return noise, shown, model


def _stored(frames: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(frames + OFFSET), 0, 65535).astype(np.uint16)


def plain(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    return Scene(_stored(noise + shown), model.true_mask(REACH))


def with_row_offsets(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    random = np.random.default_rng(seed + 1000)
    share = random.uniform(0.02, 0.04)
    lines = row_offsets().draw(random, FRAMES, (SIZE, SIZE)) * SIGMA * np.sqrt(share)
    rho = (model.correlation(REACH) + share * row_offsets().correlation(REACH)) / (1 + share)
    rho[REACH, REACH] = 1.0
    return Scene(_stored(noise + lines + shown), np.abs(rho) >= 0.05, "whole_line")


def with_fixed_columns(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    lines = fixed_columns().draw(np.random.default_rng(seed + 1000), FRAMES, (SIZE, SIZE))
    return Scene(
        _stored(noise + 0.5 * SIGMA * lines + shown), model.true_mask(REACH), "fixed_pattern"
    )


def with_clipping(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    frames = noise + shown
    # The darkest tenth is black, as with a detector's offset set too low.
    frames = np.maximum(frames, np.quantile(frames, 0.1))
    return Scene(_stored(frames), model.true_mask(REACH), "clipped")


def with_hot_pixels(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    frames = noise + shown
    random = np.random.default_rng(seed + 1000)
    frames[random.random(frames.shape) < 0.001] += 30 * SIGMA
    return Scene(_stored(frames), model.true_mask(REACH), "hot_pixels")


def with_data_bar(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    frames = _stored(noise + shown)
    random = np.random.default_rng(seed + 1000)
    frames[:, -30:] = 0
    letters = random.random((4, SIZE // 5)) < 0.5
    text = np.kron(letters, np.ones((5, 5)))[:, : SIZE - 1] > 0
    frames[:, -25:-5, : text.shape[1]][:, text] = 65535
    return Scene(frames, model.true_mask(REACH), left_out="fill")


def upsampled(seed: int) -> Scene:
    noise, shown, _ = _base(seed)
    half = (noise + shown)[:, : SIZE // 2, : SIZE // 2]
    frames = np.stack([zoom(frame, 2, order=1, grid_mode=True, mode="nearest") for frame in half])
    return Scene(_stored(frames), None, "interpolated")


def as_jpeg(seed: int) -> Scene:
    from PIL import Image

    noise, shown, _ = _base(seed)
    frames = []
    for frame in np.clip(np.rint(110 + (noise + shown) / 2.5), 0, 255).astype(np.uint8):
        packed = io.BytesIO()
        Image.fromarray(frame).save(packed, "JPEG", quality=75)
        frames.append(np.asarray(Image.open(packed)))
    return Scene(np.stack(frames), None, "compressed")


def with_poisson(seed: int) -> Scene:
    random = np.random.default_rng(seed)
    shown = fields("camera", 1, SIZE, seed)[0]
    light = 40 + 760 * (shown - shown.min()) / np.ptp(shown)
    model = NoiseModel(kernels()["row 7"], 0.0, SIGMA)
    frames = random.poisson(light, (FRAMES, SIZE, SIZE)) + model.draw(random, FRAMES, shown.shape)
    share = float(light.mean()) / (float(light.mean()) + SIGMA**2)
    truth = NoiseModel(kernels()["row 7"], share).true_mask(REACH)
    return Scene(_stored(frames), truth, "brightness")


def drifting(seed: int) -> Scene:
    noise, _, model = _base(seed)
    random = np.random.default_rng(seed + 1000)
    angle, speed = random.uniform(0, 2 * np.pi), random.uniform(0.35, 0.7)
    large = standard(fields("camera", 1, SIZE + 20, seed)[0]) * STRENGTH * SIGMA
    moved = [
        shift(large, (np.sin(angle) * speed * k, np.cos(angle) * speed * k), order=5)[
            10:-10, 10:-10
        ]
        for k in range(FRAMES)
    ]
    return Scene(_stored(noise + np.stack(moved)), model.true_mask(REACH), "moving")


def bleaching(seed: int) -> Scene:
    noise, shown, model = _base(seed)
    left = 0.92 ** np.arange(FRAMES)[:, None, None]
    frames = noise + left * (shown - shown.min() + 50.0)
    return Scene(_stored(frames), model.true_mask(REACH), "moving")


HAZARDS = {
    "row offsets, 2 to 4 % of the variance": with_row_offsets,
    "fixed columns, half a standard deviation": with_fixed_columns,
    "clipped black": with_clipping,
    "0.1 % hot pixels": with_hot_pixels,
    "data bar with text": with_data_bar,
    "enlarged twofold": upsampled,
    "JPEG, quality 75": as_jpeg,
    "Poisson noise over row noise": with_poisson,
    "drift of 0.35 to 0.7 pixels a frame": drifting,
    "bleaching by 8 % a frame": bleaching,
}
