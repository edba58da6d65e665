"""Work off the GUI thread: a `Job` for one kind of work, with callbacks in the GUI thread.

Under it lies a `Lane`, a `QThread` without a parent that does one job at a time; whatever the work
raises ends up as an `Outcome`, never as a lost exception.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from PySide6.QtCore import QObject, QThread, Signal

from structmask_gui.core.errors import Cancelled, StructMaskError
from structmask_gui.core.progress import Task

log = logging.getLogger(__name__)

Work = Callable[[Task], Any]

BUG = "Something went wrong inside StructMask; the report says what."

Order = Literal["latest", "next", "all"]
"""Whether a request cancels the one under way, waits for its end in place of others that wait, or
all requests are done in turn."""

_Result = TypeVar("_Result")
_Request = tuple[Work, Callable[[Any], None], Callable[[str], None]]

_REPORT_EVERY = 0.05
"""Seconds between two progress reports; more would only load the event loop."""

_STACK = 8 * 2**20
"""Bytes of stack: threads on macOS have 512 KB, which OpenBLAS overruns."""

_FINISH_WITHIN = 10.0
"""Seconds that jobs under way are given to end when their lane closes."""

_now = time.monotonic

_running: set[Lane] = set()
"""Lanes that were started and not closed. Destroying a running QThread aborts the process, so none
is let go before it has stopped, whatever becomes of its owner."""


@dataclass(frozen=True)
class Step:
    """How far a job has come."""

    ticket: int
    done: int
    total: int
    what: str
    remaining: float
    """Seconds still needed, or a negative number while that is not known."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    ticket: int
    kind: Literal["done", "error", "bug", "cancelled"]
    """"error" is the input's fault and has a sentence, "bug" is ours and has a traceback."""
    result: Any = None
    text: str = ""
    error: StructMaskError | None = None
    """What the text says of the input, where more is known than the text."""


@dataclass(frozen=True)
class _Job:
    ticket: int
    work: Work
    stop: threading.Event


