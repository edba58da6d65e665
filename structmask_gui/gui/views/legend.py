"""A legend beside or below a picture, never upon it: swatches with words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from structmask_gui.gui.style.colours import Colours, smaller

_ANY = 16777215  # Qt's largest size
_SWATCH = 18.0
_GAP = 14.0
_MARGIN = 8.0


@dataclass(frozen=True)
class Entry:
    """A word and what draws its swatch into a rectangle."""

    text: str
    draw: Callable[[QPainter, QRectF], None]


class Legend(QWidget):
    """The entries in as many lines as the width makes of them."""

    needs_room = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._theme = Colours.of(self.palette())
        self._size = QSize(0, 0)
        self._column = False
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    @property
    def texts(self) -> tuple[str, ...]:
        """The words that stand in it."""
        return tuple(entry.text for entry in self._entries)

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other entries."""
        if entries == self._entries:
            return  # painting it takes as long as a view
        changed = [e.text for e in entries] != [e.text for e in self._entries]
        self._entries = entries
        self.update()
        if changed:
            self.needs_room.emit()

    def restyle(self, theme: Colours) -> None:
        """Take on the colours."""
        self._theme = theme
        self.update()

    def _places(self, width: float, *, column: bool = False) -> list[tuple[float, float]]:
        metrics = QFontMetricsF(smaller(self.font()))
        line = self._line_height()
        x, y, places = _MARGIN, 2.0, []
        for entry in self._entries:
            need = _SWATCH + 5 + metrics.horizontalAdvance(entry.text)
            if x > _MARGIN and (column or x + need > width - _MARGIN):
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

    def stand_below(self, height: int) -> None:
        """Take a line, or more, of the whole width."""
        self._column = False
        self._take(QSize(0, height), QSize(_ANY, height))

    def stand_beside(self, width: int) -> None:
        """Take a column of the whole height, an entry in each line."""
        self._column = True
        self._take(QSize(width, 0), QSize(width, _ANY))

    def _take(self, smallest: QSize, largest: QSize) -> None:
        if (smallest, largest) == (self._size, self.maximumSize()):
            return  # setting it anew would lay out the view again
        self._size = smallest
        self.setMinimumSize(smallest)
        self.setMaximumSize(largest)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the size that the view gave it."""
        return self._size

    def column_width(self) -> int:
        """Return the width that the entries need below each other."""
        if not self._entries:
            return 0
        metrics = QFontMetricsF(smaller(self.font()))
        widest = max(metrics.horizontalAdvance(entry.text) for entry in self._entries)
        return round(widest + _SWATCH + 5 + 2 * _MARGIN + 1)

    def paint_on(self, painter: QPainter, rect: QRectF, *, column: bool = False) -> None:
        """Draw the legend into a rectangle, in lines or in a column."""
        font = smaller(self.font())
        metrics = QFontMetricsF(font)
        line = self._line_height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self._places(rect.width(), column=column)
        for entry, (x, y) in zip(self._entries, places, strict=True):
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
        self.paint_on(painter, QRectF(self.rect()), column=self._column)
        painter.end()
