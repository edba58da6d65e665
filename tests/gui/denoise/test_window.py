"""Denoise here: made, shown, saved, paused; nothing is left of what is cancelled."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.quality import denoise_work
from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.widgets.wording import said
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.denoise_state import SavedState
from structmask_gui.io.open import open_stack
from tests.gui.conftest import noise, wait_for_result
from tests.gui.denoise.conftest import (
    ROW,
    WAIT,
    files,
    finished,
    opened,
    paused,
    pressed,
)
from tests.gui.open_dialogs import dialog, trigger
from tests.io.maker_files import write_ome_set

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


def test_an_roi_is_said_not_to_limit_what_is_denoised(
    loaded: MainWindow, doubts: Any, qtbot: QtBot
):
    shown = opened(loaded)
    finished(shown, qtbot)
    assert "ROI" not in shown.cautions.text()
    loaded.session.edits.set_region(Region(0, 100, 0, 120))
    assert shown.cautions.text().startswith("The whole frame is denoised; the ROI limits only")
    loaded.session.edits.set_region(None)
    assert "ROI" not in shown.cautions.text()


def test_the_picture_comes_early_and_the_result_is_that_of_the_engine(
    ready: MainWindow, stack_file: Path, qtbot: QtBot
):
    pictures: list[Any] = []
    shown = opened(ready)
    shown.denoising.shown.connect(pictures.append)
    finished(shown, qtbot)
    raw = np.load(stack_file)
    expected = Denoiser(raw, ROW)
    expected.fit()
    np.testing.assert_array_equal(pictures[0].denoised, expected.linear(0))
    made = shown.denoising.made
    assert made is not None
    for frame in (0, 3):
        np.testing.assert_array_equal(made.answers[frame], expected.predict(frame))
    assert made.evaluation is not None
    # A number and its sign stay in one line.
    assert said(made.evaluation.sentence) in shown.figures.text()
    assert said(f"Noise left: {100 * made.evaluation.noise_left:.1f} %") in shown.figures.text()
    assert "a larger one, well trained, may keep more detail" in shown.cautions.text()
    assert "Objects smaller than the mask (1 x 5 pixels)" in shown.cautions.text()
    assert files(stack_file.parent) == ["rows.npy"]
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    assert [one.title for one in shown.panes.pictures] == ["Original", "Denoised", "Residual"]
    headline = shown.title.text()
    shown.copy_figure()
    assert shown.toast.label.text() == "The figure is on the clipboard."
    shown.copy_methods()
    assert shown.toast.label.text() == "The methods paragraph is on the clipboard."
    assert shown.title.text() == headline
    ready.session.set_frame(2)
    qtbot.waitUntil(lambda: (pictures[-1].original == raw[2]).all(), timeout=WAIT)
    np.testing.assert_array_equal(shown.panes.pictures[0].values, raw[2].astype(np.float32))
    np.testing.assert_array_equal(shown.panes.pictures[1].values, made.answers[2])


def test_what_is_started_after_a_discard_goes_on_from_nothing(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    shown, unfinished = paused(ready, stack_file, qtbot, monkeypatch)
    go, remove, load = threading.Event(), SavedState.remove, SavedState.load
    found: list[bool] = []

    def removed(state: SavedState) -> None:
        go.wait(WAIT / 1000)  # as on a disk that takes its time
        remove(state)

    def loaded(state: SavedState, fitted: Any) -> Any:
        found.append(unfinished.exists())
        return load(state, fitted)

    monkeypatch.setattr(SavedState, "remove", removed)
    monkeypatch.setattr(SavedState, "load", loaded)
    shown.cancel_button.click()
    shown.start_button.click()
    qtbot.waitUntil(lambda: shown.denoising.phase == "learning", timeout=WAIT)
    qtbot.wait(300)
    assert found == []
    go.set()
    qtbot.waitUntil(lambda: bool(found), timeout=WAIT)
    assert found == [False]
    shown.cancel_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)


def test_the_original_stands_under_a_question_and_nothing_of_the_file_before(
    ready: MainWindow, doubts: Any, tmp_path: Path, qtbot: QtBot
):
    shown = opened(ready)
    finished(shown, qtbot)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    shown.ways.choose("wipe")
    np.save(tmp_path / "other.npy", other := noise((4, 96, 96), seed=2))
    ready.open_paths([str(tmp_path / "other.npy")])
    pressed("Discard")
    wait_for_result(ready.session, qtbot)
    assert shown.panes.pictures == ()
    shown.copy_figure()
    assert shown.toast.label.text() == "There is no picture to copy yet."
    doubts("compressed")
    trigger(ready, "denoise")
    qtbot.waitUntil(lambda: shown.denoising.phase == "asking", timeout=WAIT)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 1, timeout=WAIT)
    ready.session.set_frame(1)
    qtbot.waitUntil(lambda: (shown.panes.pictures[0].values == other[1]).all(), timeout=WAIT)
    assert shown.panes.pictures[0].title == "Original"


def test_it_is_saved_with_its_record_and_never_over_an_open_file(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    shown = opened(ready)
    finished(shown, qtbot)
    shown.save_button.click()
    asked = dialog(QFileDialog)
    target = stack_file.with_name("rows_denoised.ome.tif")
    assert asked.selectedFiles() == [str(target)]
    asked.close()
    with qtbot.waitSignal(shown.denoising.saved, timeout=WAIT):
        shown._save_to(str(target), "")
    made = shown.denoising.made
    assert made is not None
    with open_stack(target) as written:
        assert written.dtype == np.float32
        np.testing.assert_array_equal(written.read(3), made.answers[3])
    record = json.loads(target.with_name("rows_denoised.json").read_text())
    assert record["mask"] == [[1] * 5]
    assert record["mask_from"] == "edited by hand"
    assert record["evaluation"]["noise_left"] == pytest.approx(made.evaluation.noise_left)
    assert shown.toast.isVisible()
    bar = shown.frames
    assert not shown.toast.geometry().intersects(QRect(bar.mapTo(shown, QPoint()), bar.size()))
    assert shown.toast.label.text() == "Saved rows_denoised.ome.tif"
    shown.methods_button.click()
    assert QGuiApplication.clipboard().text() == record["methods"]

    before = stack_file.read_bytes()
    with qtbot.waitSignal(shown.denoising.failed, timeout=WAIT) as said:
        shown.denoising.save(stack_file)
    assert "end the name in .ome.tif" in said.args[0]
    assert stack_file.read_bytes() == before


@pytest.mark.slow
def test_an_open_tiff_is_not_replaced(
    window: MainWindow, tmp_path: Path, doubts: Any, qtbot: QtBot
):
    path, *others = write_ome_set(tmp_path, noise((4, 96, 96)).astype(np.uint16))
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    shown = opened(window)
    finished(shown, qtbot)
    for file in (path, others[0]):
        before = file.read_bytes()
        with qtbot.waitSignal(shown.denoising.failed, timeout=WAIT) as said:
            shown.denoising.save(file)
        assert said.args[0] == f"{file.name} is an image file that is open; choose another name."
        assert shown.title.text() == said.args[0]
        assert file.read_bytes() == before
    assert files(tmp_path) == [file.name for file in (path, *others)]


def test_a_result_that_is_not_saved_is_asked_about(
    ready: MainWindow, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    other = tmp_path / "other.npy"
    np.save(other, noise((4, 96, 96), seed=2))
    shown = opened(ready)
    finished(shown, qtbot)
    made = shown.denoising.made
    ways: list[Callable[[], object]] = [
        lambda: trigger(ready, "reopen_file"),
        lambda: trigger(ready, "close_file"),
        lambda: ready.open_paths([str(other)]),
        ready.close,
    ]
    for way in ways:
        way()
        assert dialog(QMessageBox).text() == "The denoised stack is not saved."
        pressed("Cancel")
        assert ready.isVisible()
        assert ready.session.state.paths == (stack_file,)
        assert shown.denoising.made is made
    # What is saved goes on by itself, and nothing more is asked.
    ways[2]()
    pressed("Save…")
    asked = dialog(QFileDialog)
    asked.close()
    assert shown.denoising.unsaved
    shown.close()
    ways[2]()
    pressed("Save…")
    target = Path(dialog(QFileDialog).selectedFiles()[0])
    dialog(QFileDialog).accept()
    qtbot.waitUntil(lambda: ready.session.state.paths == (other,), timeout=WAIT)
    assert target.exists()
    assert not shown.denoising.unsaved
    assert ready.close()


def test_a_result_that_is_discarded_is_not_asked_about_again(ready: MainWindow, qtbot: QtBot):
    finished(opened(ready), qtbot)
    assert not ready.close()
    pressed("Discard")
    assert not ready.isVisible()


def test_cancel_leaves_nothing_and_a_pause_is_gone_on_from(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
    monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    unfinished = stack_file.with_name("rows_denoised.ome.tif.unfinished.npz")
    shown = opened(ready)
    qtbot.waitUntil(unfinished.exists, timeout=WAIT)
    assert shown.pause_button.isVisible()
    # The title says which file it is.
    assert "rows.npy" in shown.title.text()
    qtbot.waitUntil(lambda: shown.step.text().startswith("Learning"), timeout=WAIT)
    assert "rows.npy" not in shown.step.text()
    shown.pause_button.click()
    assert shown.denoising.phase == "paused"
    assert shown.start_button.text() == "&Resume"
    assert shown.cancel_button.text() == "&Discard"
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    kept = np.load(unfinished)["progress"][2]

    shown.start_button.click()
    qtbot.waitUntil(lambda: np.load(unfinished)["progress"][2] > kept, timeout=WAIT)
    assert np.load(unfinished)["progress"][2] < 2 * kept + 20
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    shown.cancel_button.click()
    assert shown.denoising.phase == "nothing"
    assert [picture.title for picture in shown.panes.pictures] == ["Original"]
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    assert files(stack_file.parent) == ["rows.npy"]
    assert shown.denoising.made is None
    assert shown.title.text() == "Cancelled; nothing was kept."
    assert not shown.save_button.isEnabled()


def test_cancel_after_a_pause_removes_what_was_kept(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    shown, unfinished = paused(ready, stack_file, qtbot, monkeypatch)
    shown.cancel_button.click()
    qtbot.waitUntil(lambda: not unfinished.exists(), timeout=WAIT)
    assert shown.denoising.phase == "nothing"
    # The raw frames can be looked through.
    raw = np.load(stack_file)
    assert shown.frames.isEnabled()
    for frame in (2, 1):
        ready.session.set_frame(frame)
        qtbot.waitUntil(
            lambda n=frame: [(p.values == raw[n]).all() for p in shown.panes.pictures] == [True],
            timeout=WAIT,
        )


def test_another_file_is_opened_at_once_after_a_pause_was_discarded(
    ready: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
    monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    other = tmp_path / "other.npy"
    np.save(other, noise((4, 96, 96), seed=2))
    shown = opened(ready)
    qtbot.waitUntil(lambda: shown.pause_button.isVisible(), timeout=WAIT)
    shown.pause_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    shown.cancel_button.click()
    ready.open_paths([str(other)])
    qtbot.waitUntil(lambda: ready.session.state.paths == (other,), timeout=5000)


@pytest.mark.parametrize("step", ["_show", "_evaluated"])
def test_cancel_removes_what_was_kept_whatever_it_is_doing(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, step: str
):
    reached = threading.Event()

    def wait(_plan: Any, _of: Any, task: Task) -> None:
        reached.set()
        while True:
            task.stop_if_cancelled()
            time.sleep(0.01)

    monkeypatch.setattr(denoise_work, step, wait)
    # As a pause leaves it.
    stack_file.with_name("rows_denoised.ome.tif.unfinished.npz").touch()
    shown = opened(ready)
    qtbot.waitUntil(reached.is_set, timeout=WAIT)
    shown.cancel_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    assert files(stack_file.parent) == ["rows.npy"]


@pytest.mark.parametrize("by", ["Esc", "close"])
@pytest.mark.parametrize("working", [True, False])
def test_it_closes_also_while_it_works_and_the_work_goes_on(
    ready: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, by: str, working: bool
):
    if working:
        monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
        monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    shown = opened(ready)
    phase = "learning" if working else "done"
    qtbot.waitUntil(lambda: shown.denoising.phase == phase, timeout=WAIT)
    if by == "Esc":
        qtbot.keyClick(shown, Qt.Key.Key_Escape)
    else:
        shown.close()
    assert not shown.isVisible()
    assert shown.denoising.phase == phase
    trigger(ready, "denoise")
    assert dialog(DenoiseWindow) is shown
    shown.denoising.cancel()
