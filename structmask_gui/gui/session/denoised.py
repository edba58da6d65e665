"""The denoised output of a network, evaluated against the open stack and the present mask."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames
from structmask_gui.gui.session.opening import check_unchanged
from structmask_gui.gui.session.worker import Job, Step

if TYPE_CHECKING:
    from structmask_gui.core.denoised.evaluate import Evaluation
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.gui.session.opening import Source
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import State
    from structmask_gui.io.stack.image_stack import ImageStack


Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A raw frame and its output."""


class Evaluated(NamedTuple):
    """What is known of a denoised stack."""

    path: Path
    mask: Mask
    evaluation: Evaluation
    assumed: str
    """A sentence on what was assumed of its axes."""


class DenoisedStack(QObject):
    """Evaluates a denoised stack off the GUI thread."""

    changed = Signal()  # `shown`, `path` or `working` is another
    stepped = Signal(int, int)  # done, total
    looked = Signal()  # `pair` is another

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("denoised", session.bug.emit)
        self._job.stepped.connect(self._on_step)
        self.order = ""
        """Order of the file's frames; see `structmask_gui.core.denoised.order`."""
        self.path: Path | None = None
        """The file that was asked for last."""
        self._known: Evaluated | None = None
        self.pair: Pair | None = None
        """The raw frame on display and its output; None before they were read."""
        self._reading = Job("denoised frame", session.bug.emit)
        self._beside: tuple[Path, Path] | None = None
        """What is judged once its raw stack is measured, and that raw stack."""
        session.frame_changed.connect(self._look)
        session.stack_changed.connect(self._on_stack)
        # Queued, for all else to follow first.
        session.extraction_changed.connect(self._on_extraction, Qt.ConnectionType.QueuedConnection)
        session.failed.connect(self._on_session_failed)
        session.quality.closing.connect(self.close)

    @property
    def working(self) -> bool:
        """Whether an evaluation is under way."""
        return self._job.pending

    @property
    def shown(self) -> Evaluated | None:
        """The evaluation of `path`; None while another is under way."""
        return None if self.working else self._known

    @property
    def evaluation(self) -> Evaluation | None:
        """What `shown` says."""
        return None if self.shown is None else self.shown.evaluation

    def open(self, path: str | Path) -> None:
        """Evaluate the denoised stack of a file."""
        self.path = Path(path)
        self.evaluate()

    def open_beside(self, path: Path, raw: Source) -> None:
        """Open the raw stack, and evaluate the denoised one once that is measured."""
        self._beside = path, raw.path
        self._session.open(raw.path, part=raw.part, **raw.choices)

    def evaluate(self) -> None:
        """Compare the denoised stack with the open one, for the present mask."""
        state, path, mask = self._session.state, self.path, self._session.state.mask
        if path is None or mask is None or state.extraction is None or state.asked is None:
            return
        # The basis of "What the mask will do", so that both say the same of a mask.
        work = partial(_evaluate, path, self.order, mask, state, self._session.quality.basis)
        self._job.run(work, self._on_evaluated, self._on_failed)
        self.changed.emit()

    def _on_step(self, step: Step) -> None:
        self.stepped.emit(step.done, step.total)

    def _on_evaluated(self, made: Evaluated) -> None:
        self._known = made
        self._session.withdraw_error(self)
        self.changed.emit()
        self._look()

    def _look(self, _frame: int = 0) -> None:
        """Read the frame on display of both files."""
        shown, state = self.shown, self._session.state
        if shown is None:
            return
        axes = state.open_choices.get("axes")
        work = partial(_read, shown.path, state.stacks, state.frame, axes, self.order)
        self._reading.run(work, self._on_read, self._on_not_read)

    def _on_read(self, pair: Pair) -> None:
        self.pair = pair
        self._session.withdraw_error(self._reading)
        self.looked.emit()

    def _on_not_read(self, text: str) -> None:
        self.pair = None  # that of another frame
        self._session.report_error(text, self._reading)
        self.looked.emit()

    def _on_failed(self, text: str) -> None:
        self._session.report_error(text, self)
        # What was said of another file would stand below the name of this one.
        self._known = self.pair = None
        self.changed.emit()

    def _on_stack(self) -> None:
        # The raw frames it reads are about to be closed.
        self._job.cancel()
        self._reading.cancel()
        self.path = self._known = self.pair = None
        self.order = ""
        if self._beside is not None and self._session.state.paths != self._beside[1:]:
            self._beside = None
        self.changed.emit()

    def _on_session_failed(self, text: str) -> None:
        if text == self._session.state.failed_open:
            self._beside = None

    def _on_extraction(self, extraction: object) -> None:
        state = self._session.state
        if self._beside is None or extraction is None or state.stale:
            return
        path, raw = self._beside
        if state.paths == (raw,):  # and not what stays open until that is
            self._beside = None
            self.open(path)

    def close(self) -> None:
        """Stop the threads."""
        self._job.close()
        self._reading.close()


def _read(
    path: Path,
    stacks: tuple[ImageStack, ...],
    frame: int,
    axes: str | None,
    order: str,
    _task: Task,
) -> Pair:
    from structmask_gui.io.denoised import read_pair

    return read_pair(path, stacks, frame, axes=axes, order=order)


def _evaluate(
    path: Path, order: str, mask: Mask, state: State, known: Basis | None, task: Task
) -> Evaluated:
    from structmask_gui.core.quality.basis import extraction_basis
    from structmask_gui.io.denoise_files import flags_of, trusted_as_told
    from structmask_gui.io.denoised import evaluate_file

    def measure() -> Basis:
        assert state.extraction is not None
        assert state.asked is not None
        frames = ChosenFrames(state.stacks, state.asked.frame_range)
        found = known or extraction_basis(state.extraction, frames, task=task)
        return trusted_as_told(found, flags_of(frames, state.extraction, task))

    check_unchanged(state.signatures)
    axes = state.open_choices.get("axes")
    judged = evaluate_file(path, state.stacks, mask, measure, axes=axes, order=order, task=task)
    return Evaluated(path, mask, judged.outcome, judged.assumed)
