"""The stacks beside the measured one: a dark or blank stack, and one to subtract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames, FrameRange, Frames
from structmask_gui.core.stack.reference_fit import (
    KINDS,
    ReferenceKind,
    misfit,
    misfit_sentence,
    used_kind,
)
from structmask_gui.gui.session.opening import Signatures, signatures_of
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.core.parameters.model import Source
    from structmask_gui.io.stack.channels import Channel
    from structmask_gui.io.stack.image_stack import ImageStack

log = logging.getLogger(__name__)

WORDS: dict[ReferenceKind, str] = {"dark": "Dark or blank stack", "subtract": "Stack to subtract"}
"""What the window calls each."""


class _Opened(NamedTuple):
    stack: ImageStack
    signatures: Signatures


class ReferenceStacks(QObject):
    """Opens reference stacks off the GUI thread and holds them until others are chosen.

    Parameters
    ----------
    open_stack : callable
        Opens a path, as `structmask_gui.io.open.open_stack` does.
    close_later : callable
        Closes stacks off the GUI thread.
    bug : callable
        Takes the traceback of an error of the program.
    """

    fit_changed = Signal()  # `misfits` are others
    changed = Signal(str)  # the stack of this kind is another, or none
    failed = Signal(str)  # a file cannot be used, its stack stays as it was: the sentence

    def __init__(
        self,
        open_stack: Callable[..., Any],
        close_later: Callable[[list[Any]], None],
        bug: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_stack, self._close_later = open_stack, close_later
        self._stacks: dict[ReferenceKind, ImageStack] = {}
        self._signatures: dict[ReferenceKind, Signatures] = {}
        self._serials: dict[ReferenceKind, int] = {"dark": 0, "subtract": 0}
        self._jobs = {kind: Job(f"{kind} stack", bug, unwanted=self._close_one) for kind in KINDS}
        self._fitting = Job("fit of reference stacks", bug)
        self._measured = ""
        self._channel: Channel | None = None  # that is measured
        self.misfits: dict[ReferenceKind, str] = {}
        """Why a stack does not fit the measured ones, as in "structure is visible in it"."""

    @property
    def busy(self) -> bool:
        """Whether a stack is being opened."""
        return any(job.pending for job in self._jobs.values())

    def stack(self, kind: ReferenceKind) -> ImageStack | None:
        """Return the stack of a kind."""
        return self._stacks.get(kind)

    def path(self, kind: ReferenceKind) -> Path | None:
        """Return the file of the stack of a kind."""
        stack = self._stacks.get(kind)
        return None if stack is None else Path(stack.path)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that hold pixels of the stacks."""
        return tuple(file for stack in self._stacks.values() for file in stack.files)

    def remembered(self) -> dict[str, str]:
        """Return the paths by kind, to be found again at the next start."""
        return {kind: str(stack.path) for kind, stack in self._stacks.items()}

    def choose(self, kind: ReferenceKind, path: str | Path | None) -> None:
        """Open a file as the stack of a kind, or let it go with None."""
        job = self._jobs[kind]
        if path is None:
            job.cancel()
            self._put(kind, None)
        else:
            work = partial(self._open, Path(path), self._channel)
            job.run(work, partial(self._put, kind), self.failed.emit)

    def follow(self, channel: Channel | None) -> None:
        """Open the stacks of several channels again in the one that is measured now."""
        self._channel = channel
        for kind in self._stacks:
            self._follow_one(kind)

    def _follow_one(self, kind: ReferenceKind) -> None:
        stack = self._stacks[kind]
        if stack.offers(self._channel):
            self.choose(kind, stack.path)

    def drop(self) -> dict[ReferenceKind, Path]:
        """Let all stacks go, as when other files are opened; return what they were."""
        paths = {kind: Path(stack.path) for kind, stack in self._stacks.items()}
        for kind in KINDS:
            self.choose(kind, None)
        return paths

    def check(self, frames: Frames | None) -> None:
        """See whether the stacks fit the measured frames; `fit_changed` follows."""
        self._fitting.cancel()
        if self.misfits:
            self.misfits = {}
            self.fit_changed.emit()
        self._measured = "" if frames is None else frames.name
        if frames is not None and self._stacks:
            self._fitting.run(partial(_misfits, dict(self._stacks), frames), self._on_fit)

    def _on_fit(self, misfits: dict[ReferenceKind, str]) -> None:
        self.misfits = misfits
        for kind, why in misfits.items():
            log.warning("%s: %s", WORDS[kind], why)
        self.fit_changed.emit()

    def _open(self, path: Path, channel: Channel | None, task: Task) -> _Opened:
        from structmask_gui.io.open import in_channel

        def open_file(asked: Channel | None) -> ImageStack:
            choices = {} if asked is None else {"channel": asked}
            stack: ImageStack = self._open_stack(path, task, **choices)
            return stack

        stack = in_channel(open_file, channel)
        return _Opened(stack, signatures_of([stack], "choose it again"))

    def _close_one(self, opened: _Opened) -> None:
        self._close_later([opened.stack])

    def used(self, source: Source) -> dict[ReferenceKind, ImageStack]:
        """Return the reference stack that a source uses, by its kind, if it is there."""
        kind = used_kind(source, self._stacks)
        return {} if kind is None else {kind: self._stacks[kind]}

    def signatures(self, source: Source) -> Signatures:
        """Return what tells whether files of the stacks that a source uses were changed since."""
        used = self.used(source)
        return {path: one for kind in used for path, one in self._signatures[kind].items()}

    def misfit(self, source: Source) -> str:
        """Return what speaks against the stack that a source uses, a sentence; or nothing."""
        used = self.used(source)
        return " ".join(
            misfit_sentence(kind, used[kind].name, self._measured, why)
            for kind, why in self.misfits.items()
            if kind in used
        )

    def key(self, source: Source) -> tuple[tuple[ReferenceKind, int], ...]:
        """Return what a measurement with a source depends on: another stack, another key."""
        return tuple((kind, self._serials[kind]) for kind in self.used(source))

    def frames(self, source: Source, chosen: FrameRange | None, n: int) -> dict[str, Frames]:
        """Return the reference stacks of a source, as `measure` takes them.

        Of a stack to subtract with as many frames as the measured one (``n``), the same are chosen.
        """
        found: dict[str, Frames] = {}
        for kind, stack in self.used(source).items():
            paired = kind == "subtract" and stack.n_frames == n and n > 1
            found[kind] = ChosenFrames([stack], chosen) if paired and chosen else stack
        return found

    def _put(self, kind: ReferenceKind, opened: _Opened | None) -> None:
        old = self._stacks.pop(kind, None)
        if opened is None and old is None:
            return
        if opened is not None:
            self._stacks[kind], self._signatures[kind] = opened
            log.info("%s: %s", WORDS[kind], opened.stack.name)
        self._serials[kind] += 1
        self.changed.emit(kind)
        if opened is not None:
            self._follow_one(kind)  # the measured channel may be another by now
        if old is not None:
            self._close_later([old])

    def close(self) -> list[ImageStack]:
        """Stop the threads; return the stacks, which the caller closes once nobody reads them."""
        for job in (*self._jobs.values(), self._fitting):
            job.close()
        stacks = list(self._stacks.values())
        self._stacks = {}
        return stacks


def _misfits(
    stacks: Mapping[ReferenceKind, ImageStack], frames: Frames, task: Task
) -> dict[ReferenceKind, str]:
    found = {kind: misfit(kind, stack, frames, task) for kind, stack in stacks.items()}
    return {kind: why for kind, why in found.items() if why}
