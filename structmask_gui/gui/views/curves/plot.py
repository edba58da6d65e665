"""Curves over lags with their bands, marks and levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from structmask_gui.gui.style.colours import REDDISH_PURPLE, Colours, mixed

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """Values along one direction."""

    text: str  # in the legend
    short: str  # in the read-out
    lags: NDArray[Any]  # shape (n,), ascending, the same on both sides of 0
    values: Values
    low: Values | None = None  # confidence band, shape (n,)
    high: Values | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """What is drawn."""

    curves: tuple[Curve, ...]
    thresholds: Values | None = None  # of the ring at each lag; NaN where it is not considered
    level: float | None = None  # what a ring's maximum has to reach
    floor: float | None = None  # correlation of either sign that a lag has to reach

    @classmethod
    def of_arrays(
        cls,
        along_x: Values,
        along_y: Values,
        thresholds: Values | None = None,
        level: float | None = None,
    ) -> Curves:
        """Make curves of values at the lags (0, dx) and (dy, 0), from -reach to reach each."""
        curves = []
        for values, name, other in ((along_x, "x", "dy"), (along_y, "y", "dx")):
            reach = len(values) // 2
            lags = np.arange(-reach, reach + 1)
            curves.append(Curve(f"along {name} ({other} = 0)", f"along {name}", lags, values))
        return cls(tuple(curves), thresholds, level)

    @property
    def reach(self) -> int:
        """Largest lag."""
        return max(int(curve.lags[-1]) for curve in self.curves)


class CurvesItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Paints the curves with marks as large at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._curves: Curves | None = None
        self._rect = QRectF(-1, -1, 2, 2)
        self._theme: Colours | None = None
        self._marked = -1

    def set_theme(self, theme: Colours) -> None:
        """Take on the colours."""
        self._theme = theme
        self.update()

    def set_curves(self, curves: Curves | None) -> None:
        """Show other curves."""
        self._curves = curves
        if curves is not None:
            reach = curves.reach + 0.5
            values = [curve.values for curve in curves.curves]
            low = float(min(np.nanmin(v) for v in values)) - 10
            high = float(max(np.nanmax(v) for v in values)) + 10
            self.prepareGeometryChange()
            self._rect = QRectF(-reach, low, 2 * reach, high - low)
        self.update()

    def set_marked(self, ring: int) -> None:
        """Mark the lags of a ring; -1 for none."""
        if ring != self._marked:
            self._marked = ring
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        curves, theme = self._curves, self._theme
        if curves is None or theme is None:
            return
        transform = painter.worldTransform()
        painter.save()
        # In pixels of the screen, so that marks keep their shape.
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._marked > 0:
            self._paint_marked(painter, transform, theme)
        zero = transform.map(QLineF(self._rect.left(), 0, self._rect.right(), 0))
        painter.setPen(QPen(theme.line, 1))
        painter.drawLine(zero)
        levels = [] if curves.level is None else [curves.level]
        if curves.floor is not None:
            levels += [curves.floor, -curves.floor]
        painter.setPen(level_pen(theme))
        for level in levels:
            line = QLineF(self._rect.left(), level, self._rect.right(), level)
            painter.drawLine(transform.map(line))
        if curves.thresholds is not None:
            painter.setPen(threshold_pen(theme))
            reach = len(curves.thresholds) // 2
            for number, value in enumerate(curves.thresholds.tolist()):
                if math.isfinite(value):
                    lag = number - reach
                    painter.drawLine(transform.map(QLineF(lag - 0.5, value, lag + 0.5, value)))
        for number, curve in enumerate(curves.curves):
            _paint_band(painter, transform, curve, curve_pen(theme, number).color())
        for number in reversed(range(len(curves.curves))):
            curve = curves.curves[number]
            points = _points(transform, curve.lags, curve.values)
            pen = curve_pen(theme, number)
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(points))
            spacing = points[1].x() - points[0].x() if len(points) > 1 else 0.0
            if spacing >= 5:
                draw_points(painter, points, pen.color(), theme, number)
        painter.restore()

    def _paint_marked(self, painter: QPainter, transform: QTransform, theme: Colours) -> None:
        band = QColor(theme.text)
        band.setAlpha(36)
        for lag in (-self._marked, self._marked):
            rect = QRectF(lag - 0.5, self._rect.top(), 1, self._rect.height())
            painter.fillRect(transform.mapRect(rect), band)


def curve_pen(theme: Colours, number: int) -> QPen:
    """Return the pen of a curve: along x solid, along y dashed, the third dotted."""
    if number == 0:
        return QPen(theme.accent, 1.8)
    pen = QPen(theme.second if number == 1 else mixed(theme.text, REDDISH_PURPLE, 0.7), 1.8)
    pen.setDashPattern((4, 2.5) if number == 1 else (1.2, 1.6))
    return pen


def threshold_pen(theme: Colours) -> QPen:
    """Return the pen of the rings' thresholds."""
    return QPen(theme.text, 1.4)


def level_pen(theme: Colours) -> QPen:
    """Return the pen of the ring strength."""
    pen = QPen(theme.muted, 1.2)
    pen.setDashPattern((1.5, 3))
    return pen


def _points(transform: QTransform, lags: NDArray[Any], values: Values) -> list[QPointF]:
    return [
        transform.map(QPointF(lag, value))
        for lag, value in zip(lags.tolist(), values.tolist(), strict=True)
    ]


def _paint_band(painter: QPainter, transform: QTransform, curve: Curve, color: QColor) -> None:
    """Fill between the ends of the intervals, on each side of the zero lag, which has no error."""
    if curve.low is None or curve.high is None:
        return
    color.setAlpha(60)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    for side in (curve.lags < 0, curve.lags > 0):
        there = _points(transform, curve.lags[side], curve.high[side])
        back = _points(transform, curve.lags[side], curve.low[side])
        painter.drawPolygon(QPolygonF(there + back[::-1]))


def draw_points(
    painter: QPainter, points: list[QPointF], color: QColor, theme: Colours, number: int
) -> None:
    """Mark points: discs along x, squares along y, diamonds along the third direction."""
    painter.setPen(QPen(color, 1.4))
    painter.setBrush(theme.background if number == 1 else color)
    for point in points:
        x, y = point.x(), point.y()
        if number == 1:
            painter.drawRect(QRectF(x - 2.4, y - 2.4, 4.8, 4.8))
        elif number == 0:
            painter.drawEllipse(point, 2.6, 2.6)
        else:
            corners = ((0, -3.4), (3.4, 0), (0, 3.4), (-3.4, 0))
            painter.drawPolygon(QPolygonF([point + QPointF(*corner) for corner in corners]))
