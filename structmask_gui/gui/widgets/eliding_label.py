"""A label of one line that is cut with dots instead of asking for more room.

For names of files and folders, of which even the longest must not widen a panel. Another text never
asks for another layout, as Qt's labels do. (superqt has such a label too, but importing superqt
takes as long as half of the window's first paint.)
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


class ElidingLabel(QLabel):
    """A label that shows as much of its text as fits; the tooltip has all of a cut one."""

    def __init__(
        self,
        text: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__()
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
        return self.fontMetrics().horizontalAdvance(self._text) > self.width()

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
        text = self.fontMetrics().elidedText(self._text, self._mode, self.width())
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.end()
