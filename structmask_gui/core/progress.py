"""Progress and cancel callbacks of long work, without Qt."""

from __future__ import annotations

from collections.abc import Callable

from structmask_gui.core.errors import Cancelled

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, what)``; ``done`` runs from 0 to ``total``."""

IsCancelled = Callable[[], bool]
"""Asked several times a second; True stops the work with `Cancelled`."""


def no_progress(done: int, total: int, what: str) -> None:
    """Accept a progress report and do nothing with it."""


def never_cancelled() -> bool:
    """Answer that nobody asked to stop."""
    return False


def stop_if(cancelled: IsCancelled) -> None:
    """Raise `Cancelled` if the caller asked to stop."""
    if cancelled():
        raise Cancelled
