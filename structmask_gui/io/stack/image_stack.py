"""`ImageStack`: the frames of an open image file, read a band of rows at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import ChosenFrames, Lines, Recording, Region, runs_by_plane
from structmask_gui.io.files.paths import file_state, naming, shown
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.stack.axes import (
    Axes,
    AxesQuestion,
    axes_question,
    plane_numbers,
    shape_text,
)
from structmask_gui.io.stack.channels import Channel, Channels, luminance, luminance_dtype
from structmask_gui.io.stack.store import Contents, SeriesInfo
from structmask_gui.version import __version__

DESTRIPED_BY = f"StructMask {__version__}, without the offsets of its "
DENOISED_BY = "StructMask, denoised by version "


_LOSSY = re.compile(r"with loss|jpe?g(?!.*lossless)|webp|jetraw", re.IGNORECASE)


class ImageStack:
    """Frames of an image file, read when asked for; implements `core.stack.frames.Frames`.

    Reading is safe from several threads. Frames are numbered over all dimensions except Y, X,
    channel and colour, the file's last one fastest; all numbers start at 0.

    Attributes
    ----------
    path : Path
        The file, or the folder of a Zarr image.
    location : str
        Its full path, or the address it is read from.
    name : str
        Its name, as messages show it.
    kind : str
        Its format, as in "OME-TIFF".
    series : tuple of SeriesInfo
        All images in the file.
    series_index : int
        Which of them this is.
    metadata : dict of str to str
        The file's metadata: pixel size, compression, and the like.
    notes : tuple of str
        What had to be decided while opening, one sentence each.
    pixel_dtype : dtype
        Type of the file's pixels; of colours read as their luminance, not the type of that.
    other_files : tuple of Path or None
        The other files that hold pixels; None if there are some, but not known which.
    found : tuple of int or None
        The file's `file_state` before it was opened.
    runs : list of range
        Frames that follow one another; of a z-stack over several times, each plane's. See
        `core.stack.frames.runs_of`.
    """

    def __init__(
        self,
        path: Path,
        contents: Contents,
        axes: Axes,
        channels: Channels,
        found: tuple[int, int] | None = None,
    ) -> None:
        self.path = path
        self.found = found
        self.location = location_of(path)
        self.name = shown(path)
        self.kind = contents.kind
        self.series: tuple[SeriesInfo, ...] = contents.series
        self.series_index = contents.chosen
        self.metadata = dict(contents.metadata)
        self.other_files = contents.other_files
        self._doubtful_colour = contents.doubtful_colour
        self._store = contents.store
        self._convert = contents.convert
        self._axes = axes
        self._channels = channels
        self.notes = (*contents.notes, *self._channels.notes)
        self._frame_lengths = tuple(self._axes.shape[i] for i in self._axes.frames)
        # Numbers, among all frames of the file, of those this stack has.
        self._numbers = range(math.prod(self._frame_lengths))
        self.runs = self._runs()
        dtype = contents.converted_dtype or contents.store.dtype
        self.pixel_dtype = dtype
        self._dtype = luminance_dtype(dtype) if self._channels.luminance else dtype

    @property
    def axes(self) -> str:
        """Letters of all dimensions that are longer than 1, and Y and X."""
        return self._axes.letters

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of these dimensions."""
        return self._axes.shape

    @property
    def axes_question(self) -> AxesQuestion | None:
        """What is to be asked about the axes that the file names."""
        return axes_question(self.axes, self.shape, doubtful_colour=self._doubtful_colour)

    @property
    def denoised(self) -> bool:
        """Whether StructMask has denoised it, by the software that the file names."""
        return self.metadata.get("Software", "").startswith(DENOISED_BY)

    @property
    def lossy(self) -> bool:
        """Whether the file says, or its kind, that the pixels were compressed with loss."""
        said = f"{self.kind}, {self.metadata.get('Compression', '')}"
        return _LOSSY.search(said) is not None

    # --- the frames ---------------------------------------------------------------------------

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self._numbers)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width of every frame, (y, x)."""
        return self.shape[self._axes.y], self.shape[self._axes.x]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values `read` returns, in the machine's byte order."""
        return self._dtype

    def place_of(self, frame: int) -> str:
        """Return where a frame lies along several axes, as "T 2, Z 1"; empty along one."""
        axes = self._axes
        letters = [axes.letters[dimension] for dimension in axes.frames]
        if len(letters) < 2:
            return ""
        place = np.unravel_index(self._numbers[frame], self._frame_lengths)
        return ", ".join(f"{letter} {i + 1}" for letter, i in zip(letters, place, strict=True))

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame as an array of shape (y1 - y0, width)."""
        axes = self._axes
        index: list[int | slice] = [slice(None)] * len(axes.shape)
        place = np.unravel_index(self._numbers[frame], self._frame_lengths)
        for dimension, i in zip(axes.frames, place, strict=True):
            index[dimension] = int(i)
        index[axes.y] = slice(y0, y1)
        for dimension, chosen in self._channels.index.items():
            index[dimension] = chosen
        with naming(self.name):
            values = self._store.read(tuple(index))
        left = [i for i, part in enumerate(index) if isinstance(part, slice)]
        order = [axes.y, axes.x, *(i for i in left if i not in (axes.y, axes.x))]
        values = values.transpose([left.index(i) for i in order])
        if self._convert is not None:
            values = self._convert(values)
        return luminance(values) if self._channels.luminance else values

    def with_frames(self, frames: slice) -> ImageStack:
        """Return the same stack restricted to some of its present frames; shares the open file."""
        chosen = self._numbers[frames]
        if not chosen:
            raise InputError(
                f"{self.name} has {self.n_frames} frames (0 to {self.n_frames - 1}), and none of"
                " them is in the range given; give another range START:STOP:STEP."
            )
        copy = object.__new__(ImageStack)
        copy.__dict__.update(self.__dict__)
        copy._numbers = chosen
        copy.runs = copy._runs()
        if frames.stop is not None and frames.stop > self.n_frames and (frames.step or 1) > 0:
            copy.notes = (
                *self.notes,
                f"{self.name} has {self.n_frames} frames: of those up to {frames.stop} that were"
                f" asked for, {len(chosen)} are there.",
            )
        return copy

    def _runs(self) -> list[range]:
        planes = plane_numbers(self._axes, self._numbers)
        return [range(self.n_frames)] if planes is None else runs_by_plane(planes)

    @property
    def frames_chosen(self) -> str | None:
        """The range of frames as START:STOP:STEP, or None if the stack has all of the file."""
        numbers = self._numbers
        if numbers == range(math.prod(self._frame_lengths)):
            return None
        # A range that runs backwards past frame 0 has no number for its end.
        stop = "" if numbers.stop < 0 else numbers.stop
        return f"{numbers.start}:{stop}:{numbers.step}"

    @property
    def every(self) -> int:
        """Of the frames of the file, every n-th is one of the stack."""
        return abs(self._numbers.step)

    # --- the file -----------------------------------------------------------------------------

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold its pixels, as far as they are known."""
        return (self.path, *(self.other_files or ()))

    @property
    def n_channels(self) -> int:
        """How many channels there are to choose from."""
        return self._channels.n

    @property
    def channel(self) -> Channel | None:
        """The chosen channel; None if the file has no channels or colours."""
        return self._channels.chosen

    @property
    def channel_choices(self) -> tuple[tuple[Channel, str], ...]:
        """Each channel that can be chosen, with its name; empty if there is nothing to choose."""
        return self._channels.choices

    def offers(self, channel: Channel | None) -> bool:
        """Tell whether this channel can be chosen, and is not."""
        return channel != self.channel and channel in [value for value, _ in self.channel_choices]

    @property
    def channel_name(self) -> str:
        """Name of the chosen channel; empty if there is nothing to choose."""
        names = (name for value, name in self.channel_choices if value == self.channel)
        return next(names, "").removeprefix(f"{self.channel}: ")

    @property
    def channel_mark(self) -> str:
        """What tells files made of this channel from those made of the first: `_c1`, or nothing."""
        first = not self.channel_choices or self.channel == self.channel_choices[0][0]
        return "" if first else f"_c{self.channel}"

    @property
    def destriped(self) -> Lines | None:
        """Which offsets StructMask subtracted before it wrote the file; None if none."""
        return said_destriped(self.metadata.get("Software", ""))

    def check_unchanged(self) -> None:
        """Raise `InputError` if the file was changed after it was opened.

        A deleted one can still be read on most systems; where it cannot, reading says so.
        """
        if self.found is not None and file_state(self.path) not in (self.found, None):
            raise InputError(
                f"{self.name} was changed after it was opened; wait until it is written, then do"
                " it again."
            )

    def close(self) -> None:
        """Close the file, for this stack and all that share it."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ImageStack {self.name}: {self.axes} {shape_text(self.shape)} {self.dtype}>"


@dataclass(frozen=True)
class MeasuredFiles:
    """The open files of one mask: those it is measured in, and the reference stacks."""

    stacks: Sequence[ImageStack] = ()
    dark: ImageStack | None = None
    subtract: ImageStack | None = None

    def recording(self, region: Region | None = None) -> Recording:
        """Return what is measured of them."""
        frames = self.stacks[0] if len(self.stacks) == 1 else ChosenFrames(self.stacks)
        return Recording(frames, region, self.dark, self.subtract)


def location_of(path: Path) -> str:
    """Return a file's full path, or the address it is read from."""
    return remote_address(path) or str(path.absolute())


def frame_range(text: str) -> slice:
    """Read a range of frames START:STOP:STEP, as in Python; each part may be left out."""
    parts = text.strip().split(":")
    try:
        numbers = [int(part) if part.strip() else None for part in parts]
    except ValueError:
        numbers = []
    if not 2 <= len(numbers) <= 3 or (len(numbers) == 3 and numbers[2] == 0):
        raise InputError(
            f"{text!r} is no range of frames; give START:STOP or START:STOP:STEP, as in 0:100:2."
        )
    return slice(*numbers)


def said_destriped(software: str) -> Lines | None:
    """Return which offsets were subtracted, by the software the file names; None if none were."""
    found = re.fullmatch(r"StructMask \S+, without the offsets of its (rows|columns)", software)
    if found is None:
        return None
    return "rows" if found.group(1) == "rows" else "columns"
