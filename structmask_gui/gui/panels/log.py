"""The log of this run, to search and copy."""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.desktop.logs import LogLines
from structmask_gui.gui.style.app_theme import fixed_font
from structmask_gui.gui.widgets.inputs import Choice

_LEVELS = (("Everything", logging.DEBUG), ("Warnings and errors", logging.WARNING))


class LogPanel(QWidget):
    """Shows what was done and what went wrong, newest line last."""

    def __init__(self, lines: LogLines) -> None:
        super().__init__()
        self._lines = lines
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(2000)
        self.text.setFont(fixed_font())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Log")
        self.search = QLineEdit()
        self.search.setToolTip("Show only lines with these words")
        self.search.setPlaceholderText("Search the log")
        self.search.setAccessibleName("Search the log")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._refill)
        self.level = Choice()
        self.level.show_all()
        self.level.setToolTip("Show lines of this importance and above")
        self.level.setAccessibleName("Which lines to show")
        for name, level in _LEVELS:
            self.level.addItem(name, level)
        self.level.currentIndexChanged.connect(self._refill)
        copy = QPushButton("Copy")
        copy.setToolTip("Copy the lines shown to the clipboard")
        copy.clicked.connect(self.copy)
        bar = QHBoxLayout()
        bar.addWidget(self.search, 1)
        bar.addWidget(self.level)
        bar.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)
        self._refill()
        lines.line.connect(self._add, Qt.ConnectionType.QueuedConnection)

    def copy(self) -> None:
        """Put the lines shown on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _wanted(self, level: int, text: str) -> bool:
        return level >= self.level.currentData() and self.search.text().lower() in text.lower()

    def _refill(self) -> None:
        kept = [text for level, text in list(self._lines.kept) if self._wanted(level, text)]
        self.text.setPlainText("\n".join(kept))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _add(self, level: int, text: str) -> None:
        if self._wanted(level, text):
            self.text.appendPlainText(text)
