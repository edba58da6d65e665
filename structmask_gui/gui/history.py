"""Undo and redo: one command class for everything a person sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand

_ONE_DRAG = 1.0
"""Seconds within which changes of the same thing are one command."""


class Change(QUndoCommand):
    """Replace one value of the session by another.

    Parameters
    ----------
    text : str
        What the menu says is undone.
    put : callable
        Puts a value in place; returns False when it no longer can (another file is open).
    old, new : object
        The value before and after.
    merge : str
        Changes in quick succession with the same, non-empty word become one command.
    drag : int
        Number of the drag that it is part of, or 0; all changes of one drag become one command.
    """

    def __init__(
        self,
        text: str,
        put: Callable[[Any], bool],
        old: Any,
        new: Any,
        merge: str = "",
        drag: int = 0,
    ) -> None:
        super().__init__(text)
        self._put = put
        self._old, self._new = old, new
        self._merge = merge
        self._drag = drag
        self._time = time.monotonic()

    def id(self) -> int:
        """Return the number that lets Qt ask `mergeWith`; -1 forbids it."""
        return 1 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a later change of the same thing into this command."""
        if not isinstance(other, Change) or other._merge != self._merge:
            return False
        quick = other._time - self._time <= _ONE_DRAG
        if other._drag != self._drag or not (self._drag or quick):
            return False
        self._new, self._time = other._new, other._time
        self.setText(other.text())
        self.setObsolete(self._old == self._new)
        return True

    def redo(self) -> None:
        """Put the new value in place."""
        self.setObsolete(not self._put(self._new))

    def undo(self) -> None:
        """Put the old value back."""
        self.setObsolete(not self._put(self._old))
