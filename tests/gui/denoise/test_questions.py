"""Denoise here: what is asked or refused before it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising import denoiser
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.conftest import noise, one_frame, wait_for_result
from tests.gui.denoise.conftest import (
    LONGER,
    WAIT,
    files,
    finished,
    opened,
    paused,
    pressed,
)

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


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


def test_opening_another_file_says_that_denoising_is_paused(
    ready: MainWindow, stack_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(denoiser, "_ROUNDS", 1000)
    monkeypatch.setattr(denoiser, "_PATIENCE", 1000)
    np.save(stack_file.with_name("other.npy"), noise((4, 96, 96), seed=2))
    unfinished = stack_file.with_name("rows_denoised.ome.tif.unfinished.npz")
    shown = opened(ready)
    qtbot.waitUntil(unfinished.exists, timeout=WAIT)
    with qtbot.waitSignal(shown.denoising.left) as said:
        ready.open_paths([str(stack_file.with_name("other.npy"))])
    assert said.args == [
        "Denoising rows.npy is paused; it goes on when you open rows.npy and denoise it again."
        f" What it has learned is kept in {stack_file.parent}."
    ]
    assert ready.statusBar().currentMessage() == said.args[0]
    qtbot.waitUntil(lambda: not shown.denoising._job.busy, timeout=WAIT)
    assert unfinished.exists()
