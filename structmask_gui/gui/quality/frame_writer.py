"""Frames of the open stack without a pattern, written off the GUI thread.

The files are opened anew for it: meanwhile others may be opened in the window.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames
from structmask_gui.gui.session.opening import check_unchanged
from structmask_gui.gui.session.worker import Job, Step

if TYPE_CHECKING:
    from structmask_gui.core.stack.frames import Frames, Lines
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import State


class Save(Protocol):
    """What writes all frames without something, as `io.corrected` does."""

    def __call__(self, frames: Frames, *, path: Path, force: bool, task: Task) -> Path:
        """Write the frames and return the file."""


class FrameWriter(QObject):
    """Writes the frames without the offsets of their lines, or without a fixed pattern."""

    written = Signal(object)  # the file that holds the frames
    said = Signal(str)  # how far it has come; empty when there is nothing to say

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("new frames", session.bug.emit, order="all")
        session.writers.add("the new frames", self._job)
        self._job.stepped.connect(self._on_step)
        session.quality.closing.connect(self.close)

    def write(self, path: Path, save: Save) -> None:
        """Write the frames, replacing an old file."""
        state = self._session.state
        if state.frames is None:
            return
        self.said.emit("Writing the new frames…")
        work = partial(_write, path, self._session.inputs, state, save)
        self._job.run(work, self._on_written, self._on_failed)

    def _on_step(self, step: Step) -> None:
        self.said.emit(f"Writing the new frames: {step.done} of {step.total}")

    def _on_written(self, path: Path) -> None:
        self._session.withdraw_error(self)
        self.said.emit(f"Saved {path.name}.")
        self.written.emit(path)

    def _on_failed(self, text: str) -> None:
        self.said.emit("")
        self._session.report_error(text, self)

    def close(self) -> None:
        """Stop the thread."""
        self._job.close()


def endless_lines(session: Session) -> Lines | None:
    """Return which lines no mask hides, by the figures of the mask or else by the verdict."""
    scores, extraction = session.quality.scores, session.state.extraction
    if scores is not None and scores.assessment.curve.spans:
        axis = scores.assessment.curve.axis
        if axis == "rows" or axis == "columns":
            return axis
    verdict = None if extraction is None else extraction.verdict
    return None if verdict is None else verdict.lines


def _write(path: Path, inputs: tuple[Path, ...], state: State, save: Save, task: Task) -> Path:
    from structmask_gui.io.files.atomic import check_no_input
    from structmask_gui.io.open import open_stack

    check_no_input(path, inputs)
    check_unchanged(state.signatures)
    with ExitStack() as files:
        stacks = [
            files.enter_context(
                open_stack(file, cancelled=lambda: task.cancelled, **state.open_choices)
            )
            for file in state.paths
        ]
        return save(ChosenFrames(stacks), path=path, force=True, task=task)
