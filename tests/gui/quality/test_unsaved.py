"""A denoised stack that is not saved is asked about, once, whatever would take its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.quality import denoising as job
from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.quality.denoise_work import Looked
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.denoise.conftest import small_stack
from tests.gui.open_dialogs import dialog, trigger
from tests.gui.window.test_closing import writing

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]

ROW = Mask(np.ones((1, 5), dtype=bool))
LONGER = Mask(np.ones((1, 7), dtype=bool))
WAIT = 60_000
NOT_SAVED = "The denoised stack is not saved."


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return small_stack(tmp_path)


@pytest.fixture
def done(loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> DenoiseWindow:
    """Return the window with a result that is not saved."""
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)
    monkeypatch.setattr(job, "look", lambda _state, _task: Looked((), ()))
    loaded.session.edits.set_mask(ROW, "edited by hand", "Draw")
    trigger(loaded, "denoise")
    shown: DenoiseWindow = dialog(DenoiseWindow)
    qtbot.waitUntil(lambda: shown.denoising.phase == "done", timeout=WAIT)
    return shown


def pressed(text: str) -> None:
    next(b for b in dialog(QMessageBox).buttons() if b.text().replace("&", "") == text).click()


def saved_later(loaded: MainWindow, done: DenoiseWindow, qtbot: QtBot, path: Path) -> None:
    """Save the result, after which the main window is still there."""
    with qtbot.waitSignal(done.denoising.saved, timeout=WAIT):
        done.denoising.save(path)
    qtbot.wait(50)
    assert loaded.isVisible()


def visible(kind: type[QDialog]) -> list[Any]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]


def test_closing_twice_asks_once(loaded: MainWindow, done: DenoiseWindow):
    for _ in range(2):
        assert not loaded.close()
        assert dialog(QMessageBox).text() == NOT_SAVED
    pressed("Save…")
    assert not loaded.close()
    assert not visible(QMessageBox)
    dialog(QFileDialog).close()
    assert not loaded.close()
    pressed("Discard")
    assert not loaded.isVisible()


def test_who_stays_after_an_export_is_not_taken_along_by_what_is_saved_later(
    loaded: MainWindow,
    done: DenoiseWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    writing(loaded, tmp_path / "m.npy", monkeypatch).set()
    qtbot.waitUntil(lambda: bool(visible(QMessageBox)), timeout=WAIT)
    pressed("Cancel")
    saved_later(loaded, done, qtbot, tmp_path / "d.ome.tif")


def test_who_stays_after_an_export_was_discarded_is_not_taken_along_either(
    loaded: MainWindow,
    done: DenoiseWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    writing(loaded, tmp_path / "m.npy", monkeypatch)
    loaded.close()
    pressed("Close now")
    assert dialog(QMessageBox).text() == NOT_SAVED
    pressed("Cancel")
    saved_later(loaded, done, qtbot, tmp_path / "d.ome.tif")


def test_what_was_discarded_says_nothing_of_the_next_result(
    loaded: MainWindow,
    done: DenoiseWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    loaded.close()
    # An export begins while the question is open, and fails after its answer.
    asked = dialog(QMessageBox)
    asked.hide()
    go = writing(loaded, tmp_path / "no" / "m.npy", monkeypatch)
    asked.show()
    pressed("Discard")
    with qtbot.waitSignal(loaded.session.failed):
        go.set()
    assert not loaded.close()
    assert dialog(QMessageBox).text() == NOT_SAVED


def test_who_saves_beside_the_question_is_not_asked_again(
    loaded: MainWindow, done: DenoiseWindow, qtbot: QtBot, tmp_path: Path
):
    assert not loaded.close()
    assert dialog(QMessageBox).text() == NOT_SAVED
    done.save_button.click()
    assert not visible(QMessageBox)
    # It cannot be written there, and so is still not saved.
    with qtbot.waitSignal(done.denoising.failed, timeout=WAIT):
        dialog(QFileDialog).fileSelected.emit(str(tmp_path / "no" / "d.ome.tif"))
    dialog(QFileDialog).close()
    assert done.warning.isVisible()
    assert not loaded.close()
    assert dialog(QMessageBox).text() == NOT_SAVED
    pressed("Cancel")
    saved_later(loaded, done, qtbot, tmp_path / "d.ome.tif")
    assert not done.warning.isVisible()


@pytest.mark.parametrize("by", ["start", "take_next", "begin"])
def test_another_mask_does_not_take_its_place_unasked(
    loaded: MainWindow,
    done: DenoiseWindow,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
):
    made = done.denoising.made
    if by == "take_next":
        monkeypatch.setattr(DenoiseWindow, "_next_mask", LONGER)
    else:
        loaded.session.edits.set_mask(LONGER, "edited by hand", "Draw")
    getattr(done, by)()
    assert dialog(QMessageBox).text() == NOT_SAVED
    pressed("Cancel")
    assert done.denoising.phase == "done"
    assert done.denoising.made is made
    assert (loaded.session.state.mask == ROW) is (by == "take_next")
    getattr(done, by)()
    pressed("Discard")
    qtbot.waitUntil(lambda: done.denoising.current, timeout=WAIT)
    assert done.denoising.made is not made
    assert done.denoising.made.mask == LONGER


def test_what_is_saved_first_is_followed_by_the_other_mask(
    loaded: MainWindow, done: DenoiseWindow, tmp_path: Path, qtbot: QtBot
):
    loaded.session.edits.set_mask(LONGER, "edited by hand", "Draw")
    done.start_button.click()
    pressed("Save…")
    dialog(QFileDialog).accept()
    qtbot.waitUntil(lambda: done.denoising.current, timeout=WAIT)
    assert (tmp_path / "rows_denoised.ome.tif").exists()


def test_doubts_of_another_mask_are_accepted_beside_a_result(
    loaded: MainWindow, done: DenoiseWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    loaded.session.edits.set_mask(LONGER, "edited by hand", "Draw")
    monkeypatch.setattr(job, "look", lambda _state, _task: Looked(("no_gain",), ()))
    done.start_button.click()
    pressed("Discard")
    qtbot.waitUntil(lambda: bool(done.ticks), timeout=WAIT)
    done.ticks["no_gain"].click()
    done.start_button.click()
    qtbot.waitUntil(lambda: done.denoising.current, timeout=5000)
