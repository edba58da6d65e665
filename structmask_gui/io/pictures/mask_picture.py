"""An enlarged picture of a mask: cells, grid, centre, axes with arrows, legend.

Drawn with Pillow, so that the command line makes it without Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.io.pictures.drawing import (
    BLANKED,
    CENTRE,
    FAINT,
    GRID,
    INK,
    PAPER,
    TEXT,
    TITLE,
    VISIBLE,
    draw_axes,
    draw_lags,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_FIELD = 720
_LARGEST_CELL = 56
_SMALLEST_WITH_GRID = 8
_LARGEST_SIDE = 1500


def draw_mask(mask: Mask) -> Image:
    """Return a picture of a mask.

    Lags dx are written below and dy at the left; X runs to the right and Y downwards, as in the
    image. Of a mask wider than 1500 pixels only the part with True pixels is drawn.
    """
    from PIL import Image, ImageDraw, ImageFont

    drawn = mask if max(mask.shape) <= _LARGEST_SIDE else mask.cropped()
    rows, columns = drawn.shape
    cell = max(1, min(_LARGEST_CELL, _FIELD // max(rows, columns)))
    text, title = ImageFont.load_default(TEXT), ImageFont.load_default(TITLE)
    height, width = rows * cell, columns * cell
    left, top = 120, 150
    legend_top = top + height + 96
    lines = _legend(mask)
    needed = max(text.getlength(line) for _, line in lines) + 60
    heading = _heading(mask)
    size = (
        int(left + max(width, needed, title.getlength(heading) - left + 30) + 70),
        legend_top + len(lines) * 38 + 24,
    )
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((30, 24), heading, fill=INK, font=title)
    _draw_cells(draw, drawn, left, top, cell)
    draw_axes(draw, text, left, top, width, height)
    draw_lags(draw, text, drawn.shape, left, top, cell)
    for i, (colour, line) in enumerate(lines):
        y = legend_top + i * 38
        _draw_swatch(draw, colour, left, y)
        draw.text((left + 44, y + 12), line, fill=INK, font=text, anchor="lm")
    return image


def _heading(mask: Mask) -> str:
    statistics = mask.statistics
    size = counted(statistics.true_pixels, "pixel")
    height, width = mask.shape
    return f"{statistics.shape_words}, {size}, mask of {height} x {width}"


def _legend(mask: Mask) -> list[tuple[tuple[int, int, int], str]]:
    hidden = mask.statistics.true_pixels - 1
    return [
        (CENTRE, "centre: the pixel that is predicted"),
        (BLANKED, f"hidden together with it ({hidden})"),
        (VISIBLE, f"visible ({mask.array.size - hidden - 1})"),
    ]


def _draw_cells(draw: ImageDraw, mask: Mask, left: int, top: int, cell: int) -> None:
    rows, columns = mask.shape
    right, bottom = left + columns * cell, top + rows * cell
    draw.rectangle((left, top, right, bottom), fill=VISIBLE)
    for dy, dx in mask.lags().tolist():
        y, x = top + (dy + mask.centre[0]) * cell, left + (dx + mask.centre[1]) * cell
        colour = CENTRE if dy == dx == 0 else BLANKED
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=colour)
    if cell >= _SMALLEST_WITH_GRID:
        for i in range(columns + 1):
            draw.line((left + i * cell, top, left + i * cell, bottom), fill=GRID)
        for i in range(rows + 1):
            draw.line((left, top + i * cell, right, top + i * cell), fill=GRID)
    draw.rectangle((left, top, right, bottom), outline=FAINT, width=2)
    # A dot in the centre cell, so that it shows without colours.
    y, x = top + (mask.centre[0] + 0.5) * cell, left + (mask.centre[1] + 0.5) * cell
    if cell >= _SMALLEST_WITH_GRID:
        r = max(1.5, cell / 7)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=PAPER)


def _draw_swatch(draw: ImageDraw, colour: tuple[int, int, int], x: int, y: int) -> None:
    draw.rectangle((x, y, x + 24, y + 24), fill=colour, outline=FAINT)
    if colour == CENTRE:
        draw.ellipse((x + 9, y + 9, x + 15, y + 15), fill=PAPER)
