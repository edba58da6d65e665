"""Palette images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.stack.channels import luminance

if TYPE_CHECKING:
    pass

PALETTE_NOTE = "The pixels are palette entries; the brightness of their colours is used."


def palette_table(colours: AnyArray, n: int) -> AnyArray:
    """Return the intensity of each palette entry: the grey value, or the luminance of a colour.

    Parameters
    ----------
    colours : ndarray
        Red, green and blue of each entry, of shape (entries, 3) or flat.
    n : int
        Number of entries of the result; those the palette lacks are 0.
    """
    colours = colours.reshape(-1, 3)[:n]
    grey = bool((colours == colours[:, :1]).all())
    values = colours[:, 0] if grey else luminance(colours)
    table = np.zeros(n, values.dtype)
    table[: len(values)] = values
    return table
