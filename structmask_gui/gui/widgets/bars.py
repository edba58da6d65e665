"""A share as a bar, with its name, its value and a sentence."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from structmask_gui.gui.style.colours import mixed, smaller
from structmask_gui.gui.style.themed import Themed
from structmask_gui.gui.widgets.labels import paragraph, say


class ShareBar(Themed):
    """A horizontal bar, filled from the left by a share of 0 to 1."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.share = 0.0
        self.pale = False
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        """Fill another share."""
        share = min(max(share, 0.0), 1.0)
        if share != self.share:
            self.share = share
            self.update()

    def sizeHint(self) -> QSize:
        """Return a bar's size."""
        return QSize(160, 12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw trough and bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self.theme
        rect = QRectF(self.rect()).adjusted(0.5, 1.5, -0.5, -1.5)
        painter.setPen(theme.line)
        painter.setBrush(mixed(theme.background, theme.text, 0.1))
        painter.drawRoundedRect(rect, 3, 3)
        if self.share > 0:
            filled = QRectF(rect)
            filled.setWidth(max(3.0, rect.width() * self.share))
            painter.setPen(Qt.PenStyle.NoPen)
            ink = QColor(theme.second)
            painter.setBrush(mixed(theme.background, ink, 0.4) if self.pale else ink)
            painter.drawRoundedRect(filled, 3, 3)
        painter.end()


class BarRow(QWidget):
    """A name and a value over a bar, and a sentence below."""

    def __init__(self, name: str, explanation: str) -> None:
        super().__init__()
        self.name = QLabel(name)
        self.value = QLabel()
        font = self.value.font()
        font.setBold(True)
        self.value.setFont(font)
        self.bar = ShareBar(name)
        self.zero, self.full = QLabel("0"), QLabel()
        self._scale = QWidget()
        scale = QHBoxLayout(self._scale)
        scale.setContentsMargins(0, 0, 0, 0)
        scale.addWidget(self.zero)
        scale.addStretch(1)
        scale.addWidget(self.full)
        for label in (self.zero, self.full):
            label.setFont(smaller(label.font()))
        self._scale.hide()
        self.sentence = paragraph()
        self.setToolTip(explanation)
        head = QHBoxLayout()
        head.addWidget(self.name)
        head.addSpacing(6)
        head.addStretch(1)
        head.addWidget(self.value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addWidget(self._scale)
        layout.addWidget(self.sentence)

    def set_pale(self, pale: bool) -> None:
        """Draw it pale, where what it says is in doubt."""
        role = QPalette.ColorRole.PlaceholderText if pale else QPalette.ColorRole.WindowText
        for label in (self.name, self.value, self.zero, self.full, self.sentence):
            label.setForegroundRole(role)
        self.bar.pale = pale
        self.bar.update()

    def show_share(self, share: float, value: str, sentence: str, full: str = "") -> None:
        """Show a share of 0 to 1, its value in words, what it means, and what a full bar is."""
        say(self.full, full)
        self._scale.setVisible(bool(full))
        self.bar.set_share(share)
        say(self.value, value)
        say(self.sentence, sentence)
        self.sentence.setVisible(bool(sentence))
