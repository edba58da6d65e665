"""Sentences of which two lines are seen, and all of them in a sheet that opens upon them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

LINES = 2
"""Lines that are always there, so that what lies below does not jump."""

_MARGIN = 10


class FoldedText(QWidget):
    """Quiet text in two lines, the second cut with dots.

    All of it is shown in a sheet above what lies below: room made for it would make a small window
    grow.
    """

    cut_changed = Signal(bool)  # whether there is more than is seen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentences: tuple[str, ...] = ()
        self.sheet: QFrame | None = None
        self.is_cut = False  # whether there is more than two lines show
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

    def show_all(self) -> None:
        """Show every sentence on a line of its own until the user clicks or presses a key."""
        sheet = QFrame(self, Qt.WindowType.Popup)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.setFrameShape(QFrame.Shape.StyledPanel)
        sheet.setBackgroundRole(QPalette.ColorRole.Base)
        sheet.destroyed.connect(self._on_sheet_gone)
        label = QLabel("\n".join(f"• {sentence}" for sentence in self._sentences))
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(sheet)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addWidget(label)
        sheet.setFixedWidth(self.width() + 2 * _MARGIN)
        sheet.move(self.mapToGlobal(QPoint(-_MARGIN, -_MARGIN)))
        self.sheet = sheet
        sheet.show()

    def _on_sheet_gone(self) -> None:
        self.sheet = None

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
        whole = self._broken(self.text())
        if len(whole) <= LINES:
            return whole
        rest = self.text()[sum(len(line) for line in whole[: LINES - 1]) :].strip()
        last = self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, self.width())
        return [*whole[: LINES - 1], last]

    def _follow(self) -> None:
        """Take the height of the lines, and tell whether there are more."""
        cut = len(self._broken(self.text())) > LINES
        self.setFixedHeight(round(LINES * QFontMetricsF(self.font()).lineSpacing()) + 2)
        self.setToolTip("\n".join(self._sentences) if cut else "")
        if cut != self.is_cut:
            self.is_cut = cut
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
