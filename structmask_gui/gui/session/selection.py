"""Which part of the open files is measured, and the frame on display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from structmask_gui.core.stack.frames import FrameRange, Frames

if TYPE_CHECKING:
    from structmask_gui.core.stack.frames import Region


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
        from structmask_gui.core.stack.frames import Region

        region, chosen = _numbers(values.get("region"), 4), _numbers(values.get("frames"), 3)
        shown = _numbers(values.get("shown"), 1)
        return cls(
            Region(*region) if region else None,
            FrameRange(*chosen) if chosen else None,
            shown[0] if shown else 0,
        )


def _numbers(values: Any, count: int) -> list[int]:
    good = isinstance(values, list) and len(values) == count
    return values if good and all(type(value) is int for value in values) else []
