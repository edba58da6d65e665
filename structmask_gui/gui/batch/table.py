"""The table of a batch: a row for each job, with its state and its result in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

if TYPE_CHECKING:
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import JobStatus


class BatchTable(QTableWidget):
    """Shows the jobs of a queue; filled by `fill`, and kept up to date by `show_status`."""

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
        header.resizeSection(1, 130)

    def fill(self, queue: BatchQueue | None) -> None:
        """Show the jobs of a queue, or nothing."""
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
        if status.needs_a_look and status.notes:
            words = f"{words} {status.notes[0]}"
        if status.left_out:
            words = " ".join((words, *status.left_out))
        for column, text in ((1, texts.get(status.state, str(status.state))), (2, _spoken(words))):
            item = self.item(row, column)
            if item is not None:
                item.setText(text)
                item.setToolTip(text)

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
