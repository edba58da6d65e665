"""The entry point of the packaged program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import start

from structmask_gui.__main__ import COMMANDS
from structmask_gui.cli.parser import make_parser
from structmask_gui.io.formats import process


def test_the_commands_are_those_of_the_command_line():
    parser = make_parser()
    found = next(a.choices for a in parser._actions if isinstance(a.choices, dict))
    assert set(found) == set(COMMANDS)


def test_a_command_goes_to_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert start.main(["presets", "list"]) == 0
    assert "conservative" in capsys.readouterr().out
    assert start.main(["info", str(tmp_path / "none.tif")]) == 2


def test_anything_else_goes_to_the_window(monkeypatch: pytest.MonkeyPatch):
    import structmask_gui.__main__ as window

    asked: list[list[str]] = []
    monkeypatch.setattr(window, "main", lambda arguments: asked.append(list(arguments)) or 0)
    assert start.main([]) == 0
    assert start.main(["stack.tif"]) == 0
    assert start.main(["./extract"]) == 0
    assert asked == [[], ["stack.tif"], ["./extract"]]


def test_it_is_the_process_that_reads_czi_files_when_called_as_a_python():
    """`czi_process` starts `sys.executable`, which is the packaged program itself."""
    pytest.importorskip("pylibCZIrw")
    assert process.__name__ == start.READER_PROCESS
    done = subprocess.run(
        [sys.executable, start.__file__, "-m", start.READER_PROCESS],
        input=b'{"open": "no such file.czi"}\n',
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert b'"error"' in done.stdout


def test_a_file_of_the_program_that_is_missing_is_named(
    qapp: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import structmask_gui.__main__ as window
    from structmask_gui.core.errors import InputError

    def fail(_arguments: list[str]) -> int:
        raise InputError("icons/open.svg is missing from the installation; install it again.")

    monkeypatch.setattr(window, "main", fail)
    assert start.main([]) == 2
    sentence = "error: icons/open.svg is missing from the installation; install it again.\n"
    assert capsys.readouterr().err == sentence


def test_a_command_without_streams_writes_its_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    stack = tmp_path / "stack.npy"
    np.save(stack, np.random.default_rng(0).normal(size=(2, 96, 96)).astype(np.float32))
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    code = start.main(["extract", str(stack), "--output-dir", str(tmp_path / "out")])
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    monkeypatch.undo()
    assert code == 0
    assert (tmp_path / "out" / "stack_mask.npy").exists()


def test_other_programs_look_for_their_libraries_as_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/the/bundle")
    start.restore_library_path()
    assert os.environ["LD_LIBRARY_PATH"] == "/the/bundle"  # from source it is the person's own
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/of/the/person")
    start.restore_library_path()
    assert os.environ["LD_LIBRARY_PATH"] == "/of/the/person"
    start.restore_library_path()
    assert "LD_LIBRARY_PATH" not in os.environ
