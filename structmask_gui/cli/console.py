"""Exit codes, errors, JSON and progress bar of all commands."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from structmask_gui.core.progress import Progress
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.results.files import ResultFiles


class HasLines(Protocol):
    """An answer, or the record of one."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What, how sure, what to do."""
        ...


class HasFigures(Protocol):
    """An evaluated denoised stack, or the record of one."""

    @property
    def sentence(self) -> str:
        """What is wrong, or the advice."""
        ...

    def lines(self) -> list[str]:
        """Return the figures; one that goes on with "or" belongs to the line before."""
        ...


DONE, PARTLY, FAILED, INTERRUPTED = 0, 1, 2, 130


@contextmanager
def steady_output() -> Iterator[None]:
    """Print so that neither a name nor a reader that goes away ends the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A name that the terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    chosen = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty() and not chosen:
        # Scripts and JSON are read by programs, whatever the terminal's encoding.
        sys.stdout.reconfigure(encoding="utf-8")
    out, err = _steady(sys.stdout), _steady(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield
        finally:
            # Where argparse leaves after --help, too.
            with suppress(OSError, ValueError):
                if out is not None:
                    out.flush()


def _steady(stream: TextIO | None) -> TextIO | None:
    return None if stream is None else cast(TextIO, _Steady(stream))


class _Steady:
    """A stream that discards what is printed once its reader has closed it, as `head` does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._unread():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._unread():
            self._stream.flush()

    @contextmanager
    def _unread(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Windows has no error of its own for it.
            if error.errno != (errno.EINVAL if os.name == "nt" else errno.EPIPE):
                raise
            print_no_more(self._stream)


def print_no_more(stream: TextIO) -> None:
    """Discard buffered output; some Pythons end with code 120 if it cannot be flushed."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def print_error(error: Exception) -> None:
    """Print one line that says what is wrong; the sentence begins with the file's name."""
    print(f"error: {one_line(str(error))}", file=sys.stderr)


def print_notes(notes: Iterable[str]) -> None:
    """Print what is to be known, on standard error."""
    for note in notes:
        print(f"note: {one_line(note)}", file=sys.stderr)


def print_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def outputs(files: ResultFiles, *, report: bool) -> dict[str, str]:
    """Return the files of a result by their endings, as `--json` prints them."""
    paths = [*files.all(), *([files.report] if report else [])]
    return {path.suffix[1:]: str(path) for path in paths}


def answer_lines(name: str, answer: HasLines | None, sentence: str) -> list[str]:
    """Return the answer about a file, or the sentence of a record that has none."""
    first, *others = (sentence,) if answer is None else answer.lines
    return [f"{name}: {first}", *(f"    {line}" for line in others)]


def details(sentence: str, notes: Iterable[str]) -> list[str]:
    """Return the sentence and notes behind an answer, for --verbose."""
    return [f"    {one_line(text)}" for text in (sentence, *notes)]


def evaluated_lines(evaluation: HasFigures) -> list[str]:
    """Return what is said of a denoised stack: the sentence first, each figure in a line."""
    return [evaluation.sentence, *evaluation.lines()]


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """Show a bar on standard error while work takes long; none where it is not a terminal."""
    from tqdm import tqdm

    with tqdm(desc=name, leave=False, delay=0.5, disable=None, unit="") as bar:

        def show(done: int, total: int, what: str) -> None:
            bar.total = total
            bar.set_postfix_str(what, refresh=False)
            bar.update(done - bar.n)

        yield show
