"""How far the jobs of a batch have come, and what is known of each at its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.verdict.certainty import Certainty, certainty_of
from structmask_gui.io.batch.files import Job
from structmask_gui.io.batch.resume import holding
from structmask_gui.io.files.paths import shown
from structmask_gui.io.results.record import Record


class JobState(StrEnum):
    """Where a job is."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobStatus:
    """How far a job has come.

    Attributes
    ----------
    state : JobState
    progress : float
        0 to 1 while it runs.
    what : str
        What it does at the moment.
    sentence : str
        The result in words.
    certainty : str
        How far it can be relied on, as `core.verdict.certainty.certainty_of` says; empty of
        the published method, which does not judge.
    notes : tuple of str
        What to know beside it.
    error : str
        Why it failed, or was skipped.
    left_out : tuple of str
        A sentence for each file of a group that could not be used.
    mask : Mask or None
        The result; of a job that was skipped, what is known of the mask it has.
    patches, frames : int
        What it was measured in.
    quality : dict or None
        Its figures, as in the record.
    seconds : float
        How long it took.
    kept : bool
        Nothing was done, because an earlier run had done it already.
    report : bool
        There is a report of it.
    input_fault : bool
        It failed because of what its files hold, and would fail again.
    unlike : bool
        It was skipped although its mask is not the one that is asked for.
    """

    state: JobState = JobState.PENDING
    progress: float = 0.0
    what: str = ""
    sentence: str = ""
    certainty: Certainty | Literal[""] = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    left_out: tuple[str, ...] = ()
    mask: Mask | None = None
    patches: int = 0
    frames: int = 0
    quality: dict[str, Any] | None = None
    seconds: float = 0.0
    kept: bool = False
    report: bool = False
    input_fault: bool = False
    unlike: bool = False

    @property
    def needs_a_look(self) -> bool:
        """Whether there is a mask that a person should not take without reading the notes."""
        return self.state is JobState.DONE and self.certainty not in ("", "sure")


def skipped_for(job: Job, path: Path, *, unlike: bool = False) -> JobStatus:
    """Return the status of a job that is left as it is because a file of its result exists."""
    what = "a report" if path == job.files.report else "a mask"
    return skipped(job, f"has {what} already, {shown(path)}", unlike=unlike)


def skipped(job: Job, why: str, *, unlike: bool = False) -> JobStatus:
    """Return the status of a job that is left as it is, with what is known of its mask."""
    record = holding(job)
    known = JobStatus() if record is None else done_with(record)
    return replace(
        known,
        state=JobState.SKIPPED,
        error=f"{job.name}: skipped: {why}; use --force to replace it, or another --output-dir.",
        report=job.files.report.exists(),
        unlike=unlike,
    )


def done_with(record: Record) -> JobStatus:
    """Return the status of a job whose mask has this record."""
    return JobStatus(
        JobState.DONE,
        progress=1.0,
        sentence=record.sentence,
        certainty="" if record.verdict is None else certainty_of(record.verdict),
        notes=tuple(record.notes),
        mask=record.as_mask(),
        patches=record.patches.used if record.patches else 0,
        frames=record.n_frames,
        quality=record.quality,
    )
