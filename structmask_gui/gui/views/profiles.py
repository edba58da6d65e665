"""The autocorrelation along x and along y as curves, with the thresholds of the rings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QMenu, QWidget

from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.lag import number_text
from structmask_gui.gui.views.legend import Entry
from structmask_gui.gui.views.theme import Theme

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Curves:
    """What is drawn; all arrays run over lags from -reach to reach.

    Attributes
    ----------
    along_x, along_y : ndarray, shape (2 reach + 1,)
        Values at the lags (0, dx) and (dy, 0).
    thresholds : ndarray, shape (2 reach_t + 1,), or None
        Threshold of the ring at each lag; NaN where the ring is not considered, and at zero.
    level : float or None
        The value a ring's maximum has to reach to be considered.
    """

    along_x: Values
    along_y: Values
    thresholds: Values | None = None
    level: float | None = None


class CurvesItem(pg.GraphicsObject):  # type: ignore[misc]
    """Paints the curves with marks as large at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._curves: Curves | None = None
        self._rect = QRectF(-1, -1, 2, 2)
        self._theme: Theme | None = None
        self._marked = -1

    def set_theme(self, theme: Theme) -> None:
        """Take on the colours."""
        self._theme = theme
        self.update()

    def set_curves(self, curves: Curves | None) -> None:
        """Show other curves."""
        self._curves = curves
        if curves is not None:
            reach = max(len(curves.along_x), len(curves.along_y)) / 2
            values = [curves.along_x, curves.along_y]
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
        if curves.level is not None:
            painter.setPen(level_pen(theme))
            level = QLineF(self._rect.left(), curves.level, self._rect.right(), curves.level)
            painter.drawLine(transform.map(level))
        if curves.thresholds is not None:
            painter.setPen(threshold_pen(theme))
            reach = len(curves.thresholds) // 2
            for number, value in enumerate(curves.thresholds.tolist()):
                if math.isfinite(value):
                    lag = number - reach
                    painter.drawLine(transform.map(QLineF(lag - 0.5, value, lag + 0.5, value)))
        for values, pen, square in (
            (curves.along_y, y_pen(theme), True),
            (curves.along_x, x_pen(theme), False),
        ):
            reach = len(values) // 2
            points = [
                transform.map(QPointF(number - reach, value))
                for number, value in enumerate(values.tolist())
            ]
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(points))
            spacing = points[1].x() - points[0].x() if len(points) > 1 else 0.0
            if spacing >= 5:
                _draw_points(painter, points, pen.color(), theme, square)
        painter.restore()

    def _paint_marked(self, painter: QPainter, transform: QTransform, theme: Theme) -> None:
        band = QColor(theme.text)
        band.setAlpha(36)
        for lag in (-self._marked, self._marked):
            rect = QRectF(lag - 0.5, self._rect.top(), 1, self._rect.height())
            painter.fillRect(transform.mapRect(rect), band)


def x_pen(theme: Theme) -> QPen:
    """Return the pen of the curve along x: solid."""
    return QPen(theme.accent, 1.8)


def y_pen(theme: Theme) -> QPen:
    """Return the pen of the curve along y: dashed."""
    pen = QPen(theme.second, 1.8)
    pen.setDashPattern((4, 2.5))
    return pen


def threshold_pen(theme: Theme) -> QPen:
    """Return the pen of the rings' thresholds."""
    return QPen(theme.text, 1.4)


def level_pen(theme: Theme) -> QPen:
    """Return the pen of the ring strength."""
    pen = QPen(theme.muted, 1.2)
    pen.setDashPattern((1.5, 3))
    return pen


def _draw_points(
    painter: QPainter, points: list[QPointF], color: QColor, theme: Theme, square: bool
) -> None:
    painter.setPen(QPen(color, 1.4))
    painter.setBrush(theme.background if square else color)
    for point in points:
        if square:
            painter.drawRect(QRectF(point.x() - 2.4, point.y() - 2.4, 4.8, 4.8))
        else:
            painter.drawEllipse(point, 2.6, 2.6)


