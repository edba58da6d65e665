"""The process that reads CZI files ends with its program, and starts within the system's limits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Hangs within C and holds the interpreter, as the maker's library may over a damaged file.
_HANGING = """
import ctypes, os

def open_czi(path):
    with open(path + ".begun", "w") as file:
        file.write(str(os.getpid()))
    ctypes.PyDLL(None).sleep(600)
"""

_PROGRAM = """
import sys
from pathlib import Path
from structmask_gui.io.formats.process import CziReader
CziReader(Path(sys.argv[1]))
"""

_ALONE = """
import ctypes, sys
from structmask_gui.io.formats import process
process._SECONDS, process._GRACE = 0.2, 0.1
with process._no_longer_than_wanted(sys.stdin.buffer):
    ctypes.PyDLL(None).sleep(600)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc")
def test_a_reader_that_hangs_ends_with_the_program_that_is_killed(tmp_path: Path) -> None:
    package = tmp_path / "fake" / "pylibCZIrw"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "czi.py").write_text(_HANGING)
    paths = os.pathsep.join([str(tmp_path / "fake"), str(ROOT)])
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "a.czi")],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.DEVNULL,
    )
    begun = tmp_path / "a.czi.begun"
    while not (begun.exists() and begun.read_text()):
        assert program.poll() is None
        os.sched_yield()
    reader = Path("/proc", begun.read_text(), "stat")
    program.kill()
    program.wait()
    # Ends by the limit of the test if it lives on. What has ended and was not asked for its exit
    # code is still listed, as a zombie.
    while reader.exists() and _state(reader) != "Z":
        os.sched_yield()


def _state(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sleeps by the C library")
def test_a_reader_that_hangs_ends_by_itself(tmp_path: Path) -> None:
    """Where the system does not tell that the pipe is closed: here it stays open."""
    program = subprocess.Popen(
        [sys.executable, "-c", _ALONE],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        assert program.wait(timeout=60) == 1
    finally:
        program.kill()
        assert program.stdin is not None
        program.stdin.close()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory")
def test_a_reader_starts_under_a_limit_of_memory_lower_than_its_own() -> None:
    command = f"ulimit -v 5000000; exec '{sys.executable}' -m structmask_gui.io.formats.process"
    program = subprocess.run(
        ["sh", "-c", command],
        input=b'{"texts": {}, "path": "none.h5"}\n',
        capture_output=True,
        timeout=60,
        cwd=ROOT,
    )
    assert program.returncode == 0, program.stderr.decode()
    assert b"error" in program.stdout
