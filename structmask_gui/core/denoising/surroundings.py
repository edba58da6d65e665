"""Blocks of frames with the pixels around them, continued beyond the border of the frame."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import Float32Array
from structmask_gui.core.denoising.features import REACH
from structmask_gui.core.denoising.folds import Block, pieces
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.preview import continued
from structmask_gui.core.stack.frames import Frames

BAND = 192
"""Rows of a frame that are in memory together."""

_CONTEXT = 4 * REACH + 2
"""Reach of the means by which a frame is continued beyond its border; see `continued`."""


class Surroundings:
    """Reads frames in bands of rows, each with REACH pixels around it.

    Beyond its borders a frame is continued by its local mean, as by
    `structmask_gui.core.quality.preview.Preview`; pixels that are not finite are replaced by it.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._means: dict[int, float] = {}

    def mean(self, frame: int, task: Task = NO_TASK) -> float:
        """Return the mean of a frame's finite pixels; NaN if it has none."""
        if frame not in self._means:
            total, count = 0.0, 0
            for y0, y1 in bands(self._frames.frame_shape[0]):
                task.stop_if_cancelled()
                values = self._frames.read(frame, y0, y1)
                good = np.isfinite(values)
                total += float(values.sum(where=good, dtype=np.float64))
                count += int(good.sum())
            self._means[frame] = total / count if count else np.nan
        return self._means[frame]

    def read(self, frame: int, y0: int, y1: int, task: Task = NO_TASK) -> Float32Array:
        """Return rows of a frame less its mean, REACH pixels added on every side.

        Shape (y1 - y0 + 2 REACH, width + 2 REACH).
        """
        height = self._frames.frame_shape[0]
        mean = self.mean(frame, task)
        top, bottom = max(0, y0 - REACH - _CONTEXT), min(height, y1 + REACH + _CONTEXT)
        stored = self._frames.read(frame, top, bottom)
        task.stop_if_cancelled()
        good = np.isfinite(stored)
        values = np.where(good, stored - np.float64(mean), 0).astype(np.float32)
        padded = continued(values, good, REACH)
        # `padded` begins REACH rows above `top`.
        return padded[y0 - top : y1 - top + 2 * REACH]

    def block(self, block: Block, task: Task = NO_TASK) -> Float32Array:
        """Return the pixels of a block as `read` does, REACH more on every side."""
        padded = self.read(block.frame, block.y0, block.y1, task)
        return padded[:, block.x0 : block.x1 + 2 * REACH].copy()


def bands(height: int) -> list[tuple[int, int]]:
    """Return the first and the last row (not included) of bands of nearly the same height."""
    return pieces(0, height, BAND)
