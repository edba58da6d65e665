from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot
from scipy.ndimage import gaussian_filter

from structmask_gui.cli import main
from structmask_gui.core.denoised.advice import share_words
from structmask_gui.core.denoised.evaluate import Evaluation, evaluate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.gui.quality.denoised_panel import DenoisedPanel
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.results.masks import save_npy
from tests.gui.conftest import one_frame, wait_for_result

pytestmark = pytest.mark.one_window

BARE = Mask(np.ones((1, 1), dtype=bool))


@pytest.fixture
def panel(loaded: MainWindow) -> DenoisedPanel:
    made = loaded.show_panel("result")
    assert isinstance(made, DenoisedPanel)
    return made


@pytest.fixture
def copied(stack_file: Path, tmp_path: Path) -> Path:
    """Return what a network that copies much of the noise gives back."""
    raw = np.load(stack_file).astype(np.float32)
    path = tmp_path / "denoised.npy"
    np.save(path, raw.mean() + 0.4 * (raw - raw.mean()))
    return path


def judged(panel: DenoisedPanel, path: Path, qtbot: QtBot) -> None:
    panel.denoised.open(path)
    qtbot.waitUntil(lambda: panel.denoised.evaluation is not None, timeout=15_000)


def plain(panel: DenoisedPanel) -> str:
    """Return the sentence as the engine writes it."""
    return panel.sentence.text().replace("\N{NO-BREAK SPACE}", " ")


def test_the_verdict_is_the_engines(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, stack_file: Path, qtbot: QtBot
):
    judged(panel, copied, qtbot)
    raw, denoised = ArrayFrames(np.load(stack_file)), ArrayFrames(np.load(copied))
    expected = evaluate(raw, denoised, loaded.session.state.mask, measured=basis(raw))
    assert panel.denoised.evaluation is not None
    assert panel.denoised.evaluation.advice == expected.advice
    assert panel.denoised.evaluation.copied == pytest.approx(expected.copied)
    assert plain(panel) == expected.sentence
    assert f"your result: {share_words(expected.copied)}" in panel.figures.text()
    plane, left = panel.output.plane, panel.denoised.evaluation.noise_left
    assert plane is not None
    # In per cent of the raw noise; little of it looks like little.
    assert plane.max() == pytest.approx(100 * left)
    assert panel.output.levels == (-20, 20)
    assert panel.progress.isHidden()


