"""Denoise here: the open stack denoised with the present mask, in a thread, in stages.

What is made is held until it is saved or the stack is closed; only *Save* writes it. While it
learns, the state that it can go on from lies where the command line keeps it, beside the file that
is proposed for the result. *Cancel* removes it; a pause, quitting or a crash leaves it.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import ArrayFrames, Frames
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.worker import Job, Step

if TYPE_CHECKING:
    from structmask_gui.core.arrays import BoolArray
    from structmask_gui.core.denoised.evaluate import Evaluation
    from structmask_gui.core.denoising.wording import Doubt
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import State
    from structmask_gui.io.denoise_files import DenoisedRecord, SavedState
    from structmask_gui.io.stack.image_stack import ImageStack

Floats = NDArray[np.float32]
Phase = Literal["nothing", "checking", "asking", "learning", "paused", "done"]
"""What the window shows: nothing yet, a look at the stack, questions, or how far it has come."""

_IN_MEMORY = 256 * 2**20
"""Bytes of a denoised stack that is held in memory; a larger one lies in a file without a name."""
_LARGEST_EARLY = 2048 * 2048
"""Pixels of a frame above which only its linear prediction is shown while it learns."""


class Ready(Denoiser):
    """A fitted denoiser with its answers, so that saving does not predict again."""

    def __init__(self, fitted: Denoiser, answers: Floats) -> None:
        vars(self).update(vars(fitted))
        self._folds = []  # samples are no longer needed
        self.answers = answers

    def bands(
        self,
        frame: int,
        task: Task = NO_TASK,
        *,
        linear: bool = False,
        half: int | None = None,
    ) -> Iterator[tuple[int, Floats]]:
        """Yield the frame in one piece, if it is the answer that is asked for."""
        task.stop_if_cancelled()
        if linear or half is not None:
            yield from super().bands(frame, task, linear=linear, half=half)
        else:
            yield 0, np.asarray(self.answers[frame])

    def over(self, frames: Frames) -> Denoiser:
        """Return a denoiser of other frames, which have no answers yet."""
        other = super().over(frames)
        plain = Denoiser.__new__(Denoiser)
        vars(plain).update(vars(other))
        return plain


@dataclass(frozen=True, eq=False)
class Denoised:
    """The stack denoised with one mask."""

    mask: Mask
    record: DenoisedRecord
    answers: Floats  # (frames, y, x)
    evaluation: Evaluation | None
    problem: str
    """Why it could not be evaluated."""
    noise_sd: float | None = None
    """Standard deviation of the noise, in grey levels, where it is known."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame, raw and denoised; while it learns, as far as that has come."""

    frame: int
    original: Floats
    denoised: Floats
    bare: Floats | None = None
    """The same without a mask, if that was made."""
    doubted: BoolArray | None = None
    """Where it is to be doubted, if that was asked for."""


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is to be made."""

    state: State
    stack: ImageStack
    mask: Mask
    mask_from: str
    accepted: tuple[Doubt, ...]
    target: Path | None
    """Beside which the state is kept; None keeps none."""
    basis: Basis | None
    frame: Callable[[], int]
    show: Callable[[Shown], None]
    discard: threading.Event = field(default_factory=threading.Event)


class Denoising(QObject):
    """Denoises the open stack off the GUI thread.

    `made` is the result with the mask, `bare` the same frames without one.
    """

    changed = Signal()  # `phase`, `made`, `bare` or `doubts` is another
    stepped = Signal(object)  # Step
    shown = Signal(object)  # Shown
    saved = Signal(list)  # names of files
    failed = Signal(str)  # the sentence

    _early = Signal(object)  # from the thread

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        bug = session.bug.emit
        self._job = Job("denoise", bug)
        self._reading = Job("denoised frame", bug, order="next")
        self._saving = Job("save denoised", bug, order="all")
        self._testing = Job("test with spots", bug)
        for job in (self._job, self._saving, self._testing):
            job.stepped.connect(self._on_step)
        self.phase: Phase = "nothing"
        self.doubts: tuple[Doubt, ...] = ()
        self.made: Denoised | None = None
        self.bare: Denoised | None = None
        self.accepted: tuple[Doubt, ...] = ()
        self.doubting = False
        """Whether places to doubt are looked for in what is shown."""
        self.spots: tuple[str, ...] = ()
        """What is left of objects put into the frames, a sentence each, if that was asked for."""
        self._plan: _Plan | None = None
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

    # --- what the window asks for -------------------------------------------------------------

    def check(self) -> None:
        """Look for what speaks against denoising; without any it starts at once."""
        state = self._session.state
        if state.mask is None or state.stack is None or state.stale:
            self.failed.emit("There is no mask of the open stack yet; wait for the measurement.")
            return
        if len(state.stacks) > 1:
            self.failed.emit(
                "Several files are open together; open one of them alone, or use"
                " structmask batch --denoise."
            )
            return
        self._set("checking")
        self._job.run(partial(_doubts, state), self._on_doubts, self._on_failed)

    def start(self, accepted: tuple[Doubt, ...] = ()) -> None:
        """Denoise with the present mask, from a state that was left if there is one."""
        state = self._session.state
        if state.mask is None or state.stack is None:
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
        """Show the session's frame, once there is a result; `shown` follows."""
        state = self._session.state
        if self.made is not None and state.stack is not None and not self.working:
            doubting = self.made if self.doubting else None
            work = partial(_read, state.stack, state.frame, (self.made, self.bare), doubting)
            self._reading.run(work, self.shown.emit, self.failed.emit)

    def show_doubt(self, on: bool) -> None:
        """Look for places to doubt in what is shown, or no longer; `shown` follows."""
        self.doubting = on
        self.show_frame()

    def test(self) -> None:
        """Find what is left of objects put into the frames; `changed` or `failed` follows."""
        if self.made is not None:
            self._testing.run(partial(_test, self.made), self._on_tested, self._on_not_saved)
            self.changed.emit()

    def save(self, path: Path) -> None:
        """Write the result with its record; `saved` or `failed` follows."""
        state = self._session.state
        if self.made is not None and state.stack is not None:
            references = self._session.reference_stacks.used(state.parameters.source)
            inputs = (*state.paths, *(Path(one.path) for one in references.values()))
            work = partial(_save, self.made, state.stack, inputs, path)
            self._saving.run(work, self._on_saved, self._on_not_saved)
            self.changed.emit()

    def close(self) -> None:
        """Stop the threads, once what is being written is written."""
        self._job.close()
        self._reading.close()
        self._testing.close()
        self._saving.finish()

    # --- inside -------------------------------------------------------------------------------

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()

    def _release(self) -> None:
        self._testing.cancel()
        self.made = self.bare = None
        self.spots = ()

    def _run(self, mask: Mask, mask_from: str, target: Path | None) -> None:
        session = self._session
        state = session.state
        assert state.stack is not None
        self._plan = _Plan(
            state,
            state.stack,
            mask,
            mask_from,
            self.accepted,
            target,
            session.quality.basis,
            lambda: session.state.frame,
            self._early.emit,
        )
        done = self._on_made if target is not None else self._on_bare
        self._job.run(partial(_denoise, self._plan), done, self._on_failed)
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
            self._saving.run(partial(_forget, self._plan))

    def _settle(self, otherwise: Phase) -> None:
        """Go back to the result, if there is one."""
        self._set("done" if self.made is not None else otherwise)
        self.show_frame()

    def _on_doubts(self, doubts: tuple[Doubt, ...]) -> None:
        self.doubts = doubts
        if doubts:
            self._set("asking")
        else:
            self.start()

    def _on_early(self, shown: Shown) -> None:
        if self._job.pending and self.phase == "learning":
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

    def _on_tested(self, spots: tuple[str, ...]) -> None:
        self.spots = spots
        self.changed.emit()

    def _on_saved(self, names: list[str]) -> None:
        self.changed.emit()
        self.saved.emit(names)

    def _on_not_saved(self, text: str) -> None:
        self.changed.emit()
        self.failed.emit(text)

    def _on_step(self, step: Step) -> None:
        self.stepped.emit(step)

    def _on_stack(self) -> None:
        # The raw frames it reads are about to be closed.
        for job in (self._job, self._reading):
            job.cancel()
        self._release()
        self._plan = None
        self._set("nothing")


