"""What the samples of a TIFF's pixels stand for: colours, palettes, black on white."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.formats.images import PALETTE_NOTE, palette_table
from structmask_gui.io.stack.store import Contents

if TYPE_CHECKING:
    from tifffile import TiffPage


def set_colours(contents: Contents, key: TiffPage, colours: AnyArray | None) -> None:
    """Set what the samples of a pixel are, and how stored values become intensities.

    ``key`` is the page that stands for all, ``colours`` its palette, if it has one.
    """
    from tifffile import PHOTOMETRIC

    photometric = int(key.photometric)
    imagej = bool(key.is_imagej)
    assert key.dtype is not None
    alpha = sum(int(extra) in (1, 2) for extra in key.extrasamples)
    contents.n_samples = max(1, int(key.samplesperpixel) - alpha)
    is_jpeg = int(key.compression) in (6, 7, 34892, 33007)
    contents.is_colour = contents.n_samples >= 3 and (
        photometric == PHOTOMETRIC.RGB or (photometric == PHOTOMETRIC.YCBCR and is_jpeg)
    )
    planes = key.shaped[0]
    if contents.is_colour and planes in (3, 4) and not (imagej or key.is_ome):
        contents.notes.append(
            f"Its {planes} planes are read as the colours of one image; if they are frames, give"
            " the axes TYX."
        )
    if photometric == PHOTOMETRIC.PALETTE and imagej:
        contents.notes.append(
            "The colours are a display table of ImageJ and are ignored; the pixel values are used."
        )
    elif photometric == PHOTOMETRIC.PALETTE and colours is not None and key.dtype.kind in "bu":
        table = _intensities(key, colours)
        # As numbers: an array of bools would be taken for a selection.
        contents.convert = lambda values: table.take(values.astype(np.intp), mode="clip")
        contents.converted_dtype = table.dtype
        contents.notes.append(PALETTE_NOTE)
    elif photometric == PHOTOMETRIC.MINISWHITE and not imagej:
        # tifffile gives every bool array that it writes this tag, whatever is meant.
        if not (key.is_shaped and key.dtype.kind == "b"):
            _invert(contents, key)
    elif photometric == PHOTOMETRIC.CFA:
        contents.notes.append(
            "This is the raw mosaic of a colour camera; neighbouring pixels see different colours,"
            " which looks like correlation of every second pixel."
        )


def _intensities(key: TiffPage, colours: AnyArray) -> AnyArray:
    assert key.dtype is not None
    colours = colours.T
    for factor in (257, 256):
        if (colours % factor == 0).all():
            # 16-bit entries made from 8-bit ones.
            colours = (colours // factor).astype(np.uint8)
            break
    return palette_table(colours, 2 ** min(8 * key.dtype.itemsize, 16))


def _invert(contents: Contents, key: TiffPage) -> None:
    """Make white bright; wide integers and floats have no known white, and stay as they are."""
    assert key.dtype is not None
    if key.dtype.kind == "b":
        contents.convert = np.logical_not
    elif key.dtype.kind == "u" and isinstance(key.bitspersample, int) and key.bitspersample <= 16:
        top = key.dtype.type(2**key.bitspersample - 1)
        contents.convert = lambda values: top - values
    else:
        return
    contents.converted_dtype = key.dtype.newbyteorder("=")
