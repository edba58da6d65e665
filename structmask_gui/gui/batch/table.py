"""The table of a batch: a row for each job, with its state and its result in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.core.verdict.certainty import SIGN_OF, Certainty
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.certainty_icon import Sign, draw_sign

if TYPE_CHECKING:
    from structmask_gui.core.recommend.shared import Fit
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import DenoisedStatus, JobStatus
    from structmask_gui.io.extract_files import Input
    from structmask_gui.io.one_mask import Checked


_RESULT = 2
"""The column of the result."""

_NAMES = (120, 260)
"""Least and largest width of the names, in pixels; results take what is left."""

_STATE_WIDTH = 150
"""Width of the state in pixels, with text of the usual size."""


class BatchTable(QTableWidget):
    """Shows the jobs of a queue; filled by `fill`, and kept up to date by `show_status`."""

    row_opened = Signal(int)  # a row was pressed twice, or Enter, or "Open" chosen
    denoised_wanted = Signal(int)  # its denoised files are to be opened

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
        header.resizeSection(0, _NAMES[1])
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(1, dialogs.for_text(self, _STATE_WIDTH))
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self.sort_by)
        self._sorted: tuple[int, bool] = (-1, False)
        self._only_doubtful = False
        self._doubtful: set[int] = set()
        self._results: dict[int, str] = {}  # the state of each row that has a result
        self._old = False
        self._inputs: list[tuple[Input, ...]] = []
        self._denoised: dict[int, tuple[Path, ...]] = {}
        self._icons: dict[int, Callable[[], QIcon]] = {}  # what draws each row's
        self.open_action = QAction("&Open", self)
        self.open_action.triggered.connect(self._open)
        self.open_denoised_action = QAction("Open &denoised", self)
        self.open_denoised_action.triggered.connect(self._open_denoised)
        self.addActions([self.open_action, self.open_denoised_action])
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.currentItemChanged.connect(self._update_actions)
        self._update_actions()
        self.itemActivated.connect(self._on_activated)
        # Later: while the header resizes a section, the rows still ask for the height they had.
        header.sectionResized.connect(self._on_resized, Qt.ConnectionType.QueuedConnection)

    def _on_resized(self, column: int, _old: int, _new: int) -> None:
        if column == _RESULT:
            self._fit_all()

    def changeEvent(self, event: QEvent) -> None:
        """Fit larger text, and draw the icons in other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            width = dialogs.for_text(self, _STATE_WIDTH)
            self.horizontalHeader().resizeSection(1, width)
            self._fit_all()
        elif event.type() == QEvent.Type.PaletteChange:
            for row, draw in self._icons.items():
                self._show_icon(row, draw)

    def _fit_all(self) -> None:
        for row in range(self.rowCount()):
            self._fit(row)

    def _show_icon(self, row: int, draw: Callable[[], QIcon]) -> None:
        item = self.item(row, 1)
        if item is not None:
            self._icons[row] = draw
            item.setIcon(draw())

    def _fit(self, row: int) -> None:
        """Give a row the height of its wrapped result, and some air."""
        self.setRowHeight(row, max(22, self.sizeHintForRow(row) + 6))

    def _on_activated(self, item: QTableWidgetItem) -> None:
        self.row_opened.emit(item.row())

    def _open(self) -> None:
        self.row_opened.emit(self.currentRow())

    def _open_denoised(self) -> None:
        self.denoised_wanted.emit(self.currentRow())

    def _update_actions(self, *_: object) -> None:
        self.open_action.setEnabled(self.currentRow() >= 0)
        self.open_denoised_action.setEnabled(self.currentRow() in self._denoised)

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
        self._list([(job.name, job.path, job.inputs) for job in jobs])
        for row, status in enumerate(() if queue is None else queue.statuses):
            self.show_status(row, status)

    def list_files(self, inputs: Sequence[Input]) -> None:
        """Show a row for each file, to be filled by `show_fit`."""
        self._list([(item.path.name, item.path, (item,)) for item in inputs])

    def inputs_of(self, row: int) -> tuple[Input, ...]:
        """Return the files of a row, and how they are opened."""
        return self._inputs[row]

    def denoised_of(self, row: int) -> tuple[Path, ...]:
        """Return the denoised files of a row."""
        return self._denoised[row]

    def _list(self, rows: Sequence[tuple[str, Path, tuple[Input, ...]]]) -> None:
        self._doubtful, self._results, self._denoised, self._icons = set(), {}, {}, {}
        self.horizontalHeader().setSortIndicatorShown(False)
        self._sorted = -1, False
        self._inputs = [inputs for *_, inputs in rows]
        self.setRowCount(len(rows))
        for row, (name, place, _) in enumerate(rows):
            item = QTableWidgetItem(name)
            item.setToolTip(str(place))
            self.setItem(row, 0, item)
            for column in (1, 2):
                self.setItem(row, column, QTableWidgetItem())
            self.setRowHidden(row, False)
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(max(self.columnWidth(0), _NAMES[0]), _NAMES[1]))
        self._show_in(range(len(rows)))
        self._update_actions()

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
        words = " ".join((words, *status.asked))
        if status.left_out:
            words = " ".join((words, *status.left_out))
        state = texts.get(status.state, str(status.state))
        if status.denoised.running:
            state = f"denoising {100 * status.denoised.progress:.0f} %"
        elif status.denoised.ended:
            state += ", denoised" if status.denoised.files else ", not denoised"
        # The answer about the mask comes first, what became of the files in a line of its own.
        words = "\n".join(filter(None, (words, _denoised_words(status.denoised))))
        for column, text in ((1, state), (2, in_window(words))):
            item = self.item(row, column)
            if item is not None:
                more = (*(status.notes if status.fits else ()), *status.denoised.lines)
                item.setText(text)
                item.setToolTip(in_window("\n".join((text, *more))))
        name = self.item(row, 0)
        if name is not None and status.called:
            name.setText(status.called)
        self._denoised.pop(row, None)
        if status.denoised.files and row < self.rowCount():
            self._denoised[row] = status.denoised.files
        self._update_actions()
        self._keep(row, state if status.state == "done" else "")
        undone = status.state in ("failed", "skipped")
        needs_a_look = status.needs_a_look or undone or status.denoised.needs_a_look
        (self._doubtful.add if needs_a_look else self._doubtful.discard)(row)
        self.setRowHidden(row, self._only_doubtful and not needs_a_look)
        self._show_icon(row, partial(_state_icon, status))

    def show_fit(self, row: int, checked: Checked) -> None:
        """Show whether the mask that is checked fits the file of a row."""
        fit = checked.fit
        state = "failed" if fit is None else fit.word
        text = in_window(checked.error) if fit is None else fit.sentence
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
        self._show_icon(row, partial(_sign, sign))

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


def in_window(sentence: str) -> str:
    """Return a sentence of the command line as the window says it."""
    return in_labels(
        sentence.replace("use --force to replace it", "tick “Replace existing results”")
        .replace("or another --output-dir", "or choose another folder")
        .replace("give another --output-dir", "choose another folder")
        .replace("use --force to measure it anew", "tick “Replace existing results” for a new one")
        .replace(
            "give --yes to denoise it all the same",
            "to denoise it all the same, open it and choose Denoise here",
        )
    )


def _denoised_words(denoised: DenoisedStatus) -> str:
    """Return what becomes of the files of a row; of several the tooltip says more."""
    if denoised.running:
        return denoised.what
    if denoised.why_not:
        return f"Not denoised: {denoised.why_not}"
    # A verdict and what was learned, of each.
    if len(denoised.lines) > 2:
        return f"{len(denoised.files)} files denoised."
    return denoised.lines[0] if denoised.lines else ""


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
    if status.denoised.running:
        return icon("measure")
    # The sign of the mask stays, but a tick beside a result that is missing or doubted.
    look = status.denoised.needs_a_look and status.sign in ("", "sure")
    if (status.state == "done" and status.doubt) or look:
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
