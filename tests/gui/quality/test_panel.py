from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from scipy.ndimage import gaussian_filter

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.suggest import Point, Suggestion
from structmask_gui.core.stack.destripe import Destriping, destriped
from structmask_gui.core.stack.frames import ArrayFrames, Frames
from structmask_gui.gui.desktop import places
from structmask_gui.gui.quality.curves import SuggestionView
from structmask_gui.gui.quality.denoising import proposed_target
from structmask_gui.gui.quality.panel import QualityPanel
from structmask_gui.gui.quality.removal import OffsetsDialog, RemovalDialog
from structmask_gui.gui.session.quality import ALIKE, BARE, PRESENT
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.corrected import save_destriped
from tests.gui.conftest import noise, wait_for_result
from tests.gui.open_dialogs import dialog
from tests.io.maker_files import write_ome_set

pytestmark = pytest.mark.one_window


def wait_current(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.quality.current, timeout=15_000)


def rows(panel: QualityPanel) -> dict[str, list[str]]:
    found = {}
    for y in range(panel.table.rowCount()):
        texts = [panel.table.item(y, x).text() for x in range(panel.table.columnCount())]
        for name in texts[1].split(ALIKE):
            assert name not in found
            found[name] = texts
    return found


def test_a_small_stack_is_looked_at_as_far_as_it_allows(qapp: object, tmp_path: Path, qtbot: QtBot):
    path = tmp_path / "small.npy"
    np.save(path, noise((1, 16, 16)))
    session = Session()
    panel = QualityPanel(session)
    qtbot.addWidget(panel)
    session.quality.watch("test", True)
    session.open(path)
    wait_for_result(session, qtbot)
    qtbot.waitUntil(lambda: session.quality.scores is not None, timeout=15_000)
    assert "within 3 px, as far as possible here" in panel.reach.text()
    panel.stop()
    session.close()


def test_an_open_stack_without_a_result_is_not_asked_for(
    qapp: object, tmp_path: Path, qtbot: QtBot
):
    path = tmp_path / "constant.npy"
    np.save(path, np.ones((2, 64, 64), dtype=np.float32))
    session = Session()
    panel = QualityPanel(session)
    qtbot.addWidget(panel)
    assert panel.placeholder.text().startswith("Open a stack")
    session.open(path)
    qtbot.waitUntil(lambda: bool(session.state.error) and not session.state.busy, timeout=15_000)
    qtbot.waitUntil(lambda: "could not be measured" in panel.placeholder.text(), timeout=5_000)
    assert session.state.error in panel.placeholder.text()
    session.close_files()
    qtbot.waitUntil(lambda: panel.placeholder.text().startswith("Open a stack"), timeout=5_000)
    panel.stop()
    session.close()


