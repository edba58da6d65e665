"""A small button in a line of text that names a file; a long name is cut in the middle."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton

_MARGINS = 22
_LEAST = 60


class Chip(QToolButton):
    """Never asks for more room than there is, as a button with a long text would."""

    def __init__(self) -> None:
        super().__init__()
        self._whole, self._name = "", ""
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def say(self, text: str, name: str = "") -> None:
        """Show a text; the name in it is what may be cut."""
        self._whole, self._name = text, name
        self.setAccessibleName(text)
        self.updateGeometry()
        self._fit()

    def _fit(self) -> None:
        text, metrics = self._whole, self.fontMetrics()
        too_long = metrics.horizontalAdvance(text) + _MARGINS - self.width()
        if too_long > 0 and self._name:
            room = max(0, metrics.horizontalAdvance(self._name) - too_long)
            short = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
            text = text.replace(self._name, short)
        if text != self.text():
            self.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the name anew."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Return room for the whole text."""
        width = self.fontMetrics().horizontalAdvance(self._whole) + _MARGINS
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return QSize(_LEAST, super().sizeHint().height())
