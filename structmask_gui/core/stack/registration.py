"""How frames relate: is the scene still, does it move or bleach, is a pattern fixed.

Neighbouring frames are compared on their low-passed images, where noise hardly counts, and on
what is left above the band of the structure, where only noise and fixed-pattern noise are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, disjoint, evenly, middle
from structmask_gui.core.threads import in_threads

_MOST_PAIRS = 16
# A shift of less than this cancels well enough, and is within the error of the estimate.
_SHIFT_THAT_MATTERS = 0.03
_SETTLED = 0.0025
# Share of what two frames have in common that is on whole lines, from which there is nothing else.
_LINES = 0.85
# Share of the variance of a difference in its lines' means, from which the lines have offsets.
_JUMPING = 0.2
# Correlation with the lines so many low-passed pixels away, from which they go on.
_FURTHER, _GOES_ON = (4, 5, 6, 7, 8), 0.25
# Correlation from which the structure is so strong that line offsets do not matter; and standard
# errors from which they leave its contrast known.
_CLEAR, _SURELY = 0.98, 4.0
# Pixels by which an image is continued; it is moved by 3 at most.
_PAD = 12
# Logarithm of the ratio of two frames' brightness, from which one is scaled to the other.
_SCALED = 0.02
# Standard error of the coherence from which frames are small.
_SMALL = 0.1
# Low-passed pixels that share their noise, of those that are left.
_SHARING = 12.5


@dataclass(frozen=True)
class PairRelation:
    """How a frame relates to the next."""

    first: int  # Index of the earlier frame
    coherence: float
    """Correlation of the low-passed frames after the shift, -1 to 1; near 1 in a still scene."""
    coherence_error: float  # Its standard error if there were no common structure
    gain: float  # Brightness contrast of the later frame relative to the earlier one
    brightness: float  # Ratio of the mean brightness, later to earlier
    shift: tuple[float, float]
    """How far the scene moves from the earlier to the later frame, (y, x) in pixels."""
    shift_error: float  # Standard error of either
    level: float = 0.0  # Mean brightness of the earlier frame
    step: int = 1
    """From the earlier to the later frame, in their order: 1, or the number of planes."""

    @property
    def moved(self) -> bool:
        """Whether the shift is real and large enough to leave structure in a difference."""
        size = float(np.hypot(*self.shift))
        return self.still and size > max(_SHIFT_THAT_MATTERS, 4 * self.shift_error)

    @property
    def fits(self) -> bool:
        """Whether the frames can be compared as they are, neither shifted nor scaled."""
        return not self.moved and abs(float(np.log(self.brightness))) <= _SCALED

    @property
    def still(self) -> bool:
        """Whether both frames show the same structure."""
        return self.coherence > max(0.3, 5 * self.coherence_error)


def relate_frames(frames: Frames, task: Task = NO_TASK) -> list[PairRelation]:
    """Compare frames 2 k and 2 k + 1 of each run (at most 16 such pairs, spread over the stack).

    Only the middle of large frames is compared.
    """
    every = disjoint(frames)
    pairs = [every[index] for index in evenly(len(every), _MOST_PAIRS)]

    def read() -> Iterator[tuple[int, AnyArray, AnyArray, int]]:
        for first, second in pairs:
            task.stop_if_cancelled()
            yield first, middle(frames, first), middle(frames, second), second - first

    with closing(in_threads(lambda pair: relate(*pair, task=task), read())) as relations:
        return _together(list(relations))


def _together(relations: list[PairRelation]) -> list[PairRelation]:
    """Return relations of small frames, of which a single pair says too little, as all say."""
    error = max((one.coherence_error for one in relations), default=0.0)
    pooled = error / np.sqrt(max(len(relations), 1))
    if error < _SMALL or np.mean([one.coherence for one in relations]) < max(0.3, 5 * pooled):
        return relations
    return [replace(one, coherence_error=pooled) for one in relations]


def relate(
    first: int, a: AnyArray, b: AnyArray, step: int = 1, task: Task = NO_TASK
) -> PairRelation:
    """Compare two frames; see `PairRelation`."""
    low_a, low_b = _low_passed(a), _low_passed(b)
    # Small images would hardly be left without four pixels all round.
    edge = max(0, min(4, (min(low_a.shape) - 4) // 2))
    inside = tuple(slice(edge, length - edge) for length in low_a.shape)
    found = _registered(low_a, low_b, inside, task)
    dy, dx = found.shift
    da, db = (values[inside] - values[inside].mean() for values in (low_a, found.moved))
    if (dy or dx) and _only_lines(da, db):
        # Lines across the image that jump from frame to frame are noise, no scene that moves.
        dy = dx = 0.0
        db = low_b[inside] - low_b[inside].mean()
    count = max(da.size / _SHARING, 4)
    coherence, gain = _contrast(da, db, found.jumping, count)
    mean_a, mean_b = float(a.mean()), float(b.mean())
    return PairRelation(
        first=first,
        coherence=coherence,
        coherence_error=float(1 / np.sqrt(count)),
        gain=gain,
        brightness=mean_b / mean_a if mean_a > 0 and mean_b > 0 else 1.0,
        shift=(2 * dy, 2 * dx),
        shift_error=2 * found.error,
        level=mean_a,
        step=step,
    )


class _Registered(NamedTuple):
    """The shift of one low-passed image against another, in their pixels."""

    shift: tuple[float, float]
    error: float  # Standard error of either component
    moved: NDArray[np.float64]  # The second image, shifted back
    jumping: list[int]  # Axes along which line offsets, new in every frame, are averaged


def _registered(
    a: NDArray[np.float64], b: NDArray[np.float64], inside: tuple[slice, ...], task: Task
) -> _Registered:
    """Fit shift, contrast and offset of the second image by least squares, in a few steps."""
    splines: NDArray[np.float64] | None = None
    dy = dx = 0.0
    clear = _coherence(a - a.mean(), b - b.mean())[0] > _CLEAR
    jumping: list[int] = []
    error, moved = np.inf, b
    for _ in range(3):
        task.stop_if_cancelled()
        gy, gx = np.asarray(np.gradient((a + moved) / 2))
        terms = np.stack([gy, gx, (a + moved) / 2, np.ones_like(a), a - moved])[:, *inside]
        solution, residual, normal = _fitted(terms)
        jumping = [] if clear else [axis for axis in (0, 1) if _jumps(residual, axis)]
        if jumping:
            # Line offsets, new in every frame, carry no motion.
            for axis in jumping:
                terms = terms - terms.mean(axis=1 + axis, keepdims=True)
            solution, residual, normal = _fitted(terms)
        error = _error_of(terms[:-1], residual, normal)
        step_y, step_x = (float(np.clip(v, -1, 1)) for v in solution[:2])
        dy, dx = dy + step_y, dx + step_x
        if np.hypot(step_y, step_x) < _SETTLED:
            break
        if splines is None:
            splines = _splines(b)
        moved = _moved(splines, -dy, -dx)
    return _Registered((dy, dx), error, moved, jumping)


def _contrast(
    a: NDArray[np.float64], b: NDArray[np.float64], jumping: list[int], count: float
) -> tuple[float, float]:
    """Return the correlation of two registered images without their means, and the gain.

    ``count``: Number of independent pixels. Without structure in common the gain is 1.
    """
    coherence, gain = _coherence(a, b)
    if jumping:
        # Line offsets carry neither what both frames show nor how bright it is.
        for axis in jumping:
            a, b = (values - values.mean(axis=axis, keepdims=True) for values in (a, b))
        without, gain = _coherence(a, b)
        coherence = max(coherence, without)
    if coherence <= max(0.5, 5 / np.sqrt(count)):
        return coherence, 1.0
    if jumping:
        # The structure that is left hardly determines its contrast.
        chance = np.sqrt(max(1 - coherence**2, 0.0) / count) / coherence
        gain = gain if abs(np.log(gain)) > _SURELY * chance else 1.0
    return coherence, gain


def _coherence(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Return the correlation of two images without their means, and the slope of the second.

    The slope is by total least squares, as both are noisy; plain regression is biased towards 0.
    """
    va, vb, shared = float((a**2).mean()), float((b**2).mean()), float((a * b).mean())
    coherence = shared / np.sqrt(va * vb) if va > 0 and vb > 0 else 0.0
    slope = float((vb - va + np.hypot(vb - va, 2 * shared)) / (2 * shared)) if shared > 0 else 1.0
    return float(coherence), slope


