"""Nothing doubtful leaves the window, and nothing is taken for something else, without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.recommend.candidates import row_words
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.core.simulation import cells
from structmask_gui.gui.export.doubts import doubt_of
from structmask_gui.gui.export.exporter import FORMS, proposed_path
from structmask_gui.gui.export.trainer_dialog import SnippetDialog
from structmask_gui.gui.export.work import Result
from structmask_gui.gui.quality.removal import RemovalDialog
from structmask_gui.gui.widgets.dialogs import TITLE_BAR
from structmask_gui.gui.widgets.wording import error_words, percent, said
from structmask_gui.gui.window.help_dialogs import (
    AboutDialog,
    RecordDialog,
    ShortcutsDialog,
    TextDialog,
)
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.why import _RINGS, WhyDialog, _unsaid
from structmask_gui.io.results.record import read_record
from tests.gui.conftest import noise, wait_for_result
from tests.gui.open_dialogs import dialog, trigger

pytestmark = [pytest.mark.usefixtures("close_dialogs"), pytest.mark.one_window]

EDITED = Mask(np.ones((3, 3), dtype=bool))


@pytest.fixture
def automatic(window: MainWindow, stack_file: Path, qtbot: QtBot) -> MainWindow:
    window.panel("presets").presets.apply_named("automatic")
    window.session.edits.set_parameter("mask_choice", "recommended")
    window.open_paths([str(stack_file)])
    wait_for_result(window.session, qtbot)
    return window


def asked() -> list[QMessageBox]:
    shown = QApplication.topLevelWidgets()
    return [box for box in shown if isinstance(box, QMessageBox) and box.isVisible()]


# --- a mask that the answer does not support ----------------------------------------------------


@pytest.mark.slow
def test_the_recommended_mask_leaves_without_a_question(automatic: MainWindow):
    assert automatic.session.recommendation is not None
    assert automatic.session.state.mask == automatic.session.recommendation.mask
    assert doubt_of(automatic.session) == ""
    trigger(automatic, "save_npy")
    assert asked() == []
    assert dialog(QFileDialog).isVisible()


@pytest.mark.parametrize(
    "name", ["save_npy", "export_mask", "export_all", "save_report", "copy_for_n2v", "copy_mask"]
)
def test_an_edited_mask_asks_before_it_leaves(automatic: MainWindow, name: str):
    QGuiApplication.clipboard().clear()
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    trigger(automatic, name)
    box = dialog(QMessageBox)
    assert "expected error" in box.text()
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert QGuiApplication.clipboard().text() == ""
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog)]
    assert not any(one.isVisible() for one in shown)


def test_a_doubtful_mask_says_so_in_its_name_and_its_record(
    automatic: MainWindow, qtbot: QtBot, tmp_path: Path
):
    npy = FORMS[0]
    assert proposed_path(Result.of(automatic.session), npy).name == "rows_mask.npy"
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    assert proposed_path(Result.of(automatic.session), npy).name == "rows_mask_doubtful.npy"
    with qtbot.waitSignal(automatic.exporter.written):
        automatic.commands.saving.export_into(str(tmp_path), Result.of(automatic.session))
    assert {path.name for path in tmp_path.glob("rows_mask*")} == {
        "rows_mask_doubtful.npy",
        "rows_mask_doubtful.png",
        "rows_mask_doubtful_picture.png",
        "rows_mask_doubtful.json",
    }
    assert read_record(tmp_path / "rows_mask_doubtful.json").doubt


def test_it_asks_once_for_a_mask(automatic: MainWindow):
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    trigger(automatic, "copy_mask")
    next(b for b in dialog(QMessageBox).buttons() if b.text() == "Use it anyway").click()
    assert QGuiApplication.clipboard().text().startswith("[[1, 1, 1]")
    QApplication.processEvents()
    trigger(automatic, "copy_mask")
    assert not asked()


def test_a_mask_of_other_settings_asks_before_it_is_copied(automatic: MainWindow):
    automatic.session.edits.set_parameter("patch_size", 32)
    assert automatic.session.state.stale
    trigger(automatic, "copy_mask")
    assert "settings were changed" in dialog(QMessageBox).text()


def test_ring_analysis_says_what_automatic_expects(automatic: MainWindow, qtbot: QtBot):
    recommended = automatic.session.recommendation
    assert recommended is not None
    assert recommended.chosen is not None
    automatic.panel("presets").presets.apply_named("default")
    wait_for_result(automatic.session, qtbot)
    assert automatic.session.state.parameters.method == "ring"
    qtbot.waitUntil(lambda: automatic.session.quality.current, timeout=15_000)
    said = f"(automatic, {counted(recommended.chosen.pixels, 'pixel')}: "
    assert said in automatic.headline.how_sure.text()
    automatic.session.open(automatic.session.state.paths, axes="QYX")
    qtbot.waitUntil(lambda: automatic.session.recommendation is None, timeout=10_000)
    wait_for_result(automatic.session, qtbot)
    assert "automatic," not in automatic.headline.how_sure.text()


def test_figures_of_a_doubtful_mask_are_pale(automatic: MainWindow, qtbot: QtBot):
    panel = automatic.show_panel("quality")
    qtbot.waitUntil(lambda: automatic.session.quality.current, timeout=15_000)
    assert not panel.doubt.isVisible()
    assert not panel.copied.bar.pale
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    qtbot.waitUntil(lambda: panel.doubt.isVisible(), timeout=15_000)
    assert panel.doubt.text() == f"Uncertain. {automatic.session.doubt}"
    assert panel.copied.bar.pale
    assert panel.copied.value.foregroundRole() == QPalette.ColorRole.PlaceholderText
    automatic.session.history.undo()
    qtbot.waitUntil(lambda: not panel.doubt.isVisible(), timeout=15_000)
    assert not panel.copied.bar.pale
    automatic.docks["quality"].hide()


@pytest.mark.slow
def test_an_outdated_answer_is_pale_until_it_is_measured_again(automatic: MainWindow, qtbot: QtBot):
    session, headline = automatic.session, automatic.headline
    session.edits.set_parameter("patch_size", 32)
    session.cancel()
    assert session.state.stale
    assert headline.state.text() == "Settings changed"
    assert not headline.sentence.isEnabled()
    assert not headline.certainty.isEnabled()
    headline.again.click()
    wait_for_result(session, qtbot)
    assert not headline.again.isVisible()
    assert headline.sentence.isEnabled()
    assert headline.certainty.isEnabled()


# --- the recommended mask, and back to it ---------------------------------------------------------


def test_a_slider_takes_the_place_of_the_recommended_mask_as_one_step(automatic: MainWindow):
    session, headline = automatic.session, automatic.headline
    recommended = session.state.mask
    assert headline.certainty.certainty == "sure"
    steps = len(session.history)
    automatic.session.edits.set_parameter("rho_min", 0.3)
    assert session.state.parameters.mask_choice == "significant"
    assert session.state.mask != recommended
    assert headline.certainty.certainty != "sure"
    assert headline.sentence.text().startswith("Your settings: ")
    assert len(session.history) == steps + 1
    session.history.undo()
    assert session.state.mask == recommended
    session.history.redo()
    assert headline.row.buttons["back_to_recommended"].isVisible()
    headline.row.buttons["back_to_recommended"].click()
    assert session.state.mask == recommended
    assert headline.certainty.certainty == "sure"


def test_a_drawn_mask_goes_back_to_the_recommended_one(automatic: MainWindow):
    recommended = automatic.session.state.mask
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    automatic.headline.row.buttons["back_to_recommended"].click()
    assert automatic.session.state.mask == recommended


def test_of_ring_analysis_it_goes_back_to_the_recommended_mask_too(
    automatic: MainWindow, qtbot: QtBot
):
    session, headline = automatic.session, automatic.headline
    recommended = session.state.mask
    automatic.panel("presets").presets.apply_named("default")
    wait_for_result(session, qtbot)
    session.edits.set_mask(EDITED, "edited by hand", "Draw")
    assert headline.sentence.text().startswith("Your mask: ")
    assert not session.state.preset_modified
    automatic.commands.act("back_to_recommended")
    wait_for_result(session, qtbot)
    assert session.state.mask == recommended
    assert not session.state.preset_modified
    session.history.undo()
    wait_for_result(session, qtbot)
    assert session.state.mask == EDITED
    assert session.state.preset is not None
    assert session.state.preset.name == "default"


def test_why_does_not_repeat_what_the_lines_say():
    told = Answer(
        "The same pattern is in every frame.",
        "act first",
        "Act first.",
        "If dark frames show it, subtract their mean. If neither shows it, leave it.",
    )
    notes = [
        "The same regular pattern is in every frame. If dark frames show it, subtract their mean."
        " If neither shows it, leave it.",
        "If neither shows it, leave it.",
        "Measured in 0.1 % of the image. The scene moves.",
    ]
    assert _unsaid(notes, told) == ["The same regular pattern is in every frame.", notes[2]]


def test_why_lists_the_candidates_and_follows_the_mask(automatic: MainWindow, qtbot: QtBot):
    automatic.headline.row.why_button.click()
    why, recommendation = dialog(WhyDialog), automatic.session.recommendation
    assert recommendation is not None
    names = [why.table.item(y, 0).text() for y in range(why.table.rowCount())]
    assert len(names) - names.count(_RINGS) == len(recommendation.main_rows)
    assert names[0].startswith("recommended: ")
    assert recommendation.rule in why.sum.text()
    assert why.windowTitle() == "Why this mask?"
    qtbot.waitUntil(lambda: automatic.session.quality.published is not None, timeout=15_000)
    why.follow()
    rings, _ = automatic.session.quality.published
    shown = [why.table.item(y, 0).text() for y in range(why.table.rowCount())]
    assert (_RINGS in shown) == (rings not in [row.mask for row in recommendation.main_rows])
    assert "Answers called “Likely” were right in" in why.notes.text()
    assert "half of the field" in why.notes.text() or "Each half" in why.notes.text()
    bold = [n for y, n in enumerate(names) if why.table.item(y, 0).font().bold()]
    assert bold == [f"recommended: {row_words(recommendation.choice)}"]
    # One voice: how sure it is, the answer says.
    assert "Sure." not in why.notes.text()
    assert automatic.session.answer is not None
    what, *more = automatic.session.answer.lines
    assert (why.what.text(), why.lines.text()) == (said(what), said("\n".join(more)))
    mask = automatic.session.state.mask
    assert why.figures.values["pixels"].text() == str(mask.statistics.true_pixels)
    automatic.session.edits.set_mask(EDITED, "edited by hand", "Draw")
    assert "Your mask" in why.what.text()
    assert why.figures.values["pixels"].text() == "9"
    qtbot.waitUntil(
        lambda: why.table.item(why.table.rowCount() - 1, 0).text() == "this mask", timeout=15_000
    )
    alone = Mask(np.ones((1, 1), dtype=bool))
    automatic.session.edits.set_mask(alone, "edited by hand", "Draw")
    assert why.windowTitle() == "Why no mask?"


@pytest.mark.slow
def test_noise_that_differs_over_the_field_has_a_map(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "halves.npy"
    halves = noise((4, 192, 256)).astype(float)
    halves[:, :, 128:] = np.random.default_rng(5).normal(1000, 50, (4, 192, 128))
    sample = cells((192, 256))
    halves += 200 * (sample - sample.mean()) / sample.std()
    np.save(path, halves.clip(0).astype(np.uint16))
    window.panel("presets").presets.apply_named("automatic")
    window.open_paths([str(path)])
    wait_for_result(window.session, qtbot)
    button = window.headline.row.buttons["map"]
    assert button.isVisible()
    button.click()
    shown = dialog(WhyDialog).map
    assert shown.isVisible()
    assert [text.split(":")[0] for text in shown.texts] == ["left half", "right half"]
    left, right = (float(text.split(":")[1]) for text in shown.texts)
    assert left > right + 0.2


def test_even_noise_has_no_map(automatic: MainWindow):
    automatic.headline.row.why_button.click()
    assert not dialog(WhyDialog).map.isVisible()
    assert not automatic.headline.row.buttons["map"].isVisible()


def test_why_says_all_figures_in_per_cent_and_which_mask_one_has(automatic: MainWindow):
    session = automatic.session
    recommendation = session.recommendation
    assert recommendation is not None
    other = next(row for row in recommendation.main_rows if row.name != recommendation.choice)
    session.edits.set_mask(other.mask, "edited by hand", "Draw")
    automatic.commands.show_why()
    table = dialog(WhyDialog).table
    names = [table.item(y, 0).text() for y in range(table.rowCount())]
    assert [", this mask" in name for name in names].count(True) == 1
    assert not names[0].endswith(", this mask")
    for y in range(table.rowCount()):
        assert all(table.item(y, x).text().endswith("%") for x in range(2, table.columnCount()))
    row = recommendation.main_rows[0]
    assert table.item(0, 6).text() == f"{100 * row.error:.1f} ± {percent(row.error_se)}"


@pytest.mark.parametrize(
    ("error", "words"), [(0.0764, "7.6 ± 0.2\xa0%"), (12.0, "over 10 times the noise")]
)
def test_an_error_that_is_no_figure_any_more(error: float, words: str):
    assert error_words(error, 0.0021) == words


def test_a_window_that_is_open_comes_to_the_front(automatic: MainWindow):
    for name, kind in (
        ("show_metadata", TextDialog),
        ("what_to_record", RecordDialog),
        ("shortcuts", ShortcutsDialog),
    ):
        trigger(automatic, name)
        first = dialog(kind)
        trigger(automatic, name)
        assert dialog(kind) is first
        first.close()
    automatic.commands.show_why()
    automatic.commands.show_why()
    dialog(WhyDialog).close()


def test_no_dialog_is_larger_than_the_screen(automatic: MainWindow, qtbot: QtBot):
    commands, result = automatic.commands, Result.of(automatic.session)
    automatic.commands.choose_text_size(150)
    room = automatic.screen().availableSize()
    for ask, kind in (
        (commands.show_why, WhyDialog),
        (commands.what_to_record, RecordDialog),
        (lambda: commands.saving._show_copy("careamics", result), SnippetDialog),
        (commands.shortcuts, ShortcutsDialog),
        (commands.preview_removal, RemovalDialog),
        (commands.about, AboutDialog),
    ):
        ask()
        shown = dialog(kind)
        assert shown.height() + TITLE_BAR <= room.height()
        assert shown.width() <= room.width()
        for button in shown.findChild(QDialogButtonBox).buttons():
            place = QRect(button.mapTo(shown, QPoint()), button.size())
            assert shown.rect().contains(place)
        shown.close()
        qtbot.wait(1)
    automatic.commands.choose_text_size(100)


def test_what_to_record_says_how_many_frames(automatic: MainWindow):
    automatic.commands.act("what_to_record")
    assert "Six or more frames" in dialog(RecordDialog).label.text()


# --- files --------------------------------------------------------------------------------------


def test_after_a_failed_open_the_answer_stays_and_the_error_names_what_is_open(
    automatic: MainWindow, qtbot: QtBot, tmp_path: Path
):
    headline = automatic.headline
    answer = headline.sentence.text()
    shown = [button.isVisible() for button in headline.row.buttons.values()]
    assert any(shown)
    with qtbot.waitSignal(automatic.session.failed):
        automatic.open_paths([str(tmp_path / "gone.tif")])
    assert "gone.tif" in headline.error_text.text()
    assert headline.error_text.text().endswith(" Still open: rows.npy.")
    assert headline.sentence.text() == answer
    assert headline.certainty.isVisible()
    assert [button.isVisible() for button in headline.row.buttons.values()] == shown
    headline._dismiss.click()
    assert headline.error.isHidden()
    assert headline.sentence.text() == answer


def test_views_do_not_wait_for_a_measurement_that_failed(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    np.save(tmp_path / "even.npy", np.zeros((3, 96, 96), np.float32))
    with qtbot.waitSignal(window.session.failed):
        window.open_paths([str(tmp_path / "even.npy")])
    qtbot.waitUntil(lambda: not window.session.state.busy)
    assert window.session.state.frames is not None
    assert window.views.autocorrelation.veil.text == "Nothing to show"


def test_a_message_goes_with_what_it_is_about(loaded: MainWindow, qtbot: QtBot, tmp_path: Path):
    with qtbot.waitSignal(loaded.session.failed):
        loaded.exporter.export({"npy": tmp_path / "no folder" / "m.npy"})
    assert loaded.headline.error.isVisible()
    with qtbot.waitSignal(loaded.exporter.written):
        loaded.exporter.export({"npy": tmp_path / "m.npy"})
    assert not loaded.headline.error.isVisible()


def test_a_picture_of_two_values_is_no_mask_unless_that_is_said(
    loaded: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "cells.png"
    Image.fromarray(np.eye(101, dtype=bool)).save(path)
    loaded.open_paths([str(path)])
    assert loaded.session.state.edit is None
    next(b for b in dialog(QMessageBox).buttons() if b.text() == "Open as an image").click()
    qtbot.waitUntil(lambda: loaded.session.state.paths == (path,), timeout=10_000)


def test_planes_read_as_colours_are_asked_about_and_said(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path, toast = tmp_path / "a.tif", window.commands.toast
    tifffile.imwrite(path, noise((3, 128, 160)), photometric="rgb", planarconfig="separate")
    window.open_paths([str(path)])
    said = "3 planes are read as the colours of one image. Are they frames?"
    qtbot.waitUntil(lambda: toast.label.text() == f"a.tif: its {said}", timeout=10_000)
    notes = window.views.facts.notes
    assert notes.text().startswith(f"Its {said} Then give the axes TYX.\n")
    toast.button.click()
    wait_for_result(window.session, qtbot)
    assert window.session.state.frames.n_frames == 3
    assert notes.isHidden()
    assert not toast.isVisible()


def test_thin_planes_along_z_are_asked_about(window: MainWindow, qtbot: QtBot, tmp_path: Path):
    path, toast = tmp_path / "a.ome.tif", window.commands.toast
    tifffile.imwrite(path, noise((128, 23, 128)), ome=True, metadata={"axes": "ZYX"})
    window.open_paths([str(path)])
    qtbot.waitUntil(lambda: "planes are thin" in toast.label.text(), timeout=10_000)
    assert "--axes YZX" in window.session.state.stack.notes[0]
    toast.button.click()
    wait_for_result(window.session, qtbot)
    frames = window.session.state.frames
    assert (frames.n_frames, frames.frame_shape) == (23, (128, 128))
    assert not toast.isVisible()


def test_a_question_about_axes_goes_with_its_file(
    window: MainWindow, stack_file: Path, qtbot: QtBot, tmp_path: Path
):
    path, toast = tmp_path / "a.ome.tif", window.commands.toast
    tifffile.imwrite(path, noise((128, 23, 128)), ome=True, metadata={"axes": "ZYX"})
    window.open_paths([str(path)])
    qtbot.waitUntil(toast.isVisible, timeout=10_000)
    assert "planes are thin" in toast.label.text()
    window.open_paths([str(stack_file)])
    qtbot.waitUntil(lambda: window.session.state.paths == (stack_file,), timeout=10_000)
    assert not toast.isVisible()


# --- reference stacks -----------------------------------------------------------------------------


def test_a_dark_stack_stands_in_the_answer_until_it_is_removed(
    automatic: MainWindow, qtbot: QtBot, tmp_path: Path
):
    chip, references = automatic.headline.reference, automatic.session.reference_stacks
    assert not chip.isVisible()
    stars = np.random.default_rng(3).normal(100, 3, (4, 64, 64))
    stars[:, 20:30, 20:30] += 300
    path = tmp_path / "stars.npy"
    np.save(path, stars.astype(np.uint16))
    with qtbot.waitSignal(references.fit_changed):
        references.choose("dark", str(path))
    wait_for_result(automatic.session, qtbot)
    assert chip.isVisible()
    assert chip.text() == "Noise measured in stars.npy: structure is visible in it  ×"
    assert chip.toolTip().startswith("The answer above may be wrong.")
    assert chip.y() > automatic.headline.advice.y()
    answer = automatic.session.answer
    assert answer is not None
    assert answer.certainty in ("uncertain", "cannot tell")
    assert automatic.headline.certainty.certainty in ("not sure", "cannot tell")
    assert "structure is visible" in doubt_of(automatic.session)
    chip.click()
    wait_for_result(automatic.session, qtbot)
    assert references.remembered() == {}
    assert not chip.isVisible()


def test_no_record_names_another_reference_stack(
    automatic: MainWindow, qtbot: QtBot, tmp_path: Path
):
    np.save(tmp_path / "dark.npy", noise((4, 128, 160), seed=2))
    with qtbot.waitSignal(automatic.session.reference_stacks.changed):
        automatic.session.reference_stacks.choose("dark", tmp_path / "dark.npy")
    assert automatic.session.state.stale  # by the dark stack
    with qtbot.waitSignal(automatic.session.failed) as failed:
        automatic.exporter.export({"json": tmp_path / "m.json"})
    assert failed.args[0].startswith("The reference stack of this mask is no longer there")


def test_a_dark_stack_goes_with_its_file_and_is_offered_again(
    automatic: MainWindow, stack_file: Path, qtbot: QtBot, tmp_path: Path
):
    references, toast = automatic.session.reference_stacks, automatic.commands.toast
    np.save(tmp_path / "dark.npy", noise((4, 128, 160), seed=3))
    np.save(tmp_path / "other.npy", noise((4, 128, 160), seed=4))
    references.choose("dark", str(tmp_path / "dark.npy"))
    qtbot.waitUntil(automatic.headline.reference.isVisible, timeout=10_000)
    automatic.open_paths([str(tmp_path / "other.npy")])
    wait_for_result(automatic.session, qtbot)
    assert not automatic.headline.reference.isVisible()
    assert toast.isVisible()
    assert toast.label.text().startswith("dark.npy belonged to the file before")
    toast.button.click()
    qtbot.waitUntil(automatic.headline.reference.isVisible, timeout=10_000)
    assert references.remembered() == {"dark": str(tmp_path / "dark.npy")}
    references.choose("dark", None)


def test_a_mask_drawn_on_one_channel_is_kept_for_it_and_offered_for_the_other(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
):
    path, mask = tmp_path / "two.npy", Mask(np.ones((1, 9), dtype=bool))
    np.save(path, noise((2, 4, 96, 96)))
    session, toast = window.session, window.commands.toast
    session.open(path, axes="CTYX", channel=0)
    wait_for_result(session, qtbot)
    session.edits.set_mask(mask, "edited by hand", "Draw")
    session.reopen(channel=1)
    qtbot.waitUntil(toast.isVisible, timeout=15_000)
    assert toast.label.text() == "The mask edited by hand is kept for two.npy."
    assert session.state.mask != mask
    session.reopen(channel=0)
    qtbot.waitUntil(lambda: toast.label.text().endswith("is back."), timeout=15_000)
    assert toast.label.text() == "The mask edited by hand is back."
    assert session.state.mask == mask
    toast.button.click()
    assert session.state.edit is None
    session.history.undo()
    session.reopen(channel=1)
    qtbot.waitUntil(toast.isVisible, timeout=15_000)
    # It is there by other ways: nothing is left to offer.
    session.edits.set_mask(mask, "loaded", "Load")
    assert not toast.isVisible()


def test_a_mask_drawn_stays_when_its_file_is_read_again_and_comes_back_with_it(
    automatic: MainWindow, stack_file: Path, qtbot: QtBot, tmp_path: Path
):
    session, toast = automatic.session, automatic.commands.toast
    mask = Mask(np.ones((1, 9), dtype=bool))
    session.edits.set_mask(mask, "edited by hand", "Draw")
    with qtbot.waitSignal(session.stack_changed):
        automatic.actions_by_id["reopen_file"].trigger()
    wait_for_result(session, qtbot)
    assert session.state.mask == mask
    assert not toast.isVisible()
    np.save(tmp_path / "other.npy", noise((4, 128, 160), seed=4))
    with qtbot.waitSignal(session.stack_changed):
        automatic.open_paths([str(tmp_path / "other.npy")])
    wait_for_result(session, qtbot)
    assert session.state.edit is None
    toast.button.click()
    assert session.state.mask == mask
    session.edits.drop_edit()
    with qtbot.waitSignal(session.stack_changed):
        automatic.open_paths([str(stack_file)])
    wait_for_result(session, qtbot)
    assert session.state.mask == mask
    session.edits.drop_edit()
    with qtbot.waitSignal(session.stack_changed):
        automatic.actions_by_id["reopen_file"].trigger()
    wait_for_result(session, qtbot)
    assert session.state.edit is None
