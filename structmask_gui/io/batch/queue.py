"""Many masks in a row: a queue that runs, is cancelled, retried and resumed.

One bad file never stops the others. Without Qt: the command line and the window drive it alike.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from structmask_gui.core.errors import (
    Cancelled,
    InputError,
    NoneUsable,
    ParameterError,
    StructMaskError,
)
from structmask_gui.core.progress import IsCancelled, Progress, Task
from structmask_gui.io.batch.engine import BatchEngine, Here
from structmask_gui.io.batch.files import Job, with_mark
from structmask_gui.io.batch.resume import (
    Fingerprint,
    fingerprint,
    finished,
    half_written,
    is_shared,
    named_before,
)
from structmask_gui.io.batch.status import (
    DenoisedStatus,
    JobState,
    JobStatus,
    done_with,
    skipped,
    skipped_for,
)
from structmask_gui.io.extract_files import ExtractionSettings, Input
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.paths import exists, shown
from structmask_gui.io.results.files import write_results

log = logging.getLogger(__name__)

SHOWN_EVERY = 0.1
"""Seconds between two steps of a job that are told."""

OnChange = Callable[[int, JobStatus], None]


class BatchQueue:
    """Jobs that are done one after the other, or several at once on other machines.

    `run` does the work in the thread that calls it, or waits there for the machines. All other
    methods may be called from any thread at any time.

    Parameters
    ----------
    jobs : sequence of Job
    settings : ExtractionSettings
        The same for all.
    reports : bool
        Write a report of each mask, too; it has the figures, and so has the record then.
    force : bool
        Replace existing results.
    resume : bool
        Keep results that an earlier run made of the same files with the same parameters.
    failures : mapping of str to (Fingerprint, str), optional
        What failed in an earlier run, by the path of the job: with `resume` it is not tried again
        unless file or settings changed; `structmask_gui.io.batch.summary.read_failures` gives it.
    engine : BatchEngine, optional
        Where the work is done; `structmask_gui.io.batch.cluster.Cluster` is one. Here by default.

    Attributes
    ----------
    planned : tuple of Job
        The jobs as they were given; `jobs` have the names that they found to have to use.
    preset : str
        What the settings are called in the summary; empty by default.
    on_change : callable or None
        Called as ``on_change(index, status)`` in a running thread, by one at a time, for every
        change of state and a few times a second while a job runs.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        settings: ExtractionSettings,
        *,
        reports: bool = False,
        force: bool = False,
        resume: bool = False,
        failures: Mapping[str, tuple[Fingerprint, str]] | None = None,
        engine: BatchEngine | None = None,
    ) -> None:
        self.settings = settings
        self.preset = ""
        self.reports, self.force, self.resume = reports, force, resume
        self.on_change: OnChange | None = None
        self._engine: BatchEngine = Here() if engine is None else engine
        self._failures = dict(failures or {})
        self.planned = tuple(jobs)
        self._jobs = list(jobs)
        self._statuses = [JobStatus() for _ in jobs]
        self._stopping: set[int] = set()
        self._lock = threading.RLock()
        self._telling = threading.RLock()
        self._shown_at = 0.0

    # --- what there is ------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs."""
        with self._lock:
            return tuple(self._jobs)

    @property
    def statuses(self) -> tuple[JobStatus, ...]:
        """The status of each job."""
        with self._lock:
            return tuple(self._statuses)

    def counts(self) -> Counter[JobState]:
        """Return how many jobs are in each state."""
        return Counter(status.state for status in self.statuses)

    @property
    def faulty(self) -> bool:
        """Whether a job failed, had to leave a file out, or has a mask that was not asked for."""
        return any(s.state is JobState.FAILED or s.left_out or s.unlike for s in self.statuses)

    def cancel(self, index: int | None = None) -> None:
        """Cancel a job, or all that are pending or running; a running one stops within 0.2 s."""
        changed = []
        with self._lock:
            for i in range(len(self._jobs)) if index is None else (index,):
                if self._statuses[i].state is JobState.PENDING:
                    self._statuses[i] = JobStatus(JobState.CANCELLED)
                    changed.append(i)
                elif self._statuses[i].state is JobState.RUNNING:
                    self._stopping.add(i)
        self._tell(changed)

    def retry(self, index: int | None = None) -> int:
        """Put a job, or all that failed, were skipped, cancelled or not denoised, back.

        Returns how many. What failed in an earlier run is then tried again as well. Call `run`
        afterwards, unless one is under way.
        """
        changed = []
        with self._lock:
            for i in range(len(self._jobs)) if index is None else (index,):
                if self._statuses[i].state in (
                    JobState.FAILED,
                    JobState.SKIPPED,
                    JobState.CANCELLED,
                ):
                    self._failures.pop(str(self._jobs[i].path), None)
                    self._stopping.discard(i)
                    self._statuses[i] = JobStatus()
                    changed.append(i)
                elif self._statuses[i].denoised.why_not:
                    self._statuses[i] = replace(self._statuses[i], denoised=DenoisedStatus())
                    changed.append(i)
        self._tell(changed)
        return len(changed)

    def set_denoised(self, index: int, denoised: DenoisedStatus) -> None:
        """Keep, and tell, how far the files of a job that has a mask are denoised, or why not."""
        with self._lock:
            self._statuses[index] = replace(self._statuses[index], denoised=denoised)
        self._tell([index])

    # --- the work -----------------------------------------------------------------------------

    def run(
        self, progress: Progress | None = None, cancelled: IsCancelled | None = None
    ) -> Counter[JobState]:
        """Do all pending jobs and count the states; progress is in thousandths of a job."""
        interrupted = threading.Event()
        asked = Task(progress, cancelled)
        task = Task(progress, lambda: asked.cancelled or interrupted.is_set())

        def work() -> None:
            while True:
                if task.cancelled:
                    self.cancel()
                if (index := self._next()) is None:
                    break
                self._run_one(index, task)

        try:
            if self._engine.at_once == 1:
                work()
            else:
                _in_threads(work, min(self._engine.at_once, len(self._jobs)))
        except BaseException:
            # Interrupted from the keyboard: the rest is not pending any more.
            interrupted.set()
            self.cancel()
            for i, status in enumerate(self.statuses):
                if status.state is JobState.RUNNING:
                    self._set(i, JobStatus(JobState.CANCELLED))
            raise
        return self.counts()

    def _next(self) -> int | None:
        with self._lock:
            pending = (i for i, s in enumerate(self._statuses) if s.state is JobState.PENDING)
            index = next(pending, None)
            if index is not None:
                self._statuses[index] = JobStatus(JobState.RUNNING)
        if index is not None:
            self._tell([index])
        return index

    def _set(self, index: int, status: JobStatus) -> None:
        with self._lock:
            self._statuses[index] = status
        self._tell([index])

    def _tell(self, indices: Sequence[int]) -> None:
        # Not under the lock: whoever is told may wait for another thread that asks for it.
        if self.on_change is not None:
            for index in indices:
                with self._telling:
                    self.on_change(index, self._statuses[index])

    def _run_one(self, index: int, task: Task) -> None:
        job = self._jobs[index]
        started = time.monotonic()
        ended = sum(s.state not in (JobState.PENDING, JobState.RUNNING) for s in self.statuses)
        part = task.part(ended, len(self._jobs))

        def stop() -> bool:
            with self._lock:
                return index in self._stopping or task.cancelled

        def show(done: int, total: int, what: str) -> None:
            part.report(done, total, f"{job.name}: {what}")
            now = time.monotonic()
            if now - self._shown_at >= SHOWN_EVERY:
                self._shown_at = now
                share = done / total if total else 0.0
                self._set(index, JobStatus(JobState.RUNNING, share, what))

        try:
            job = self._named(index)
            status = self._do(job, Task(show, stop))
        except Cancelled:
            status = JobStatus(JobState.CANCELLED)
        except StructMaskError as error:
            status = JobStatus(JobState.FAILED, error=str(error))
        except MemoryError:
            status = JobStatus(
                JobState.FAILED,
                error=f"{job.name} does not fit into memory; use fewer patches or smaller ones.",
            )
        except Exception as error:
            status = JobStatus(JobState.FAILED, error=bug_sentence(job, error))
        with self._lock:
            self._stopping.discard(index)
        seconds = time.monotonic() - started
        self._set(index, replace(status, seconds=seconds, files=len(job.inputs)))

    def _named(self, index: int) -> Job:
        """Return a job with the names that its files ask for, which have to be opened for that."""
        job = with_mark(self.planned[index])
        job = named_before(job) if self.resume else job
        with self._lock:
            self._jobs[index] = job
        return job

    def _do(self, job: Job, task: Task) -> JobStatus:
        earlier, state = None, fingerprint(job, self.settings)
        if self.resume:
            earlier = self._earlier(job, state, task)
            if earlier is not None and not self._lacks_report(job, earlier):
                return earlier
        elif not self.force and (taken := job.files.taken(report=self.reports)) is not None:
            # A report alone, or half a result, is no mask to be content with.
            return skipped_for(job, taken, unlike=not exists(job.files.found.npy))
        _check_writable(job)
        inputs = job.inputs
        left_out: tuple[str, ...] = ()
        try:
            if len(inputs) > 1:
                inputs, left_out = self._usable(job, inputs, task)
                if not inputs:
                    raise InputError(f"{job.name} has no file that can be used.")
            result = self._engine.extract(
                inputs,
                self.settings,
                task,
                job.files.npy.name if self.reports else None,
            )
        except (InputError, ParameterError) as error:
            left_out += error.left_out if isinstance(error, NoneUsable) else ()
            return JobStatus(JobState.FAILED, error=str(error), left_out=left_out, fault=state)
        if earlier is not None and result.report is not None:
            write_atomic(job.files.report, result.report)
            return replace(earlier, report=True)
        mask, record = result.mask, result.record
        force = self.force or (self.resume and half_written(job, record))
        if self.resume and not force and (taken := job.files.taken(report=self.reports)):
            return skipped_for(job, taken, unlike=True)
        write_results(mask, record, job.files, report=result.report, force=force)
        left_out += tuple(one.why for one in record.left_out)
        return replace(done_with(record), left_out=left_out, report=result.report is not None)

    def _usable(
        self, job: Job, inputs: Sequence[Input], task: Task, shape: tuple[int, int] | None = None
    ) -> tuple[tuple[Input, ...], tuple[str, ...]]:
        """Return the files of a group that can be used; measured one by one, any size will do."""
        if not is_shared(job, self.settings):
            return self._engine.usable(inputs, task, shape)
        found = [self._engine.usable((item,), task) for item in inputs]
        used = tuple(item for some, _ in found for item in some)
        return used, tuple(problem for _, problems in found for problem in problems)

    # --- resuming -----------------------------------------------------------------------------

    def _earlier(self, job: Job, state: Fingerprint, task: Task) -> JobStatus | None:
        """Return what an earlier run found, or None if the job has to be done."""
        failed = self._failures.get(str(job.path))
        if failed is not None and failed[0] == state:
            return JobStatus(JobState.FAILED, error=failed[1], kept=True, fault=state)
        if not exists(job.files.found.json):
            return None
        earlier = finished(job, self.settings)
        if earlier is not None:
            record, missing = earlier
            first = record.inputs[0]
            shape = first.shape[first.axes.index("Y")], first.shape[first.axes.index("X")]
            more, left_out = self._usable(job, missing, task, shape)
            if not more:
                there = exists(job.files.report)
                left_out += tuple(one.why for one in record.left_out)
                return replace(done_with(record), kept=True, left_out=left_out, report=there)
        if not self.force:
            why = f"its mask, {shown(job.files.found.json)}, is of other files or settings"
            return skipped(job, why, unlike=True)
        return None

    def _lacks_report(self, job: Job, earlier: JobStatus) -> bool:
        """Say whether an earlier run made the mask, but not the report that is wanted now."""
        return self.reports and earlier.state is JobState.DONE and not exists(job.files.report)


def bug_sentence(job: Job, error: Exception) -> str:
    """Say that a job failed by a bug, which is logged; the other files go on."""
    log.exception("%s", job.name)
    return (
        f"{job.name}: StructMask itself failed ({type(error).__name__}: {error});"
        " please report it with the file."
    )


def _in_threads(work: Callable[[], None], count: int) -> None:
    """Call a function in several threads and wait for them; raise what one of them raised."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            # In pieces, so that Ctrl+C is heard on every system.
            thread.join(0.2)
    if errors:
        raise errors[0]


def _check_writable(job: Job) -> None:
    """Refuse before the work what could not be kept after it."""
    folder = job.files.npy.parent
    while not exists(folder) and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise InputError(
            f"{shown(folder.absolute())}: you may not write there; give another --output-dir."
        )
