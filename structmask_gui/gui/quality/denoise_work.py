"""What *Denoise here* does in its threads: look, denoise, evaluate, test with spots, write."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.gui.session.opening import check_there

if TYPE_CHECKING:
    from structmask_gui.core.arrays import BoolArray
    from structmask_gui.core.denoised.evaluate import Evaluation
    from structmask_gui.core.denoising.spots import Recovered
    from structmask_gui.core.denoising.wording import Doubt
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.gui.session.state import State
    from structmask_gui.io.denoise_files import DenoisedRecord
    from structmask_gui.io.denoise_state import SavedState
    from structmask_gui.io.stack.image_stack import ImageStack

Floats = NDArray[np.float32]

_IN_MEMORY = 256 * 2**20
"""Bytes of a denoised stack that is held in memory; a larger one lies in a file without a name."""
_LOOK = 0.05
"""Seconds between two looks whether what was discarded is removed."""
_LARGEST_EARLY = 2048 * 2048
"""Pixels of a frame above which only its linear prediction is shown while it learns."""


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

    original: Floats
    denoised: Floats | None
    """None before it was denoised."""
    bare: Floats | None = None
    """The same without a mask, if that was made."""
    doubted: BoolArray | None = None
    """Where it is to be doubted, if that was asked for."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be made."""

    state: State
    stack: ImageStack
    mask: Mask
    mask_from: str
    accepted: tuple[Doubt, ...]
    flags: tuple[str, ...]
    """As from `flags_of`: whether noise could be told from structure."""
    target: Path | None
    """Beside which the state is kept; None keeps none."""
    basis: Basis | None
    frame: Callable[[], int]
    show: Callable[[Shown], None]
    forgotten: threading.Event
    """Set once what a discarded one has left is removed."""
    discard: threading.Event = field(default_factory=threading.Event)


class Looked(NamedTuple):
    """What a look at the stack has shown before it is denoised."""

    doubts: tuple[Doubt, ...]  # What is asked about
    flags: tuple[str, ...]  # As from `flags_of`


def look(state: State, task: Task) -> Looked:
    """Look for what speaks against denoising."""
    from structmask_gui.core.recommend.recommend import told_error
    from structmask_gui.io.denoise_files import doubts_about, flags_of

    assert state.stack is not None
    check_there(state.signatures)
    flags = flags_of(state.stack, state.extraction, task, state.mask)
    doubts = doubts_about(state.stack, flags, told_error(state.extraction, state.mask))
    return Looked(doubts, flags)


def denoise(plan: Plan, task: Task) -> Denoised:
    """Denoise all frames, show one while that gets better, and evaluate them."""
    while not plan.forgotten.wait(_LOOK):
        task.stop_if_cancelled()
    try:
        return _made(plan, task)
    except BaseException:
        if plan.discard.is_set():
            forget(plan, task)
        raise


