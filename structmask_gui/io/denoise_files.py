"""Denoising of a file: doubts about it, and the OME-TIFF with its record."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.denoised.evaluate import Evaluation
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.spots import Recovered, check_room, recovered_shapes
from structmask_gui.core.denoising.wording import (
    DOUBTS,
    Doubt,
    Method,
    cautions,
    methods_paragraph,
)
from structmask_gui.core.errors import Cancelled, InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.basis import automatic_basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.recommend import unseparated
from structmask_gui.core.recommend.shapes import GAINS
from structmask_gui.core.stack.frames import ChosenFrames, Frames
from structmask_gui.io.denoise_state import SavedState, fitted
from structmask_gui.io.denoised import evaluate_file
from structmask_gui.io.files.atomic import check_no_input, checked_target, write_atomic
from structmask_gui.io.files.json_files import LARGEST_JSON, check_format, json_bytes, read_json
from structmask_gui.io.files.paths import exists, shown
from structmask_gui.io.results.files import stem_of
from structmask_gui.io.results.frames_tiff import start_tiff
from structmask_gui.io.results.record import InputRecord, Record
from structmask_gui.io.stack.image_stack import DENOISED_BY, ImageStack
from structmask_gui.io.stack.units import pixel_size
from structmask_gui.version import __version__

FORMAT, VERSION = "structmask-denoised", 1
ENDING = "_denoised.ome.tif"


def denoised_path(source: Path, folder: Path | None = None, mark: str = "") -> Path:
    """Return `<stem>_denoised.ome.tif` beside a file, or in a folder.

    ``mark``: `ImageStack.channel_mark`.
    """
    return (source.parent if folder is None else folder) / f"{stem_of(source)}{mark}{ENDING}"


def record_path(target: Path) -> Path:
    """Return where the record of a denoised file goes, beside it."""
    return target.with_name(re.sub(r"(\.ome)?\.tiff?$", "", target.name, flags=re.I) + ".json")


def check_free(target: Path, *, force: bool) -> None:
    """Refuse if a denoised file or its record cannot be written, or is there and stays."""
    for path in (target, record_path(target)):
        checked_target(path)
        if exists(path) and not force:
            raise InputError(f"{shown(path)} exists already; use --force to replace it.")


def is_denoised(file: Path) -> bool:
    """Say whether a file is a denoised one, by its name and the record beside it."""
    return file.name.lower().endswith(ENDING) and _record_of(file) is not None


def is_denoised_with(mask: Mask, file: Path) -> bool:
    """Say whether a denoised file is there, and its record has this mask."""
    record = _record_of(file) if exists(file) else None
    # A recommended mask may have been cropped, a file of it not.
    forms = [one.array.astype(int).tolist() for one in (mask, mask.cropped())]
    return record is not None and record.get("mask") in forms


def needs_a_look(file: Path) -> bool:
    """Say whether the evaluation of a denoised file advises more than its mask, or doubts."""
    evaluation = (_record_of(file) or {}).get("evaluation") or {}
    return evaluation.get("advice") != "keep" or evaluation.get("noise_compared_in") != "difference"


def _record_of(file: Path) -> dict[str, Any] | None:
    """Return the record beside a denoised file; None if there is none that can be read."""
    beside = record_path(file)
    try:
        record: dict[str, Any] = read_json(beside, LARGEST_JSON, "a record")
        check_format(record, beside, FORMAT, VERSION, "a record")
    except InputError:
        return None
    return record


def flags_of(
    frames: Frames,
    found: Extraction | Record | None,
    task: Task = NO_TASK,
    mask: Mask | None = None,
) -> tuple[str, ...]:
    """Return the flags of the verdict on a stack, and what its answer says of noise and structure.

    "unseparated" where they could not be separated; "cannot_tell" where nor does the answer advise
    the mask, as it does with one that simulated images like these need.

    A mask of the published methods has no verdict, so one is made. Where none can be made, nothing
    can be told. ``mask``: the one that is used, if it may be another than that which was found.
    """
    if found is not None and found.verdict is None:
        asked = Parameters.checked({"method": "statistical", "source": "automatic"})
        try:
            found = extract_array(frames, asked, task=task)
        except (InputError, ParameterError):
            found = None
    if found is None or found.verdict is None:
        return ("cannot_tell", "unseparated")
    flags: tuple[str, ...] = tuple(flag for flag in found.verdict.flags if flag != "cannot_tell")
    untold = "cannot_tell" in found.verdict.flags
    if isinstance(found, Record):
        certainty = "" if found.answer is None else found.answer.certainty
        untold, advised = untold or found.unseparated, not found.doubt
    else:
        certainty, untold = answer(found).certainty, untold or unseparated(found)
        recommended = getattr(found, "recommendation", None)
        used = found.mask if mask is None else mask
        advised = recommended is not None and used.cropped() == recommended.mask
    # Where the answer is likely no mask helps, whatever of the frames is noise.
    if not untold or certainty == "likely":
        return flags
    told = () if certainty == "uncertain" and advised else ("cannot_tell",)
    return (*flags, *told, "unseparated")


def doubts_about(
    stack: ImageStack, flags: Iterable[str], error: float | None = None
) -> tuple[Doubt, ...]:
    """Return what speaks against denoising a stack, and is to be accepted first.

    Parameters
    ----------
    stack : ImageStack
    flags : iterable of str
        As from `flags_of`.
    error : float, optional
        Expected with the mask, in units of the noise's variance, if it is known.
    """
    found = set(flags)
    if stack.n_frames == 1:
        # In one frame it may be the sample's.
        found.discard("periodic_temporal")
    if error is not None and error >= GAINS:
        found.add("no_gain")
    if {"registered", "interpolated", "drawn"} & found:
        found.add("processed")
    if stack.pixel_dtype.itemsize == 1:
        found.add("eight_bits")
    if stack.denoised:
        found.add("denoised")
    if stack.lossy:
        found.add("compressed")
    return tuple(doubt for doubt in DOUBTS if doubt in found)


@dataclass(frozen=True)
class DenoisedRecord:
    """What is kept of how a file was denoised."""

    denoiser: Denoiser
    source: InputRecord
    mask_from: str
    """Where the mask comes from, in words or by the name of its file."""
    accepted: tuple[Doubt, ...] = ()
    clipped: int | None = None
    """Pixels that whole numbers could not hold; None where floating point was written."""
    pixel_size: tuple[float, float] | None = None
    """Height and width of a pixel, µm."""
    fitted_to: tuple[str, ...] = ()
    """Names of the files that it was fitted to together."""
    first: int = 0
    """Number of the file's first frame among all that it was fitted to."""
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def mask(self) -> Mask:
        """The mask."""
        return Mask(self.denoiser.mask)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What is said beside the result, a sentence each."""
        return cautions(self.mask, self.pixel_size)

    @property
    def methods(self) -> str:
        """A paragraph for a paper."""
        folds, hot = self.denoiser.folds.sentence, self.denoiser.n_hot
        return methods_paragraph(Method(self.mask, self.mask_from, folds, __version__, hot))

    def values(self) -> dict[str, Any]:
        """Return what is known before the file is written as plain values: what stands in it."""
        import scipy

        stage = self.denoiser.stage
        return {
            "format": FORMAT,
            "version": VERSION,
            "program_version": __version__,
            "numpy_version": np.__version__,
            "scipy_version": scipy.__version__,
            "date": self.date,
            "cautions": list(self.cautions),
            "input": self.source.model_dump(mode="json"),
            "mask_from": self.mask_from,
            "mask": self.mask.array.astype(int).tolist(),
            "fitted_to": list(self.fitted_to),
            "comparable": len(self.fitted_to) > 1,
            "folds": self.denoiser.folds.sentence,
            "hot_pixels": self.denoiser.n_hot,
            "seed": self.denoiser.seed,
            "added": stage.added,
            "squared_error_lowered_by": stage.gain,
            "accepted": list(self.accepted),
            "methods": self.methods,
        }


def written_type(stack: ImageStack, *, whole_numbers: bool) -> np.dtype[Any]:
    """Return the type that is written; InputError if it has to be of whole numbers and is not."""
    if not whole_numbers:
        return np.dtype(np.float32)
    if stack.pixel_dtype.kind not in "iu":
        held = f"{stack.name} holds {stack.pixel_dtype}, not whole numbers"
        raise InputError(f"{held}; leave out --whole-numbers.")
    return stack.pixel_dtype


def save_denoised(
    record: DenoisedRecord,
    stack: ImageStack,
    path: str | os.PathLike[str],
    *,
    whole_numbers: bool = False,
    force: bool = False,
    task: Task = NO_TASK,
) -> DenoisedRecord:
    """Write all frames denoised, as an OME-TIFF in the raw grey levels, with the record inside.

    Parameters
    ----------
    record : DenoisedRecord
        With a fitted denoiser of the stack.
    stack : ImageStack
        Axes and pixel size are taken from it.
    path : path
        The file; it appears only once it is complete.
    whole_numbers : bool
        Round to the stack's own type, where it is one of whole numbers; float32 otherwise.
    force : bool
        Replace an existing file, but never one of the stack's own.
    task : Task

    Returns
    -------
    DenoisedRecord
        With how many pixels were clipped.

    Raises
    ------
    InputError
        If the file exists and `force` is False, cannot be written, or is one of the stack's own.
    Cancelled
        If the task is cancelled; nothing is left then.
    """
    path = Path(path)
    check_no_input(path, stack.files)
    dtype = written_type(stack, whole_numbers=whole_numbers)
    clipped = 0

    def write(file: BinaryIO) -> None:
        nonlocal clipped
        inside = json.dumps(record.values(), ensure_ascii=False)
        about = "\n".join([*record.cautions, f"Record: {inside}"])
        start_tiff(file, stack, dtype, software=f"{DENOISED_BY}{__version__}", about=about)
        for number in range(stack.n_frames):
            task.report(number, stack.n_frames, f"Writing {shown(path)}")
            for _, rows in record.denoiser.bands(record.first + number, task):
                values, outside = _as_type(rows, dtype)
                clipped += outside
                file.write(values.tobytes())
        task.report(stack.n_frames, stack.n_frames, f"Writing {shown(path)}")

    def without_record() -> None:
        # A record is of the image beside it: that of the old one goes before it is replaced.
        if force:
            record_path(path).unlink(missing_ok=True)

    write_atomic(path, write, force=force, replacing=without_record)
    return replace(record, clipped=clipped if whole_numbers else None)


def _as_type(rows: NDArray[np.float32], dtype: np.dtype[Any]) -> tuple[NDArray[Any], int]:
    """Return rows in the type of the file, and how many pixels it could not hold."""
    if dtype.kind == "f":
        return rows.astype(dtype.newbyteorder("<"), copy=False), 0
    limits = np.iinfo(dtype)
    whole = np.rint(rows.astype(np.float64))
    outside = int(((whole < limits.min) | (whole > limits.max)).sum())
    bounded = np.clip(whole, limits.min, limits.max)
    # The largest 64-bit numbers are no floating-point ones.
    safe = np.minimum(bounded, np.nextafter(float(limits.max) + 1, 0))
    return safe.astype(dtype.newbyteorder("<")), outside


Measure = Callable[[ImageStack, Task], Basis]
"""Measures noise and structure of a stack."""


@dataclass(frozen=True)
class DenoiseOptions:
    """How files are denoised."""

    mask: Mask
    mask_from: str = "measured"
    accepted: tuple[Doubt, ...] = ()
    flags: tuple[str, ...] = ()
    """As from `flags_of`: whether noise could be told from structure."""
    whole_numbers: bool = False
    force: bool = False
    test_spots: bool = False
    """Whether to say what is left of objects put into the frames."""


@dataclass(frozen=True)
class DenoisedFile:
    """A file that was written, and what is to be said of it."""

    path: Path
    record: DenoisedRecord
    evaluation: Evaluation | None
    problem: str = ""
    """Why it could not be evaluated."""
    spots: tuple[Recovered, ...] = ()
    """What is left of objects put into the frames, if that was asked for."""

    def values(self) -> dict[str, Any]:
        """Return record and evaluation as plain values."""
        evaluation = None if self.evaluation is None else self.evaluation.record()
        clipped = {"clipped_pixels": self.record.clipped}
        found = {**self.record.values(), **clipped, "evaluation": evaluation}
        if self.spots:
            found["test_with_spots"] = [asdict(one) for one in self.spots]
        return found


def denoise_stacks(
    stacks: Sequence[ImageStack],
    targets: Sequence[Path],
    options: DenoiseOptions,
    *,
    measure: Measure | None = None,
    task: Task = NO_TASK,
) -> list[DenoisedFile]:
    """Denoise open files by one fit to all of them, and write and evaluate each.

    Parameters
    ----------
    stacks : sequence of ImageStack
        With frames of one size.
    targets : sequence of Path
        What to write, an OME-TIFF for each; see `denoised_path`. Records go beside them.
    options : DenoiseOptions
    measure : callable, optional
        Measures noise and structure of a stack for the evaluation.
    task : Task

    Raises
    ------
    InputError
        If there are too few pixels, the files differ in size, or a file cannot be written or is one
        of those that are read.
    Cancelled
        If the task is cancelled: files that have their records stay, and the state to go on from.
    """
    inputs = [file for stack in stacks for file in stack.files]
    for target in targets:
        check_no_input(target, inputs)
    frames = stacks[0] if len(stacks) == 1 else ChosenFrames(stacks)
    denoiser = Denoiser(frames, options.mask, shared_noise="shared_frames" in options.accepted)
    if options.test_spots:
        check_room(denoiser)
    sources = [InputRecord.of(stack, task) for stack in stacks]
    saved = SavedState(targets[0], stacks, [one.sha256 for one in sources], denoiser.mask)
    for _ in fitted(denoiser, saved, task):
        pass
    names = tuple(stack.name for stack in stacks)
    written, first = [], 0
    for stack, source, target in zip(stacks, sources, targets, strict=True):
        # What can fail comes first: afterwards no file would have its record.
        stack.check_unchanged()
        basis, problem = _measured(stack, measure, task)
        spots: tuple[Recovered, ...] = ()
        if options.test_spots and basis is not None:
            spots = recovered_shapes(denoiser, basis.noise.variance**0.5, task)
        record = save_denoised(
            DenoisedRecord(
                denoiser,
                source,
                options.mask_from,
                options.accepted,
                pixel_size=pixel_size(stack.metadata),
                fitted_to=names,
                first=first,
            ),
            stack,
            target,
            whole_numbers=options.whole_numbers,
            force=options.force,
            task=task,
        )
        first += stack.n_frames
        file = DenoisedFile(target, record, None, problem, spots)
        if basis is not None:
            try:
                told = trusted_as_told(basis, options.flags)
                file = _evaluated(file, stack, told, task)
            except (Cancelled, KeyboardInterrupt):
                # Without its record it would be taken for an image.
                target.unlink()
                raise
        write_atomic(record_path(target), json_bytes(file.values()), force=options.force)
        written.append(file)
    saved.remove()
    return written


def _evaluated(file: DenoisedFile, stack: ImageStack, basis: Basis, task: Task) -> DenoisedFile:
    try:
        found = evaluate_file(file.path, [stack], file.record.mask, lambda: basis, task=task)
    except (InputError, ParameterError) as error:
        return replace(file, problem=str(error))
    return replace(file, evaluation=found.outcome)


def trusted_as_told(measured: Basis, flags: Iterable[str]) -> Basis:
    """Return the basis of an evaluation: not trusted where noise and structure were not separated.

    So that what is said of a result agrees with the answer (``flags``: as from `flags_of`).
    """
    return replace(measured, trusted=measured.trusted and "unseparated" not in flags)


def _measured(stack: ImageStack, measure: Measure | None, task: Task) -> tuple[Basis | None, str]:
    """Return the basis of an evaluation, or why there is none."""
    try:
        return automatic_basis(stack, task=task) if measure is None else measure(stack, task), ""
    except (InputError, ParameterError) as error:
        return None, str(error)
