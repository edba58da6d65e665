from __future__ import annotations

import csv
import os
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.core.mask import Mask
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.sampling import Region
from structmask_gui.io import batch, results
from structmask_gui.io.batch import BatchQueue, State
from structmask_gui.io.batch_files import find_files, plan_jobs
from structmask_gui.io.export import load_mask, save_npy
from structmask_gui.io.jobs import Input
from structmask_gui.io.record import read_record
from structmask_gui.io.summary import (
    COLUMNS,
    counts_sentence,
    csv_bytes,
    html_bytes,
    is_current,
    read_failures,
    write_summary,
)


def names(files):
    return [file.name for file in files]


def make(folder, out, **options):
    files, problems = find_files([folder])
    assert not problems
    return BatchQueue(
        plan_jobs(files, output_dir=out, per=options.pop("per", "file")),
        options.pop("parameters", Parameters()),
        **options,
    )


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


# --- which files ----------------------------------------------------------------------------------


def test_a_folder_stands_for_its_images(folder):
    deep = folder / "deep"
    deep.mkdir()
    (deep / "c.png").write_bytes(b"x")
    (folder / ".hidden.tif").write_bytes(b"x")
    assert names(find_files([folder])[0]) == ["a.tif", "b.ome.tif", "bad.tif"]
    assert names(find_files([folder], recursive=True)[0])[-1] == "c.png"


def test_patterns_lists_and_files_without_doubles(folder):
    listed = folder / "list.txt"
    listed.write_text("# mine\nb.ome.tif\n\n*.tif\nnone.tif\n", encoding="utf-8-sig")
    files, problems = find_files([str(folder / "a.*"), listed, folder / "a.tif"])
    assert names(files) == ["a.tif", "b.ome.tif", "bad.tif", "none.tif"]
    assert not problems


def test_a_name_with_brackets_is_a_file_first(folder):
    odd = folder / "a[1].tif"
    odd.write_bytes(b"x")
    assert find_files([odd])[0] == [odd]


