"""Denoise here: asked, made, shown, saved, compared; nothing is left of what is cancelled."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
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
from structmask_gui.core.denoising.spots import recovered_shapes, sentences
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import Region
from structmask_gui.gui.quality import denoise_words as words
from structmask_gui.gui.quality import denoise_work
from structmask_gui.gui.quality import denoising as job
from structmask_gui.gui.quality.denoise_window import DenoiseWindow
from structmask_gui.gui.widgets.wording import said
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.denoise_state import SavedState
from structmask_gui.io.open import open_stack
from tests.gui.conftest import noise, one_frame, wait_for_result
from tests.gui.open_dialogs import dialog, trigger
from tests.io.maker_files import write_ome_set

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]

ROW = Mask(np.ones((1, 5), dtype=bool))
LONGER = Mask(np.ones((1, 7), dtype=bool))
WAIT = 60_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)


def small_stack(folder: Path) -> Path:
    """Write four frames that are just large enough."""
    path = folder / "rows.npy"
    np.save(path, noise((4, 96, 96)))
    return path


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return small_stack(tmp_path)


@pytest.fixture
def doubts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what says which doubts there are about the stack."""

    def set_doubts(*names: str) -> None:
        monkeypatch.setattr(job, "find_doubts", lambda _state, _task: names)

    set_doubts()
    return set_doubts


@pytest.fixture
def ready(loaded: MainWindow, doubts: Any) -> MainWindow:
    loaded.session.edits.set_mask(ROW, "edited by hand", "Draw")
    return loaded


def opened(window: MainWindow) -> DenoiseWindow:
    trigger(window, "denoise")
    shown = dialog(DenoiseWindow)
    assert isinstance(shown, DenoiseWindow)
    return shown


