"""How decisions are drawn: a colour and a shape for each, so that neither has to carry it alone."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from structmask_gui.gui.views.decisions import Decision
from structmask_gui.gui.views.theme import (
    BLUISH_GREEN,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILION,
    YELLOW,
)

CONSIDERED = ORANGE
NOT_CONSIDERED = QColor("#C8C8C8")
CONTOUR = QColor("#FFFFFF")
_HALO = QColor(0, 0, 0, 150)
_EDGE = QColor(255, 255, 255, 235)

COLORS = {
    Decision.KEPT: VERMILION,
    Decision.ADDED: SKY_BLUE,
    Decision.NOT_JOINED: REDDISH_PURPLE,
    Decision.OVER_LIMIT: YELLOW,
    Decision.NOT_CLOSE: BLUISH_GREEN,
    Decision.CENTRE: QColor("#FFFFFF"),
}


def cosmetic(color: QColor, width: float, *, dashes: tuple[float, ...] = ()) -> QPen:
    """Return a pen as wide in pixels at any zoom."""
    pen = QPen(color, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashes:
        pen.setDashPattern(dashes)
    return pen


_EDGE_PEN = cosmetic(QColor(0, 0, 0, 200), 1.0)
_HALO_PEN = cosmetic(_HALO, 3.6)
_CONTOUR_HALO = cosmetic(_HALO, 3.4)
_CONTOUR_PEN = cosmetic(CONTOUR, 1.6)
_RING_PENS = {
    True: cosmetic(CONSIDERED, 1.8),
    False: cosmetic(NOT_CONSIDERED, 1.2, dashes=(3, 3)),
}
_CROSS_HALO = cosmetic(QColor(0, 0, 0, 200), 3.8)
_CROSS_PENS = {
    decision: cosmetic(COLORS[decision], 2.0)
    for decision in (Decision.NOT_JOINED, Decision.OVER_LIMIT, Decision.NOT_CLOSE)
}
_BRUSHES = {decision: QBrush(color) for decision, color in COLORS.items()}


def draw_mark(painter: QPainter, decision: Decision, at: QPointF, radius: float) -> None:
    """Draw the mark of a decision about a point; ``radius`` in the painter's units."""
    if decision in _CROSS_PENS:
        r = radius * 0.8
        x, y = at.x(), at.y()
        lines = [QLineF(x - r, y + r, x + r, y - r)]
        if decision is Decision.NOT_JOINED:
            lines.append(QLineF(x - r, y - r, x + r, y + r))
        elif decision is Decision.OVER_LIMIT:
            lines = [QLineF(x - r, y, x + r, y)]
        painter.setPen(_CROSS_HALO)
        painter.drawLines(lines)
        painter.setPen(_CROSS_PENS[decision])
        painter.drawLines(lines)
        return
    painter.setPen(_EDGE_PEN)
    painter.setBrush(_BRUSHES[decision])
    if decision is Decision.ADDED:
        r = radius * 1.15
        painter.drawPolygon(
            QPolygonF(
                [at + QPointF(0, -r), at + QPointF(r, 0), at + QPointF(0, r), at - QPointF(r, 0)]
            )
        )
    elif decision is Decision.CENTRE:
        painter.drawRect(
            QRectF(at.x() - radius * 0.8, at.y() - radius * 0.8, radius * 1.6, radius * 1.6)
        )
    else:
        painter.drawEllipse(at, radius, radius)


def draw_ring(painter: QPainter, rect: QRectF, considered: bool) -> None:
    """Draw the outline of a ring."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if considered:
        painter.setPen(_HALO_PEN)
        painter.drawRect(rect)
    painter.setPen(_RING_PENS[considered])
    painter.drawRect(rect)


def draw_contour(painter: QPainter, lines: list[QLineF]) -> None:
    """Draw the line about the pixels above their thresholds."""
    painter.setPen(_CONTOUR_HALO)
    painter.drawLines(lines)
    painter.setPen(_CONTOUR_PEN)
    painter.drawLines(lines)
