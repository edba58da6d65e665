"""Whether a dark, blank or subtracted stack fits the frames it is to be used with."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, apart, middle, runs_of

ReferenceKind = Literal["dark", "subtract"]
KINDS: tuple[ReferenceKind, ...] = ("dark", "subtract")

_CALLED = {"dark": "dark or blank stack", "subtract": "stack to subtract"}

_FRAMES = 8
"""Frames that are read at most of each stack."""

_STRUCTURE = 3.0
"""Spread of what is smooth in the mean frame, in standard deviations of one frame's noise, from
which it is structure. Shading of camera and lamp stays below it."""

_BRIGHTER = 1.5
"""Factor on the mean level from which a dark stack is too bright for the frames."""


def used_kind(source: str, there: Container[str]) -> ReferenceKind | None:
    """Return which of the stacks that are there a source uses; "automatic" takes the dark first."""
    wanted = (kind for kind in KINDS if source in (kind, "automatic"))
    return next((kind for kind in wanted if kind in there), None)


def misfit(kind: ReferenceKind, reference: Frames, frames: Frames, task: Task = NO_TASK) -> str:
    """Say what is wrong with a reference stack for some frames; empty if nothing is."""
    check = dark_misfit if kind == "dark" else subtract_misfit
    return check(reference, frames, task)


def misfit_sentence(kind: ReferenceKind, reference: str, measured: str, why: str) -> str:
    """Say by the names of two stacks that one does not fit the other, and why: a `misfit`."""
    what = f"{reference} does not seem to be a {_CALLED[kind]} for {measured}: {why}."
    return f"{what} The answer may be wrong."


def dark_misfit(reference: Frames, frames: Frames, task: Task = NO_TASK) -> str:
    """Say what is wrong with a dark or blank stack for some frames; empty if nothing is."""
    mean, sigma = _mean_and_noise(reference, task)
    # Noise that is correlated, for which such stacks are taken, averages out slowly.
    noise = sigma * (1 + 2 / np.sqrt(min(reference.n_frames, _FRAMES)))
    if sigma > 0 and _spread(mean) > _STRUCTURE * noise:
        return "structure is visible in it"
    measured, _ = _mean_and_noise(frames, task)
    if mean.mean() > _BRIGHTER * max(float(measured.mean()), 1.0):
        return "it is brighter than your frames"
    return _size_misfit(reference, frames)


def subtract_misfit(reference: Frames, frames: Frames, task: Task = NO_TASK) -> str:
    """Say what is wrong with a stack to subtract from some frames; empty if nothing is."""
    misfit = _size_misfit(reference, frames)
    if misfit:
        return misfit
    mean, _ = _mean_and_noise(reference, task)
    measured, sigma = _mean_and_noise(frames, task)
    scale = float(measured.std()) + sigma
    if abs(float(mean.mean()) - float(measured.mean())) > 3 * max(scale, 1.0):
        return "its level is not that of your frames"
    return ""


def _size_misfit(reference: Frames, frames: Frames) -> str:
    if reference.frame_shape == frames.frame_shape:
        return ""
    (h, w), (height, width) = reference.frame_shape, frames.frame_shape
    return f"its frames are {w} x {h} pixels, yours {width} x {height}"


def _mean_and_noise(frames: Frames, task: Task) -> tuple[FloatArray, float]:
    """Return the mean of the middles of some frames, and the standard deviation of their noise."""
    # Planes of a z-stack over times differ in more than noise: one of them at several times.
    numbers = runs_of(frames)[0] if apart(frames) > 1 else range(frames.n_frames)
    read = []
    for number in numbers[:_FRAMES]:
        task.stop_if_cancelled()
        read.append(middle(frames, number))
    stack = np.stack(read)
    # From frame to frame; in one frame, from pixels two apart, which share less noise than direct
    # neighbours.
    steps = np.diff(stack, axis=0) if len(stack) > 1 else stack[:, :, 2:] - stack[:, :, :-2]
    # 0.6745: median absolute deviation of a Gaussian.
    sigma = float(np.median(np.abs(steps)) / 0.6745 / np.sqrt(2)) if steps.size else 0.0
    return stack.mean(axis=0), sigma


def _spread(mean: FloatArray) -> float:
    """Return the range of a frame's values without outlying pixels and a smooth surface.

    Nor offsets of rows and columns, which are a camera's, however strong.
    """
    from scipy.ndimage import median_filter

    lined = mean - np.median(mean, axis=0)
    lined -= np.median(lined, axis=1, keepdims=True)
    smooth = median_filter(lined, size=5, mode="nearest")
    y, x = (np.linspace(-1, 1, side) for side in smooth.shape)
    yy, xx = np.meshgrid(y, x, indexing="ij")
    terms = np.stack([np.ones_like(xx), xx, yy, xx * yy, xx**2, yy**2], axis=-1).reshape(-1, 6)
    fitted = terms @ np.linalg.lstsq(terms, smooth.ravel(), rcond=None)[0]
    low, high = np.percentile(smooth.ravel() - fitted, (0.5, 99.5))
    return float(high - low)
