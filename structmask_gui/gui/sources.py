"""Frames made ready for the screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.frames import Frames
from structmask_gui.core.progress import IsCancelled, never_cancelled, stop_if

AnyArray = NDArray[Any]

_LARGEST_SHOWN = 4096
"""Longest side of a frame shown pixel by pixel; no screen shows more."""


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
