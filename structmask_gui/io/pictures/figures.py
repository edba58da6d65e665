"""Pictures of an extraction for the report and the guide: values per lag, rings, decisions.

Drawn with Pillow, without Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import BoolArray
from structmask_gui.core.extraction.rings import RingAnalysis
from structmask_gui.core.stack.frames import Frames, Region
from structmask_gui.io.pictures.drawing import (
    CENTRE,
    FAINT,
    INK,
    PAPER,
    TEXT,
    TITLE,
    draw_axes,
    draw_lags,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from structmask_gui.io.pictures.drawing import Font

_FIELD = 620
_PART = 240
_LARGEST_CELL = 44
_BAR = 26
_NARROWEST_PANEL, _WIDEST_PANEL = 480, 1024
HEADING = 2 * TEXT
"""Height of the titles above panels."""
_GAP = 12
_KEPT = (210, 30, 40)
_RING = (255, 255, 255)
_NOT_CONSIDERED = (150, 150, 150)

# From dark to bright, each brighter than the one before, so that it survives a grey printer.
_RISING = (
    (24, 16, 60),
    (70, 32, 110),
    (150, 50, 110),
    (225, 95, 70),
    (250, 170, 60),
    (252, 240, 180),
)
# Negative, zero, positive.
_SIGNED = ((20, 60, 140), (120, 165, 215), (247, 247, 247), (230, 140, 110), (150, 25, 35))


def middle(frames: Frames, region: Region | None = None) -> NDArray[np.generic]:
    """Return the middle of the first frame, or of its rectangle, as `draw_frame` shows it."""
    height, width = frames.frame_shape
    y0, y1, x0, x1 = (0, height, 0, width) if region is None else region
    top, left = (y0 + max(y0, y1 - _PART)) // 2, (x0 + max(x0, x1 - _PART)) // 2
    rows = frames.read(0, top, min(y1, top + _PART))
    return np.asarray(rows[:, left : min(x1, left + _PART)])


def draw_frame(part: NDArray[np.generic]) -> Image:
    """Return a grey picture of a part of a frame, its pixels enlarged so that each is seen."""
    from PIL import Image

    values = np.nan_to_num(np.asarray(part, dtype=np.float64), posinf=0, neginf=0)
    low, high = np.percentile(values, (1, 99))
    share = np.clip((values - low) / (high - low if high > low else 1), 0, 1)
    picture = Image.fromarray((255 * share).round().astype(np.uint8))
    cell = max(1, 2 * _PART // max(values.shape))
    return picture.resize((picture.width * cell, picture.height * cell), Image.Resampling.NEAREST)


def draw_values(
    values: NDArray[np.floating],
    title: str,
    *,
    kept: BoolArray | None = None,
    rings: RingAnalysis | None = None,
) -> Image:
    """Return a picture of one value per lag, with a colour bar.

    The centre is left out of the colours' range, because its value dwarfs all others. Values of
    both signs get colours about zero.

    Parameters
    ----------
    values : ndarray, shape (odd, odd)
        Axes (dy, dx), the zero lag in the middle.
    title : str
        Written above it.
    kept : bool ndarray, same shape, optional
        Lags to be framed.
    rings : RingAnalysis, optional
        Draw the rings' borders; a ring that was not considered is crossed out.
    """
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = values.shape
    cell = max(1, min(_LARGEST_CELL, _FIELD // max(rows, columns)))
    low, high = _range(values)
    picture = Image.fromarray(_coloured(values, low, high))
    height, width = rows * cell, columns * cell
    left, top = 120, 150
    text, heading = ImageFont.load_default(TEXT), ImageFont.load_default(TITLE)
    right = left + width + 60
    size = (
        int(max(right + _BAR + 130, 60 + heading.getlength(title))),
        top + height + 110,
    )
    image = Image.new("RGB", size, PAPER)
    image.paste(picture.resize((width, height), Image.Resampling.NEAREST), (left, top))
    draw = ImageDraw.Draw(image)
    draw.text((30, 24), title, fill=INK, font=heading)
    if rings is not None:
        _draw_rings(draw, rings, (rows, columns), left, top, cell)
    if kept is not None:
        for y, x in np.argwhere(kept).tolist():
            _frame(draw, _KEPT, left + x * cell, top + y * cell, cell, 2)
    middle = left + columns // 2 * cell, top + rows // 2 * cell
    _frame(draw, CENTRE, *middle, cell, 3)
    draw_axes(draw, text, left, top, width, height)
    draw_lags(draw, text, (rows, columns), left, top, cell)
    _draw_bar(draw, text, low, high, right, top, height)
    return image


def _range(values: NDArray[np.floating]) -> tuple[float, float]:
    rows, columns = values.shape
    others = np.ones(values.shape, dtype=bool)
    others[rows // 2, columns // 2] = False
    shown = values[others & np.isfinite(values)]
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    if low < 0 < high:
        most = max(-low, high)
        return -most, most
    return (low, high) if high > low else (low, low + 1)


def _coloured(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    stops = np.array(_SIGNED if low < 0 < high else _RISING, dtype=np.float64)
    share = np.clip((np.nan_to_num(values, nan=low) - low) / (high - low), 0, 1)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(share, places, stops[:, i]) for i in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _frame(
    draw: ImageDraw, colour: tuple[int, int, int], x: int, y: int, cell: int, width: int
) -> None:
    if cell > 2 * width:
        draw.rectangle((x + 1, y + 1, x + cell - 2, y + cell - 2), outline=colour, width=width)
    else:
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=colour)


def _draw_rings(
    draw: ImageDraw, rings: RingAnalysis, shape: tuple[int, int], left: int, top: int, cell: int
) -> None:
    rows, columns = shape
    for ring in rings.rings:
        up, across = min(ring.index, rows // 2), min(ring.index, columns // 2)
        box = (
            left + (columns // 2 - across) * cell,
            top + (rows // 2 - up) * cell,
            left + (columns // 2 + across + 1) * cell - 1,
            top + (rows // 2 + up + 1) * cell - 1,
        )
        draw.rectangle(box, outline=_RING if ring.considered else _NOT_CONSIDERED)
        if not ring.considered and cell > 8:
            # Visible without colours: a stroke through the ring's upper left corner.
            draw.line((box[0], box[1], box[0] + cell, box[1] + cell), fill=_NOT_CONSIDERED, width=2)


def _draw_bar(
    draw: ImageDraw, font: Font, low: float, high: float, left: int, top: int, height: int
) -> None:
    steps = np.linspace(high, low, height)
    for i, colour in enumerate(_coloured(steps[:, np.newaxis], low, high)[:, 0].tolist()):
        draw.line((left, top + i, left + _BAR, top + i), fill=tuple(colour))
    draw.rectangle((left, top, left + _BAR, top + height), outline=FAINT)
    for share in (0.0, 0.5, 1.0):
        value = high + (low - high) * share
        y = top + height * share
        draw.text((left + _BAR + 10, y), f"{value:.3g}", fill=INK, font=font, anchor="lm")


def draw_panels(
    panels: Sequence[tuple[str, NDArray[np.floating], tuple[float, float]]],
) -> Image:
    """Return images of one size side by side, each with its title.

    Parameters
    ----------
    panels : sequence of (title, values, (low, high))
        Values have the shape (y, x); `low` is drawn black and `high` white.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(TEXT)
    images = [_enlarged(values, levels) for _, values, levels in panels]
    width, height = images[0].size
    size = (len(images) * (width + _GAP) - _GAP, height + HEADING)
    figure = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(figure)
    for number, (image, (title, *_)) in enumerate(zip(images, panels, strict=True)):
        left = number * (width + _GAP)
        figure.paste(image, (left, HEADING))
        draw.text((left, HEADING / 2), title, fill=INK, font=font, anchor="lm")
    return figure


def _enlarged(values: NDArray[np.floating], levels: tuple[float, float]) -> Image:
    """Return a grey picture, each pixel enlarged alike; a large image is made smaller."""
    from PIL import Image

    low, high = levels
    known = np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=high, neginf=low)
    share = np.clip((known - low) / (high - low if high > low else 1), 0, 1)
    picture = Image.fromarray((255 * share).round().astype(np.uint8)).convert("RGB")
    most = max(picture.size)
    if most > _WIDEST_PANEL:
        picture.thumbnail((_WIDEST_PANEL, _WIDEST_PANEL), Image.Resampling.BOX)
        return picture
    cell = max(1, _NARROWEST_PANEL // most)
    return picture.resize((picture.width * cell, picture.height * cell), Image.Resampling.NEAREST)
