from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile

from tests.conftest import SHARED


def files(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_folder(structmask, noisy, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"nonsense")
    out = tmp_path / "out"
    answer = structmask("batch", tmp_path, "--output-dir", out, "--preset", "coarse")
    assert answer.code == 1
    assert "rows.ome.tif: Row, " in answer.out
    assert answer.err.startswith("error: bad.tif is not in a format that StructMask reads")
    assert "1 mask made, 1 failed. 1 of the masks needs a look. Summary: " in answer.out
    assert sorted(files(out)) == [
        "rows_mask.json",
        "rows_mask.npy",
        "rows_mask.png",
        "structmask_batch.csv",
        "structmask_batch.html",
    ]
    assert json.loads((out / "rows_mask.json").read_text())["parameters"]["center_size"] == 21


def test_planes_read_as_colours_are_said(structmask, tmp_path):
    frames = np.random.default_rng(1).normal(100, 10, (3, 96, 96)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", frames, photometric="rgb", planarconfig="separate")
    tifffile.imwrite(tmp_path / "b.tif", frames, photometric="minisblack")
    answer = structmask("batch", tmp_path, "--output-dir", tmp_path / "out")
    assert answer.err == (
        "note: a.tif: Its 3 planes are read as the colours of one image. Are they frames? Then give"
        " the axes TYX (--axes TYX).\n"
    )
    answer = structmask("batch", tmp_path, "--output-dir", tmp_path / "2", "--axes", "TYX")
    assert answer.err == ""


def test_resume_does_nothing_again(structmask, noisy, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"nonsense")
    out = tmp_path / "out"
    assert structmask("batch", tmp_path, "--output-dir", out).code == 1
    before = files(out)
    answer = structmask("batch", tmp_path, "--output-dir", out, "--resume")
    assert answer.code == 1
    assert "0 masks made, 1 kept from an earlier run, 1 failed." in answer.out
    assert "error: bad.tif " in answer.err
    assert files(out) == before


def test_a_second_run_needs_resume_or_force(structmask, noisy, tmp_path):
    assert structmask("batch", noisy, "--summary", tmp_path / "s").code == 0
    answer = structmask("batch", noisy, "--summary", tmp_path / "s")
    assert answer.code == 2
    assert answer.err.startswith("error: s.csv exists already; use --resume")
    answer = structmask("batch", noisy, "--summary", tmp_path / "other.csv")
    assert answer.code == 0
    assert "skipped: has a mask already, rows_mask.npy; use --force" in answer.out
    assert "0 masks made, 1 skipped." in answer.out
    answer = structmask("batch", noisy, "--summary", tmp_path / "third.csv", "--json")
    assert answer.json["results"] == answer.json["errors"] == []
    assert "has a mask already" in answer.json["skipped"][0]["reason"]
    # Gone on with in other settings, nothing is done and the table stays good.
    answer = structmask(
        "batch", noisy, "--summary", tmp_path / "s", "--resume", "--preset", "coarse"
    )
    assert answer.code == 2
    assert "error: rows.ome.tif: skipped: its mask, rows_mask.json, is of other" in answer.err
    assert "Row, " in (tmp_path / "s.csv").read_text(encoding="utf-8-sig")
    again = structmask("batch", noisy, "--summary", tmp_path / "s", "--force", "--preset", "coarse")
    assert again.code == 0
    assert ",coarse," in (tmp_path / "s.csv").read_text(encoding="utf-8-sig")


def test_which_of_two_images_of_one_name_a_mask_is_of(structmask, noisy, tmp_path):
    other = tmp_path / "rows.tif"
    other.write_bytes(noisy.read_bytes())
    assert structmask("extract", other).code == 0
    answer = structmask("extract", noisy)
    assert answer.code == 2
    assert answer.err.startswith("error: rows_mask.npy exists already and is of rows.tif; use")
    answer = structmask("batch", noisy, "--summary", tmp_path / "one")
    assert answer.code == 2
    assert "rows.ome.tif: skipped: rows_mask.npy is there, of rows.tif; use --force" in answer.err
    out = tmp_path / "out"
    answer = structmask("batch", noisy, other, "--output-dir", out)
    assert answer.code == 0
    lines = answer.out.splitlines()
    (number,) = [n for n, line in enumerate(lines) if "Written: rows-2_mask.npy" in line]
    assert number > lines.index(next(line for line in lines if line.startswith("rows.tif: ")))
    page = (out / "structmask_batch.html").read_text()
    for image, mask in (("rows.ome.tif", "rows_mask.npy"), ("rows.tif", "rows-2_mask.npy")):
        assert f'<p>{image}</p><p class="faint">{mask}</p>' in page


def test_a_report_for_each(structmask, noisy, tmp_path):
    out = tmp_path / "out"
    answer = structmask("batch", noisy, "--output-dir", out, "--report", "--json")
    assert answer.code == 0
    result = json.loads(answer.out)["results"][0]
    assert result["outputs"]["html"] == str(out / "rows_report.html")
    assert "rows_mask.npy" in (out / "rows_report.html").read_text(encoding="utf-8")
    page = (out / "structmask_batch.html").read_text(encoding="utf-8")
    assert '<a href="./rows_report.html">' in page
    before = files(out)
    assert structmask("batch", noisy, "--output-dir", out, "--report", "--resume").code == 0
    assert files(out) == before


def test_json(structmask, noisy, tmp_path):
    answer = structmask("batch", noisy, tmp_path / "none*.tif", "--json", "--frames", "0:2")
    assert answer.code == 1
    (result,) = answer.json["results"]
    assert result["outputs"]["npy"] == str(tmp_path / "rows_mask.npy")
    assert answer.json["errors"][0]["error"].startswith("none*.tif matches no file")
    assert answer.json["summary"]["csv"] == str(tmp_path / "structmask_batch.csv")


@pytest.mark.parametrize("option", [("--average",), ("--per", "all")])
def test_one_mask_for_all(structmask, noisy, tmp_path, option):
    (tmp_path / "second.tif").write_bytes(noisy.read_bytes())
    answer = structmask("batch", tmp_path, "--output-dir", tmp_path / "out", *option)
    assert answer.code == 0
    record = json.loads((tmp_path / "out" / f"{tmp_path.name}_mask.json").read_text())
    assert [item["name"] for item in record["inputs"]] == ["rows.ome.tif", "second.tif"]


def test_the_parameters_of_a_record(structmask, noisy, tmp_path):
    structmask("extract", noisy, "--set", "center_size=15", "--region", "0:64,0:128")
    out = tmp_path / "out"
    record = tmp_path / "rows_mask.json"
    assert structmask("batch", noisy, "--from-record", record, "--output-dir", out).code == 0
    old, new = (json.loads(path.read_text()) for path in (record, out / "rows_mask.json"))
    assert (old["mask"], old["region"]) == (new["mask"], new["region"])


def test_nothing_to_do(structmask, tmp_path):
    answer = structmask("batch", tmp_path)
    assert answer.code == 2
    assert "holds no image file" in answer.err
    assert structmask("batch").code == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_could_be_done(structmask, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"nonsense")
    assert structmask("batch", tmp_path).code == 2


def test_interruption_leaves_a_summary(structmask, noisy, tmp_path, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("structmask_gui.io.batch.engine.extract_job", interrupt)
    answer = structmask("batch", noisy)
    assert answer.code == 130
    assert "cancelled" in (tmp_path / "structmask_batch.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_a_killed_batch_is_resumed(noisy, tmp_path):
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    for i in range(6):
        (images / f"{i}.tif").write_bytes(noisy.read_bytes())
    start = "import sys; from structmask_gui.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "batch", images, "--output-dir", out]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (out / "1_mask.json").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = {name: at for name, at in files(out).items() if name.endswith("_mask.json")}
    assert 1 <= len(done) < 6
    answer = subprocess.run([*command, "--resume"], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert f"{6 - len(done)} mask" in answer.stdout
    after = files(out)
    assert sum(name.endswith("_mask.json") for name in after) == 6
    assert {name: after[name] for name in done} == done


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
@pytest.mark.parametrize(("name", "code", "n_bad"), [("real", 0, 0), ("bad", 1, 12)])
def test_the_shared_folders(structmask, tmp_path, name, code, n_bad):
    out = tmp_path / "out"
    answer = structmask("batch", SHARED / "data" / name, "--output-dir", out)
    assert answer.code == code
    assert answer.err.count("error: ") == n_bad == len(answer.err.splitlines())
    before = files(out)
    again = structmask("batch", SHARED / "data" / name, "--output-dir", out, "--resume")
    assert again.code == code
    assert again.err == answer.err
    assert files(out) == before


def test_a_folder_that_is_not_there_leaves_nothing(structmask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = structmask("batch", "nofolder")
    assert answer.code == 2
    assert answer.err == ("error: nofolder: there is no such file or folder; check the path.\n")
    assert files(tmp_path) == {}


def test_the_summary_has_the_figures_and_the_number_of_frames(structmask, noisy, tmp_path):
    options = ("--preset", "automatic", "--source", "difference")
    assert structmask("batch", noisy, *options, "--output-dir", tmp_path / "no").code == 0
    assert (
        structmask("batch", noisy, *options, "--quality", "--output-dir", tmp_path / "q").code == 0
    )
    texts = [
        (tmp_path / name / "structmask_batch.csv").read_text("utf-8-sig") for name in ("no", "q")
    ]
    without, with_figures = (next(csv.DictReader(text.splitlines())) for text in texts)
    # A difference is of two frames; these are all of the file.
    assert without["frames"] == with_figures["frames"] == "3"
    assert without["still copied"] == without["needlessly hidden"] == ""
    figures = json.loads((tmp_path / "q" / "rows_mask.json").read_text())["quality"]
    assert float(with_figures["still copied"]) == pytest.approx(figures["still_copied"], abs=1e-4)
    assert int(with_figures["needlessly hidden"]) == figures["needlessly_hidden"]
    page = (tmp_path / "q" / "structmask_batch.html").read_text()
    assert f"A network could copy {figures['still_copied']:.1%} of the noise. Hidden" in page
    assert "Hidden without need" not in (tmp_path / "no" / "structmask_batch.html").read_text()
