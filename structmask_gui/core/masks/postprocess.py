"""From selected pixels to the mask: centre component, pixel limit."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.masks.mask import labelled


def centre_component(selected: BoolArray) -> BoolArray:
    """Keep the pixels that are 8-connected to the centre, which is True."""
    labels = labelled(selected)
    kept: BoolArray = labels == labels[selected.shape[0] // 2, selected.shape[1] // 2]
    return kept


def strongest_pairs(selected: BoolArray, values: FloatArray, limit: int) -> BoolArray:
    """Keep the centre and the highest pairs of opposite pixels, at most ``limit`` in all.

    Parameters
    ----------
    selected : ndarray of bool, shape (odd, odd)
        Symmetric about its centre, which is True.
    values : ndarray, same shape
        Pairs are ranked by these; symmetric. Of equal pairs the first in reading order is kept.
    limit : int
        Most True pixels, the centre included. An even limit leaves one unused, for a pair is never
        split.
    """
    if int(selected.sum()) <= limit:
        return selected
    centre = selected.size // 2
    first_half = np.flatnonzero(selected.ravel()[:centre])
    order = np.argsort(-values.ravel()[first_half], kind="stable")
    chosen = first_half[order[: (limit - 1) // 2]]
    kept = np.zeros(selected.size, dtype=bool)
    kept[chosen] = True
    kept[selected.size - 1 - chosen] = True
    kept[centre] = True
    return kept.reshape(selected.shape)
