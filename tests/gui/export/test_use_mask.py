"""The button by which a mask leaves the window, and what is said once it has left."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from structmask_gui.gui.desktop import places
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.open_dialogs import dialog, trigger

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


def test_the_menu_has_all_ways_out(window: MainWindow):
    actions = window.menus.use_mask.actions()
    names = [one.objectName() for one in actions if not one.isSeparator()]
    assert {"copy_for_careamics", "copy_for_n2v", "copy_for_autostructn2v"} < set(names)
    assert {"save_npy", "save_png", "save_tiff", "save_report", "batch"} < set(names)


def test_the_button_shows_the_menu(loaded: MainWindow):
    loaded.headline.row.buttons["use_mask"].click()
    assert loaded.menus.use_mask.isVisible()
    loaded.menus.use_mask.close()


def test_saving_says_where_the_file_is_and_shows_its_folder(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown: list[Path] = []
    monkeypatch.setattr(loaded.commands, "show_in_system", shown.append)
    toast = loaded.commands.toast
    assert not toast.isVisible()
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
    assert toast.isVisible()
    assert toast.label.text() == "Saved m.npy"
    assert loaded.rect().contains(toast.geometry())
    toast.button.click()
    assert shown == [tmp_path]
    assert not toast.isVisible()


def test_the_message_goes_by_itself(loaded: MainWindow, qtbot: QtBot):
    toast = loaded.commands.toast
    toast._timer.setInterval(1)
    toast.say("Saved m.npy", "Show in folder", lambda: None)
    qtbot.waitUntil(lambda: not toast.isVisible())


def test_the_message_does_not_cover_the_slider_over_the_frames(loaded: MainWindow):
    toast, bar = loaded.commands.toast, loaded.views.image.frame_bar
    loaded.set_details(False)
    assert bar.isVisible()
    toast.say("Saved " + 20 * "a long name, ", "Show in folder", lambda: None)
    covered = QRect(bar.mapTo(loaded, QPoint()), bar.size())
    assert not toast.geometry().intersects(covered)
    assert loaded.rect().contains(toast.geometry())
    toast.hide()


def test_dialogs_of_the_sample_do_not_start_within_the_program(window: MainWindow, qtbot: QtBot):
    sample = places.sample_stack()
    assert sample is not None
    assert places.beside([sample]) == Path.home()
    assert places.beside([Path("/data/a.tif")]) == Path("/data")
    window.open_paths([str(sample)])
    qtbot.waitUntil(lambda: window.session.state.extraction is not None, timeout=20_000)
    trigger(window, "save_npy")
    assert Path(dialog(QFileDialog).selectedFiles()[0]).parent != sample.parent


def test_what_was_saved_before_does_not_stand_beside_an_error(
    loaded: MainWindow, tmp_path: Path, qtbot: QtBot
):
    toast = loaded.commands.toast
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
    assert toast.isVisible()
    with qtbot.waitSignal(loaded.session.failed):
        loaded.exporter.export({"npy": tmp_path / "no folder" / "m.npy"})
    qtbot.waitUntil(lambda: not toast.isVisible())
    assert loaded.statusBar().currentMessage() == ""
    assert loaded.session.state.error.endswith(
        "(its folder does not exist); choose another folder."
    )
