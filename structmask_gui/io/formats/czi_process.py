"""Zeiss' library in a process of its own.

It is written in C++, and a damaged file can end the process it runs in (found by fuzzing). So a
small process does the reading: a line of JSON for each question, and one with the pixels' bytes
after it for each answer.
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

_LONGEST_LINE = 256 * 2**20
_SECONDS = 30.0
"""How long an answer may take; a damaged file can keep the library busy without end."""

_SECONDS_TO_OPEN = 15.0

_GRACE = 5.0
"""How much longer the process waits for itself than the program waits for it, which may be gone."""

_MOST_MEMORY = 6 * 2**30


class CziReader:
    """A CZI file, read by another process; OSError if that ends over it.

    ``about`` holds ``scenes`` (number, or None for a file without, and x, y, width, height),
    ``box`` (first and last of each dimension), ``types`` and ``xml``.
    """

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A console window would flash up on Windows.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
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

    def _ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        out, into = self._process.stdout, self._process.stdin
        assert out is not None
        assert into is not None
        seconds = _SECONDS_TO_OPEN if "open" in question else _SECONDS
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


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until there are no more; runs in the other process."""
    if os.name == "posix":
        # What a damaged file makes the library ask for is refused to it.
        limit = import_module("resource")
        limit.setrlimit(limit.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    czi = import_module("pylibCZIrw.czi")

    with contextlib.ExitStack() as opened:
        reader: Any = None
        for line in questions:
            question = json.loads(line)
            data = b""
            try:
                with _no_longer_than_wanted(questions):
                    if "open" in question:
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


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