def proposed_target(state: State) -> Path:
    """Return where a result would go: beside its input, or at home if that cannot be."""
    from structmask_gui.io.denoise_files import denoised_path

    return denoised_path(state.paths[0], beside(state.paths))


# --- in the threads ---


def _doubts(state: State, task: Task) -> tuple[Doubt, ...]:
    """Return what is asked about; a mask of the published method has no verdict, so one is made."""
    from structmask_gui.core.extraction.extraction import extract_array
    from structmask_gui.core.parameters.model import Parameters
    from structmask_gui.io.denoise_files import doubts_about

    assert state.stack is not None
    verdict = None if state.extraction is None else state.extraction.verdict
    if verdict is None:
        asked = Parameters.checked({"method": "statistical", "source": "automatic"})
        try:
            verdict = extract_array(state.stack, asked, task=task).verdict
        except (InputError, ParameterError):
            verdict = None
    return doubts_about(state.stack, None if verdict is None else verdict.flags)


def _denoise(plan: _Plan, task: Task) -> Denoised:
    from structmask_gui.io.denoise_files import DenoisedRecord, fitted, input_record
    from structmask_gui.io.stack.units import pixel_size

    stack = plan.stack
    shared = "shared_frames" in plan.accepted
    denoiser = Denoiser(stack, plan.mask, shared_noise=shared)
    task.report(0, 0, "Linear prediction")
    _show(plan, denoiser, task)
    source = input_record(stack, task)
    saved = _state_of(plan, source.sha256)
    try:
        gain = 0.0
        for step in fitted(denoiser, saved, task):
            small = step.frames.frame_shape[0] * step.frames.frame_shape[1] <= _LARGEST_EARLY
            if step.stage.gain > gain and small:
                gain = step.stage.gain
                _show(plan, denoiser, task)
        answers = _answers(denoiser, task)
    except BaseException:
        if plan.discard.is_set() and saved is not None:
            saved.remove()
        raise
    record = DenoisedRecord(
        Ready(denoiser, answers),
        source,
        plan.mask_from,
        plan.accepted,
        pixel_size=pixel_size(stack.metadata),
        fitted_to=(stack.name,),
    )
    made = _evaluated(plan, Denoised(plan.mask, record, answers, None, ""), task)
    if saved is not None:
        saved.remove()
    return made


