"""A file is the old one or the new one, whole, whatever happens in between."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.atomic import check_no_input, write_atomic


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_and_replaced_files(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    with pytest.raises(InputError, match=r"a.bin: already exists; choose another name"):
        write_atomic(path, b"two")
    assert path.read_bytes() == b"one"
    write_atomic(path, lambda file: file.write(b"three"), force=True)
    assert path.read_bytes() == b"three"
    assert files(tmp_path) == ["a.bin"]


def test_what_is_read_is_no_target_under_any_name(tmp_path: Path) -> None:
    raw, other, linked = tmp_path / "a.tif", tmp_path / "b.tif", tmp_path / "linked.tif"
    raw.touch()
    # As another spelling is on a disk that knows no capitals.
    os.link(raw, linked)
    for target in (raw, linked, tmp_path / ".." / tmp_path.name / "a.tif"):
        with pytest.raises(InputError, match="is an image file that is open; choose another name"):
            check_no_input(target, [other, raw])
    check_no_input(other, [raw, other])
    other.touch()
    check_no_input(other, [raw, tmp_path / "gone.tif", Path("https://server/b.tif")])


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def stop(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, stop, force=True)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "new.bin", stop)
    assert path.read_bytes() == b"old"
    assert files(tmp_path) == ["a.bin"]


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    said = r"a.bin cannot be written \(no space left on device\); make room or choose another"
    with pytest.raises(InputError, match=said):
        write_atomic(tmp_path / "a.bin", b"data")
    assert files(tmp_path) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\(its folder does not exist\); choose another folder\."):
        write_atomic(tmp_path / "none" / "a.bin", b"")
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        write_atomic(tmp_path, b"", force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomic(tmp_path / "file" / "a.bin", b"")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomic(str(tmp_path) + "/a\0.bin", b"")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomic(tmp_path / ("x" * 300), b"")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_permissions_are_kept(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomic(path, b"new", force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_atomic(plain, b"new")
    ordinary = tmp_path / "c.bin"
    ordinary.write_bytes(b"")
    assert stat.S_IMODE(plain.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.bin", tmp_path / "link.bin"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomic(link, b"new", force=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="loop: "):
        write_atomic(loop, b"")


def test_the_longest_name_a_file_may_have(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".npy")
    write_atomic(path, b"data")
    assert path.read_bytes() == b"data"


def test_a_name_taken_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"

    def slowly(file: BinaryIO) -> None:
        file.write(b"mine")
        path.write_bytes(b"theirs")

    with pytest.raises(InputError, match="already exists"):
        write_atomic(path, slowly)
    assert path.read_bytes() == b"theirs"
    assert files(tmp_path) == ["a.bin"]


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomic(tmp_path / "a.bin", b"data")
    assert files(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"data"


_LEFT = """
import os, signal, sys
from structmask_gui.io.files.atomic import write_atomic
write_atomic(sys.argv[1], lambda file: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.bin"
    subprocess.run([sys.executable, "-c", _LEFT, str(path)], check=False)
    (left,) = files(tmp_path)
    assert left.startswith(".structmask-")
    host, process = left.split("-")[1:3]
    strangers = [
        left.replace(f"-{process}-", f"-{os.getppid()}-"),  # of a process that lives
        left.replace(host, "0" * len(host)),  # of another machine
        ".structmask-kept.tmp",
    ]
    for name in strangers:
        (tmp_path / name).write_bytes(b"")
    write_atomic(path, b"data")
    assert files(tmp_path) == sorted([*strangers, "a.bin"])


_WRITER = """
import sys
from structmask_gui.io.files.atomic import write_atomic
print("ready", flush=True)
number = 0
while True:
    number += 1
    write_atomic(sys.argv[1], bytes([number % 256]) * 200_000, force=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_atomic(path, b"\0" * 200_000)
    for i in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.01 + 0.007 * i)
            writer.send_signal(signal.SIGKILL)
        data = path.read_bytes()
        assert len(data) == 200_000
        assert set(data) == {data[0]}
