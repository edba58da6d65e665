"""The correlation of dark and of bright patches: whether one mask fits all brightnesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPen, QPolygonF

from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.curves.plot import draw_points, level_pen
from structmask_gui.gui.views.lags.lag_view import number_text
from structmask_gui.gui.views.legend import Entry

if TYPE_CHECKING:
    from structmask_gui.core.statistical.profiles import BrightnessCurve

_SPARE = 0.08


class BrightnessItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Paints the points with their 95 % intervals, and the line of the smallest correlation."""

    def __init__(self) -> None:
        super().__init__()
        self._curve: BrightnessCurve | None = None
        self._floor = 0.0
        self._theme: Colours | None = None
        self._rect = QRectF()

    def set_theme(self, theme: Colours) -> None:
        """Take on the colours."""
        self._theme = theme
        self.update()

    def set_curve(self, curve: BrightnessCurve | None, floor: float, rect: QRectF) -> None:
        """Show another curve within a rectangle."""
        self.prepareGeometryChange()
        self._curve, self._floor, self._rect = curve, floor, rect
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        curve, theme = self._curve, self._theme
        if curve is None or theme is None:
            return
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for level, pen in ((0.0, QPen(theme.line, 1)), (self._floor, level_pen(theme))):
            painter.setPen(pen)
            line = QLineF(self._rect.left(), level, self._rect.right(), level)
            painter.drawLine(transform.map(line))
        points = []
        painter.setPen(QPen(theme.accent, 1.6))
        for x, y, error in zip(
            curve.brightness.tolist(), curve.rho.tolist(), curve.error.tolist(), strict=True
        ):
            low = transform.map(QPointF(x, y - 1.96 * error))
            high = transform.map(QPointF(x, y + 1.96 * error))
            painter.drawLine(QLineF(low, high))
            for end in (low, high):
                painter.drawLine(QLineF(end.x() - 4, end.y(), end.x() + 4, end.y()))
            points.append(transform.map(QPointF(x, y)))
        painter.drawPolyline(QPolygonF(points))
        draw_points(painter, points, theme.accent, theme, 0)
        painter.restore()


class BrightnessView(PictureView):
    """Mean correlation of the strongest lags in patches of each brightness."""

    HAS_COLORMAP = False

    def __init__(self) -> None:
        super().__init__(
            "Brightness",
            "mean brightness of the patches",
            "correlation ρ",
            whole=False,
            left_width=52,
            square=False,
            down=False,
        )
        self.curve: BrightnessCurve | None = None  # what is on display
        self.item = BrightnessItem()
        self.box.addItem(self.item, ignoreBounds=True)
        self.arrows.hide()
        self.restyle()

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the correlation by brightness of an `Extraction`, where it was measured."""
        self.curve = None if extraction is None else extraction.brightness_curve
        if extraction is None or self.curve is None:
            self.item.set_curve(None, 0.0, QRectF())
            self.legend.set_entries(())
            return
        floor = extraction.parameters.rho_min
        rect = _content(self.curve, floor)
        self.item.set_curve(self.curve, floor, rect)
        self.set_content(rect)
        self.legend.set_entries(
            (
                Entry(_lags_text(self.curve.n_lags), self._draw_points),
                Entry("smallest correlation", self._draw_floor),
            )
        )

    def describe(self, x: float, _y: float) -> str:
        """Return the nearest bin."""
        curve = self.curve
        if curve is None:
            return ""
        i = int(np.argmin(np.abs(curve.brightness - x)))
        brightness, rho = number_text(float(curve.brightness[i])), float(curve.rho[i])
        error = float(curve.error[i])
        return f"brightness {brightness}: ρ = {rho:+.3f} ± {error:.3f}".replace("-", "−")

    def _draw_points(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(QPen(self.theme.accent, 1.6))
        y = rect.center().y()
        painter.drawLine(QLineF(rect.left(), y, rect.right(), y))
        draw_points(painter, [rect.center()], self.theme.accent, self.theme, 0)

    def _draw_floor(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(level_pen(self.theme))
        y = rect.center().y()
        painter.drawLine(QLineF(rect.left(), y, rect.right(), y))

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        if hasattr(self, "item"):
            self.item.set_theme(self.theme)


def _lags_text(count: int) -> str:
    what = "the strongest lag" if count == 1 else f"mean of the {count} strongest lags"
    return f"{what}, 95 % interval"


def _content(curve: BrightnessCurve, floor: float) -> QRectF:
    left, right = float(curve.brightness.min()), float(curve.brightness.max())
    ends = [0.0, floor, *(curve.rho - 1.96 * curve.error), *(curve.rho + 1.96 * curve.error)]
    low, high = float(min(ends)), float(max(ends))
    spare_x, spare_y = _SPARE * (right - left or 1.0), _SPARE * (high - low or 1.0)
    return QRectF(
        left - spare_x, low - spare_y, right - left + 2 * spare_x, high - low + 2 * spare_y
    )
