"""The table of a batch: rows, text and icons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QTableWidgetItem
from pytestqt.qtbot import QtBot

from structmask_gui.gui.batch.table import BatchTable
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.batch.status import DenoisedStatus, JobState, JobStatus
from structmask_gui.io.extract_files import Input
from structmask_gui.io.stack.axes import AxesQuestion
from tests.gui.batch.conftest import added, ended


def test_no_answer_is_cut_in_the_table(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.table.resizeColumnToContents(0)
    batch.start()
    ended(batch, qtbot)
    table = batch.table
    qtbot.wait(10)
    for row in range(table.rowCount()):
        text, place = table.item(row, 2).text(), table.columnWidth(2) - 12
        needed = table.fontMetrics().boundingRect(0, 0, place, 0, Qt.TextFlag.TextWordWrap, text)
        assert table.rowHeight(row) >= needed.height(), text
    assert table.textElideMode() == Qt.TextElideMode.ElideMiddle


def test_rows_become_lower_in_a_wider_table(qapp: object, qtbot: QtBot):
    table = BatchTable()
    qtbot.addWidget(table)
    table.setRowCount(12)
    for row in range(12):
        table.setItem(row, 2, QTableWidgetItem("word " * 70))
    table.resize(940, 280)  # with a scroll bar
    table.show()
    for width in (900, 1260):
        table.resize(width, 280)
        qtbot.waitUntil(lambda: table.rowHeight(11) == table.sizeHintForRow(11) + 6)
        assert len({table.rowHeight(row) for row in range(12)}) == 1


def test_what_is_asked_of_a_file_stands_in_its_row(qapp: object, qtbot: QtBot):
    table = BatchTable()
    qtbot.addWidget(table)
    table.list_files([Input(Path("a.tif"))])
    asked = AxesQuestion("Its 3 planes are read as colours. Are they frames?", "TYX").note
    table.show_status(0, JobStatus(JobState.DONE, sentence="Row.", notes=("Other.", asked)))
    assert table.item(0, 2).text() == (
        "Row. Its 3 planes are read as colours. Are they frames? Then give the axes TYX."
    )


def test_a_sign_of_doubt_stays_whatever_became_of_the_file(qapp: object, qtbot: QtBot):
    table = BatchTable()
    qtbot.addWidget(table)
    table.list_files([Input(Path("a.tif"))])

    def image(status: JobStatus) -> QImage:
        table.show_status(0, status)
        return table.item(0, 1).icon().pixmap(32, 32).toImage()

    why = DenoisedStatus(why_not="the images have 8 bits")
    doubted, sure = (JobStatus(JobState.DONE, certainty=one) for one in ("not sure", "sure"))
    assert image(replace(doubted, denoised=why)) == image(doubted)
    assert image(replace(sure, denoised=why)) != image(sure)


def test_larger_text_is_not_cut_in_the_table(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    why = DenoisedStatus(why_not="the images have 8 bits; " * 9)
    batch.table.show_status(0, JobStatus(JobState.DONE, sentence="Row. " * 60, denoised=why))
    before = batch.table.columnWidth(1)
    font = batch.font()
    font.setPointSizeF(2 * font.pointSizeF())
    batch.setFont(font)
    qtbot.waitUntil(
        lambda: batch.table.rowHeight(0) >= batch.table.sizeHintForRow(0), timeout=5_000
    )
    assert batch.table.columnWidth(1) > before


def test_icons_in_the_table_follow_the_theme(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    window.theme.choose("light")
    table = BatchTable()
    qtbot.addWidget(table)
    table.list_files([Input(tmp_path / "a.npy")])
    table.show_status(0, JobStatus(JobState.DONE, denoised=DenoisedStatus(why_not="cancelled.")))

    def image() -> object:
        return table.item(0, 1).icon().pixmap(32, 32).toImage()

    light = image()
    window.theme.choose("dark")
    qtbot.waitUntil(lambda: image() != light, timeout=5_000)
    window.theme.choose("light")
