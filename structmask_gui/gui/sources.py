"""What is measured: the open stacks one after another, or a range of their frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.frames import Frames
from structmask_gui.core.progress import IsCancelled, never_cancelled, stop_if

AnyArray = NDArray[Any]

_LARGEST_SHOWN = 4096
"""Longest side of a frame shown pixel by pixel; no screen shows more."""


class FrameRange(NamedTuple):
    """Frames ``start`` to ``stop``, the last one left out, every ``step``-th of them."""

    start: int
    stop: int
    step: int = 1

    def indices(self) -> range:
        """Return the frames' numbers."""
        return range(self.start, self.stop, self.step)


class ChosenFrames:
    """Frames of one or several stacks in one row; implements `Frames`.

    Parameters
    ----------
    stacks : sequence of Frames
        At least one; all with frames of one shape.
    chosen : FrameRange, optional
        Which of all their frames; all without it.

    Raises
    ------
    InputError
        If the frames differ in shape, or none is chosen.
    """

    def __init__(self, stacks: Sequence[Frames], chosen: FrameRange | None = None) -> None:
        first = stacks[0]
        for stack in stacks[1:]:
            if stack.frame_shape != first.frame_shape:
                (h, w), (h0, w0) = stack.frame_shape, first.frame_shape
                raise InputError(
                    f"{stack.name} is {h} x {w} pixels, but {first.name} is {h0} x {w0};"
                    " average only files of one size."
                )
        places = [(stack, i) for stack in stacks for i in range(stack.n_frames)]
        if chosen is not None:
            places = [places[i] for i in chosen.indices() if 0 <= i < len(places)]
        if not places:
            raise InputError(f"{first.name}: no frame is chosen; widen the range of frames.")
        self._places = places
        self._shape = first.frame_shape
        self._dtype = np.result_type(*(stack.dtype for stack in stacks))
        self.name = first.name if len(stacks) == 1 else f"{first.name} and {len(stacks) - 1} more"

    @property
    def n_frames(self) -> int:
        """Number of chosen frames."""
        return len(self._places)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type that holds the pixels of all stacks."""
        return self._dtype

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a chosen frame."""
        stack, i = self._places[frame]
        return stack.read(i, y0, y1)


def read_for_display(
    frames: Frames, frame: int, cancelled: IsCancelled = never_cancelled
) -> AnyArray:
    """Read a frame for the screen, thinned to every n-th pixel if it is very large.

    Returns
    -------
    ndarray of shape (height, width) divided by the step, rounded up
        The picture of the whole frame; its own copy.
    """
    height, width = frames.frame_shape
    step = -(-max(height, width) // _LARGEST_SHOWN)
    if step == 1:
        return np.array(frames.read(frame))
    rows = []
    band = max(step, (2**22 // max(width, 1)) // step * step)
    for y in range(0, height, band):
        stop_if(cancelled)
        rows.append(np.array(frames.read(frame, y, min(y + band, height))[::step, ::step]))
    return np.concatenate(rows)
