"""Files of electron microscopes: MRC; DM3, DM4, SER and Velox EMD through RosettaSciIO.

RosettaSciIO is under the GPL, version 3: it is imported only where it is installed and such a file
is opened, and it is not part of the packaged application.
"""

from __future__ import annotations

import logging
import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.images import contents_of
from structmask_gui.io.stack.axes import shape_text, squeezed
from structmask_gui.io.stack.optional import needed, refused
from structmask_gui.io.stack.slicing import squeezed_index
from structmask_gui.io.stack.store import Contents, Index, RawStore, SeriesInfo, choose_series
from structmask_gui.io.stack.units import with_sizes

logging.getLogger("rsciio").addHandler(logging.NullHandler())

# Read at once where a file is not compressed; a piece holds one large frame or some small ones.
_PIECE = "8MiB"
_MOST_RATIO = 1100
_MOST_ENTRIES = 40

_MODULES = {
    "DM3": "digitalmicrograph",
    "DM4": "digitalmicrograph",
    "SER": "tia",
    "EMD": "emd",
}


def electron_kind(head: bytes) -> str | None:
    """Return which of these formats a file is by its first 256 bytes, or None.

    EMD is HDF5 and known by what is in it; see `structmask_gui.io.formats.hdf5`.
    """
    if head[:4] in (b"\0\0\0\x03", b"\0\0\0\x04"):
        # Then the length of the rest, and the byte order, 0 or 1.
        at = 8 if head[3] == 3 else 12
        if head[at : at + 3] == b"\0\0\0" and head[at + 3 : at + 4] in (b"\0", b"\x01"):
            return f"DM{head[3]}"
    if head[:4] == b"II\x97\x01":
        return "SER"
    return None


def open_electron(path: Path, kind: str, size: int, series: int | None) -> Contents:
    """Open a data set of a file of a kind that `electron_kind` returns, or of an EMD file."""
    reader = needed(f"rsciio.{_MODULES[kind]}", "em", f"a {kind} file")
    options = {"sum_frames": False} if kind == "EMD" else {}
    with refused(f"the {kind} file"), _quietly():
        if kind in ("DM3", "DM4"):
            _check_dm(path, size)
        found = [_Data(one) for one in reader.file_reader(str(path), lazy=True, **options)]
        usable = [one for one in found if len(one.shape) >= 2]
        if not usable:
            raise InputError("holds no image, only curves; give another file.")
        one = usable[choose_series(len(usable), series)]
        if one.nbytes > _MOST_RATIO * size:
            raise InputError(
                f"promises more pixels than its {size} bytes can hold; copy or export it again."
            )
        contents = contents_of(kind, usable, series, one.close, "data set")
        contents.metadata = one.metadata(kind)
        return contents


def _check_dm(path: Path, size: int) -> None:
    """Refuse tags that promise more than the file holds; the library would list all its pieces."""
    library = import_module("rsciio.digitalmicrograph._api")
    with path.open("rb") as file:
        tags = library.DigitalMicrographReader(file)
        tags.parse_file()
        images = [library.ImageObject(found, file) for found in tags.get_image_dictionaries()]
        for image in images:
            lengths = [int(n) for n in image.shape]
            if min(lengths, default=0) < 1 or math.prod(lengths) > size:
                raise InputError(
                    f"promises {shape_text(tuple(lengths))} pixels, which its {size} bytes cannot"
                    " hold; copy or export it again."
                )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the library's warnings to itself, and make its pieces small enough to be streamed."""
    dask = import_module("dask")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with dask.config.set({"array.chunk-size": _PIECE, "scheduler": "synchronous"}):
            yield


class _Data:
    """A data set of the file."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found
        self._data = found["data"]
        self.shape = tuple(int(n) for n in self._data.shape)
        self.dtype = np.dtype(self._data.dtype)
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize
        self.title = str(found.get("metadata", {}).get("General", {}).get("title", ""))[:200]
        self._axes = _sorted_axes(found, len(self.shape))
        self.letters = _letters(self._axes, len(self.shape))

    def read(self, index: Index) -> Any:
        kept = [n != 1 or c in "YX" for c, n in zip(self.letters, self.shape, strict=True)]
        part = self._data[squeezed_index(index, kept)]
        if hasattr(part, "compute"):
            with _quietly():
                part = part.compute(scheduler="synchronous")
        return part

    def close(self) -> None:
        self._data = None
        self._found = {}

    def metadata(self, kind: str) -> dict[str, str]:
        found = {"Format": kind, "Data type": str(self.dtype)}
        axes = zip(self.letters, self._axes, strict=False)
        with_sizes(found, {c: (axis.get("scale"), axis.get("units")) for c, axis in axes})
        about = self._found.get("metadata", {})
        for tree in ("Acquisition_instrument", "Signal"):
            for title, value in _flat(about.get(tree, {}), ()):
                if len(found) < _MOST_ENTRIES:
                    found.setdefault(title, value)
        found.update(_brightness(self._found.get("original_metadata", {})))
        date = about.get("General", {}).get("date")
        if date:
            found["Date"] = str(date)[:40]
        return found


def _brightness(original: Any) -> dict[str, str]:
    """Return what a value stands for, as DigitalMicrograph keeps it: (value - offset) * scale."""
    try:
        images = original["ImageList"]
        known = images[f"TagGroup{len(images) - 1}"]["ImageData"]["Calibrations"]["Brightness"]
        offset, scale, units = float(known["Origin"]), float(known["Scale"]), str(known["Units"])
    except (KeyError, TypeError, ValueError):
        return {}
    if (offset, scale) == (0.0, 1.0):
        return {}
    return {"Value offset": f"{offset:.6g}", "Value scale": f"{scale:.6g} {units}".strip()}


def _sorted_axes(found: dict[str, Any], dimensions: int) -> list[dict[str, Any]]:
    axes = [axis for axis in found.get("axes", []) if isinstance(axis, dict)]
    if all("index_in_array" in axis for axis in axes):
        axes = sorted(axes, key=lambda axis: axis["index_in_array"])
    return axes if len(axes) == dimensions else [{}] * dimensions


def _letters(axes: list[dict[str, Any]], dimensions: int) -> str:
    """Name the dimensions: those of the signal are the image, if there are two of them."""
    signal = [i for i, axis in enumerate(axes) if axis.get("navigate") is False]
    if len(signal) != 2:
        names = [str(axis.get("name", "")).lower() for axis in axes]
        signal = [names.index(n) for n in ("y", "x") if names.count(n) == 1]
    if len(signal) != 2 and dimensions == 2:
        signal = [0, 1]
    letters = ["Q"] * dimensions
    for i, axis in enumerate(axes):
        if str(axis.get("name", "")).lower() in ("time", "z"):
            letters[i] = str(axis["name"])[0].upper()
    for i, letter in zip(signal, "YX", strict=False):
        letters[i] = letter
    return "".join(letters)


def _flat(tree: Any, above: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the leaves of nested dictionaries as titles and short texts."""
    if isinstance(tree, dict):
        return [
            leaf
            for key, value in tree.items()
            if not str(key).startswith("_")
            for leaf in _flat(value, (*above, str(key)))
        ]
    if isinstance(tree, str | int | float) and str(tree):
        return [(" ".join(above[-2:]).replace("_", " ")[:60], str(tree)[:100])]
    return []