def test_the_next_mask_is_taken_with_a_click(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    loaded.session.edits.set_mask(BARE, "edited by hand", "Shrink")
    judged(panel, copied, qtbot)
    assert panel.denoised.evaluation is not None
    assert panel.denoised.evaluation.advice == "larger"
    panel.take_button.click()
    assert loaded.session.state.mask == panel.denoised.evaluation.next_mask
    assert loaded.session.state.result is not None
    assert "denoised.npy" in loaded.session.state.result.sentence
    assert "judge again" in panel.figures.text()
    loaded.session.history.undo()
    assert loaded.session.state.mask == BARE
    assert "judge again" not in panel.figures.text()


@pytest.mark.parametrize("method", ["ring", "statistical"])
def test_where_the_answer_cannot_tell_nothing_is_advised(
    loaded: MainWindow, panel: DenoisedPanel, tmp_path: Path, qtbot: QtBot, method: str
):
    frame = one_frame()
    np.save(tmp_path / "one.npy", frame)
    np.save(tmp_path / "out.npy", gaussian_filter(frame, 1) + 0.1 * (frame - frame.mean()))
    loaded.open_paths([str(tmp_path / "one.npy")])
    qtbot.waitUntil(lambda: "one" in loaded.windowTitle(), timeout=15_000)
    loaded.session.edits.set_parameter("method", method)
    wait_for_result(loaded.session, qtbot)
    judged(panel, tmp_path / "out.npy", qtbot)
    assert panel.denoised.evaluation is not None
    assert not panel.denoised.evaluation.trusted
    assert panel.denoised.evaluation.next_mask is None


def test_a_stack_that_does_not_fit_is_a_sentence(
    loaded: MainWindow, panel: DenoisedPanel, tmp_path: Path, qtbot: QtBot
):
    path = tmp_path / "small.npy"
    np.save(path, np.zeros((2, 50, 50), np.float32))
    with qtbot.waitSignal(loaded.session.failed) as said:
        panel.denoised.open(path)
    assert "small.npy" in said.args[0]
    assert panel.denoised.evaluation is None
    assert panel.again_button.isEnabled()


def test_a_refused_file_takes_away_the_verdict_on_the_one_before(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, tmp_path: Path, qtbot: QtBot
):
    judged(panel, copied, qtbot)
    qtbot.waitUntil(lambda: bool(panel.pictures.pictures))
    path = tmp_path / "small.npy"
    np.save(path, np.zeros((1, 50, 50), np.float32))
    with qtbot.waitSignal(loaded.session.failed) as said:
        panel.denoised.open(path)
    assert "small.npy has 1 frame of 50 x 50 pixels" in said.args[0]
    qtbot.waitUntil(lambda: "could not be judged" in panel.sentence.text())
    assert panel.sentence.text().startswith("small.npy")
    assert not panel.figures.text()
    assert not panel.tabs.isVisible()
    assert not panel.pictures.pictures
    assert "small.npy" in loaded.session.state.error
    panel.denoised.open(copied)
    qtbot.waitUntil(lambda: panel.denoised.evaluation is not None, timeout=15_000)
    assert not loaded.session.state.error


@pytest.mark.slow
def test_the_mask_has_one_figure_in_both_panels(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    # As where frames move: the noise is measured in flat patches, not in differences.
    for name, value in (("method", "statistical"), ("source", "flat")):
        loaded.session.edits.set_parameter(name, value)
        wait_for_result(loaded.session, qtbot)
    quality = loaded.session.quality
    quality.watch(panel, True)
    qtbot.waitUntil(lambda: quality.current and quality.scores is not None, timeout=15_000)
    judged(panel, copied, qtbot)
    assert quality.scores is not None
    assert panel.denoised.evaluation is not None
    assert panel.denoised.evaluation.source == "flat"
    assert panel.denoised.evaluation.expected == pytest.approx(
        quality.scores.assessment.figures.copied
    )


@pytest.mark.slow
@pytest.mark.parametrize("source", ["automatic", "flat", "spectrum"])
def test_the_command_line_says_the_same_and_both_panels_name_one_place(
    loaded: MainWindow,
    panel: DenoisedPanel,
    copied: Path,
    stack_file: Path,
    source: str,
    tmp_path: Path,
    qtbot: QtBot,
    capfd: pytest.CaptureFixture[str],
):
    for name, value in (("method", "statistical"), ("source", source)):
        loaded.session.edits.set_parameter(name, value)
        wait_for_result(loaded.session, qtbot)
    assert loaded.session.state.mask is not None
    path = tmp_path / "mask.npy"
    save_npy(loaded.session.state.mask, path)
    quality = loaded.session.quality
    quality.watch(panel, True)
    qtbot.waitUntil(lambda: quality.current and quality.basis is not None, timeout=15_000)
    judged(panel, copied, qtbot)
    assert panel.denoised.evaluation is not None
    assert quality.basis is not None
    place = quality.basis.where
    assert f"{copied.name}: {place}" in panel.figures.text().replace("\u200b", "")
    if source == "spectrum":
        assert place.startswith("Noise measured in detail finer than the optics resolve")
        assert "The output was compared in flat patches." in panel.figures.text()
    options = ["--denoised", str(copied), "--source", source, "--json"]
    capfd.readouterr()
    assert main(["quality", str(path), str(stack_file), *options]) == 0
    told = json.loads(capfd.readouterr().out)["denoised"]
    assert told["sentence"] == plain(panel)
    assert told["where"] == panel.denoised.evaluation.where
    assert told["noise_repeated"] == pytest.approx(panel.denoised.evaluation.copied, abs=0.01)
    # Of flat patches, structure adds to it.
    compared = panel.denoised.evaluation.source == "difference"
    left = panel.denoised.evaluation.noise_left if compared else None
    assert told["noise_left"] == (None if left is None else pytest.approx(left))
    assert ("Noise left" in panel.figures.text()) == (left is not None)
    assert told["noise_repeated_linear"] == pytest.approx(
        panel.denoised.evaluation.expected, abs=0.01
    )


def test_a_normalised_output_is_refused(
    loaded: MainWindow, panel: DenoisedPanel, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    raw = np.load(stack_file).astype(np.float32)
    path = tmp_path / "norm.npy"
    np.save(path, (raw - raw.mean()) / raw.std())
    with qtbot.waitSignal(loaded.session.failed) as said:
        panel.denoised.open(path)
    assert "norm.npy is not in the grey levels of rows.npy" in said.args[0]
    assert panel.denoised.evaluation is None


def test_the_next_mask_is_chosen_in_the_frames_that_are_compared(
    loaded: MainWindow,
    panel: DenoisedPanel,
    copied: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
):
    quality = loaded.session.quality
    quality.watch(panel, True)
    qtbot.waitUntil(lambda: quality.current, timeout=15_000)
    given: dict[str, Any] = {}

    def seen(*arguments: Any, **named: Any) -> Evaluation:
        given.update(named)
        return evaluate(*arguments, **named)

    monkeypatch.setattr("structmask_gui.io.denoised.evaluate", seen)
    judged(panel, copied, qtbot)
    assert quality.basis is not None
    assert quality.basis.still is not None
    assert given["measured"].still is quality.basis.still


def test_another_file_takes_the_verdict_away(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    judged(panel, copied, qtbot)
    loaded.session.close_files()
    assert panel.denoised.evaluation is None
    assert not panel.open_button.isEnabled()
    assert not panel.again_button.isEnabled()
    assert panel.tabs.isHidden()


@pytest.mark.slow
def test_pages_of_another_name_are_matched_by_shape_and_that_is_said(
    panel: DenoisedPanel, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    raw = np.load(stack_file).astype(np.float32)
    path = tmp_path / "channels.tif"
    tifffile.imwrite(
        path, raw.mean() + 0.4 * (raw - raw.mean()), imagej=True, metadata={"axes": "CYX"}
    )
    judged(panel, path, qtbot)
    assert "channels.tif names its dimensions CYX (4 x 128 x 160)" in panel.figures.text()
    assert "frames of rows.npy, in their order" in panel.figures.text()
    other = tmp_path / "frames.npy"
    np.save(other, raw.mean() + 0.4 * (raw - raw.mean()))
    panel.denoised.open(other)
    qtbot.waitUntil(lambda: "frames.npy" in panel.figures.text(), timeout=15_000)
    assert "in their order" not in panel.figures.text()


def test_raw_result_and_residual_are_seen_and_follow_the_frame(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, stack_file: Path, qtbot: QtBot
):
    judged(panel, copied, qtbot)
    raw, output = np.load(stack_file).astype(np.float32), np.load(copied)

    def shows(frame: int) -> bool:
        seen = [picture.values for picture in panel.pictures.pictures]
        wanted = raw[frame], output[frame], raw[frame] - output[frame]
        return len(seen) == 3 and all(map(np.array_equal, seen, wanted))

    qtbot.waitUntil(lambda: shows(0), timeout=15_000)
    assert [p.title for p in panel.pictures.pictures] == ["Raw", "Result", "Residual"]
    assert panel.pictures.pictures[0].levels == panel.pictures.pictures[1].levels
    assert panel.tabs.currentWidget() is panel.pictures
    assert panel.pictures.isVisible()
    loaded.session.set_frame(2)
    qtbot.waitUntil(lambda: shows(2), timeout=15_000)
    loaded.session.close_files()
    assert not panel.pictures.pictures


def test_a_frame_that_cannot_be_read_leaves_no_other_on_show(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    judged(panel, copied, qtbot)
    qtbot.waitUntil(lambda: len(panel.pictures.pictures) == 3, timeout=15_000)
    content = copied.read_bytes()
    copied.unlink()
    with qtbot.waitSignal(loaded.session.failed) as said:
        loaded.session.set_frame(1)
    assert "denoised.npy" in said.args[0]
    assert panel.denoised.pair is None
    assert not panel.pictures.pictures
    copied.write_bytes(content)
    loaded.session.set_frame(2)
    qtbot.waitUntil(lambda: len(panel.pictures.pictures) == 3, timeout=15_000)
    assert not loaded.session.state.error


def test_a_long_name_and_a_long_verdict_leave_the_figures_in_sight(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    loaded.resize(1280, 800)
    path = copied.rename(copied.with_name(f"{'a_name_that_does_not_end_' * 4}.npy"))
    judged(panel, path, qtbot)
    panel.sentence.setText(10 * "A long verdict. ")
    qtbot.wait(1)
    figures = panel.figures
    body = figures.parentWidget()
    assert body is not None
    viewport = body.parentWidget()
    assert viewport is not None
    assert body.width() <= viewport.width()
    seen = figures.visibleRegion().boundingRect().height()
    assert seen >= 3 * figures.fontMetrics().lineSpacing()


@pytest.mark.slow
def test_another_order_of_the_frames_is_judged_anew(
    loaded: MainWindow, panel: DenoisedPanel, copied: Path, qtbot: QtBot
):
    np.save(copied, np.load(copied)[::-1])
    judged(panel, copied, qtbot)
    assert panel.denoised.evaluation is not None
    before = panel.denoised.evaluation.copied
    panel.order.setCurrentText(panel.order.itemText(panel.order.findData("reversed")))
    with qtbot.waitSignal(panel.denoised.changed):
        panel.order.activated.emit(panel.order.currentIndex())
    qtbot.waitUntil(lambda: panel.denoised.evaluation is not None, timeout=15_000)
    assert panel.denoised.evaluation.copied > before + 0.1


def test_the_order_of_the_frames_goes_with_the_file(loaded: MainWindow, panel: DenoisedPanel):
    panel.order.setEditText("4,3,2,1")
    panel._on_order()
    assert panel.denoised.order == "4,3,2,1"
    loaded.session.close_files()
    assert panel.denoised.order == ""
    assert panel.order.currentText() == panel.order.itemText(panel.order.findData(""))
