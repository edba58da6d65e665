"""Frames made ready for the screen, and files that must not change under the measurement."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames
from structmask_gui.io.files.paths import shown

AnyArray = NDArray[Any]

_LARGEST_SHOWN = 4096
"""Longest side of a frame shown pixel by pixel; no screen shows more."""


def read_for_display(frames: Frames, frame: int, task: Task = NO_TASK) -> AnyArray:
    """Return a copy of a frame for the screen, every n-th pixel of a very large one."""
    height, width = frames.frame_shape
    step = -(-max(height, width) // _LARGEST_SHOWN)
    if step == 1:
        return np.array(frames.read(frame))
    ways = (_whole_band, _single_rows)
    seconds: list[float] = []
    parts = []
    band = max(step, (2**22 // max(width, 1)) // step * step)
    for number, y in enumerate(range(0, height, band)):
        task.stop_if_cancelled()
        # Which is faster depends on how the file is stored: from plain rows the others can be left
        # out (16 s or 0.5 s for 5 GB), compressed tiles are decoded whole in any case. Each way is
        # tried once.
        way = ways[number] if number < 2 else ways[int(seconds[1] < seconds[0])]
        begun = time.perf_counter()
        parts.append(way(frames, frame, range(y, min(y + band, height), step)))
        seconds.append(time.perf_counter() - begun)
    return np.concatenate(parts)


def _whole_band(frames: Frames, frame: int, rows: range) -> AnyArray:
    return np.array(frames.read(frame, rows.start, rows.stop)[:: rows.step, :: rows.step])


def _single_rows(frames: Frames, frame: int, rows: range) -> AnyArray:
    return np.stack([frames.read(frame, y, y + 1)[0, :: rows.step] for y in rows])


Signature = tuple[int, int]
"""Size and time of the last change of a file."""


def signature(path: Path) -> Signature | None:
    """Return what tells a changed file from an unchanged one; None if it cannot be asked."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def check_unchanged(signatures: Mapping[Path, Signature | None]) -> None:
    """Raise `InputError` for a file that was changed after it was opened.

    A deleted one can still be read on most systems; where it cannot, reading says so. See
    `missing_note`.
    """
    for path, before in signatures.items():
        now = signature(path)
        if before is not None and now is not None and now != before:
            raise InputError(f"{shown(path)}: was changed after it was opened; read it again (F5).")


def missing_note(signatures: Mapping[Path, Signature | None]) -> str:
    """Return a sentence on open files that are no longer there, or nothing."""
    for path, before in signatures.items():
        if before is not None and signature(path) is None:
            return (
                f"{shown(path)}: is no longer there. What is open can still be measured until it"
                " is closed."
            )
    return ""
