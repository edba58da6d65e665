"""Draw, grow, shrink, fill and combine masks; each function returns a new mask.

Cells are lags (dy, dx) from the centre, rows down and columns right. The centre always stays. A
cell outside the array makes the array larger, so that it stays odd and centred. A cell is changed
together with its mirror image (-dy, -dx), because noise correlated with one side is correlated with
the other; ``symmetric=False`` changes one side alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from structmask_gui.core.arrays import BoolArray, crop_or_pad
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask, same_shape

Lag = tuple[int, int]
GrowDirection = Literal["all", "rows", "columns"]

LARGEST_REACH = 1000
"""Furthest lag that can be edited."""

GAP = 2
"""Longest gap, in pixels, that `filled` is asked to close."""

_NEIGHBOURS: dict[GrowDirection, BoolArray] = {
    "all": np.ones((3, 3), dtype=np.bool_),
    "rows": np.array([[False] * 3, [True] * 3, [False] * 3]),
    "columns": np.array([[False, True, False]] * 3),
}


def with_cells(mask: Mask, lags: Iterable[Lag], value: bool, *, symmetric: bool = True) -> Mask:
    """Add cells, lags (dy, dx), to the mask (``value`` True) or remove them; (0, 0) is ignored.

    Raises
    ------
    InputError
        If a cell is further than `LARGEST_REACH` from the centre.
    """
    cells = [(int(dy), int(dx)) for dy, dx in lags]
    if symmetric:
        cells += [(-dy, -dx) for dy, dx in cells]
    cells = [cell for cell in cells if cell != (0, 0)]
    furthest = max((max(abs(dy), abs(dx)) for dy, dx in cells), default=0)
    if furthest > LARGEST_REACH:
        raise InputError(
            f"The pixel is {furthest} pixels from the centre; a mask can be edited up to"
            f" {LARGEST_REACH}."
        )
    array = mask.array.copy()
    if value:
        reach_y = max((abs(dy) for dy, _ in cells), default=0)
        reach_x = max((abs(dx) for _, dx in cells), default=0)
        height, width = mask.shape
        array = crop_or_pad(array, (max(height, 2 * reach_y + 1), max(width, 2 * reach_x + 1)))
    centre_y, centre_x = array.shape[0] // 2, array.shape[1] // 2
    for dy, dx in cells:
        y, x = centre_y + dy, centre_x + dx
        # A cell outside the array is not in the mask; there is nothing to remove.
        if 0 <= y < array.shape[0] and 0 <= x < array.shape[1]:
            array[y, x] = value
    return Mask(array)


def contains(mask: Mask, lag: Lag) -> bool:
    """Return whether a cell is in the mask; cells outside the array are not."""
    y, x = mask.centre[0] + lag[0], mask.centre[1] + lag[1]
    height, width = mask.shape
    return bool(0 <= y < height and 0 <= x < width and mask.array[y, x])


def line_cells(start: Lag, end: Lag) -> list[Lag]:
    """Return the cells of a straight line, one for each step along its longer side.

    Both ends are included; (a, b) and (b, a) give the same cells.
    """
    if end < start:
        start, end = end, start
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    if steps == 0:
        return [start]
    cells = []
    for a, b in zip(start, end, strict=True):
        twice = 2 * (a * steps + (b - a) * np.arange(steps + 1))
        # Halves are rounded away from 0, so that a line and its mirror image are mirror images.
        cells.append(np.sign(twice) * ((np.abs(twice) + steps) // (2 * steps)))
    return list(zip(cells[0].tolist(), cells[1].tolist(), strict=True))


def with_line(mask: Mask, start: Lag, end: Lag, *, symmetric: bool = True) -> Mask:
    """Draw a straight line of cells; errors as for `with_cells`."""
    for dy, dx in (start, end):
        # Checked before the cells are listed: a slip of the mouse must not fill the memory.
        if max(abs(dy), abs(dx)) > LARGEST_REACH:
            return with_cells(mask, [(dy, dx)], True)
    return with_cells(mask, line_cells(start, end), True, symmetric=symmetric)


def grown(mask: Mask, direction: GrowDirection = "all") -> Mask:
    """Add the cells next to the mask: all eight neighbours, or only those along rows or columns.

    Raises
    ------
    InputError
        If the mask would reach further than `LARGEST_REACH`.
    """
    from skimage.morphology import dilation

    height, width = mask.shape
    if max(height, width) // 2 >= LARGEST_REACH:
        raise InputError(f"A mask can be edited up to {LARGEST_REACH} pixels from its centre.")
    room = (height + 2 * (direction != "rows"), width + 2 * (direction != "columns"))
    larger = dilation(crop_or_pad(mask.array, room), _NEIGHBOURS[direction])
    # The array keeps its size unless the mask has reached its edge.
    content = Mask(larger).cropped().shape
    return Mask(crop_or_pad(larger, (max(height, content[0]), max(width, content[1]))))


def shrunk(mask: Mask, direction: GrowDirection = "all") -> Mask:
    """Remove the cells at the mask's border; the centre stays. The array keeps its size.

    "rows" removes only the two ends of each run of cells in a row, "columns" likewise.
    """
    from skimage.morphology import erosion

    # Cells outside the array are not in the mask.
    smaller = erosion(mask.array, _NEIGHBOURS[direction], mode="min")
    smaller[mask.centre] = True
    return Mask(smaller)


def filled(mask: Mask) -> Mask:
    """Fill gaps of up to `GAP` cells in rows, columns and diagonals, and enclosed holes."""
    from skimage.measure import label
    from skimage.morphology import closing

    # So that lines may start beyond the border, and the outside is connected.
    padded = np.pad(mask.array, GAP + 1)
    line = np.ones((1, GAP + 1), dtype=np.bool_)
    diagonal = np.eye(GAP + 1, dtype=np.bool_)
    result = padded.copy()
    for footprint in (line, line.T, diagonal, diagonal[::-1]):
        result |= closing(padded, footprint)
    background = label((~result).view(np.uint8), connectivity=1)
    return Mask(crop_or_pad(background != background[0, 0], mask.shape))


def union(mask: Mask, other: Mask) -> Mask:
    """Return the cells of either mask."""
    a, b = same_shape(mask, other)
    return Mask(a | b)


def intersection(mask: Mask, other: Mask) -> Mask:
    """Return the cells of both masks."""
    a, b = same_shape(mask, other)
    return Mask(a & b)


def symmetrised(mask: Mask) -> Mask:
    """Return the mask together with its 180-degree rotation."""
    return Mask(mask.array | mask.array[::-1, ::-1])
