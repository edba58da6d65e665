"""The table of a batch: a row for each job, with its state and its result in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.core.verdict.certainty import SIGN_OF, Certainty
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.certainty_icon import Sign, draw_sign

if TYPE_CHECKING:
    from structmask_gui.core.recommend.shared import Fit
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import JobStatus
    from structmask_gui.io.extract_files import Input
    from structmask_gui.io.one_mask import Checked


_RESULT = 2
"""The column of the result."""


class BatchTable(QTableWidget):
    """Shows the jobs of a queue; filled by `fill`, and kept up to date by `show_status`."""

    row_opened = Signal(int)  # a row was pressed twice, or Enter

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels(["File", "State", "Result"])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        # Results wrap, for no answer is cut; names are cut in the middle.
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Files and their states")
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.resizeSection(0, 260)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(1, 150)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self.sort_by)
        self._sorted: tuple[int, bool] = (-1, False)
        self._only_doubtful = False
        self._doubtful: set[int] = set()
        self._results: dict[int, str] = {}  # the state of each row that has a result
        self._old = False
        self._paths: list[tuple[Path, ...]] = []
        self.itemActivated.connect(self._on_activated)
        # Later: while the header resizes a section, the rows still ask for the height they had.
        header.sectionResized.connect(self._on_resized, Qt.ConnectionType.QueuedConnection)

    def _on_resized(self, column: int, _old: int, _new: int) -> None:
        if column == _RESULT:
            for row in range(self.rowCount()):
                self._fit(row)

    def _fit(self, row: int) -> None:
        """Give a row the height of its wrapped result, and some air."""
        self.setRowHeight(row, max(22, self.sizeHintForRow(row) + 6))

    def _on_activated(self, item: QTableWidgetItem) -> None:
        self.row_opened.emit(item.row())

    def sort_by(self, column: int) -> None:
        """Put the rows in the order of a column, or in the reverse order; numbers stay the same."""
        backwards = self._sorted == (column, False)
        self._sorted = column, backwards
        items = [self.item(row, column) for row in range(self.rowCount())]
        texts = ["" if item is None else item.text().casefold() for item in items]
        order = sorted(range(len(texts)), key=texts.__getitem__, reverse=backwards)
        self._show_in(order)
        shown = Qt.SortOrder.DescendingOrder if backwards else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, shown)
        self.horizontalHeader().setSortIndicatorShown(True)

    def _show_in(self, order: Sequence[int]) -> None:
        """Show the rows in an order; each keeps its number."""
        rows = self.verticalHeader()
        for place, row in enumerate(order):
            rows.moveSection(rows.visualIndex(row), place)

    def show_only_doubtful(self, on: bool) -> None:
        """Show only the rows that need a look, or all."""
        self._only_doubtful = on
        for row in range(self.rowCount()):
            self.setRowHidden(row, on and row not in self._doubtful)

    def fill(self, queue: BatchQueue | None) -> None:
        """Show the jobs of a queue, or nothing."""
        jobs = () if queue is None else queue.jobs
        self._list([(job.name, job.path, tuple(item.path for item in job.inputs)) for job in jobs])
        for row, status in enumerate(() if queue is None else queue.statuses):
            self.show_status(row, status)

    def list_files(self, inputs: Sequence[Input]) -> None:
        """Show a row for each file, to be filled by `show_fit`."""
        self._list([(item.path.name, item.path, (item.path,)) for item in inputs])

    def paths_of(self, row: int) -> tuple[Path, ...]:
        """Return the files of a row."""
        return self._paths[row]

    def _list(self, rows: Sequence[tuple[str, Path, tuple[Path, ...]]]) -> None:
        self._doubtful, self._results = set(), {}
        self.horizontalHeader().setSortIndicatorShown(False)
        self._sorted = -1, False
        self._paths = [paths for *_, paths in rows]
        self.setRowCount(len(rows))
        for row, (name, place, _) in enumerate(rows):
            item = QTableWidgetItem(name)
            item.setToolTip(str(place))
            self.setItem(row, 0, item)
            for column in (1, 2):
                self.setItem(row, column, QTableWidgetItem())
            self.setRowHidden(row, False)
        self._show_in(range(len(rows)))

    def show_status(self, row: int, status: JobStatus) -> None:
        """Show how far a job has come; a row that is not there is passed over."""
        texts = {
            "pending": "waiting",
            "running": f"{100 * status.progress:.0f} %",
            "done": "kept" if status.kept else "done",
        }
        if sure := "doubtful" if status.doubt else status.sure:
            texts["done"] += f": {sure}"
        if status.used:
            texts["done"] += f", {status.used}"
        words = status.error or status.sentence or status.what
        if status.answer is not None and not status.error:
            words = " ".join(line for line in status.answer.lines if line)
        elif status.needs_a_look and status.notes:
            words = f"{words} {status.notes[0]}"
        if status.left_out:
            words = " ".join((words, *status.left_out))
        state = texts.get(status.state, str(status.state))
        for column, text in ((1, state), (2, _spoken(words))):
            item = self.item(row, column)
            if item is not None:
                item.setText(text)
                item.setToolTip(_spoken("\n".join((text, *status.notes))) if status.fits else text)
        self._keep(row, state if status.state == "done" else "")
        needs_a_look = status.needs_a_look or status.state in ("failed", "skipped")
        (self._doubtful.add if needs_a_look else self._doubtful.discard)(row)
        self.setRowHidden(row, self._only_doubtful and not needs_a_look)
        item = self.item(row, 1)
        if item is not None:
            item.setIcon(_state_icon(status))

    def show_fit(self, row: int, checked: Checked) -> None:
        """Show whether the mask that is checked fits the file of a row."""
        fit = checked.fit
        state = "failed" if fit is None else fit.word
        text = _spoken(checked.error) if fit is None else fit.sentence
        for column, words in ((1, state), (2, text)):
            item = self.item(row, column)
            if item is not None:
                item.setText(words)
                item.setToolTip(words)
        self._keep(row, state)
        sign: Sign = "failed" if fit is None else _sign_of(fit)
        good = sign == "sure"
        (self._doubtful.discard if good else self._doubtful.add)(row)
        self.setRowHidden(row, self._only_doubtful and good)
        item = self.item(row, 1)
        if item is not None:
            item.setIcon(_sign(sign))

    def mark_old(self, on: bool) -> None:
        """Mark the results as made with other settings, or no longer."""
        if on != self._old:
            self._old = on
            for row, state in list(self._results.items()):
                self._keep(row, state)

    def _keep(self, row: int, state: str) -> None:
        """Show the state of a row that has a result, empty for none, and whether it is old."""
        item = self.item(row, 1)
        if state and item is not None:
            self._results[row] = state
            item.setText(f"{state} (other settings)" if self._old else state)
        self._fit(row)

    def selected(self) -> list[int]:
        """Return the selected rows."""
        return sorted({item.row() for item in self.selectedItems()})


def _spoken(sentence: str) -> str:
    """Return a sentence of the command line as the window says it."""
    return in_labels(
        sentence.replace("use --force to replace it", "tick “Replace existing results”")
        .replace("or another --output-dir", "or choose another folder")
        .replace("give another --output-dir", "choose another folder")
    )


_FIT_SIGNS: dict[str, Certainty] = {
    "gains little": "attention",
    "does harm": "attention",
    "fits worse": "not sure",
    "does not fit": "attention",
    "cannot tell": "cannot tell",
}


def _sign_of(fit: Fit) -> Certainty:
    """Return the sign of a fit: no tick where a mask is not all that the file needs."""
    if fit.word != "fits":
        return _FIT_SIGNS[fit.word]
    return "not sure" if fit.needless else SIGN_OF[fit.certainty]


_ICONS = {"running": "measure", "skipped": "next", "cancelled": "cancel"}


def _state_icon(status: JobStatus) -> QIcon:
    """Return the sign of a job's certainty, or the icon of its state."""
    if status.state == "done" and status.doubt:
        return icon("warning")
    if status.state == "failed":
        return _sign("failed")
    if status.state == "done" and status.sign:
        return _sign(status.sign)
    name = _ICONS.get(str(status.state), "")
    return icon(name) if name else QIcon()


def _sign(sign: Sign) -> QIcon:
    pixmap = QPixmap(32, 32)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_sign(painter, QRectF(1, 1, 30, 30), sign)
    painter.end()
    return QIcon(pixmap)
