"""Names of files: how messages show them, and whether there is a file to read."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from urllib.parse import urlsplit

from structmask_gui.core.errors import InputError

_LONGEST_SHOWN = 100
_OWN_FILES = 256
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("«", "»"), ("`", "`"), ("<", ">"))

# Marks without width: of a byte order, of a direction of writing, as Windows puts before a path
# that is copied from a file's properties.
_WITHOUT_WIDTH = "\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_QUOTATION_MARKS = "".join({mark for pair in _QUOTES for mark in pair})


def shown(path: str | os.PathLike[str]) -> str:
    """Return the last part of a path as messages show it: on one line, printable, not too long.

    A name may hold line breaks or bytes that are no text; they are shown as escapes.
    """
    text = os.fspath(path)
    name = one_line(Path(text).name or text)
    if len(name) > _LONGEST_SHOWN:
        half = _LONGEST_SHOWN // 2
        name = f"{name[:half]}…{name[-half:]}"
    return name


def last_part(path: str | os.PathLike[str]) -> str:
    """Return the last part of a path of any system, after its last slash or backslash."""
    return PureWindowsPath(path).name


def one_line(text: str | os.PathLike[str]) -> str:
    """Return a text or path with escapes in place of line breaks and what drives a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in os.fspath(text))


# A Path raises if a name is too long, in the three that follow.


def exists(path: str | os.PathLike[str]) -> bool:
    """Say whether there is a file or folder; a path that is too long is none, and no error."""
    return os.path.exists(path)  # noqa: PTH110  # see above


def is_file(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is that of a file; one that is too long is not."""
    return os.path.isfile(path)  # noqa: PTH113  # see above


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is that of a folder; one that is too long is not."""
    return os.path.isdir(path)  # noqa: PTH112  # see above


def pasted_path(text: str) -> str:
    """Return the path that a pasted text means, as a file manager or a terminal copies it.

    Without spaces, line breaks, marks without width and quotation marks around it, and of a
    ``file:`` address the path. What exists as it stands, and an address of another kind, stay as
    they are.
    """
    if not text.strip() or exists(text):
        return text
    # Of several lines the first that is a path; a file manager puts what to do with it before.
    lines = [line.strip().strip(_WITHOUT_WIDTH).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return text
    found = [next(filter(exists, _meant(line)), None) for line in lines]
    return next((path for path in found if path is not None), next(_meant(lines[0])))


def _meant(line: str) -> Iterator[str]:
    """Give what a pasted line may mean: first what it most likely does."""
    if re.match(r"& ?[\"']", line):
        # PowerShell, of a file that is drawn into it.
        line = line[1:].strip()
    path = line
    if len(path) > 2 and (path[0], path[-1]) in _QUOTES:
        path = path[1:-1].strip(_WITHOUT_WIDTH + " ")
    if path.lower().startswith("file:"):
        # Imported late: it takes a tenth of the program's start.
        from urllib.request import url2pathname

        parts = urlsplit(path)
        host = "" if parts.netloc.lower() in ("", "localhost") else f"//{parts.netloc}"
        yield from _in_both_forms(host + url2pathname(parts.path))
        # Put before a path without encoding it.
        path = re.sub("(?i)^file:(//)?(localhost)?", "", path)
    yield from _in_both_forms(path)
    # One of two quotation marks was not copied.
    yield path.strip(_QUOTATION_MARKS)
    if path.startswith("~"):
        yield os.path.expanduser(path)  # noqa: PTH111  # a Path raises if there is no such user
    if os.name == "posix":
        # A terminal writes a backslash before a space or a bracket, and one within quotes so.
        yield re.sub(r"\\(.)", r"\1", path.replace("'\\''", "'"))


def _in_both_forms(path: str) -> Iterator[str]:
    """Give a path as it stands, and with its accents as one sign and apart, as macOS has them."""
    yield path
    yield unicodedata.normalize("NFC", path)
    yield unicodedata.normalize("NFD", path)


_VERB = re.compile(
    r"(is|was|has|holds|cannot|can|does|ends|keeps|names|promises|describes|declares|needs)\b"
)
"""What readers begin with, where the file's name is the subject."""


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Put the name of a file in front of what its reader says is wrong; readers leave it out."""
    try:
        yield
    except InputError as error:
        if not str(error).startswith((f"{name} ", f"{name}: ")):
            colon = "" if _VERB.match(str(error)) else ":"
            error.args = (f"{name}{colon} {error}",)
        raise
    except OSError as error:
        remedy = "try again"
        if error.errno == errno.EMFILE:
            remedy = "allow more in the terminal (`ulimit -n 4096`), or give fewer at a time"
        raise InputError(f"{name} cannot be read ({reason(error)}); {remedy}.") from error
    except MemoryError:
        raise InputError(
            f"{name} does not fit into memory; save it in smaller strips or tiles."
        ) from None


def file_size(path: Path) -> int:
    """Return the size in bytes; refuse what is no readable file, so that nothing blocks."""
    name = shown(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file; check the name and the folder.") from None
    except PermissionError:
        raise InputError(f"{name}: you may not read this file; ask its owner for access.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be reached ({reason(error)}); check the path.") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder; give a file in it.")
    # A pipe or device would block forever, so nothing but a file is opened.
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is not a regular file; give a file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name}: you may not read this file; ask its owner for access.")
    return status.st_size


def file_state(path: Path) -> tuple[int, int] | None:
    """Return the size and the time (ns) of the last change of a file, by which a change shows.

    None for what is no file, or cannot be asked: a folder does not tell its age.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def allow_open_files(count: int) -> None:
    """Ask the system to let this program have so many files open besides its own.

    The usual limit is 256 on macOS and 1024 on Linux; it may be raised up to another one.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OWN_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def blocks(path: str | os.PathLike[str]) -> bool:
    """Say whether something is there that is neither a file nor a folder, and may block forever.

    Asked of what files and folders name by themselves: a pipe, a device.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # the name is the file's, and may be anything
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_small(path: Path, limit: int, what: str) -> bytes:
    """Return the bytes of a file of at most ``limit``; ``what`` it should be, for the message."""
    size = file_size(path)
    if size > limit:
        raise InputError(
            f"{shown(path)} is too large for {what} ({size} bytes, at most {limit}); give another"
            " file."
        )
    if size == 0:
        raise InputError(f"{shown(path)} is empty; give {what}.")
    try:
        with path.open("rb") as file:
            # The file may grow between the two calls.
            return file.read(limit)
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read ({reason(error)}); try again.") from None


def reason(error: Exception) -> str:
    """Return what the system says of a failure, in lower case and without numbers or paths."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]
