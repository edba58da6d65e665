"""NDTiff sets of Micro-Manager and Pycro-Manager: NDTiff.index says what each plane is."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from structmask_gui.io.files.paths import blocks
from structmask_gui.io.formats.images import contents_of, read_planes
from structmask_gui.io.stack.store import Contents, Index

_INDEX = "NDTiff.index"
_LARGEST_INDEX = 256 * 2**20
# Bytes of a sample, samples.
_TYPES = {0: (1, 1), 1: (2, 1), 2: (1, 3), 3: (2, 1), 4: (2, 1), 5: (2, 1), 6: (2, 1)}
_LETTERS = {"position": "P", "time": "T", "channel": "C", "z": "Z"}
_MOST_OPEN = 16
PARTIAL_NOTE = (
    f"{_INDEX} lists no full grid of planes: the pages of this file are the frames, in their order."
)


class _Plane(NamedTuple):
    axes: dict[str, int | str]
    file: str
    offset: int
    shape: tuple[int, int]
    kind: int


def ndtiff_index(path: Path) -> list[_Plane] | None:
    """Return the planes of the set that a file belongs to; None if it belongs to none."""
    index = path.parent / _INDEX
    if not index.is_file() or index.stat().st_size > _LARGEST_INDEX:
        return None
    try:
        planes = _parsed(index.read_bytes())
    except (ValueError, KeyError, TypeError, struct.error, RecursionError):
        return None
    return planes if any(plane.file == path.name for plane in planes) else None


def _parsed(data: bytes) -> list[_Plane]:
    planes = []
    at = 0
    while at < len(data):
        texts = []
        for _ in range(2):
            (length,) = struct.unpack_from("<I", data, at)
            texts.append(data[at + 4 : at + 4 + length].decode())
            at += 4 + length
        offset, width, height, kind, packed, *_ = struct.unpack_from("<8I", data, at)
        at += 32
        axes = json.loads(texts[0])
        if packed or kind not in _TYPES or Path(texts[1]).name != texts[1]:
            raise ValueError("an unknown kind of plane")
        if not isinstance(axes, dict) or any(type(n) not in (int, str) for n in axes.values()):
            raise ValueError("axes")
        planes.append(_Plane(axes, texts[1], offset, (height, width), kind))
    return planes


def open_ndtiff(path: Path, planes: list[_Plane], series: int | None) -> Contents | None:
    """Open a whole set; None if its planes are unlike, or some of the grid are missing."""
    image = _Image(path.parent, planes)
    if not image.whole():
        return None
    contents = contents_of("NDTiff", [image], series, image.close)
    contents.metadata = {"Format": "NDTiff", "Data type": image.dtype.name, "Compression": "none"}
    contents.other_files = tuple(sorted(image.files - {path}))
    contents.channel_names = image.channels
    contents.is_colour = "S" in image.letters
    return contents


class _Image:
    title = ""

    def __init__(self, folder: Path, planes: list[_Plane]) -> None:
        names = sorted({name for plane in planes for name in plane.axes}, key=_outermost_first)
        self._values: list[list[Any]] = [_in_order(planes, name) for name in names]
        self._planes = {tuple(plane.axes.get(name) for name in names): plane for plane in planes}
        size, samples = _TYPES[planes[0].kind]
        self.dtype = np.dtype(f"<u{size}")
        self._plane_shape = (*planes[0].shape, *((samples,) if samples > 1 else ()))
        self.letters = (
            "".join(_LETTERS.get(name, "Q") for name in names) + "YXS"[: 2 + (samples > 1)]
        )
        self.shape = (*(len(values) for values in self._values), *self._plane_shape)
        self.files = {folder / plane.file for plane in planes}
        self._folder = folder
        self._opened: dict[str, BinaryIO] = {}
        channels = self._values[names.index("channel")] if "channel" in names else []
        self.channels = tuple(map(str, channels)) if all(map(str, channels)) else ()

    def whole(self) -> bool:
        """Say that each place of the grid has a plane of the same kind that lies in its file."""
        first = next(iter(self._planes.values()))
        nbytes = math.prod(self._plane_shape) * self.dtype.itemsize
        if any(blocks(file) or not file.is_file() for file in self.files) or nbytes == 0:
            return False
        sizes = {file.name: file.stat().st_size for file in self.files}
        alike = all(
            (plane.shape, plane.kind) == (first.shape, first.kind)
            and plane.offset + nbytes <= sizes[plane.file]
            for plane in self._planes.values()
        )
        return alike and len(self._planes) == math.prod(map(len, self._values))

    def read(self, index: Index) -> Any:
        within = "YXS" if "S" in self.letters else "YX"
        return read_planes(self.letters, self.shape, index, within, self._plane)

    def _plane(self, place: tuple[int, ...], inner: Index) -> Any:
        key = tuple(values[i] for values, i in zip(self._values, place, strict=True))
        plane = self._planes[key]
        if plane.file not in self._opened:
            if len(self._opened) >= _MOST_OPEN:
                self._opened.pop(next(iter(self._opened))).close()
            self._opened[plane.file] = (self._folder / plane.file).open("rb")
        file = self._opened[plane.file]
        file.seek(plane.offset)
        data = file.read(math.prod(self._plane_shape) * self.dtype.itemsize)
        return np.frombuffer(data, self.dtype).reshape(self._plane_shape)[inner]

    def close(self) -> None:
        for file in self._opened.values():
            file.close()
        self._opened.clear()


def _outermost_first(name: str) -> tuple[int, str]:
    order = ("position", "time", "channel", "z")
    return (order.index(name) + 1 if name in order else 0, name)


def _in_order(planes: list[_Plane], name: str) -> list[Any]:
    """Return the places along an axis: numbers ascending, names as they first come."""
    values = list(dict.fromkeys(plane.axes.get(name) for plane in planes))
    return sorted(values) if all(type(value) is int for value in values) else values
