"""How sure a verdict is, as a sign: its shape says it, its colour only helps."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from structmask_gui.core.verdict.certainty import Certainty
from structmask_gui.gui.style.colours import BLUISH_GREEN, ORANGE, VERMILION

Sign = Certainty | Literal["failed"]
"""What can be drawn: how sure a verdict is, or that there is none because something failed."""

WORDS: dict[Certainty, str] = {
    "sure": "Likely: nothing that was tested speaks against it.",
    "attention": "Attention: the lines beside this sign say what to do first.",
    "not sure": "Uncertain: the lines beside this sign say what is in doubt.",
    "cannot tell": "Cannot tell: noise and sample could not be separated.",
}
"""What the tooltip says of each."""

_COLORS: dict[Sign, QColor] = {
    "sure": BLUISH_GREEN,
    "attention": ORANGE,
    "not sure": ORANGE,
    "cannot tell": VERMILION,
    "failed": VERMILION,
}
_STROKES: dict[Sign, tuple[tuple[tuple[float, float], ...], ...]] = {
    "sure": (((0.27, 0.53), (0.44, 0.70), (0.74, 0.34)),),
    "failed": (((0.32, 0.32), (0.68, 0.68)), ((0.32, 0.68), (0.68, 0.32))),
}
"""The lines in a disc: a tick, or a cross."""

_SIDE = 24


class CertaintySign(QWidget):
    """A tick in a disc, a mark in a square (! or ?), or an exclamation mark in a triangle."""

    def __init__(self) -> None:
        super().__init__()
        self.certainty: Certainty | None = None  # what it shows
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def set_certainty(self, certainty: Certainty | None) -> None:
        """Show how sure the verdict is; None without one."""
        self.certainty = certainty
        text = "" if certainty is None else WORDS[certainty]
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.setVisible(certainty is not None)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the sign."""
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the sign."""
        if self.certainty is not None:
            painter = QPainter(self)
            painter.setOpacity(1.0 if self.isEnabled() else 0.4)
            draw_sign(painter, QRectF(1, 1, _SIDE - 2, _SIDE - 2), self.certainty)
            painter.end()


def draw_sign(painter: QPainter, rect: QRectF, certainty: Sign) -> None:
    """Draw a sign into a square."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_COLORS[certainty])
    side = rect.width()
    ink = QColor(255, 255, 255) if _COLORS[certainty] != ORANGE else QColor(0, 0, 0)
    if certainty in _STROKES:
        painter.drawEllipse(rect)
        painter.setPen(QPen(ink, side / 8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in _STROKES[certainty]:
            painter.drawPolyline(QPolygonF([rect.topLeft() + QPointF(*p) * side for p in line]))
        return
    place = rect
    if certainty != "cannot tell":
        painter.drawRoundedRect(rect, side / 6, side / 6)
    else:
        corners = (rect.bottomLeft(), QPointF(rect.center().x(), rect.top()), rect.bottomRight())
        painter.drawPolygon(QPolygonF(corners))
        place = rect.adjusted(0, side * 0.18, 0, 0)
    font = QFont(painter.font())
    font.setPixelSize(round(side * (0.62 if certainty == "cannot tell" else 0.75)))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "?" if certainty == "not sure" else "!")
