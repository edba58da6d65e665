"""Exit codes, errors, JSON and progress bar of all commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

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


def print_error(error: Exception) -> None:
    """Print one line that says what is wrong; the sentence begins with the file's name."""
    print(f"error: {one_line(str(error))}", file=sys.stderr)


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
