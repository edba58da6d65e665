"""Curves of the quality figures: still copied over the radius, and both bars over the pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.legend import Entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from structmask_gui.core.quality.radius_curve import CopiedCurve
    from structmask_gui.core.quality.suggest import Suggestion

_FEWEST_PERCENT = 1.0
"""The axis of per cent is never shorter, so that nothing looks like much."""


_SETTLED = 0.1
"""Share of the fall of "still copied" below which more pixels change nothing that can be seen."""

_HIGHEST_LOSS = 3.0
"""Up to this multiple of what the bare centre leaves to copy, the detail lost sets the axis."""

_FAR = "how far it sees (px)"

_PAST_KNEE = 3
_FEWEST_PIXELS = 9


class QualityView(PictureView):
    """A frame for curves in per cent, from 0 up."""

    HAS_COLORMAP = False

    def __init__(self, title: str, x_label: str) -> None:
        super().__init__(title, x_label, "% of noise", square=False, down=False, whole=False)
        # A low dock has no room for it; the menu opens with the right button, too.
        self._header.hide()
        self.arrows.hide()  # they are for pictures
        self.box.setLimits(yMin=0)

    def _curve(self) -> Any:
        item = pg.PlotDataItem()
        self.box.addItem(item, ignoreBounds=True)
        return item

    def _line(self) -> Any:
        item = pg.InfiniteLine(angle=90, movable=False)
        item.hide()
        self.box.addItem(item, ignoreBounds=True)
        return item

    def _fit_to(self, right: float, top: float) -> None:
        # In steps, or the axes would run while a slider is held.
        top = max(top * 1.08, _FEWEST_PERCENT)
        step = 10 ** math.floor(math.log10(top)) / 2
        self.set_content(QRectF(0, 0, right, math.ceil(top / step) * step))

    def _draw_first(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_sample(painter, rect, self.first_pen())

    def _draw_second(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_sample(painter, rect, self.second_pen())

    def _draw_sample(self, painter: QPainter, rect: QRectF, pen: QPen) -> None:
        painter.setPen(pen)
        middle = rect.center().y()
        painter.drawLine(QPointF(rect.left(), middle), QPointF(rect.right(), middle))

    def first_pen(self) -> QPen:
        """Return how "still copied" is drawn."""
        return _pen(self.theme.second, 2)

    def second_pen(self) -> QPen:
        """Return how the other curve is drawn."""
        return _pen(self.theme.accent, 2, Qt.PenStyle.DashLine)


class RadiusView(QualityView):
    """What is still copied as a function of how far the network sees."""

    def __init__(self) -> None:
        super().__init__("If the network looks further", _FAR)
        self.curve: CopiedCurve | None = None
        self._item = self._curve()
        self._edge = self._line()
        self.restyle()

    def set_curve(self, curve: CopiedCurve | None) -> None:
        """Show a curve; None empties the view."""
        self.curve = curve
        if curve is None:
            self._item.setData([], [])
            self._edge.hide()
            return
        percent = 100 * curve.copied
        self._item.setData(curve.radii, percent)
        self._edge.setPos(curve.square)
        beyond = curve.square < int(curve.radii[-1])
        self._edge.setVisible(beyond)
        # A low dock has no room for a legend.
        told = f"{_FAR}; beyond the line a lower bound, along {curve.axis} only" if beyond else _FAR
        if self.bottom.set_text(told):
            self.restyle()
        self._fit_to(float(curve.radii[-1]) + 1, float(percent.max()))

    def describe(self, x: float, _y: float) -> str:
        """Return the value at a radius."""
        curve = self.curve
        if curve is None or not len(curve.radii):
            return ""
        index = int(np.clip(round(x) - 1, 0, len(curve.radii) - 1))
        whole = curve.radii[index] <= curve.square
        text = "" if whole else f", at least: only along {curve.axis}"
        return f"{curve.radii[index]} px: {100 * curve.copied[index]:.2f} % can be copied{text}"

    def restyle(self) -> None:
        """Take the colours from the palette."""
        super().restyle()
        if hasattr(self, "_item"):
            self._item.setPen(self.first_pen())
            self._edge.setPen(_pen(self.theme.line, 1, Qt.PenStyle.DashLine))


class SuggestionView(QualityView):
    """Both bars over the number of pixels; the knee and the chosen point are marked."""

    point_chosen = Signal(int)  # the index of a point that was clicked

    def __init__(self) -> None:
        super().__init__("Other sizes", "pixels of the mask")
        self.suggestion: Suggestion | None = None
        self.canvas.grabs_left = True
        self.canvas.setCursor(Qt.CursorShape.PointingHandCursor)
        self._copied, self._lost = self._curve(), self._curve()
        self._knee, self._now = self._line(), self._line()
        self.canvas.pressed.connect(self._on_pressed)
        self.restyle()

    def set_suggestion(self, suggestion: Suggestion | None) -> None:
        """Show the masks of a suggestion as points; None empties the view."""
        self.suggestion = suggestion
        if suggestion is None:
            for item in (self._copied, self._lost):
                item.setData([], [])
            self._knee.hide()
            self._now.hide()
            self.legend.set_entries(())
            return
        points = suggestion.points
        pixels = np.array([point.pixels for point in points])
        copied = 100 * np.array([point.copied for point in points])
        lost = 100 * np.array([point.detail_lost for point in points])
        self._copied.setData(pixels, copied)
        drawn = np.isfinite(lost)
        self._lost.setData(pixels[drawn], lost[drawn])
        self._knee.setPos(points[suggestion.knee].pixels)
        self._knee.show()
        entries = [Entry("noise copied", self._draw_first)]
        right, top = _settled(pixels, copied, suggestion.knee) + 1.0, float(copied.max())
        seen = drawn & (pixels <= right)
        if seen.any():
            # The loss can exceed the noise many times, and would flatten the other curve.
            most = float(lost[seen].max())
            if most <= _HIGHEST_LOSS * top:
                top, text = max(top, most), "detail lost"
            elif float(lost[seen].min()) <= top:
                text = "detail lost (beyond the axis)"
            else:
                text = f"detail lost (over {top:.0f} %)"
            entries.append(Entry(text, self._draw_second))
        entries.append(Entry("smallest that suffices", self._draw_knee))
        self.legend.set_entries(tuple(entries))
        self._fit_to(right, top)

    def mark(self, pixels: int | None) -> None:
        """Mark where the present mask stands on the curve; None where it does not."""
        self._now.setVisible(pixels is not None and self.suggestion is not None)
        if pixels is not None:
            self._now.setPos(pixels)

    def index_at(self, x: float) -> int | None:
        """Return the point of the curve nearest to a number of pixels."""
        if self.suggestion is None:
            return None
        pixels = np.array([point.pixels for point in self.suggestion.points])
        return int(np.abs(pixels - x).argmin())

    def describe(self, x: float, _y: float) -> str:
        """Return the figures of the point there."""
        index = self.index_at(x)
        if index is None or self.suggestion is None:
            return ""
        point = self.suggestion.points[index]
        text = f"{point.pixels} pixels: {100 * point.copied:.2f} % could be copied"
        if math.isfinite(point.detail_lost):
            text += f", detail lost {100 * point.detail_lost:.1f} %"
        return text + "; click to take it"

    def _on_pressed(self, where: QPointF) -> None:
        index = self.index_at(self.box.mapSceneToView(where).x())
        if index is not None:
            self.point_chosen.emit(index)

    def _draw_knee(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(QPen(self.theme.text, 1.4, Qt.PenStyle.DotLine))
        middle = rect.center().x()
        painter.drawLine(QPointF(middle, rect.top()), QPointF(middle, rect.bottom()))

    def restyle(self) -> None:
        """Take the colours from the palette."""
        super().restyle()
        if hasattr(self, "_now"):
            self._copied.setPen(self.first_pen())
            self._lost.setPen(self.second_pen())
            self._knee.setPen(_pen(self.theme.text, 1.4, Qt.PenStyle.DotLine))
            self._now.setPen(_pen(self.theme.muted, 1))


def _settled(pixels: NDArray[np.int_], copied: NDArray[np.float64], knee: int) -> int:
    """Return the number of pixels up to which the curve is worth a look.

    The masks go up to a quarter of the square, and mostly nothing happens beyond the first few:
    they would have the left edge of the axis.
    """
    left = copied - copied.min()
    after = int(np.flatnonzero(left > _SETTLED * left[0]).max(initial=0)) + 1
    far = int(pixels[min(after, len(pixels) - 1)])
    return min(int(pixels[-1]), max(far, _PAST_KNEE * int(pixels[knee]), _FEWEST_PIXELS))


def _pen(color: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    made = QPen(color, width, style)
    # Else the width would be in units of the axes.
    made.setCosmetic(True)
    return made
