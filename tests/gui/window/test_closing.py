"""Closing waits for what is being written, and asks about what is not saved."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.gui.export import exporter
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.open_dialogs import dialog

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


def writing(window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have a mask written that is done once the event is set."""
    go, write = threading.Event(), exporter.write_masks

    def wait(*asked: Any) -> list[str]:
        while not go.wait(0.01):
            asked[-1].stop_if_cancelled()
        return write(*asked)

    monkeypatch.setattr(exporter, "write_masks", wait)
    window.exporter.export({"npy": path})
    assert not window.close()
    assert window.statusBar().currentMessage() == "Writing the mask… Then the window closes."
    return go


def test_closing_waits_for_what_is_written(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    writing(loaded, tmp_path / "m.npy", monkeypatch).set()
    qtbot.waitUntil(lambda: not loaded.isVisible())
    assert (tmp_path / "m.npy").exists()


def test_who_closes_again_may_have_it_discarded(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    writing(loaded, tmp_path / "m.npy", monkeypatch)
    loaded.close()
    button = next(b for b in dialog(QMessageBox).buttons() if b.text() == "Close now")
    button.click()
    assert not loaded.isVisible()
    assert not (tmp_path / "m.npy").exists()


def test_a_file_that_cannot_be_written_keeps_the_window_open(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    go = writing(loaded, tmp_path / "no" / "m.npy", monkeypatch)
    with qtbot.waitSignal(loaded.session.failed):
        go.set()
    assert loaded.isVisible()
    assert "m.npy cannot be written" in loaded.session.state.error
    assert loaded.close()


def test_it_is_asked_once_and_not_after_all_has_failed(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    go = writing(loaded, tmp_path / "no" / "m.npy", monkeypatch)
    for _ in range(3):
        loaded.close()
        asked = dialog(QMessageBox)
    assert asked.windowTitle() == "Close now?"
    with qtbot.waitSignal(loaded.session.failed):
        go.set()
    qtbot.waitUntil(lambda: not loaded.findChildren(QMessageBox))
    assert loaded.isVisible()
