"""Which lags are significant, which are large, and which of them the mask keeps."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter

from structmask_gui.gui.style.colours import (
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    YELLOW,
    Colours,
    mixed,
)
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.lags.findings import FINDING_WORDS, Finding, LagFacts
from structmask_gui.gui.views.lags.lag_mark import LagMark
from structmask_gui.gui.views.lags.lag_view import DOWN, RIGHT, lag_rect, lag_text
from structmask_gui.gui.views.legend import Entry
from structmask_gui.gui.views.pens import pen, screen_unit

_GRID_FROM = 4.0
_MARKS_FROM = 7.0


def finding_colors(theme: Colours) -> dict[Finding, QColor]:
    """Return the colour of each finding; a mark in the cell says the same without colour."""
    return {
        Finding.NEITHER: theme.cell,
        Finding.UNPROVEN: mixed(theme.background, REDDISH_PURPLE, 0.75),
        Finding.SMALL: mixed(theme.background, SKY_BLUE, 0.25 if theme.dark else 0.3),
        Finding.OVER_LIMIT: YELLOW,
        # Small cells have no mark, so that the colour alone tells them from the others.
        Finding.LEFT: mixed(theme.background, SKY_BLUE, 0.6 if theme.dark else 0.9),
        Finding.HIDDEN: theme.accent,
        Finding.KEPT: theme.accent,
        Finding.CENTRE: ORANGE,
    }


class FindingsItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Paints all cells, their grid and their marks in one go."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: LagFacts | None = None
        self._theme: Colours | None = None
        self._rect = QRectF()
        self._image = QImage()

    def set_theme(self, theme: Colours) -> None:
        """Take on the colours."""
        self._theme = theme
        self._color()

    def set_facts(self, facts: LagFacts | None) -> None:
        """Show other findings; None shows nothing."""
        self._facts = facts
        rect = QRectF() if facts is None else lag_rect(facts.findings.shape)
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self._color()

    def _color(self) -> None:
        if self._facts is not None and self._theme is not None:
            colors = finding_colors(self._theme)
            table = np.array([colors[finding].rgb() for finding in Finding], np.uint32)
            pixels = table[self._facts.findings]
            height, width = pixels.shape
            image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
            self._image = image.copy()
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        facts, theme = self._facts, self._theme
        if facts is None or theme is None:
            return
        unit = screen_unit(painter)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawImage(self._rect, self._image)
        if 1 / unit >= _GRID_FROM:
            painter.setPen(pen(mixed(theme.background, theme.text, 0.2), 1, unit))
            painter.drawLines(self._grid())
        if 1 / unit >= _MARKS_FROM:
            self._paint_marks(painter, facts, finding_colors(theme))

    def _grid(self) -> list[QLineF]:
        rect = self._rect
        columns = range(round(rect.width()) + 1)
        return [
            QLineF(rect.left() + i, rect.top(), rect.left() + i, rect.bottom()) for i in columns
        ] + [QLineF(rect.left(), rect.top() + i, rect.right(), rect.top() + i) for i in columns]

    def _paint_marks(
        self, painter: QPainter, facts: LagFacts, colors: dict[Finding, QColor]
    ) -> None:
        transform = painter.worldTransform()
        radius = min(5.5, 0.28 * abs(transform.m11()))
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for y, x in np.argwhere(facts.findings != Finding.NEITHER).tolist():
            at = transform.map(QPointF(x - facts.reach, y - facts.reach))
            finding = Finding(int(facts.findings[y, x]))
            negative = bool(facts.rho[y, x] < 0)
            draw_finding(painter, finding, at, radius, colors[finding], negative=negative)
        painter.restore()


def draw_finding(
    painter: QPainter,
    finding: Finding,
    at: QPointF,
    radius: float,
    ground: QColor,
    *,
    negative: bool = False,
) -> None:
    """Draw the mark of a finding about a point, in pixels, in black or white upon a ground.

    Lags that share noise carry the sign of their correlation, in a frame where they stay visible,
    small ones a dot, hidden uncertain ones a ring, insignificant large ones a stroke, dropped ones
    a cross, and the centre a disc. The ground says whether a lag is in the mask.
    """
    x, y, r = at.x(), at.y(), radius
    ink = QColor(255, 255, 255) if ground.lightnessF() < 0.45 else QColor(0, 0, 0)
    if finding in (Finding.KEPT, Finding.LEFT):
        painter.setPen(pen(ink, 2.0))
        painter.drawLine(QLineF(x - r, y, x + r, y))
        if not negative:
            painter.drawLine(QLineF(x, y - r, x, y + r))
        if finding is Finding.LEFT:
            painter.setPen(pen(ink, 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(x - 1.4 * r, y - 1.4 * r, 2.8 * r, 2.8 * r))
        return
    painter.setPen(pen(ink, 1.6))
    if finding is Finding.HIDDEN:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, r * 0.6, r * 0.6)
    elif finding is Finding.SMALL:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(at, r * 0.35, r * 0.35)
    elif finding is Finding.UNPROVEN:
        painter.drawLine(QLineF(x - r * 0.8, y + r * 0.8, x + r * 0.8, y - r * 0.8))
    elif finding is Finding.OVER_LIMIT:
        painter.drawLine(QLineF(x - r * 0.8, y + r * 0.8, x + r * 0.8, y - r * 0.8))
        painter.drawLine(QLineF(x - r * 0.8, y - r * 0.8, x + r * 0.8, y + r * 0.8))
    elif finding is Finding.CENTRE:
        painter.setBrush(ink)
        painter.drawEllipse(at, r * 0.7, r * 0.7)


class SignificanceView(PictureView):
    """Why each pixel is in the mask or not: a cell for each lag."""

    HAS_COLORMAP = False

    lag_hovered = Signal(object)  # (dy, dx), or None

    def __init__(self) -> None:
        super().__init__("Why these pixels", RIGHT, DOWN)
        self.facts: LagFacts | None = None  # what is on display
        self.findings_item = FindingsItem()
        self.mark = LagMark()
        for item in (self.findings_item, self.mark):
            self.box.addItem(item, ignoreBounds=True)
        self.box.setLimits(minXRange=2, minYRange=2)
        self.restyle()

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the findings of an `Extraction`; None, or one by the other method, empties it."""
        self.facts = None if extraction is None else LagFacts.of(extraction)
        self.findings_item.set_facts(self.facts)
        if self.facts is None:
            self.mark.set_lag(None, QRectF())
            self.legend.set_entries(())
            return
        self.set_content(lag_rect(self.facts.findings.shape))
        self._update_legend(self.facts)

    def mark_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark a lag (dy, dx), as when its row in the table is under the pointer; None for none."""
        self.mark.set_lag(lag, self.content)

    def _lag_at(self, x: float, y: float) -> tuple[int, int] | None:
        if self.facts is None:
            return None
        dy, dx, reach = math.floor(y + 0.5), math.floor(x + 0.5), self.facts.reach
        return (dy, dx) if max(abs(dy), abs(dx)) <= reach else None

    def describe(self, x: float, y: float) -> str:
        """Return lag, correlation with error, q-value and finding."""
        lag = self._lag_at(x, y)
        self.lag_hovered.emit(lag)
        if lag is None or self.facts is None:
            return ""
        word = self.facts.said(FINDING_WORDS[self.facts.finding(*lag)])
        return f"{lag_text(*lag)}   {self.facts.text(*lag)}   {word}"

    def _on_left(self) -> None:
        super()._on_left()
        self.lag_hovered.emit(None)

    def _update_legend(self, facts: LagFacts) -> None:
        present = set(np.unique(facts.findings).tolist())
        entries = []
        for finding, text in (
            (Finding.KEPT, "shares noise, hidden"),
            (Finding.LEFT, "shares noise, left visible"),
            (Finding.HIDDEN, "hidden, not certain"),
            (Finding.OVER_LIMIT, "over the limit"),
            (Finding.SMALL, "real, but negligible"),
            (Finding.UNPROVEN, "not certain"),
            (Finding.NEITHER, "no shared noise"),
            (Finding.CENTRE, "centre"),
        ):
            if int(finding) in present:
                entries.append(Entry(facts.said(text), partial(self._draw_swatch, finding)))
        self.legend.set_entries(tuple(entries))

    def _draw_swatch(self, finding: Finding, painter: QPainter, rect: QRectF) -> None:
        square = QRectF(rect.center().x() - 6, rect.center().y() - 6, 12, 12)
        painter.fillRect(square, finding_colors(self.theme)[finding])
        if finding is Finding.NEITHER:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen(self.theme.line, 1))
            painter.drawRect(square)
        draw_finding(painter, finding, square.center(), 4.0, finding_colors(self.theme)[finding])

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        if hasattr(self, "findings_item"):
            self.findings_item.set_theme(self.theme)
