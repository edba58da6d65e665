from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io import extract_files
from structmask_gui.io.batch import engine
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.batch.summary import is_current, read_failures, write_summary
from structmask_gui.io.files import atomic
from structmask_gui.io.results.record import read_record
from tests.io.batches import make, times


def linked(out):
    """Return the files that the links of a summary lead to."""
    page = (out / "s.html").read_text(encoding="utf-8")
    return sorted(unquote(address) for address in re.findall(r'<a href="([^"]+)"', page))


@pytest.mark.slow
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
    assert "a_mask.json" in text
    assert text.count("<img") == 4
    assert "a network could copy" in text
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_resume_adds_only_the_reports_that_are_missing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    make(folder, out).run()
    before = times(out)
    queue = make(folder, out, resume=True, reports=True)
    queue.run()
    assert {name: when for name, when in times(out).items() if name in before} == before
    assert [s.report for s in queue.statuses] == [True, True, False]
    write_summary(queue, tmp_path / "s.csv")
    monkeypatch.setattr(engine, "extract_job", lambda *a, **o: pytest.fail("it worked"))
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


@pytest.mark.slow
def test_a_report_that_cannot_be_written_leaves_nothing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = atomic.atomic_file

    def full(path, *, force=False):
        if path.suffix == ".html":
            raise InputError(f"{path.name} cannot be written (no space left on device).")
        return real(path, force=force)

    monkeypatch.setattr(atomic, "atomic_file", full)
    queue = make(folder, out, reports=True)
    queue.run()
    assert "a_report.html" in queue.statuses[0].error
    assert list(out.iterdir()) == []


def test_the_smallest_image_has_figures_as_far_as_it_allows(tmp_path):
    (tmp_path / "in").mkdir()
    small = np.random.default_rng(0).normal(100, 9, (16, 16)).astype(np.float32)
    tifffile.imwrite(tmp_path / "in" / "small.tif", small, photometric="minisblack")
    parameters = Parameters(patch_size=16, center_size=5)
    queue = make(tmp_path / "in", tmp_path / "out", parameters=parameters, reports=True)
    queue.run()
    text = (tmp_path / "out" / "small_report.html").read_text(encoding="utf-8")
    assert "neighbours within 3 pixels" in text


def test_a_report_without_figures_where_they_cannot_be_worked_out(
    tmp_path, row_noise, monkeypatch: pytest.MonkeyPatch
):
    def nothing(*_args, **_kwargs):
        raise InputError("the noise cannot be looked at.")

    monkeypatch.setattr(extract_files, "extraction_basis", nothing)
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "a.tif", row_noise, photometric="minisblack")
    queue = make(tmp_path / "in", tmp_path / "out", reports=True)
    queue.run()
    assert queue.statuses[0].state is JobState.DONE
    text = (tmp_path / "out" / "a_report.html").read_text(encoding="utf-8")
    assert "<h2>Quality</h2>" not in text
    strict = make(tmp_path / "in", tmp_path / "o", quality=True)
    strict.run()
    assert strict.statuses[0].state is JobState.FAILED
