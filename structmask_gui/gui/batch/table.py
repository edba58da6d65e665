"""The table of a batch: a row for each job, with its state and its result in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from structmask_gui.core.verdict.certainty import Certainty
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.certainty_icon import draw_sign

if TYPE_CHECKING:
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import JobStatus


class BatchTable(QTableWidget):
    """Shows the jobs of a queue; filled by `fill`, and kept up to date by `show_status`."""

    row_opened = Signal(int)  # a row was pressed twice, or Enter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["File", "State", "Result"])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAccessibleName("Files and their states")
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.resizeSection(0, 260)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(1, 150)
        self._only_doubtful = False
        self._doubtful: set[int] = set()
        self.itemActivated.connect(self._on_activated)

    def _on_activated(self, item: QTableWidgetItem) -> None:
        self.row_opened.emit(item.row())

    def show_only_doubtful(self, on: bool) -> None:
        """Show only the rows that need a look, or all."""
        self._only_doubtful = on
        for row in range(self.rowCount()):
            self.setRowHidden(row, on and row not in self._doubtful)

    def fill(self, queue: BatchQueue | None) -> None:
        """Show the jobs of a queue, or nothing."""
        self._doubtful = set()
        self.setRowCount(0 if queue is None else len(queue.jobs))
        if queue is None:
            return
        for row, (job, status) in enumerate(zip(queue.jobs, queue.statuses, strict=True)):
            name = QTableWidgetItem(job.name)
            name.setToolTip(str(job.path))
            self.setItem(row, 0, name)
            for column in (1, 2):
                self.setItem(row, column, QTableWidgetItem())
            self.show_status(row, status)

    def show_status(self, row: int, status: JobStatus) -> None:
        """Show how far a job has come; a row that is not there is passed over."""
        texts = {
            "pending": "waiting",
            "running": f"{100 * status.progress:.0f} %",
            "done": "kept" if status.kept else "done",
        }
        if status.needs_a_look:
            texts["done"] += f": {status.certainty}"
        words = status.error or status.sentence or status.what
        if status.answer is not None and not status.error:
            words = " ".join(line for line in status.answer.lines if line)
        if status.needs_a_look and status.notes:
            words = f"{words} {status.notes[0]}"
        if status.left_out:
            words = " ".join((words, *status.left_out))
        for column, text in ((1, texts.get(status.state, str(status.state))), (2, _spoken(words))):
            item = self.item(row, column)
            if item is not None:
                item.setText(text)
                item.setToolTip(text)

        needs_a_look = status.needs_a_look or status.state in ("failed", "skipped")
        (self._doubtful.add if needs_a_look else self._doubtful.discard)(row)
        self.setRowHidden(row, self._only_doubtful and not needs_a_look)
        item = self.item(row, 1)
        if item is not None:
            item.setIcon(_state_icon(status))

    def selected(self) -> list[int]:
        """Return the selected rows."""
        return sorted({item.row() for item in self.selectedItems()})


def _spoken(sentence: str) -> str:
    """Return a sentence of the command line as the window says it."""
    return (
        sentence.replace("use --force to replace it", "tick “Replace existing results”")
        .replace("or another --output-dir", "or choose another folder")
        .replace("give another --output-dir", "choose another folder")
    )


_ICONS = {"running": "measure", "failed": "warning", "skipped": "next", "cancelled": "cancel"}


def _state_icon(status: JobStatus) -> QIcon:
    """Return the sign of a job's certainty, or the icon of its state."""
    if status.state == "done" and status.certainty:
        return _sign(status.certainty)
    name = _ICONS.get(str(status.state), "")
    return icon(name) if name else QIcon()


def _sign(certainty: Certainty) -> QIcon:
    pixmap = QPixmap(32, 32)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_sign(painter, QRectF(1, 1, 30, 30), certainty)
    painter.end()
    return QIcon(pixmap)
