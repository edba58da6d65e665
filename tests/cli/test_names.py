"""What is pasted on the command line, and names that are too long: the other files are done."""

from __future__ import annotations

import shutil

import pytest

LONG = "x" * 300
DEEP = "/".join(["y" * 100] * 60)


@pytest.mark.parametrize("name", [LONG, DEEP], ids=["name", "path"])
@pytest.mark.parametrize("command", ["extract", "batch"])
def test_an_input_that_is_too_long(name, command, structmask, noisy, tmp_path):
    answer = structmask(command, noisy, tmp_path / name, "--output-dir", tmp_path / "out")
    assert answer.code == 1
    assert answer.err.count("error: ") == 1
    assert "cannot be reached (file name too long)" in answer.err
    assert (tmp_path / "out" / "rows_mask.json").is_file()


@pytest.mark.parametrize("name", [LONG, DEEP], ids=["name", "path"])
@pytest.mark.parametrize("command", ["extract", "batch"])
def test_an_output_folder_that_is_too_long(name, command, structmask, noisy, tmp_path):
    answer = structmask(command, noisy, "--output-dir", tmp_path / name)
    assert answer.code == 2
    assert answer.err.count("error: ") == 1
    assert "cannot be made (file name too long)" in answer.err


@pytest.mark.parametrize("command", ["extract", "batch"])
def test_a_name_that_is_too_long_for_its_results(command, structmask, noisy, tmp_path):
    long = shutil.copy(noisy, tmp_path / f"{'q' * 250}.tif")
    answer = structmask(command, long, noisy, "--output-dir", tmp_path / "out")
    assert answer.code == 1
    assert answer.err.count("error: ") == 1
    assert "cannot be written (file name too long)" in answer.err
    assert sorted(path.name for path in (tmp_path / "out").glob("*_mask.*")) == [
        *("rows_mask.json", "rows_mask.npy", "rows_mask.png"),
    ]


@pytest.mark.parametrize("around", ['"{}"', "'{}'", " {}\n"])
def test_pasted_paths(around, structmask, noisy):
    answer = structmask("info", around.format(noisy))
    assert answer.code == 0
    assert "rows.ome.tif" in answer.out


@pytest.mark.parametrize("blank", ["", " ", "\n"])
@pytest.mark.parametrize("command", ["info", "extract", "batch"])
def test_an_empty_path_is_no_folder(command, blank, structmask):
    answer = structmask(command, blank)
    assert answer.code == 2
    assert "a path is empty; give a file" in answer.err


def test_pasted_addresses_of_files(structmask, noisy, tmp_path):
    path = shutil.copy(noisy, tmp_path / "a b.tif")
    answer = structmask("extract", path.as_uri(), "--output-dir", f"'{tmp_path / 'out put'}'")
    assert answer.code == 0
    assert (tmp_path / "out put" / "a b_mask.npy").is_file()
    assert structmask("batch", f"{path.as_uri()}\n", "--output-dir", tmp_path / "two").code == 0


@pytest.mark.parametrize("name", [LONG, DEEP], ids=["name", "path"])
@pytest.mark.parametrize(
    "command",
    [
        *(("info", "{}"), ("denoise", "{}"), ("destripe", "{}", "rows"), ("compare", "{}", "{}")),
        *(("quality", "{}", "{}"), ("check", "{}", "{}"), ("text", "--for", "n2v", "{}", "{}")),
        *(("denoise", "NOISY", "--mask", "{}"), ("denoise", "NOISY", "--output", "{}.tif")),
        *(
            ("denoise", "NOISY", "--output-dir", "{}"),
            ("extract", "NOISY", "--preset", "{}/a.json"),
        ),
        *(("destripe", "NOISY", "rows", "--output", "{}.tif"), ("presets", "show", "{}")),
        *(("extract", "NOISY", "--from-record", "{}"), ("extract", "NOISY", "--dark", "{}")),
    ],
    ids=lambda parts: " ".join(parts[:3]).replace("{}", "PATH"),
)
def test_every_command_says_in_one_sentence_that_a_path_is_too_long(
    command, name, structmask, noisy, tmp_path
):
    long = str(tmp_path / name)
    more = ("--preset", "automatic") if "--dark" in command else ()
    parts = (noisy if part == "NOISY" else part.replace("{}", long) for part in command)
    answer = structmask(*parts, *more)
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1


def test_a_denoised_file_whose_name_is_too_long(structmask, noisy, tmp_path):
    answer = structmask("denoise", shutil.copy(noisy, tmp_path / f"{'q' * 250}.tif"), "--yes")
    assert answer.code == 2
    assert "shorten the name of the image file" in answer.err
    # At once, and not after the work.
    answer = structmask("denoise", noisy, "--output", tmp_path / "none" / "a.tif")
    assert answer.code == 2
    assert "its folder does not exist" in answer.err
