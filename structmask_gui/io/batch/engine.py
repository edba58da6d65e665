"""Engines that do the jobs of a batch: in this process, or on other machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Protocol

from structmask_gui.core.errors import InputError
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import Task
from structmask_gui.io.extract_files import ExtractionSettings, Input, Result
from structmask_gui.io.files.paths import shown
from structmask_gui.io.one_mask import extract_job

_BAND_PIXELS = 2**24
"""Pixels that are read at a time to look for damage."""


class BatchEngine(Protocol):
    """What does the work of a job."""

    @property
    def at_once(self) -> int:
        """Number of jobs that may run at once."""
        ...

    def usable(
        self,
        inputs: Sequence[Input],
        task: Task,
        shape: tuple[int, int] | None = None,
    ) -> tuple[tuple[Input, ...], tuple[str, ...]]:
        """Do what the function `usable` does."""
        ...

    def extract(
        self,
        inputs: Sequence[Input],
        settings: ExtractionSettings,
        task: Task,
        report_for: str | None = None,
    ) -> Result:
        """Return the mask of some files, its record, and its report if it is asked for."""
        ...


def usable(
    inputs: Sequence[Input],
    task: Task,
    shape: tuple[int, int] | None = None,
) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    """Return the files of a group that can be averaged, and why the others cannot."""
    sizes: dict[int, tuple[int, int]] = {}
    problems: dict[int, str] = {}
    for number, item in enumerate(inputs):
        try:
            with item.open() as stack:
                height, width = stack.frame_shape
                step = max(1, _BAND_PIXELS // width)
                # Damage shows only when the pixels are read.
                for frame, y0 in product(range(stack.n_frames), range(0, height, step)):
                    task.stop_if_cancelled()
                    task.report(0, 1, f"Checking {stack.name}")
                    stack.read(frame, y0, min(y0 + step, height))
                sizes[number] = stack.frame_shape
        except InputError as error:
            problems[number] = str(error)
        except MemoryError:
            problems[number] = (
                f"{shown(item.path)} does not fit into memory; save it in smaller strips or tiles."
            )
    # Not the first file's size: that may be the odd one.
    counts = Counter(sizes.values())
    commonest = shape or next((size for size, _ in counts.most_common(1)), None)
    whose = ""
    if commonest is not None:
        first = next((shown(inputs[n].path) for n, size in sizes.items() if size == commonest), "")
        whose = _whose(counts[commonest], len(sizes), first, averaged=shape is not None)
    for number, size in sizes.items():
        if commonest is not None and size != commonest:
            problems[number] = (
                f"{shown(inputs[number].path)} is {size_text(size)} pixels, but {whose}"
                f" {size_text(commonest)}; only files of one size can be averaged."
            )
    good = tuple(inputs[number] for number in sizes if number not in problems)
    return good, tuple(problems[number] for number in sorted(problems))


def _whose(count: int, of: int, first: str, *, averaged: bool) -> str:
    """Say whose size the files have to have: that of so many of them, or of one alone."""
    if averaged:
        return "those averaged before are"
    if count == 1:
        return f"the first, {first}, is"
    return "the others are" if count == of - 1 else f"{count} of the {of} files are"


class Here:
    """The engine that works in this process, a job at a time."""

    at_once = 1
    usable = staticmethod(usable)

    def extract(
        self,
        inputs: Sequence[Input],
        settings: ExtractionSettings,
        task: Task,
        report_for: str | None = None,
    ) -> Result:
        return extract_job(inputs, settings, report_for=report_for, task=task)
