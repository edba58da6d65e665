"""A rectangle of every frame as a stack of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from structmask_gui.core.frames import AnyArray, Frames
from structmask_gui.core.sampling import Region


class CutFrames:
    """The part of a stack within a rectangle; implements `Frames`.

    Parameters
    ----------
    frames : Frames
        The stack; nothing is copied.
    region : Region
        The rectangle, inside the frames.
    """

    def __init__(self, frames: Frames, region: Region) -> None:
        self._frames, self._region = frames, region
        self.name = frames.name

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self._frames.n_frames

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._region.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self._frames.dtype

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of the rectangle."""
        top, bottom, left, right = self._region
        first, last, _ = slice(y0, y1).indices(bottom - top)
        return self._frames.read(frame, top + first, top + max(first, last))[:, left:right]
