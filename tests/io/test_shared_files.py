"""The collected real and bad files, where they are at hand; they are not in the repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL = sorted((DATA / "real").glob("*.tif*"))
BAD = sorted(p for p in (DATA / "bad").glob("*") if p.suffix != ".txt")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared files")

REFUSED = {
    "b01": "which its 262 bytes cannot hold",
    "b02": "its first page lies outside the file",
    "b04": "reaches beyond the end of the file",
    "b05": "no valid pixel type or size",
    "b07": "ink colours",
    "b13": "linked in a circle",
    "b16": "cannot be decoded as PNG",
    "b17": "cannot be decoded as PNG",
    "b21": "is cut short after page 10",
    "b24": "is empty",
    "b25": "cannot be decoded as PNG",
}
OPENED = {
    "b08": ("YX", (151, 157), "float32"),
    "b10": ("YX", (151, 157), "bool"),
    "b11": ("YXS", (128, 128, 3), "float32"),
    "b14": ("YX", (975, 950), "float32"),
    "b19": ("YX", (16, 16), "uint8"),
    "b20": ("CZYX", (3, 5, 167, 439), "int8"),
    "b23": ("YX", (520, 536), "uint16"),
}

_ALL_FILES = """
import sys, time
from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
for path in sys.argv[1:]:
    started = time.perf_counter()
    try:
        with open_stack(path) as stack:
            for i in range(stack.n_frames):
                stack.read(i)
    except InputError:
        pass
    assert time.perf_counter() - started < 5, path
    # Not getrusage, which would count the memory of the tests' own process at the fork.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    assert int(status["VmHWM"].split()[0]) < 500 * 1024, path
"""


@pytest.mark.parametrize("path", REAL, ids=lambda p: p.name)
def test_real_files_are_read(path: Path) -> None:
    with open_stack(path) as stack:
        values = np.stack([stack.read(i) for i in range(stack.n_frames)])
        assert values.shape == (stack.n_frames, *stack.frame_shape)
        assert values.dtype == stack.dtype
        assert values.std() > 0


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.name)
def test_bad_files_are_refused_or_read(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    key = path.name[:3]
    if key in REFUSED:
        with pytest.raises(InputError, match=REFUSED[key]) as caught:
            open_stack(path)
        assert str(caught.value).startswith((f"{path.name} ", f"{path.name}: "))
    else:
        with open_stack(path) as stack:
            assert (stack.axes, stack.shape, str(stack.dtype)) == OPENED[key]
            for i in range(stack.n_frames):
                stack.read(i)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_bad_files_take_little_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ALL_FILES, *map(str, BAD)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
