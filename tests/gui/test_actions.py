"""Every action of every menu, triggered as a person would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.mask import Mask
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.remedies import REMEDIES, apply_remedy
from structmask_gui.core.sampling import Region
from structmask_gui.gui import dialogs
from structmask_gui.gui.actions import ACTIONS, MENUS
from structmask_gui.gui.address import AddressDialog
from structmask_gui.gui.batch_window import BatchWindow
from structmask_gui.gui.commands import Commands
from structmask_gui.gui.dialogs import ShortcutsDialog, TextDialog
from structmask_gui.gui.handing_over import SnippetDialog
from structmask_gui.gui.main_window import MainWindow
from structmask_gui.gui.mask_editor import changed
from structmask_gui.io.cache import MeasurementCache
from tests.gui.conftest import wait_for_result

Check = Callable[[MainWindow, QtBot], None]


def dialog(kind: type[QDialog]) -> Any:
    """Return the open dialog of a kind."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(autouse=True)
def close_dialogs() -> Iterator[None]:
    yield
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.close()


def trigger(window: MainWindow, name: str) -> QAction:
    action = window.actions_by_id[name]
    assert action.isEnabled(), name
    action.trigger()
    return action


def check_address_dialog(_window: MainWindow, _qtbot: QtBot) -> None:
    assert not dialog(AddressDialog).can_open


def file_dialog_of(mode: QFileDialog.FileMode) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        shown = dialog(QFileDialog)
        assert shown.fileMode() == mode

    return check


