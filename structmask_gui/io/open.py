"""`open_stack`: an image file as a stack of frames; its content decides its format.

Formats: TIFF in its many kinds, PNG, JPEG, NPY; and, where their readers are installed, Zarr, HDF5,
those of microscope vendors and of electron microscopy.
"""

from __future__ import annotations

import os
from pathlib import Path

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, IsCancelled, Task
from structmask_gui.io.files.paths import file_size, naming, shown
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.formats.czi import CZI_MAGIC, open_czi
from structmask_gui.io.formats.electron import electron_kind, open_electron
from structmask_gui.io.formats.hdf5 import HDF5_MAGIC, open_hdf5
from structmask_gui.io.formats.lif import LIF_MAGIC, open_lif
from structmask_gui.io.formats.nd2 import ND2_MAGIC, open_nd2
from structmask_gui.io.formats.npy import NPY_MAGIC, open_npy
from structmask_gui.io.formats.raster import JPEG_MAGIC, PNG_MAGIC, open_jpeg, open_png
from structmask_gui.io.formats.tiff.reader import TIFF_MAGIC, open_tiff
from structmask_gui.io.formats.zarr import is_zarr_folder, open_zarr
from structmask_gui.io.stack.axes import file_axes
from structmask_gui.io.stack.channels import Channel, choose_channel
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.io.stack.store import Contents, choose_series

# What is tried instead, and what to do with it.
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive (or NPZ)", "unpack it and give an image or NPY file in it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"%PDF", "a PDF document", "give the image itself"),
    (b"GIF8", "a GIF image", "save it as TIFF or PNG"),
    (b"BM", "a BMP image", "save it as TIFF or PNG"),
)


def open_stack(
    path: str | os.PathLike[str],
    *,
    series: int | None = None,
    axes: str | None = None,
    channel: Channel | None = None,
    cancelled: IsCancelled | None = None,
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
        `structmask_gui.io.stack.axes`.
    channel : int or "luminance", optional
        Which channel, from 0. By default the luminance of colours, and the first channel otherwise.
    cancelled : callable, optional
        Asked now and then while a file of many pages is scanned.

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
    if address is not None:
        # What follows a question mark may be a secret.
        name = name.partition("?")[0]
    with naming(name):
        if address is not None or (os.path.isdir(path) and is_zarr_folder(path)):  # noqa: PTH112
            contents = open_zarr(address or str(path), series)
        else:
            size = file_size(path)
            if size == 0:
                raise InputError("is empty; copy or export the file again.")
            with path.open("rb") as file:
                head = file.read(256)
            if head.startswith(TIFF_MAGIC):
                task = NO_TASK if cancelled is None else Task(cancelled=cancelled)
                contents = open_tiff(path, size, series, task)
            else:
                contents = _open_optional(path, size, series, head) or _open_plain(
                    path, size, series, head
                )
        try:
            sorted_axes = file_axes(contents, axes)
            channels = choose_channel(sorted_axes, contents, channel)
            return ImageStack(path, contents, sorted_axes, channels)
        except BaseException:
            contents.store.close()
            raise


def _open_plain(path: Path, size: int, series: int | None, head: bytes) -> Contents:
    choose_series(1, series)
    if head.startswith(PNG_MAGIC):
        return open_png(path, size)
    if head.startswith(JPEG_MAGIC):
        return open_jpeg(path, size)
    if head.startswith(NPY_MAGIC):
        return open_npy(path, size)
    for magic, what, remedy in _OTHERS:
        if head.startswith(magic):
            raise InputError(f"is {what}, which is not read here; {remedy}.")
    raise InputError(
        "is no TIFF, PNG, JPEG or NPY file, or its beginning is damaged; give an image in"
        " one of these formats."
    )


def _open_optional(path: Path, size: int, series: int | None, head: bytes) -> Contents | None:
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
        return open_nd2(path, size, series)
    return None
