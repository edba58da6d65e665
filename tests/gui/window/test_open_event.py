"""Files that the desktop hands to the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.gui import app
from structmask_gui.gui.desktop.places import PRESET_SUFFIX
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.open_event import Application, open_handed
from structmask_gui.io.presets.preset import Preset, save_preset
from tests.gui.conftest import wait_for_result


@pytest.fixture
def preset(tmp_path: Path) -> str:
    path = tmp_path / f"mine{PRESET_SUFFIX}"
    save_preset(Preset.of("mine", Parameters(center_size=17)), path)
    return str(path)


def test_images_are_opened_and_presets_applied(
    window: MainWindow, stack_file: Path, preset: str, qtbot: QtBot
):
    open_handed(window, [preset, str(stack_file)])
    wait_for_result(window.session, qtbot)
    assert window.session.state.stack is not None
    assert window.session.state.parameters.center_size == 17
    assert window.session.state.error == ""


def test_a_preset_that_is_none_is_answered_by_a_sentence(window: MainWindow, tmp_path: Path):
    path = tmp_path / f"broken{PRESET_SUFFIX}"
    path.write_text("{")
    open_handed(window, [str(path)])
    assert path.name in window.session.state.error
    assert window.session.state.parameters == Parameters()


def test_with_a_preset_alone_the_last_files_come_back_too(
    window: MainWindow, stack_file: Path, preset: str, qtbot: QtBot
):
    window.settings.last_files = [str(stack_file)]
    app.begin(window, [preset])
    wait_for_result(window.session, qtbot)
    assert window.session.state.parameters.center_size == 17


def test_the_desktop_may_be_early(qapp: Application, window: MainWindow, preset: str):
    event = QFileOpenEvent(QUrl.fromLocalFile(preset))
    assert qapp.event(event)
    assert window.session.state.parameters == Parameters()
    assert qapp.serve(window) == [preset]
    assert qapp.event(event)
    assert window.session.state.parameters.center_size == 17
    assert qapp.serve(window) == []
