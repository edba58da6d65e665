from __future__ import annotations

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.io.results.masks import save_npy


@pytest.fixture
def masks(tmp_path):
    """Return a row that hides the noise of the fixture `noisy`, and a column that does not."""
    row = np.ones((1, 13), dtype=bool)
    save_npy(Mask(row), tmp_path / "row.npy")
    save_npy(Mask(row.T), tmp_path / "column.npy")
    return tmp_path / "row.npy", tmp_path / "column.npy"


def test_the_right_mask_hides_the_noise(structmask, noisy, masks):
    row, column = (structmask("quality", mask, noisy, "--json").json for mask in masks)
    # A third of the variance is noise of single pixels, which no mask hides and nothing copies.
    assert row["still_copied"] < 0.1 < 0.5 < column["still_copied"]
    errors = [found["estimated_error"] for found in (row, column)]
    assert errors[0]["total"] < errors[1]["total"]
    parts = ("noise_left", "detail_lost", "training")
    assert all(error["total"] == sum(error[part] for part in parts) for error in errors)
    assert row["still_copied_bare_centre"] == column["still_copied_bare_centre"]
    assert row["noise_measured_in"].startswith("frame differences")


def test_in_words(structmask, noisy, masks):
    answer = structmask("quality", masks[0], noisy)
    assert answer.code == 0
    for words in (
        "row.npy",
        "could be copied",
        "hidden without need",
        "estimate from a linear model",
    ):
        assert words in answer.out


@pytest.mark.parametrize("source", ["frames", "flat", "spectrum"])
def test_every_source(structmask, noisy, masks, source):
    options = ("--source", source, "--radius", 8, "--json")
    row, column = (structmask("quality", mask, noisy, *options).json for mask in masks)
    assert row["radius"] == 8
    # The spectrum beyond the band sees the least of smooth rows; it still tells the two apart.
    assert row["still_copied"] < column["still_copied"] - 0.2


def test_refusals(structmask, noisy, masks):
    assert structmask("quality", noisy, noisy).code == 2
    answer = structmask("quality", masks[0], noisy, "--source", "dark")
    assert answer.code == 2
    assert "dark" in answer.err
    assert structmask("quality", masks[0], noisy, "--radius", 0).code == 2
    assert structmask("quality", masks[0], noisy, "--radius", 1000).code == 2


@pytest.mark.parametrize("method", ["ring", "statistical"])
def test_figures_in_the_record(structmask, noisy, method):
    answer = structmask("extract", noisy, "--method", method, "--quality", "--json")
    (result,) = answer.json["results"]
    assert result["quality"]["still_copied"] < result["quality"]["still_copied_bare_centre"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ring", "statistical"])
@pytest.mark.parametrize("part", [(), ("--region", "0:64,0:128"), ("--frames", "0:2")])
def test_the_record_beside_the_mask_says_where_the_noise_is_measured(
    structmask, noisy, tmp_path, method, part
):
    options = ("--method", method, *part, *(("--source", "flat") if method != "ring" else ()))
    (made,) = structmask("extract", noisy, *options, "--quality", "--json").json["results"]
    mask = tmp_path / "rows_mask.npy"
    answer = structmask("quality", mask, noisy, "--json").json
    assert answer["as_in_record"] == str(tmp_path / "rows_mask.json")
    assert answer["noise_measured_in"] == made["quality"]["noise_measured_in"]
    assert answer["still_copied"] == pytest.approx(made["quality"]["still_copied"], abs=1e-9)
    words = structmask("quality", mask, noisy).out
    assert f"as for the mask ({method}, source " in words
    # The record itself is a mask, too; an option has the last word.
    record = structmask("quality", mask.with_suffix(".json"), noisy).out
    assert record.replace("rows_mask.json", "rows_mask.npy") == words.replace(
        "rows_mask.json", "rows_mask.npy"
    )
    other = structmask("quality", mask, noisy, "--source", "frames", "--json").json
    assert other["as_in_record"] is None
    assert other["noise_measured_in"] != "flat patches"


def test_noise_that_cannot_be_told_from_the_picture_is_said(structmask, noisy, masks, tmp_path):
    rng = np.random.default_rng(2)
    blobs = gaussian_filter(rng.normal(size=(200, 200)), 3)
    blobs *= gaussian_filter(rng.normal(size=(200, 200)), 15)
    model = NoiseModel(kernels()["block 3"], 0.1, 10.0)
    frame = 1000 + simulate(model, blobs.shape, picture=blobs, strength=3, seed=1)[0]
    path = tmp_path / "blobs.tif"
    tifffile.imwrite(path, frame.astype(np.float32))
    assert not structmask("quality", masks[0], path, "--json").json["noise_told_from_picture"]
    assert "could not be separated from structure" in structmask("quality", masks[0], path).out
    assert structmask("quality", masks[0], noisy, "--json").json["noise_told_from_picture"]
    assert "could not be told" not in structmask("quality", masks[0], noisy).out


def test_a_damaged_record_beside_the_mask_is_said(structmask, noisy, masks):
    masks[0].with_suffix(".json").write_text("{}")
    answer = structmask("quality", masks[0], noisy)
    assert answer.code == 0
    assert answer.err.startswith("note: row.json ")
    assert "It is not used" in answer.err


def test_the_help_states_the_default_of_the_source(structmask):
    answer = structmask("quality", "--help")
    assert "as in the record beside the mask" in " ".join(answer.out.split())


@pytest.mark.slow
def test_a_record_of_another_image_is_said(structmask, noisy, tmp_path):
    structmask("extract", noisy, "--method", "statistical")
    mask, other = tmp_path / "rows_mask.npy", tmp_path / "other.tif"
    tifffile.imwrite(other, tifffile.imread(noisy)[::-1], photometric="minisblack")
    answer = structmask("quality", mask, other)
    assert answer.code == 0
    assert "rows_mask.json is of another image" in answer.err
    assert "other.tif" in answer.err
    assert "another image" not in structmask("quality", mask, noisy).err


def test_hidden_pixels_beyond_the_radius_are_counted_as_not_judged(structmask, noisy, tmp_path):
    path = tmp_path / "large.npy"
    save_npy(Mask(np.ones((61, 61), dtype=bool)), path)
    words = structmask("quality", path, noisy).out
    assert "of the 440 within 10 px; the mask hides 3720" in words
    assert structmask("quality", path, noisy, "--json").json["hidden_within_radius"] == 440
    small = tmp_path / "small.npy"
    save_npy(Mask(np.ones((3, 3), dtype=bool)), small)
    assert "within" not in structmask("quality", small, noisy).out
