"""Denoising the files of a batch, each with its mask, once the masks are there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from structmask_gui.core.denoising.wording import Doubt, learned, refusal
from structmask_gui.core.errors import Cancelled, InputError, StructMaskError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.batch.queue import SHOWN_EVERY, BatchQueue, bug_sentence
from structmask_gui.io.batch.status import DenoisedStatus
from structmask_gui.io.denoise_files import (
    DenoisedFile,
    DenoiseOptions,
    check_free,
    denoise_stacks,
    denoised_path,
    doubts_about,
    flags_of,
    is_denoised_with,
    needs_a_look,
)
from structmask_gui.io.denoise_state import state_path
from structmask_gui.io.files.paths import exists, shown
from structmask_gui.io.results.files import ResultFiles, plan_results
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.image_stack import ImageStack, location_of

_CANCELLED = DenoisedStatus(why_not="cancelled.")


@dataclass(frozen=True)
class DenoisedJob:
    """What became of a job."""

    lines: tuple[str, ...] = ()
    """What is said of its denoised files."""
    error: str = ""
    """Why it was not denoised; begins with the file."""


class BatchDenoiser:
    """Denoises the files of a queue's jobs that have a mask, those of a job by one fit.

    A job that was skipped because it has a mask already is denoised with that. Where denoised files
    are there they are kept, if the mask was and they were made with it. The work is done in the
    thread that calls; `cancel` and `retry` may be called from any.

    Parameters
    ----------
    queue : BatchQueue
        It is told what becomes of each job. Files are replaced if it replaces masks.
    output_dir : Path, optional
        As its jobs were planned with.
    accept : bool
        Denoise also what speaks against it.

    Attributes
    ----------
    fits : int
        How many fits were made.
    """

    def __init__(
        self, queue: BatchQueue, output_dir: Path | None = None, *, accept: bool = False
    ) -> None:
        self.queue, self.fits = queue, 0
        self._accept = accept
        inputs = [item for job in queue.planned for item in job.inputs]
        # Files of equal names have numbers, as their masks have.
        marks = [item.asked_mark for item in inputs]
        planned = iter(plan_results([item.path for item in inputs], output_dir, marks))
        self._names = [list(islice(planned, len(job.inputs))) for job in queue.planned]
        self._stopping: set[int] = set()
        self._stopped = False

    @property
    def not_comparable(self) -> str:
        """What is to be said of files that do not share a fit; empty if there is one fit."""
        if self.fits < 2:
            return ""
        return f"Denoised by {self.fits} separate fits: do not compare between conditions."

    def cancel(self, index: int | None = None) -> None:
        """Do not denoise a job, or any more; the one that is denoised stops within a second."""
        statuses = self.queue.statuses
        self._stopped |= index is None
        for i in range(len(statuses)) if index is None else (index,):
            if statuses[i].denoised.running:
                self._stopping.add(i)
            elif statuses[i].to_denoise:
                self.queue.set_denoised(i, _CANCELLED)

    def retry(self) -> None:
        """Go on with what the queue was told to try again."""
        self._stopped = False

    def run(self, task: Task = NO_TASK) -> None:
        """Denoise all that are to be denoised."""
        while (index := self.next()) is not None:
            self.denoise(index, task)

    def next(self) -> int | None:
        """Return the next job to be denoised; None if there is no more."""
        waiting = (i for i, status in enumerate(self.queue.statuses) if status.to_denoise)
        if self._stopped:
            for i in waiting:
                self.queue.set_denoised(i, _CANCELLED)
        return next(waiting, None)

    def denoise(self, index: int, task: Task = NO_TASK) -> DenoisedJob:
        """Denoise the files of a job; whatever fails, the others can go on."""
        job, started = self.queue.jobs[index], time.monotonic()
        told = "", 0.0  # what was told last, and when

        def stop() -> bool:
            return self._stopped or index in self._stopping or task.cancelled

        def show(done: int, total: int, what: str) -> None:
            nonlocal told
            task.report(done, total, what)
            now = time.monotonic()
            # A step may be long and report no more.
            if what != told[0] or now - told[1] >= SHOWN_EVERY:
                told = what, now
                share = done / total if total else 0.0
                self.queue.set_denoised(index, DenoisedStatus(True, share, what))

        self.queue.set_denoised(index, DenoisedStatus(running=True))
        try:
            targets, lines = self._denoise(index, Task(show, stop))
        except Cancelled:
            self.queue.set_denoised(index, _CANCELLED)
            return DenoisedJob()
        except StructMaskError as problem:
            error = str(problem)
        except MemoryError:
            error = f"{job.name}: not denoised: does not fit into memory."
        except Exception as problem:
            error = bug_sentence(job, problem)
        else:
            seconds, doubtful = time.monotonic() - started, any(map(needs_a_look, targets))
            made = DenoisedStatus(
                files=tuple(targets), lines=lines, seconds=seconds, doubtful=doubtful
            )
            self.queue.set_denoised(index, made)
            return DenoisedJob(lines)
        finally:
            self._stopping.discard(index)
        why = error.removeprefix(f"{job.name}: ").removeprefix("not denoised: ")
        self.queue.set_denoised(index, DenoisedStatus(why_not=why))
        return DenoisedJob(error=error)

    def _denoise(self, index: int, task: Task) -> tuple[list[Path], tuple[str, ...]]:
        """Return the denoised files of a job, and what is said of them."""
        job, status, force = self.queue.jobs[index], self.queue.statuses[index], self.queue.force
        mask = status.mask
        if mask is None:
            raise InputError(
                f"{job.name}: not denoised: the mask that is there does not belong to its files as"
                " they are now; use --force to measure it anew."
            )
        record = read_record(job.files.found.json)
        # Those that could not be used for the mask were left out, and said.
        used = {item.path for item in record.inputs}
        pairs = list(zip(job.inputs, self._names[index], strict=True))
        pairs = [pair for pair in pairs if location_of(pair[0].path) in used] or pairs
        with ExitStack() as resources:
            stacks = [resources.enter_context(item.open()) for item, _ in pairs]
            targets = [
                _beside(names, stack) for (_, names), stack in zip(pairs, stacks, strict=True)
            ]
            if status.mask_kept and all(is_denoised_with(mask, target) for target in targets):
                return targets, (f"{job.name} is denoised already, {shown(targets[0])}",)
            replaces = _replaces(targets, mask, force=force)
            error = record.told_error
            flags: dict[str, None] = {}
            doubts: dict[Doubt, None] = {}
            for stack in stacks:
                own = flags_of(stack, record, task)
                flags |= dict.fromkeys(own)
                doubts |= dict.fromkeys(doubts_about(stack, own, error))
            if doubts and not self._accept:
                raise InputError(f"{job.name}: {refusal(tuple(doubts))}.")
            origin = shown(job.files.found.json)
            options = DenoiseOptions(mask, origin, tuple(doubts), tuple(flags), force=replaces)
            made = denoise_stacks(stacks, targets, options, task=task)
        self.fits += 1
        return targets, tuple(line for file in made for line in _lines(file))


def _replaces(targets: Sequence[Path], mask: Mask, *, force: bool) -> bool:
    """Say whether files that are there may be replaced, refuse if they may not."""
    # Files of a fit that was stopped are written again by the same fit.
    goes_on = exists(state_path(targets[0]))
    for target in targets:
        own = is_denoised_with(mask, target)
        if exists(target) and not (force or own):
            raise InputError(
                f"{shown(target)} was not denoised with this mask; use --force to replace it."
            )
        check_free(target, force=force or (goes_on and own))
    return force or goes_on


def _beside(files: ResultFiles, stack: ImageStack) -> Path:
    """Return where a denoised file goes that has the name of a mask."""
    stem = files.json.stem.removesuffix("_mask")
    return denoised_path(files.json.with_name(f"{stem}.tif"), mark=stack.channel_mark)


def _lines(file: DenoisedFile) -> tuple[str, str]:
    """Return the verdict on a denoised file, and what was learned."""
    said = f"it could not be evaluated: {file.problem}"
    if file.evaluation is not None:
        said = file.evaluation.sentence
    return f"{shown(file.path)}: {said}", f"    {learned(file.record.denoiser)}"
