"""Suggested masks, worked out when asked for, in a thread of its own that can be stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.core.quality.suggest import Suggestion
    from structmask_gui.gui.session.session import Session


class Suggesting(QObject):
    """The suggestion of one stack.

    Signals
    -------
    changed()
        `suggestion`, `error` or `busy` is another.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("suggest")
        self._lane.ended.connect(self._on_ended)
        self._ticket = 0
        self.suggestion: Suggestion | None = None
        self.error = ""

    @property
    def busy(self) -> bool:
        """Whether masks are being looked for."""
        return bool(self._ticket)

    def ask(self, basis: Basis) -> None:
        """Look for masks; `changed` follows."""

        def work(task: Task) -> Any:
            from structmask_gui.core.quality.suggest import suggest

            noise = basis.noise
            return suggest(
                noise,
                basis.image.values,
                basis.radius,
                pixels=noise.pixels,
                still=basis.still,
                task=task,
            )

        self.error = ""
        self._ticket = self._lane.submit(work)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop looking."""
        if self._ticket:
            self._ticket = 0
            self._lane.cancel()
            self.changed.emit()

    def forget(self) -> None:
        """Drop what is known: it is of another stack."""
        self._lane.cancel()
        known = self.busy or self.error or self.suggestion is not None
        self._ticket, self.error, self.suggestion = 0, "", None
        if known:
            self.changed.emit()

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        self._ticket = 0
        if outcome.kind == "done":
            self.suggestion = outcome.result
        elif outcome.kind == "error":
            self.error = outcome.text
        elif outcome.kind == "bug":
            self.error = "Something went wrong inside StructMask; the report says what."
            self._session.bug.emit(outcome.text)
        self.changed.emit()

    def close(self) -> None:
        """Stop the thread."""
        self._lane.close()
