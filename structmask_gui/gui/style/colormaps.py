"""The colour maps that all views share; each can be read by colour-blind people and in grey."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

COLORMAPS: dict[str, str] = {
    "viridis": "Viridis",
    "magma": "Magma",
    "cividis": "Cividis",
    "grey": "Grey",
    "grey-inverted": "Grey, inverted",
}
"""Name and label of each map for values of one sign."""

DIVERGING = "diverging"
"""Name of the map for signed values: blue below zero, white at it, red above."""

DIVERGING_DARK = "diverging-dark"
"""The same on a dark ground: nearly black at zero, brighter away from it."""

# Blue and red differ in hue for all common kinds of colour blindness.
_SIGNED = {
    DIVERGING: (
        (0.13, 0.27, 0.57),
        (0.45, 0.67, 0.85),
        (0.97, 0.97, 0.97),
        (0.9, 0.55, 0.4),
        (0.6, 0.1, 0.13),
    ),
    DIVERGING_DARK: (
        (0.62, 0.83, 1.0),
        (0.2, 0.45, 0.72),
        (0.13, 0.14, 0.16),
        (0.75, 0.33, 0.2),
        (1.0, 0.75, 0.6),
    ),
}


@cache
def lookup_table(name: str) -> NDArray[np.uint8]:
    """Return 256 colours from low to high: read-only uint8, shape (256, 3)."""
    if name in ("grey", "grey-inverted"):
        ramp = np.arange(256, dtype=np.uint8)
        table = np.stack([ramp] * 3, axis=1)[:: -1 if name == "grey-inverted" else 1]
    elif name in _SIGNED:
        stops = np.linspace(0, 255, len(_SIGNED[name]))
        channels = np.array(_SIGNED[name]).T * 255
        table = np.stack([np.interp(np.arange(256), stops, c) for c in channels], axis=1)
    elif name in COLORMAPS:
        table = pg.colormap.get(name).getLookupTable(nPts=256, alpha=False)
    else:
        raise KeyError(name)
    result = np.ascontiguousarray(table, dtype=np.uint8)
    result.setflags(write=False)
    return result
