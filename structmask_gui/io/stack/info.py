"""What `structmask info FILE` and the window's metadata view show of a stack."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from structmask_gui.core.names import size_text
from structmask_gui.io.stack.axes import shape_text
from structmask_gui.io.stack.channels import Channel
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.io.stack.store import SeriesInfo


@dataclass(frozen=True)
class StackInfo:
    """Facts of an opened stack, all as plain values."""

    name: str
    path: str
    kind: str
    axes: str
    shape: tuple[int, ...]
    dtype: str
    n_frames: int
    frame_shape: tuple[int, int]  # height and width of a frame, (y, x)
    n_channels: int
    channel: Channel | None
    series_index: int
    series: tuple[SeriesInfo, ...]
    metadata: dict[str, str]  # pixel size, pages, compression, and the like
    notes: tuple[str, ...]
    channel_name: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as a dictionary that JSON can hold."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return pairs of a name and a text, in the order in which to show them."""
        rows = [
            ("File", self.name),
            ("Format", self.kind),
            ("Axes", self.axes),
            ("Shape", shape_text(self.shape)),
            ("Type", self.dtype),
            ("Frames", f"{self.n_frames} of {size_text(self.frame_shape)} pixels"),
        ]
        if self.n_channels > 1:
            unnamed = self.channel_name in ("", f"channel {self.channel}", self.channel)
            name = "" if unnamed else f" ({self.channel_name})"
            rows.append(("Channels", f"{self.n_channels}, chosen: {self.channel}{name}"))
        if len(self.series) > 1:
            for one in self.series:
                mark = " (chosen)" if one.index == self.series_index else ""
                title = f"{one.name}: " if one.name else ""
                text = f"{title}{one.axes} {shape_text(one.shape)} {one.dtype}{mark}"
                rows.append((f"Series {one.index}", text))
        said = {"Format": None, "Data type": self.dtype}
        rows += [
            (name, text)
            for name, text in self.metadata.items()
            if name not in said or said[name] not in (None, text)
        ]
        rows += [("Note", note) for note in self.notes]
        return rows


def describe(stack: ImageStack) -> StackInfo:
    """Collect the facts of an opened stack."""
    return StackInfo(
        name=stack.name,
        path=str(stack.path),
        kind=stack.kind,
        axes=stack.axes,
        shape=stack.shape,
        dtype=str(stack.pixel_dtype),  # luminance would be float
        n_frames=stack.n_frames,
        frame_shape=stack.frame_shape,
        n_channels=stack.n_channels,
        channel=stack.channel,
        series_index=stack.series_index,
        series=stack.series,
        metadata=dict(stack.metadata),
        notes=stack.notes,
        channel_name=stack.channel_name,
    )