# --- MRC ------------------------------------------------------------------------------------------

_MRC_HEADER = 1024
# Mode 0 is of bytes with or without a sign. 3 and 4 are complex, 101 has half a byte a pixel.
_MRC_TYPES = {0: "u1", 1: "i2", 2: "f4", 3: "i4", 4: "c8", 6: "u2", 12: "f2"}
_IMOD = 1146047817


class _Mrc(NamedTuple):
    order: Literal["<", ">"]
    shape: tuple[int, int, int]
    mode: int
    mapped: tuple[int, int, int]
    """Which of x (1), y (2) and z (3) columns, rows and sections are; zeros in old files."""
    extended: int

    @property
    def nbytes(self) -> int:
        width = np.dtype(_MRC_TYPES[self.mode]).itemsize
        return _MRC_HEADER + self.extended + math.prod(self.shape) * width


def _mrc_header(head: bytes) -> _Mrc | None:
    """Read the numbers of a header in the byte order in which they make sense."""
    orders: tuple[Literal["<", ">"], ...] = ("<", ">")
    for order in orders if len(head) >= 96 else ():
        words = struct.unpack_from(f"{order}24i", head)
        found = _Mrc(order, (words[2], words[1], words[0]), words[3], words[16:19], words[23])
        known = found.mode in _MRC_TYPES and min(found.shape) > 0 and found.extended >= 0
        if known and sorted(found.mapped) in ([0, 0, 0], [1, 2, 3]):
            return found
    return None


def is_mrc(head: bytes, size: int) -> bool:
    """Say whether a file is an MRC by its first 256 bytes: its stamp, or a length that fits."""
    if head[208:211] == b"MAP":
        return True
    found = _mrc_header(head)
    return found is not None and found.nbytes == size


def open_mrc(path: Path, size: int, series: int | None) -> Contents:
    """Open the sections of an MRC file as frames."""
    choose_series(1, series)
    with path.open("rb") as file:
        head = file.read(_MRC_HEADER)
    found = _mrc_header(head)
    if found is None:
        raise InputError("has a damaged MRC header, or pixels of an unknown mode; export it again.")
    if found.nbytes > size:
        depth, height, width = found.shape
        raise InputError(
            f"is cut short: it promises {depth} x {height} x {width} pixels and ends before; copy"
            " or export it again."
        )
    dtype = np.dtype(_MRC_TYPES[found.mode]).newbyteorder(found.order)
    if found.mode == 0 and _signed(head, found.order):
        dtype = np.dtype("i1")
    letters = "".join("?XYZ"[i] for i in reversed(found.mapped)).replace("???", "ZYX")
    axes, shape = squeezed(letters, found.shape)
    metadata = {"Format": "MRC", "Data type": dtype.newbyteorder("=").name}
    intervals = struct.unpack_from(f"{found.order}3i", head, 28)
    lengths = struct.unpack_from(f"{found.order}3f", head, 40)
    sizes = {
        letter: (length / n / 10, "nm")
        for letter, n, length in zip("XYZ", intervals, lengths, strict=True)
        if n > 0 and (letter != "Z" or found.shape[0] > 1)
    }
    with_sizes(metadata, sizes)
    return Contents(
        kind="MRC",
        store=RawStore(path.open("rb"), _MRC_HEADER + found.extended, dtype, shape),
        axes=axes,
        full_shape=found.shape,
        series=(SeriesInfo(0, "", axes, shape, metadata["Data type"]),),
        metadata=metadata,
    )


def _signed(head: bytes, order: str) -> bool:
    """Say whether bytes have a sign: by IMOD's flags, or by the standard of 2014."""
    stamp, flags = struct.unpack_from(f"{order}2i", head, 152)
    if stamp == _IMOD:
        return bool(flags & 1)
    (version,) = struct.unpack_from(f"{order}i", head, 108)
    return bool(20140 <= version < 20200)
