"""A legend below a picture, never upon it: swatches with words, wrapped to the width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from structmask_gui.gui.views.theme import Theme, smaller

_SWATCH = 18.0
_GAP = 14.0
_MARGIN = 8.0


@dataclass(frozen=True)
class Entry:
    """A word and what draws its swatch into a rectangle."""

    text: str
    draw: Callable[[QPainter, QRectF], None]


class Legend(QWidget):
    """The entries side by side, in as many lines as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[Entry, ...] = ()
        self._theme = Theme.of(self.palette())
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._fit()

    @property
    def texts(self) -> tuple[str, ...]:
        """The words that stand in it."""
        return tuple(entry.text for entry in self._entries)

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other entries."""
        if [e.text for e in entries] != [e.text for e in self._entries]:
            self._entries = entries
            self._fit()
        self._entries = entries
        self.update()

    def restyle(self, theme: Theme) -> None:
        """Take on the colours."""
        self._theme = theme
        self._fit()
        self.update()

    def _places(self, width: float) -> list[tuple[float, float]]:
        metrics = QFontMetricsF(smaller(self.font()))
        line = self._line_height()
        x, y, places = _MARGIN, 2.0, []
        for entry in self._entries:
            need = _SWATCH + 5 + metrics.horizontalAdvance(entry.text)
            if x > _MARGIN and x + need > width - _MARGIN:
                x, y = _MARGIN, y + line
            places.append((x, y))
            x += need + _GAP
        return places

    def _line_height(self) -> float:
        return QFontMetricsF(smaller(self.font())).height() + 3

    def height_for(self, width: float) -> int:
        """Return the height that the entries need at a width."""
        if not self._entries:
            return 0
        return round(self._places(width)[-1][1] + self._line_height() + 3)

    def _fit(self) -> None:
        self.setFixedHeight(self.height_for(self.width()))

    def paint_on(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the legend into a rectangle."""
        font = smaller(self.font())
        metrics = QFontMetricsF(font)
        line = self._line_height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for entry, (x, y) in zip(self._entries, self._places(rect.width()), strict=True):
            top = rect.top() + y
            left = rect.left() + x
            painter.save()
            entry.draw(painter, QRectF(left, top + (line - 13) / 2, _SWATCH, 13))
            painter.restore()
            painter.setFont(font)
            painter.setPen(self._theme.muted)
            baseline = top + (line + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(left + _SWATCH + 5, baseline), entry.text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the legend."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.background)
        self.paint_on(painter, QRectF(self.rect()))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def sizeHint(self) -> QSize:
        """Return the size at the present width."""
        return QSize(200, self.height_for(self.width()))
