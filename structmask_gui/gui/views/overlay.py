"""The small parts of a view's header: the read-out and the menu button."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from structmask_gui.gui.style.colours import Colours, mixed


class ReadOut(QWidget):
    """One line of text at the right; what does not fit is cut with dots, never wraps."""

    def __init__(self) -> None:
        super().__init__()
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

    def restyle(self, theme: Colours, font: QFont) -> None:
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

    def __init__(self) -> None:
        super().__init__()
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


class Veil(QWidget):
    """Lies over a widget, lets the mouse through, and is hidden when there is nothing to say."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._stale = ""
        self._placeholder = ""
        self._theme = Colours.of(over.palette())
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

    def restyle(self, theme: Colours) -> None:
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
        text = self._stale
        if metrics.horizontalAdvance(text) + 20 > self.width() - 12:
            text = "…"  # a small view is pale, which says the same; no words are cut
        width = min(metrics.horizontalAdvance(text) + 28, self.width() - 12)
        label = QRectF((rect.width() - width) / 2, 10, width, metrics.height() + 10)
        painter.setPen(theme.line)
        painter.setBrush(mixed(theme.background, theme.text, 0.08))
        painter.drawRoundedRect(label, label.height() / 2, label.height() / 2)
        painter.setPen(theme.text)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


class Zoomed(Protocol):
    """A picture that can be zoomed."""

    def zoom(self, factor: float) -> None:
        """Show it so many times as large."""
        ...

    def reset_zoom(self) -> None:
        """Show everything."""
        ...


def zoom_by_key(picture: Zoomed, key: int) -> bool:
    """Zoom if that is what a key does; return whether it does."""
    if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
        picture.zoom(1.25)
    elif key == Qt.Key.Key_Minus:
        picture.zoom(0.8)
    elif key == Qt.Key.Key_0:
        picture.reset_zoom()
    else:
        return False
    return True
