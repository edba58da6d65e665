"""What stands in the middle while no file is open: the ways to begin."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.style.icons import application_icon, icon

_TEXT = (
    "StructMask measures which pixels of your images share their noise, and makes the mask that"
    " StructN2V needs to remove it.<br><br>Drop a stack here, or a folder, or several files to be"
    " averaged."
)

_WIDTH = 360
_RECENT = 5


class Welcome(QFrame):
    """A card with two buttons, and the files that were open last."""

    open_asked = Signal()
    sample_asked = Signal()
    file_asked = Signal(str)

    def __init__(self, parent: QWidget, recent: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(64, 64))
        title = QLabel("Open a stack to begin")
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        text = QLabel(_TEXT)
        text.setWordWrap(True)
        text.setFixedWidth(_WIDTH)
        self.open_button = QPushButton("Open a stack…")
        self.open_button.setDefault(True)
        self.open_button.setToolTip("Choose a stack; several files are averaged (Ctrl+O)")
        self.open_button.clicked.connect(self.open_asked)
        self.sample_button = QPushButton("Try the sample")
        self.sample_button.setToolTip("Open the simulated stack that comes with StructMask")
        self.sample_button.clicked.connect(self.sample_asked)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.sample_button)
        buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(10)
        words.addWidget(title)
        words.addWidget(text)
        words.addLayout(buttons)
        for path in recent[:_RECENT]:
            words.addWidget(self._file_button(path), 0, Qt.AlignmentFlag.AlignLeft)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(20)
        layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words)
        self._restyle()

    def _file_button(self, path: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        metrics = button.fontMetrics()
        name = path.rstrip("/").rpartition("/")[2] or path
        button.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDTH - 20))
        button.setToolTip(path)
        button.setAccessibleName(f"Open {name}")
        button.clicked.connect(partial(self.file_asked.emit, path))
        return button

    def place(self) -> None:
        """Lie in the middle of the parent."""
        parent = self.parentWidget()
        if parent is None:
            return
        self.adjustSize()
        self.move(
            max(0, (parent.width() - self.width()) // 2),
            max(0, (parent.height() - self.height()) // 2),
        )
        self.raise_()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "sample_button"):
            self._restyle()

    def _restyle(self) -> None:
        self.open_button.setIcon(icon("open"))
        self.sample_button.setIcon(icon("stack"))
