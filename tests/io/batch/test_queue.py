from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import tifffile

from structmask_gui.core.progress import NO_TASK
from structmask_gui.io.batch import engine
from structmask_gui.io.batch.engine import usable
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.batch.summary import counts_sentence, write_summary
from structmask_gui.io.extract_files import Input
from structmask_gui.io.results.files import is_result
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.image_stack import ImageStack
from tests.core.recommend.scenes import AUTOMATIC, frames_of
from tests.io.batches import make, rows_of, times

# --- the queue ------------------------------------------------------------------------------------


def test_one_bad_file_does_not_stop_the_others(folder, tmp_path):
    seen = []
    queue = make(folder, tmp_path / "out", on_change=lambda i, s: seen.append((i, s.state)))
    counts = queue.run()
    assert (counts[JobState.DONE], counts[JobState.FAILED]) == (2, 1)
    good, _, bad = queue.statuses
    assert good.sentence.startswith("Row, ")
    assert good.mask == load_mask(tmp_path / "out" / "a_mask.npy")
    assert bad.error.startswith("bad.tif is not in a format")
    assert bad.fault is not None
    assert queue.faulty
    for index, end in ((0, JobState.DONE), (1, JobState.DONE), (2, JobState.FAILED)):
        states = [state for i, state in seen if i == index]
        assert states[0] is JobState.RUNNING
        assert states[-1] is end


def test_a_bug_does_not_stop_the_others(folder, tmp_path, monkeypatch):
    real = engine.extract_job

    def broken(inputs, *args, **options):
        if inputs[0].path.name == "a.tif":
            raise ZeroDivisionError("oops")
        return real(inputs, *args, **options)

    monkeypatch.setattr(engine, "extract_job", broken)
    queue = make(folder, tmp_path / "out")
    queue.run()
    assert "ZeroDivisionError: oops" in queue.statuses[0].error
    assert queue.statuses[0].fault is None
    assert queue.statuses[1].state is JobState.DONE


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
    assert queue.statuses[1].state is JobState.CANCELLED

    def stop_the_first(index, status):
        if (index, status.state) == (0, JobState.RUNNING):
            queue.cancel(0)

    queue.on_change = stop_the_first
    queue.run()
    assert [s.state for s in queue.statuses] == [
        JobState.CANCELLED,
        JobState.CANCELLED,
        JobState.FAILED,
    ]
    assert not (tmp_path / "out").exists()
    queue.on_change = None
    assert queue.retry() == 3
    queue.run()
    assert [s.state for s in queue.statuses] == [JobState.DONE, JobState.DONE, JobState.FAILED]
    assert queue.retry() == 1
    assert queue.retry() == 0


