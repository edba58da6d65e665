"""Progress and cancellation of long work, without Qt."""

from __future__ import annotations

from collections.abc import Callable

from structmask_gui.core.errors import Cancelled

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, what)``; ``done`` runs from 0 to ``total``."""

IsCancelled = Callable[[], bool]
"""Asked several times a second; True stops the work with `Cancelled`."""

_PARTS = 1000


class Task:
    """Progress and cancellation of one piece of work."""

    __slots__ = ("_is_cancelled", "_progress")

    def __init__(
        self, progress: Progress | None = None, cancelled: IsCancelled | None = None
    ) -> None:
        self._progress, self._is_cancelled = progress, cancelled

    def report(self, done: int, total: int, what: str) -> None:
        """Report how far the work has come; ``done`` runs from 0 to ``total``."""
        if self._progress is not None:
            self._progress(done, total, what)

    @property
    def cancelled(self) -> bool:
        """Whether the caller asked to stop."""
        return self._is_cancelled is not None and self._is_cancelled()

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` if the caller asked to stop."""
        if self.cancelled:
            raise Cancelled

    def reporting(self, progress: Progress | None) -> Task:
        """Return a task that is cancelled with this one and reports elsewhere, or to nobody."""
        return Task(progress, self._is_cancelled)

    def part(self, number: int, total: int) -> Task:
        """Return the task of one of several equal parts, reported in thousandths of a part."""

        def report(done: int, of: int, what: str) -> None:
            share = done / of if of else 0.0
            self.report(int(_PARTS * (number + share)), _PARTS * total, what)

        return self.reporting(report)


NO_TASK = Task()
"""Reports to nobody and is never cancelled."""
