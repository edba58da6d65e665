"""Patches cut into tiles, and where these lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray
from structmask_gui.core.stack.patches import Plan


def cut_tiles(patches: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Cut patches into tiles, patch by patch and row by row; what is over is dropped."""
    count, height, width = patches.shape
    rows, columns = height // side, width // side
    cut = patches[:, : rows * side, : columns * side]
    tiles = cut.reshape(count, rows, side, columns, side).swapaxes(2, 3)
    return np.ascontiguousarray(tiles.reshape(-1, side, side))


def tile_places(plan: Plan, used: BoolArray, side: int) -> NDArray[np.intp]:
    """Return frame, y and x of the tiles of all used patches, in the order of `cut_tiles`."""
    offsets = tile_offsets(plan.patch_shape, side)
    places = np.repeat(plan.places[used], len(offsets), axis=0)
    places[:, 1:] += np.tile(offsets, (int(used.sum()), 1))
    return places


def tile_offsets(shape: tuple[int, int], side: int) -> NDArray[np.intp]:
    """Return the upper left corner of each tile of a patch, shape (tiles, 2)."""
    rows, columns = shape[0] // side, shape[1] // side
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.stack([y * side, x * side], axis=1)


def touches(places: NDArray[np.intp], side: int, bad: NDArray[np.intp], size: int) -> BoolArray:
    """Mark squares of ``side`` that overlap a bad square of ``size`` in the same frame.

    The places are in order of their frames, and so are the bad ones.
    """
    result = np.zeros(len(places), dtype=bool)
    for frame in np.unique(bad[:, 0]).tolist():
        here, there = (slice(*np.searchsorted(p[:, 0], [frame, frame + 1])) for p in (places, bad))
        down, across = (places[here, axis, None] - bad[None, there, axis] for axis in (1, 2))
        near = (down < size) & (down > -side) & (across < size) & (across > -side)
        result[here] = near.any(axis=1)
    return result
