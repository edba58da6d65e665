"""Destriped frames as an OME-TIFF."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.destripe import destriped_frame
from structmask_gui.core.stack.frames import Frames, Lines
from structmask_gui.core.stack.scaled import check_single
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.formats.known import is_readable_name
from structmask_gui.io.results.files import stem_of
from structmask_gui.io.results.frames_tiff import start_tiff
from structmask_gui.io.stack.image_stack import DESTRIPED_BY

_ENDING = "_destriped.tif"


def destriped_path(source: Path, folder: Path, mark: str = "") -> Path:
    """Return `<stem>_destriped.tif` in a folder; ``mark``: `ImageStack.channel_mark`."""
    return folder / f"{stem_of(source)}{mark}{_ENDING}"


def is_destriped(file: Path) -> bool:
    """Say whether a file is, by its name, a destriped one that was left beside its input."""
    if not file.name.lower().endswith(_ENDING):
        return False
    stem = file.name[: -len(_ENDING)]
    stems = {stem, re.sub(r"_c\d+$", "", stem)}
    beside = [path for one in stems for path in file.parent.glob(f"{glob.escape(one)}.*")]
    # Before, `.ome` was kept in the name.
    return any(is_readable_name(other) and stems & {stem_of(other), other.stem} for other in beside)


def save_destriped(
    frames: Frames,
    lines: Lines,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    task: Task = NO_TASK,
) -> Path:
    """Write all frames less the offsets of their rows or columns, as a float32 OME-TIFF."""
    check_single(frames)

    def write(file: BinaryIO) -> None:
        # So named that destriping is not advised once more.
        start_tiff(file, frames, np.dtype(np.float32), software=DESTRIPED_BY + lines)
        varies = False
        for number in range(frames.n_frames):
            task.stop_if_cancelled()
            task.report(number, frames.n_frames, f"Destriping {frames.name}")
            page = destriped_frame(frames, number, lines)
            varies = varies or bool((page != page[0, 0]).any())
            file.write(page.astype("<f4", copy=False).tobytes())
        task.report(frames.n_frames, frames.n_frames, f"Destriping {frames.name}")
        if not varies:
            raise InputError(
                f"{frames.name}: without the offsets of its {lines} nothing is left in its frames;"
                " nothing was written."
            )

    write_atomic(path, write, force=force)
    return Path(path)
