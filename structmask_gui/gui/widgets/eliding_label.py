"""A label of one line that is cut with dots instead of asking for more room.

Another text never asks for another layout, as Qt's labels do: the result's sentence changes with
every step of a slider, and laying out the window takes longer than painting it. (superqt has such
a label too, but importing superqt takes as long as half of the window's first paint.)
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from structmask_gui.gui.style.colours import smaller


class ElidingLabel(QLabel):
    """A label that shows as much of its text as fits; the tooltip has all of a cut one."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        smallest: float = 1.0,
        clauses: bool = False,
    ) -> None:
        super().__init__(parent)
        self._clauses = clauses
        self._smallest = smallest
        self._mode = mode
        self._tip = ""
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def text(self) -> str:
        """Return the whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self._update_tip()
            self.update()

    def set_tip(self, text: str) -> None:
        """Say something in the tooltip beside a cut text."""
        self._tip = text
        self._update_tip()

    @property
    def is_cut(self) -> bool:
        """Whether not all of the text is seen."""
        return QFontMetrics(self._fitting_font()).horizontalAdvance(self._text) > self.width()

    def _fitting_font(self) -> QFont:
        """Return the font in the size in which the text fits, or in the smallest."""
        font = self.font()
        needed = self.fontMetrics().horizontalAdvance(self._text)
        if needed > self.width() and self._smallest < 1:
            # A little less: letters are placed on whole pixels.
            share = 0.98 * self.width() / needed
            return smaller(font, max(self._smallest, share))
        return font

    def _update_tip(self) -> None:
        self.setToolTip(self._tip or (self._text if self.is_cut else ""))

    def sizeHint(self) -> QSize:
        """Return the height of a line; the width is what is left."""
        return QSize(120, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for some dots."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("…") + 8, metrics.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Look again whether the text fits."""
        super().resizeEvent(event)
        self._update_tip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        font = self._fitting_font()
        painter.setFont(font)
        text = QFontMetrics(font).elidedText(self._text, self._mode, self.width())
        if self._clauses and text != self._text:
            text = whole_clauses(text)
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.end()


def whole_clauses(cut: str) -> str:
    """Return a text that was cut with dots, cut after the last clause that is whole instead."""
    end = max(cut.rfind(mark) for mark in (", ", ". "))
    return cut if end <= 0 else f"{cut[:end]} …"