class Lane(QThread):
    """One thread, one job at a time, the newest request wins unless all are kept."""

    stepped = Signal(object)  # Step
    ended = Signal(object)  # Outcome, one for each job that was begun

    def __init__(self, name: str, *, keep_all: bool = False) -> None:
        super().__init__()
        self._keep_all = keep_all
        self.setObjectName(f"structmask-{name}")
        self.setStackSize(_STACK)
        self._wake = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._current: _Job | None = None
        self._closing = False
        self._tickets = 0

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waits."""
        with self._wake:
            return self._current is not None or bool(self._waiting)

    def submit(self, work: Work) -> int:
        """Take a job, cancelling the one under way unless all are kept, and return its ticket.

        The thread is started by the first job, so that lanes nobody uses cost nothing.
        """
        with self._wake:
            self._tickets += 1
            job = _Job(self._tickets, work, threading.Event())
            if not self._keep_all:
                self._drop()
            self._waiting.append(job)
            self._wake.notify()
        if not self.isRunning() and not self._closing:
            _running.add(self)
            self.start()
        return job.ticket

    def cancel(self) -> None:
        """Stop the job under way and forget those that wait."""
        with self._wake:
            self._drop()

    def finish(self) -> bool:
        """Let all jobs end, then close; False when one did not within `_FINISH_WITHIN` seconds."""
        deadline = time.monotonic() + _FINISH_WITHIN
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.close()

    def _drop(self) -> None:
        self._waiting.clear()
        if self._current is not None:
            self._current.stop.set()

    def close(self, timeout: float = 5.0) -> bool:
        """Stop the thread and wait for it; call it before the lane is let go.

        False when it did not stop within ``timeout`` seconds, as when a disk does not answer; the
        lane is then kept alive until the process ends.
        """
        with self._wake:
            self._closing = True
            self._drop()
            self._wake.notify()
        self.requestInterruption()
        self.quit()
        stopped = self.wait(int(timeout * 1000))
        if stopped:
            _running.discard(self)
        else:
            log.warning("%s did not stop within %g s", self.objectName(), timeout)
        return stopped

    def run(self) -> None:
        """Do jobs until closed; runs in the thread itself."""
        threading.current_thread().name = self.objectName()
        while True:
            with self._wake:
                self._current = None
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                self._current = job = self._waiting.popleft()
            outcome = self._do(job)
            with self._wake:
                self._current = None
                closing = self._closing
            if not closing:
                self.ended.emit(outcome)
            # The result must not live on in this frame while the thread waits for the next job.
            del outcome, job

    def _do(self, job: _Job) -> Outcome:
        try:
            result = job.work(Task(_Reporter(self, job), job.stop.is_set))
        except Cancelled:
            return Outcome(job.ticket, "cancelled")
        except StructMaskError as error:
            return Outcome(job.ticket, "error", text=str(error), error=error)
        except OSError as error:
            log.warning("input/output error in %s", self.objectName(), exc_info=True)
            return Outcome(job.ticket, "error", text=sentence_of(error))
        except MemoryError:
            log.warning("out of memory in %s", self.objectName(), exc_info=True)
            return Outcome(
                job.ticket,
                "error",
                text="There is not enough memory for this; choose an ROI or fewer frames.",
            )
        except BaseException:
            report = traceback.format_exc()
            if job.stop.is_set():
                # What it was reading may have been closed under it.
                log.debug("stopped job in %s:\n%s", self.objectName(), report)
                return Outcome(job.ticket, "cancelled")
            log.error("bug in %s\n%s", self.objectName(), report)
            return Outcome(job.ticket, "bug", text=report)
        # Even of a job that was stopped too late: the receiver may have to close what it holds.
        return Outcome(job.ticket, "done", result)


class _Reporter:
    """Progress callback of one job: throttled, with the remaining time."""

    def __init__(self, lane: Lane, job: _Job) -> None:
        self._lane = lane
        self._job = job
        self._what = ""
        self._begun = self._last = 0.0
        self._first = self._done = self._total = 0

    def __call__(self, done: int, total: int, what: str) -> None:
        now = _now()
        if what != self._what:
            self._what, self._last = what, 0.0
        if total != self._total or done < self._done:
            # Another count; it may begin in the middle, as where a pause left off.
            self._total, self._begun, self._first = total, now, done
        self._done = done
        if self._job.stop.is_set() or now - self._last < _REPORT_EVERY:
            return
        self._last = now
        elapsed, worked = now - self._begun, done - self._first
        known = worked > 0 and elapsed > 0.3 and done < total  # the end may take longer
        remaining = elapsed / worked * (total - done) if known else -1.0
        self._lane.stepped.emit(Step(self._job.ticket, done, total, what, remaining))


def _ignore(_answer: object) -> None:
    pass


class Job(QObject):
    """Runs work in a thread of its own and calls back; a cancelled request is not answered.

    Parameters
    ----------
    name : str
        Name of the thread.
    bug : callable
        Takes the traceback of an error of the program.
    unwanted : callable, optional
        Takes results that nobody waits for any more, to close what they hold.
    """

    stepped = Signal(object)  # Step of a request that is waited for
    ended = Signal(str)  # such a request: the sentence of its error, or nothing

    def __init__(
        self,
        name: str,
        bug: Callable[[str], None],
        *,
        order: Order = "latest",
        unwanted: Callable[[Any], None] = _ignore,
    ) -> None:
        super().__init__()
        self._bug, self._order, self._unwanted = bug, order, unwanted
        self._lane = Lane(name, keep_all=order == "all")
        self._lane.stepped.connect(self._on_step)
        self._lane.ended.connect(self._on_ended)
        self._asked: dict[int, _Request] = {}
        self._next: _Request | None = None
        self.error: StructMaskError | None = None
        """What the request that ended last failed with, if that was the input's fault."""

    @property
    def pending(self) -> bool:
        """Whether a request waits for its answer."""
        return bool(self._asked)

    @property
    def busy(self) -> bool:
        """Whether the thread works, were it for a cancelled request, or an answer is due."""
        return self.pending or self._lane.busy

    def run(
        self,
        work: Callable[[Task], _Result],
        done: Callable[[_Result], None] = _ignore,
        failed: Callable[[str], None] = _ignore,
    ) -> None:
        """Have work done; ``done`` gets its result, or ``failed`` the sentence of its error."""
        request = work, done, failed
        if self._order == "next" and self._asked:
            self._next = request
            return
        # What still waits is older, if this was asked for while a result was handed over.
        self._next = None
        if self._order == "latest":
            self._asked.clear()
        self._asked[self._lane.submit(work)] = request

    def cancel(self) -> None:
        """Stop what is under way and forget what waits."""
        self._asked.clear()
        self._next = None
        self._lane.cancel()

    def finish(self) -> bool:
        """Let all work end, then close; for work that must not be lost, as writing a file."""
        return self._lane.finish()

    def close(self) -> bool:
        """Stop the thread and wait for it; False if it did not stop in time."""
        self.cancel()
        return self._lane.close()

    def _on_step(self, step: Step) -> None:
        if step.ticket in self._asked:
            self.stepped.emit(step)

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.kind == "bug":
            self._bug(outcome.text)
        request = self._asked.pop(outcome.ticket, None)
        if request is None:
            if outcome.kind == "done":
                self._unwanted(outcome.result)
            return
        _, done, failed = request
        self.error = outcome.error
        text = BUG if outcome.kind == "bug" else outcome.text
        if outcome.kind == "done":
            done(outcome.result)
        elif outcome.kind != "cancelled":
            failed(text)
        self.ended.emit(text)
        if self._next is not None and not self._asked:
            following, self._next = self._next, None
            self.run(*following)


class Writers(QObject):
    """The jobs that write files: the window is not closed before they are done."""

    ended = Signal(str)  # one is done: the sentence of its error, or nothing

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[tuple[str, Job]] = []

    def add(self, what: str, job: Job) -> None:
        """Take in a job that writes ``what``, as in "the report"."""
        self._jobs.append((what, job))
        job.ended.connect(self.ended)

    @property
    def writing(self) -> str:
        """What is being written; empty if nothing is."""
        return " and ".join(what for what, job in self._jobs if job.pending)

    def cancel(self) -> None:
        """Stop what is being written; a file that is not complete is as it was before."""
        for _, job in self._jobs:
            job.cancel()


def sentence_of(error: OSError) -> str:
    """Say an operating system error in a sentence with the file's name.

    Examples
    --------
    >>> sentence_of(FileNotFoundError(2, "No such file or directory", "/data/a.tif"))
    '/data/a.tif: No such file or directory.'
    """
    reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def abandoned() -> bool:
    """Tell whether a lane could not be stopped and still runs."""
    return any(lane.isRunning() for lane in _running)


@atexit.register
def _close_all() -> None:
    """Stop what a program that just ends left running, before Python takes the threads apart."""
    for lane in list(_running):
        lane.close(timeout=2.0)
