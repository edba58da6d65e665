"""Denoise here: no mask beside it, the mask to try next, doubtful places, spots put in."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.spots import recovered_shapes, sentences
from structmask_gui.core.masks.mask import Mask
from structmask_gui.gui.quality import denoise_words as words
from structmask_gui.gui.widgets.wording import said
from structmask_gui.gui.window.main_window import MainWindow
from tests.gui.denoise.conftest import (
    ROW,
    WAIT,
    files,
    finished,
    opened,
    pressed,
)

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]


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
        "Small, rare objects lose more than the whole does: look for them in the raw stack. Objects"
        " 10 x as bright as the noise fade or vanish."
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


def test_beside_the_figures_of_a_mask_stands_its_result_while_no_mask_is_tried(
    ready: MainWindow, qtbot: QtBot
):
    shown = opened(ready)
    finished(shown, qtbot)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    made = shown.denoising.made
    assert made is not None
    early: list[Any] = []
    shown.denoising._early.connect(early.append)
    shown.bare_button.click()
    qtbot.waitUntil(lambda: bool(early), timeout=WAIT)
    assert shown.denoising.bare is None
    np.testing.assert_array_equal(shown.panes.pictures[1].values, made.answers[0])
    ready.session.set_frame(2)
    np_equal = np.array_equal
    qtbot.waitUntil(lambda: np_equal(shown.panes.pictures[1].values, made.answers[2]), timeout=WAIT)
    shown.denoising.cancel()


def test_images_stand_side_by_side_and_the_words_below_them(ready: MainWindow, qtbot: QtBot):
    shown = opened(ready)
    shown.resize(1180, 720)
    finished(shown, qtbot)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 3, timeout=WAIT)
    qtbot.waitUntil(lambda: len({frame.top() for frame in shown.panes._frames()}) == 1)
    assert shown.figures.width() > 400
    assert shown.cautions.width() > 400
