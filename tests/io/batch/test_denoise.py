"""The files of a batch denoised: what is said, stopped, tried again and gone on with."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from structmask_gui.core.denoising import denoiser
from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.io import denoise_files
from structmask_gui.io.batch import denoise
from structmask_gui.io.batch.denoise import BatchDenoiser
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.batch.summary import counts_sentence, write_summary
from structmask_gui.io.denoise_state import state_path
from tests.core.recommend.scenes import AUTOMATIC, frames_of
from tests.io.batches import make, queue_of, rows_of, times


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 2)
    monkeypatch.setattr(denoiser, "_ROUND", 8)


@pytest.fixture
def measured(folder, tmp_path):
    """Return a function that makes a queue of two good files and a bad one, measured."""

    def measured(**options):
        # Together the two hold the same frames, which is asked about.
        accept = "per" in options
        queue = make(folder, tmp_path / "out", parameters=AUTOMATIC, **options)
        queue.run()
        return queue, BatchDenoiser(queue, tmp_path / "out", accept=accept)

    return measured


def stopping(denoiser, what):
    """Return a task that cancels the batch at a step that begins with some words."""

    def report(_done, _total, said):
        if said.startswith(what):
            denoiser.cancel()

    return Task(report)


def denoised(queue):
    return [[path.name for path in status.denoised.files] for status in queue.statuses]


def why_not(queue):
    return [status.denoised.why_not for status in queue.statuses]


def test_each_file_with_a_mask_is_denoised_and_it_is_told(measured, tmp_path):
    queue, denoiser = measured()
    told = []
    queue.on_change = lambda index, status: told.append((index, status.denoised))
    denoiser.run()
    assert denoised(queue) == [["a_denoised.ome.tif"], ["b_denoised.ome.tif"], []]
    assert why_not(queue) == ["", "", ""]
    assert queue.statuses[2].state is JobState.FAILED
    assert queue.statuses[0].denoised.lines[0].startswith("a_denoised.ome.tif: ")
    assert (
        denoiser.not_comparable == "Denoised by 2 separate fits: do not compare between conditions."
    )
    for index in (0, 1):
        steps = [one for i, one in told if i == index]
        assert all(one.running for one in steps[:-1])
        assert any("Learning from" in one.what for one in steps)
        assert steps[-1].ended
    assert denoiser.next() is None
    # The verdict is that of the record, also where the file was there.
    for name, status in zip("ab", queue.statuses, strict=False):
        record = json.loads((tmp_path / "out" / f"{name}_denoised.json").read_text())
        assert status.denoised.doubtful == (record["evaluation"]["advice"] != "keep")


def test_what_is_refused_on_the_command_line_is_refused_and_may_be_accepted(tmp_path, row_noise):
    folder = tmp_path / "eight"
    folder.mkdir()
    eight = (row_noise // 64).astype(np.uint8)
    tifffile.imwrite(folder / "a.tif", eight, metadata={"axes": "TYX"}, photometric="minisblack")
    queue = make(folder, tmp_path / "out", parameters=AUTOMATIC)
    queue.run()
    made = BatchDenoiser(queue, tmp_path / "out").denoise(0)
    assert made.error.startswith("a.tif: not denoised: ")
    assert why_not(queue) == [made.error.removeprefix("a.tif: not denoised: ")]
    assert "the images have 8 bits" in made.error
    assert made.error.endswith("give --yes to denoise it all the same.")
    assert queue.retry() == 1
    assert BatchDenoiser(queue, tmp_path / "out", accept=True).denoise(0).error == ""


def test_a_batch_denoises_with_an_uncertain_mask_and_judges_nothing(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pixels = frames_of("one smooth frame").astype(np.float32)
    tifffile.imwrite(folder / "a.tif", pixels, photometric="minisblack")
    queue = make(folder, tmp_path / "out", parameters=AUTOMATIC)
    queue.run()
    assert queue.statuses[0].sure == "uncertain"
    BatchDenoiser(queue, tmp_path / "out").run()
    made = queue.statuses[0].denoised
    assert made.files
    assert made.doubtful
    assert "could not be separated" in made.lines[0]


@pytest.mark.parametrize("step", ["Learning from b.ome.tif", "Writing b_denoised.ome.tif"])
def test_what_is_finished_is_kept_and_the_rest_gone_on_with(measured, tmp_path, step):
    queue, denoiser = measured()
    denoiser.run(stopping(denoiser, step))
    assert denoised(queue) == [["a_denoised.ome.tif"], [], []]
    assert why_not(queue) == ["", "cancelled.", ""]
    out = tmp_path / "out"
    left = times(out)
    assert "b_denoised.ome.tif" not in left
    assert queue.retry(1) == 1
    denoiser.retry()
    denoiser.run()
    assert denoised(queue)[1] == ["b_denoised.ome.tif"]
    assert times(out)["a_denoised.ome.tif"] == left["a_denoised.ome.tif"]
    assert not list(out.glob("*.unfinished*"))


def test_what_is_stopped_while_it_is_evaluated_leaves_no_file_without_its_record(
    measured, tmp_path, monkeypatch
):
    queue, denoiser = measured()
    evaluate = denoise_files.evaluate_file

    def stopped(path, *arguments, task, **options):
        denoiser.cancel()
        task.stop_if_cancelled()
        return evaluate(path, *arguments, task=task, **options)

    monkeypatch.setattr(denoise_files, "evaluate_file", stopped)
    denoiser.run()
    assert why_not(queue)[:2] == ["cancelled.", "cancelled."]
    assert not list((tmp_path / "out").glob("*_denoised.ome.tif"))


def test_one_job_is_stopped_and_the_next_goes_on(measured):
    queue, denoiser = measured()
    denoiser.cancel(0)
    denoiser.run()
    assert why_not(queue) == ["cancelled.", "", ""]
    assert denoised(queue) == [[], ["b_denoised.ome.tif"], []]


def test_what_fails_while_it_is_cancelled_is_tried_again(measured, monkeypatch):
    queue, denoiser = measured()
    work = denoiser._denoise

    def failing(index, task):
        denoiser.cancel(index)
        raise InputError("a.ome.tif: the disk is full.")

    monkeypatch.setattr(denoiser, "_denoise", failing)
    denoiser.run()
    assert why_not(queue)[0] == "a.ome.tif: the disk is full."
    monkeypatch.setattr(denoiser, "_denoise", work)
    assert queue.retry(0) == 1
    denoiser.retry()
    denoiser.run()
    assert denoised(queue)[0] == ["a_denoised.ome.tif"]


def test_all_that_is_cancelled_before_it_began_is_not_begun(measured):
    queue, denoiser = measured()
    denoiser.cancel()
    denoiser.run()
    assert why_not(queue) == ["cancelled.", "cancelled.", ""]
    assert not denoiser.fits


def test_files_of_one_fit_are_written_again_after_they_were_stopped(measured, folder, tmp_path):
    (folder / "bad.tif").unlink()
    queue, denoiser = measured(per="all")
    denoiser.run(stopping(denoiser, "Writing b_denoised.ome.tif"))
    out = tmp_path / "out"
    assert why_not(queue) == ["cancelled."]
    assert (out / "a_denoised.json").exists()
    assert state_path(out / "a_denoised.ome.tif").exists()
    again, denoiser = measured(per="all", resume=True)
    assert again.statuses[0].kept
    denoiser.run()
    assert denoised(again) == [["a_denoised.ome.tif", "b_denoised.ome.tif"]]
    assert denoiser.not_comparable == ""
    # Files that are no part of an unfinished fit are not replaced.
    (out / "b_denoised.json").unlink()
    again, denoiser = measured(per="all", resume=True)
    denoiser.run()
    assert why_not(again)[0].startswith("a_denoised.ome.tif exists already; use --force")


def test_what_is_done_is_kept_by_a_batch_that_goes_on(measured, tmp_path):
    queue, denoiser = measured()
    denoiser.run()
    before = times(tmp_path / "out")
    again, denoiser = measured(resume=True)
    denoiser.run()
    assert again.statuses[0].denoised.lines == ("a.tif is denoised already, a_denoised.ome.tif",)
    assert denoised(again) == denoised(queue)
    assert times(tmp_path / "out") == before
    record = tmp_path / "out" / "a_denoised.json"
    for advice in ("keep", "blurred"):
        values = json.loads(record.read_text())
        values["evaluation"]["advice"] = advice
        record.write_text(json.dumps(values))
        again, denoiser = measured(resume=True)
        denoiser.run()
        assert again.statuses[0].denoised.needs_a_look == (advice != "keep")


def test_a_result_that_is_called_uncertain_needs_a_look(tmp_path):
    beside = tmp_path / "a_denoised.json"
    for place, look in (("difference", False), ("flat", True)):
        evaluation = {"advice": "keep", "noise_compared_in": place}
        values = {"format": "structmask-denoised", "version": 1, "evaluation": evaluation}
        beside.write_text(json.dumps(values))
        assert denoise_files.needs_a_look(tmp_path / "a_denoised.ome.tif") == look


def test_a_bug_or_little_memory_does_not_stop_the_others(measured, monkeypatch):
    queue, denoiser = measured()
    real = denoise.denoise_stacks
    errors = iter([ZeroDivisionError("oops"), MemoryError()])

    def broken(*arguments, **options):
        raise next(errors)

    monkeypatch.setattr(denoise, "denoise_stacks", broken)
    denoiser.run()
    assert "StructMask itself failed (ZeroDivisionError: oops)" in why_not(queue)[0]
    assert why_not(queue)[1] == "does not fit into memory."
    monkeypatch.setattr(denoise, "denoise_stacks", real)
    assert queue.retry() == 3
    queue.run()
    denoiser.run()
    assert denoised(queue)[:2] == [["a_denoised.ome.tif"], ["b_denoised.ome.tif"]]


def test_the_summary_says_what_was_stopped(measured, tmp_path):
    queue, denoiser = measured()
    denoiser.cancel(0)
    denoiser.run()
    assert "1 of 2 stacks denoised" in counts_sentence(queue)
    rows = rows_of(write_summary(queue, tmp_path / "out" / "summary")[0])
    assert rows["a.tif"]["denoised"] == "no: cancelled."
    assert rows["b.ome.tif"]["denoised"] == "b_denoised.ome.tif"


def test_a_queue_without_masks_has_nothing_to_denoise(folder, tmp_path):
    queue = queue_of(make(folder, tmp_path / "out").planned)
    assert BatchDenoiser(queue, tmp_path / "out").next() is None
