"""A group of rows under a heading that folds it away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from structmask_gui.gui.style.colours import smaller

_FOLDS = "Open or close this group"


class Section(QWidget):
    """A heading with an arrow, and below it what it holds."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.open = True  # whether what it holds is visible
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setToolTip(_FOLDS)
        self.button.setAutoRaise(True)
        self.button.setArrowType(Qt.ArrowType.DownArrow)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        font = self.button.font()
        font.setBold(True)
        self.button.setFont(font)
        self.note = QLabel()
        self.note.setEnabled(False)
        self.note.setFont(smaller(self.note.font()))
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.body = QWidget()
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(4, 0, 0, 6)
        self.rows.setSpacing(2)
        heading = QHBoxLayout()
        heading.setContentsMargins(0, 0, 4, 0)
        heading.addWidget(self.button)
        heading.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(heading)
        layout.addWidget(self.body)
        self.button.clicked.connect(self._on_clicked)

    def set_open(self, is_open: bool) -> None:
        """Open or close it."""
        self.open = is_open
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.body.setVisible(is_open)

    def set_note(self, text: str, explanation: str = "") -> None:
        """Say something beside the heading, as that nothing below has an effect, and why."""
        self.note.setText(text)
        self.note.setToolTip(explanation)
        self.button.setToolTip(explanation or _FOLDS)

    def _on_clicked(self) -> None:
        self.set_open(not self.open)
