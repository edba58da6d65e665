"""The cross that marks one lag, and its opposite, in every view of lags."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from structmask_gui.gui.views.pens import pen

_DARK, _LIGHT = QColor(0, 0, 0, 130), QColor(255, 255, 255)


class LagMark(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """A frame about a lag with lines to the edges of the picture; seen on any colours."""

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self.lag: tuple[int, int] | None = None  # the lag (dy, dx) that is marked
        self.setZValue(20)

    def set_lag(self, lag: tuple[int, int] | None, rect: QRectF) -> None:
        """Mark a lag (dy, dx) within a rectangle of lags; None, or one outside, marks none."""
        if lag is not None and not rect.contains(lag[1], lag[0]):
            lag = None
        if lag != self.lag or (lag is not None and rect != self._rect):
            self.prepareGeometryChange()
            self.lag, self._rect = lag, rect
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect if self.lag is not None else QRectF()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        if self.lag is None:
            return
        dy, dx = self.lag
        cell = QRectF(dx - 0.5, dy - 0.5, 1, 1)
        rect = self._rect
        lines = [
            QLineF(rect.left(), dy, cell.left(), dy),
            QLineF(cell.right(), dy, rect.right(), dy),
            QLineF(dx, rect.top(), dx, cell.top()),
            QLineF(dx, cell.bottom(), dx, rect.bottom()),
        ]
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        opposite = transform.mapRect(QRectF(-dx - 0.5, -dy - 0.5, 1, 1))
        here = transform.mapRect(cell)
        mapped = [transform.map(line) for line in lines]
        for color, width in ((_DARK, 3.0), (_LIGHT, 1.0)):
            painter.setPen(pen(color, width))
            painter.drawLines(mapped)
            painter.drawRect(here)
            painter.setPen(pen(color, width, dashes=(2, 2)))
            painter.drawRect(opposite)
        painter.restore()