def text_dialog_with(words: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert words in dialog(TextDialog).text

    return check


def remedy(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.parameters == apply_remedy(Parameters(), name).parameters
        assert window.session.extraction is not None
        assert window.session.extraction.parameters == window.session.parameters
        assert "→" in window.statusBar().currentMessage()

    return check


def panel(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.docks[name].isVisible()

    return check


def check_frame(number: int) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.frame == number

    return check


def check_measured(window: MainWindow, qtbot: QtBot) -> None:
    assert window.session.busy
    wait_for_result(window.session, qtbot)


def check_reopened(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.session.stack_changed):
        pass
    wait_for_result(window.session, qtbot)


def check_sample(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: window.session.stack is not None and ".ome" in window.session.stack.name
    )
    wait_for_result(window.session, qtbot)


def check_cancelled(window: MainWindow, _qtbot: QtBot) -> None:
    assert not window.session.busy
    assert window.session.stale


def check_mask_copied(window: MainWindow, _qtbot: QtBot) -> None:
    import json

    extraction = window.session.extraction
    assert extraction is not None
    rows = json.loads(QGuiApplication.clipboard().text())
    assert np.array_equal(rows, extraction.mask.array)


def check_sentence_copied(window: MainWindow, _qtbot: QtBot) -> None:
    assert QGuiApplication.clipboard().text().startswith("Row, ")


def check_undone(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.parameters == Parameters()


def check_redone(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.parameters.center_size == 15


def check_whole(window: MainWindow, qtbot: QtBot) -> None:
    assert window.session.region is None
    wait_for_result(window.session, qtbot)


def check_closed_file(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.stack is None


def check_quit(window: MainWindow, _qtbot: QtBot) -> None:
    assert not window.isVisible()


def check_full_screen(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.isFullScreen()
    window.actions_by_id["full_screen"].trigger()
    assert not window.isFullScreen()


def check_layout(window: MainWindow, _qtbot: QtBot) -> None:
    assert all(dock.isVisible() or dock.visibleRegion().isEmpty() for dock in window.docks.values())
    assert not any(dock.isFloating() for dock in window.docks.values())


def check_focus(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.focusWidget() is not None


def check_pinned(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.pinned is not None
    assert window.docks["compare"].isVisible()


def check_unpinned(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.pinned is None


def check_name_asked(window: MainWindow, _qtbot: QtBot) -> None:
    assert dialog(QInputDialog).isVisible()


def check_shortcuts(window: MainWindow, _qtbot: QtBot) -> None:
    table = dialog(ShortcutsDialog).table
    keys = [table.item(y, 0).text() for y in range(table.rowCount())]
    assert keys.count("Ctrl+O") == 1
    assert "Alt+1" in keys


def check_folder_said(window: MainWindow, _qtbot: QtBot) -> None:
    assert "The folder is" in window.statusBar().currentMessage()


def check_guide_said(window: MainWindow, _qtbot: QtBot) -> None:
    said = window.statusBar().currentMessage()
    assert "index.html" in said
    assert said.startswith("The guide is") or window.docks["help"].isVisible()


def colormap(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.colormap == name
        assert window.settings.colormap == name
        coloured = [view for view in window.views.views if view.HAS_COLORMAP]
        assert coloured
        assert all(view.colormap == name for view in coloured)

    return check


def theme(name: str) -> Check:
    def check(window: MainWindow, qtbot: QtBot) -> None:
        assert window.settings.theme == name
        dark = name == "dark"
        qtbot.waitUntil(lambda: (window.palette().window().color().lightness() < 128) == dark)

    return check


def keeping(value: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.settings.keep_measurements == (value == "on")
        assert window.session.keeps_measurements == (value == "on")

    return check


def check_forgotten(window: MainWindow, _qtbot: QtBot) -> None:
    assert "forgotten" in window.statusBar().currentMessage()
    assert MeasurementCache().size() == 0


EXISTING, EXISTING_ONE = QFileDialog.FileMode.ExistingFiles, QFileDialog.FileMode.ExistingFile
FOLDER, ANY = QFileDialog.FileMode.Directory, QFileDialog.FileMode.AnyFile


def check_editing(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.views.mask_view.editable
    assert window.views.editor.bar.isVisible()


def check_batch(window: MainWindow, _qtbot: QtBot) -> None:
    assert dialog(BatchWindow).table.rowCount() == 0


def check_extracted(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.extraction is not None
    assert window.session.mask == window.session.extraction.mask


def snippet_for(target: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        shown = dialog(SnippetDialog)
        assert shown.snippet.target == target
        assert shown.snippet.text

    return check


def mask_change(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.mask == changed(name, GAPPY, window.session.pinned)
        assert window.session.mask != GAPPY

    return check


GAPPY = Mask(np.pad(np.array([[1, 1, 0, 1, 0, 0, 0]], dtype=bool), ((3, 3), (0, 0))))
"""A mask that every change of the menu changes."""


CHECKS: dict[str, Check] = {
    "copy_for_n2v": snippet_for("n2v"),
    "copy_for_autostructn2v": snippet_for("autostructn2v"),
    "copy_for_careamics": snippet_for("careamics"),
    "copy_for_python": snippet_for("python"),
    "save_report": file_dialog_of(ANY),
    "judge_result": file_dialog_of(QFileDialog.FileMode.ExistingFile),
    "batch": check_batch,
    "edit_mask": check_editing,
    "extracted_mask": check_extracted,
    "open_mask": file_dialog_of(QFileDialog.FileMode.ExistingFile),
    "open_files": file_dialog_of(EXISTING),
    "open_folder": file_dialog_of(FOLDER),
    "open_address": check_address_dialog,
    "open_sample": check_sample,
    "reopen_file": check_reopened,
    "show_metadata": text_dialog_with("rows.npy"),
    "export_mask": file_dialog_of(ANY),
    "export_all": file_dialog_of(FOLDER),
    "close_file": check_closed_file,
    "quit": check_quit,
    "undo": check_undone,
    "redo": check_redone,
    "reset_parameters": check_undone,
    "copy_mask": check_mask_copied,
    "copy_sentence": check_sentence_copied,
    "previous_frame": check_frame(1),
    "next_frame": check_frame(3),
    "next_panel": check_focus,
    "full_screen": check_full_screen,
    "reset_layout": check_layout,
    "measure_again": check_measured,
    "cancel": check_cancelled,
    "whole_image": check_whole,
    "forget_measurements": check_forgotten,
    "save_preset": check_name_asked,
    "import_preset": file_dialog_of(EXISTING),
    "export_preset": file_dialog_of(ANY),
    "open_preset_folder": check_folder_said,
    "pin": check_pinned,
    "unpin": check_unpinned,
    "compare_file": file_dialog_of(EXISTING_ONE),
    "help": panel("help"),
    "guide": check_guide_said,
    "shortcuts": check_shortcuts,
    "open_log_folder": check_folder_said,
    "report_problem": text_dialog_with("StructMask"),
    "about": text_dialog_with("PySide6"),
}
for info in ACTIONS:
    if info.choice == "choose_colormap":
        CHECKS[info.id] = colormap(info.value)
    elif info.choice == "choose_theme":
        CHECKS[info.id] = theme(info.value)
    elif info.choice == "choose_keeping":
        CHECKS[info.id] = keeping(info.value)
    elif info.id in REMEDIES:
        CHECKS[info.id] = remedy(info.id)
    elif info.id.startswith("mask_"):
        CHECKS[info.id] = mask_change(info.id.removeprefix("mask_"))


def prepare(window: MainWindow, name: str, qtbot: QtBot) -> None:
    """Bring about what an action needs."""
    session = window.session
    if name in ("undo", "reset_parameters"):
        session.set_parameter("center_size", 15)
    elif name == "redo":
        session.set_parameter("center_size", 15)
        session.history.undo()
    elif (name.startswith("mask_") and name not in REMEDIES) or name == "extracted_mask":
        session.set_pinned(Mask(np.ones((3, 3), dtype=bool)), "square")
        session.set_mask(GAPPY, "edited by hand", "Draw")
    elif name in ("previous_frame", "next_frame"):
        session.set_frame(2)
    elif name == "unpin":
        session.pin()
    elif name == "whole_image":
        session.set_region(Region(0, 64, 0, 64))
        wait_for_result(session, qtbot)
    elif name == "cancel":
        session.measure_again()
    elif name == "reset_layout":
        window.docks["files"].setFloating(True)
        window.docks["log"].hide()


@pytest.mark.parametrize("name", [info.id for info in ACTIONS])
def test_each_action_does_what_it_says(loaded: MainWindow, qtbot: QtBot, name: str):
    prepare(loaded, name, qtbot)
    trigger(loaded, name)
    CHECKS[name](loaded, qtbot)
    assert loaded.session.error == ""


def test_every_action_stands_in_a_menu_and_has_a_method(window: MainWindow):
    in_menus: set[str] = set()

    def walk(menu: Any) -> None:
        for action in menu.actions():
            if action.menu() is not None:
                walk(action.menu())
            else:
                in_menus.add(action.objectName())

    for action in window.menuBar().actions():
        walk(action.menu())
    assert {info.id for info in ACTIONS} <= in_menus
    for info in ACTIONS:
        assert info.menu.split("/")[0] in MENUS
        assert callable(getattr(Commands, info.choice or info.id))
        assert info.tip.endswith(".")


def test_ids_and_keys_are_unique(window: MainWindow):
    assert len({info.id for info in ACTIONS}) == len(ACTIONS)
    keys = [QKeySequence(info.shortcut).toString() for info in ACTIONS if info.shortcut]
    keys += [dock.toggleViewAction().shortcut().toString() for dock in window.docks.values()]
    assert "" not in keys
    assert len(set(keys)) == len(keys)


def test_what_needs_a_stack_or_a_result_is_disabled_without_one(window: MainWindow):
    for info in ACTIONS:
        assert window.actions_by_id[info.id].isEnabled() == (info.needs in ("", "rings"))


def test_shortcuts_can_be_searched(window: MainWindow):
    window.commands.shortcuts()
    shown = dialog(ShortcutsDialog)
    shown._search.setText("undo")
    left = [y for y in range(shown.table.rowCount()) if not shown.table.isRowHidden(y)]
    assert 1 <= len(left) < shown.table.rowCount()


def test_about_shows_the_licences(window: MainWindow):
    window.commands.about()
    (dialog,) = window.findChildren(dialogs.AboutDialog)
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


def test_export_writes_the_chosen_form(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    for text, name in (
        ("NumPy array, for autoStructN2V and n2v (*.npy)", "m.npy"),
        ("Picture, one pixel a lag (*.png)", "m.png"),
        ("TIFF, one pixel a lag (*.tif)", "m.tif"),
        ("Enlarged picture with grid and axes (*.png)", "large.png"),
        ("Record of how the mask came about (*.json)", "m.json"),
    ):
        with qtbot.waitSignal(loaded.exporter.written):
            loaded.commands._export_to(str(tmp_path / name), text)
    extraction = loaded.session.extraction
    assert extraction is not None
    assert np.array_equal(np.load(tmp_path / "m.npy"), extraction.mask.array)
    assert (tmp_path / "large.png").stat().st_size > (tmp_path / "m.png").stat().st_size
    assert '"rows.npy"' in (tmp_path / "m.json").read_text()
    assert (tmp_path / "m.tif").exists()


def test_the_endings_of_names_have_the_last_word(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.commands._export_to(str(tmp_path / "m.png"), "NumPy array (*.npy)")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    loaded.commands._export_to(str(tmp_path / "m.bmp"), "NumPy array (*.npy)")
    assert "m.bmp" in loaded.statusBar().currentMessage()


def test_export_waits_for_the_new_result(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    session = loaded.session
    session.set_parameters({"patch_size": 32, "center_size": 21})
    assert session.stale
    with qtbot.waitSignals([loaded.exporter.waiting, loaded.exporter.written]):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
    assert np.load(tmp_path / "m.npy").shape == (21, 21)


def test_export_after_a_cancel_measures_first(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    loaded.session.set_parameters({"patch_size": 32, "center_size": 21})
    loaded.session.cancel()
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
    assert np.load(tmp_path / "m.npy").shape == (21, 21)


def test_a_waiting_export_that_is_cancelled_says_so(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    loaded.session.set_parameter("patch_size", 32)
    with qtbot.waitSignal(loaded.exporter.failed):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
        loaded.session.cancel()
    assert not (tmp_path / "m.npy").exists()


def test_export_into_a_folder_asks_before_it_replaces(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.commands.export_into(str(tmp_path))
    assert {p.name for p in tmp_path.glob("rows_mask*")} == {
        "rows_mask.npy",
        "rows_mask.png",
        "rows_mask_picture.png",
        "rows_mask.json",
    }
    (tmp_path / "rows_mask.npy").write_bytes(b"mine")
    loaded.commands.export_into(str(tmp_path))
    box = dialog(QMessageBox)
    assert (tmp_path / "rows_mask.npy").read_bytes() == b"mine"
    with qtbot.waitSignal(loaded.exporter.written):
        next(b for b in box.buttons() if b.text() == "Replace").click()
    assert (tmp_path / "rows_mask.npy").read_bytes() != b"mine"


def test_an_export_that_fails_is_a_sentence(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    with qtbot.waitSignal(loaded.exporter.failed):
        loaded.exporter.export({"npy": tmp_path / "no" / "folder" / "m.npy"})
    assert "m.npy" in loaded.session.error
    assert loaded.session.extraction is not None
