"""What the file browser shows of a file: its facts and a thumbnail, made off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.opening import read_for_display
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.io.stack.info import StackInfo, describe

THUMBNAIL = 128
"""Longest side of a thumbnail in pixels."""

_SHARE_CLIPPED = (0.5, 99.5)


@dataclass(frozen=True)
class Thumbnail:
    """Facts and thumbnail of a file."""

    info: StackInfo
    choices: tuple[tuple[Any, str], ...]
    """The channels to choose from, as (value, name)."""
    picture: NDArray[np.uint8]
    """Shape (height, width), at most `THUMBNAIL` on its longer side."""


def preview(path: Path, choices: Mapping[str, Any], task: Task) -> Thumbnail:
    """Open a file, describe it and close it."""
    with open_stack(path, **choices, cancelled=lambda: task.cancelled) as stack:
        return Thumbnail(describe(stack), stack.channel_choices, thumbnail(stack, task))


def thumbnail(stack: ImageStack, task: Task) -> NDArray[np.uint8]:
    """Return the first frame, thinned and stretched to 8 bits."""
    values = read_for_display(stack, 0, task, THUMBNAIL).astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(values[finite], _SHARE_CLIPPED)
    scaled = np.where(finite, (values - low) / max(high - low, 1e-300), 0)
    return (np.clip(scaled, 0, 1) * 255).astype(np.uint8)


def metadata_text(stack: ImageStack) -> str:
    """Return all facts of an open stack, a line each."""
    rows = describe(stack).rows()
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)
