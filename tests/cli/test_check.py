"""`structmask check` and `batch --one-mask`."""

import csv
import json

import numpy as np
import pytest

from structmask_gui.io.results.masks import load_mask
from tests.io.test_one_mask import scene


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "experiment"
    made.mkdir()
    scene(made / "a.npy", "row 7", (128, 160), 1)
    scene(made / "b.npy", "row 7", (160, 128), 2)
    return made


@pytest.mark.slow
def test_one_mask_for_files_of_unlike_sizes(structmask, folder, tmp_path):
    out = tmp_path / "out"
    asked = ("batch", folder, "--one-mask", "--preset", "automatic", "--output-dir", out)
    answer = structmask(*asked, "--report")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert (
        lines[0] == "experiment: One mask for 2 files: hide 6 pixels on either side along the row."
    )
    assert lines[1].strip().startswith("Likely. It fits all 2 files. Fixed patterns")
    assert load_mask(out / "experiment_mask.npy").statistics.true_pixels == 13
    with (out / "structmask_batch.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["certainty of the answer"] == "likely"
    assert "a.npy: Fits: expected error " in row["notes"]

    assert "a.npy: Fits: " in (out / "experiment_report.html").read_text()
    again = structmask(*asked, "--report", "--resume")
    assert "0 masks made, 1 kept from an earlier run." in again.out
    repeated = ("extract", "--from-record", out / "experiment_mask.json", "--output-dir", tmp_path)
    assert structmask(*repeated).out.startswith("a.npy: One mask for 2 files: hide 6 pixels")

    answer = structmask("check", out / "experiment_mask.npy", folder)
    assert answer.code == 0
    assert answer.out.splitlines()[0].startswith("a.npy: Fits: expected error ")
    assert answer.out.splitlines()[-1] == "2 files: fits: 2."


def test_what_does_not_fit_and_what_cannot_be_read(structmask, folder, tmp_path):
    mask = tmp_path / "square.npy"
    np.save(mask, np.ones((3, 3), dtype=np.uint8))
    (folder / "bad.npy").write_bytes(b"nonsense")
    answer = structmask("check", mask, folder, "--json")
    assert answer.code == 1
    assert "error: bad.npy " in answer.err
    assert [one["fit"] for one in answer.json["results"]] == ["does not fit"] * 2
    assert answer.json["results"][0]["own_pixels"] == 13
    assert json.dumps(answer.json["errors"]).count("bad.npy") == 2
    assert sorted(path.name for path in folder.iterdir()) == ["a.npy", "b.npy", "bad.npy"]