def test_what_stands_for_nothing_is_answered(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe\x00")
    files, problems = find_files(
        [
            tmp_path / "empty",
            str(tmp_path / "*.tif"),
            tmp_path / "empty.txt",
            tmp_path / "broken.txt",
        ]
    )
    assert files == []
    assert [sentence.split(":")[0] for sentence in problems] == [
        "empty",
        "*.tif",
        "empty.txt",
        "broken.txt",
    ]


def test_masks_of_an_earlier_run_are_no_images(folder):
    make(folder, None).run()
    files, _ = find_files([folder])
    assert names(files) == ["a.tif", "b.ome.tif", "bad.tif"]
    # The record of a killed run is missing; the mask is still not an image.
    (folder / "a_mask.json").unlink()
    assert names(find_files([folder])[0]) == names(files)
    assert names(find_files([str(folder / "*.npy")])[0]) == []
    # But an image that only sounds like one is kept.
    (folder / "cell_mask.png").write_bytes(b"x")
    assert "cell_mask.png" in names(find_files([folder])[0])


def test_one_mask_for_each_file_for_each_folder_and_for_all(folder, tmp_path):
    deep = folder / "deep.2"
    deep.mkdir()
    (deep / "a.tif").write_bytes(b"x")
    files, _ = find_files([folder], recursive=True)
    out = tmp_path / "out"
    per_file = plan_jobs(files, output_dir=out)
    assert [job.files.npy.name for job in per_file] == [
        "a_mask.npy",
        "b_mask.npy",
        "bad_mask.npy",
        "a-2_mask.npy",
    ]
    per_folder = plan_jobs(files, per="folder")
    assert [job.files.npy for job in per_folder] == [
        folder / "images_mask.npy",
        deep / "deep.2_mask.npy",
    ]
    assert [len(job.inputs) for job in per_folder] == [3, 1]
    (everything,) = plan_jobs(files, per="all", output_dir=out)
    assert everything.files.npy == out / "images_mask.npy"
    assert len(everything.inputs) == 4


def test_files_are_opened_as_asked(folder):
    files, _ = find_files([folder])
    jobs = plan_jobs(files, like=Input(files[0], frames=slice(0, 2)))
    assert {job.inputs[0].frames.stop for job in jobs} == {2}


# --- the queue ------------------------------------------------------------------------------------


def test_one_bad_file_does_not_stop_the_others(folder, tmp_path):
    seen = []
    queue = make(folder, tmp_path / "out", on_change=lambda i, s: seen.append((i, s.state)))
    counts = queue.run()
    assert (counts[State.DONE], counts[State.FAILED]) == (2, 1)
    good, _, bad = queue.statuses
    assert good.sentence.startswith("Row, ")
    assert good.mask == load_mask(tmp_path / "out" / "a_mask.npy")
    assert bad.error.startswith("bad.tif: is no TIFF")
    assert bad.input_fault
    assert queue.faulty
    for index, end in ((0, State.DONE), (1, State.DONE), (2, State.FAILED)):
        states = [state for i, state in seen if i == index]
        assert states[0] is State.RUNNING
        assert states[-1] is end


def test_a_bug_does_not_stop_the_others(folder, tmp_path, monkeypatch):
    real = batch.extract_result

    def broken(inputs, *args, **options):
        if inputs[0].path.name == "a.tif":
            raise ZeroDivisionError("oops")
        return real(inputs, *args, **options)

    monkeypatch.setattr(batch, "extract_result", broken)
    queue = make(folder, tmp_path / "out")
    queue.run()
    assert "ZeroDivisionError: oops" in queue.statuses[0].error
    assert not queue.statuses[0].input_fault
    assert queue.statuses[1].state is State.DONE


def test_progress_covers_all_jobs(folder, tmp_path):
    calls = []
    make(folder, tmp_path / "out").run(lambda done, total, what: calls.append((done, total, what)))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert {call[1] for call in calls} == {3000}
    assert calls[0][2].startswith("a.tif: ")


def test_cancel_one_cancel_all_and_retry(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    queue.cancel(1)
    assert queue.statuses[1].state is State.CANCELLED

    def stop_the_first(index, status):
        if (index, status.state) == (0, State.RUNNING):
            queue.cancel(0)

    queue.on_change = stop_the_first
    queue.run()
    assert [s.state for s in queue.statuses] == [State.CANCELLED, State.CANCELLED, State.FAILED]
    assert not (tmp_path / "out").exists()
    queue.on_change = None
    assert queue.retry() == 3
    queue.run()
    assert [s.state for s in queue.statuses] == [State.DONE, State.DONE, State.FAILED]
    assert queue.retry() == 1
    assert queue.retry() == 0


def test_cancelled_from_outside(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    assert queue.run(cancelled=lambda: True)[State.CANCELLED] == 3


def test_jobs_added_and_retried_while_it_runs(folder, tmp_path):
    files, _ = find_files([folder])
    jobs = plan_jobs(files, output_dir=tmp_path / "out")
    queue = BatchQueue(jobs[:1], Parameters())

    def add(index, status):
        if index == 0 and status.state is State.RUNNING and len(queue.jobs) == 1:
            queue.add(jobs[1:2])

    queue.on_change = add
    assert queue.run()[State.DONE] == 2


def test_it_is_driven_from_another_thread(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    thread = threading.Thread(target=queue.run)
    thread.start()
    while queue.counts()[State.RUNNING] or queue.counts()[State.PENDING]:
        queue.statuses  # noqa: B018
        time.sleep(0.001)
    thread.join(10)
    assert queue.counts()[State.DONE] == 2


def test_an_interruption_leaves_nothing_running(folder, tmp_path, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "extract_result", interrupt)
    queue = make(folder, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        queue.run()
    assert queue.counts() == {State.CANCELLED: 3}


def test_existing_results_are_kept_without_force(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    before = times(out)
    queue = make(folder, out)
    queue.run()
    skipped = queue.statuses[0]
    assert skipped.state is State.SKIPPED
    assert "a.tif: skipped: has a mask already, a_mask.npy; use --force" in skipped.error
    # What is known of the mask is in the summary.
    assert skipped.mask == load_mask(out / "a_mask.npy")
    assert skipped.sentence.startswith("Row, ")
    assert not skipped.unlike
    assert queue.counts() == {State.SKIPPED: 2, State.FAILED: 1}
    assert counts_sentence(queue) == "0 masks made, 2 skipped, 1 failed."
    assert times(out) == before
    assert make(folder, out, force=True).run()[State.DONE] == 2
    assert times(out) != before


def test_a_folder_that_cannot_be_written_is_found_before_the_work(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(batch.os, "access", lambda path, mode: False)
    monkeypatch.setattr(batch, "extract_result", lambda *a, **o: pytest.fail("it worked"))
    queue = make(folder, tmp_path / "out")
    queue.run()
    assert "you may not write there" in queue.statuses[0].error


# --- groups ---------------------------------------------------------------------------------------


def test_a_group_leaves_out_its_bad_files(folder, tmp_path, row_noise):
    tifffile.imwrite(
        folder / "small.tif", row_noise[:, :64], metadata={"axes": "TYX"}, photometric="minisblack"
    )
    out = tmp_path / "out"
    queue = make(folder, out, per="folder")
    queue.run()
    (status,) = queue.statuses
    assert status.state is State.DONE
    assert status.frames == 6
    assert [sentence.split(":")[0] for sentence in status.left_out] == ["bad.tif", "small.tif"]
    assert queue.faulty
    again = make(folder, out, per="folder", resume=True)
    again.run()
    assert again.statuses[0].kept
    assert again.statuses[0].left_out == status.left_out
    # A new file makes it another mask.
    tifffile.imwrite(
        folder / "new.tif", row_noise, metadata={"axes": "TYX"}, photometric="minisblack"
    )
    changed = make(folder, out, per="folder", resume=True)
    changed.run()
    assert "is of other files or settings" in changed.statuses[0].error


def test_a_group_of_bad_files_fails(tmp_path):
    for name in ("x.tif", "y.tif"):
        (tmp_path / name).write_bytes(b"nonsense")
    queue = make(tmp_path, tmp_path / "out", per="all")
    queue.run()
    assert "has no file that can be used. x.tif:" in queue.statuses[0].error


# --- resuming -------------------------------------------------------------------------------------


def test_resume_does_nothing_again(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, _ = write_summary(first, out / "summary")
    before = times(out)
    monkeypatch.setattr(batch, "extract_result", lambda *a, **o: pytest.fail("it worked"))
    again = make(folder, out, resume=True, failures=read_failures(place))
    again.run()
    assert all(status.kept for status in again.statuses)
    assert is_current(again, place)
    for old, new in zip(first.statuses, again.statuses, strict=True):
        assert (old.state, old.sentence, old.error, old.mask, old.notes) == (
            new.state,
            new.sentence,
            new.error,
            new.mask,
            new.notes,
        )
    assert times(out) == before


def test_resume_does_what_is_left(folder, tmp_path):
    out = tmp_path / "out"
    queue = make(folder, out)
    queue.cancel(1)
    queue.run()
    again = make(folder, out, resume=True)
    again.run()
    assert [status.kept for status in again.statuses] == [True, False, False]
    assert again.counts()[State.DONE] == 2


@pytest.mark.parametrize(
    "change",
    ["parameters", "pixels", "region", "mask", "edited", "picture", "frames", "quality", "dark"],
)
def test_resume_sees_what_changed(folder, tmp_path, row_noise, change):
    out = tmp_path / "out"
    make(folder, out).run()
    options = {}
    if change == "parameters":
        options["parameters"] = Parameters(center_size=15)
    elif change == "quality":
        options["quality"] = True
    elif change == "dark":
        dark = tmp_path / "dark.tif"
        tifffile.imwrite(dark, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
        options["dark"] = Input(dark)
    elif change == "region":
        options["region"] = Region(0, 64, 0, 64)
    elif change == "pixels":
        tifffile.imwrite(
            folder / "a.tif", row_noise + 1, metadata={"axes": "TYX"}, photometric="minisblack"
        )
    elif change == "mask":
        save_npy(Mask(np.ones((3, 3), dtype=bool)), out / "a_mask.npy", force=True)
    elif change == "edited":
        path = out / "a_mask.json"
        path.write_text(path.read_text().replace('"edited": false', '"edited": true'))
    elif change == "picture":
        (out / "a_mask.png").unlink()
    files, _ = find_files([folder])
    like = Input(files[0], frames=slice(0, 2)) if change == "frames" else None
    queue = BatchQueue(
        plan_jobs(files[:1], output_dir=out, like=like),
        options.pop("parameters", Parameters()),
        resume=True,
        **options,
    )
    queue.run()
    assert "is of other files or settings" in queue.statuses[0].error
    queue.force = True
    assert queue.retry() == 1
    assert queue.run()[State.DONE] == 1


def test_a_file_that_was_only_touched_is_not_done_again(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    later = time.time_ns() + 10**12

    os.utime(folder / "a.tif", ns=(later, later))
    again = make(folder, out, resume=True)
    again.run()
    assert again.statuses[0].kept


def test_what_a_killed_run_left_is_finished(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    (out / "a_mask.json").unlink()
    (out / "a_mask.png").unlink()
    again = make(folder, out, resume=True)
    again.run()
    assert again.statuses[0].state is State.DONE
    assert not again.statuses[0].kept
    assert (out / "a_mask.json").exists()
    # But a mask of one's own is not replaced.
    (out / "a_mask.json").unlink()
    save_npy(Mask(np.ones((3, 3), dtype=bool)), out / "a_mask.npy", force=True)
    third = make(folder, out, resume=True)
    third.run()
    assert third.statuses[0].state is State.SKIPPED
    assert "has a mask already, a_mask.npy" in third.statuses[0].error
    assert third.statuses[0].unlike
    assert third.statuses[0].mask is None


def test_a_failure_is_tried_again_when_the_file_changes(folder, tmp_path, row_noise):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, _ = write_summary(first, out / "summary.csv")
    tifffile.imwrite(
        folder / "bad.tif", row_noise, metadata={"axes": "TYX"}, photometric="minisblack"
    )
    again = make(folder, out, resume=True, failures=read_failures(place))
    again.run()
    assert again.statuses[2].state is State.DONE
    assert not is_current(again, place)


def rows_of(place):
    with place.open(encoding="utf-8-sig", newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}


def test_a_run_in_which_nothing_is_done_keeps_what_is_known(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, page = write_summary(first, out / "s")
    good = rows_of(place)
    # The preset was forgotten.
    files, _ = find_files([folder])
    jobs = plan_jobs(files, output_dir=out)
    other = BatchQueue(jobs, Parameters(center_size=15), resume=True)
    other.run()
    write_summary(other, place, force=True)
    found = rows_of(place)
    for name in ("a.tif", "b.ome.tif"):
        assert found[name]["state"] == "skipped"
        assert "is of other files or settings" in found[name]["error"]
        for column in ("sentence", "height", "pixels", "shape", "patches", "mask"):
            assert found[name][column] == good[name][column] != ""
    assert page.read_text(encoding="utf-8").count("<img") == 2
    # Replaced by a run that is cancelled or fails at once, the table still has them.
    for end in ("cancelled", "failed"):
        forced = make(folder, out, force=True)
        if end == "cancelled":
            forced.cancel()
        else:
            forced.settings = replace(forced.settings, dark=Input(tmp_path / "none.tif"))
            forced.settings = replace(
                forced.settings,
                parameters=Parameters.checked(method="statistical", source="dark"),
            )
        forced.run()
        assert forced.counts()[State.DONE] == 0
        write_summary(forced, place, force=True)
        row = rows_of(place)["a.tif"]
        assert row["state"] == end
        assert row["sentence"] == good["a.tif"]["sentence"]
        assert row["mask"] == good["a.tif"]["mask"]
        assert page.read_text(encoding="utf-8").count("<img") == 2
    # And gone on with as it was, it is as it was.
    again = make(folder, out, resume=True)
    again.run()
    write_summary(again, place, force=True)
    assert rows_of(place)["a.tif"]["state"] == "done"


def test_what_no_longer_holds_is_not_kept(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, _ = write_summary(first, out / "s")
    (folder / "a.tif").write_bytes(b"broken now")
    later = time.time_ns() + 10**12
    os.utime(folder / "a.tif", ns=(later, later))
    forced = make(folder, out, force=True)
    forced.run()
    write_summary(forced, place, force=True)
    row = rows_of(place)["a.tif"]
    assert (row["state"], row["mask"], row["sentence"]) == ("failed", "", "")


def test_a_batch_gone_on_with_keeps_the_rows_of_other_files(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, page = write_summary(first, out / "s")
    before = rows_of(place)
    files, _ = find_files([folder / "a.tif"])
    part = BatchQueue(plan_jobs(files, output_dir=out), Parameters(), resume=True)
    part.run()
    assert is_current(part, place)
    write_summary(part, place, force=True)
    after = rows_of(place)
    assert sorted(after) == ["a.tif", "b.ome.tif", "bad.tif"]
    for name in ("b.ome.tif", "bad.tif"):
        assert after[name] == before[name]
    assert after["a.tif"]["mask"] == before["a.tif"]["mask"]
    assert page.read_text(encoding="utf-8").count("<img") == 2


def test_retry_forgets_an_earlier_failure(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    failures = read_failures(write_summary(first, out / "s.csv")[0])
    again = make(folder, out, resume=True, failures=failures)
    again.run()
    assert again.statuses[2].kept
    again.retry(2)
    again.run()
    assert not again.statuses[2].kept


# --- the summary ----------------------------------------------------------------------------------


def test_the_table(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    queue.run()
    rows = list(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    good, _, bad = rows
    assert good["file"] == str(folder / "a.tif")
    assert (good["state"], bad["state"]) == ("done", "failed")
    assert int(good["pixels"]) == queue.statuses[0].mask.statistics.true_pixels
    assert good["shape"] == "horizontal"
    assert good["mask"] == str(tmp_path / "out" / "a_mask.npy")
    assert bad["error"].startswith("bad.tif: ")


def test_the_page_has_pictures_and_escapes_names(folder, tmp_path, row_noise):
    evil = folder / "<b>&amp;'.tif"
    tifffile.imwrite(evil, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
    queue = make(folder, tmp_path / "out")
    queue.run()
    page = html_bytes(queue).decode()
    assert page.count('src="data:image/png;base64,') == 3
    assert "<b>&amp;'.tif" not in page
    assert "&lt;b&gt;&amp;amp;" in page
    assert "3 masks made, 1 failed." in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_name_is_no_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "=1+1.tif").write_bytes(b"nonsense")
    queue = BatchQueue(plan_jobs(find_files(["=1+1.tif"])[0]), Parameters())
    queue.run()
    rows = list(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    assert rows[0]["error"].startswith("'=1+1.tif: ")
    place, _ = write_summary(queue, tmp_path / "s")
    (found,) = read_failures(place).values()
    assert found[1] == queue.statuses[0].error


def test_a_summary_is_not_overwritten_and_no_other_file_is_taken_for_one(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    place = tmp_path / "s.html"
    assert [path.name for path in write_summary(queue, place)] == ["s.csv", "s.html"]
    with pytest.raises(InputError, match="already exists"):
        write_summary(queue, place)
    assert read_failures(tmp_path / "none") == {}
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is no summary"):
        read_failures(tmp_path / "other.csv")
    (tmp_path / "other.csv").write_text(",".join(COLUMNS) + "\n1,2\n")
    with pytest.raises(InputError, match="is no summary"):
        read_failures(tmp_path / "other.csv")


def test_second_stacks_and_figures_are_resumed(folder, tmp_path, row_noise):
    dark = tmp_path / "dark.tif"
    tifffile.imwrite(dark, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
    options = {
        "parameters": Parameters(method="statistical", source="dark"),
        "dark": Input(dark),
        "quality": True,
    }
    files, _ = find_files([folder / "a.tif"])
    jobs = plan_jobs(files, output_dir=tmp_path / "out")
    first = BatchQueue(jobs, **options)
    assert first.run()[State.DONE] == 1
    again = BatchQueue(jobs, **options, resume=True)
    again.run()
    assert again.statuses[0].kept
    tifffile.imwrite(dark, row_noise[:2], metadata={"axes": "TYX"}, photometric="minisblack")
    changed = BatchQueue(jobs, **options, resume=True)
    changed.run()
    assert "is of other files" in changed.statuses[0].error


# --- reports --------------------------------------------------------------------------------------


def linked(out):
    """Return the files that the links of a summary lead to."""
    page = (out / "s.html").read_text(encoding="utf-8")
    return sorted(unquote(address) for address in re.findall(r'<a href="([^"]+)"', page))


def test_a_report_for_each_mask_and_a_link_to_it(folder, tmp_path, row_noise):
    odd = folder / "50 % #1: µ.tif"
    tifffile.imwrite(odd, row_noise, metadata={"axes": "TYX"}, photometric="minisblack")
    out = tmp_path / "masks"
    queue = make(folder, out, reports=True)
    queue.run()
    write_summary(queue, out / "s.csv")
    names_ = ["50 % #1: µ_report.html", "a_report.html", "b_report.html"]
    assert sorted(path.name for path in out.glob("*_report.html")) == names_
    assert linked(out) == [f"./{name}" for name in names_]
    text = (out / "a_report.html").read_text(encoding="utf-8")
    assert queue.statuses[1].sentence in text
    assert "a_mask.npy" in text
    assert text.count("<img") == 4
    assert "still copied" in text
    assert "of the noise be copied" in text or "blanks just this mask" in text
    assert read_record(out / "a_mask.json").quality is not None
    # From another folder the links lead there, too.
    write_summary(queue, tmp_path / "s.csv")
    assert linked(tmp_path)[1] == "./masks/a_report.html"


def test_without_being_asked_there_is_no_report(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    queue.run()
    write_summary(queue, tmp_path / "s.csv")
    assert not list((tmp_path / "out").glob("*.html"))
    assert linked(tmp_path) == []


def test_a_report_is_not_overwritten(folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a_report.html").write_text("mine")
    queue = make(folder, out, reports=True)
    queue.run()
    assert "has a report already, a_report.html" in queue.statuses[0].error
    assert queue.statuses[0].unlike
    assert not (out / "a_mask.npy").exists()
    assert (out / "a_report.html").read_text() == "mine"
    forced = make(folder, out, reports=True, force=True)
    forced.run()
    assert forced.statuses[0].report
    assert (out / "a_report.html").read_text() != "mine"


def test_resume_adds_only_the_reports_that_are_missing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    make(folder, out).run()
    before = times(out)
    queue = make(folder, out, resume=True, reports=True)
    queue.run()
    assert {name: when for name, when in times(out).items() if name in before} == before
    assert [s.report for s in queue.statuses] == [True, True, False]
    write_summary(queue, tmp_path / "s.csv")
    monkeypatch.setattr(batch, "extract_result", lambda *a, **o: pytest.fail("it worked"))
    after = times(out)
    again = make(folder, out, resume=True, reports=True, failures=read_failures(tmp_path / "s.csv"))
    again.run()
    assert times(out) == after
    assert all(status.kept for status in again.statuses)
    assert is_current(again, tmp_path / "s.csv")
    # Nor if they are not asked for again.
    third = make(folder, out, resume=True, failures=read_failures(tmp_path / "s.csv"))
    third.run()
    assert is_current(third, tmp_path / "s.csv")


def test_a_report_that_cannot_be_written_leaves_nothing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = results.write_atomic

    def full(path, contents, *, force=False):
        if path.suffix == ".html":
            raise InputError(f"{path.name}: cannot be written (no space left on device).")
        real(path, contents, force=force)

    monkeypatch.setattr(results, "write_atomic", full)
    queue = make(folder, out, reports=True)
    queue.run()
    assert "a_report.html" in queue.statuses[0].error
    assert list(out.iterdir()) == []


def test_a_report_without_figures_where_they_cannot_be_worked_out(tmp_path):
    (tmp_path / "in").mkdir()
    small = np.random.default_rng(0).normal(100, 9, (16, 16)).astype(np.float32)
    tifffile.imwrite(tmp_path / "in" / "small.tif", small, photometric="minisblack")
    parameters = Parameters(patch_size=16, center_size=5)
    queue = make(tmp_path / "in", tmp_path / "out", parameters=parameters, reports=True)
    queue.run()
    assert queue.statuses[0].state is State.DONE
    text = (tmp_path / "out" / "small_report.html").read_text(encoding="utf-8")
    assert "<h2>Quality</h2>" not in text
    strict = make(tmp_path / "in", tmp_path / "o", parameters=parameters, quality=True)
    strict.run()
    assert strict.statuses[0].state is State.FAILED