def test_a_stack_that_cannot_be_judged_says_so(
    qapp: object, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    def refusing(*_: object, **__: object) -> None:
        raise InputError("small.npy cannot be judged.")

    monkeypatch.setattr("structmask_gui.core.quality.basis.extraction_basis", refusing)
    path = tmp_path / "small.npy"
    np.save(path, noise((1, 30, 30)))
    session = Session()
    session.open(path)
    session.quality.watch("test", True)
    wait_for_result(session, qtbot)
    qtbot.waitUntil(lambda: session.quality.state == "failed", timeout=15_000)
    assert session.quality.error.endswith(".")
    panel = QualityPanel(session)
    qtbot.addWidget(panel)
    assert panel.placeholder.text() == session.quality.error
    panel.stop()
    session.close()


def test_the_panel_shows_the_figures(loaded: MainWindow, qtbot: QtBot):
    panel = loaded.show_panel("quality")
    wait_current(loaded.session, qtbot)
    scores = loaded.session.quality.scores
    assert scores is not None
    found = scores.assessment.figures
    assert panel.pages.currentIndex() == 1
    value, _, within = panel.copied.value.text().partition(" ± ")
    assert value == f"{100 * found.copied:.1f}\N{NO-BREAK SPACE}%"
    assert within == f"{200 * found.error:.1f}\N{NO-BREAK SPACE}%"
    assert panel.copied.bar.share == pytest.approx(found.copied / found.copied_bare)
    assert rows(panel)[PRESENT][4] == str(scores.mask.statistics.true_pixels)
    assert "lower is better" in panel.estimate.text()
    assert panel.radius.describe(5, 0).startswith("5 px")
    curve = panel.radius.curve
    assert curve is not None
    # The dashed line says what it is.
    panel.radius.set_curve(replace(curve, square=int(curve.radii[-1]) - 1))
    axis = panel.radius.bottom.labelString()
    assert f"beyond the line a lower bound, along {curve.axis} only" in axis


def test_the_panel_follows_an_edit_and_a_pin(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    panel = loaded.show_panel("quality")
    wait_current(session, qtbot)
    session.pinned.keep_present()
    session.edits.set_mask(Mask(np.ones((1, 1), dtype=bool)), "edited by hand", "Shrink")
    qtbot.waitUntil(lambda: "A, kept" in rows(panel) and session.quality.current, timeout=15_000)
    assert panel.copied.bar.share == pytest.approx(1.0)
    assert panel.hidden.value.text() == "none"
    assert "extracted mask" in rows(panel)


def test_equal_masks_are_one_row(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    panel = loaded.show_panel("quality")
    wait_current(session, qtbot)
    # Room around a mask makes it no other one.
    session.edits.set_mask(
        Mask(np.ones((1, 1), dtype=bool)).padded((5, 5)), "edited by hand", "Shrink"
    )
    session.pinned.keep_present()
    qtbot.waitUntil(lambda: "A, kept" in rows(panel) and session.quality.current, timeout=15_000)
    found = rows(panel)
    assert found[PRESENT] is found[BARE] is found["A, kept"]
    assert found[PRESENT][1].startswith(PRESENT + ALIKE)
    masks = [item.pixels for item in session.quality.scores.ranking]
    assert len(masks) == panel.table.rowCount()


@pytest.mark.slow
def test_an_order_that_says_nothing_has_no_ranks(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    panel = loaded.show_panel("quality")
    wait_current(session, qtbot)
    assert panel.table.isEnabled()
    assert rows(panel)[PRESENT][0].rstrip(" =").isdigit()
    quality = session.quality
    quality._basis = replace(quality.basis, trusted=False)
    session.edits.set_mask(Mask(np.ones((1, 5), dtype=bool)), "edited by hand", "Draw")
    wait_current(session, qtbot)
    assert not panel.table.isEnabled()
    assert rows(panel)[PRESENT][0] == "\N{EN DASH}"
    assert "could not be separated from structure" in panel.estimate.text()
    assert "may be structure" in panel.source.text()
    assert not quality.scores.record()["noise_told_from_picture"]
    quality.suggest()
    qtbot.waitUntil(lambda: quality.suggestion is not None, timeout=15_000)
    assert "do not rely on it" in panel.suggested.text()


def test_noise_too_weak_for_an_estimate_is_said(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    rng = np.random.default_rng(5)
    texture = gaussian_filter(rng.normal(0, 1, (128, 128)), 0.8)
    frames = 100 + 40 * texture + rng.normal(0, 1, (4, 128, 128))
    path = tmp_path / "weak.npy"
    np.save(path, frames.astype(np.float32))
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    panel = window.show_panel("quality")
    wait_current(window.session, qtbot)
    assert window.session.quality.scores.doubt == "weak"
    assert "Too little noise" in panel.estimate.text()
    assert not panel.table.isEnabled()


def test_in_a_narrow_window_the_words_are_a_tab(loaded: MainWindow, qtbot: QtBot):
    panel = QualityPanel(loaded.session)
    qtbot.addWidget(panel)
    panel.resize(900, 200)
    panel.show()
    assert panel.tabs.indexOf(panel.words) < 0
    panel.resize(panel.minimumSizeHint().width(), 200)
    assert panel.tabs.indexOf(panel.words) == 0
    panel.resize(900, 200)
    assert panel.tabs.indexOf(panel.words) < 0
    assert not panel.words.isHidden()
    panel.stop()


def test_measuring_is_said_and_old_figures_are_greyed(loaded: MainWindow, qtbot: QtBot):
    panel = loaded.show_panel("quality")
    wait_current(loaded.session, qtbot)
    loaded.session.edits.set_parameter("patch_size", 32)
    assert not panel.pages.isEnabled()
    wait_for_result(loaded.session, qtbot)
    wait_current(loaded.session, qtbot)
    assert panel.pages.isEnabled()


def test_suggest_and_take_a_point(loaded: MainWindow, qtbot: QtBot):
    session = loaded.session
    panel = loaded.show_panel("quality")
    wait_current(session, qtbot)
    assert panel.take_button.isHidden()
    panel.suggest_button.click()
    qtbot.waitUntil(lambda: session.quality.suggestion is not None, timeout=15_000)
    suggestion = session.quality.suggestion
    assert suggestion is not None
    assert panel.suggestions.suggestion is suggestion
    panel.take_button.click()
    assert session.state.mask == suggestion.mask
    assert session.state.result is not None
    assert "suggested" in session.state.result.sentence
    assert panel.suggestions.index_at(4.9) == 2
    other = suggestion.knee + 1
    panel.suggestions.point_chosen.emit(other)
    assert session.state.mask == suggestion.points[other].mask
    session.history.undo()
    assert session.state.mask == suggestion.mask


@pytest.mark.slow
def test_looking_for_masks_can_be_stopped(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    panel = loaded.show_panel("quality")
    quality = loaded.session.quality
    wait_current(loaded.session, qtbot)
    begun = threading.Event()

    def endless(*_: object, task: Task, **__: object) -> None:
        begun.set()
        while not task.cancelled:
            time.sleep(0.001)
        raise Cancelled

    with monkeypatch.context() as patched:
        patched.setattr("structmask_gui.core.quality.assessment.suggest", endless)
        panel.suggest_button.click()
        assert not panel.stop_button.isHidden()
        assert panel.suggest_button.isHidden()
        assert begun.wait(15)
        panel.stop_button.click()
        assert not quality.suggesting.busy
        assert not panel.suggest_button.isHidden()
        qtbot.waitUntil(lambda: not quality.suggesting._job.busy, timeout=15_000)
    panel.suggest_button.click()
    qtbot.waitUntil(lambda: quality.suggestion is not None, timeout=15_000)
    assert not panel.take_button.isHidden()


def test_a_suggestion_that_fails_says_why(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    panel = loaded.show_panel("quality")
    wait_current(loaded.session, qtbot)

    def failing(*_: object, **__: object) -> None:
        raise InputError("The noise does not vary.")

    with monkeypatch.context() as patched:
        patched.setattr("structmask_gui.core.quality.assessment.suggest", failing)
        panel.suggest_button.click()
        qtbot.waitUntil(lambda: not loaded.session.quality.suggesting.busy, timeout=15_000)
    assert panel.suggested.text() == "No mask could be suggested: The noise does not vary."
    assert not panel.suggest_button.isHidden()


@pytest.mark.slow
def test_noise_along_whole_rows_offers_destriped_frames(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (6, 160, 160)) + rng.normal(0, 4, (6, 160, 1))
    path = tmp_path / "rows.npy"
    np.save(path, frames.astype(np.float32))
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    panel = window.show_panel("quality")
    wait_current(window.session, qtbot)
    assert panel.destripe_button.isVisibleTo(panel)
    assert "whole rows" in panel.reach.text()
    target = tmp_path / "out.tif"
    window.commands.frames.write(target, ROWS)
    qtbot.waitUntil(lambda: "Saved out.tif" in window.commands.toast.label.text(), timeout=15_000)
    written = tifffile.imread(target)
    assert written.shape == frames.shape
    # The sample lies within the program, where nobody writes.
    window.commands.preview_removal()
    with monkeypatch.context() as patched:
        patched.setattr(places, "sample_stack", lambda: path)
        assert dialog(RemovalDialog).proposed().parent == Path.home()
    expected = Destriping(ArrayFrames(frames.astype(np.float32)), "rows").frame(2)
    np.testing.assert_allclose(written[2], expected)
    assert written.mean(axis=2).std() < 0.5 * frames.mean(axis=2).std()
    window.commands.toast.button.click()
    qtbot.waitUntil(lambda: window.session.state.paths == (target,), timeout=15_000)


def test_lines_that_the_verdict_calls_endless_offer_destriped_frames(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (6, 160, 160)) + rng.normal(0, 4, (6, 1, 160))
    path = tmp_path / "columns.npy"
    np.save(path, frames.astype(np.float32))
    window.session.edits.set_parameters({"method": "statistical", "source": "frames"})
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    panel = window.show_panel("quality")
    wait_current(window.session, qtbot)
    assert window.session.state.extraction.verdict.lines == "columns"
    assert not window.session.quality.scores.assessment.curve.spans
    assert panel.destripe_button.isVisibleTo(panel)
    assert "columns are brighter" in window.headline.sentence.text()
    assert window.headline.row.buttons["preview_removal"].isVisible()


ROWS = partial(save_destriped, lines="rows")


def save_as(target: Path) -> None:
    """Choose a file in the dialog that asks for one."""
    asked = dialog(QFileDialog)
    asked.fileSelected.emit(str(target))
    asked.reject()


def test_the_lines_that_were_previewed_are_written(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (6, 160, 160)) + rng.normal(0, 4, (6, 1, 160))
    path, target = tmp_path / "columns.npy", tmp_path / "out.tif"
    np.save(path, frames.astype(np.float32))
    window.session.edits.set_parameters({"method": "statistical", "source": "frames"})
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    window.commands.preview_removal()
    shown = dialog(RemovalDialog)
    assert shown.windowTitle() == "Offsets of whole columns"
    window.session.edits.set_parameters(Parameters())  # which know no verdict
    wait_for_result(window.session, qtbot)
    shown.save_button.click()
    with qtbot.waitSignal(window.commands.frames.written):
        save_as(target)
    expected = Destriping(ArrayFrames(frames.astype(np.float32)), "columns").frame(2)
    np.testing.assert_allclose(tifffile.imread(target)[2], expected)


def test_the_removal_of_offsets_is_seen_before_it_is_saved(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    rng = np.random.default_rng(5)
    frames = rng.normal(100, 5, (6, 160, 160)) + rng.normal(0, 4, (6, 160, 1))
    path, target = tmp_path / "rows.npy", tmp_path / "out.tif"
    np.save(path, frames.astype(np.float32))
    window.session.edits.set_parameters(
        {"method": "statistical", "source": "automatic", "mask_choice": "recommended"}
    )
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    assert "rows are brighter" in window.headline.sentence.text()
    assert window.headline.certainty.certainty == "attention"  # however likely, there is a first
    window.headline.row.buttons["preview_removal"].click()
    shown = dialog(RemovalDialog)
    qtbot.waitUntil(lambda: len(shown.panes.pictures) == 2, timeout=15_000)
    recorded, without = shown.panes.pictures
    np.testing.assert_array_equal(recorded.values, frames[0].astype(np.float32))
    expected = Destriping(ArrayFrames(frames.astype(np.float32)), "rows").frame(0)
    np.testing.assert_allclose(without.values, expected)
    assert recorded.levels == without.levels
    window.session.set_frame(3)
    qtbot.waitUntil(lambda: "Frame 4" in shown.panes.pictures[0].title, timeout=15_000)
    assert not shown.open_button.isVisible()
    shown.save_button.click()
    save_as(target)
    qtbot.waitUntil(shown.open_button.isVisible, timeout=15_000)
    assert shown.said.text() == "Saved out.tif."
    shown.open_button.click()
    qtbot.waitUntil(lambda: window.session.state.paths == (target,), timeout=15_000)
    with pytest.raises(AssertionError):
        dialog(RemovalDialog)


def test_the_frames_are_written_while_another_file_is_opened(
    loaded: MainWindow, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    target = tmp_path / "out.tif"
    entered, go_on = threading.Event(), threading.Event()

    def held_up(frames: Frames, *, path: Path, force: bool, task: Task) -> Path:
        entered.set()
        assert go_on.wait(20)
        return ROWS(frames, path=path, force=force, task=task)

    loaded.commands.frames.write(target, held_up)
    qtbot.waitUntil(entered.is_set)
    other = tmp_path / "other.npy"
    np.save(other, noise((4, 128, 160), seed=9))
    loaded.open_paths([str(other)])
    qtbot.waitUntil(lambda: loaded.session.state.paths == (other,), timeout=10_000)
    wait_for_result(loaded.session, qtbot)
    with qtbot.waitSignal(loaded.commands.frames.written):
        go_on.set()
    raw = np.load(stack_file).astype(np.float32)
    np.testing.assert_allclose(tifffile.imread(target)[1], destriped(raw[1], "rows"))


def test_the_open_file_is_not_overwritten(loaded: MainWindow, stack_file: Path, qtbot: QtBot):
    wait_current(loaded.session, qtbot)
    before = stack_file.read_bytes()
    with qtbot.waitSignal(loaded.session.failed):
        loaded.commands.frames.write(stack_file, ROWS)
    assert "choose another name" in loaded.session.state.error
    assert stack_file.read_bytes() == before
    with qtbot.waitSignal(loaded.commands.frames.written):
        loaded.commands.frames.write(stack_file.with_name("out.tif"), ROWS)
    assert loaded.session.state.error == ""


def test_no_other_open_file_is_overwritten(
    loaded: MainWindow, stack_file: Path, tmp_path: Path, qtbot: QtBot
):
    first, second, *_ = write_ome_set(tmp_path, np.load(stack_file).astype(np.uint16))
    loaded.open_paths([str(first)])
    wait_for_result(loaded.session, qtbot)
    dark = tmp_path / "dark.npy"
    np.save(dark, noise((4, 128, 160)))
    with qtbot.waitSignal(loaded.session.reference_stacks.changed):
        loaded.session.reference_stacks.choose("dark", dark)
    wait_current(loaded.session, qtbot)
    before = {path: path.read_bytes() for path in (dark, second)}
    for path in before:
        with qtbot.waitSignal(loaded.session.failed):
            loaded.commands.frames.write(path, ROWS)
        assert loaded.session.state.error.startswith(f"{path.name} is an image file that is open")
    assert {path: path.read_bytes() for path in before} == before


def test_destriping_stops_and_leaves_nothing(tmp_path: Path):
    frames = ArrayFrames(noise((5, 64, 64)))
    path = tmp_path / "out.tif"
    with pytest.raises(Cancelled):
        save_destriped(frames, "rows", path, task=Task(cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []
    save_destriped(frames, "columns", path)
    with pytest.raises(InputError, match="exists"):
        save_destriped(frames, "columns", path)


def test_a_bar_says_what_full_is(loaded: MainWindow, qtbot: QtBot):
    panel = loaded.show_panel("quality")
    wait_current(loaded.session, qtbot)
    scores = loaded.session.quality.scores
    assert scores is not None
    bare = 100 * scores.assessment.figures.copied_bare
    assert panel.copied.full.text() == f"without a mask {bare:.1f}\N{NO-BREAK SPACE}%"
    assert panel.copied.full.isVisibleTo(panel.copied)
    # A count of all that is hidden needs no scale.
    assert not panel.hidden.full.isVisibleTo(panel.hidden)


@pytest.mark.parametrize("floor", [0.0, 0.001])
def test_the_curve_of_suggestions_ends_where_nothing_more_happens(qtbot: QtBot, floor: float):
    view = SuggestionView()
    qtbot.addWidget(view)
    bare = np.zeros((0, 2), dtype=np.intp)
    # As in the phase contrast stack: three pixels do nearly all, 225 the rest.
    falls = {1: 0.07, 3: 0.0034, 5: 0.0022, 7: 0.0011, 9: 0.0007}
    shares = {n: falls.get(n, 0.0003) + floor for n in range(1, 226, 2)}
    points = tuple(Point(bare, n, share, share, 2.0) for n, share in shares.items())
    view.set_suggestion(Suggestion(points, 1, True))
    assert 3 < view.content.right() <= 12
    view.release()


def test_the_recommended_mask_is_not_blamed_for_its_pixels(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    panel: QualityPanel = loaded.show_panel("quality")
    wait_current(loaded.session, qtbot)
    scores = loaded.session.quality.scores
    assert scores is not None
    for mask, said in (
        (scores.mask.cropped(), "2 pixels hide hardly any noise, and cost hardly any detail."),
        (Mask(np.ones((5, 5), bool)), "without them the network sees more of the structure."),
    ):
        monkeypatch.setattr(Session, "recommendation", SimpleNamespace(mask=mask))
        assert panel._needless(scores, 2, 10).endswith(said)


def test_files_of_another_channel_than_the_first_have_its_number(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, noise((2, 96, 100)).astype(np.float32), metadata={"axes": "CYX"})
    for channel, mark in ((0, ""), (1, "_c1")):
        window.session.open(path, channel=channel)
        wait_for_result(window.session, qtbot)
        assert proposed_target(window.session.state).name == f"two{mark}_denoised.ome.tif"
        removal = OffsetsDialog(window, window.session, window.commands.frames, "rows")
        assert removal.proposed() == tmp_path / f"two{mark}_destriped.tif"
        removal.reject()
