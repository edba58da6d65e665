"""`open_stack`: an image file as a stack of frames; its content decides its format.

All formats are listed in `structmask_gui.io.formats.known`; some need a reader that may not be
installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, IsCancelled, Task
from structmask_gui.io.files.paths import file_size, file_state, is_folder, naming, shown
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.formats.czi import CZI_MAGIC, open_czi
from structmask_gui.io.formats.electron import electron_kind, is_mrc, open_electron, open_mrc
from structmask_gui.io.formats.hdf5 import is_hdf5, open_hdf5
from structmask_gui.io.formats.known import refuse_by_name, refuse_folder, refuse_unread
from structmask_gui.io.formats.lif import LIF_MAGIC, open_lif
from structmask_gui.io.formats.medical import DICOM_MAGIC, is_nifti, open_dicom, open_nifti
from structmask_gui.io.formats.nd2 import ND2_MAGIC, open_nd2
from structmask_gui.io.formats.npy import NPY_MAGIC, open_npy
from structmask_gui.io.formats.oif import is_oif, open_oif
from structmask_gui.io.formats.raster import (
    JPEG_MAGIC,
    PNG_MAGIC,
    codec_kind,
    open_coded,
    open_jpeg,
    open_png,
)
from structmask_gui.io.formats.tiff.reader import TIFF_MAGIC, open_tiff
from structmask_gui.io.formats.zarr import is_zarr_folder, open_zarr
from structmask_gui.io.stack.axes import file_axes
from structmask_gui.io.stack.channels import Channel, choose_channel
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.io.stack.store import Contents, choose_series

_DICOM_NAMES = (".dcm", ".dicom", ".ima")
_DICOM_TYPES = (b"UL", b"CS", b"UI", b"OB", b"LO", b"DA")


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
    found = file_state(path)
    with naming(name):
        if address is not None or (is_folder(path) and is_zarr_folder(path)):
            contents = open_zarr(address or str(path), series)
        else:
            if is_folder(path):
                refuse_folder(path)
            task = NO_TASK if cancelled is None else Task(cancelled=cancelled)
            contents = _open_file(path, file_size(path), series, task)
        try:
            sorted_axes = file_axes(contents, axes)
            channels = choose_channel(sorted_axes, contents, channel)
            return ImageStack(path, contents, sorted_axes, channels, found)
        except BaseException:
            contents.store.close()
            raise


def in_channel(
    open_file: Callable[[Channel | None], ImageStack], wanted: Channel | None
) -> ImageStack:
    """Open a file that goes with another one, as its dark frames: in its channel, if it has that.

    Parameters
    ----------
    open_file : callable
        Opens the file in a channel, as `open_stack` does.
    wanted : int or "luminance", optional
        The channel of the other file.
    """
    stack = open_file(None)
    if not stack.offers(wanted):
        return stack
    stack.close()
    return open_file(wanted)


def _open_file(path: Path, size: int, series: int | None, task: Task) -> Contents:
    if size == 0:
        raise InputError("is empty; copy or export the file again.")
    with path.open("rb") as file:
        head = file.read(256)
    if _is_dicom(path, head):
        # Before TIFF: some begin as one, for other programs.
        return open_dicom(path, size, series)
    if head.startswith(TIFF_MAGIC):
        # Some that are not read begin as one.
        refuse_unread(path, head)
        return open_tiff(path, size, series, task)
    if is_nifti(path, head):
        return open_nifti(path, size, series)
    refuse_unread(path, head)
    if is_hdf5(path, size):
        return open_hdf5(path, size, series)
    if is_mrc(head, size):
        return open_mrc(path, size, series)
    return _open_maker(path, size, series, head) or _open_single(path, size, series, head)


def _open_maker(path: Path, size: int, series: int | None, head: bytes) -> Contents | None:
    """Open a file of a maker whose reader may not be installed; None if it is none of them."""
    if head.startswith(CZI_MAGIC):
        return open_czi(path, series)
    if head.startswith(LIF_MAGIC) and head[8:9] == b"\x2a":
        return open_lif(path, size, series)
    if is_oif(path, head):
        return open_oif(path, series)
    kind = electron_kind(head)
    if kind is not None:
        return open_electron(path, kind, size, series)
    if head.startswith(ND2_MAGIC):
        return open_nd2(path, size, series)
    return None


def _open_single(path: Path, size: int, series: int | None, head: bytes) -> Contents:
    choose_series(1, series)
    if head.startswith(PNG_MAGIC):
        return open_png(path, size)
    if head.startswith(JPEG_MAGIC):
        return open_jpeg(path, size)
    if codec_kind(head) is not None:
        return open_coded(path, size, head)
    if head.startswith(NPY_MAGIC):
        return open_npy(path, size)
    refuse_by_name(path)
    raise InputError(
        "is not in a format that StructMask reads, or its beginning is damaged; export it as"
        " OME-TIFF."
    )


def _is_dicom(path: Path, head: bytes) -> bool:
    """Say whether a file is DICOM, with its mark or, as old programs write it, without."""
    if head[128:132] == DICOM_MAGIC:
        return True
    # An element of the group that is first, and its type; or only its length, where the name fits.
    if len(head) < 8 or head[0] not in (2, 8) or head[1] or head[3]:
        return False
    short = int.from_bytes(head[4:8], "little") <= 128
    return head[4:6] in _DICOM_TYPES or (short and path.name.lower().endswith(_DICOM_NAMES))