def _fitted(terms: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Fit the last image by the others; return weights, residual and normal matrix."""
    design, target = terms[:-1].reshape(len(terms) - 1, -1), terms[-1].ravel()
    normal = design @ design.T
    solution = np.linalg.lstsq(normal, design @ target, rcond=None)[0]
    residual = target - solution @ design
    return solution, residual.reshape(terms.shape[1:]), normal


def _error_of(
    design: NDArray[np.float64], residual: NDArray[np.float64], normal: NDArray[np.float64]
) -> float:
    """Return the standard error of the first two weights, the larger one.

    Noise of photons is strongest where the image tells most about a shift, at bright edges: as
    large as noise alike everywhere makes it, or as the residual at each place does (White 1980).
    """
    inverse = np.linalg.pinv(normal)
    told = (inverse[:2] @ design.reshape(len(design), -1)) * residual.ravel()
    alike = float(residual.var()) * max(inverse[0, 0], inverse[1, 1], 0.0)
    return float(np.sqrt(_SHARING * max(alike, *np.square(told).sum(axis=1).tolist())))


def _jumps(residual: NDArray[np.float64], axis: int) -> bool:
    """Whether the lines have offsets that differ from line to line, as structure's do not.

    Their means along ``axis`` then hold more of the variance than noise leaves in them.
    """
    means = residual.mean(axis=axis)
    means -= means.mean()
    power = float((means**2).sum())
    if power <= _JUMPING * float(residual.var()) * means.size:
        return False
    further = [float((means[step:] * means[:-step]).sum()) for step in _FURTHER]
    return float(np.mean(further)) < _GOES_ON * power


def _only_lines(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether what two images have in common are rows, or columns, from edge to edge."""
    shared = float((a * b).mean())
    lines = max(float((a.mean(axis=axis) * b.mean(axis=axis)).mean()) for axis in (0, 1))
    return shared > 0 and lines > _LINES * shared


def _low_passed(image: AnyArray) -> NDArray[np.float64]:
    """Return an image without its fine detail; every second pixel then suffices."""
    from scipy.ndimage import gaussian_filter1d

    down = gaussian_filter1d(image, 2.0, axis=0)[::2]
    return np.ascontiguousarray(gaussian_filter1d(down, 2.0, axis=1)[:, ::2])


def _splines(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the cubic splines through an image, continued by ``_PAD`` pixels."""
    from scipy.ndimage import spline_filter

    return np.asarray(spline_filter(np.pad(values, _PAD, mode="edge"), order=3, mode="mirror"))


def _moved(splines: NDArray[np.float64], dy: float, dx: float) -> NDArray[np.float64]:
    """Return the image of `_splines`, moved by less than ``_PAD`` pixels."""
    for axis, step in enumerate((dy, dx)):
        whole = int(np.floor(-step))
        t = -step - whole
        weights = (
            (1 - t) ** 3 / 6,
            (4 - 6 * t**2 + 3 * t**3) / 6,
            (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6,
            t**3 / 6,
        )
        size = splines.shape[axis] - 2 * _PAD
        total = np.zeros(())
        for offset, weight in enumerate(weights):
            start = _PAD + whole + offset - 1
            part = splines[start : start + size] if axis == 0 else splines[:, start : start + size]
            total = total + weight * part
        splines = total
    return splines
