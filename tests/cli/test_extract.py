from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui import Parameters, extract
from structmask_gui.core.parameters.model import parameter_infos
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record


def outputs(folder):
    return sorted(path.name for path in folder.iterdir() if "_mask" in path.name)


def test_three_files_beside_the_input(structmask, noisy):
    answer = structmask("extract", noisy)
    assert answer.code == 0
    assert answer.out.startswith("rows.ome.tif: Row, ")
    assert outputs(noisy.parent) == ["rows_mask.json", "rows_mask.npy", "rows_mask.png"]
    expected = extract(noisy).mask
    array = np.load(noisy.parent / "rows_mask.npy", allow_pickle=False)
    assert array.dtype == bool
    assert array.flags.c_contiguous
    np.testing.assert_array_equal(array, expected.array)
    with Image.open(noisy.parent / "rows_mask.png") as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), expected.array * 255)
    assert load_mask(noisy.parent / "rows_mask.json") == expected


def test_existing_results_are_kept_without_force(structmask, noisy):
    old = noisy.parent / "rows_mask.png"
    old.write_bytes(b"old")
    answer = structmask("extract", noisy)
    assert answer.code == 2
    assert answer.err.startswith("error: rows_mask.png exists already; use --force")
    assert outputs(noisy.parent) == ["rows_mask.png"]
    assert old.read_bytes() == b"old"
    assert structmask("extract", noisy, "--force").code == 0
    assert old.read_bytes() != b"old"


def test_one_bad_file_does_not_stop_the_others(structmask, noisy, tmp_path):
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"nonsense")
    out = tmp_path / "results"
    answer = structmask("extract", bad, noisy, "--output-dir", out)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("error: bad.tif ")
    assert outputs(out) == ["rows_mask.json", "rows_mask.npy", "rows_mask.png"]
    assert structmask("extract", bad, "--output-dir", out).code == 2


def test_equal_stems_are_numbered(structmask, noisy, tmp_path):
    other = tmp_path / "more"
    other.mkdir()
    (other / "rows.tif").write_bytes(noisy.read_bytes())
    out = tmp_path / "results"
    assert structmask("extract", noisy, other / "rows.tif", "--output-dir", out).code == 0
    assert [name for name in outputs(out) if name.endswith("npy")] == [
        "rows-2_mask.npy",
        "rows_mask.npy",
    ]


def test_average_gives_one_mask_for_all(structmask, noisy, tmp_path):
    other = tmp_path / "second.tif"
    other.write_bytes(noisy.read_bytes())
    answer = structmask("extract", noisy, other, "--average", "--json")
    assert answer.code == 0
    (result,) = answer.json["results"]
    assert result["patches"]["used"] == 24
    assert outputs(tmp_path) == ["rows_mask.json", "rows_mask.npy", "rows_mask.png"]


def test_json_is_all_there_is_on_standard_output(structmask, noisy):
    answer = structmask("extract", noisy, "--json", "--patch-size", 32, "--seed", 3)
    (result,) = answer.json["results"]
    assert answer.json["errors"] == []
    assert result["statistics"]["shape_class"] == "horizontal"
    assert result["parameters"]["patch_size"] == 32
    assert result["patches"] == {"shape": [32, 32], "used": 48, "frames": 3, "left_out": {}}
    assert set(result["outputs"]) == {"npy", "png", "json"}


def test_parameters_later_ones_win(structmask, noisy):
    answer = structmask(
        "extract", noisy, "--json", "--preset", "coarse", "--convention", "as-documented",
        "--set", "center_size=15", "--set", "max_true_pixels=none", "--set", "log_autocorr=false",
    )  # fmt: skip
    used = answer.json["results"][0]["parameters"]
    assert used["base_percentile"] == 40
    assert used["convention"] == "as-documented"
    assert used["center_size"] == 15
    assert used["max_true_pixels"] is None
    assert used["log_autocorr"] is False


def test_what_is_asked_for_and_has_no_effect_is_said(structmask, noisy):
    answer = structmask(
        "extract", noisy, "--convention", "as-documented", "--set", "max_lag=20",
        "--set", "center_size=15", "--preset", "automatic",
    )  # fmt: skip
    assert answer.code == 0
    noted = [line.split()[1] for line in answer.err.splitlines() if line.startswith("note: ")]
    # Not the parameters of the preset, and not the largest lag, which the method uses.
    assert noted == ["center_size", "convention"]