def test_cancelled_from_outside(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    assert queue.run(cancelled=lambda: True)[JobState.CANCELLED] == 3


def test_it_is_driven_from_another_thread(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    thread = threading.Thread(target=queue.run)
    thread.start()
    while queue.counts()[JobState.RUNNING] or queue.counts()[JobState.PENDING]:
        queue.statuses  # noqa: B018  # read while the other thread writes
        time.sleep(0.001)
    thread.join(10)
    assert queue.counts()[JobState.DONE] == 2


def test_an_interruption_leaves_nothing_running(folder, tmp_path, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "extract_job", interrupt)
    queue = make(folder, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        queue.run()
    assert queue.counts() == {JobState.CANCELLED: 3}


def test_existing_results_are_kept_without_force(folder, tmp_path):
    out = tmp_path / "out"
    make(folder, out).run()
    before = times(out)
    queue = make(folder, out)
    queue.run()
    skipped = queue.statuses[0]
    assert skipped.state is JobState.SKIPPED
    assert "a.tif: skipped: has a mask already, a_mask.npy; use --force" in skipped.error
    # What is known of the mask is in the summary.
    assert skipped.mask == load_mask(out / "a_mask.npy")
    assert skipped.sentence.startswith("Row, ")
    assert not skipped.unlike
    assert queue.counts() == {JobState.SKIPPED: 2, JobState.FAILED: 1}
    assert counts_sentence(queue) == "0 masks made, 2 skipped, 1 failed."
    assert times(out) == before
    assert make(folder, out, force=True).run()[JobState.DONE] == 2
    assert times(out) != before


def test_a_folder_that_cannot_be_written_is_found_before_the_work(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("structmask_gui.io.batch.queue.os.access", lambda path, mode: False)
    monkeypatch.setattr(engine, "extract_job", lambda *a, **o: pytest.fail("it worked"))
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
    assert status.state is JobState.DONE
    assert status.frames == 6
    assert [sentence.split()[0].rstrip(":") for sentence in status.left_out] == [
        "bad.tif",
        "small.tif",
    ]
    assert queue.faulty
    assert status.used == "2 of 4 files"
    assert status.needs_a_look
    again = make(folder, out, per="folder", resume=True)
    again.run()
    assert again.statuses[0].kept
    assert again.statuses[0].used == status.used
    assert [one.split()[0].rstrip(":") for one in again.statuses[0].left_out] == [
        "bad.tif",
        "small.tif",
    ]
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
    (status,) = queue.statuses
    assert status.error.endswith("has no file that can be used.")
    assert [sentence.split()[0].rstrip(":") for sentence in status.left_out] == ["x.tif", "y.tif"]


def test_a_file_too_large_for_memory_does_not_fail_its_group(tmp_path, monkeypatch):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.ones((2, 64, 32)))
    seen = []
    read = ImageStack.read

    def limited(stack, frame, y0=0, y1=None):
        seen.append((stack.name, frame, y0, y1))
        if stack.name == "a.npy" and y0 > 0:
            raise MemoryError
        return read(stack, frame, y0, y1)

    monkeypatch.setattr(ImageStack, "read", limited)
    monkeypatch.setattr(engine, "_BAND_PIXELS", 40 * 32)
    used, left_out = usable([Input(path) for path in sorted(tmp_path.iterdir())], NO_TASK)
    assert [item.path.name for item in used] == ["b.npy"]
    assert left_out[0].startswith("a.npy does not fit into memory; ")
    assert seen[2:] == [("b.npy", frame, *rows) for frame in (0, 1) for rows in ((0, 40), (40, 64))]


def test_a_first_file_of_another_size_does_not_leave_out_all_others(tmp_path):
    rng = np.random.default_rng(0)
    for name, side in (("a.npy", 48), ("b.npy", 64), ("c.npy", 64)):
        np.save(tmp_path / name, rng.normal(size=(2, side, side)))
    used, left_out = usable([Input(path) for path in sorted(tmp_path.iterdir())], NO_TASK)
    assert [item.path.name for item in used] == ["b.npy", "c.npy"]
    assert left_out == (
        "a.npy is 48 x 48 pixels, but the others are 64 x 64; only files of one size can be"
        " averaged.",
    )


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ((64, 48, 32), "c.npy is 32 x 32 pixels, but the first, a.npy, is 64 x 64;"),
        ((64, 64, 48, 32), "d.npy is 32 x 32 pixels, but 2 of the 4 files are 64 x 64;"),
    ],
)
def test_whose_size_the_files_have_to_have_is_said(tmp_path, sides, said):
    for name, side in zip("abcd", sides, strict=False):
        np.save(tmp_path / f"{name}.npy", np.ones((2, side, side)))
    _, left_out = usable([Input(path) for path in sorted(tmp_path.iterdir())], NO_TASK)
    assert left_out[-1].startswith(said)


def test_a_file_without_noise_is_left_out_of_the_one_mask(tmp_path):
    folder, out = tmp_path / "images", tmp_path / "out"
    folder.mkdir()
    np.save(folder / "a.npy", np.ones((2, 96, 96)))
    np.save(folder / "b.npy", frames_of("row 7"))
    np.save(folder / "c.npy", frames_of("row 7")[::-1])
    options = {"per": "all", "one_mask": True, "parameters": AUTOMATIC}
    queue = make(folder, out, **options)
    queue.run()
    (status,) = queue.statuses
    assert status.state is JobState.DONE
    assert [fit.name for fit in status.fits] == ["b.npy", "c.npy"]
    assert [sentence.split()[0].rstrip(":") for sentence in status.left_out] == ["a.npy"]
    # It is known then, and not tried again.
    again = make(folder, out, resume=True, **options)
    again.run()
    assert again.statuses[0].kept
    assert again.statuses[0].left_out == status.left_out
    # A mask of the one that is left is that file's own.
    (folder / "c.npy").unlink()
    alone = make(folder, tmp_path / "alone", **options)
    alone.run()
    assert alone.statuses[0].state is JobState.DONE
    assert alone.statuses[0].fits == ()
    again = make(folder, tmp_path / "alone", resume=True, **options)
    again.run()
    assert again.statuses[0].kept
    (folder / "b.npy").unlink()
    np.save(folder / "d.npy", np.ones((2, 96, 96)))
    none = make(folder, tmp_path / "none", **options)
    none.run()
    assert none.statuses[0].error == "a.npy and 1 more: none can be measured."
    assert [one.split()[0].rstrip(":") for one in none.statuses[0].left_out] == ["a.npy", "d.npy"]


def test_a_mask_that_the_answer_does_not_support_is_called_doubtful(tmp_path):
    folder, out = tmp_path / "images", tmp_path / "out"
    folder.mkdir()
    np.save(folder / "one.npy", frames_of("one frame"))
    by_hand = AUTOMATIC.changed({"mask_choice": "significant"})
    queue = make(folder, out, parameters=by_hand, reports=True)
    queue.run()
    (status,) = queue.statuses
    assert status.needs_a_look
    assert "could not be separated" in status.notes[0]
    names = ["one_mask_doubtful.json", "one_mask_doubtful.npy", "one_mask_doubtful.png"]
    assert sorted(path.name for path in out.iterdir()) == [*names, "one_report.html"]
    assert read_record(out / names[0]).doubt == status.doubt
    assert "one_mask_doubtful.npy" in (out / "one_report.html").read_text()
    row = rows_of(write_summary(queue, tmp_path / "s.csv")[0])["one.npy"]
    assert row["mask"].endswith(names[1])
    assert is_result(out / names[1])

    again = make(folder, out, parameters=by_hand, reports=True, resume=True)
    again.run()
    assert again.statuses[0].kept
    skipped = make(folder, out, parameters=AUTOMATIC)
    skipped.run()
    assert skipped.statuses[0].state is JobState.SKIPPED
    safe = make(folder, out, parameters=AUTOMATIC, force=True)
    safe.run()
    assert safe.statuses[0].doubt == ""
    assert sorted(path.name for path in out.iterdir()) == [
        *(name.replace("_doubtful", "") for name in names),
        "one_report.html",
    ]


@pytest.mark.parametrize(("source", "shared"), [("automatic", True), ("dark", False)])
def test_a_dark_stack_that_does_not_fit_makes_masks_doubtful(
    tmp_path, folder, row_noise, source, shared
):
    (folder / "bad.tif").unlink()
    dark, out = tmp_path / "dark.npy", tmp_path / "out"
    np.save(dark, row_noise[:, :64, :64])
    queue = make(
        folder,
        out,
        per="all" if shared else "file",
        parameters=AUTOMATIC.changed({"source": source}),
        dark=Input(dark),
        one_mask=shared,
        reports=True,
    )
    queue.run()
    said = "dark.npy does not seem to be a dark or blank stack for a.tif: its frames are 64 x 64"
    status = queue.statuses[0]
    assert status.needs_a_look
    assert status.notes[0].startswith(said)
    assert status.answer.certainty in ("uncertain", "cannot tell")
    assert "Likely" not in status.answer.how_sure
    stem = "images" if shared else "a"
    assert (out / f"{stem}_mask_doubtful.npy").exists()
    page = (out / f"{stem}_report.html").read_text()
    assert said in page
    assert f"{stem}_mask_doubtful.npy" in page
