from __future__ import annotations

import csv
from html import escape
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.files import find_files, plan_jobs
from structmask_gui.io.batch.status import DenoisedStatus, JobState, JobStatus
from structmask_gui.io.batch.summary import (
    COLUMNS,
    counts_sentence,
    csv_bytes,
    html_bytes,
    read_failures,
    summary_paths,
    summary_place,
    write_summary,
)
from structmask_gui.io.extract import extract
from structmask_gui.io.extract_files import Input
from structmask_gui.io.results.record import AnswerRecord
from tests.io.batches import make, queue_of, rows_of


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
    assert bad["error"].startswith("bad.tif ")
    assert "(ring analysis, autoStructN2V 0.1)." in good["answer"]
    assert (good["certainty of the answer"], bad["answer"]) == ("uncertain", "")


def test_paths_hold_from_any_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    queue = make(folder, Path("out"))
    queue.run()
    rows = list(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    assert rows[0]["mask"] == str(tmp_path / "out" / "a_mask.npy")


@pytest.mark.slow
def test_a_batch_writes_the_recommended_mask_and_its_answer(folder, tmp_path):
    automatic = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    queue = make(folder, tmp_path / "out", parameters=automatic)
    queue.run()
    status = queue.statuses[0]
    assert status.mask == extract(folder / "a.tif", automatic).mask
    row = next(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    assert row["answer"] == " ".join(status.answer.lines)
    assert row["certainty of the answer"] == status.answer.certainty
    assert escape(status.answer.what) in html_bytes(queue).decode()


def test_the_page_names_parameters_by_their_labels(folder, tmp_path):
    queue = make(folder, tmp_path / "out", parameters=Parameters(center_ratio_threshold=1.0))
    queue.run()
    assert any("center_ratio_threshold" in note for note in queue.statuses[0].notes)
    page = html_bytes(queue).decode()
    assert "center_ratio_threshold" not in page
    assert "Ring strength" in page


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


def test_masks_that_need_a_look_are_counted_and_marked(folder, tmp_path):
    # A line that does not end: no mask alone will do, however sure it is.
    rng = np.random.default_rng(0)
    offsets = rng.normal(scale=0.3, size=(6, 256, 1)) + rng.normal(size=(6, 256, 256))
    np.save(folder / "lines.npy", offsets.astype(np.float32))
    queue = make(
        folder, tmp_path / "lines", parameters=Parameters(method="statistical", source="automatic")
    )
    queue.run()
    status = next(s for j, s in zip(queue.jobs, queue.statuses, strict=True) if "lines" in j.name)
    assert status.certainty == "attention"
    assert status.needs_a_look
    looks = sum(status.needs_a_look for status in queue.statuses)
    assert f"{looks} of the masks need" in counts_sentence(queue)
    assert status.answer is not None
    assert status.answer.told == "act first"
    assert b"done: act first" in html_bytes(queue)
    rows = list(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    for name in ("certainty", "certainty of the answer"):
        assert [row[name] for row in rows if row["file"].endswith("lines.npy")] == ["act first"]
    published = make(folder, tmp_path / "rings")
    published.run()
    # Ring analysis never knows what it measured, as the window says of its mask.
    done = [status for status in published.statuses if status.state == "done"]
    assert {(status.sure, status.sign) for status in done} == {("uncertain", "not sure")}
    assert b"done: uncertain" in html_bytes(published)


@pytest.mark.parametrize(
    ("verdict", "told", "sign", "looked_at"),
    [
        ("attention", "likely", "sure", False),
        ("sure", "uncertain", "not sure", True),
        ("sure", "act first", "attention", True),
        ("", "uncertain", "not sure", True),  # of ring analysis
    ],
)
def test_the_sign_is_that_of_the_answer(verdict, told, sign, looked_at):
    answer = AnswerRecord(what="A.", certainty=told, how_sure="B.", advice="C.")
    status = JobStatus(JobState.DONE, certainty=verdict, answer=answer)
    assert (status.sign, status.needs_a_look) == (sign, looked_at)
    assert status.sure == told
    first = answer.model_copy(update={"actions": ("preview_removal",)})
    removed = JobStatus(JobState.DONE, answer=first)
    assert (removed.sure, removed.sign) == ("act first", "attention")  # however sure it is
    # Of a record of before there is only the verdict.
    assert JobStatus(JobState.DONE, certainty="attention").sign == "attention"


def test_the_answer_about_a_mask_of_rings_knows_the_figures_that_were_asked_for(folder, tmp_path):
    plain = make(folder, tmp_path / "plain")
    plain.run()
    assert plain.statuses[0].answer.advice == "Compare with the preset automatic."
    known = make(folder, tmp_path / "known", quality=True)
    known.run()
    told = known.statuses[0].answer
    assert "xpected" in told.how_sure.replace("automatic expects", "")
    assert ("do harm" in told.how_sure or "gain little" in told.how_sure) == (
        told.advice == "Compare with the preset automatic."
    )


def test_a_name_is_no_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "=1+1.tif").write_bytes(b"nonsense")
    queue = queue_of(plan_jobs(find_files(["=1+1.tif"])[0]), Parameters())
    queue.run()
    rows = list(csv.DictReader(csv_bytes(queue).decode("utf-8-sig").splitlines()))
    assert rows[0]["error"].startswith("'=1+1.tif ")
    place, _ = write_summary(queue, tmp_path / "s")
    (found,) = read_failures(place).values()
    assert found[1] == queue.statuses[0].error


def test_the_summary_of_several_folders_goes_to_the_one_that_holds_them(tmp_path):
    first, second = tmp_path / "one" / "a.tif", tmp_path / "two" / "b.tif"
    home = tmp_path / "home"
    for place in (first.parent, second.parent, home):
        place.mkdir()
    assert summary_place([first], None, home) == first.with_name("structmask_batch.csv")
    both = [first, second]
    assert summary_place(both, None, home) == tmp_path / "structmask_batch.csv"
    assert summary_place(both, second.parent, home) == second.with_name("structmask_batch.csv")
    drive = Path(tmp_path.anchor)
    apart = [drive / "one" / "a.tif", drive / "two" / "b.tif"]
    assert summary_place(apart, None, home) == home / "structmask_batch.csv"
    # Where it was before is gone on with.
    (home / "structmask_batch.csv").write_text("")
    assert summary_place(both, None, home, resume=True) == home / "structmask_batch.csv"
    assert summary_place(both, None, home) == tmp_path / "structmask_batch.csv"


def test_no_other_file_is_taken_for_a_summary(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    place = tmp_path / "s.html"
    assert [path.name for path in write_summary(queue, place)] == ["s.csv", "s.html"]
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
    first = queue_of(jobs, **options)
    assert first.run()[JobState.DONE] == 1
    again = queue_of(jobs, **options, resume=True)
    again.run()
    assert again.statuses[0].kept
    tifffile.imwrite(dark, row_noise[:2], metadata={"axes": "TYX"}, photometric="minisblack")
    changed = queue_of(jobs, **options, resume=True)
    changed.run()
    assert "is of other files" in changed.statuses[0].error


def test_what_was_denoised_is_counted_and_kept_with_the_mask(folder, tmp_path):
    out = tmp_path / "out"
    queue = make(folder, out)
    queue.run()
    queue.set_denoised(0, DenoisedStatus(files=(out / "a_denoised.ome.tif",)))
    queue.set_denoised(1, DenoisedStatus(why_not="the images have 8 bits; give --yes."))
    place, page = summary_paths(out / "summary")
    assert counts_sentence(queue).startswith("2 masks made, 1 failed, 1 of 2 stacks denoised.")
    again = make(folder, out, resume=True)
    again.run()
    for one in (queue, again):
        rows = rows_of(write_summary(one, place)[0])
        assert rows["a.tif"]["denoised"] == "a_denoised.ome.tif"
        assert rows["b.ome.tif"]["denoised"] == "no: the images have 8 bits; give --yes."
        assert rows["bad.tif"]["denoised"] == ""
        assert "Denoised: a_denoised.ome.tif" in page.read_text()
        assert "Not denoised: the images have 8 bits" in page.read_text()
    assert "denoised" not in counts_sentence(again)
    # A mask that is made anew is not that of the denoised file.
    anew = make(folder, out, force=True)
    anew.run()
    assert rows_of(write_summary(anew, place)[0])["a.tif"]["denoised"] == ""


def test_a_cell_is_no_longer_than_a_spreadsheet_takes(folder, tmp_path):
    queue = make(folder, tmp_path / "out")
    gone = tuple(f"{number}.tif: there is no such file." for number in range(10_000))
    queue._statuses[0] = JobStatus(JobState.FAILED, error="-bad.", left_out=gone)
    rows = csv.reader(csv_bytes(queue).decode("utf-8-sig").splitlines())
    longest = max((cell for row in rows for cell in row), key=len)
    assert longest.startswith("'-bad. 0.tif: there is no such file. 1.tif")
    assert longest.endswith("…")
    assert len(longest) == 32_767


def test_a_long_cell_of_an_earlier_version_is_read(tmp_path):
    row = dict.fromkeys(COLUMNS, "") | {"file": "/a.tif", "state": "failed", "error": "x" * 200_000}
    row |= {"bytes": "1", "modified": "2", "settings": "x"}
    lines = [",".join(COLUMNS), ",".join(row.values())]
    (tmp_path / "s.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    assert read_failures(tmp_path / "s.csv")["/a.tif"][1] == row["error"]


_ANSWER = ("answer", "certainty of the answer")


@pytest.mark.parametrize(
    "without",
    [("still copied", "needlessly hidden", *_ANSWER), _ANSWER, ()],
    ids=["before figures", "before answer", "before denoised"],
)
def test_a_summary_of_an_earlier_version_is_read(tmp_path, without):
    later = (*without, "denoised")
    old = [name for name in COLUMNS if name not in later]
    row = dict.fromkeys(old, "") | {
        "file": "/a.tif",
        "state": "failed",
        "error": "bad",
        "bytes": "1",
        "modified": "2",
        "settings": "x",
    }
    lines = [",".join(old), ",".join(row.values())]
    (tmp_path / "s.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    assert read_failures(tmp_path / "s.csv")["/a.tif"][1] == "bad"
