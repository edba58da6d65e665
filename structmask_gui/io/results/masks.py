"""Masks as files: NPY, PNG, TIFF, an enlarged picture, a JSON record; and back."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.json_files import LARGEST_JSON, read_json
from structmask_gui.io.files.paths import file_size, naming, shown
from structmask_gui.io.formats.npy import NPY_MAGIC, read_npy_header
from structmask_gui.io.formats.raster import JPEG_MAGIC, PNG_MAGIC, open_png
from structmask_gui.io.formats.tiff.reader import TIFF_MAGIC, open_tiff

LARGEST_SIDE = 8191
"""Longest side of a mask that is read: the plane of lags of the largest patch, 4096 x 4096."""


PathLike = str | os.PathLike[str]


def save_npy(mask: Mask | ArrayLike, path: PathLike, *, force: bool = False) -> None:
    """Write a mask as a NumPy file: bool, 2-D, C order, no pickle.

    Parameters
    ----------
    mask : Mask or array_like
        What to write; an array as `Mask.checked` takes it.
    path : path
        The file; it appears only once it is complete.
    force : bool
        Replace an existing file.

    Raises
    ------
    InputError
        If the file exists and `force` is False, or cannot be written.
    """
    write_atomic(path, npy_bytes(_mask_of(mask)), force=force)


def save_png(mask: Mask | ArrayLike, path: PathLike, *, force: bool = False) -> None:
    """Write a mask as a picture of 8-bit grey, one pixel a lag: 255 where True, else 0.

    Parameters and errors as for `save_npy`.
    """
    write_atomic(path, png_bytes(_mask_of(mask)), force=force)


def save_tiff(mask: Mask | ArrayLike, path: PathLike, *, force: bool = False) -> None:
    """Write a mask as a TIFF that Fiji opens: 8 bits, 255 where True, else 0.

    Parameters and errors as for `save_npy`.
    """
    write_atomic(path, tiff_bytes(_mask_of(mask)), force=force)


def save_picture(mask: Mask | ArrayLike, path: PathLike, *, force: bool = False) -> None:
    """Write an enlarged PNG of a mask with grid, centre mark, axes and legend.

    Parameters and errors as for `save_npy`.
    """
    write_atomic(path, picture_bytes(_mask_of(mask)), force=force)


def _mask_of(mask: Mask | ArrayLike) -> Mask:
    return mask if isinstance(mask, Mask) else Mask.checked(mask)


def npy_bytes(mask: Mask) -> bytes:
    """Return the contents of the NPY file of a mask."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(mask.array, dtype=bool), allow_pickle=False)
    return buffer.getvalue()


def png_bytes(mask: Mask) -> bytes:
    """Return the contents of the plain PNG file of a mask."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(_grey(mask)).save(buffer, format="PNG")
    return buffer.getvalue()


def tiff_bytes(mask: Mask) -> bytes:
    """Return the contents of the TIFF of a mask."""
    import tifffile

    buffer = io.BytesIO()
    tifffile.imwrite(buffer, _grey(mask), imagej=True, metadata={"axes": "YX"})
    return buffer.getvalue()


def picture_bytes(mask: Mask) -> bytes:
    """Return the contents of the enlarged PNG of a mask."""
    from structmask_gui.io.pictures.mask_picture import draw_mask

    buffer = io.BytesIO()
    draw_mask(mask).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def load_mask(path: PathLike) -> Mask:
    """Read a mask from an NPY, PNG, TIFF or JSON file, recognised by content.

    NPY and JSON hold 0 and 1 (or False and True); pictures may hold 0 and their highest value. A
    JSON file is a nested list, or an object with one under "mask", as the record is. Nothing in a
    file is executed.

    Raises
    ------
    InputError
        If the file cannot be read or holds no mask: not 2-D, even sides, other values, a centre
        that is 0, pickled objects, or too large.
    """
    path = Path(path)
    name = shown(path)
    size = file_size(path)
    with naming(name):
        if size == 0:
            raise InputError("is empty; give a mask.")
        with path.open("rb") as file:
            head = file.read(16)
        if head.startswith(NPY_MAGIC):
            values = _from_npy(path, name, size)
        elif head.startswith(PNG_MAGIC):
            values = _from_picture(open_png(path, size), name)
        elif head.startswith(TIFF_MAGIC):
            values = _from_picture(open_tiff(path, size, None), name)
        elif head.startswith(JPEG_MAGIC):
            raise InputError(
                "is a JPEG, which does not keep pixel values; give the mask as NPY, PNG, TIFF or"
                " JSON."
            )
        elif head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            values = _from_json(path, name)
        else:
            raise InputError("is no mask; give an NPY, PNG, TIFF or JSON file.")
    return Mask.checked(values, name)


def _grey(mask: Mask) -> AnyArray:
    return np.where(mask.array, np.uint8(255), np.uint8(0))


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    """Refuse what is no mask by its shape alone, before its values are read."""
    if len(shape) == 2 and max(shape) > LARGEST_SIDE:
        raise InputError(
            f"{name} is {shape[0]} x {shape[1]}, too large for a mask (at most {LARGEST_SIDE} a"
            " side); give a mask and not an image."
        )
    if len(shape) != 2 or 0 in shape or shape[0] % 2 == 0 or shape[1] % 2 == 0:
        # The sentence is the core's; an array of the right shape and no memory brings it.
        Mask.checked(np.broadcast_to(np.False_, shape), name)


def _from_npy(path: Path, name: str, size: int) -> AnyArray:
    with path.open("rb") as file:
        dtype, shape, fortran, offset = read_npy_header(file)
        _check_shape(shape, name)
        if dtype.kind not in "buif":
            # NumPy may not even read these: values without a size, or arrays in place of values.
            raise InputError(f"{name} holds other values than 0 and 1; a mask holds only these.")
        count = shape[0] * shape[1]
        if offset + count * dtype.itemsize > size:
            raise InputError(
                f"{name} is cut short: its header promises {shape[0]} x {shape[1]} values; copy or"
                " save it again."
            )
        file.seek(offset)
        values = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def _from_picture(contents: Any, name: str) -> AnyArray:
    store = contents.store
    try:
        _check_shape(store.shape, name)
        values: AnyArray = store.read((slice(None), slice(None)))
    finally:
        store.close()
    centre = values.shape[0] // 2, values.shape[1] // 2
    if contents.convert is not None and not values[centre]:
        # Black may stand for 1 (min-is-white) or be meant as it is; the centre, always 1, decides.
        values = contents.convert(values)
    if values.dtype.kind in "iu":
        top = np.iinfo(values.dtype).max
        if np.isin(values, (0, top)).all():
            values = values == top
    return values


def _from_json(path: Path, name: str) -> AnyArray:
    data = read_json(path, LARGEST_JSON, "a mask")
    if isinstance(data, dict):
        data = data.get("mask")
    if not isinstance(data, list):
        raise InputError(
            f'{name} holds no mask; it should be a nested list, or have one as "mask".'
        )
    if not all(
        isinstance(row, list)
        and len(row) == len(data[0])
        and all(isinstance(value, bool | int | float) for value in row)
        for row in data
    ):
        raise InputError(
            f"{name} holds no mask; it should be a list of equally long lists of 0 and 1."
        )
    try:
        values: AnyArray = np.array(data)
    except (ValueError, OverflowError):
        raise InputError(f"{name} holds other values than 0 and 1.") from None
    _check_shape(values.shape, name)
    return values
