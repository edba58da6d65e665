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
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.fill import filled_part
from structmask_gui.core.stack.frames import Frames, WrappedFrames, evenly

Shape = Literal["spot", "line", "step"]

SIZES = (1.0, 2.0, 4.0, 9.0)
"""Full width at half maximum of spots and lines, side of steps, in pixels."""
LEVELS = (1.0, 3.0, 10.0)
"""Heights, in standard deviations of the noise."""

_KEPT = 0.75
"""Share of the height from which an object counts as kept."""

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
    task : Task

    Raises
    ------
    InputError
        If the frames are too small for one object of each kind.
    """
    kinds = list(product(sizes, levels))
    frames = denoiser.frames
    places, chosen = _room(denoiser, len(kinds))
    draw = np.random.default_rng(0)
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
            # Height of the object over what surrounds it, by least squares: the mean of a frame is
            # kept whatever happens to its objects.
            shape_alone = stamp - stamp.mean()
            height = float((change[_around(y, x)] * shape_alone).sum() / (shape_alone**2).sum())
            found[kind].append(height / (kind[1] * noise_sd))
    return tuple(
        Recovered(shape, size, level, float(np.mean(v)), float(np.std(v)), len(v))
        for (size, level), v in found.items()
    )


def check_room(denoiser: Denoiser) -> None:
    """Raise InputError if the frames have no room for the test with spots."""
    _room(denoiser, len(SIZES) * len(LEVELS))


def _room(denoiser: Denoiser, kinds: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the places in a frame and the frames in which there is room for objects."""
    frames, shown = denoiser.frames, denoiser.folds.shown
    height, width = frames.frame_shape
    fill = filled_part(frames)
    places = [
        (y, x)
        for y in range(_SPACING // 2, height - _SPACING // 2 + 1, _SPACING)
        for x in range(_SPACING // 2, width - _SPACING // 2 + 1, _SPACING)
        if fill is None or not fill[_around(y, x)].any()
    ]
    chosen = [shown[place] for place in evenly(len(shown), _FRAMES)]
    if len(places) * len(chosen) < kinds:
        raise InputError(
            f"{frames.name}: frames of {size_text((height, width))} pixels have no room for the"
            " test with spots; use larger or more frames."
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
    """Return the outcome in words: what is kept and what is lost, then a table of the figures."""
    if not recovered:
        return ()
    levels = sorted({one.level for one in recovered})
    sizes = sorted({one.size for one in recovered})
    kept = {(size, level): _least(recovered, size, level) for size, level in product(sizes, levels)}
    most = {level: max(kept[size, level] for size in sizes) for level in levels}
    faint = [level for level in levels if most[level] < _KEPT]
    if len(faint) > 1 and faint == levels[: len(faint)]:
        # One sentence says it of all; the table tells them apart.
        said = [_fade(f"up to {faint[-1]:g}", max(most[level] for level in faint))]
    else:
        faint, said = [], []
    said += [
        _kept_of(level, [(size, kept[size, level]) for size in sizes])
        for level in levels[len(faint) :]
    ]
    heights = ", ".join(f"{level:g}" for level in levels)
    return (
        " ".join(said),
        f"Height kept of spots, lines and squares, the least of them, at {heights} x the noise:",
        *(
            f"  {size:g} px wide: " + ", ".join(f"{100 * kept[size, v]:.0f} %" for v in levels)
            for size in sizes
        ),
    )


def _least(recovered: tuple[Recovered, ...], size: float, level: float) -> float:
    """Return what is left at least, of whatever shape."""
    return max(0.0, min(one.share for one in recovered if (one.size, one.level) == (size, level)))


def _kept_of(level: float, kept: list[tuple[float, float]]) -> str:
    """Say which objects of a height can be trusted."""
    who = f"Objects {level:g} x as bright as the noise"
    good = [size for size, share in kept if share >= _KEPT]
    least, most = min(share for _, share in kept), max(share for _, share in kept)
    if len(good) == len(kept):
        return f"{who} are kept, {100 * least:.0f} % of their height or more."
    if good and all(share >= _KEPT for size, share in kept if size >= min(good)):
        kept_of_them = min(share for size, share in kept if size in good)
        return (
            f"{who} keep {100 * kept_of_them:.0f} % of their height or more from {min(good):g} px"
            " in width; narrower ones fade."
        )
    if most < _KEPT:
        return _fade(f"{level:g}", most)
    return f"{who} are kept in part, {100 * least:.0f} to {100 * most:.0f} % of their height."


def _fade(bright: str, most: float) -> str:
    """Say that objects of a height are lost."""
    return (
        f"Objects {bright} x as bright as the noise fade or vanish: at most {100 * most:.0f} % of"
        " their height is kept."
    )


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
        # Half-open, so that an even side is not one pixel more.
        in_y, in_x = ((-size / 2 <= at) & (at < size / 2) for at in (y, x))
        result = (in_y & in_x).astype(np.float64)
    elif shape == "line":
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        result = np.exp(-(across**2) / (2 * sd**2)) * (np.abs(along) <= 12)
    else:
        result = np.exp(-(x * x + y * y) / (2 * sd**2))
    found: FloatArray = result
    return found
