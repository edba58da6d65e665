"""An enlarged picture of a mask for people: cells, grid, centre, axes with arrows, legend.

Drawn with Pillow, so that the command line makes it without Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from structmask_gui.core.mask import SHAPE_WORDS, Mask

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

_PAPER = (255, 255, 255)
_INK = (36, 41, 47)
_FAINT = (110, 119, 129)
_GRID = (208, 215, 222)
_VISIBLE = (246, 248, 250)
_BLANKED = (31, 111, 178)
_CENTRE = (240, 140, 0)

_FIELD = 720
_LARGEST_CELL = 56
_SMALLEST_WITH_GRID = 8
_LARGEST_SIDE = 1500
_TEXT = 22
_TITLE = 28


def draw_mask(mask: Mask) -> Image:
    """Return a picture of a mask.

    Lags dx are written below and dy at the left; X runs to the right and Y downwards, as in the
    image. Of a mask wider than 1500 pixels only the part with True pixels is drawn.

    Parameters
    ----------
    mask : Mask
        The mask.

    Returns
    -------
    Image
        RGB.
    """
    from PIL import Image, ImageDraw, ImageFont

    drawn = mask if max(mask.shape) <= _LARGEST_SIDE else mask.cropped()
    rows, columns = drawn.shape
    cell = max(1, min(_LARGEST_CELL, _FIELD // max(rows, columns)))
    text, title = ImageFont.load_default(_TEXT), ImageFont.load_default(_TITLE)
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
    image = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((30, 24), heading, fill=_INK, font=title)
    _draw_cells(draw, drawn, left, top, cell)
    _draw_axes(draw, text, left, top, width, height)
    _draw_lags(draw, text, drawn, left, top, cell)
    for i, (colour, line) in enumerate(lines):
        y = legend_top + i * 38
        _draw_swatch(draw, colour, left, y)
        draw.text((left + 44, y + 12), line, fill=_INK, font=text, anchor="lm")
    return image


def _heading(mask: Mask) -> str:
    statistics = mask.statistics
    pixels = statistics.true_pixels
    size = "1 pixel" if pixels == 1 else f"{pixels} pixels"
    height, width = mask.shape
    return f"{SHAPE_WORDS[statistics.shape_class]}, {size}, mask of {height} x {width}"


def _legend(mask: Mask) -> list[tuple[tuple[int, int, int], str]]:
    hidden = mask.statistics.true_pixels - 1
    return [
        (_CENTRE, "centre: the pixel that is predicted"),
        (_BLANKED, f"hidden together with it ({hidden})"),
        (_VISIBLE, f"visible ({mask.array.size - hidden - 1})"),
    ]


def _draw_cells(draw: ImageDraw, mask: Mask, left: int, top: int, cell: int) -> None:
    rows, columns = mask.shape
    right, bottom = left + columns * cell, top + rows * cell
    draw.rectangle((left, top, right, bottom), fill=_VISIBLE)
    for dy, dx in mask.lags().tolist():
        y, x = top + (dy + mask.centre[0]) * cell, left + (dx + mask.centre[1]) * cell
        colour = _CENTRE if dy == dx == 0 else _BLANKED
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=colour)
    if cell >= _SMALLEST_WITH_GRID:
        for i in range(columns + 1):
            draw.line((left + i * cell, top, left + i * cell, bottom), fill=_GRID)
        for i in range(rows + 1):
            draw.line((left, top + i * cell, right, top + i * cell), fill=_GRID)
    draw.rectangle((left, top, right, bottom), outline=_FAINT, width=2)
    # A dot in the centre cell, so that it is told apart without colours.
    y, x = top + (mask.centre[0] + 0.5) * cell, left + (mask.centre[1] + 0.5) * cell
    if cell >= _SMALLEST_WITH_GRID:
        r = max(1.5, cell / 7)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_PAPER)


def _draw_axes(draw: ImageDraw, font: Font, left: int, top: int, width: int, height: int) -> None:
    """Draw arrows from the upper left corner: X along the top, Y down the left side."""
    x0, y0 = left - 84, top - 46
    length = max(60, min(120, width))
    _arrow(draw, (x0, y0), (x0 + length, y0))
    draw.text((x0 + length + 12, y0), "X", fill=_INK, font=font, anchor="lm")
    length = max(60, min(120, height))
    _arrow(draw, (x0, y0), (x0, y0 + length))
    draw.text((x0, y0 + length + 10), "Y", fill=_INK, font=font, anchor="mt")


def _arrow(draw: ImageDraw, start: tuple[int, int], end: tuple[int, int]) -> None:
    draw.line((*start, *end), fill=_INK, width=3)
    x, y = end
    if start[1] == end[1]:
        draw.polygon(((x + 4, y), (x - 12, y - 7), (x - 12, y + 7)), fill=_INK)
    else:
        draw.polygon(((x, y + 4), (x - 7, y - 12), (x + 7, y - 12)), fill=_INK)


def _draw_lags(draw: ImageDraw, font: Font, mask: Mask, left: int, top: int, cell: int) -> None:
    bottom = top + mask.shape[0] * cell
    right_step, down_step = (_step(cell) for _ in range(2))
    centre_y, centre_x = mask.centre
    for dx in _ticks(centre_x, right_step):
        x = left + (dx + centre_x + 0.5) * cell
        draw.line((x, bottom + 2, x, bottom + 9), fill=_FAINT, width=2)
        draw.text((x, bottom + 14), str(dx), fill=_INK, font=font, anchor="mt")
    for dy in _ticks(centre_y, down_step):
        y = top + (dy + centre_y + 0.5) * cell
        draw.line((left - 9, y, left - 2, y), fill=_FAINT, width=2)
        draw.text((left - 14, y), str(dy), fill=_INK, font=font, anchor="rm")
    x = left + mask.shape[1] * cell / 2
    draw.text((x, bottom + 46), "dx (columns)", fill=_FAINT, font=font, anchor="mt")
    draw.text((left, top - 14), "dy (rows)", fill=_FAINT, font=font, anchor="ls")


def _ticks(reach: int, step: int) -> range:
    most = reach // step * step
    return range(-most, most + 1, step)


def _step(cell: int) -> int:
    """Return the distance of labels, in lags, so that they do not touch each other."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if step * cell >= 48)


def _draw_swatch(draw: ImageDraw, colour: tuple[int, int, int], x: int, y: int) -> None:
    draw.rectangle((x, y, x + 24, y + 24), fill=colour, outline=_FAINT)
    if colour == _CENTRE:
        draw.ellipse((x + 9, y + 9, x + 15, y + 15), fill=_PAPER)
