"""The small parts of a view's header: the read-out and the menu button."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from structmask_gui.gui.style.colours import Theme


class ReadOut(QWidget):
    """One line of text at the right; what does not fit is cut with dots, never wraps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._pen = self.palette().color(QPalette.ColorRole.Text)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def show_text(self, text: str) -> None:
        """Say something else."""
        if text != self._text:
            self._text = text
            self.update()

    def restyle(self, theme: Theme, font: QFont) -> None:
        """Take on the colours and the font."""
        self._pen = theme.muted
        self.setFont(font)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a line; the width is what is left."""
        return QSize(10, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the text."""
        if not self._text:
            return
        painter = QPainter(self)
        painter.setPen(self._pen)
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text
        )
        painter.end()


class MenuButton(QToolButton):
    """Three dots that open the view's menu, drawn in the palette's colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoRaise(True)
        self.setToolTip("Colours, zoom, copy and save this view")
        self.setAccessibleName("View menu")
        self.setFixedSize(22, 20)

    def paintEvent(self, event: Any) -> None:
        """Draw the button and its dots."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.ButtonText))
        middle = QPointF(self.width() / 2, self.height() / 2)
        for step in (-5, 0, 5):
            painter.drawEllipse(middle + QPointF(0, step * 0.9), 1.4, 1.4)
        painter.end()
