"""A batch that runs while its window, or the main window, is closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.progress import Task
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.batch.queue import BatchQueue
from tests.gui.batch.conftest import added, ended
from tests.gui.open_dialogs import dialog, trigger

pytestmark = pytest.mark.usefixtures("close_dialogs")


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Return what lets batches go on: until then they wait, and can be cancelled."""
    event, run = threading.Event(), BatchQueue.run

    def wait(queue: BatchQueue, *arguments: object) -> None:
        while not (event.wait(0.01) or all(s.state == "cancelled" for s in queue.statuses)):
            pass
        run(queue, *arguments)

    monkeypatch.setattr(BatchQueue, "run", wait)
    yield event
    event.set()


@pytest.fixture
def running(window: MainWindow, folder: Path, go: threading.Event, qtbot: QtBot) -> BatchWindow:
    trigger(window, "batch")
    shown: BatchWindow = dialog(BatchWindow)
    added(shown, folder, qtbot)
    shown.start()
    return shown


def press(text: str) -> None:
    next(b for b in dialog(QMessageBox).buttons() if b.text() == text).click()


def test_closing_asks_before_it_stops_a_batch(window: MainWindow, running: BatchWindow):
    for _ in range(2):
        assert not window.close()
        assert dialog(QMessageBox).text() == (
            "The batch is at work: 0 of 4 done. Closing stops it; what is finished is kept."
        )
    press("Keep open")
    assert window.isVisible()
    assert running.running
    window.close()
    press("Stop and close")
    assert not window.isVisible()
    assert running.queue is not None
    assert {status.state for status in running.queue.statuses} == {"cancelled"}


def test_a_batch_that_has_ended_is_not_asked_about(
    window: MainWindow, running: BatchWindow, go: threading.Event, qtbot: QtBot
):
    go.set()
    ended(running, qtbot)
    assert window.close()


def test_a_check_is_asked_about(
    loaded: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    from structmask_gui.io import one_mask

    def wait(*arguments: object) -> Iterator[object]:
        task = arguments[-1]
        assert isinstance(task, Task)
        while True:
            task.stop_if_cancelled()
            yield from ()

    monkeypatch.setattr(one_mask, "check_files", wait)
    trigger(loaded, "batch")
    shown = dialog(BatchWindow)
    added(shown, folder, qtbot)
    shown.check_button.click()
    assert not loaded.close()
    assert dialog(QMessageBox).text() == "The batch is at work: checking my mask. Closing stops it."
    press("Stop and close")
    assert not loaded.isVisible()


def test_the_main_window_says_how_far_a_batch_is_whose_window_is_closed(
    window: MainWindow, running: BatchWindow, go: threading.Event, qtbot: QtBot
):
    said = window.batch_progress
    assert not said.text()
    running.close_button.click()
    assert said.text() == "Batch: 0 of 4 done"
    assert said.isVisible()
    go.set()
    ended(running, qtbot)
    assert said.text() == "Batch: ended"
    trigger(window, "batch")
    assert not said.text()
