"""The centre square with its rings, the threshold contour and what became of each pixel."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath

from structmask_gui.core.extraction.rings import Decision
from structmask_gui.gui.views.lags import decision_marks
from structmask_gui.gui.views.lags.lag_view import LagView, lag_rect
from structmask_gui.gui.views.lags.ring_decisions import WORDS, outline
from structmask_gui.gui.views.legend import Entry

# Below this many screen pixels for a lag, marks are drawn as tinted cells and rings left out.
_MARKS_FROM = 5.0
_RINGS_FROM = 4.0


class RingsItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Paints rings, contour and marks in one go; nothing is made anew when a slider moves."""

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self._considered: tuple[bool, ...] = ()
        self._codes: NDArray[np.uint8] = np.zeros((1, 1), np.uint8)
        self._contour: list[QLineF] = []
        self._marks: list[tuple[Decision, QPointF]] = []
        self._tint = QImage()
        self._highlight = -1
        self.setZValue(5)

    def set_content(
        self,
        considered: tuple[bool, ...],
        codes: NDArray[np.uint8],
        above: NDArray[np.bool_],
    ) -> None:
        """Take over the decisions; see `decisions`."""
        rect = lag_rect(codes.shape)
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self._considered = considered
        self._codes = codes
        lines = outline(above).tolist() if any(considered) else []
        self._contour = [QLineF(*line) for line in lines]
        middle_y, middle_x = codes.shape[0] // 2, codes.shape[1] // 2
        self._marks = [
            (Decision(codes[y, x]), QPointF(x - middle_x, y - middle_y))
            for y, x in np.argwhere(codes).tolist()
        ]
        self._tint = QImage()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.prepareGeometryChange()
        self._rect, self._considered, self._contour, self._marks = QRectF(), (), [], []
        self.update()

    def set_highlight(self, ring: int) -> None:
        """Mark a ring, or none with -1."""
        if ring != self._highlight:
            self._highlight = ring
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def _ring_rect(self, index: int) -> QRectF:
        side = 2 * index + 1
        return QRectF(-index - 0.5, -index - 0.5, side, side).intersected(self._rect)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        if self._rect.isNull():
            return
        transform = painter.worldTransform()
        cell = abs(transform.m11())
        if 0 < self._highlight <= len(self._considered):
            self._paint_highlight(painter)
        if cell < _MARKS_FROM:
            self._paint_tint(painter)
        painter.save()
        # In pixels of the screen: pens and marks keep their size at any zoom and on paper.
        painter.resetTransform()
        # Lines along the pixels need no smoothing, which takes more than twice the time.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        inset = min(1.2, cell / 6)
        for index, considered in enumerate(self._considered, start=1):
            last = index == len(self._considered) or self._considered[index] != considered
            if cell >= _RINGS_FROM or last:
                rect = transform.mapRect(self._ring_rect(index)).adjusted(
                    inset, inset, -inset, -inset
                )
                decision_marks.draw_ring(painter, rect, considered, cell)
        if cell >= _RINGS_FROM:
            decision_marks.draw_contour(painter, [transform.map(line) for line in self._contour])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if cell >= _MARKS_FROM:
            radius = min(0.3 * cell, 5.5)
            for decision, at in self._marks:
                decision_marks.draw_mark(painter, decision, transform.map(at), radius)
        painter.restore()

    def _paint_highlight(self, painter: QPainter) -> None:
        band = QPainterPath()
        band.addRect(self._ring_rect(self._highlight))
        band.addRect(self._ring_rect(self._highlight - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255, 110))
        painter.drawPath(band)

    def _paint_tint(self, painter: QPainter) -> None:
        if self._tint.isNull():
            codes = np.ascontiguousarray(self._codes)
            height, width = codes.shape
            tint = QImage(codes.tobytes(), width, height, width, QImage.Format.Format_Indexed8)
            table = [0] * 256
            for decision, color in decision_marks.COLORS.items():
                table[decision] = color.rgb()
            tint.setColorTable(table)
            self._tint = tint.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(self._rect, self._tint)


