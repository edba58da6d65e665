"""The dialogs of the Help menu, and what the dialogs for files offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.find_command import FindCommand
from structmask_gui.gui.window import help_dialogs
from structmask_gui.gui.window.help_dialogs import ShortcutsDialog, TextDialog
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.open_dialogs import dialog

pytestmark = pytest.mark.usefixtures("close_dialogs")


def test_shortcuts_can_be_searched(window: MainWindow):
    window.commands.shortcuts()
    shown = dialog(ShortcutsDialog)
    shown._search.setText("undo")
    left = [y for y in range(shown.table.rowCount()) if not shown.table.isRowHidden(y)]
    assert 1 <= len(left) < shown.table.rowCount()


def test_dialogs_are_larger_with_large_text_but_fit_the_screen(window: MainWindow):
    window.commands.find_command()
    usual = dialog(FindCommand)
    size = usual.size()
    usual.close()
    window.commands.choose_text_size(150)
    try:
        window.commands.find_command()
        large = dialog(FindCommand)
        assert large.width() > 1.3 * size.width()
        assert large.width() < large.screen().availableSize().width()
        header = large.list.header()
        words = large.list.fontMetrics().horizontalAdvance("Export mask, picture and record")
        assert header.sectionSize(0) > words
    finally:
        window.commands.choose_text_size(100)


def test_about_shows_the_licences(window: MainWindow):
    window.commands.about()
    (dialog,) = window.findChildren(help_dialogs.AboutDialog)
    shown = dialog.show_licences()
    for words in ("BSD 3-Clause", "numpy", "PySide6"):
        assert words in shown.text
    shown.close()
    dialog.close()


def test_the_dialogs_offer_what_can_be_read():
    offered = dialogs.readable_files()
    for ending in ("*.tif ", "*.png ", "*.npy "):
        assert ending in offered


def test_records_are_offered_where_they_can_be_opened(window: MainWindow):
    window.commands.open_files()
    shown = dialog(QFileDialog)
    assert "*.json" in shown.selectedNameFilter()
    shown.close()


def test_about_can_be_copied(window: MainWindow):
    window.commands.about()
    dialog(TextDialog).copy()
    assert "Python" in QGuiApplication.clipboard().text()


@pytest.mark.parametrize("around", ['"{}"', "'{}'", "file://{}", "  {}  ", "{}\n", '"{}"\n'])
def test_a_pasted_path_is_taken_as_it_was_copied(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, around: str
):
    path = tmp_path / "a b.npy"
    path.write_bytes(b"")
    address = path.as_uri().removeprefix("file://") if "file:" in around else str(path)
    chosen: list[str] = []
    shown = dialogs.ask_files(window, "Open", str(Path.home()), "All files (*)", chosen.extend)
    field = shown.findChild(QLineEdit)
    assert field is not None
    QGuiApplication.clipboard().setText(around.format(address))
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    # Once it has gone to the folder, the dialog shortens the text to the name.
    qtbot.waitUntil(lambda: field.text() in (str(path), path.name))
    qtbot.waitUntil(lambda: shown.selectedFiles() == [str(path)])
    shown.accept()
    assert chosen == [str(path)]


def test_what_is_typed_in_a_file_dialog_stays(window: MainWindow, tmp_path: Path):
    proposed = tmp_path / "m.npy"
    shown: QFileDialog = dialogs.ask_new_file(window, "Save", proposed, "All (*)", lambda *_: None)
    field = shown.findChild(QLineEdit)
    assert field is not None
    field.selectAll()
    QTest.keyClicks(field, "/my data ")
    assert field.text() == "/my data "


def test_the_endings_of_files_are_not_listed_where_they_do_not_fit(window: MainWindow):
    endings = " ".join(f"*.{number}" for number in range(60))
    shown = dialogs.ask_files(window, "Open", "", f"Images ({endings})", print)
    assert shown.testOption(QFileDialog.Option.HideNameFilterDetails)
    shown.close()


def test_no_window_is_larger_than_the_screen(window: MainWindow):
    shown = DenoiseWindow(window, window.session, lambda _folder: None)
    room = shown.screen().availableSize()
    assert room.width() < 1180  # of the tests
    assert shown.width() <= max(room.width(), shown.minimumSizeHint().width())
    assert shown.height() <= room.height() - 32
    shown.close()
