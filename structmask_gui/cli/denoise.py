"""`structmask denoise`: a stack denoised by the mask's rule, written beside the raw one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from structmask_gui.cli.choices import chosen_inputs
from structmask_gui.cli.console import DONE, print_json, progress_bar
from structmask_gui.core.denoised.evaluate import Evaluation
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.wording import Doubt, learned, refusal
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction, extract_array
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.basis import automatic_basis, extraction_basis
from structmask_gui.io.denoise_files import (
    DenoisedRecord,
    SavedState,
    denoised_path,
    doubts_about,
    fitted,
    input_record,
    pixel_size,
    record_path,
    save_denoised,
    save_denoised_record,
)
from structmask_gui.io.denoised import evaluate_file
from structmask_gui.io.files.atomic import make_folder
from structmask_gui.io.files.paths import shown
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.stack.image_stack import ImageStack


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    target = _target(arguments)
    (item,) = chosen_inputs(arguments, [arguments.file], None)
    given = None if arguments.mask is None else load_mask(arguments.mask)
    with item.open() as stack, progress_bar(stack.name) as progress:
        task = Task(progress)
        extraction = _measured(stack, task)
        doubts = doubts_about(stack, extraction)
        if doubts and not arguments.yes:
            raise InputError(f"{stack.name}: {refusal(doubts)}.")
        if given is None and extraction is None:
            raise InputError(
                f"{stack.name}: no mask can be measured in it; name one with --mask FILE."
            )
        mask = given if given is not None or extraction is None else extraction.mask
        assert mask is not None
        origin = "measured" if arguments.mask is None else shown(arguments.mask)
        record = _denoised(arguments, stack, (mask, origin, doubts), target, task)
        evaluation = _evaluated(target, stack, record.mask, extraction, task)
        values = None if evaluation is None else evaluation.record()
        save_denoised_record(record, record_path(target), values, force=arguments.force)
    if arguments.json:
        print_json({"file": str(target), **record.values(values)})
    else:
        _print(target, record, evaluation)
    return DONE


def _target(arguments: argparse.Namespace) -> Path:
    """Return the file to write, refused before anything takes long."""
    source: Path = arguments.file
    target: Path = arguments.output or denoised_path(source, arguments.output_dir)
    if target.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(
            f"{shown(target)}: what is written is an OME-TIFF; give --output a name that ends in"
            " .ome.tif."
        )
    if target.resolve() == source.resolve():
        raise InputError(f"{shown(target)}: is the image file itself; choose another --output.")
    for path in (target, record_path(target)):
        if path.exists() and not arguments.force:
            raise InputError(f"{shown(path)}: already exists; give --force to replace it.")
    if arguments.output_dir is not None:
        make_folder(arguments.output_dir)
    return target


def _measured(stack: ImageStack, task: Task) -> Extraction | None:
    """Measure the recommended mask, and what speaks against denoising."""
    asked: dict[str, Any] = {"method": "statistical", "source": "automatic"}
    if "mask_choice" in Parameters.model_fields:
        asked["mask_choice"] = "recommended"
    try:
        return extract_array(stack, Parameters.checked(asked), task=task)
    except (InputError, ParameterError):
        return None


def _denoised(
    arguments: argparse.Namespace,
    stack: ImageStack,
    chosen: tuple[Mask, str, tuple[Doubt, ...]],
    target: Path,
    task: Task,
) -> DenoisedRecord:
    mask, origin, doubts = chosen
    denoiser = Denoiser(stack, mask, shared_noise="shared_frames" in doubts)
    source = input_record(stack, task)
    saved = SavedState(target, stack, source.sha256, denoiser.mask)
    for _ in fitted(denoiser, saved, task):
        pass
    record = DenoisedRecord(denoiser, source, origin, doubts, pixel_size=pixel_size(stack))
    record = save_denoised(
        record,
        stack,
        target,
        whole_numbers=arguments.whole_numbers,
        force=arguments.force,
        task=task,
    )
    saved.remove()
    return record


def _evaluated(
    target: Path, stack: ImageStack, mask: Mask, extraction: Extraction | None, task: Task
) -> Evaluation | None:
    def measure() -> Basis:
        if extraction is None:
            return automatic_basis(stack, task=task)
        return extraction_basis(extraction, stack, task=task)

    try:
        return evaluate_file(target, [stack], mask, measure, task=task).outcome
    except (InputError, ParameterError) as error:
        print(f"note: it could not be evaluated: {error}", file=sys.stderr)
        return None


def _print(target: Path, record: DenoisedRecord, evaluation: Evaluation | None) -> None:
    statistics = record.mask.statistics
    print(f"{shown(target)}: denoised with a mask of {statistics.true_pixels} pixels")
    print(f"  {learned(record.denoiser)}")
    if evaluation is not None:
        for line in (*evaluation.lines(), evaluation.sentence):
            print(f"  {line}")
    if record.clipped is not None:
        print(f"  Rounded to whole numbers; {record.clipped} pixels were clipped.")
    for line in record.cautions:
        print(f"  {line}")
    print(f"  Methods: {record.methods}")
