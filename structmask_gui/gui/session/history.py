"""Undo and redo of everything the user sets.

Not Qt's undo stack: PySide6 never lets go of commands that the stack has merged, and every step of
a slider is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Signal

_ONE_DRAG = 1.0
"""Seconds within which changes of the same thing are one."""

_LONGEST = 500
"""Changes kept; the oldest are forgotten."""


@dataclass
class Change:
    """One value of the session replaced by another."""

    text: str
    """What the menu says is undone."""
    put: Callable[[Any], None]
    """Puts a value in place."""
    old: Any
    new: Any
    read: Callable[[], Any]
    """Returns the present value: what is taken back may be another than was put in place."""
    merge: str = ""
    """Changes in quick succession with the same, non-empty word become one."""
    drag: int = 0
    """Number of the drag that it is part of, or 0; all changes of one drag become one."""
    of_files: bool = False
    """Belongs to the open files and is forgotten with them."""
    time: float = field(default_factory=lambda: time.monotonic())

    def takes_in(self, later: Change) -> bool:
        """Tell whether a later change belongs to this one."""
        if not self.merge or later.merge != self.merge or later.drag != self.drag:
            return False
        return bool(self.drag) or later.time - self.time <= _ONE_DRAG


class History(QObject):
    """Changes that were made, and those that were taken back."""

    changed = Signal()  # what can be undone or redone, or its text, is another

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self.undoing = False
        """Whether a change is being taken back right now."""

    def __len__(self) -> int:
        return len(self._done)

    def make(self, change: Change) -> None:
        """Put the new value in place and remember how to take it back."""
        forgot_undone = bool(self._undone)
        self._undone.clear()
        last = self._done[-1] if self._done and not forgot_undone else None
        if last is not None and last.takes_in(change):
            last.new, last.text, last.time = change.new, change.text, change.time
            if last.old == last.new:
                self._done.pop()
        else:
            self._done.append(change)
            del self._done[:-_LONGEST]
        change.put(change.new)
        self.changed.emit()

    def undo(self) -> None:
        """Take back the last change."""
        if self._done:
            change = self._done.pop()
            change.new = change.read()
            self.undoing = True
            try:
                change.put(change.old)
            finally:
                self.undoing = False
            self._undone.append(change)
            self.changed.emit()

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        if self._undone:
            change = self._undone.pop()
            change.old = change.read()
            change.put(change.new)
            self._done.append(change)
            self.changed.emit()

    def forget_files(self) -> None:
        """Forget what belongs to the files open so far; its label would name what cannot happen."""
        for changes in (self._done, self._undone):
            changes[:] = [change for change in changes if not change.of_files]
        self.changed.emit()

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()

    @property
    def undo_text(self) -> str:
        """What would be taken back; empty if there is nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What would be made again; empty if there is nothing."""
        return self._undone[-1].text if self._undone else ""

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._undone)
