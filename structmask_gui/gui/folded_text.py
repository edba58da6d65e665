"""Sentences of which two lines are seen, and all of them when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

LINES = 2
"""Lines that are always there, so that what lies below does not jump."""

_MOST_LINES = 14


class FoldedText(QWidget):
    """Quiet text in two lines, the second cut with dots; opened, a line or more for each sentence.

    Signals
    -------
    cut_changed(bool)
        Whether there is more than is seen.
    """

    cut_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentences: tuple[str, ...] = ()
        self._open = False
        self._cut = False
        self._role = QPalette.ColorRole.PlaceholderText
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._follow()

    def text(self) -> str:
        """Return all sentences on one line."""
        return "  ".join(self._sentences)

    def set_sentences(self, sentences: Sequence[str]) -> None:
        """Show other sentences."""
        if tuple(sentences) != self._sentences:
            self._sentences = tuple(sentences)
            self.setAccessibleName(self.text())
            self._follow()
            self.update()

    @property
    def is_cut(self) -> bool:
        """Whether there is more than two lines show."""
        return self._cut

    @property
    def open(self) -> bool:
        """Whether all is seen."""
        return self._open

    def set_open(self, is_open: bool) -> None:
        """Show all, or two lines."""
        self._open = is_open
        self._follow()
        self.update()

    def _broken(self, text: str) -> list[str]:
        """Break a text into lines of the present width."""
        layout = QTextLayout(text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        layout.setTextOption(option)
        lines = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(self.width(), 1))
            lines.append(text[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
        return lines

    def lines(self) -> list[str]:
        """Return the lines as they are seen."""
        if self._open:
            lines = [line for one in self._sentences for line in self._broken(one)]
            return lines[:_MOST_LINES]
        whole = self._broken(self.text())
        if len(whole) <= LINES:
            return whole
        rest = self.text()[sum(len(line) for line in whole[: LINES - 1]) :].strip()
        last = self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, self.width())
        return [*whole[: LINES - 1], last]

    def _follow(self) -> None:
        """Take the height that the lines need, and tell whether there are more."""
        cut = len(self._broken(self.text())) > LINES
        count = max(LINES, len(self.lines())) if self._open else LINES
        height = round(count * QFontMetricsF(self.font()).lineSpacing()) + 2
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
        self.setToolTip("\n".join(self._sentences) if cut and not self._open else "")
        if cut != self._cut:
            self._cut = cut
            self.cut_changed.emit(cut)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._follow()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._follow()

    def sizeHint(self) -> QSize:
        """Return the present height; the width is what there is."""
        return QSize(200, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        """Return room for some words."""
        return QSize(60, self.minimumHeight())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self._role))
        metrics = QFontMetricsF(self.font())
        for number, line in enumerate(self.lines()):
            painter.drawText(QPointF(0, metrics.ascent() + number * metrics.lineSpacing()), line)
        painter.end()
