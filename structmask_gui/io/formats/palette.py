"""Palette images."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.stack.channels import luminance

PALETTE_NOTE = "The pixels are palette entries; the brightness of their colours is used."


def palette_table(colours: AnyArray, n: int) -> AnyArray:
    """Return the intensity of n palette entries: the grey value, or the luminance of a colour.

    ``colours`` are red, green and blue of each, (entries, 3) or flat; missing entries become 0.
    """
    colours = colours.reshape(-1, 3)[:n]
    grey = bool((colours == colours[:, :1]).all())
    values = colours[:, 0] if grey else luminance(colours)
    table = np.zeros(n, values.dtype)
    table[: len(values)] = values
    return table
