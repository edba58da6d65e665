"""What pictures of lags have in common: colours, axes with arrows, labels of the lags.

Drawn with Pillow, so that command line, report and guide make them without Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

PAPER = (255, 255, 255)
INK = (36, 41, 47)
FAINT = (110, 119, 129)
GRID = (208, 215, 222)
VISIBLE = (246, 248, 250)
BLANKED = (31, 111, 178)
CENTRE = (240, 140, 0)

TEXT = 22
TITLE = 28


def draw_axes(draw: ImageDraw, font: Font, left: int, top: int, width: int, height: int) -> None:
    """Draw arrows from the upper left corner: X along the top, Y down the left side."""
    x0, y0 = left - 84, top - 46
    length = max(60, min(120, width))
    _arrow(draw, (x0, y0), (x0 + length, y0))
    draw.text((x0 + length + 12, y0), "X", fill=INK, font=font, anchor="lm")
    length = max(60, min(120, height))
    _arrow(draw, (x0, y0), (x0, y0 + length))
    draw.text((x0, y0 + length + 10), "Y", fill=INK, font=font, anchor="mt")


def draw_lags(
    draw: ImageDraw, font: Font, shape: tuple[int, int], left: int, top: int, cell: int
) -> None:
    """Write the lags below and at the left of a picture of ``shape`` cells."""
    rows, columns = shape
    bottom = top + rows * cell
    step = _step(cell)
    for dx in _ticks(columns // 2, step):
        x = left + (dx + columns // 2 + 0.5) * cell
        draw.line((x, bottom + 2, x, bottom + 9), fill=FAINT, width=2)
        draw.text((x, bottom + 14), str(dx), fill=INK, font=font, anchor="mt")
    for dy in _ticks(rows // 2, step):
        y = top + (dy + rows // 2 + 0.5) * cell
        draw.line((left - 9, y, left - 2, y), fill=FAINT, width=2)
        draw.text((left - 14, y), str(dy), fill=INK, font=font, anchor="rm")
    x = left + columns * cell / 2
    draw.text((x, bottom + 46), "dx (columns)", fill=FAINT, font=font, anchor="mt")
    draw.text((left, top - 14), "dy (rows)", fill=FAINT, font=font, anchor="ls")


def _arrow(draw: ImageDraw, start: tuple[int, int], end: tuple[int, int]) -> None:
    draw.line((*start, *end), fill=INK, width=3)
    x, y = end
    if start[1] == end[1]:
        draw.polygon(((x + 4, y), (x - 12, y - 7), (x - 12, y + 7)), fill=INK)
    else:
        draw.polygon(((x, y + 4), (x - 7, y - 12), (x + 7, y - 12)), fill=INK)


def _ticks(reach: int, step: int) -> range:
    most = reach // step * step
    return range(-most, most + 1, step)


def _step(cell: int) -> int:
    """Return the distance of labels, in lags, so that they do not touch each other."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if step * cell >= 48)
