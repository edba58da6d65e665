"""Run C libraries that a damaged file can crash or hang in a process of their own.

Zeiss' library and the HDF5 library's reading of texts do (found by fuzzing). So a small process
does that: a line of JSON for each question, and one with the bytes of pixels after it for each
answer.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.stack.slicing import letters_of

_LONGEST_LINE = 256 * 2**20
_SECONDS = 30.0
"""How long an answer may take; a damaged file can keep the library busy without end."""

_SECONDS_TO_OPEN = 15.0

_GRACE = 5.0
"""How much longer the process waits for itself than the program waits for it, which may be gone."""

_LONGEST_TEXT = 2**20
_MOST_MEMORY = 6 * 2**30


class _Process:
    """The process at work on one file; OSError if it ends over it, or takes too long."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A console window would flash up on Windows.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def _ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        out, into = self._process.stdout, self._process.stdin
        assert out is not None
        assert into is not None
        seconds = _SECONDS if "read" in question else _SECONDS_TO_OPEN
        watchdog = threading.Timer(seconds, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            into.write(json.dumps(question).encode() + b"\n")
            into.flush()
            line = out.readline(_LONGEST_LINE)
            if not line.endswith(b"\n"):
                raise OSError("the reader ended over the file")
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise OSError(answer["error"])
            return answer, out.read(int(answer.get("bytes", 0)))
        except (BrokenPipeError, ValueError) as error:
            raise OSError("the reader has ended") from error
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class CziReader(_Process):
    """A CZI file.

    ``about`` holds ``scenes`` (number, or None for a file without, and x, y, width, height),
    ``box`` (first and last of each dimension), ``types`` and ``xml``.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            self.about, _ = self._ask({"open": str(path)})
        except BaseException:
            self.close()
            raise

    def read(
        self, box: tuple[int, int, int, int], plane: dict[str, int], scene: int | None
    ) -> AnyArray:
        """Return a rectangle (x, y, width, height) of a plane, of shape (y, x, samples)."""
        answer, data = self._ask({"read": list(box), "plane": plane, "scene": scene})
        return np.frombuffer(data, answer["dtype"]).reshape(answer["shape"])


def hdf5_texts(path: Path, keys: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    """Return attributes of objects of an HDF5 file as lists of texts, those that there are.

    A reference, as in DIMENSION_LIST, becomes the name of what it leads to.
    """
    process = _Process()
    try:
        answer, _ = process._ask({"texts": keys, "path": str(path)})
        found: dict[str, dict[str, list[str]]] = answer["texts"]
        return found
    finally:
        process.close()


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until there are no more; runs in the other process."""
    _limit_memory()
    with contextlib.ExitStack() as opened:
        reader: Any = None
        for line in questions:
            question = json.loads(line)
            answer: dict[str, Any]
            data = b""
            try:
                with _no_longer_than_wanted(questions):
                    if "texts" in question:
                        answer = {"texts": _texts(question["path"], question["texts"])}
                    elif "open" in question:
                        czi = import_module("pylibCZIrw.czi")
                        reader = opened.enter_context(czi.open_czi(question["open"]))
                        answer = _about(reader)
                    else:
                        pixels = reader.read(
                            roi=tuple(question["read"]),
                            plane=question["plane"],
                            scene=question["scene"],
                        )
                        data = np.ascontiguousarray(pixels).tobytes()
                        answer = {
                            "shape": pixels.shape,
                            "dtype": pixels.dtype.str,
                            "bytes": len(data),
                        }
            except Exception as error:
                answer, data = {"error": f"{type(error).__name__}: {error}"[:500]}, b""
            answers.write(json.dumps(answer).encode() + b"\n" + data)
            answers.flush()


def _limit_memory() -> None:
    """Have the system refuse what a damaged file makes the library ask for, where it can."""
    # macOS accepts no such limit.
    if os.name != "posix" or sys.platform == "darwin":
        return
    system = import_module("resource")
    _, hard = system.getrlimit(system.RLIMIT_AS)
    most = _MOST_MEMORY if hard == system.RLIM_INFINITY else min(_MOST_MEMORY, hard)
    with contextlib.suppress(OSError, ValueError):
        system.setrlimit(system.RLIMIT_AS, (most, most))


@contextlib.contextmanager
def _no_longer_than_wanted(questions: BinaryIO) -> Iterator[None]:
    """End this process if the library hangs in here and nobody is left to end it.

    While a question is being answered nothing else comes in, so all that can happen to the pipe is
    that the program at its other end is gone, killed perhaps. The system then ends this process;
    where it cannot tell, a timer does. Neither needs the interpreter, which the library holds.
    """
    faulthandler.dump_traceback_later(_SECONDS + _GRACE, exit=True)
    watched = os.name == "posix" and _end_when_closed(questions, on=True)
    try:
        yield
    finally:
        if watched:
            _end_when_closed(questions, on=False)
        faulthandler.cancel_dump_traceback_later()


def _end_when_closed(pipe: BinaryIO, *, on: bool) -> bool:
    """Have the system end this process by SIGIO when the other end of the pipe is closed."""
    fcntl = import_module("fcntl")
    try:
        flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
        if not on:
            fcntl.fcntl(pipe, fcntl.F_SETFL, flags & ~fcntl.FASYNC)
            return False
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags | fcntl.FASYNC)
    except (OSError, ValueError):
        # No pipe, as in a test.
        return False
    return True


def _about(reader: Any) -> dict[str, Any]:
    scenes = dict(reader.scenes_bounding_rectangle) or {None: reader.total_bounding_rectangle}
    return {
        "scenes": [[number, box.x, box.y, box.w, box.h] for number, box in scenes.items()],
        "box": {name: list(ends) for name, ends in reader.total_bounding_box.items()},
        "types": [str(kind) for kind in reader.pixel_types.values()],
        "xml": reader.raw_metadata,
    }


def _texts(path: str, keys: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    library = import_module("h5py")

    def text(value: Any) -> str:
        if isinstance(value, library.Reference):
            scale = file[value]
            name = text(scale.attrs.get("NAME", ""))
            return name if letters_of([name]) != "Q" else str(scale.name).rpartition("/")[2]
        if isinstance(value, np.ndarray) and value.dtype == object and value.size:
            return text(value.flat[0])
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    with library.File(path, "r") as file:
        return {
            name: {
                key: [text(one)[:_LONGEST_TEXT] for one in np.atleast_1d(file[name].attrs[key])]
                for key in wanted
                if key in file[name].attrs
            }
            for name, wanted in keys.items()
        }


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
