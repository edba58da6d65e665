"""Test with spots: how much of known objects, added to the user's frames, survives denoising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, WrappedFrames

Shape = Literal["spot", "line", "step"]

SIZES = (1.0, 2.0, 4.0, 9.0)
"""Full width at half maximum of spots and lines, side of steps, in pixels."""
LEVELS = (1.0, 3.0, 10.0)
"""Heights, in standard deviations of the noise."""

_SPACING = 32
"""Distance of the objects, in pixels."""
_FRAMES = 6
"""Frames they are added to."""


@dataclass(frozen=True)
class Recovered:
    """How much of objects of one kind is recovered."""

    shape: Shape
    size: float
    level: float
    share: float
    """Height in the denoised frames over the true height, the mean of all objects."""
    spread: float
    """Its standard deviation from object to object."""
    objects: int


def recovered_objects(
    denoiser: Denoiser,
    noise_sd: float,
    *,
    shape: Shape = "spot",
    sizes: Sequence[float] = SIZES,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    task: Task = NO_TASK,
) -> tuple[Recovered, ...]:
    """Add objects of known size and height to frames, and measure how much denoising recovers.

    The models are those fitted to the stack without the objects, as for objects that are rare.

    Parameters
    ----------
    denoiser : Denoiser
        Fitted.
    noise_sd : float
        Standard deviation of the noise, in grey levels.
    shape : "spot", "line" or "step"
        Round spots, lines of 24 pixels at any angle, or squares of even height.
    sizes, levels : sequence of float
        Each size is added at each height.
    seed : int
    task : Task

    Raises
    ------
    InputError
        If the frames are too small for one object of each kind.
    """
    kinds = list(product(sizes, levels))
    frames = denoiser.frames
    places, chosen = _room(frames, len(kinds))
    draw = np.random.default_rng(seed)
    found: dict[tuple[float, float], list[float]] = {kind: [] for kind in kinds}
    for number, frame in enumerate(chosen):
        task.report(number, len(chosen), "Test with spots")
        order = draw.permutation(len(places))
        planted = [
            (places[i], kinds[(j + number * len(places)) % len(kinds)], draw.uniform(0, np.pi))
            for j, i in enumerate(order)
        ]
        stamps = [_stamp(shape, size, angle) for _, (size, _), angle in planted]
        added = np.zeros(frames.frame_shape)
        for ((y, x), (_, level), _), stamp in zip(planted, stamps, strict=True):
            added[_around(y, x)] += level * noise_sd * stamp
        with_objects = denoiser.over(_Added(frames, added)).predict(frame, task)
        change = with_objects - denoiser.predict(frame, task)
        for ((y, x), kind, _), stamp in zip(planted, stamps, strict=True):
            # Height of the object's shape by least squares.
            height = float((change[_around(y, x)] * stamp).sum() / (stamp**2).sum())
            found[kind].append(height / (kind[1] * noise_sd))
    return tuple(
        Recovered(shape, size, level, float(np.mean(v)), float(np.std(v)), len(v))
        for (size, level), v in found.items()
    )


def check_room(frames: Frames) -> None:
    """Raise InputError if the frames are too small for the test with spots."""
    _room(frames, len(SIZES) * len(LEVELS))


def _room(frames: Frames, kinds: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the places in a frame and the frames in which there is room for objects."""
    height, width = frames.frame_shape
    places = [
        (y, x)
        for y in range(_SPACING // 2, height - _SPACING // 2 + 1, _SPACING)
        for x in range(_SPACING // 2, width - _SPACING // 2 + 1, _SPACING)
    ]
    chosen = sorted({round(i) for i in np.linspace(0, frames.n_frames - 1, _FRAMES)})
    if len(places) * len(chosen) < kinds:
        raise InputError(
            f"{frames.name}: frames of {height} x {width} pixels are too small for the test with"
            " spots; use larger or more frames."
        )
    return places, chosen


def recovered_shapes(
    denoiser: Denoiser, noise_sd: float, task: Task = NO_TASK
) -> tuple[Recovered, ...]:
    """Return how much of spots, lines and squares is recovered; see `recovered_objects`."""
    shapes: tuple[Shape, ...] = ("spot", "line", "step")
    return tuple(
        one
        for shape in shapes
        for one in recovered_objects(denoiser, noise_sd, shape=shape, task=task)
    )


def sentences(recovered: tuple[Recovered, ...]) -> tuple[str, ...]:
    """Return the outcome in words: a line for each shape, and below it one for each size."""
    names = {"spot": "spots", "line": "lines", "step": "squares"}
    lines = []
    for shape, name in names.items():
        of_shape = [one for one in recovered if one.shape == shape]
        levels = [f"{level:g}" for level in dict.fromkeys(one.level for one in of_shape)]
        if of_shape:
            lines.append(f"Kept of {name} of {', '.join(levels)} x the noise:")
        for size in dict.fromkeys(one.size for one in of_shape):
            shares = [100 * max(0.0, one.share) for one in of_shape if one.size == size]
            lines.append(f"  {size:g} px: {', '.join(f'{share:.0f} %' for share in shares)}")
    return tuple(lines)


class _Added(WrappedFrames):
    """Frames with something added to each."""

    def __init__(self, frames: Frames, added: FloatArray) -> None:
        super().__init__(frames, np.float64)
        self._added = added

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        values: NDArray[Any] = self._frames.read(frame, y0, y1) + self._added[y0:y1]
        return values


_HALF = _SPACING // 2


def _around(y: int, x: int) -> tuple[slice, slice]:
    return slice(y - _HALF, y + _HALF), slice(x - _HALF, x + _HALF)


def _stamp(shape: Shape, size: float, angle: float) -> FloatArray:
    """Return an object of height 1 in the middle of a square of _SPACING pixels."""
    y, x = np.mgrid[-_HALF:_HALF, -_HALF:_HALF].astype(np.float64)
    sd = size / 2.355  # full width at half maximum of a Gaussian
    if shape == "step":
        result = (np.maximum(np.abs(y), np.abs(x)) <= size / 2).astype(np.float64)
    elif shape == "line":
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        result = np.exp(-(across**2) / (2 * sd**2)) * (np.abs(along) <= 12)
    else:
        result = np.exp(-(x * x + y * y) / (2 * sd**2))
    found: FloatArray = result
    return found
