"""The world outside: odd names, links, folders one may not write, full disks, locales, slow disks,
programs at the same time."""

from __future__ import annotations

import json
import locale
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from structmask_gui.cli.main import main
from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.files import plan_jobs
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.extract_files import ExtractionSettings
from structmask_gui.io.files import atomic
from structmask_gui.io.open import open_stack
from structmask_gui.io.presets.preset import Preset, load_preset
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.store import RawStore

PARAMETERS = Parameters(patch_size=32, center_size=9)


def noise(frames: int = 2, side: int = 64) -> np.ndarray[Any, Any]:
    white = np.random.default_rng(0).normal(size=(frames, side, side + 2))
    return (1000 + 50 * (white[..., 2:] + white[..., 1:-1] + white[..., :-2])).astype(np.uint16)


def write(path: Path) -> Path:
    tifffile.imwrite(path, noise(), photometric="minisblack")
    return path


NAMES = [
    "with spaces  and more.tif",
    "Übergrößenträger – µm.tif",
    "🔬🧫 noise.tif",
    "données (2).ome.tif",
    "e\u0301 decomposed.tif",
    "-rf.tif",
    "%41&;$(x)`y`.tif",
    "'single' and \"double\".tif" if os.name != "nt" else "single.tif",
    "line\nbreak.tif" if os.name != "nt" else "line.tif",
    "a" * 240 + ".tif",
    "no ending",
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "out und mehr 🧪"
    path = write(tmp_path / name)
    queue = BatchQueue(plan_jobs([path], output_dir=folder), ExtractionSettings(PARAMETERS))
    queue.run()
    (status,) = queue.statuses
    assert status.state is JobState.DONE, status.error
    (record,) = folder.glob("*_mask.json")
    assert read_record(record).inputs[0].path == str(path)


def test_a_path_longer_than_any_system_takes() -> None:
    with pytest.raises(InputError, match=r"^a{20,}"):
        open_stack("/tmp/" + "a" * 300 + ".tif")
    with pytest.raises(InputError):
        open_stack("/tmp/" + "b/" * 3000 + "c.tif")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links(tmp_path: Path) -> None:
    path = write(tmp_path / "real.tif")
    (tmp_path / "link.tif").symlink_to(path)
    (tmp_path / "twice.tif").symlink_to(tmp_path / "link.tif")
    (tmp_path / "broken.tif").symlink_to(tmp_path / "gone.tif")
    (tmp_path / "loop.tif").symlink_to(tmp_path / "loop.tif")
    with open_stack(tmp_path / "twice.tif") as stack:
        assert stack.n_frames == 2
    with pytest.raises(InputError, match=r"broken\.tif: there is no such file"):
        open_stack(tmp_path / "broken.tif")
    with pytest.raises(InputError, match=r"loop\.tif "):
        open_stack(tmp_path / "loop.tif")
    # In a folder, what points nowhere is no file; named, it is refused.
    out = ["--output-dir", str(tmp_path / "out")]
    assert main(["batch", str(tmp_path), *out]) == 0
    assert main(["batch", str(path), str(tmp_path / "loop.tif"), "--force", *out]) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    path = write(folder / "a.tif")
    folder.chmod(0o500)
    try:
        queue = BatchQueue(plan_jobs([path]), ExtractionSettings(PARAMETERS))
        queue.run()
    finally:
        folder.chmod(0o700)
    assert "you may not write there; give another --output-dir" in queue.statuses[0].error


@pytest.mark.parametrize("step", ["write", "fsync", "name"])
def test_a_full_disk_leaves_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif")
    out = tmp_path / "out"

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "write":
        plain = os.fdopen

        def opening(*arguments: Any, **options: Any) -> Any:
            file = plain(*arguments, **options)

            class Full:
                def __getattr__(self, name: str) -> Any:
                    return full if name == "write" else getattr(file, name)

                def __enter__(self) -> Any:
                    return self

                def __exit__(self, *about: object) -> None:
                    file.close()

            return Full()

        monkeypatch.setattr(atomic.os, "fdopen", opening)
    elif step == "fsync":
        monkeypatch.setattr(atomic.os, "fsync", full)
    else:
        monkeypatch.setattr(atomic, "_take_name", full)
    queue = BatchQueue(plan_jobs([path], output_dir=out), ExtractionSettings(PARAMETERS))
    queue.run()
    assert queue.statuses[0].state is JobState.FAILED
    assert "no space left on device" in queue.statuses[0].error
    assert not out.exists() or list(out.iterdir()) == []


def test_a_disk_that_is_slow_or_gives_little_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a network share: a read may return less than was asked for, and take its time."""
    np.save(tmp_path / "a.npy", noise())
    expected = noise()
    with open_stack(tmp_path / "a.npy") as stack:
        store = stack._store
        assert isinstance(store, RawStore)
        plain = store._file

        class Slow:
            def readinto(self, buffer: memoryview) -> int:
                time.sleep(0.001)
                return plain.readinto(buffer[:1000])

            def __getattr__(self, name: str) -> Any:
                return getattr(plain, name)

        monkeypatch.setattr(store, "_file", Slow())
        np.testing.assert_array_equal(stack.read(1), expected[1])


def comma_locale() -> str | None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de-DE"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return None


@pytest.mark.slow
def test_numbers_are_written_with_points_whatever_the_locale(tmp_path: Path) -> None:
    """In a process of its own, its locale set as a desktop program sets it."""
    name = comma_locale()
    if name is None:
        # A locale that cannot be set: commas from Python's own tables then.
        setting = (
            "import locale\n"
            "locale._override_localeconv = {'decimal_point': ',', 'thousands_sep': '.'}\n"
        )
    else:
        setting = f"import locale\nlocale.setlocale(locale.LC_ALL, {name!r})\n"
    path = write(tmp_path / "a.tif")
    code = setting + (
        "from structmask_gui.cli.main import main\n"
        f"raise SystemExit(main(['batch', {str(path)!r}, '--set', 'percentile_decay=1.25',"
        " '--patch-size', '32', '--set', 'center_size=9']))"
    )
    environment = {**os.environ, "LANG": name or "C", "LC_ALL": name or "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "a_mask.json").read_text(encoding="utf-8"))
    assert record["parameters"]["percentile_decay"] == 1.25
    summary = (tmp_path / "structmask_batch.csv").read_text(encoding="utf-8-sig")
    assert len({line.count(",") for line in summary.splitlines() if '"' not in line}) == 1


@pytest.mark.slow
def test_two_programs_share_the_presets(fresh_home: Path, tmp_path: Path) -> None:
    """Both save, read, list and delete the same presets; none is ever half there."""
    code = """
from structmask_gui.core.errors import InputError
from structmask_gui.io.presets.library import PresetFolder
from structmask_gui.io.presets.preset import Preset
folder = PresetFolder()
for i in range(60):
    preset = Preset(name=f"p{i % 3}", parameters={"center_size": 7 + 2 * (i % 5)})
    try:
        folder.save(preset, overwrite=True)
        presets, problems = folder.read()
        assert not problems, problems
        for found in presets:
            assert found.parameters["center_size"] in (7, 9, 11, 13, 15), found
        if i % 7 == 0:
            folder.delete(preset)
    except InputError as error:
        # The other program was faster; it says so in a sentence.
        assert "\\n" not in str(error)
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    for file in (fresh_home / "presets").iterdir():
        assert file.suffix != ".tmp"
        assert isinstance(load_preset(file), Preset)


@pytest.mark.slow
def test_the_command_line_opens_no_connection(tmp_path: Path) -> None:
    """Nothing is sent or asked for unless an address is named."""
    path = write(tmp_path / "a.tif")
    code = f"""
import socket
def refuse(*arguments, **options):
    raise AssertionError("a connection was tried")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = refuse
from structmask_gui.cli.main import main
for command in (["extract"], ["batch", "--force"], ["info"]):
    code = main([command[0], {str(path)!r}, *command[1:]])
    assert code == 0, (command, code)
main(["presets"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
