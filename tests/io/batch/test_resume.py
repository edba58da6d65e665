from __future__ import annotations

import os
import time
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import Region
from structmask_gui.io import extract_files
from structmask_gui.io.batch import engine
from structmask_gui.io.batch.files import find_files, plan_jobs
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.batch.summary import is_current, read_failures, write_summary
from structmask_gui.io.extract_files import Input
from structmask_gui.io.results.masks import save_npy
from structmask_gui.io.results.record import read_record
from tests.io.batches import make, queue_of, rows_of, times


def test_resume_does_nothing_again(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, _ = write_summary(first, out / "summary")
    before = times(out)
    monkeypatch.setattr(engine, "extract_job", lambda *a, **o: pytest.fail("it worked"))
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
    assert again.counts()[JobState.DONE] == 2


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
    queue = queue_of(
        plan_jobs(files[:1], output_dir=out, like=like),
        options.pop("parameters", Parameters()),
        resume=True,
        **options,
    )
    queue.run()
    assert "is of other files or settings" in queue.statuses[0].error
    queue.force = True
    assert queue.retry() == 1
    assert queue.run()[JobState.DONE] == 1


def test_a_file_that_was_only_touched_is_not_done_again(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    later = time.time_ns() + 10**12

    os.utime(folder / "a.tif", ns=(later, later))
    again = make(folder, out, resume=True)
    again.run()
    assert again.statuses[0].kept


def test_a_file_replaced_by_an_older_one_is_not_taken_for_the_same(folder, tmp_path, row_noise):
    out = tmp_path / "out"
    make(folder, out).run()
    # As `cp -p` and rsync do.
    tifffile.imwrite(folder / "a.tif", row_noise + 1, photometric="minisblack")
    os.utime(folder / "a.tif", (1e9, 1e9))
    again = make(folder, out, resume=True)
    again.run()
    status = again.statuses[0]
    assert "is of other files or settings" in status.error
    assert status.mask is None
    # Records of versions that did not write it are compared by their age.
    path = out / "b.ome_mask.json"
    path = path if path.exists() else out / "b_mask.json"
    record = read_record(path)
    (before,) = record.inputs
    assert before.modified == (folder / "b.ome.tif").stat().st_mtime_ns
    old = before.model_copy(update={"size": None, "modified": None})
    path.write_bytes(record.model_copy(update={"inputs": [old]}).as_json())
    third = make(folder, out, resume=True)
    third.run()
    assert third.statuses[1].kept


def test_a_file_that_is_still_written_is_not_measured(folder, tmp_path, row_noise, monkeypatch):
    out = tmp_path / "out"
    measured = extract_files.extract_recording

    def written_meanwhile(*arguments, **options):
        found = measured(*arguments, **options)
        tifffile.imwrite(folder / "a.tif", row_noise[:2], photometric="minisblack")
        return found

    monkeypatch.setattr(extract_files, "extract_recording", written_meanwhile)
    files = [folder / "a.tif"]
    first = queue_of(plan_jobs(files, output_dir=out), resume=True)
    first.run()
    assert first.statuses[0].error == (
        "a.tif was changed after it was opened; wait until it is written, then do it again."
    )
    assert not list(out.glob("*"))
    monkeypatch.undo()
    again = queue_of(plan_jobs(files, output_dir=out), resume=True)
    assert again.run() == {JobState.DONE: 1}


def test_what_a_killed_run_left_is_finished(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    (out / "a_mask.json").unlink()
    (out / "a_mask.png").unlink()
    again = make(folder, out, resume=True)
    again.run()
    assert again.statuses[0].state is JobState.DONE
    assert not again.statuses[0].kept
    assert (out / "a_mask.json").exists()
    # But a mask of one's own is not replaced.
    (out / "a_mask.json").unlink()
    save_npy(Mask(np.ones((3, 3), dtype=bool)), out / "a_mask.npy", force=True)
    third = make(folder, out, resume=True)
    third.run()
    assert third.statuses[0].state is JobState.SKIPPED
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
    assert again.statuses[2].state is JobState.DONE
    assert not is_current(again, place)


def test_a_failure_is_tried_again_when_the_file_was_repaired_during_the_run(
    folder, tmp_path, row_noise
):
    out = tmp_path / "out"

    def repaired(_, status):
        if status.state is JobState.FAILED:
            tifffile.imwrite(folder / "bad.tif", row_noise, photometric="minisblack")

    first = make(folder, out, on_change=repaired)
    first.run()
    place, _ = write_summary(first, out / "summary.csv")
    again = make(folder, out, resume=True, failures=read_failures(place))
    again.run()
    assert again.statuses[2].state is JobState.DONE


def test_a_run_in_which_nothing_is_done_keeps_what_is_known(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, page = write_summary(first, out / "s")
    good = rows_of(place)
    # The preset was forgotten.
    files, _ = find_files([folder])
    jobs = plan_jobs(files, output_dir=out)
    other = queue_of(jobs, Parameters(center_size=15), resume=True)
    other.run()
    write_summary(other, place)
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
        assert forced.counts()[JobState.DONE] == 0
        write_summary(forced, place)
        row = rows_of(place)["a.tif"]
        assert row["state"] == end
        assert row["sentence"] == good["a.tif"]["sentence"]
        assert row["mask"] == good["a.tif"]["mask"]
        assert page.read_text(encoding="utf-8").count("<img") == 2
    # And gone on with as it was, it is as it was.
    again = make(folder, out, resume=True)
    again.run()
    write_summary(again, place)
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
    write_summary(forced, place)
    row = rows_of(place)["a.tif"]
    assert (row["state"], row["mask"], row["sentence"]) == ("failed", "", "")


def test_a_batch_gone_on_with_keeps_the_rows_of_other_files(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out)
    first.run()
    place, page = write_summary(first, out / "s")
    before = rows_of(place)
    files, _ = find_files([folder / "a.tif"])
    part = queue_of(plan_jobs(files, output_dir=out), Parameters(), resume=True)
    part.run()
    assert is_current(part, place)
    write_summary(part, place)
    after = rows_of(place)
    assert sorted(after) == ["a.tif", "b.ome.tif", "bad.tif"]
    for name in ("b.ome.tif", "bad.tif"):
        assert after[name] == before[name]
    assert after["a.tif"]["mask"] == before["a.tif"]["mask"]
    assert page.read_text(encoding="utf-8").count("<img") == 2


def test_a_summary_that_is_replaced_keeps_the_rows_of_masks_made_otherwise(folder, tmp_path):
    out = tmp_path / "out"
    first = make(folder, out, preset="fine")
    first.run()
    place, _ = write_summary(first, out / "s")
    before = rows_of(place)
    assert [row["settings"] for name, row in before.items() if name != "bad.tif"] == ["fine"] * 2
    averaged = make(folder, out, per="all", force=True)
    averaged.run()
    write_summary(averaged, place)
    after = rows_of(place)
    assert sorted(after) == ["a.tif", "b.ome.tif", folder.name]
    assert after["a.tif"] == before["a.tif"]
    assert after[folder.name]["error"].startswith("Made of 2 of 3 files. bad.tif ")
    # Skipped, a mask keeps the name of its settings, and what failed its checksum.
    skipped = make(folder, out, preset="coarse")
    skipped.run()
    write_summary(skipped, place)
    assert rows_of(place)["a.tif"]["settings"] == "fine"
    assert len(read_failures(place)) == 1


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
