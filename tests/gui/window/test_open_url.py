"""Images on servers, opened from the window, and only when a person asks for one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from structmask_gui.gui.app import begin
from structmask_gui.gui.export.exporter import FORMS, proposed_path
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.open_url import FEW, AddressDialog
from tests.gui.conftest import noise, wait_for_result
from tests.served import served


def asked(window: MainWindow) -> AddressDialog:
    window.actions_by_id["open_address"].trigger()
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, AddressDialog)]
    assert len(found) == 1
    return found[0]


def test_a_remote_image_is_opened(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    zarr = pytest.importorskip("zarr")
    pytest.importorskip("aiohttp")
    zarr.save_array(str(tmp_path / "a.zarr"), noise((4, 128, 160)))
    with served(tmp_path) as (address, _):
        dialog = asked(window)
        dialog.field.setText(f" {address}/a.zarr ")
        assert dialog.open_button.isEnabled()
        assert dialog.few.isChecked()
        dialog.accept()
        wait_for_result(window.session, qtbot)
    stack = window.session.state.stack
    assert stack is not None
    assert stack.location == f"{address}/a.zarr"
    assert window.session.state.parameters.patches == FEW
    # What is written goes to a folder of this computer.
    assert proposed_path(Result.of(window.session), FORMS[0]) == Path.home() / "a_mask.npy"
    assert window.settings.recent_files[0] == f"{address}/a.zarr"


def test_an_address_that_fails_changes_nothing(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    before = session.state.parameters
    with qtbot.waitSignal(session.failed, timeout=30_000):
        loaded.commands._open_address("http://127.0.0.1:9/a.zarr", True)
    assert session.state.parameters == before
    qtbot.waitUntil(lambda: not session.state.busy)
    assert session.state.parameters == before


def test_no_address_is_opened_by_itself(window: MainWindow, qtbot: QtBot):
    window.settings.last_reference_stacks = {"dark": "http://127.0.0.1:9/dark.zarr"}
    begin(window, [])
    assert not window.session.reference_stacks.busy


def test_a_number_of_patches_that_was_chosen_stays(window: MainWindow, qtbot: QtBot):
    window.session.edits.set_parameter("patches", 50)
    dialog = asked(window)
    assert not dialog.few.isChecked()
    assert dialog.few.isHidden()
    dialog.close()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ""),
        ("/data/a.zarr", "Begins with https://"),
        ("ftp://host/a.zarr", "are not read"),
        ("https://me:secret@host/a.zarr", "holds a password"),
    ],
)
def test_what_is_no_address_to_be_asked_cannot_be_opened(
    window: MainWindow, text: str, problem: str
):
    dialog = asked(window)
    dialog.field.setText(text)
    assert not dialog.open_button.isEnabled()
    assert problem in dialog.problem.text()
    assert bool(dialog.problem.text()) == bool(problem)
    dialog.close()


def test_no_address_is_opened_by_itself_at_the_next_start(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    opened: list[object] = []
    monkeypatch.setattr(window.session, "open", lambda *files, **_: opened.append(files))
    window.settings.last_files = ["https:/host/a.zarr"]
    begin(window, [])
    assert not opened