def _made(plan: Plan, task: Task) -> Denoised:
    from structmask_gui.io.denoise_files import DenoisedRecord
    from structmask_gui.io.denoise_state import fitted
    from structmask_gui.io.results.record import InputRecord
    from structmask_gui.io.stack.units import pixel_size

    check_there(plan.state.signatures)
    stack = plan.stack
    shared = "shared_frames" in plan.accepted
    denoiser = Denoiser(stack, plan.mask, shared_noise=shared)
    task.report(0, 0, "Linear prediction")
    _show(plan, denoiser, task)
    source = InputRecord.of(stack, task)
    saved = _state_of(plan, source.sha256)
    gain = 0.0
    for step in fitted(denoiser, saved, task):
        small = step.frames.frame_shape[0] * step.frames.frame_shape[1] <= _LARGEST_EARLY
        if step.stage.gain > gain and small:
            gain = step.stage.gain
            _show(plan, denoiser, task)
    answers = _answers(denoiser, task)
    denoiser.keep(answers)
    record = DenoisedRecord(
        denoiser,
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


def _show(plan: Plan, denoiser: Denoiser, task: Task) -> None:
    frame = plan.frame()
    original = np.asarray(plan.stack.read(frame), np.float32)
    plan.show(Shown(original, denoiser.predict(frame, task)))


def _state_of(plan: Plan, checksum: str | None) -> SavedState | None:
    from structmask_gui.io.denoise_state import SavedState

    if plan.target is None:
        return None
    return SavedState(plan.target, [plan.stack], [checksum], plan.mask.array)


def forget_and_tell(plan: Plan, forgotten: threading.Event, task: Task) -> None:
    """Remove what a pause left; what begins next waits for it."""
    try:
        forget(plan, task)
    finally:
        forgotten.set()


def forget(plan: Plan, _task: Task) -> None:
    """Remove what a pause left."""
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
    full = InputError(
        f"{folder} has no room for the denoised stack of {size / 2**30:.1f} GB; free some, or use"
        " structmask denoise, which writes only the result."
    )
    if shutil.disk_usage(folder).free < 1.1 * size:
        raise full
    with tempfile.TemporaryFile(prefix="structmask-") as file:
        if hasattr(os, "posix_fallocate"):
            # A disk that fills up later would end the program, not raise an error.
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                raise full from error
        return np.memmap(file, np.float32, "w+", shape=shape)


def _evaluated(plan: Plan, made: Denoised, task: Task) -> Denoised:
    from structmask_gui.core.denoised.evaluate import evaluate
    from structmask_gui.core.quality.basis import extraction_basis
    from structmask_gui.io.denoise_files import trusted_as_told

    task.report(0, 0, "Evaluating")
    assert plan.state.extraction is not None
    assert plan.state.frames is not None
    try:
        # The basis of "What the mask will do", so that both say the same of a mask.
        basis = plan.basis or extraction_basis(
            plan.state.extraction, plan.state.frames, task=task.reporting(None)
        )
        made = replace(made, noise_sd=basis.noise.variance**0.5)
        basis = trusted_as_told(basis, plan.flags)
        denoised = ArrayFrames(made.answers, "the denoised stack")
        found = evaluate(plan.stack, denoised, plan.mask, measured=basis, here=True, task=task)
        return replace(made, evaluation=found)
    except (InputError, ParameterError) as error:
        return replace(made, problem=str(error))


def read(
    stack: ImageStack,
    frame: int,
    made: tuple[Denoised | None, Denoised | None],
    doubting: Denoised | None,
    task: Task,
) -> Shown:
    """Return a frame to show, with the places to doubt in one of the results."""
    from structmask_gui.core.denoising.doubt import doubted

    with_mask, bare = made
    return Shown(
        np.asarray(stack.read(frame), np.float32),
        None if with_mask is None else np.array(with_mask.answers[frame]),
        None if bare is None else np.array(bare.answers[frame]),
        None if doubting is None else doubted(doubting.record.denoiser, frame, task),
    )


def put_spots(made: Denoised, task: Task) -> tuple[Recovered, ...]:
    """Return what is left of objects put into the frames."""
    from structmask_gui.core.denoising.spots import recovered_shapes

    if made.noise_sd is None:
        raise InputError(f"The noise is not known, so no spots can be put in: {made.problem}")
    return recovered_shapes(made.record.denoiser, made.noise_sd, task)


def save(
    made: Denoised,
    spots: tuple[Recovered, ...],
    stack: ImageStack,
    inputs: tuple[Path, ...],
    path: Path,
    task: Task,
) -> list[str]:
    """Write a result and its record, replacing old ones, but no file that is open."""
    from structmask_gui.io.denoise_files import DenoisedFile, record_path, save_denoised
    from structmask_gui.io.files.atomic import check_no_input, write_atomic
    from structmask_gui.io.files.json_files import json_bytes
    from structmask_gui.io.files.paths import exists, shown

    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{shown(path)}: it is written as an OME-TIFF; end the name in .ome.tif.")
    check_no_input(path, inputs)
    beside_it = record_path(path)
    # The dialog has asked about the image only.
    if exists(beside_it) and not exists(path):
        raise InputError(f"{shown(beside_it)}: already exists; choose another name.")
    record = save_denoised(made.record, stack, path, force=True, task=task)
    file = DenoisedFile(path, record, made.evaluation, made.problem, spots)
    write_atomic(beside_it, json_bytes(file.values()), force=True)
    return [str(path), str(beside_it)]
