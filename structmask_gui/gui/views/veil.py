"""The veil over a picture that is out of date, and the sentence where there is none yet."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.style.colours import Theme, mixed


class Veil(QWidget):
    """Lies over a widget, lets the mouse through, and is hidden when there is nothing to say."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._stale = ""
        self._placeholder = ""
        self._theme = Theme.of(over.palette())
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty when it is away."""
        return self._placeholder or self._stale

    def set_stale(self, text: str) -> None:
        """Say that what lies under it is out of date; empty takes the veil away."""
        self._stale = text
        self._refresh()

    def set_placeholder(self, text: str) -> None:
        """Cover what lies under it with a sentence; empty takes it away."""
        self._placeholder = text
        self._refresh()

    def restyle(self, theme: Theme) -> None:
        """Take on the colours."""
        self._theme = theme
        self.update()

    def follow(self) -> None:
        """Take the size of the widget below."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())

    def _refresh(self) -> None:
        self.follow()
        self.setVisible(bool(self.text))
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the veil and its sentence."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        theme = self._theme
        if self._placeholder:
            painter.fillRect(rect, theme.background)
            painter.setPen(theme.muted)
            inner = rect.adjusted(24, 8, -24, -8)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(inner, flags, self._placeholder)
            painter.end()
            return
        fog = QColor(theme.background)
        fog.setAlpha(150)
        painter.fillRect(rect, fog)
        metrics = self.fontMetrics()
        width = min(metrics.horizontalAdvance(self._stale) + 28, self.width() - 12)
        label = QRectF((rect.width() - width) / 2, 10, width, metrics.height() + 10)
        painter.setPen(theme.line)
        painter.setBrush(mixed(theme.background, theme.text, 0.08))
        painter.drawRoundedRect(label, label.height() / 2, label.height() / 2)
        painter.setPen(theme.text)
        text = metrics.elidedText(self._stale, Qt.TextElideMode.ElideRight, int(width) - 20)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
