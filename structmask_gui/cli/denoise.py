"""`structmask denoise`: a stack denoised by the mask's rule, written beside the raw one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from structmask_gui.cli.choices import chosen_inputs, tiff_target
from structmask_gui.cli.console import DONE, evaluated_lines, print_json, print_notes, progress_bar
from structmask_gui.core.denoising.denoiser import check_visible
from structmask_gui.core.denoising.spots import sentences
from structmask_gui.core.denoising.wording import called, learned, refusal
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.extraction.extraction import Extraction
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.basis import automatic_basis, extraction_basis
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.recommend.recommend import told_error
from structmask_gui.io.denoise_files import (
    DenoisedFile,
    DenoiseOptions,
    check_free,
    denoise_stacks,
    denoised_path,
    doubts_about,
    flags_of,
    written_type,
)
from structmask_gui.io.files.atomic import check_no_input, make_folder
from structmask_gui.io.files.paths import is_folder, one_line, shown
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.stack.image_stack import ImageStack


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    (item,) = chosen_inputs(arguments, [arguments.file], None)
    given = None if arguments.mask is None else load_mask(arguments.mask)
    if given is not None:
        check_visible(given.array)
    with item.open() as stack, progress_bar(stack.name) as progress:
        task = Task(progress)
        # Refused before anything takes long.
        target = _target(arguments, stack)
        check_no_input(target, stack.files)
        written_type(stack, whole_numbers=arguments.whole_numbers)
        print_notes(stack.notes)
        extraction, mask = _measured(stack, given, task)
        flags = flags_of(stack, extraction, task, mask)
        doubts = doubts_about(stack, flags, told_error(extraction, mask))
        if doubts and not arguments.yes:
            raise InputError(f"{stack.name}: {refusal(doubts)}.")
        origin = "measured" if arguments.mask is None else shown(arguments.mask)
        options = DenoiseOptions(
            mask,
            origin,
            doubts,
            flags,
            whole_numbers=arguments.whole_numbers,
            force=arguments.force,
            test_spots=arguments.test_spots,
        )

        def measure(stack: ImageStack, task: Task) -> Basis:
            if extraction is None:
                return automatic_basis(stack, task=task)
            # Measured already for the recommendation, but in frames too small for it.
            known = getattr(extraction, "basis", None)
            return known or extraction_basis(extraction, stack, task=task)

        (file,) = denoise_stacks([stack], [target], options, measure=measure, task=task)
    if arguments.json:
        print_json({"file": str(target), **file.values()})
    else:
        print_denoised(file)
    return DONE


def _target(arguments: argparse.Namespace, stack: ImageStack) -> Path:
    """Return the file to write, refused before anything takes long."""
    named = denoised_path(arguments.file, arguments.output_dir, stack.channel_mark)
    target = tiff_target(arguments, named, ".ome.tif")
    check_free(target, force=arguments.force)
    if arguments.output_dir is not None:
        make_folder(arguments.output_dir)
    why = "" if is_folder(target.parent) else "its folder does not exist"
    if not why and not os.access(target.parent, os.W_OK):
        why = "you may not write there"
    if why:
        raise InputError(f"{shown(target)} cannot be written ({why}); choose another --output.")
    return target


def _measured(stack: ImageStack, given: Mask | None, task: Task) -> tuple[Extraction | None, Mask]:
    """Measure what speaks against denoising; return it with the mask, the recommended or given."""
    asked = Parameters(method="statistical", source="automatic", mask_choice="recommended")
    try:
        extraction = extract_recording(stack, asked, task=task)
    except (InputError, ParameterError):
        if given is None:
            raise
        return None, given
    return extraction, extraction.mask if given is None else given


def print_denoised(file: DenoisedFile) -> None:
    """Print what became of a file, and what is to be said beside it."""
    record, evaluation = file.record, file.evaluation
    print(f"{one_line(str(file.path))}: denoised with {called(record.mask)}")
    if file.problem:
        print(f"note: it could not be evaluated: {file.problem}", file=sys.stderr)
    if evaluation is not None:
        for line in evaluated_lines(evaluation):
            print(f"  {line}")
    for line in sentences(file.spots):
        print(f"  {line}")
    if record.clipped is not None:
        print(f"  Rounded to whole numbers; {record.clipped} pixels were clipped.")
    print(f"  {learned(record.denoiser)}")
    for line in record.cautions:
        print(f"  {line}")
    print(f"  Methods: {record.methods}")
