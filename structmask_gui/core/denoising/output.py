"""The denoised frames of a stack, worked out when they are read."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import WrappedFrames

_KEPT = 32 * 2**20
"""Pixels of frames that are kept, so that comparing neighbours does not work them out twice."""


class DenoisedFrames(WrappedFrames):
    """Frames denoised as far as the fit had come when each was first read; implements `Frames`.

    They can be evaluated before they are written: see `structmask_gui.core.denoised.evaluate`.
    """

    def __init__(self, denoiser: Denoiser, task: Task = NO_TASK) -> None:
        super().__init__(denoiser.frames, np.float32)
        self._denoiser, self._task = denoiser, task
        self._known: OrderedDict[int, NDArray[np.float32]] = OrderedDict()

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a denoised frame."""
        if frame not in self._known:
            self._known[frame] = self._denoiser.predict(frame, self._task)
            most = max(2, _KEPT // self._known[frame].size)
            while len(self._known) > most:
                self._known.popitem(last=False)
        return self._known[frame][y0:y1]
