from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.shared import Fit
from structmask_gui.core.stack.frames import FrameRange, Region
from structmask_gui.gui.batch.run import seconds_left
from structmask_gui.gui.batch.table import BatchTable
from structmask_gui.gui.batch.window import BatchWindow
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Step
from structmask_gui.gui.style.colours import VERMILION
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.io.batch.status import JobState, JobStatus
from structmask_gui.io.batch.summary import write_summary
from structmask_gui.io.extract_files import Input
from structmask_gui.io.one_mask import Checked
from structmask_gui.io.presets.preset import built_in_presets
from structmask_gui.io.results.record import AnswerRecord, read_record
from tests.gui.batch.conftest import added, ended
from tests.gui.conftest import noise, wait_for_result

SUMMARY = "structmask_batch.csv"


DONE = "done: uncertain"  # of ring analysis


def column(batch: BatchWindow, number: int) -> list[str]:
    return [batch.table.item(row, number).text() for row in range(batch.table.rowCount())]


def test_good_files_get_masks_and_the_bad_one_its_sentence(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    assert column(batch, 1) == ["waiting"] * 4
    assert batch.said.text() == "4 files. All get the settings of the main window."
    assert not batch.cancel_button.isEnabled()
    batch.start_button.click()
    assert batch.running
    assert not batch.add_files_button.isEnabled()
    ended(batch, qtbot)
    states = dict(zip(column(batch, 0), column(batch, 1), strict=True))
    assert states["bad.npy"] == "failed"
    row = column(batch, 0).index("bad.npy")
    image = batch.table.item(row, 1).icon().pixmap(30, 30).toImage()
    assert image.pixelColor(image.width() // 2, 3) == VERMILION
    assert [states[f"good{n}.npy"] for n in range(3)] == [DONE] * 3
    results = dict(zip(column(batch, 0), column(batch, 2), strict=True))
    assert "bad.npy" in results["bad.npy"]
    assert results["good0.npy"].startswith("Row, ")
    assert "3 masks made, 1 failed" in batch.said.text()
    assert (folder / SUMMARY).exists()


def test_how_many_are_done_and_the_time_left_are_said(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    assert not batch.progress.isVisible()
    said: list[str] = []

    def note(step: Step) -> None:
        if batch.running:
            said.append(batch.said.text())

    batch.run.job.stepped.connect(note)
    batch.start()
    assert batch.progress.isVisible()
    ended(batch, qtbot)
    assert said
    assert all(text.partition(" of 4 done")[1] for text in said)
    assert not batch.progress.isVisible()


def test_the_time_left_is_that_of_whole_files():
    assert seconds_left([50.0, 70.0], 2, 20.0) == pytest.approx(100.0)
    # Nothing is said where the last one takes longer, or none was measured.
    assert seconds_left([60.0], 1, 70.0) is None
    assert seconds_left([], 1, 1.0) is None


def test_what_has_a_mask_already_is_skipped(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    for path in folder.glob("structmask_batch.*"):
        path.unlink()
    batch.start()
    ended(batch, qtbot)
    states = dict(zip(column(batch, 0), column(batch, 1), strict=True))
    assert [states[f"good{n}.npy"] for n in range(3)] == ["skipped"] * 3
    results = dict(zip(column(batch, 0), column(batch, 2), strict=True))
    assert results["good0.npy"] == (
        "good0.npy: skipped: has a mask already, good0_mask.npy; tick “Replace existing results”,"
        " or choose another folder."
    )
    assert "0 masks made, 3 skipped, 1 failed" in batch.said.text()
    assert (folder / "good0_mask.npy").exists()
    assert batch.retry_button.isEnabled()


def test_the_settings_are_those_of_the_main_window_at_the_start(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    batch._session.edits.set_parameter("center_size", 7)
    batch.start()
    ended(batch, qtbot)
    record = read_record(folder / "good0_mask.json")
    assert record.as_parameters() == Parameters(center_size=7)


def test_a_mended_file_is_tried_again(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    np.save(folder / "bad.npy", noise((2, 96, 96), seed=9))
    batch.retry_button.click()
    ended(batch, qtbot)
    assert column(batch, 1) == [DONE] * 4
    assert not batch.retry_button.isEnabled()


def test_what_is_put_back_while_the_summary_is_written_is_done(
    batch: BatchWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    writing, goes_on = threading.Event(), threading.Event()

    def held_up(*arguments: Any) -> None:
        writing.set()
        goes_on.wait(10)
        write_summary(*arguments)

    added(batch, folder, qtbot)
    with monkeypatch.context() as patched:
        patched.setattr("structmask_gui.io.batch.summary.write_summary", held_up)
        batch.start()
        qtbot.waitUntil(writing.is_set, timeout=30_000)
        np.save(folder / "bad.npy", noise((2, 96, 96), seed=9))
        batch.retry()
        goes_on.set()
        ended(batch, qtbot)
    assert column(batch, 1) == [DONE] * 4
    assert "4 masks made" in batch.said.text()


def test_cleared_files_that_are_still_looked_for_do_not_come_back(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    batch.add([str(folder)])
    batch.clear()
    qtbot.waitUntil(lambda: not batch._finding.busy)
    QApplication.processEvents()
    assert batch.table.rowCount() == 0
    assert not batch.start_button.isEnabled()


def test_what_was_cancelled_is_put_back_while_others_are_done(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    (folder / "bad.npy").unlink()  # it may have failed by the time that one looks
    added(batch, folder, qtbot, 3)
    batch.start()
    assert not batch.retry_button.isEnabled()
    batch.cancel()
    batch.run._on_step(Step(0, 0, 1, "", -1.0))
    assert batch.running
    assert batch.retry_button.isEnabled()
    ended(batch, qtbot)


def test_cancel_stops_and_resuming_keeps_what_is_done(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    (folder / "bad.npy").unlink()
    added(batch, folder, qtbot, 3)
    batch.start()
    qtbot.waitUntil(lambda: DONE in column(batch, 1), timeout=10_000)
    batch.cancel_button.click()
    ended(batch, qtbot)
    done = column(batch, 1).count(DONE)
    assert done >= 1
    assert done + column(batch, 1).count("cancelled") == 3
    batch.choices.resume.click()
    batch.start()
    ended(batch, qtbot)
    assert column(batch, 1).count("kept: uncertain") == done
    assert column(batch, 1).count(DONE) == 3 - done


def test_nothing_is_overwritten_without_being_asked(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    before = (folder / "good0_mask.npy").read_bytes(), (folder / SUMMARY).read_bytes()
    batch._session.edits.set_parameter("center_size", 7)
    batch._plan()
    batch.start()
    assert not batch.running
    assert "exists" in batch.said.text()
    (folder / SUMMARY).unlink()
    (folder / SUMMARY).with_suffix(".html").unlink()
    batch.start()
    ended(batch, qtbot)
    assert all("Replace existing" in t for t in column(batch, 2) if "good" in t)
    assert (folder / "good0_mask.npy").read_bytes() == before[0]
    batch.choices.replace.click()
    batch.start()
    ended(batch, qtbot)
    assert column(batch, 1).count(DONE) == 3
    assert (folder / "good0_mask.npy").read_bytes() != before[0]


def test_one_mask_for_all_into_another_folder(
    batch: BatchWindow, folder: Path, tmp_path: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    batch.choices.per.setCurrentIndex(2)
    assert batch.table.rowCount() == 1
    target = tmp_path / "out"
    batch.choices.set_folder(target)
    batch.start()
    ended(batch, qtbot)
    assert column(batch, 1) == [f"{DONE}, 3 of 4 files"]
    assert "bad.npy" in column(batch, 2)[0]
    assert (target / "stacks_mask.npy").exists()
    assert (target / SUMMARY).exists()
    assert not list(folder.glob("*_mask*"))


def test_a_pattern_and_a_list(batch: BatchWindow, folder: Path, qtbot: QtBot):
    batch.add_pattern_button.click()
    dialog = batch.findChild(QInputDialog)
    dialog.setTextValue(str(folder / "**" / "good[01].npy"))
    dialog.accept()
    qtbot.waitUntil(lambda: batch.table.rowCount() == 2, timeout=10_000)
    listed = folder / "list.txt"
    listed.write_text("# mine\ngood2.npy\ngood0.npy\n", encoding="utf-8")
    batch.add([str(listed)])
    qtbot.waitUntil(lambda: batch.table.rowCount() == 3, timeout=10_000)
    batch.add_files_button.click()
    assert "*.txt" in batch.findChild(QFileDialog).nameFilters()[0]
    batch.add([str(folder / "none*.tif")])
    qtbot.waitUntil(lambda: "matches no file" in batch.said.text(), timeout=10_000)


def test_a_path_without_images_is_a_sentence(batch: BatchWindow, tmp_path: Path, qtbot: QtBot):
    empty = tmp_path / "empty"
    empty.mkdir()
    batch.add([str(empty)])
    qtbot.waitUntil(lambda: "empty" in batch.said.text(), timeout=10_000)
    assert not batch.start_button.isEnabled()


@pytest.mark.slow
def test_a_report_of_each_mask(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.choices.reports.click()
    assert not batch.summary_button.isEnabled()
    batch.start()
    ended(batch, qtbot)
    batch.summary_button.click()
    assert batch.said.text() == f"The summary is {(folder / SUMMARY).with_suffix('.html')}"
    for number in range(3):
        assert f"good{number}_mask.json" in (folder / f"good{number}_report.html").read_text()
    page = (folder / SUMMARY).with_suffix(".html").read_text()
    assert page.count("_report.html") == 3


def test_a_dark_stack_is_asked_for_and_measured(
    batch: BatchWindow, folder: Path, tmp_path: Path, qtbot: QtBot
):
    dark = tmp_path / "dark.npy"
    np.save(dark, noise((6, 96, 96), seed=7))
    added(batch, folder, qtbot)
    assert not batch.reference_stacks.isVisible()
    batch._session.edits.set_parameter("source", "dark")
    assert batch.reference_stacks.rows["dark"].isVisible()
    assert not batch.reference_stacks.rows["subtract"].isVisible()
    batch.start()
    assert not batch.running
    assert "dark or blank stack" in batch.said.text()
    batch.reference_stacks.choose("dark", dark)
    assert batch.reference_stacks.rows["dark"].name.text() == "dark.npy"
    batch.start()
    assert not batch.reference_stacks.isEnabled()
    ended(batch, qtbot)
    assert column(batch, 1).count(DONE) == 3
    record = read_record(folder / "good0_mask.json")
    assert record.dark is not None
    assert record.dark.name == "dark.npy"
    assert record.subtract is None


def test_the_second_stack_of_the_main_window_is_taken(
    batch: BatchWindow, folder: Path, tmp_path: Path, qtbot: QtBot
):
    mean = tmp_path / "mean.npy"
    np.save(mean, np.full((96, 96), 1000, dtype=np.float32))
    added(batch, folder, qtbot)
    session = batch._session
    session.edits.set_parameter("source", "subtract")
    with qtbot.waitSignal(session.reference_stacks.changed):
        session.reference_stacks.choose("subtract", mean)
    assert batch.reference_stacks.rows["subtract"].name.text() == "mean.npy"
    batch.start()
    ended(batch, qtbot)
    record = read_record(folder / "good0_mask.json")
    assert record.subtract is not None
    assert record.subtract.name == "mean.npy"
    session.edits.set_parameters({"method": "statistical", "source": "automatic"})
    assert set(batch.reference_stacks.inputs()) == {"subtract"}
    batch.reference_stacks.choose("dark", mean)
    assert set(batch.reference_stacks.inputs()) == {"dark"}
    batch.reference_stacks.choose("dark", None)
    session.edits.set_parameter("source", "frames")
    assert batch.reference_stacks.inputs() == {}
    assert not batch.reference_stacks.isVisible()


def test_the_same_part_as_in_the_main_window(
    batch: BatchWindow, folder: Path, tmp_path: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    session = batch._session
    assert not batch.choices.same.isEnabled()
    session.open(folder / "good0.npy", axes="TYX")
    wait_for_result(session, qtbot)
    session.edits.set_region(Region(0, 64, 0, 80))
    session.edits.set_frame_range(FrameRange(1, 2))
    batch.choices.same.click()
    batch.choices.set_folder(tmp_path / "out")
    batch.start()
    ended(batch, qtbot)
    record = read_record(tmp_path / "out" / "good1_mask.json")
    assert record.region == (0, 64, 0, 80)
    assert record.inputs[0].frames == "1:2:1"
    assert record.inputs[0].axes == "TYX"
    # A row is opened as it was measured.
    batch.open_row(column(batch, 0).index("good1.npy"))
    qtbot.waitUntil(lambda: session.state.paths == (folder / "good1.npy",), timeout=10_000)
    assert session.state.part[:2] == (Region(0, 64, 0, 80), FrameRange(1, 2))
    assert session.state.open_choices == {"axes": "TYX"}
    wait_for_result(session, qtbot)
    assert not batch.changed.isVisible()
    session.edits.set_frame_range(None)
    assert batch.changed.isVisible()  # at once, not with the next result


def test_closing_the_program_in_the_middle_stops_it(folder: Path, qapp: object, qtbot: QtBot):
    session = Session()
    batch = BatchWindow(None, session)
    qtbot.addWidget(batch)
    added(batch, folder, qtbot)
    batch.start()
    session.close()
    assert not batch.run.job._lane.isRunning()
    assert (folder / SUMMARY).exists()


@pytest.mark.slow
def test_rows_open_in_the_main_window_and_show_their_state(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    assert batch.method.text() == "Ring analysis"
    batch._session.edits.set_parameters({"method": "statistical"})
    assert batch.method.text() == "Automatic"
    for method in ("ring", "spine"):
        batch._session.edits.set_parameter("method", method)
        assert method in batch.method.text().lower()
    batch._session.edits.set_parameter("method", "statistical")
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    rows = dict(zip(column(batch, 0), range(4), strict=True))
    assert all(not batch.table.item(row, 1).icon().isNull() for row in rows.values())
    place = batch.table.visualItemRect(batch.table.item(rows["good1.npy"], 0)).center()
    qtbot.mouseClick(batch.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(batch.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: batch._session.state.paths == (folder / "good1.npy",), timeout=10_000)
    wait_for_result(batch._session, qtbot)


def test_only_what_needs_a_look(batch: BatchWindow, folder: Path, qtbot: QtBot):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    good = AnswerRecord(what="A.", certainty="likely", how_sure="B.", advice="C.")
    for row, name in enumerate(column(batch, 0)):
        if name != "bad.npy":
            batch.table.show_status(row, JobStatus(JobState.DONE, answer=good))
    batch.doubtful.click()
    names = column(batch, 0)
    shown = [name for row, name in enumerate(names) if not batch.table.isRowHidden(row)]
    assert shown == ["bad.npy"]
    batch.doubtful.click()
    assert not any(batch.table.isRowHidden(row) for row in range(4))


def test_results_of_other_settings_are_marked_and_kept(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    results, edits = column(batch, 2), batch._session.edits
    assert not batch.changed.isVisible()
    edits.set_parameter("center_size", 7)
    assert batch.changed.isVisible()
    assert column(batch, 1).count(f"{DONE} (other settings)") == 3
    edits.set_parameter("center_size", Parameters().center_size)
    assert not batch.changed.isVisible()
    assert column(batch, 1).count(DONE) == 3
    batch.choices.figures.click()
    batch.choices.replace.click()
    assert column(batch, 2) == results
    assert batch.changed.isVisible()
    batch.start()
    assert not batch.changed.isVisible()
    ended(batch, qtbot)
    assert column(batch, 1).count(DONE) == 3
    batch.choices.per.setCurrentIndex(2)
    assert not batch.changed.isVisible()
    assert column(batch, 1) == ["waiting"]


def test_a_mask_that_a_file_does_not_need_has_no_tick(tmp_path: Path, qtbot: QtBot):
    table = BatchTable()
    qtbot.addWidget(table)
    files = [Input(tmp_path / f"{number}.npy") for number in range(4)]
    table.list_files(files)
    good = Fit("fits", "likely", 5)
    signs = []
    fits = (
        good,
        replace(good, needless=True),
        replace(good, certainty="act first"),
        replace(good, word="does harm", error=2.9, own_error=2.9),
    )
    for row, fit in enumerate(fits):
        table.show_fit(row, Checked(files[row], fit))
        item = table.item(row, 1)
        assert item is not None
        signs.append(item.icon().pixmap(32, 32).toImage())
    assert signs[0] not in signs[1:]


def test_who_chooses_a_mask_of_ring_analysis_for_the_experiment_is_said(
    window: MainWindow, folder: Path, qtbot: QtBot
):
    presets = {preset.name: preset for preset in built_in_presets()}
    window.commands.batch()
    batch = window.commands._batch
    batch.choices.set_shared()
    window.session.edits.apply_preset(presets["automatic"])
    assert batch.method.text() == "Automatic"
    window.session.edits.apply_preset(presets["fine"])
    assert batch.method.text() == "Ring analysis, fine; Automatic chooses"
    batch.choices.per.setCurrentIndex(0)
    assert batch.method.text() == "Ring analysis, fine"
    batch.add([str(folder / "good0.npy")])
    qtbot.waitUntil(lambda: batch.table.rowCount() == 1, timeout=10_000)
    batch.start()
    ended(batch, qtbot)
    assert ",fine," in (folder / SUMMARY).read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("actions", [("use_mask",), ("what_to_record",)])
def test_each_row_says_its_certainty(
    batch: BatchWindow, folder: Path, qtbot: QtBot, actions: tuple[str, ...]
):
    added(batch, folder, qtbot)
    told = AnswerRecord(what="A.", certainty="likely", how_sure="B.", advice="C.", actions=actions)
    batch.table.show_status(0, JobStatus(JobState.DONE, answer=told))
    assert column(batch, 1)[0] == "done: likely"
    some = JobStatus(JobState.DONE, answer=told, left_out=("a: bad.", "b: bad."), files=5)
    batch.table.show_status(0, some)
    assert column(batch, 1)[0] == "done: likely, 3 of 5 files"
    assert some.sign == "attention"


@pytest.mark.slow
def test_one_mask_for_the_experiment_and_which_files_it_fits(
    window: MainWindow, folder: Path, qtbot: QtBot
):
    (folder / "bad.npy").unlink()
    session = window.session
    session.edits.apply_preset(next(one for one in built_in_presets() if one.name == "automatic"))
    window.commands.batch()
    batch = window.commands._batch
    batch.offer_one_mask(folder)
    qtbot.waitUntil(lambda: column(batch, 0) == ["stacks"], timeout=10_000)
    assert not batch.check_button.isEnabled()  # there is no mask in the main window yet
    batch.start()
    ended(batch, qtbot)
    assert "One mask for 3 files" in column(batch, 2)[0]
    assert "\ngood2.npy: Fits" in batch.table.item(0, 2).toolTip()
    assert len(read_record(folder / "stacks_mask.json").fits) == 3

    session.open(folder / "good0.npy")
    wait_for_result(session, qtbot)
    assert batch.check_button.isEnabled()
    batch.check_button.click()
    ended(batch, qtbot)
    assert column(batch, 0) == ["good0.npy", "good1.npy", "good2.npy"]
    assert column(batch, 1)[0] == "fits"
    assert set(column(batch, 1)) <= {"fits", "fits worse"}
    assert batch.said.text().startswith("The mask of the main window: fits: ")
    assert batch.summary_button.isEnabled()
    with qtbot.waitSignal(session.stack_changed):
        batch.open_row(1)
    assert session.state.paths == (folder / "good1.npy",)


def test_the_rows_are_sorted_by_a_click_on_a_heading(
    batch: BatchWindow, folder: Path, qtbot: QtBot
):
    added(batch, folder, qtbot)
    batch.start()
    ended(batch, qtbot)
    rows = batch.table.verticalHeader()

    def shown(number: int) -> list[str]:
        places = [rows.logicalIndex(place) for place in range(rows.count())]
        return [batch.table.item(row, number).text() for row in places]

    heading = batch.table.horizontalHeader()
    heading.sectionClicked.emit(1)
    assert shown(1) == sorted(column(batch, 1))
    assert shown(0)[-1] == "bad.npy"
    heading.sectionClicked.emit(1)
    assert shown(0)[0] == "bad.npy"
    batch.table.fill(batch.queue)
    assert shown(0) == column(batch, 0)
    heading.sectionClicked.emit(0)
    # The number of a row is still that of its job.
    batch.queue.retry(column(batch, 0).index("bad.npy"))
    assert column(batch, 1)[column(batch, 0).index("bad.npy")] == "waiting"


@pytest.mark.parametrize("other", ["small.npy", "bad.npy"])
def test_files_that_are_refused_together_are_measured_each(
    window: MainWindow, folder: Path, other: str, qtbot: QtBot
):
    np.save(folder / "small.npy", noise((2, 64, 64)))
    headline, session = window.headline, window.session
    if other == "bad.npy":  # the same sentence, of a file that was opened alone
        with qtbot.waitSignal(session.failed):
            window.open_paths([str(folder / other)])
        assert headline.error.isVisible()
        assert not headline.each.isVisible()
    paths = [str(folder / "good0.npy"), str(folder / other)]
    with qtbot.waitSignal(session.failed):
        window.open_paths(paths)
    assert headline.each.isVisible()
    headline.each.click()
    batch = window.findChild(BatchWindow)
    assert batch.isVisible()
    qtbot.waitUntil(lambda: batch.table.rowCount() == 2, timeout=10_000)
    assert column(batch, 0) == ["good0.npy", other]
    session.dismiss_error()
    assert not headline.each.isVisible()
