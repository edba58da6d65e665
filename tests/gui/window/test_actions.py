"""Every action of every menu, triggered as a person would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.parameters.remedies import REMEDIES, apply_remedy
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.export.trainer_dialog import SnippetDialog
from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.quality.removal import CorrectionDialog
from structmask_gui.gui.widgets.find_command import FindCommand, found, plain
from structmask_gui.gui.widgets.wording import said
from structmask_gui.gui.window.actions import ACTIONS, MENUS
from structmask_gui.gui.window.help_dialogs import RecordDialog, ShortcutsDialog, TextDialog
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.mask_editor import changed
from structmask_gui.gui.window.open_url import AddressDialog
from structmask_gui.io.results.cache import MeasurementCache
from tests.gui.conftest import wait_for_result
from tests.gui.open_dialogs import dialog, trigger

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]

Check = Callable[[MainWindow, QtBot], None]


def check_address_dialog(_window: MainWindow, _qtbot: QtBot) -> None:
    assert not dialog(AddressDialog).open_button.isEnabled()


def file_dialog_of(mode: QFileDialog.FileMode) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        shown = dialog(QFileDialog)
        assert shown.fileMode() == mode

    return check


def saving_as(suffix: str) -> Check:
    def check(_window: MainWindow, _qtbot: QtBot) -> None:
        shown = dialog(QFileDialog)
        assert Path(shown.selectedFiles()[0]).name == f"rows_mask.{suffix}"
        assert [one.partition("*")[2] for one in shown.nameFilters()] == [f".{suffix})"]

    return check


def text_dialog_with(words: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert words in dialog(TextDialog).text

    return check


def text_size(percent: int) -> Check:
    def check(window: MainWindow, qtbot: QtBot) -> None:
        system = QApplication.instance().property("systemFont").pointSizeF()
        wanted = pytest.approx(system * percent / 100)
        qtbot.waitUntil(lambda: window.headline.advice.font().pointSizeF() == wanted)
        assert window.headline.sentence.font().pointSizeF() > system * percent / 100
        button = window.headline.row.buttons["use_mask"]
        assert button.maximumHeight() >= button.fontMetrics().height() + 6
        assert window.settings.text_size == percent
        window.commands.choose_text_size(100)

    return check


def remedy(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.state.parameters == apply_remedy(Parameters(), name).parameters
        assert window.session.state.extraction is not None
        assert window.session.state.extraction.parameters == window.session.state.parameters
        assert "→" in window.statusBar().currentMessage()

    return check


def panel(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.docks[name].isVisible()

    return check


def check_frame(number: int) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.state.frame == number

    return check


def check_measured(window: MainWindow, qtbot: QtBot) -> None:
    assert window.session.state.busy
    wait_for_result(window.session, qtbot)


def check_reopened(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.session.stack_changed):
        pass
    wait_for_result(window.session, qtbot)


def check_sample(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: window.session.state.stack is not None and ".ome" in window.session.state.stack.name
    )
    wait_for_result(window.session, qtbot)


def check_cancelled(window: MainWindow, _qtbot: QtBot) -> None:
    assert not window.session.state.busy
    assert window.session.state.stale


def check_mask_copied(window: MainWindow, _qtbot: QtBot) -> None:
    import json

    extraction = window.session.state.extraction
    assert extraction is not None
    rows = json.loads(QGuiApplication.clipboard().text())
    assert np.array_equal(rows, extraction.mask.array)


def check_sentence_copied(window: MainWindow, _qtbot: QtBot) -> None:
    lines, headline = QGuiApplication.clipboard().text().splitlines(), window.headline
    shown = [headline.sentence, headline.how_sure, headline.advice]
    assert [said(line) for line in lines[:3]] == [label.text() for label in shown]


def check_undone(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.parameters == Parameters()


def check_undone_and_said(window: MainWindow, qtbot: QtBot) -> None:
    check_undone(window, qtbot)
    assert window.statusBar().currentMessage() == "Undone: Centre size: 15 px"
    window.session.edits.set_parameter("center_size", 17)
    assert window.statusBar().currentMessage() == ""


def check_redone(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.parameters.center_size == 15


def check_whole(window: MainWindow, qtbot: QtBot) -> None:
    assert window.session.state.region is None
    wait_for_result(window.session, qtbot)


def check_closed_file(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.stack is None


def check_quit(window: MainWindow, _qtbot: QtBot) -> None:
    assert not window.isVisible()


def check_full_screen(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.isFullScreen()
    window.actions_by_id["full_screen"].trigger()
    assert not window.isFullScreen()


def check_layout(window: MainWindow, _qtbot: QtBot) -> None:
    assert not any(dock.isVisible() for dock in window.docks.values())
    assert not any(dock.isFloating() for dock in window.docks.values())


def check_focus(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.focusWidget() is not None


def check_pinned(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.pinned is not None
    assert window.docks["compare"].isVisible()


def check_unpinned(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.pinned is None


def check_nothing_pasted(window: MainWindow, _qtbot: QtBot) -> None:
    assert "no path" in window.statusBar().currentMessage()


def check_figure(window: MainWindow, qtbot: QtBot) -> None:
    preview = window.views.preview
    qtbot.waitUntil(lambda: preview.live.shown is not None, timeout=15_000)
    window.commands.copy_figure()
    image = QGuiApplication.clipboard().image()
    height, width = window.session.state.frames.frame_shape
    assert image.width() >= 3 * width
    assert image.height() > height


def check_name_asked(window: MainWindow, _qtbot: QtBot) -> None:
    assert dialog(QInputDialog).isVisible()


def check_finding(window: MainWindow, _qtbot: QtBot) -> None:
    assert dialog(FindCommand).list.topLevelItemCount() > len(ACTIONS)


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


def check_correction(window: MainWindow, qtbot: QtBot) -> None:
    shown = dialog(CorrectionDialog)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 1, timeout=15_000)
    assert shown.rows["dark"].button.isVisible()
    shown.close()


def check_recording(_window: MainWindow, _qtbot: QtBot) -> None:
    assert "Six or more frames" in dialog(RecordDialog).label.text()


def colormap(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.state.colormap == name
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


def check_keeping(window: MainWindow, _qtbot: QtBot) -> None:
    action, session = window.actions_by_id["keep_measurements"], window.session
    for kept in (False, True):
        assert action.isChecked() == kept
        assert (window.settings.keep_measurements, session.keeps_measurements) == (kept, kept)
        if not kept:
            trigger(window, "keep_measurements")


def check_forgotten(window: MainWindow, _qtbot: QtBot) -> None:
    assert "were deleted" in window.statusBar().currentMessage()
    assert MeasurementCache().size() == 0


EXISTING, EXISTING_ONE = QFileDialog.FileMode.ExistingFiles, QFileDialog.FileMode.ExistingFile
FOLDER, ANY = QFileDialog.FileMode.Directory, QFileDialog.FileMode.AnyFile


def check_editing(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.views.mask_view.editable
    assert window.views.editor.bar.isVisible()


def check_batch(window: MainWindow, _qtbot: QtBot) -> None:
    assert dialog(BatchWindow).table.rowCount() == 0


def check_denoising(window: MainWindow, _qtbot: QtBot) -> None:
    shown = dialog(DenoiseWindow)
    assert shown.denoising.working
    shown.cancel_button.click()
    assert not shown.denoising.working


def check_extracted(window: MainWindow, _qtbot: QtBot) -> None:
    assert window.session.state.extraction is not None
    assert window.session.state.mask == window.session.state.extraction.mask


def snippet_for(target: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        shown = dialog(SnippetDialog)
        assert shown.snippet.target == target
        assert shown.snippet.text

    return check


def mask_change(name: str) -> Check:
    def check(window: MainWindow, _qtbot: QtBot) -> None:
        assert window.session.state.mask == changed(name, GAPPY, window.session.state.pinned)
        assert window.session.state.mask != GAPPY

    return check


GAPPY = Mask(np.pad(np.array([[1, 1, 0, 1, 0, 0, 0]], dtype=bool), ((3, 3), (0, 0))))
"""A mask that every change of the menu changes."""

CHECKS: dict[str, Check] = {
    "tune": panel("parameters"),
    "details": panel("curves"),
    "copy_for_n2v": snippet_for("n2v"),
    "copy_for_autostructn2v": snippet_for("autostructn2v"),
    "copy_for_autostructn2v-0.1": snippet_for("autostructn2v-0.1"),
    "copy_for_careamics": snippet_for("careamics"),
    "copy_for_aydin": snippet_for("aydin"),
    "copy_for_support": snippet_for("support"),
    "copy_for_cosdd": snippet_for("cosdd"),
    "copy_for_python": snippet_for("python"),
    "save_report": file_dialog_of(ANY),
    "judge_result": file_dialog_of(QFileDialog.FileMode.ExistingFile),
    "batch": check_batch,
    "denoise": check_denoising,
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
    "save_npy": saving_as("npy"),
    "save_png": saving_as("png"),
    "save_tiff": saving_as("tif"),
    "export_all": file_dialog_of(FOLDER),
    "close_file": check_closed_file,
    "quit": check_quit,
    "undo": check_undone_and_said,
    "redo": check_redone,
    "reset_parameters": check_undone,
    "copy_mask": check_mask_copied,
    "copy_sentence": check_sentence_copied,
    "copy_figure": check_figure,
    "paste": check_nothing_pasted,
    "previous_frame": check_frame(1),
    "next_frame": check_frame(3),
    "next_panel": check_focus,
    "full_screen": check_full_screen,
    "reset_layout": check_layout,
    "measure_again": check_measured,
    "cancel": check_cancelled,
    "whole_image": check_whole,
    "keep_measurements": check_keeping,
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
    "correct": check_correction,
    "what_to_record": check_recording,
    "find_command": check_finding,
    "shortcuts": check_shortcuts,
    "open_log_folder": check_folder_said,
    "report_problem": text_dialog_with("StructMask"),
    "about": text_dialog_with("PySide6"),
}
for info in ACTIONS:
    value = info.id.partition("_")[2]
    if info.group == "colormap":
        CHECKS[info.id] = colormap(value)
    elif info.group == "theme":
        CHECKS[info.id] = theme(value)
    elif info.group == "text_size":
        CHECKS[info.id] = text_size(int(info.id.rpartition("_")[2]))
    elif info.id in REMEDIES:
        CHECKS[info.id] = remedy(info.id)
    elif info.id.startswith("mask_"):
        CHECKS[info.id] = mask_change(info.id.removeprefix("mask_"))


def prepare(window: MainWindow, name: str, qtbot: QtBot) -> None:
    """Bring about what an action needs."""
    session = window.session
    if name in ("undo", "reset_parameters"):
        session.edits.set_parameter("center_size", 15)
    elif name == "redo":
        session.edits.set_parameter("center_size", 15)
        session.history.undo()
    elif (name.startswith("mask_") and name not in REMEDIES) or name == "extracted_mask":
        session.pinned.keep(Mask(np.ones((3, 3), dtype=bool)), "square")
        session.edits.set_mask(GAPPY, "edited by hand", "Draw")
    elif name in ("previous_frame", "next_frame"):
        session.set_frame(2)
    elif name == "unpin":
        session.pinned.keep_present()
    elif name == "whole_image":
        session.edits.set_region(Region(0, 64, 0, 64))
        wait_for_result(session, qtbot)
    elif name == "cancel":
        session.measure_again()
    elif name == "reset_layout":
        window.docks["files"].setFloating(True)
        window.docks["log"].hide()


@pytest.mark.parametrize("name", [info.id for info in ACTIONS])
def test_each_action_does_what_it_says(loaded: MainWindow, qtbot: QtBot, name: str):
    QGuiApplication.clipboard().clear()
    prepare(loaded, name, qtbot)
    trigger(loaded, name)
    CHECKS[name](loaded, qtbot)
    assert loaded.session.state.error == ""


def test_every_action_stands_in_a_menu(window: MainWindow):
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
        assert info.tip.endswith(".")


def test_each_command_is_found_by_its_words_and_shows_its_keys(window: MainWindow):
    trigger(window, "find_command")
    finding = dialog(FindCommand)
    for command in window.all_commands():
        finding.line.setText(command.text)
        rows = [finding.list.topLevelItem(n) for n in range(finding.list.topLevelItemCount())]
        texts = [(row.text(0), row.text(2)) for row in rows]
        assert (command.text, command.action.shortcut().toString()) in texts
    assert {plain(info.text) for info in ACTIONS} - {"Find a command"} <= {
        command.text for command in window.all_commands()
    }


def test_enter_does_the_command_that_was_found(loaded: MainWindow, qtbot: QtBot):
    trigger(loaded, "find_command")
    finding = dialog(FindCommand)
    qtbot.keyClicks(finding.line, "keep comparison")
    qtbot.keyClick(finding.line, Qt.Key.Key_Return)
    assert loaded.session.state.pinned is not None
    assert not finding.isVisible()


def test_many_files_are_found_as_batch(window: MainWindow):
    assert found(window.all_commands(), "batch")[0].text == "Many files (batch)"


def test_what_cannot_be_done_now_comes_last_and_is_not_done(window: MainWindow, qtbot: QtBot):
    ordered = [command.action.isEnabled() for command in found(window.all_commands(), "a")]
    assert ordered == sorted(ordered, reverse=True)
    assert not all(ordered)
    trigger(window, "find_command")
    finding = dialog(FindCommand)
    qtbot.keyClicks(finding.line, "keep for comparison")
    assert finding.said.text().startswith("Not available now")
    qtbot.keyClick(finding.line, Qt.Key.Key_Return)
    assert finding.isVisible()
    finding.line.setText("xyzzy")
    assert finding.said.text() == "No command has these words."


def test_every_action_and_control_has_a_tooltip_with_its_keys(window: MainWindow):
    for info in ACTIONS:
        tip = window.actions_by_id[info.id].toolTip()
        assert tip.startswith(info.tip)
        assert info.shortcut in tip
    for dock in window.docks.values():
        action = dock.toggleViewAction()
        assert action.shortcut().toString() in action.toolTip()
    for name in window.docks:
        window.panel(name)
    window.commands.batch()
    controls = [QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractSlider, QLineEdit]
    bare = [
        (type(control).__name__, getattr(control, "text", str)())
        for kind in controls
        for control in window.findChildren(kind)
        if _is_ours(control) and not _tip(control)
    ]
    assert bare == []


def _is_ours(control: QWidget) -> bool:
    """Tell a control of the program from the parts that Qt makes of its own controls."""
    inner = (QAbstractSpinBox, QComboBox, QLineEdit, QTabBar)
    return (
        not isinstance(control, QScrollBar)
        and not isinstance(control.parentWidget(), inner)
        and not control.objectName().startswith("qt_")
    )


def _tip(control: QWidget | None) -> str:
    """Return the tooltip that shows over a control: its own, or that of what it lies in."""
    while control is not None and not control.isWindow():
        if control.toolTip():
            return control.toolTip()
        control = control.parentWidget()
    return ""


def test_ids_and_keys_are_unique(window: MainWindow):
    assert len({info.id for info in ACTIONS}) == len(ACTIONS)
    keys = [QKeySequence(info.shortcut).toString() for info in ACTIONS if info.shortcut]
    keys += [dock.toggleViewAction().shortcut().toString() for dock in window.docks.values()]
    assert "" not in keys
    assert len(set(keys)) == len(keys)


def test_what_needs_a_stack_or_a_result_is_disabled_without_one(window: MainWindow):
    for info in ACTIONS:
        assert window.actions_by_id[info.id].isEnabled() == (info.needs in ("", "rings"))


def test_a_second_press_closes_the_help(window: MainWindow, qtbot: QtBot):
    help_dock = window.docks["help"]
    trigger(window, "help")
    qtbot.waitUntil(lambda: not help_dock.visibleRegion().isEmpty())
    trigger(window, "help")
    assert not help_dock.isVisible()
    # Behind another panel it comes to the front.
    trigger(window, "help")
    window.show_panel("parameters")
    qtbot.waitUntil(lambda: help_dock.visibleRegion().isEmpty())
    trigger(window, "help")
    qtbot.waitUntil(lambda: not help_dock.visibleRegion().isEmpty())
