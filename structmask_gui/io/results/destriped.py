"""Destriped frames as a TIFF."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.destripe import DestripedFrames
from structmask_gui.core.stack.frames import Frames, Lines
from structmask_gui.core.stack.scaled import check_single
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.formats.known import is_readable_name
from structmask_gui.io.stack.image_stack import DESTRIPED_BY

_ENDING = "_destriped.tif"
_LARGEST_CLASSIC = 2**32 - 2**24
"""Bytes of pixels from which on a TIFF must be a BigTIFF."""


def destriped_path(source: Path, folder: Path) -> Path:
    """Return `<stem>_destriped.tif` in a folder."""
    return folder / f"{source.stem}{_ENDING}"


def is_destriped(file: Path) -> bool:
    """Say whether a file is, by its name, a destriped one that was left beside its input."""
    if not file.name.lower().endswith(_ENDING):
        return False
    stem = file.name[: -len(_ENDING)]
    beside = file.parent.glob(f"{glob.escape(stem)}.*")
    return any(other.stem == stem and is_readable_name(other) for other in beside)


def save_destriped(
    frames: Frames,
    lines: Lines,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    task: Task = NO_TASK,
) -> Path:
    """Write all frames less the offsets of their rows or columns, as a float32 TIFF for ImageJ."""
    import tifffile

    check_single(frames)
    destriped, varies = DestripedFrames(frames, lines), False
    height, width = frames.frame_shape
    large = 4 * height * width * frames.n_frames >= _LARGEST_CLASSIC

    def pages() -> Iterator[NDArray[np.float32]]:
        nonlocal varies
        for number in range(frames.n_frames):
            task.stop_if_cancelled()
            task.report(number, frames.n_frames, f"Destriping {frames.name}")
            page = np.ascontiguousarray(destriped.read(number))
            varies = varies or bool((page != page[0, 0]).any())
            yield page
        task.report(frames.n_frames, frames.n_frames, f"Destriping {frames.name}")

    def write(file: BinaryIO) -> None:
        # Named, because the temporary file has only a number, which tifffile takes for a path.
        named = tifffile.FileHandle(file, name=Path(path).name, size=0)
        with tifffile.TiffWriter(named, bigtiff=large) as tiff:
            # Page by page: only one frame is in memory.
            tiff.write(
                pages(),
                shape=(frames.n_frames, height, width),
                dtype=np.float32,
                photometric="minisblack",
                # So that destriping is not advised once more.
                software=DESTRIPED_BY + lines,
                metadata={"axes": "TYX"},
            )
        if not varies:
            raise InputError(
                f"{frames.name}: without the offsets of its {lines} nothing is left in its frames;"
                " nothing was written."
            )

    write_atomic(path, write, force=force)
    return Path(path)