class ProfilesView(PictureView):
    """The values along the row and the column through zero lag.

    Signals
    -------
    zero_lag_chosen(bool)
        "Zero lag in the range" was switched in the menu.
    """

    HAS_COLORMAP = False

    zero_lag_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Profiles", "lag (px)", "value", left_width=52, square=False, down=False, parent=parent
        )
        self._curves: Curves | None = None
        self._zero_lag = False
        self.curves_item = CurvesItem()
        self.box.addItem(self.curves_item, ignoreBounds=True)
        self.left.set_whole(False)
        self.box.setMouseEnabled(x=True, y=True)
        self.restyle()

    @property
    def curves(self) -> Curves | None:
        """What is on display."""
        return self._curves

    def set_curves(self, curves: Curves | None) -> None:
        """Show curves; None empties the view."""
        self._curves = curves
        self.curves_item.set_curves(curves)
        if curves is None:
            self.legend.set_entries(())
            return
        self.set_content(self._wanted_content(curves))
        entries = [
            Entry("along x (dy = 0)", self._draw_x),
            Entry("along y (dx = 0)", self._draw_y),
        ]
        if curves.thresholds is not None and np.isfinite(curves.thresholds).any():
            entries.append(Entry("ring threshold", self._draw_threshold))
        if curves.level is not None:
            entries.append(Entry("ring strength", self._draw_level))
        self.legend.set_entries(tuple(entries))

    def set_profiles(self, along_x: Values, along_y: Values) -> None:
        """Show two curves without thresholds; see `Curves`."""
        self.set_curves(Curves(along_x, along_y))

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the profiles of the centre square of an `Extraction`, as the rings see it."""
        if extraction is None:
            self.set_curves(None)
            return
        centre = extraction.centre
        height, width = centre.shape
        thresholds, level = None, None
        if extraction.rings is not None:
            rings = extraction.rings.rings
            by_ring = [np.nan] + [r.threshold if r.considered else np.nan for r in rings]
            thresholds = np.array([*by_ring[:0:-1], *by_ring])
            middle = float(centre[height // 2, width // 2])
            level = middle * extraction.parameters.center_ratio_threshold
        self.set_curves(Curves(centre[height // 2], centre[:, width // 2], thresholds, level))

    def set_zero_lag_in_range(self, inside: bool) -> None:
        """Let the zero lag, far above all others, count for the range; or leave it out."""
        if inside != self._zero_lag:
            self._zero_lag = inside
            if self._curves is not None:
                self.set_content(self._wanted_content(self._curves))

    def highlight_ring(self, index: int) -> None:
        """Mark the lags of a ring; -1 for none."""
        self.curves_item.set_marked(index)

    def _wanted_content(self, curves: Curves) -> QRectF:
        parts = [np.zeros(1)]
        for values in (curves.along_x, curves.along_y):
            middle = len(values) // 2
            parts.append(values if self._zero_lag else np.delete(values, middle))
        if curves.thresholds is not None:
            parts.append(curves.thresholds)
        every = np.concatenate(parts)
        every = every[np.isfinite(every)]
        low, high = float(every.min()), float(every.max())
        spare = (high - low or 1.0) * 0.08
        reach = max(len(curves.along_x), len(curves.along_y)) // 2
        return QRectF(-reach - 0.5, low - spare, 2 * reach + 1, high - low + 2 * spare)

    def describe(self, x: float, _y: float) -> str:
        """Return both values at the lag under the pointer."""
        curves = self._curves
        if curves is None:
            return ""
        lag = math.floor(x + 0.5)
        parts = []
        for name, values in (("x", curves.along_x), ("y", curves.along_y)):
            reach = len(values) // 2
            if abs(lag) <= reach:
                parts.append(f"along {name} {number_text(float(values[lag + reach]))}")
        if not parts:
            return ""
        return f"lag {lag:+d}: ".replace("-", "−") + ", ".join(parts)

    # --- menu, legend, colours ----------------------------------------------------------------

    def fill_menu(self, menu: QMenu) -> None:
        """Put the actions into the menu."""
        super().fill_menu(menu)
        self._zero_lag_action = menu.addAction("Zero lag in the range")
        self._zero_lag_action.setCheckable(True)
        self._zero_lag_action.triggered.connect(self._on_zero_lag_action)
        menu.insertAction(self._reset_action, self._zero_lag_action)

    def update_menu(self) -> None:
        """Check what is chosen."""
        super().update_menu()
        self._zero_lag_action.setChecked(self._zero_lag)

    def _on_zero_lag_action(self, inside: bool) -> None:
        self.set_zero_lag_in_range(inside)
        self.zero_lag_chosen.emit(inside)

    def _draw_x(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, x_pen(self.theme), square=False)

    def _draw_y(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, y_pen(self.theme), square=True)

    def _draw_threshold(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, threshold_pen(self.theme))

    def _draw_level(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_curve(painter, rect, level_pen(self.theme))

    def _draw_curve(
        self, painter: QPainter, rect: QRectF, pen: QPen, square: bool | None = None
    ) -> None:
        painter.setPen(pen)
        y = rect.center().y()
        painter.drawLine(QLineF(rect.left(), y, rect.right(), y))
        if square is not None:
            _draw_points(painter, [rect.center()], pen.color(), self.theme, square)

    def restyle(self) -> None:
        """Take the colours from the palette."""
        super().restyle()
        if hasattr(self, "curves_item"):
            self.curves_item.set_theme(self.theme)
