"""A table whose row under the pointer, or under the arrow keys, is told to others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget


class HoverTable(QTableView):
    """A table that says when the pointer or the focus left it, and which row a key went to."""

    left = Signal()
    walked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setIconSize(QSize(14, 14))
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(16)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(28)

    def fit(self, font: QFont, samples: Sequence[tuple[str, ...]]) -> None:
        """Make rows and columns as large as a font needs for the widest of each column's samples.

        Whatever the numbers are, the columns then stay where they are.
        """
        for widget in (self, self.horizontalHeader()):
            widget.setFont(font)
        metrics = QFontMetrics(font)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 5)
        for column, texts in enumerate(samples):
            widest = max(metrics.horizontalAdvance(text) for text in texts)
            self.setColumnWidth(column, widest + 8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to another row, and say so."""
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        if self.currentIndex().row() != before:
            self.walked.emit(self.currentIndex().row())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Say it."""
        super().focusOutEvent(event)
        self.left.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Say it."""
        super().leaveEvent(event)
        self.left.emit()