def _show(plan: _Plan, denoiser: Denoiser, task: Task) -> None:
    frame = plan.frame()
    original = np.asarray(plan.stack.read(frame), np.float32)
    plan.show(Shown(frame, original, denoiser.predict(frame, task)))


def _state_of(plan: _Plan, checksum: str | None) -> SavedState | None:
    from structmask_gui.io.denoise_files import SavedState

    if plan.target is None:
        return None
    return SavedState(plan.target, [plan.stack], [checksum], plan.mask.array)


def _forget(plan: _Plan, _task: Task) -> None:
    saved = _state_of(plan, None)
    if saved is not None:
        saved.remove()


def _answers(denoiser: Denoiser, task: Task) -> Floats:
    """Predict all frames."""
    frames = denoiser.frames
    answers = _room(frames.n_frames, *frames.frame_shape)
    for number in range(frames.n_frames):
        task.report(number, frames.n_frames, "Denoising frames")
        for y0, rows in denoiser.bands(number, task):
            answers[number, y0 : y0 + len(rows)] = rows
    return answers


def _room(*shape: int) -> Floats:
    """Return an array; a large one lies in a file that goes with it."""
    import shutil

    size = 4 * int(np.prod(shape, dtype=np.int64))
    if size <= _IN_MEMORY:
        return np.empty(shape, np.float32)
    folder = tempfile.gettempdir()
    if shutil.disk_usage(folder).free < 1.1 * size:
        raise InputError(
            f"{folder}: has no room for the denoised stack of {size / 2**30:.1f} GB; free some, or"
            " use structmask denoise, which writes only the result."
        )
    with tempfile.TemporaryFile(prefix="structmask-") as file:
        return np.memmap(file, np.float32, "w+", shape=shape)


def _evaluated(plan: _Plan, made: Denoised, task: Task) -> Denoised:
    from structmask_gui.core.denoised.evaluate import evaluate
    from structmask_gui.core.quality.basis import extraction_basis

    task.report(0, 0, "Evaluating")
    assert plan.state.extraction is not None
    assert plan.state.frames is not None
    try:
        # The basis of "What the mask will do", so that both say the same of a mask.
        basis = plan.basis or extraction_basis(
            plan.state.extraction, plan.state.frames, task=task.reporting(None)
        )
        made = replace(made, noise_sd=basis.noise.variance**0.5)
        denoised = ArrayFrames(made.answers, "the denoised stack")
        found = evaluate(plan.stack, denoised, plan.mask, measured=basis, task=task)
        return replace(made, evaluation=found)
    except (InputError, ParameterError) as error:
        return replace(made, problem=str(error))


def _read(
    stack: ImageStack,
    frame: int,
    made: tuple[Denoised, Denoised | None],
    doubting: Denoised | None,
    task: Task,
) -> Shown:
    from structmask_gui.core.denoising.doubt import doubted

    with_mask, bare = made
    return Shown(
        frame,
        np.asarray(stack.read(frame), np.float32),
        np.array(with_mask.answers[frame]),
        None if bare is None else np.array(bare.answers[frame]),
        None if doubting is None else doubted(doubting.record.denoiser, frame, task),
    )


def _test(made: Denoised, task: Task) -> tuple[str, ...]:
    from structmask_gui.core.denoising.spots import recovered_shapes, sentences

    if made.noise_sd is None:
        raise InputError(f"The noise is not known, so no spots can be put in: {made.problem}")
    return sentences(recovered_shapes(made.record.denoiser, made.noise_sd, task))


def _save(
    made: Denoised, stack: ImageStack, inputs: tuple[Path, ...], path: Path, task: Task
) -> list[str]:
    """Write a result and its record, replacing old ones, but no file that is open."""
    from structmask_gui.io.denoise_files import DenoisedFile, record_path, save_denoised
    from structmask_gui.io.files.atomic import write_atomic
    from structmask_gui.io.files.json_files import json_bytes
    from structmask_gui.io.files.paths import exists, shown

    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{shown(path)}: it is written as an OME-TIFF; end the name in .ome.tif.")
    if path.resolve() in {one.resolve() for one in inputs}:
        raise InputError(f"{shown(path)}: is an image file that is open; choose another name.")
    beside_it = record_path(path)
    # The dialog has asked about the image only.
    if exists(beside_it) and not exists(path):
        raise InputError(f"{shown(beside_it)}: already exists; choose another name.")
    record = save_denoised(made.record, stack, path, force=True, task=task)
    file = DenoisedFile(path, record, made.evaluation, made.problem)
    write_atomic(beside_it, json_bytes(file.values()), force=True)
    return [str(path), str(beside_it)]
