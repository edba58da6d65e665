"""The work of the window for many files, in its thread: masks, denoising, or a check."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.batch.table import in_window
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job, Step
from structmask_gui.gui.widgets.wording import spoken

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.io.batch.denoise import BatchDenoiser
    from structmask_gui.io.batch.queue import BatchQueue
    from structmask_gui.io.batch.status import JobStatus
    from structmask_gui.io.extract_files import ExtractionSettings, Input


class BatchRun(QObject):
    """Does the jobs of a queue, then denoises their files if that is asked for; or checks files."""

    changed = Signal()  # it began or ended
    said = Signal(str)  # how far it is, or what came of it
    went = Signal(int, int)  # how many are done, and of how many; 0 if that is not known
    job_changed = Signal(int, object)  # a job's number and its `JobStatus`, from the working thread
    checked = Signal(int, object)  # a row and what the check says of it, from the working thread

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.queue: BatchQueue | None = None
        self.place = Path()  # where the summary of what was started goes
        self.summarised = False
        self._denoiser: BatchDenoiser | None = None
        self._ended = 0, 0.0  # how many jobs, and when the last did
        self.job = Job("batch", session.bug.emit, order="all")
        self.job.stepped.connect(self._on_step)

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.job.pending

    @property
    def so_far(self) -> str:
        """How far it is, in words."""
        return "checking my mask" if self.queue is None else self._so_far(self.queue)[2]

    def plan(self, queue: BatchQueue | None) -> None:
        """Hold what may be started, in place of what was done."""
        self.queue, self._denoiser, self.summarised = queue, None, False

    def start(self, queue: BatchQueue, denoiser: BatchDenoiser | None, place: Path) -> None:
        """Do the jobs of a queue, and write its summary."""
        self.plan(queue)
        self._denoiser, self.place = denoiser, place
        queue.on_change = self._tell
        self._go()

    def check(self, mask: Mask, inputs: Sequence[Input], settings: ExtractionSettings) -> None:
        """Say of each file whether a mask fits it; nothing is written."""
        self.queue, self._denoiser = None, None  # the summary that was written stays

        def work(task: Task) -> Any:
            from structmask_gui.io.one_mask import check_files, counts

            fits = []
            for row, one in enumerate(check_files(mask, inputs, settings, task)):
                self.checked.emit(row, one)
                if one.fit is not None:
                    fits.append(one.fit)
            return f"The mask of the main window: {counts(fits)}." if fits else ""

        self.job.run(work, self._on_ended, self._on_ended)
        self.said.emit("Checking the mask of the main window; nothing is written.")
        self.changed.emit()

    def cancel(self, rows: Sequence[int] = ()) -> None:
        """Cancel some jobs, or all; or the check. What is finished is kept."""
        if self.queue is None:
            if self.running:
                self.job.cancel()
                self._on_ended("The check was cancelled.")
            return
        for one in (self.queue, self._denoiser):
            for row in rows or (None,):
                if one is not None:
                    one.cancel(row)

    def retry(self, rows: Sequence[int] = ()) -> None:
        """Try again what failed, was cancelled or not denoised: some jobs, or all."""
        if self.queue is None:
            return
        if self._denoiser is not None:
            self._denoiser.retry()
        again = sum(self.queue.retry(row) for row in rows or (None,))
        if again and not self.running:
            self._go()

    def stop(self) -> None:
        """Stop the thread: what runs is cancelled, its summary written."""
        if self.queue is None:
            self.job.cancel()
        else:
            self.cancel()
        self.job.finish()

    def _go(self) -> None:
        queue, denoiser, place = self.queue, self._denoiser, self.place
        assert queue is not None
        self._ended = 0, time.monotonic()

        def work(task: Task) -> None:
            from structmask_gui.io.batch.summary import write_summary

            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                queue.run(task.report, lambda: task.cancelled)
                if denoiser is not None:
                    write_summary(queue, place, in_window)
                    denoiser.run(task)
            finally:
                write_summary(queue, place, in_window)

        self.job.run(work, self._on_done, self._on_ended)
        self.said.emit("")
        self.changed.emit()

    def _tell(self, index: int, status: JobStatus) -> None:
        """Hand a change over to the GUI thread; called in the one that works."""
        self.job_changed.emit(index, status)

    # --- how far it is ------------------------------------------------------------------------

    def _on_step(self, step: Step) -> None:
        if self.queue is None:
            self.went.emit(step.done, max(step.total, 1))
        elif self.running:
            done, total, words = self._so_far(self.queue)
            # Of the parts of a file none says how long the others take: only whole files count.
            self.went.emit(done, total if total > 1 else 0)
            self.said.emit(words)

    def _so_far(self, queue: BatchQueue) -> tuple[int, int, str]:
        """Return how many jobs are done, of how many, and the words for it."""
        jobs, statuses = queue.jobs, queue.statuses
        total, name = len(statuses), ""
        done = sum(s.state not in ("pending", "running") for s in statuses)
        took = [s.seconds for s in statuses if s.state == "done" and not s.kept]
        if self._denoiser is not None and done == total:
            denoised = [s.denoised for s in statuses if s.to_denoise or s.denoised.ended]
            total, done = len(denoised), sum(one.ended for one in denoised)
            # Those that were there took no time.
            took = [one.seconds for one in denoised if len(one.lines) > 1]
            name = next(
                (j.name for j, s in zip(jobs, statuses, strict=True) if s.denoised.running), ""
            )
        if done != self._ended[0]:
            self._ended = done, time.monotonic()
        left = seconds_left(took, total - done, time.monotonic() - self._ended[1])
        words = f"{done} of {total} done"
        words += "" if left is None else f", {spoken(left)} left"
        return done, total, f"Denoising {name}: {words}" if name else words

    # --- the end ------------------------------------------------------------------------------

    def _on_done(self, _nothing: object) -> None:
        from structmask_gui.io.batch.summary import counts_sentence

        queue, denoiser = self.queue, self._denoiser
        assert queue is not None
        waits = any(status.state == "pending" for status in queue.statuses)
        if waits or (denoiser is not None and denoiser.next() is not None):
            self._go()  # put back while the summary was being written
            return
        fits = "" if denoiser is None else denoiser.not_comparable
        self.summarised = True
        words = (counts_sentence(queue), fits, f"Summary: {self.place}")
        self._on_ended(" ".join(filter(None, words)))

    def _on_ended(self, text: str) -> None:
        self.said.emit(text)
        self.changed.emit()


def seconds_left(took: Sequence[float], waiting: int, since: float) -> float | None:
    """Return how long the files that wait will take, as long as those before; None if unknown.

    ``since``: seconds since the last file was done.
    """
    left = sum(took) / len(took) * waiting - since if took else 0.0
    return left if left > 0 else None
