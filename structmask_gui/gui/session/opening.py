"""Files opened together: the part measured, the frame on the screen, what has changed since."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Frames, Region
from structmask_gui.gui.session.engine import Engine
from structmask_gui.io.files.paths import shown

if TYPE_CHECKING:
    from structmask_gui.io.extract_files import Input
    from structmask_gui.io.results.record import InputRecord

AnyArray = NDArray[Any]

LARGEST_SHOWN = 4096
"""Longest side of a frame shown pixel by pixel; no screen shows more."""


class Signature(NamedTuple):
    """Tells a changed file from an unchanged one."""

    size: int
    changed: int  # ns
    again: str
    """What to do about a changed one."""


Signatures = Mapping[Path, Signature | None]
"""Of files that are open; None where it cannot be asked."""


class Part(NamedTuple):
    """What was chosen in a stack, so that it can be chosen again when the stack is opened again."""

    region: Region | None = None
    """None for the whole image."""
    frame_range: FrameRange | None = None
    """None for all frames."""
    frame: int = 0
    """The frame on display."""

    def within(self, frames: Frames | None) -> Part:
        """Return what of it fits the frames: the file may have changed since."""
        if frames is None:
            return Part()
        region, chosen, (height, width) = self.region, self.frame_range, frames.frame_shape
        if region is not None:
            y0, y1, x0, x1 = region
            if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
                region = None
        if chosen is not None and not (
            0 <= chosen.start < chosen.stop <= frames.n_frames and chosen.step >= 1
        ):
            chosen = None
        return Part(region, chosen, min(max(self.frame, 0), frames.n_frames - 1))

    def remembered(self) -> dict[str, list[int]]:
        """Return it as it stands in the settings."""
        values = {"region": self.region, "frames": self.frame_range, "shown": [self.frame]}
        return {name: list(value) for name, value in values.items() if value is not None}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Part:
        """Make it from the settings, leaving out what is nonsense."""
        region, chosen = _numbers(values.get("region"), 4), _numbers(values.get("frames"), 3)
        frame = _numbers(values.get("shown"), 1)
        return cls(
            Region(*region) if region else None,
            FrameRange(*chosen) if chosen else None,
            frame[0] if frame else 0,
        )


class Source(NamedTuple):
    """A file that another was made of, and how it was opened for that."""

    path: Path
    choices: Mapping[str, Any]
    part: Part


class Refused(NamedTuple):
    """Files that could not be opened together, and how they were to be opened."""

    paths: tuple[Path, ...]
    choices: Mapping[str, Any]
    axes: str = ""
    """Axes that may read them; empty where the axes are not in doubt."""


class Opened(NamedTuple):
    """Files as the opening thread hands them over; the defaults are no files."""

    stacks: tuple[Any, ...] = ()
    frames: ChosenFrames | None = None
    image: Any = None
    choices: Mapping[str, Any] = {}
    signatures: Mapping[Path, Signature | None] = {}
    part: Part = Part()
    raw: Source | None = None
    """What a denoised stack was made of, if its record is there and names a file that is."""


def open_files(
    engine: Engine, paths: Sequence[Path], choices: Mapping[str, Any], part: Part, task: Task
) -> Opened:
    """Open files and read the frame to show; in the opening thread."""
    stacks: list[Any] = []
    try:
        for number, path in enumerate(paths):
            task.report(number, len(paths), f"Opening {path.name}")
            task.stop_if_cancelled()
            stacks.append(engine.open(path, task, **choices))
        signatures = signatures_of(stacks)
        frames = ChosenFrames(stacks)
        part = part.within(frames)
        image = read_for_display(frames, part.frame, task)
        raw = _raw_of(stacks[0]) if len(stacks) == 1 else None
    except BaseException:
        close_files(stacks)
        raise
    return Opened(tuple(stacks), frames, image, choices, signatures, part, raw)


def _raw_of(stack: Any) -> Source | None:
    if not getattr(stack, "denoised", False):
        return None
    from structmask_gui.io.denoise_files import record_path
    from structmask_gui.io.results.record import recorded_file

    record = record_path(Path(stack.path))
    item = denoised_from(record)
    at = None if item is None else recorded_file(item, record)
    if item is None or at is None:
        return None
    return Source(at, choices_of(item), Part(None, frames_of(item)))


def denoised_from(record: Path) -> InputRecord | None:
    """Return what the record of a denoised stack says of its raw one; None if it is no such."""
    from pydantic import ValidationError

    from structmask_gui.io.denoise_files import FORMAT, VERSION
    from structmask_gui.io.files.json_files import LARGEST_JSON, check_format, read_json
    from structmask_gui.io.results.record import InputRecord

    try:
        data = read_json(record, LARGEST_JSON, "a record")
        check_format(data, record, FORMAT, VERSION, "a record")
        return InputRecord.model_validate(data.get("input"))
    except (InputError, ValidationError):
        return None


def choices_of(item: Input | InputRecord) -> dict[str, Any]:
    """Return how a file was opened, or is to be."""
    return {"axes": item.axes, "series": item.series, "channel": item.channel}


def frames_of(item: InputRecord) -> FrameRange | None:
    """Return which frames of a recorded file were taken; None for all."""
    from structmask_gui.io.stack.image_stack import frame_range

    numbers = slice(None) if item.frames is None else frame_range(item.frames)
    if None in (numbers.start, numbers.stop):
        return None
    return FrameRange(numbers.start, numbers.stop, numbers.step or 1)


def close_files(stacks: Sequence[Any]) -> None:
    """Close what can be closed."""
    for stack in stacks:
        close: Callable[[], None] | None = getattr(stack, "close", None)
        if close is not None:
            close()


def read_for_display(
    frames: Frames, frame: int, task: Task = NO_TASK, largest: int = LARGEST_SHOWN
) -> AnyArray:
    """Return a copy of a frame, every n-th pixel of one with a side of more than ``largest``."""
    height, width = frames.frame_shape
    step = -(-max(height, width) // largest)
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


def read_unchanged(frames: Frames, frame: int, signatures: Signatures, task: Task) -> AnyArray:
    """Return a frame as `read_for_display` does; `InputError` if a file is no longer the same."""
    image = read_for_display(frames, frame, task)
    check_unchanged(signatures)
    return image


def _whole_band(frames: Frames, frame: int, rows: range) -> AnyArray:
    return np.array(frames.read(frame, rows.start, rows.stop)[:: rows.step, :: rows.step])


def _single_rows(frames: Frames, frame: int, rows: range) -> AnyArray:
    return np.stack([frames.read(frame, y, y + 1)[0, :: rows.step] for y in rows])


def signatures_of(stacks: Sequence[Any], again: str = "read it again (F5)") -> Signatures:
    """Return the signatures of all files that hold pixels of open stacks."""
    files = [Path(file) for stack in stacks for file in stack.files]
    return {file: _signature(file, again) for file in files}


def _signature(path: Path, again: str = "") -> Signature | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return Signature(status.st_size, status.st_mtime_ns, again)


def check_unchanged(signatures: Signatures) -> None:
    """Raise `InputError` for a file that was changed after it was opened.

    A deleted one can still be read on most systems; where it cannot, reading says so. See
    `missing_note`.
    """
    for path, before in signatures.items():
        now = _signature(path)
        if before is not None and now is not None and now[:2] != before[:2]:
            raise InputError(f"{shown(path)} was changed after it was opened; {before.again}.")


def check_there(signatures: Signatures) -> None:
    """Raise `InputError`, too, for a file that is no longer there: it has no checksum."""
    check_unchanged(signatures)
    if missing := missing_note(signatures):
        raise InputError(missing)


def missing_note(signatures: Signatures) -> str:
    """Return a sentence on open files that are no longer there, or nothing."""
    for path, before in signatures.items():
        if before is not None and _signature(path) is None:
            return (
                f"{shown(path)} is no longer there. What is open can still be measured until it"
                " is closed, but not denoised or recorded: put the file back for that."
            )
    return ""


def _numbers(values: Any, count: int) -> list[int]:
    good = isinstance(values, list) and len(values) == count
    return values if good and all(type(value) is int for value in values) else []
