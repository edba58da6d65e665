"""A rectangle of every frame as a stack of its own."""

from __future__ import annotations

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.frames import Frames, WrappedFrames
from structmask_gui.core.sampling import Region


class CutFrames(WrappedFrames):
    """The part of a stack within a rectangle; implements `Frames`.

    Parameters
    ----------
    frames : Frames
        The stack; nothing is copied.
    region : Region
        The rectangle, inside the frames.
    """

    def __init__(self, frames: Frames, region: Region) -> None:
        super().__init__(frames)
        self._region = region

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._region.shape

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of the rectangle."""
        top, bottom, left, right = self._region
        first, last, _ = slice(y0, y1).indices(bottom - top)
        return self._frames.read(frame, top + first, top + max(first, last))[:, left:right]