def paused(
    window: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> tuple[DenoiseWindow, Path]:
    """Pause while it learns; the file is what it goes on from."""
    monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
    monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    unfinished = stack_file.with_name("rows_denoised.ome.tif.unfinished.npz")
    shown = opened(window)
    qtbot.waitUntil(unfinished.exists, timeout=WAIT)
    shown.pause_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    return shown, unfinished


def finished(shown: DenoiseWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: shown.denoising.phase == "done", timeout=WAIT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pressed(text: str) -> None:
    next(b for b in dialog(QMessageBox).buttons() if b.text().replace("&", "") == text).click()


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
    assert "a well-trained network may keep more detail" in shown.cautions.text()
    assert "Objects smaller than the mask (1 x 5 pixels)" in shown.cautions.text()
    assert files(stack_file.parent) == ["rows.npy"]
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    assert [one.title for one in shown.panes.pictures] == ["Original", "Denoised", "Residual"]
    shown.copy_figure()
    assert shown.title.text() == "The figure is on the clipboard."
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
    assert shown.title.text() == "There is no picture to copy yet."
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
        assert said.args[0] == f"{file.name}: is an image file that is open; choose another name."
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
    shown.cancel_button.click()
    assert shown.denoising.phase == "nothing"
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    assert files(stack_file.parent) == ["rows.npy"]
    assert shown.denoising.made is None
    assert shown.panes.pictures == ()
    assert shown.title.text() == "Cancelled; nothing was kept."
    assert not shown.save_button.isEnabled()


def test_cancel_after_a_pause_removes_what_was_kept(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    shown, unfinished = paused(ready, stack_file, qtbot, monkeypatch)
    shown.cancel_button.click()
    qtbot.waitUntil(lambda: not unfinished.exists(), timeout=WAIT)
    assert shown.denoising.phase == "nothing"


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


def test_doubts_are_asked_about_and_stand_in_the_record(
    ready: MainWindow, doubts: Callable[..., None], qtbot: QtBot
):
    doubts("cannot_tell", "processed")
    shown = opened(ready)
    qtbot.waitUntil(lambda: shown.denoising.phase == "asking", timeout=WAIT)
    assert shown.denoising.made is None
    assert list(shown.ticks) == ["cannot_tell", "processed"]
    assert not shown.start_button.isEnabled()
    shown.ticks["cannot_tell"].click()
    assert not shown.start_button.isEnabled()
    shown.ticks["processed"].click()
    shown.start_button.click()
    finished(shown, qtbot)
    assert shown.denoising.made is not None
    assert shown.denoising.made.record.accepted == ("cannot_tell", "processed")


def test_what_was_accepted_of_one_mask_is_asked_about_another(
    ready: MainWindow, doubts: Callable[..., None], qtbot: QtBot
):
    doubts("cannot_tell")
    shown = opened(ready)
    qtbot.waitUntil(lambda: bool(shown.ticks), timeout=WAIT)
    shown.ticks["cannot_tell"].click()
    ready.session.edits.set_mask(LONGER, "edited by hand", "Draw")
    doubts("cannot_tell", "no_gain")
    shown.start_button.click()
    assert shown.denoising.phase == "checking"
    qtbot.waitUntil(lambda: len(shown.ticks) == 2, timeout=WAIT)
    assert not any(tick.isChecked() for tick in shown.ticks.values())
    for tick in shown.ticks.values():
        tick.click()
    shown.start_button.click()
    finished(shown, qtbot)
    made = shown.denoising.made
    assert made is not None
    assert made.mask == LONGER
    assert made.record.accepted == ("cannot_tell", "no_gain")


def test_what_a_pause_left_is_not_replaced_without_a_question(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, doubts: Any
):
    shown, unfinished = paused(ready, stack_file, qtbot, monkeypatch)
    kept = unfinished.read_bytes()
    ready.session.edits.set_mask(LONGER, "edited by hand", "Draw")
    assert shown.start_button.text() == "&Start"
    assert shown.title.text().endswith("is kept. The present mask is another.")
    doubts("no_gain")
    shown.start_button.click()
    pressed("Cancel")
    assert shown.denoising.phase == "paused"
    shown.start_button.click()
    pressed("Start")
    qtbot.waitUntil(lambda: list(shown.ticks) == ["no_gain"], timeout=WAIT)
    assert unfinished.read_bytes() == kept


def test_a_stack_that_cannot_be_separated_is_asked_about(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "eight.npy"
    np.save(path, (noise((1, 128, 160)) // 8).astype(np.uint8))
    loaded.open_paths([str(path)])
    qtbot.waitUntil(lambda: "eight" in loaded.windowTitle(), timeout=WAIT)
    wait_for_result(loaded.session, qtbot)
    shown = opened(loaded)
    qtbot.waitUntil(lambda: shown.denoising.phase == "asking", timeout=WAIT)
    assert "eight_bits" in shown.ticks
    loaded.session.close_files()
    assert shown.denoising.phase == "nothing"
    assert shown.title.text() == "Open a stack first."


def test_where_the_answer_cannot_tell_the_result_is_not_judged(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "one.npy"
    np.save(path, one_frame())
    loaded.open_paths([str(path)])
    qtbot.waitUntil(lambda: "one" in loaded.windowTitle(), timeout=WAIT)
    wait_for_result(loaded.session, qtbot)
    shown = opened(loaded)
    qtbot.waitUntil(lambda: shown.denoising.phase == "asking", timeout=WAIT)
    assert list(shown.ticks) == ["cannot_tell"]
    shown.ticks["cannot_tell"].click()
    shown.start_button.click()
    finished(shown, qtbot)
    made = shown.denoising.made
    assert made is not None
    assert made.evaluation is not None
    assert made.evaluation.advice == "cannot tell"
    assert made.evaluation.next_mask is None


def test_too_little_data_is_refused_in_a_sentence(
    window: MainWindow, tmp_path: Path, doubts: Any, qtbot: QtBot
):
    path = tmp_path / "small.npy"
    np.save(path, noise((1, 48, 48)))
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    shown = opened(window)
    with qtbot.waitSignal(shown.denoising.failed, timeout=WAIT) as said:
        pass
    assert said.args[0].startswith("There are too few pixels to denoise: 432 in each half")
    assert shown.title.text() == said.args[0]
    assert not shown.save_button.isEnabled()
    assert files(tmp_path) == ["small.npy"]


@pytest.mark.slow
def test_no_mask_against_this_mask(ready: MainWindow, stack_file: Path, qtbot: QtBot):
    shown = opened(ready)
    finished(shown, qtbot)
    assert shown.against.isHidden()
    shown.bare_button.click()
    assert shown.denoising.phase == "learning"
    finished(shown, qtbot)
    made, bare = shown.denoising.made, shown.denoising.bare
    assert made is not None
    assert bare is not None
    assert made.evaluation is not None
    assert bare.evaluation is not None
    # The mask matters: without it the noise is copied.
    assert made.evaluation.copied < 0.2 < bare.evaluation.copied
    assert said(f"{100 * bare.evaluation.noise_left:.1f} %") in shown.figures.text()
    qtbot.waitUntil(lambda: shown.panes.pictures[0].title == "No mask", timeout=WAIT)
    np.testing.assert_array_equal(shown.panes.pictures[0].values, bare.answers[0])
    assert not shown.bare_button.isEnabled()
    assert files(stack_file.parent) == ["rows.npy"]


@pytest.mark.slow
def test_the_mask_to_try_next_is_one_click(ready: MainWindow, qtbot: QtBot):
    bare = Mask(np.ones((1, 1), dtype=bool))
    ready.session.edits.set_mask(bare, "edited by hand", "Shrink")
    shown = opened(ready)
    finished(shown, qtbot)
    made = shown.denoising.made
    assert made is not None
    assert made.evaluation is not None
    following = made.evaluation.next_mask
    assert following is not None
    assert shown.next_button.isVisible()
    assert str(following.statistics.true_pixels) in shown.next_button.text()
    shown.next_button.click()
    pressed("Discard")
    assert ready.session.state.mask == following
    qtbot.waitUntil(lambda: shown.denoising.current, timeout=WAIT)
    assert shown.denoising.made is not made


def test_where_to_doubt_is_tinted_and_follows_the_frame(ready: MainWindow, qtbot: QtBot):
    pictures: list[Any] = []
    shown = opened(ready)
    assert not shown.doubt.isEnabled()
    finished(shown, qtbot)
    shown.denoising.shown.connect(pictures.append)
    shown.doubt.click()
    qtbot.waitUntil(lambda: bool(pictures) and pictures[-1].doubted is not None, timeout=WAIT)
    made = shown.denoising.made
    assert made is not None
    expected = Denoiser(np.asarray(made.record.denoiser.frames.read(0))[None], ROW)
    assert expected.frames.frame_shape == pictures[-1].doubted.shape
    assert shown.doubt.text().startswith("Mark &doubtful places: ")
    # What is marked is drawn, over all pictures.
    marks = np.zeros(pictures[-1].doubted.shape, dtype=bool)
    before = shown.panes.grab().toImage()
    shown.panes.set_marks(~marks)
    assert shown.panes.grab().toImage() != before
    for doubted, share in ((marks, "nowhere in this frame"), (~marks, "100.0 % of this frame")):
        shown._on_shown(replace(pictures[-1], doubted=doubted))
        assert shown.doubt.text() == f"Mark &doubtful places: {share}"
    first = pictures[-1].original
    ready.session.set_frame(2)
    qtbot.waitUntil(lambda: (pictures[-1].original != first).any(), timeout=WAIT)
    assert pictures[-1].doubted is not None
    shown.doubt.click()
    qtbot.waitUntil(lambda: pictures[-1].doubted is None, timeout=WAIT)
    assert shown.panes._marks is None
    assert shown.doubt.text() == "Mark &doubtful places"


def test_spots_are_put_in_and_what_is_left_of_them_is_said(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    shown = opened(ready)
    finished(shown, qtbot)
    assert shown.spots_button.isEnabled()
    shown.spots_button.click()
    assert not shown.spots_button.isEnabled()
    assert shown.cancel_button.isVisible()
    qtbot.waitUntil(lambda: bool(shown.denoising.spots), timeout=WAIT)
    text = shown.figures.text()
    assert "10 x as bright as the noise " in text
    assert "Height kept of spots, lines and squares" in text
    made = shown.denoising.made
    assert made is not None
    assert made.noise_sd is not None
    fitted = made.record.denoiser
    found = recovered_shapes(fitted, made.noise_sd)
    assert found == shown.denoising.spots
    _, *found_words = sentences(found)
    assert max(abs(one.share) for one in found) > 0.05  # not of the answers that are known
    # What fades is said beside what is said of the image as a whole, which stays true.
    target = stack_file.with_name("rows_denoised.ome.tif")
    with qtbot.waitSignal(shown.denoising.saved, timeout=WAIT):
        shown._save_to(str(target), "")
    record = json.loads(target.with_name("rows_denoised.json").read_text())
    assert record["test_with_spots"] == [asdict(one) for one in found]
    told = ("Objects 10 x as bright as the noise fade or vanish.", *found_words)
    monkeypatch.setattr(words, "sentences", lambda _spots: told)
    first, _, small, *_ = words.figures(shown.denoising).splitlines()
    assert first == f"As a whole: {made.evaluation.sentence}"
    assert small == (
        "For small objects, use the raw stack. Objects 10 x as bright as the noise fade or vanish."
    )
    assert words.figures(shown.denoising).count("Objects 10 x as bright") == 1
    told = ("Objects 10 x as bright as the noise are kept.", *found_words)
    assert words.figures(shown.denoising).splitlines()[0] == made.evaluation.sentence
    ready.session.close_files()
    assert shown.denoising.spots == ()


@pytest.mark.slow
def test_the_test_with_spots_is_cancelled(ready: MainWindow, qtbot: QtBot):
    shown = opened(ready)
    finished(shown, qtbot)
    shown.spots_button.click()
    shown.cancel_button.click()
    qtbot.waitUntil(lambda: not shown.denoising._testing.busy, timeout=WAIT)
    assert shown.denoising.spots == ()
    assert shown.denoising.made is not None
    assert shown.spots_button.isEnabled()