def test_frames_and_region(structmask, noisy):
    answer = structmask("extract", noisy, "--json", "--frames", "1:", "--region", "0:64,10:128")
    patches = answer.json["results"][0]["patches"]
    assert (patches["used"], patches["frames"]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "center_size=1000"], "center_size = '1000' is not accepted; give a whole"),
        (["--set", "nonsense=1"], "There is no parameter nonsense"),
        (["--set", "center_size"], "is not NAME=VALUE"),
        (["--preset", "unheard"], "There is no preset"),
        (["--channel", "red"], "is no channel"),
        (["--frames", "a:b"], "is no range of frames"),
        (["--frames", "50:60"], "rows.ome.tif has 3 frames"),
        (["--region", "1,2"], "is not Y0:Y1,X0:X1"),
        (["--region", "0:500,0:64"], "does not lie in rows.ome.tif"),
        (["--method", "magic"], "invalid choice"),
        (["--axes", "ZZZ"], "rows.ome.tif"),
        (["--series", "7"], "rows.ome.tif has no series 7"),
    ],
)
def test_wrong_arguments_are_answered_and_nothing_is_written(structmask, noisy, arguments, words):
    answer = structmask("extract", noisy, *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert outputs(noisy.parent) == []


def test_no_file(structmask):
    answer = structmask("extract")
    assert answer.code == 2
    assert "no FILE is given" in answer.err


def test_a_record_repeats_its_extraction(structmask, noisy, tmp_path):
    first = structmask(
        "extract", noisy, "--json", "--frames", "0:2", "--region", "0:100,0:128",
        "--set", "center_size=21", "--patch-size", 32, "--patches", 9, "--set", "layout=random",
    )  # fmt: skip
    record = tmp_path / "rows_mask.json"
    out = tmp_path / "again"
    second = structmask("extract", "--from-record", record, "--output-dir", out, "--json")
    assert second.code == 0
    one, two = first.json["results"][0], second.json["results"][0]
    for key in ("sentence", "parameters", "patches", "statistics"):
        assert one[key] == two[key]
    assert load_mask(record) == load_mask(out / "rows_mask.npy")
    old, new = (json.loads(path.read_text()) for path in (record, out / "rows_mask.json"))
    assert old["mask"] == new["mask"]
    assert old["inputs"][0]["frames"] == new["inputs"][0]["frames"]


def test_a_record_whose_input_changed_is_refused(structmask, noisy, tmp_path):
    structmask("extract", noisy)
    noisy.write_bytes(noisy.read_bytes() + b"\0")
    out = tmp_path / "again"
    answer = structmask(
        "extract", "--from-record", tmp_path / "rows_mask.json", "--output-dir", out
    )
    assert answer.code == 2
    assert "is not the file of the record" in answer.err
    noisy.unlink()
    answer = structmask(
        "extract", "--from-record", tmp_path / "rows_mask.json", "--output-dir", out
    )
    assert "is neither at" in answer.err
    assert not out.exists()


def test_statistical_method_and_its_record(structmask, noisy, tmp_path):
    answer = structmask("extract", noisy, "--method", "statistical", "--json")
    (result,) = answer.json["results"]
    assert result["parameters"]["source"] == "automatic"
    assert result["verdict"]["kind"] == "rows"
    record = json.loads((tmp_path / "rows_mask.json").read_text())
    assert record["correlation"]["rho"][len(record["correlation"]["rho"]) // 2]
    out = tmp_path / "again"
    assert structmask("extract", "--from-record", tmp_path / "rows_mask.json",
                      "--output-dir", out).code == 0  # fmt: skip
    assert load_mask(out / "rows_mask.npy") == load_mask(tmp_path / "rows_mask.npy")


@pytest.mark.parametrize("options", [("--method", "spine"), ("--preset", "spine")])
def test_the_spine_method_and_its_record(structmask, noisy, tmp_path, options):
    answer = structmask("extract", noisy, *options, "--json")
    (result,) = answer.json["results"]
    assert result["parameters"]["method"] == "spine"
    assert result["parameters"]["source"] == "frames"
    assert "background tile" in result["sentence"]
    assert load_mask(tmp_path / "rows_mask.npy").statistics.shape_class == "horizontal"
    out = tmp_path / "again"
    assert structmask("extract", "--from-record", tmp_path / "rows_mask.json",
                      "--output-dir", out).code == 0  # fmt: skip
    assert load_mask(out / "rows_mask.npy") == load_mask(tmp_path / "rows_mask.npy")
    assert structmask("extract", noisy, *options, "--set", "least_direction=1", "--force").code == 0
    assert load_mask(tmp_path / "rows_mask.npy").statistics.true_pixels == 1


def test_a_dark_stack_is_measured_and_recorded(structmask, noisy, tmp_path):
    picture = tmp_path / "picture.npy"
    walk = np.random.default_rng(0).normal(size=(2, 128, 128)).cumsum(axis=2)
    np.save(picture, 5000 + 9 * walk)
    answer = structmask("extract", picture, "--dark", noisy, "--json")
    (result,) = answer.json["results"]
    assert result["parameters"]["source"] == "dark"
    assert load_mask(tmp_path / "picture_mask.npy") == extract(noisy).mask
    out = tmp_path / "again"
    assert structmask("extract", "--from-record", tmp_path / "picture_mask.json",
                      "--output-dir", out).code == 0  # fmt: skip
    assert load_mask(out / "picture_mask.npy") == extract(noisy).mask
    bad = structmask("extract", picture, "--dark", tmp_path / "none.tif", "--force")
    assert bad.code == 2
    assert "none.tif: there is no such file" in bad.err


def test_a_dark_stack_of_several_channels_is_measured_in_the_same_channel(structmask, tmp_path):
    rng = np.random.default_rng(5)
    white = rng.normal(size=(4, 2, 96, 98))
    rows = white[..., 2:] + white[..., 1:-1] + white[..., :-2]
    rows[:, 0] = white[:, 0, :, 2:]  # only the second channel's noise is smeared
    dark, picture = tmp_path / "dark.ome.tif", tmp_path / "picture.ome.tif"
    tifffile.imwrite(dark, (300 + 20 * rows).astype(np.float32), metadata={"axes": "TCYX"})
    tifffile.imwrite(picture, (900 + 20 * white[..., 2:]).astype(np.float32),
                     metadata={"axes": "TCYX"})  # fmt: skip
    asked = ("extract", picture, "--dark", dark, "--channel", 1)
    assert structmask(*asked).code == 0
    mask = load_mask(tmp_path / "picture_c1_mask.npy")
    assert (mask.statistics.shape_class, mask.statistics.true_pixels) == ("horizontal", 3)
    assert read_record(tmp_path / "picture_c1_mask.json").dark.channel == 1
    again = structmask("batch", *asked[1:], "--summary", tmp_path / "s.csv", "--resume")
    assert "1 kept from an earlier run" in again.out
    assert structmask("extract", picture, "--dark", dark).code == 0
    assert load_mask(tmp_path / "picture_mask.npy").statistics.true_pixels == 1


def test_interruption(structmask, noisy, monkeypatch):
    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("structmask_gui.io.extract_files.extract_recording", interrupt)
    assert structmask("extract", noisy).code == 130
    assert outputs(noisy.parent) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_file_that_cannot_be_written_keeps_all_as_they_were(structmask, noisy, force):
    if force:
        assert structmask("extract", noisy).code == 0
        noisy.with_name("rows_mask.json").unlink()
    before = {path.name: path.read_bytes() for path in noisy.parent.iterdir()}
    # Found out only when the record is written: a link that leads nowhere is no file.
    noisy.with_name("rows_mask.json").symlink_to(noisy.parent / "nowhere" / "a.json")
    answer = structmask("extract", noisy, "--method", "statistical", *force)
    assert answer.code == 2
    assert "rows_mask.json cannot be written (its folder does not exist)" in answer.err
    noisy.with_name("rows_mask.json").unlink()
    assert {path.name: path.read_bytes() for path in noisy.parent.iterdir()} == before


def test_help_lists_every_parameter(structmask):
    answer = structmask("extract", "--help")
    assert answer.code == 0
    for name in parameter_infos():
        assert f"{name} [" in answer.out


def test_the_face_of_the_package(noisy):
    array = np.random.default_rng(1).normal(size=(2, 64, 64))
    assert extract(array).mask.statistics.shape_class == "centre only"
    assert extract(noisy, Parameters(center_size=15)).mask.shape == (15, 15)


def test_a_report_is_written_when_asked_for(structmask, noisy, tmp_path):
    assert structmask("extract", noisy, "--report").code == 0
    report = tmp_path / "rows_report.html"
    assert "rows_mask.json" in report.read_text()
    for name in outputs(tmp_path):
        (tmp_path / name).unlink()
    answer = structmask("extract", noisy, "--report")
    assert answer.code == 2
    assert "rows_report.html exists already" in answer.err
    assert outputs(tmp_path) == []
    assert structmask("extract", noisy, "--report", "--force").code == 0


def test_the_figures_are_printed(structmask, noisy):
    answer = structmask("extract", noisy, "--quality")
    record = json.loads((noisy.parent / "rows_mask.json").read_text())
    copied = record["quality"]["still_copied"]
    assert f"    A network could copy {100 * copied:.1f} % of the noise (" in answer.out
    assert f"Hidden without need: {record['quality']['needlessly_hidden']} pixel" in answer.out
    assert "could copy" not in structmask("extract", noisy, "--force").out


def test_that_an_edit_is_not_repeated_is_said(structmask, noisy, tmp_path):
    structmask("extract", noisy)
    place = noisy.parent / "rows_mask.json"
    repeat = ("extract", "--from-record", place, "--output-dir", tmp_path / "again", "--force")
    assert structmask(*repeat).err == ""
    record = json.loads(place.read_text())
    place.write_text(json.dumps({**record, "edited": True}))
    answer = structmask(*repeat)
    assert answer.code == 0
    assert answer.err == (
        "note: rows_mask.json: its mask was edited by hand; the extraction is repeated, the editing"
        " is not. The record itself can be used as the edited mask.\n"
    )


def test_frames_that_are_not_there_are_said(structmask, noisy):
    answer = structmask("extract", noisy, "--frames", "0:99")
    said = "rows.ome.tif has 3 frames: of those up to 99 that were asked for, 3 are there."
    assert f"note: {said}" in answer.err
    assert "asked for" not in structmask("extract", noisy, "--frames", "0:3", "--force").err
    assert "asked for" not in structmask("extract", noisy, "--frames", "2::-1", "--force").err


def test_the_preset_automatic_answers_in_three_lines(structmask, noisy, tmp_path):
    told = structmask("extract", noisy, "--preset", "automatic")
    record = json.loads((tmp_path / "rows_mask.json").read_text())
    answer, lines = record["answer"], told.out.splitlines()
    assert lines[0] == f"rows.ome.tif: {answer['what']}"
    assert lines[1:3] == [f"    {answer['how_sure']}", f"    {answer['advice']}"]
    assert lines[3:] == [
        f"    Written: {tmp_path / 'rows_mask.npy'}, rows_mask.png, rows_mask.json"
    ]
    assert answer["certainty"] == "likely"
    more = structmask("extract", noisy, "--preset", "automatic", "--force", "--verbose").out
    assert f"    {record['sentence']}\n" in more
    assert all(f"    {note}\n" in more for note in record["notes"])
    assert record["parameters"]["mask_choice"] == "recommended"
    choice = record["recommendation"]["choice"]
    (chosen,) = (row for row in record["recommendation"]["ledger"] if row["name"] == choice)
    assert chosen["pixels"] == record["statistics"]["true_pixels"]
    report = structmask("extract", noisy, "--preset", "automatic", "--force", "--report", "--json")
    (result,) = report.json["results"]
    assert result["answer"] == answer
    page = (tmp_path / "rows_report.html").read_text()
    assert answer["what"] in page
    assert "Why this mask" in page
    # A record repeats the choice.
    out = tmp_path / "again"
    structmask("extract", "--from-record", tmp_path / "rows_mask.json", "--output-dir", out)
    assert load_mask(out / "rows_mask.npy") == load_mask(tmp_path / "rows_mask.npy")
    quality = structmask("quality", tmp_path / "rows_mask.npy", noisy, "--json")
    assert quality.json["answer"]["what"] == answer["what"]


def test_the_significant_lags_stay_a_choice(structmask, noisy, tmp_path):
    options = ("--method", "statistical", "--json")
    (one,) = structmask("extract", noisy, *options).json["results"]
    assert one["parameters"]["mask_choice"] == "significant"
    assert "recommendation" not in one
    assert one["answer"]["certainty"] == "likely"
    options = ("--preset", "automatic", "--set", "rho_min=0.3", "--force", "--json")
    told = structmask("extract", noisy, *options)
    (tuned,) = told.json["results"]
    assert "note: rho_min chooses the significant lags" in told.err
    assert tuned["parameters"]["mask_choice"] == "significant"


def test_a_method_takes_the_source_of_a_preset_with_it(structmask, noisy, tmp_path):
    answer = structmask(
        "extract",
        noisy,
        "--preset",
        "automatic",
        "--method",
        "ring",
        "--output-dir",
        tmp_path / "o",
    )
    assert answer.code == 0, answer.err
