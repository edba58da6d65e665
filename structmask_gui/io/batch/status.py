"""Progress and result of each job of a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.verdict.certainty import Certainty, certainty_of, sign_of
from structmask_gui.io.batch.files import Job
from structmask_gui.io.batch.resume import Fingerprint, holding, of_others
from structmask_gui.io.files.paths import exists, shown
from structmask_gui.io.results.record import AnswerRecord, FitRecord, Record
from structmask_gui.io.stack.axes import asks_for_axes


class JobState(StrEnum):
    """State of a job."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class DenoisedStatus:
    """Progress and result of denoising the files of a job."""

    running: bool = False
    progress: float = 0.0  # 0 to 1 while it runs
    what: str = ""
    files: tuple[Path, ...] = ()
    lines: tuple[str, ...] = ()  # what is said of them
    why_not: str = ""  # why there are none
    seconds: float = 0.0
    doubtful: bool = False  # whether the verdict on a file must be read before it is used

    @property
    def ended(self) -> bool:
        """Whether there are denoised files, or a reason why not."""
        return bool(self.files or self.why_not)

    @property
    def needs_a_look(self) -> bool:
        """Whether there are none, or the verdict on them must be read."""
        return bool(self.why_not) or self.doubtful


@dataclass(frozen=True)
class JobStatus:
    """Progress and result of a job."""

    state: JobState = JobState.PENDING
    progress: float = 0.0  # 0 to 1 while it runs
    what: str = ""
    sentence: str = ""
    # Of the statistics, as `core.verdict.certainty.certainty_of` says; empty of the published
    # method, which gives no verdict. What is said of the mask is the answer's: `sure` and `sign`.
    certainty: Certainty | Literal[""] = ""
    answer: AnswerRecord | None = None  # None in records of before
    called: str = ""  # its one file, with the channel that was measured if that has several
    notes: tuple[str, ...] = ()
    error: str = ""  # why it failed, or was skipped
    left_out: tuple[str, ...] = ()  # a sentence for each file of a group that could not be used
    files: int = 0  # how many there are in the group
    # The result; of a job that was skipped, what is known of the mask it has.
    mask: Mask | None = None
    patches: int = 0
    frames: int = 0
    quality: dict[str, Any] | None = None
    fits: tuple[FitRecord, ...] = ()  # of a mask that files share: how it fits each
    seconds: float = 0.0
    doubt: str = ""  # why the answer does not support the mask that was asked for
    kept: bool = False  # nothing was done, because an earlier run had done it already
    report: bool = False
    # The files and settings with which it failed and would fail again; None where they are not at
    # fault. Taken before the work, for they may be changed while others are measured.
    fault: Fingerprint | None = None
    denoised: DenoisedStatus = DenoisedStatus()  # where that was asked for
    unlike: bool = False  # it was skipped although its mask is not the one that is asked for

    @property
    def sure(self) -> str:
        """How sure the answer is, in a word."""
        return self.certainty if self.answer is None else self.answer.told

    @property
    def sign(self) -> Certainty | Literal[""]:
        """The sign of the answer, as in the window."""
        sign = self.certainty
        if self.answer is not None:
            sign = sign_of(self.answer.certainty, self.answer.actions)
        return "attention" if sign == "sure" and self.left_out else sign

    @property
    def asked(self) -> tuple[str, ...]:
        """The notes on how the file was read that only the user can answer."""
        return tuple(filter(asks_for_axes, self.notes))

    @property
    def used(self) -> str:
        """How many of its files the mask is made of, where some were left out."""
        if self.state is not JobState.DONE or not self.left_out:
            return ""
        return f"{self.files - len(self.left_out)} of {counted(self.files, 'file')}"

    @property
    def to_denoise(self) -> bool:
        """Whether its files can be denoised, and were not."""
        # A mask that was not asked for is said to be one already.
        has_mask = self.state in (JobState.DONE, JobState.SKIPPED) and not self.unlike
        return has_mask and not self.denoised.ended

    @property
    def retriable(self) -> bool:
        """Whether it failed, was cancelled or not denoised, so that it may be tried again."""
        failed = self.state in (JobState.FAILED, JobState.CANCELLED)
        return failed or bool(self.denoised.why_not)

    @property
    def mask_kept(self) -> bool:
        """Whether it has a mask that was there before."""
        return self.kept or self.state is JobState.SKIPPED

    @property
    def needs_a_look(self) -> bool:
        """Whether the notes must be read before the mask is used."""
        doubted = bool(self.doubt) or self.sign not in ("", "sure")
        return self.state is JobState.DONE and doubted


def skipped_for(job: Job, path: Path, *, unlike: bool = False) -> JobStatus:
    """Return the status of a job that is left as it is because a file of its result exists."""
    if others := of_others(job):
        return skipped(job, f"{shown(path)} is there, of {others}", unlike=True)
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
        report=exists(job.files.report),
        unlike=unlike,
    )


def _certainty(record: Record) -> Certainty | Literal[""]:
    """Return how far a mask can be relied on; of a shared one by its answer."""
    if record.fits and record.answer is not None:
        return sign_of(record.answer.certainty, record.answer.actions)
    return "" if record.verdict is None else certainty_of(record.verdict)


def done_with(record: Record) -> JobStatus:
    """Return the status of a job whose mask has this record."""
    return JobStatus(
        JobState.DONE,
        progress=1.0,
        sentence=record.sentence,
        certainty=_certainty(record),
        answer=record.answer,
        called=record.inputs[0].called if len(record.inputs) == 1 else "",
        notes=tuple(note for note in (record.doubt, *record.notes) if note),
        doubt=record.doubt,
        mask=record.as_mask(),
        patches=record.patches.used if record.patches else 0,
        frames=record.n_frames,
        quality=record.quality,
        fits=tuple(record.fits),
    )
