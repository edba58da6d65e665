"""Typical mistakes: each is answered by one sentence that names the file and what to do."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--presett", "fine"], "structmask extract: there is no option --presett; did you mean"),
        (["--preset", "notes.txt"], "error: notes.txt is not a preset"),
        (["--set", "centre_size=9"], "no parameter centre_size; did you mean center_size?"),
        (["--set", "method=automatic"], "method = 'automatic' is not accepted; give one of"),
        (["--dark", "a.tif", "--subtract", "b.tif"], "not allowed with argument --dark"),
        (
            ["--dark", "a.tif", "--source", "flat"],
            "--dark sets the source dark, but flat was",
        ),
        (["--set", "rho_min=0,05"], "'rho_min=0,05' has a comma; write 0.05"),
        (["--patch-size", "ten"], "argument --patch-size: 'ten' is not a whole number"),
        (["--seed", "0.5"], "argument --seed: '0.5' is not a whole number"),
        (["--patches", "many"], "'many' is no number of patches; give a whole number, or all"),
        (["--region", "0:10,0:10"], "The ROI 0:10,0:10 is 10 x 10 pixels; choose at least 16 x 16"),
        (["--region", "0:900,0:10"], "give rows and columns within it"),
        (["--output-dir", "notes.txt"], "notes.txt cannot be made (a file has this name)"),
    ],
)
def test_options(structmask, noisy, monkeypatch, arguments, words):
    monkeypatch.chdir(noisy.parent)
    (noisy.parent / "notes.txt").write_text("hello")
    answer = structmask("extract", noisy.name, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert words in answer.err


@pytest.mark.parametrize("command", ["check", "quality"])
def test_a_stack_and_another_source_are_refused_wherever_noise_is_measured(
    structmask, noisy, tmp_path, command
):
    np.save(tmp_path / "mask.npy", np.ones((1, 3), dtype=bool))
    options = ("--dark", noisy, "--source", "flat")
    answer = structmask(command, tmp_path / "mask.npy", noisy, *options)
    assert answer.code == 2
    assert "--dark sets the source dark, but flat was given" in answer.err


def test_files_may_follow_an_option(structmask, noisy, tmp_path):
    other = tmp_path / "other.tif"
    other.write_bytes(noisy.read_bytes())
    answer = structmask("extract", noisy, "--output-dir", tmp_path / "out", f'"{other}"')
    assert answer.code == 0
    assert (tmp_path / "out" / "other_mask.npy").is_file()
    assert "a path is empty" in structmask("extract", noisy, "--force", "").err


def test_a_path_with_spaces_without_quotation_marks(structmask, noisy):
    answer = structmask("info", noisy, "file.tif")
    assert answer.code == 2
    assert "'file.tif' is one argument too many; put a path with spaces into" in answer.err
    answer = structmask("denoise", noisy, "file.tif")
    assert answer.code == 2
    assert "for several files, use batch --denoise" in answer.err


def test_a_folder(structmask, noisy, tmp_path):
    (tmp_path / "scans").mkdir()
    answer = structmask("extract", tmp_path / "scans", noisy)
    assert answer.code == 1
    assert answer.err.startswith("error: scans is a folder; name the files in it, or measure all")
    assert f"`structmask batch {tmp_path / 'scans'}`" in answer.err


def test_a_radius_below_one(structmask, noisy):
    answer = structmask("quality", noisy, noisy, "--radius", "-3")
    assert answer.code == 2
    assert "--radius: '-3' is no radius; give a whole number from 1" in answer.err


def test_check_without_an_image(structmask, tmp_path):
    np.save(tmp_path / "mask.npy", np.ones((1, 3), dtype=bool))
    (tmp_path / "empty").mkdir()
    answer = structmask("check", tmp_path / "mask.npy", tmp_path / "empty")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("error: empty holds no image file")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("check", "{}", "{}", "--method", "ring"), "there is no option --method"),
        (("check", "{}", "{}", "--set", "center_size=9"), "there is no option --set"),
        (("check", "{}", "{}", "--preset", "fine"), "there is no option --preset"),
        (("batch", "{}", "--yes"), "--yes is an answer for --denoise; give that, too."),
        (
            ("quality", "{}", "{}", "--denoised-order", "reversed"),
            "--denoised-order is of --denoised; give that file, too.",
        ),
    ],
)
def test_an_option_that_would_have_no_effect_is_refused(structmask, noisy, command, said):
    mask = noisy.with_name("mask.npy")
    np.save(mask, np.ones((1, 5), dtype=bool))
    paths = iter((noisy,) if command[0] == "batch" else (mask, noisy))
    answer = structmask(*(next(paths) if word == "{}" else word for word in command))
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.err


def test_check_measures_in_the_dark_stack_that_is_given(structmask, noisy, tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "mask.npy", np.ones((1, 13), dtype=bool))
    np.save(tmp_path / "dark.npy", rng.normal(100, 5, (6, 128, 128)))
    asked = ("check", tmp_path / "mask.npy", noisy, "--json")
    (found,) = structmask(*asked).json["results"]
    (dark,) = structmask(*asked, "--dark", tmp_path / "dark.npy").json["results"]
    assert (found["own_pixels"] > 1, dark["own_pixels"]) == (True, 1)


def test_a_dark_stack_that_does_not_fit(structmask, noisy, tmp_path):
    rng = np.random.default_rng(0)
    tifffile.imwrite(tmp_path / "dark.tif", rng.poisson(100, (6, 64, 64)).astype(np.uint16))
    answer = structmask("extract", noisy, "--dark", tmp_path / "dark.tif", "--json")
    assert answer.code == 0
    words = "dark.tif does not seem to be a dark or blank stack for rows.ome.tif: its frames are"
    said = f"{words} 64 x 64 pixels, yours 128 x 128. The answer may be wrong."
    assert answer.err == f"note: rows_mask_doubtful.npy: {said}\n"
    assert answer.json["results"][0]["doubt"] == said
    printed = structmask("extract", noisy, "--dark", tmp_path / "dark.tif", "--force")
    assert printed.err == ""
    assert printed.out.count(said) == 1
    assert "Removed" not in printed.out
    good = structmask("extract", noisy, "--force")
    assert "Removed, of an earlier run: rows_mask_doubtful.npy, rows_mask_doubtful.png" in good.out


@pytest.mark.parametrize("command", ["quality", "check"])
def test_a_stack_with_structure_as_the_dark_one_is_doubted_where_a_mask_is_judged(
    structmask, noisy, tmp_path, command
):
    np.save(tmp_path / "mask.npy", np.ones((1, 13), dtype=bool))
    dark = tmp_path / "dark.tif"
    bright = 2000 * (np.indices((128, 128)).sum(axis=0) // 32 % 2)
    stack = (bright + tifffile.imread(noisy)).astype(np.uint16)
    tifffile.imwrite(dark, stack, metadata={"axes": "TYX"}, photometric="minisblack")
    answer = structmask(command, tmp_path / "mask.npy", noisy, "--dark", dark)
    assert answer.code == 0
    said = "dark.tif does not seem to be a dark or blank stack for rows.ome.tif: "
    assert f"Uncertain. {said}" in answer.out
    assert "Likely" not in answer.out
    assert "dark.tif does not" not in structmask(command, tmp_path / "mask.npy", noisy).out


def test_a_dark_stack_that_fits_is_not_remarked_on(structmask, noisy, tmp_path):
    rng = np.random.default_rng(0)
    tifffile.imwrite(tmp_path / "dark.tif", rng.poisson(100, (6, 128, 128)).astype(np.uint16))
    assert structmask("extract", noisy, "--dark", tmp_path / "dark.tif").err == ""


def test_nothing_to_measure(structmask, tmp_path):
    np.save(tmp_path / "flat.npy", np.ones((3, 128, 128)))
    answer = structmask("extract", tmp_path / "flat.npy")
    assert answer.code == 2
    assert "holds no noise, for its pixels do not differ" in answer.err


def test_dimensions_without_names(structmask, tmp_path):
    np.save(tmp_path / "four.npy", np.ones((2, 3, 64, 64)))
    answer = structmask("extract", tmp_path / "four.npy")
    assert answer.code == 2
    assert "four.npy: its 4 dimensions (2 x 3 x 64 x 64) have no names and do not" in answer.err


def test_channels_in_turn_have_no_axis_of_their_own(structmask, noisy):
    answer = structmask("extract", noisy, "--axes", "TCYX")
    assert answer.err == (
        "error: rows.ome.tif: the axes 'TCYX' do not fit its 3 dimensions (3 x 128 x 128); give one"
        " letter for each, as in TYX, and for channels in turn --frames ::2.\n"
    )
    assert structmask("extract", noisy, "--axes", "QTYX").err.endswith("as in TYX.\n")


@pytest.mark.parametrize(
    "command",
    [
        *("extract", "batch", "quality", "check", "compare"),
        *("denoise", "destripe", "text", "presets", "info"),
    ],
)
def test_every_help_has_an_example_that_is_understood(structmask, command):
    from structmask_gui.cli.parser import make_parser

    answer = structmask(command, "--help")
    assert answer.code == 0
    example = answer.out.split("example:\n  structmask ")[1].splitlines()[0]
    words = example.split(" > ")[0].replace('"', "").split()
    assert make_parser().parse_args(words).run is not None


def test_a_folder_that_may_not_be_written_to_is_refused_before_anything_takes_long(
    structmask, noisy, monkeypatch
):
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and may(path, mode))
    np.save(noisy.parent / "mask.npy", np.ones((1, 3), dtype=bool))
    monkeypatch.setattr("structmask_gui.cli.denoise._measured", None)
    answer = structmask("denoise", noisy, "--mask", noisy.parent / "mask.npy")
    assert answer.code == 2
    assert answer.err.startswith("error: rows_denoised.ome.tif cannot be written (you may not")
