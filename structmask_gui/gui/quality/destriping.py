"""Destriped frames of the open stack, written off the GUI thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.opening import check_unchanged
from structmask_gui.gui.session.worker import Job, Step

if TYPE_CHECKING:
    from structmask_gui.core.stack.frames import Lines
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import State


class Destriping(QObject):
    """Writes the frames without the offsets of their rows or columns."""

    written = Signal(object)  # the file that holds the frames
    said = Signal(str)  # how far it has come; empty when there is nothing to say

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("destripe", session.bug.emit, order="all")
        session.writers.add("the destriped frames", self._job)
        self._job.stepped.connect(self._on_step)
        session.stack_changed.connect(self._on_stack)
        session.quality.closing.connect(self.close)

    def proposed(self) -> Path | None:
        """Return where the frames go: beside the open file, or at home if that cannot be."""
        from structmask_gui.io.results.destriped import destriped_path

        state = self._session.state
        if not state.paths:
            return None
        return destriped_path(state.paths[0], beside(state.paths), state.channel_mark)

    def save(self, path: Path, lines: Lines) -> None:
        """Write the frames, replacing an old file."""
        state = self._session.state
        if state.frames is None:
            return
        self.said.emit("Writing destriped frames…")
        work = partial(_write, path, self._session.inputs, state, lines)
        self._job.run(work, self._on_written, self._on_failed)

    def _on_step(self, step: Step) -> None:
        self.said.emit(f"Writing destriped frames: {step.done} of {step.total}")

    def _on_written(self, path: Path) -> None:
        self._session.withdraw_error(self)
        self.said.emit(f"Written: {path.name}.")
        self.written.emit(path)

    def _on_failed(self, text: str) -> None:
        self.said.emit("")
        self._session.report_error(text, self)

    def _on_stack(self) -> None:
        # The files it reads are about to be closed.
        self._job.cancel()
        self.said.emit("")

    def close(self) -> None:
        """Stop the thread."""
        self._job.close()


def _write(path: Path, inputs: tuple[Path, ...], state: State, lines: Lines, task: Task) -> Path:
    from structmask_gui.io.files.atomic import check_no_input
    from structmask_gui.io.results.destriped import save_destriped

    check_no_input(path, inputs)
    check_unchanged(state.signatures)
    assert state.frames is not None
    return save_destriped(state.frames, lines, path, force=True, task=task)
