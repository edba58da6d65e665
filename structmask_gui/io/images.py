"""Image stacks from files: `open_stack` and `ImageStack`.

A stack names its axes, chooses a channel, and reads a band of one frame at a time, so that files of
any size can be opened. Formats: TIFF in its many kinds, PNG, JPEG, NPY; and, where their readers
are installed, Zarr, HDF5, the microscope makers' and those of electron microscopy. Content decides.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.frames import AnyArray
from structmask_gui.core.parameters import parameter_infos
from structmask_gui.core.progress import IsCancelled, never_cancelled
from structmask_gui.io.addresses import remote_address
from structmask_gui.io.axes import (
    Axes,
    kept_dimensions,
    named_axes,
    shape_text,
    suggested_axes,
)
from structmask_gui.io.channels import Channel, choose_channel
from structmask_gui.io.contents import Contents, SeriesInfo
from structmask_gui.io.electron import electron_kind, open_electron
from structmask_gui.io.hdf5 import HDF5_MAGIC, open_hdf5
from structmask_gui.io.leica import LIF_MAGIC, open_lif
from structmask_gui.io.nikon import ND2_MAGIC, open_nd2
from structmask_gui.io.npy import NPY_MAGIC, open_npy
from structmask_gui.io.paths import file_size, reason, shown
from structmask_gui.io.raster import (
    JPEG_MAGIC,
    PNG_MAGIC,
    luminance,
    luminance_dtype,
    open_jpeg,
    open_png,
)
from structmask_gui.io.tiff import TIFF_MAGIC, open_tiff
from structmask_gui.io.zarr_files import is_zarr_folder, open_zarr
from structmask_gui.io.zeiss import CZI_MAGIC, open_czi

# The largest slides have some hundred thousand pixels a side. Formats that leave out what is empty
# can declare more than any memory holds in a few bytes.
_LONGEST_SIDE = 4_000_000

# Formats whose readers may be missing: the module that is needed, and the extensions.
_OPTIONAL = {
    "Zarr": ("zarr", (".zarr",)),
    "ND2": ("nd2", (".nd2",)),
    "CZI": ("pylibCZIrw", (".czi",)),
    "LIF": ("liffile", (".lif",)),
    "HDF5": ("h5py", (".ims", ".h5", ".hdf5", ".hdf")),
    "Electron microscopy": ("rsciio", (".mrc", ".mrcs", ".dm3", ".dm4", ".emd", ".ser")),
}

EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "TIFF": (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk"),
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "NPY": (".npy",),
    **{kind: endings for kind, (module, endings) in _OPTIONAL.items() if find_spec(module)},
}
"""Extensions of the formats that can be read here, for batches of folders."""

ALL_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    **EXTENSIONS,
    **{kind: endings for kind, (_, endings) in _OPTIONAL.items()},
}
"""Those, and of the formats whose reader is not installed: a person who opens one is told so."""

SMALLEST_SIDE = int(parameter_infos()["patch_size"].lowest or 1)
"""Frames must have at least this many rows and columns, to hold one patch."""

# What people try instead, and what to do with it.
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive (or NPZ)", "unpack it and give an image or NPY file in it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"%PDF", "a PDF document", "give the image itself"),
    (b"GIF8", "a GIF picture", "save it as TIFF or PNG"),
    (b"BM", "a BMP picture", "save it as TIFF or PNG"),
)


def is_readable_name(path: str | os.PathLike[str]) -> bool:
    """Say by its extension whether a file may be an image that `open_stack` reads."""
    name = os.fspath(path).lower()
    return any(name.endswith(ending) for endings in EXTENSIONS.values() for ending in endings)


def open_stack(
    path: str | os.PathLike[str],
    *,
    series: int | None = None,
    axes: str | None = None,
    channel: Channel | None = None,
    cancelled: IsCancelled = never_cancelled,
) -> ImageStack:
    """Open an image file as a stack of equally shaped frames.

    Parameters
    ----------
    path : path
        An image file; the content decides of which format, not the name. Or the folder, or the
        address (as in https://… or s3://…), of a Zarr image.
    series : int, optional
        Which image of a file with several, from 0. By default the first, or the largest if the
        pages of a plain TIFF are of unlike shape.
    axes : str, optional
        Letters of the dimensions, one each, where the file's own are missing or wrong; see
        `structmask_gui.io.axes`.
    channel : int or "luminance", optional
        Which channel, from 0. By default the luminance of colours, and the first channel otherwise.
    cancelled : callable, optional
        Asked now and then while a file of many pages is looked through.

    Returns
    -------
    ImageStack
        Holds the file open; use it in a ``with`` block or close it.

    Raises
    ------
    InputError
        If the file cannot be read or used; the sentence names it and says what to do.
    Cancelled
        If ``cancelled`` turned True.
    """
    address = remote_address(path)
    path = Path(path)
    name = shown(path)
    try:
        if address is not None or is_zarr_folder(path):
            contents = open_zarr(address or str(path), name, series)
        else:
            contents = _open(path, name, file_size(path), series, cancelled)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({reason(error)}); try again.") from error
    except MemoryError:
        raise InputError(
            f"{name}: does not fit into memory; save it in smaller strips or tiles."
        ) from None
    try:
        return ImageStack(path, contents, axes, channel)
    except BaseException:
        contents.store.close()
        raise


def _open(path: Path, name: str, size: int, series: int | None, cancelled: IsCancelled) -> Contents:
    if size == 0:
        raise InputError(f"{name}: is empty; copy or export the file again.")
    with path.open("rb") as file:
        head = file.read(256)
    if head.startswith(TIFF_MAGIC):
        return open_tiff(path, size, series, cancelled)
    optional = _open_optional(path, name, size, series, head)
    if optional is not None:
        return optional
    if series not in (None, 0):
        raise InputError(f"{name}: has no series {series}; its series are 0 only.")
    if head.startswith(PNG_MAGIC):
        return open_png(path, size)
    if head.startswith(JPEG_MAGIC):
        return open_jpeg(path, size)
    if head.startswith(NPY_MAGIC):
        return open_npy(path, size)
    for magic, what, remedy in _OTHERS:
        if head.startswith(magic):
            raise InputError(f"{name}: is {what}, which is not read here; {remedy}.")
    raise InputError(
        f"{name}: is no TIFF, PNG, JPEG or NPY file, or its beginning is damaged; give an image in"
        " one of these formats."
    )


def _open_optional(
    path: Path, name: str, size: int, series: int | None, head: bytes
) -> Contents | None:
    """Open a file whose reader may not be installed, or return None if it is none of them."""
    if head.startswith(HDF5_MAGIC):
        return open_hdf5(path, size, series)
    if head.startswith(CZI_MAGIC):
        return open_czi(path, series)
    if head.startswith(LIF_MAGIC) and head[8:9] == b"\x2a":
        return open_lif(path, size, series)
    kind = electron_kind(head)
    if kind is not None:
        return open_electron(path, kind, size, series)
    if head.startswith(ND2_MAGIC):
        if series not in (None, 0):
            raise InputError(f"{name}: has no series {series}; its series are 0 only.")
        return open_nd2(path, size)
    return None


class ImageStack:
    """Frames of an image file, read when asked for; implements `core.frames.Frames`.

    Made by `open_stack`. Reading is safe from several threads. Frames are numbered over all
    dimensions except Y, X, channel and colour, the file's last one fastest; all numbers start at 0.

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
        What the file says of itself: pixel size, compression, and the like.
    notes : tuple of str
        What had to be decided while opening, one sentence each.
    """

    def __init__(
        self, path: Path, contents: Contents, axes: str | None, channel: Channel | None
    ) -> None:
        self.path = path
        self.location = remote_address(path) or str(path.absolute())
        self.name = shown(path)
        self.kind = contents.kind
        self.series: tuple[SeriesInfo, ...] = contents.series
        self.series_index = contents.chosen
        self.metadata = dict(contents.metadata)
        self._store = contents.store
        self._convert = contents.convert
        self._axes = _file_axes(self.name, contents, axes)
        self._check(contents.store.dtype)
        self._channels = choose_channel(self.name, self._axes, contents, channel)
        self.notes = (*contents.notes, *self._channels.notes)
        self._frame_lengths = tuple(self._axes.shape[i] for i in self._axes.frames)
        # Numbers, among all frames of the file, of those this stack has.
        self._numbers = range(math.prod(self._frame_lengths))
        dtype = contents.converted_dtype or contents.store.dtype
        self._dtype = luminance_dtype(dtype) if self._channels.luminance else dtype

    @property
    def axes(self) -> str:
        """Letters of all dimensions that are longer than 1, and Y and X."""
        return self._axes.letters

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of these dimensions."""
        return self._axes.shape

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

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame as an array of shape (y1 - y0, width).

        Raises
        ------
        InputError
            If the file is damaged there, or can no longer be read.
        IndexError
            If there is no such frame.
        """
        axes = self._axes
        index: list[int | slice] = [slice(None)] * len(axes.shape)
        place = np.unravel_index(self._numbers[frame], self._frame_lengths)
        for dimension, i in zip(axes.frames, place, strict=True):
            index[dimension] = int(i)
        index[axes.y] = slice(y0, y1)
        for dimension, chosen in self._channels.index.items():
            index[dimension] = chosen
        values = self._store.read(tuple(index))
        left = [i for i, part in enumerate(index) if isinstance(part, slice)]
        order = [axes.y, axes.x, *(i for i in left if i not in (axes.y, axes.x))]
        values = values.transpose([left.index(i) for i in order])
        if self._convert is not None:
            values = self._convert(values)
        return luminance(values) if self._channels.luminance else values

    def with_frames(self, frames: slice) -> ImageStack:
        """Return the same stack restricted to some of its present frames; shares the open file.

        Raises
        ------
        InputError
            If no frame is left.
        """
        chosen = self._numbers[frames]
        if not chosen:
            raise InputError(
                f"{self.name}: has {self.n_frames} frames (0 to {self.n_frames - 1}), and none of"
                " them is in the range given; give another range START:STOP:STEP."
            )
        copy = object.__new__(ImageStack)
        copy.__dict__.update(self.__dict__)
        copy._numbers = chosen
        return copy

    @property
    def frames_chosen(self) -> str | None:
        """The range of frames as START:STOP:STEP, or None if the stack has all of the file."""
        numbers = self._numbers
        if numbers == range(math.prod(self._frame_lengths)):
            return None
        # A range that runs backwards past frame 0 has no number for its end.
        stop = "" if numbers.stop < 0 else numbers.stop
        return f"{numbers.start}:{stop}:{numbers.step}"

    def frame_label(self, frame: int) -> str:
        """Return which frame of the file this is, as in "T 3, Z 1", counted from 0."""
        place = np.unravel_index(self._numbers[frame], self._frame_lengths)
        parts = [
            f"{self.axes[dimension]} {i}" if self.axes[dimension] not in "QI" else f"frame {i}"
            for dimension, i in zip(self._axes.frames, place, strict=True)
        ]
        return ", ".join(parts) or "frame 0"

    # --- the file -----------------------------------------------------------------------------

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

    def reopened(
        self,
        *,
        series: int | None = None,
        axes: str | None = None,
        channel: Channel | None = None,
    ) -> ImageStack:
        """Open the file once more with other choices; what is not given is chosen anew.

        Raises
        ------
        InputError
            As `open_stack`.
        """
        return open_stack(self.path, series=series, axes=axes, channel=channel)

    def close(self) -> None:
        """Let go of the file, for this stack and all that share it."""
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

    def _check(self, dtype: np.dtype[Any]) -> None:
        """Refuse values that are no real numbers, and frames of a size that none has."""
        if dtype.kind == "c":
            raise InputError(
                f"{self.name}: holds complex numbers; save their magnitude or one of their parts."
            )
        if dtype.kind not in "buif":
            raise InputError(f"{self.name}: holds {dtype}, not numbers; save an image of numbers.")
        height, width = self.frame_shape
        if 0 in self.shape:
            raise InputError(
                f"{self.name}: is empty ({shape_text(self.shape)}); give an image with pixels."
            )
        if max(height, width) > _LONGEST_SIDE:
            raise InputError(
                f"{self.name}: declares frames of {height} x {width} pixels, which no image has;"
                " the file is damaged, copy or export it again."
            )
        if min(height, width) < SMALLEST_SIDE:
            hint = ""
            if width in (3, 4) and self.shape[-1] == width:
                letters = suggested_axes(self.shape)
                hint = f" If the last dimension is colour, give the axes {letters}."
            raise InputError(
                f"{self.name}: its frames have {height} x {width} pixels; give frames of at least"
                f" {SMALLEST_SIDE} x {SMALLEST_SIDE}.{hint}"
            )


def _file_axes(name: str, contents: Contents, given: str | None) -> Axes:
    """Name the dimensions: by the user's letters, else by the file's own."""
    shape = contents.store.shape
    if given is None:
        return named_axes(name, contents.axes, shape)
    letters = given.strip().upper()
    full = contents.full_shape or shape
    if len(letters) == len(full) != len(shape):
        # The user also named the dimensions of length 1, which the stack does not show.
        letters = "".join(
            c for c, kept in zip(letters, kept_dimensions(full, shape), strict=True) if kept
        )
    return named_axes(name, letters, shape, given=True)


def frame_range(text: str) -> slice:
    """Read a range of frames START:STOP:STEP, as in Python; each part may be left out.

    Raises
    ------
    InputError
        If the text is no such range.
    """
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
