"""Files opened together: which part of them is measured, and the frame on display."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Frames, Region
from structmask_gui.gui.session.engine import Engine
from structmask_gui.gui.session.frame_display import Signature, read_for_display, signature


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
        shown = _numbers(values.get("shown"), 1)
        return cls(
            Region(*region) if region else None,
            FrameRange(*chosen) if chosen else None,
            shown[0] if shown else 0,
        )


class Opened(NamedTuple):
    """Files as the opening thread hands them over; the defaults are no files."""

    stacks: tuple[Any, ...] = ()
    frames: ChosenFrames | None = None
    image: Any = None
    choices: Mapping[str, Any] = {}
    signatures: Mapping[Path, Signature | None] = {}
    part: Part = Part()


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
        frames = ChosenFrames(stacks)
        part = part.within(frames)
        image = read_for_display(frames, part.frame, task)
    except BaseException:
        close_files(stacks)
        raise
    signatures = {path: signature(path) for path in paths}
    return Opened(tuple(stacks), frames, image, choices, signatures, part)


def close_files(stacks: Sequence[Any]) -> None:
    """Close what can be closed."""
    for stack in stacks:
        close: Callable[[], None] | None = getattr(stack, "close", None)
        if close is not None:
            close()


def _numbers(values: Any, count: int) -> list[int]:
    good = isinstance(values, list) and len(values) == count
    return values if good and all(type(value) is int for value in values) else []
