"""The stacks beside the measured one: a dark or blank stack, and one to subtract."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Frames
from structmask_gui.gui.session.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.parameters.model import Source
    from structmask_gui.io.stack.image_stack import ImageStack

log = logging.getLogger(__name__)

ReferenceKind = Literal["dark", "subtract"]
KINDS: tuple[ReferenceKind, ...] = ("dark", "subtract")

WORDS: dict[ReferenceKind, str] = {"dark": "Dark or blank stack", "subtract": "Stack to subtract"}
"""What the window calls each."""


class ReferenceStacks(QObject):
    """Opens reference stacks off the GUI thread and holds them until others are chosen.

    Parameters
    ----------
    open_stack : callable
        Opens a path, as `structmask_gui.io.open.open_stack` does.
    close_later : callable
        Closes stacks off the GUI thread.

    Signals
    -------
    changed(str)
        The stack of this kind is another, or none.
    failed(str)
        A file cannot be used: the sentence. The stack stays as it was.
    bug(str)
        An error of the program: the traceback.
    """

    changed = Signal(str)
    failed = Signal(str)
    bug = Signal(str)

    def __init__(
        self,
        open_stack: Callable[[Path], Any],
        close_later: Callable[[list[Any]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_stack, self._close_later = open_stack, close_later
        self._stacks: dict[ReferenceKind, ImageStack] = {}
        self._serials: dict[ReferenceKind, int] = {"dark": 0, "subtract": 0}
        self._lane = Lane("reference stacks", keep_all=True)
        self._lane.ended.connect(self._on_opened)
        self._asked: dict[int, ReferenceKind] = {}

    def stack(self, kind: ReferenceKind) -> ImageStack | None:
        """Return the stack of a kind."""
        return self._stacks.get(kind)

    def path(self, kind: ReferenceKind) -> Path | None:
        """Return the file of the stack of a kind."""
        stack = self._stacks.get(kind)
        return None if stack is None else Path(stack.path)

    def remembered(self) -> dict[str, str]:
        """Return the paths by kind, to be found again at the next start."""
        return {kind: str(stack.path) for kind, stack in self._stacks.items()}

    def choose(self, kind: ReferenceKind, path: str | Path | None) -> None:
        """Open a file as the stack of a kind, or let it go with None."""
        # Of several requests the last one counts.
        self._asked = {ticket: other for ticket, other in self._asked.items() if other != kind}
        if path is None:
            self._put(kind, None)
            return
        wanted = Path(path)
        ticket = self._lane.submit(lambda _task: self._open_stack(wanted))
        self._asked[ticket] = kind

    def used(self, source: Source) -> dict[ReferenceKind, ImageStack]:
        """Return the reference stacks that a source uses; "automatic" takes the dark one first."""
        wanted = KINDS if source == "automatic" else tuple(k for k in KINDS if k == source)
        there = [kind for kind in wanted if kind in self._stacks]
        return {kind: self._stacks[kind] for kind in there[:1]}

    def key(self, source: Source) -> tuple[tuple[ReferenceKind, int], ...]:
        """Return what a measurement with a source depends on: another stack, another key."""
        return tuple((kind, self._serials[kind]) for kind in self.used(source))

    def frames(self, source: Source, chosen: FrameRange | None, n: int) -> dict[str, Frames]:
        """Return the reference stacks of a source, as `measure` takes them.

        Parameters
        ----------
        source : str
        chosen : FrameRange or None
            The frames that are measured; of a stack to subtract with as many frames as the
            measured one has, the same.
        n : int
            Frames of the measured stack.
        """
        found: dict[str, Frames] = {}
        for kind, stack in self.used(source).items():
            paired = kind == "subtract" and stack.n_frames == n and n > 1
            found[kind] = ChosenFrames([stack], chosen) if paired and chosen else stack
        return found

    def _on_opened(self, outcome: Outcome) -> None:
        kind = self._asked.pop(outcome.ticket, None)
        if outcome.kind == "done":
            if kind is None:
                self._close_later([outcome.result])
            else:
                self._put(kind, outcome.result)
        elif outcome.kind == "error":
            self.failed.emit(outcome.text)
        elif outcome.kind == "bug":
            self.bug.emit(outcome.text)

    def _put(self, kind: ReferenceKind, stack: ImageStack | None) -> None:
        old = self._stacks.pop(kind, None)
        if stack is None and old is None:
            return
        if stack is not None:
            self._stacks[kind] = stack
            log.info("%s: %s", WORDS[kind], stack.name)
        self._serials[kind] += 1
        self.changed.emit(kind)
        if old is not None:
            self._close_later([old])

    def close(self) -> list[ImageStack]:
        """Stop the thread; return the stacks, which the caller closes once nobody reads them."""
        self._lane.close()
        stacks = list(self._stacks.values())
        self._stacks = {}
        return stacks
