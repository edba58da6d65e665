"""A line at the bottom of a window that says what was done, offers one step more, and goes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.eliding_label import ElidingLabel

STAYS = 12_000
"""Milliseconds; it waits longer while the pointer is on it."""

_GAP = 12

FRAME_BAR = "frame_bar"
"""Name of a slider over frames, which the toast does not cover."""


class Toast(QFrame):
    """Lies over a window's lower edge and takes no focus; nothing waits for it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._over = window
        self.setObjectName("toast")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.label = ElidingLabel()
        self.label.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.button = QPushButton()
        self.button.setToolTip("Do what this message offers")
        self.button.clicked.connect(self._on_clicked)
        self.dismiss = QToolButton()
        self.dismiss.setAutoRaise(True)
        self.dismiss.setIcon(icon("cancel"))
        self.dismiss.setToolTip("Close this message")
        self.dismiss.setAccessibleName("Close this message")
        self.dismiss.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.dismiss)
        self._answer: Callable[[], object] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STAYS)
        self._timer.timeout.connect(self._on_time)
        window.installEventFilter(self)
        self.hide()

    def say(
        self,
        text: str,
        button: str = "",
        answer: Callable[[], object] | None = None,
        tip: str = "",
    ) -> None:
        """Show a text, perhaps with a button, in place of the one before."""
        self.label.setText(text)
        self.label.set_tip(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.button.setToolTip(tip or button)
        self._answer = answer
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def take_back(self, text: str) -> None:
        """Hide a text, if it still stands there: what it offers is no longer to be had."""
        if self.label.text() == text:
            self.hide()

    def _on_clicked(self) -> None:
        self.hide()
        if self._answer is not None:
            self._answer()

    def _on_time(self) -> None:
        if self.underMouse():
            self._timer.start()
        else:
            self.hide()

    def _place(self) -> None:
        window = self._over
        wanted = self.label.fontMetrics().horizontalAdvance(self.label.text()) + 220
        width = min(wanted, window.width() - 2 * _GAP)
        height = self.sizeHint().height()
        top = window.height() - height - 4 * _GAP
        place = QRect((window.width() - width) // 2, top, width, height)
        for bar in window.findChildren(QWidget, FRAME_BAR):
            covered = QRect(bar.mapTo(window, QPoint()), bar.size())
            if bar.isVisible() and covered.intersects(place):
                place.moveBottom(covered.top() - _GAP)
        self.setGeometry(place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the window changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "dismiss"):
            self.dismiss.setIcon(icon("cancel"))
