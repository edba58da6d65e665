"""What goes to the terminal: lines that a file's name cannot break, and a disk that is full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

RUN = "import sys; from structmask_gui.cli import main; sys.exit(main())"
ODD = "e\x1b]0;x\x07\nf"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the system takes no such names")
    noise = np.random.default_rng(0).normal(1000, 50, (4, 64, 64)).astype("uint16")
    tifffile.imwrite(folder / f"{ODD}.tif", noise, photometric="minisblack")
    return folder


@pytest.mark.parametrize("command", ["extract", "batch", "info"])
def test_names_drive_no_terminal(command, structmask, odd, tmp_path):
    result = structmask(command, odd if command == "batch" else odd / f"{ODD}.tif")
    assert result.code == 0
    said = result.out + result.err
    assert "\x1b]0" not in said
    assert "\x07" not in said
    assert "\nf" not in said
    assert "e\\x1b]0;x\\x07\\nf" in said


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["extract", "info"])
def test_text_that_cannot_be_printed(command, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.random.default_rng(0).normal(9, 1, (5, 64, 64)).astype("float32"))
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-c", RUN, command, str(path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "STRUCTMASK_HOME": str(tmp_path / "home")},
        )
    assert run.returncode == 2
    assert run.stderr.startswith("error: the text cannot be printed (")
    assert run.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("command", ["extract", "batch"])
def test_a_reader_that_goes_away_does_not_end_the_work(command, tmp_path):
    for name in "ab":
        noise = np.random.default_rng(0).normal(9, 1, (5, 64, 64)).astype("float32")
        tifffile.imwrite(tmp_path / f"{name}.tif", noise)
    run = subprocess.Popen(
        [sys.executable, "-u", "-c", RUN, command, "a.tif", "b.tif"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "STRUCTMASK_HOME": str(tmp_path / "home")},
    )
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert run.wait() == 0, said
    assert {"a_mask.json", "b_mask.json"} <= {path.name for path in tmp_path.iterdir()}
    assert b"Error" not in said


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_programs_read_what_is_printed_whatever_the_encoding_of_the_terminal(encoding, tmp_path):
    name = "Präparat µ.tif"
    tifffile.imwrite(tmp_path / name, np.zeros((5, 64, 64), "float32"))
    np.save(tmp_path / "mask.npy", np.ones((1, 3), dtype=bool))

    def printed(*arguments: str) -> str:
        program = f"import sys; sys.stdout.reconfigure(encoding={encoding!r}); {RUN}"
        command = [sys.executable, "-c", program, *arguments]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"}
        run = subprocess.run(
            command, cwd=tmp_path, capture_output=True, check=True, env=environment
        )
        return run.stdout.decode("utf-8")

    script = printed("text", "mask.npy", name, "--for", "n2v")
    compile(script, "train.py", "exec")
    assert f"tifffile.imread({name!r})" in script
    assert json.loads(printed("info", name, "--json"))["name"] == name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "printed"),
    [("cp437", "µ.tif".encode("cp437")), ("ascii", b"\\xb5.tif"), (":strict", "µ.tif".encode())],
)
def test_an_encoding_that_was_chosen_is_kept(chosen, printed, tmp_path):
    tifffile.imwrite(tmp_path / "µ.tif", np.zeros((5, 64, 64), "float32"))
    run = subprocess.run(
        [sys.executable, "-c", RUN, "info", "µ.tif"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": chosen},
    )
    assert printed in run.stdout


def test_a_preset_drives_no_terminal(structmask, tmp_path):
    path = tmp_path / "a.json"
    about = {"name": "x\x1b[31m", "description": "one \x1b]0;x\x07\ntwo", "parameters": {}}
    path.write_text(json.dumps({"format": "structmask-preset", "version": 1, **about}))
    result = structmask("presets", "show", path)
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "\x07" not in result.out
    assert "one \\x1b]0;x\\x07\ntwo\n" in result.out


def test_what_a_file_says_of_itself_drives_no_terminal(structmask, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("a\x1b]0;x\x07", "b\nc"):
            file[name] = np.zeros((2, 64, 64), "uint8")
    for command in ("info", "extract"):
        result = structmask(command, tmp_path / "a.h5")
        assert "\x1b" not in result.out + result.err
        assert "\nc" not in result.out + result.err