class RingOverlayView(LagView):
    """The centre square as the rings see it, and what they decide."""

    ring_hovered = Signal(int)  # -1 when the pointer left the rings

    def __init__(self) -> None:
        super().__init__("Rings on the centre square", quantity="value")
        self.short_title = "Rings"
        self._ring = -1
        self._extraction: Any = None
        self.decisions: NDArray[np.uint8] | None = None  # the `Decision` of each pixel on display
        self.rings_item = RingsItem()
        self.box.addItem(self.rings_item, ignoreBounds=True)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the centre square, rings and decisions of an `Extraction`; None empties the view.

        An extraction without rings (statistical selection) shows its centre square and mask.
        """
        self._extraction = extraction
        if extraction is None:
            self.decisions = None
            self.set_plane(None)
            self.rings_item.clear()
            self.legend.set_entries(())
            return
        parameters = extraction.parameters
        self.set_quantity("value, adapted" if _rescaled(parameters) else _quantity(extraction))
        self.set_plane(extraction.centre)
        analysis, self.decisions = extraction.rings, extraction.decisions
        self.title_label.setText(self.title if analysis is not None else "Centre square")
        if analysis is None:
            self.rings_item.clear()
            self.legend.set_entries(())
            self._say_range()
            return
        considered = tuple(ring.considered for ring in analysis.rings)
        self.rings_item.set_content(considered, self.decisions, analysis.above)
        self._say_range()

    def highlight_ring(self, index: int) -> None:
        """Mark a ring, as when its row in the table is under the pointer; -1 for none."""
        self.rings_item.set_highlight(index)

    # --- pointer ------------------------------------------------------------------------------

    def describe(self, x: float, y: float) -> str:
        """Return lag, value, ring and decision."""
        text = super().describe(x, y)
        lag = self.lag_at(x, y)
        self._hover(-1 if lag is None else max(abs(lag[0]), abs(lag[1])))
        if lag is None or self.decisions is None:
            return text
        ring = max(abs(lag[0]), abs(lag[1]))
        height, width = self.decisions.shape
        decision = Decision(self.decisions[height // 2 + lag[0], width // 2 + lag[1]])
        if ring:
            text += f"   ring {ring}"
        word = WORDS[decision]
        return f"{text}, {word}" if word else text

    def _on_left(self) -> None:
        super()._on_left()
        self._hover(-1)

    def _hover(self, ring: int) -> None:
        if ring == 0:
            ring = -1
        if ring != self._ring:
            self._ring = ring
            self.rings_item.set_highlight(ring)
            self.ring_hovered.emit(ring)

    # --- legend -------------------------------------------------------------------------------

    def _say_range(self) -> None:
        """Put the colours' range, where there is no scale, and the rings into the legend."""
        analysis = None if self._extraction is None else self._extraction.rings
        if analysis is None or self.decisions is None or self.plane is None:
            super()._say_range()
            return
        considered = tuple(ring.considered for ring in analysis.rings)
        present = set(np.unique(self.decisions).tolist())
        entries = [self._range_entry()] if self.compact else []
        if any(considered):
            entries.append(Entry("ring considered", _draw_considered))
            entries.append(Entry("above threshold", _draw_contour))
        if not all(considered):
            least = f"{100 * self._extraction.parameters.center_ratio_threshold:.0f} %"
            entries.append(Entry(f"ring under {least}", _draw_not_considered))
        entries += [entry for decision, entry in _MARKS.items() if int(decision) in present]
        self.legend.set_entries(tuple(entries))


def _rescaled(parameters: Any) -> bool:
    return bool(parameters.adapt_autocorr) or parameters.convention == "as-documented"


def _quantity(extraction: Any) -> str:
    from structmask_gui.gui.views.lags.autocorrelation import quantity_text

    return quantity_text(extraction.measurement.parameters)


def _swatch_ground(painter: QPainter, rect: QRectF) -> None:
    # White lines and marks need the ground they have in the picture.
    painter.fillRect(rect, QColor(70, 70, 90))


def _draw_considered(painter: QPainter, rect: QRectF) -> None:
    _swatch_ground(painter, rect)
    decision_marks.draw_ring(painter, rect.adjusted(3, 3, -3, -3), True)


def _draw_not_considered(painter: QPainter, rect: QRectF) -> None:
    _swatch_ground(painter, rect)
    decision_marks.draw_ring(painter, rect.adjusted(3, 3, -3, -3), False)


def _draw_contour(painter: QPainter, rect: QRectF) -> None:
    _swatch_ground(painter, rect)
    y = rect.center().y()
    decision_marks.draw_contour(painter, [QLineF(rect.left() + 2, y, rect.right() - 2, y)])


def _draw_mark(decision: Decision, painter: QPainter, rect: QRectF) -> None:
    _swatch_ground(painter, rect)
    decision_marks.draw_mark(painter, decision, rect.center(), 4.2)


_MARKS = {
    decision: Entry(text, partial(_draw_mark, decision))
    for decision, text in (
        (Decision.KEPT, "kept"),
        (Decision.ADDED, "added by proximity"),
        (Decision.NOT_JOINED, "dropped, not joined"),
        (Decision.OVER_LIMIT, "dropped, over the limit"),
        (Decision.NOT_CLOSE, "dropped by proximity"),
        (Decision.CENTRE, "centre"),
    )
}
