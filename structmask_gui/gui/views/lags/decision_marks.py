"""How decisions are drawn: a colour and a shape for each, so that neither has to carry it alone."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from structmask_gui.core.extraction.rings import Decision
from structmask_gui.gui.style.colours import (
    BLUISH_GREEN,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILION,
    YELLOW,
)
from structmask_gui.gui.views.pens import pen

CONSIDERED = ORANGE
NOT_CONSIDERED = QColor("#C8C8C8")
CONTOUR = QColor("#FFFFFF")
_HALO = QColor(0, 0, 0, 150)

_WIDE = 9.0
"""Pixels between rings from which their lines are drawn in full."""

COLORS = {
    Decision.KEPT: VERMILION,
    Decision.ADDED: SKY_BLUE,
    Decision.NOT_JOINED: REDDISH_PURPLE,
    Decision.OVER_LIMIT: YELLOW,
    Decision.NOT_CLOSE: BLUISH_GREEN,
    Decision.CENTRE: QColor("#FFFFFF"),
}


_EDGE = QColor(0, 0, 0, 200)
_CROSSES = (Decision.NOT_JOINED, Decision.OVER_LIMIT, Decision.NOT_CLOSE)


def draw_mark(painter: QPainter, decision: Decision, at: QPointF, radius: float) -> None:
    """Draw the mark of a decision about a point, in pixels."""
    if decision in _CROSSES:
        r = radius * 0.8
        x, y = at.x(), at.y()
        lines = [QLineF(x - r, y + r, x + r, y - r)]
        if decision is Decision.NOT_JOINED:
            lines.append(QLineF(x - r, y - r, x + r, y + r))
        elif decision is Decision.OVER_LIMIT:
            lines = [QLineF(x - r, y, x + r, y)]
        painter.setPen(pen(_EDGE, 3.8))
        painter.drawLines(lines)
        painter.setPen(pen(COLORS[decision], 2.0))
        painter.drawLines(lines)
        return
    painter.setPen(pen(_EDGE, 1.0))
    painter.setBrush(COLORS[decision])
    if decision is Decision.ADDED:
        r = radius * 1.15
        corners = (QPointF(0, -r), QPointF(r, 0), QPointF(0, r), QPointF(-r, 0))
        painter.drawPolygon(QPolygonF([at + corner for corner in corners]))
    elif decision is Decision.CENTRE:
        r = radius * 0.8
        painter.drawRect(QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r))
    else:
        painter.drawEllipse(at, radius, radius)


def draw_ring(painter: QPainter, rect: QRectF, considered: bool, spacing: float = _WIDE) -> None:
    """Draw the outline of a ring, in pixels; thinner where rings lie ``spacing`` apart."""
    weight = min(1.0, spacing / _WIDE)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if considered:
        painter.setPen(pen(_HALO, 3.6 * weight))
        painter.drawRect(rect)
        painter.setPen(pen(CONSIDERED, 1.8 * weight))
    else:
        painter.setPen(pen(NOT_CONSIDERED, 1.2 * weight, dashes=(3, 3)))
    painter.drawRect(rect)


def draw_contour(painter: QPainter, lines: list[QLineF]) -> None:
    """Draw the line about the pixels above their thresholds, in pixels."""
    painter.setPen(pen(_HALO, 3.4))
    painter.drawLines(lines)
    painter.setPen(pen(CONTOUR, 1.6))
    painter.drawLines(lines)
