"""The dialogs of the Help menu, and what the dialogs for files offer."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from structmask_gui.gui.widgets import dialogs
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


def test_about_can_be_copied(window: MainWindow):
    window.commands.about()
    dialog(TextDialog).copy()
    assert "Python" in QGuiApplication.clipboard().text()
