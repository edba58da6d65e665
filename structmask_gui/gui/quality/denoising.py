"""Denoise here: the open stack denoised with the present mask, in a thread, in stages.

What is made is held until it is saved or the stack is closed; only *Save* writes it. While it
learns, the state that it can go on from lies where the command line keeps it, beside the file that
is proposed for the result. *Cancel* removes it; a pause, another file, quitting or a crash leaves
it.
"""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.quality.denoise_work import (
    Denoised,
    Looked,
    Plan,
    Shown,
    denoise,
    forget_and_tell,
    look,
    put_spots,
    read,
    save,
)
from structmask_gui.gui.session.worker import Job, Step

if TYPE_CHECKING:
    from structmask_gui.core.denoising.spots import Recovered
    from structmask_gui.core.denoising.wording import Doubt
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import State

Phase = Literal["nothing", "checking", "asking", "learning", "paused", "done"]
"""What the window shows: nothing yet, a look at the stack, questions, or how far it has come."""


class Denoising(QObject):
    """Denoises the open stack off the GUI thread.

    `made` is the result with the mask, `bare` the same frames without one.
    """

    changed = Signal()  # `phase`, `made`, `bare` or `doubts` is another
    stepped = Signal(object)  # Step
    shown = Signal(object)  # Shown
    saved = Signal(list)  # names of files
    failed = Signal(str)  # the sentence
    left = Signal(str)  # other files were opened meanwhile: what became of it, a sentence

    _early = Signal(object)  # from the thread

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        bug = session.bug.emit
        self._job = Job("denoise", bug)
        self._reading = Job("denoised frame", bug, order="next")
        self._saving = Job("save denoised", bug, order="all")
        session.writers.add("the denoised stack", self._saving)
        self._testing = Job("test with spots", bug)
        # Not among what is saved: who waits for that would wait for ever.
        self._forgetting = Job("forget unfinished", bug, order="all")
        for job in (self._job, self._saving, self._testing):
            job.stepped.connect(self._on_step)
        self.phase: Phase = "nothing"
        self.doubts: tuple[Doubt, ...] = ()
        self._flags: tuple[str, ...] = ()
        self._checked: Mask | None = None  # the mask that `doubts` are about
        self.made: Denoised | None = None
        self.bare: Denoised | None = None
        self._saved: Denoised | None = None
        self.accepted: tuple[Doubt, ...] = ()
        self.doubting = False
        """Whether places to doubt are looked for in what is shown."""
        self.spots: tuple[Recovered, ...] = ()
        """What is left of objects put into the frames, if that was asked for."""
        self._plan: Plan | None = None
        self._forgotten = threading.Event()
        self._forgotten.set()
        self._early.connect(self._on_early)
        session.stack_changed.connect(self._on_stack)
        session.frame_changed.connect(self.show_frame)
        session.quality.closing.connect(self.close)

    @property
    def working(self) -> bool:
        """Whether it looks at the stack or learns."""
        return self._job.pending

    @property
    def testing(self) -> bool:
        """Whether it is tested with spots."""
        return self._testing.pending

    @property
    def saving(self) -> bool:
        """Whether a result is being written."""
        return self._saving.pending

    @property
    def current(self) -> bool:
        """Whether the result is of the present mask."""
        return self.made is not None and self.made.mask == self._session.state.mask

    @property
    def unsaved(self) -> bool:
        """Whether there is a result that was not written."""
        return self.made is not self._saved

    @property
    def paused_with_other(self) -> bool:
        """Whether what a pause has left is of another mask than the present one."""
        plan = self._plan if self.phase == "paused" else None
        return plan is not None and plan.mask != self._session.state.mask

    @property
    def shows_frames(self) -> bool:
        """Whether any frame can be shown: with its result, under a question, or after a cancel."""
        stopped = self.phase == "nothing" and self._plan is not None
        return self.made is not None or (not self.working and (stopped or self.phase == "asking"))

    # --- what the window asks for -------------------------------------------------------------

    def check(self) -> None:
        """Look for what speaks against denoising; without any it starts at once."""
        state = self._session.state
        if state.mask is None or state.stack is None or state.stale:
            self.failed.emit("There is no mask of the open stack yet; wait for the measurement.")
            return
        if len(state.stacks) > 1:
            self.failed.emit(
                "Several files are open together; open one of them alone, or denoise them in"
                " Many files (batch)."
            )
            return
        self._checked = state.mask
        self._set("checking")
        self._job.run(partial(look, state), self._on_looked, self._on_failed)

    def start(self, accepted: tuple[Doubt, ...] = ()) -> None:
        """Denoise with the present mask, from a state that was left if there is one.

        What was accepted of another mask is not accepted of this one: it is looked at first.
        """
        state = self._session.state
        if state.mask is None or state.stack is None:
            return
        if state.mask != self._checked:
            self.check()
            return
        self.accepted = accepted
        self._release()
        edit = state.edit
        self._run(state.mask, "measured" if edit is None else edit.how, proposed_target(state))

    def start_bare(self) -> None:
        """Denoise the same frames without a mask."""
        if self.made is not None:
            from structmask_gui.core.masks.mask import Mask

            self._run(Mask.checked([[True]]), "no mask", None)

    def cancel(self) -> None:
        """Stop, and leave nothing of it."""
        if self.testing:
            self._testing.cancel()
            self.changed.emit()
        else:
            self._stop(discard=True)

    def pause(self) -> None:
        """Stop, and leave the state that it goes on from."""
        self._stop(discard=False)

    def show_frame(self, *_: object) -> None:
        """Show the session's frame if that can be; `shown` follows."""
        state = self._session.state
        if self.shows_frames and state.stack is not None:
            doubting = self.made if self.doubting else None
            work = partial(read, state.stack, state.frame, (self.made, self.bare), doubting)
            self._reading.run(work, self.shown.emit, self.failed.emit)

    def show_doubt(self, on: bool) -> None:
        """Look for places to doubt in what is shown, or no longer; `shown` follows."""
        self.doubting = on
        self.show_frame()

    def test(self) -> None:
        """Find what is left of objects put into the frames; `changed` or `failed` follows."""
        if self.made is not None:
            self._testing.run(partial(put_spots, self.made), self._on_tested, self._on_not_saved)
            self.changed.emit()

    def save(self, path: Path) -> None:
        """Write the result with its record; `saved` or `failed` follows."""
        state = self._session.state
        if self.made is not None and state.stack is not None:
            work = partial(save, self.made, self.spots, state.stack, self._session.inputs, path)
            self._saving.run(work, partial(self._on_saved, self.made), self._on_not_saved)
            self.changed.emit()

    def close(self) -> None:
        """Stop the threads, once what is being written or removed is done."""
        self._job.close()
        self._reading.close()
        self._testing.close()
        self._saving.finish()
        self._forgetting.finish()

    # --- inside -------------------------------------------------------------------------------

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()

    def _release(self) -> None:
        self._testing.cancel()
        self.made = self.bare = self._saved = None
        self.spots = ()

    def _run(self, mask: Mask, mask_from: str, target: Path | None) -> None:
        session = self._session
        state = session.state
        assert state.stack is not None
        self._plan = Plan(
            state,
            state.stack,
            mask,
            mask_from,
            self.accepted,
            self._flags,
            target,
            session.quality.basis,
            lambda: session.state.frame,
            self._early.emit,
            self._forgotten,
        )
        done = self._on_made if target is not None else self._on_bare
        self._job.run(partial(denoise, self._plan), done, self._on_failed)
        self._set("learning")

    def _stop(self, *, discard: bool) -> None:
        if discard and self._plan is not None:
            self._plan.discard.set()
        if discard and not self.working and self.phase == "paused":
            self._forget_state()
        elif not self.working:
            return
        self._job.cancel()
        self._settle("nothing" if discard else "paused")

    def _forget_state(self) -> None:
        """Remove what a pause left."""
        if self._plan is not None and self._plan.target is not None:
            self._forgotten = threading.Event()
            self._forgetting.run(partial(forget_and_tell, self._plan, self._forgotten))

    def _settle(self, otherwise: Phase) -> None:
        """Go back to the result, if there is one."""
        self._set("done" if self.made is not None else otherwise)
        self.show_frame()

    def _on_looked(self, looked: Looked) -> None:
        self.doubts, self._flags = looked
        if self.doubts:
            self._set("asking")
            self.show_frame()
        else:
            self.start()

    def _on_early(self, shown: Shown) -> None:
        # Beside the figures of a result stands that result, whatever it will be compared with.
        if self._job.pending and self.phase == "learning" and self.made is None:
            self.shown.emit(shown)

    def _on_made(self, made: Denoised) -> None:
        self.made = made
        self._settle("done")

    def _on_bare(self, made: Denoised) -> None:
        self.bare = made
        self._settle("done")

    def _on_failed(self, text: str) -> None:
        self._settle("nothing")
        self.failed.emit(text)

    def _on_tested(self, spots: tuple[Recovered, ...]) -> None:
        self.spots = spots
        self.changed.emit()

    def _on_saved(self, made: Denoised, names: list[str]) -> None:
        if made is self.made:
            self._saved = made
        self.changed.emit()
        self.saved.emit(names)

    def _on_not_saved(self, text: str) -> None:
        self.changed.emit()
        self.failed.emit(text)

    def _on_step(self, step: Step) -> None:
        self.stepped.emit(step)

    def _on_stack(self) -> None:
        plan = self._plan if self.phase == "learning" else None
        if plan is not None and plan.target is not None:
            name = plan.stack.name
            self.left.emit(
                f"Denoising {name} is paused; it goes on when you open {name} and denoise it again."
                f" What it has learned is kept in {plan.target.parent}."
            )
        # The raw frames it reads are about to be closed.
        for job in (self._job, self._reading):
            job.cancel()
        self._release()
        self._plan = None
        self._set("nothing")


def proposed_target(state: State) -> Path:
    """Return where a result would go: beside its input, or at home if that cannot be."""
    from structmask_gui.io.denoise_files import denoised_path

    return denoised_path(state.paths[0], beside(state.paths), state.channel_mark)
