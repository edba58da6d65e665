"""Frames without a pattern as an OME-TIFF: without offsets of lines, or of the camera."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.correction import (
    Calibration,
    Correction,
    Reference,
    read_reference,
)
from structmask_gui.core.stack.destripe import Destriping
from structmask_gui.core.stack.frames import Frames, Lines
from structmask_gui.core.stack.scaled import check_single
from structmask_gui.io.files.atomic import is_same, write_atomic
from structmask_gui.io.formats.known import is_readable_name
from structmask_gui.io.open import in_channel, open_stack
from structmask_gui.io.results.files import stem_of
from structmask_gui.io.results.frames_tiff import start_tiff
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import DESTRIPED_BY, ImageStack
from structmask_gui.version import __version__

_DESTRIPED, _CORRECTED = "_destriped.tif", "_corrected.tif"

_Make = Callable[[int], NDArray[np.float32]]


def destriped_path(source: Path, folder: Path, mark: str = "") -> Path:
    """Return `<stem>_destriped.tif` in a folder; ``mark``: `ImageStack.channel_mark`."""
    return folder / f"{stem_of(source)}{mark}{_DESTRIPED}"


def corrected_path(source: Path, folder: Path, mark: str = "") -> Path:
    """Return `<stem>_corrected.tif` in a folder; ``mark``: `ImageStack.channel_mark`."""
    return folder / f"{stem_of(source)}{mark}{_CORRECTED}"


def is_corrected(file: Path) -> bool:
    """Say whether a file is, by its name, destriped or corrected and left beside its input."""
    name = file.name.lower()
    ending = next((end for end in (_DESTRIPED, _CORRECTED) if name.endswith(end)), "")
    if not ending:
        return False
    stem = file.name[: -len(ending)]
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
    # So named that destriping is not advised once more.
    software, without = DESTRIPED_BY + lines, f"the offsets of its {lines}"
    make = partial(Destriping(frames, lines).frame, task=task)
    return _save(frames, make, software, without, path, force=force, task=task)


def save_corrected(
    frames: Frames,
    correction: Correction,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    task: Task = NO_TASK,
) -> Path:
    """Write all frames without the patterns of dark frames or an even field, as float32 OME-TIFF.

    Raises
    ------
    InputError
        If the frames are of another size, or nothing is left in them.
    """
    correction.check(frames)
    software = f"StructMask {__version__}, {correction.words}"
    make, without = partial(correction.corrected, frames), "that pattern"
    return _save(frames, make, software, without, path, force=force, task=task)


def read_correction(
    files: Mapping[Calibration, Path],
    frames: Frames,
    *,
    sources: Sequence[Path],
    channel: Channel | None,
    task: Task = NO_TASK,
) -> Correction:
    """Average the files of dark frames and of an even field, if they are given.

    Parameters
    ----------
    files : mapping
        The files by what they show.
    frames : Frames
        The frames to be corrected.
    sources : sequence of Path
        Their files.
    channel : int or "luminance", optional
        Their channel, in which files of several channels are read.

    Raises
    ------
    InputError
        If a file cannot be read, is of another size, or is one of ``sources``.
    """
    found: dict[Calibration, Reference] = {}
    for kind, file in files.items():

        def open_file(asked: Channel | None, file: Path = file) -> ImageStack:
            return open_stack(file, channel=asked, cancelled=lambda: task.cancelled)

        with in_channel(open_file, channel) as stack:
            if any(is_same(file, source) for source in sources):
                raise InputError(
                    f"{stack.name} is the stack that is to be corrected; choose other frames,"
                    " without the sample."
                )
            found[kind] = read_reference(kind, stack, frames, task)
    correction = Correction(**found)
    correction.check(frames)
    return correction


def _save(
    frames: Frames,
    make: _Make,
    software: str,
    without: str,
    path: str | os.PathLike[str],
    *,
    force: bool,
    task: Task,
) -> Path:
    """Write what is made of each frame."""
    check_single(frames)

    def write(file: BinaryIO) -> None:
        start_tiff(file, frames, np.dtype(np.float32), software=software)
        varies = False
        for number in range(frames.n_frames):
            task.stop_if_cancelled()
            task.report(number, frames.n_frames, f"Writing {frames.name} without {without}")
            page = make(number)
            varies = varies or bool((page != page[0, 0]).any())
            file.write(page.astype("<f4", copy=False).tobytes())
        task.report(frames.n_frames, frames.n_frames, f"Writing {frames.name} without {without}")
        if not varies:
            raise InputError(
                f"{frames.name}: without {without} nothing is left in its frames; nothing was"
                " written."
            )

    write_atomic(path, write, force=force)
    return Path(path)
