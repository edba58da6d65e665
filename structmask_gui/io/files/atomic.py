"""Writing files so that at any moment the old one or the new one is there, whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import reason, shown

# There is no call that only asks, so it is asked once, before there are threads.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


@contextmanager
def atomic_file(
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    replacing: Callable[[], object] = lambda: None,
) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only once it is complete.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name
    in one step. After any failure the old file, if there was one, is as it was and nothing else is
    left. What a process that was killed left is removed by the next one that writes there.

    Parameters
    ----------
    path : path
        The file to write. A symbolic link is followed; its target is replaced.
    force : bool
        Replace an existing file. Otherwise an existing file is refused.
    replacing : callable
        Called once the new file is on the disk, before it takes its name.

    Yields
    ------
    binary file
        Write the contents to it.

    Raises
    ------
    InputError
        If the file exists and `force` is False, or if it cannot be written.
    """
    path = Path(path)
    name = shown(path)
    target, existing = checked_target(path)
    if existing is not None and not force:
        raise InputError(
            f"{name}: already exists; choose another name, or ask for it to be overwritten."
        )
    _remove_leftovers(target.parent, os.getpid())
    temporary: Path | None = None
    try:
        # The name of the target is not part of the temporary name: it may be as long as the
        # file system allows.
        begin = f".structmask-{_machine()}-{os.getpid()}-"
        descriptor, made = tempfile.mkstemp(prefix=begin, suffix=".tmp", dir=target.parent)
        temporary = Path(made)
        with os.fdopen(descriptor, "wb") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(existing.st_mode) if existing else 0o666 & ~_UMASK)
        replacing()
        _take_name(temporary, target, force=force)
        temporary = None
        _sync_folder(target.parent)
    except OSError as error:
        remedy = _remedy(error, "choose another folder")
        raise InputError(f"{name} cannot be written ({_why(error)}); {remedy}.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _remedy(error: Exception, otherwise: str) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENAMETOOLONG:
        return "shorten the name of the image file or of the folder"
    full = number in (errno.ENOSPC, errno.EDQUOT)
    return "make room or choose another folder" if full else otherwise


def checked_target(path: Path) -> tuple[Path, os.stat_result | None]:
    """Return where a file goes, and what is there; refuse a place that no file can have.

    To be asked before work that takes long, too.
    """
    name = shown(path)
    try:
        target = Path(os.path.realpath(path))
        existing = target.stat() if target.exists() else None
    except (OSError, ValueError, RuntimeError) as error:
        remedy = _remedy(error, "check the path")
        raise InputError(f"{name} cannot be written ({reason(error)}); {remedy}.") from None
    if existing is not None and stat.S_ISDIR(existing.st_mode):
        raise InputError(f"{name} is a folder; give the name of a file.")
    return target, existing


def check_no_input(target: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over a file that is read, by whatever name."""
    if any(is_same(target, file) for file in inputs):
        raise InputError(f"{shown(target)} is an image file that is open; choose another name.")


def is_same(path: Path, other: Path) -> bool:
    """Tell whether two paths are of one file; False if one of them is not there."""
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False


def make_folder(folder: Path) -> None:
    """Make a folder and those it lies in, unless they are there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError(
            f"{shown(folder)} cannot be made (a file has this name); give another folder."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{shown(folder)} cannot be made ({reason(error)}); give another folder."
        ) from error


def write_atomic(
    path: str | os.PathLike[str],
    contents: bytes | Callable[[BinaryIO], object],
    *,
    force: bool = False,
    replacing: Callable[[], object] = lambda: None,
) -> None:
    """Write bytes, or what a function writes into a binary file, as by `atomic_file`."""
    with atomic_file(path, force=force, replacing=replacing) as file:
        if callable(contents):
            contents(file)
        else:
            file.write(contents)


def write_together(contents: Sequence[tuple[Path, bytes]], *, force: bool = False) -> None:
    """Write several files, each as by `atomic_file`, or none.

    All of them are on the disk before the first takes its name, in the order given. Should one not
    be able to take its name then, the files before it are the new ones, the others are as they
    were.
    """
    with ExitStack() as names:
        # What is entered last takes its name first.
        for path, data in reversed(contents):
            file = names.enter_context(atomic_file(path, force=force))
            file.write(data)
            file.flush()


@cache
def _machine() -> str:
    """Return what tells machines, and containers on one, apart: a process is known within it."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@cache
def _remove_leftovers(folder: Path, _writer: int) -> None:
    """Remove unfinished files of processes of this machine that are no more; once a process."""
    if os.name == "nt":
        return  # There, asking for a process by `os.kill` ends it.
    pattern = re.compile(rf"\.structmask-{_machine()}-(\d+)-\w+\.tmp")
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = pattern.fullmatch(entry.name)
            if found and entry.is_file(follow_symlinks=False) and _is_gone(int(found[1])):
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _take_name(temporary: Path, target: Path, *, force: bool) -> None:
    if force:
        temporary.replace(target)
        return
    # Two programs may write the same name at once; a hard link fails if the name has been taken
    # meanwhile, a rename would silently replace the other's file.
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise InputError(
            f"{shown(target)}: already exists; choose another name, or ask for it to be"
            " overwritten."
        ) from None
    except (OSError, NotImplementedError):
        # Some file systems (FAT, network shares) have no hard links.
        temporary.replace(target)
    else:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system lets a folder be synced."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "its folder does not exist"
    if isinstance(error, PermissionError):
        return "you may not write there"
    return reason(error)
