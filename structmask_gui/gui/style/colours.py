"""Colours of the views: those of the palette in force, and those that carry a meaning.

pyqtgraph ignores the palette, so every view asks `Colours.of` again when the palette changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QPalette

# Okabe and Ito's colours, which people with any common colour blindness can distinguish.
# Source: M. Okabe, K. Ito, "Color Universal Design", 2002.
ORANGE = QColor("#E69F00")
SKY_BLUE = QColor("#56B4E9")
BLUISH_GREEN = QColor("#009E73")
YELLOW = QColor("#F0E442")
BLUE = QColor("#0072B2")
VERMILION = QColor("#D55E00")
REDDISH_PURPLE = QColor("#CC79A7")


@dataclass(frozen=True)
class Colours:
    """The neutral colours of a view."""

    dark: bool
    background: QColor
    text: QColor
    muted: QColor  # text and lines that stand back
    line: QColor  # frames and grids
    cell: QColor  # an empty cell of a mask
    accent: QColor  # a kept cell of a mask; the first curve
    second: QColor  # the second of two masks; the second curve

    @classmethod
    def of(cls, palette: QPalette) -> Colours:
        """Derive the colours from a palette."""
        background = palette.color(QPalette.ColorRole.Base)
        text = palette.color(QPalette.ColorRole.Text)
        dark = background.lightness() < 128
        return cls(
            dark=dark,
            background=background,
            text=text,
            muted=mixed(background, text, 0.62),
            line=mixed(background, text, 0.28),
            cell=mixed(background, text, 0.06),
            accent=SKY_BLUE if dark else BLUE,
            second=ORANGE if dark else VERMILION,
        )


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """Return the colour ``share`` of the way from the first to the second."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * share,
        first.greenF() + (second.greenF() - first.greenF()) * share,
        first.blueF() + (second.blueF() - first.blueF()) * share,
    )


def smaller(font: QFont, factor: float = 0.88) -> QFont:
    """Return a smaller copy of a font, whether its size is in points or in pixels."""
    result = QFont(font)
    if font.pointSizeF() > 0:
        result.setPointSizeF(font.pointSizeF() * factor)
    else:
        result.setPixelSize(max(8, round(font.pixelSize() * factor)))
    return result
