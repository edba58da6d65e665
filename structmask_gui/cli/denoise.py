"""`structmask denoise`: a stack denoised by the mask's rule, written beside the raw one."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from itertools import islice
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
from structmask_gui.io.batch.files import Job
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.status import JobState
from structmask_gui.io.denoise_files import (
    DenoisedFile,
    DenoiseOptions,
    denoise_stacks,
    denoised_path,
    doubts_about,
    flags_of,
    is_denoised_with,
    record_path,
    written_type,
)
from structmask_gui.io.files.atomic import check_no_input, checked_target, make_folder
from structmask_gui.io.files.paths import exists, is_folder, one_line, shown
from structmask_gui.io.results.files import ResultFiles, plan_results
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import read_record
from structmask_gui.io.stack.image_stack import ImageStack, location_of


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
        doubts = doubts_about(
            stack, flags_of(stack, extraction, task), told_error(extraction, mask)
        )
        if doubts and not arguments.yes:
            raise InputError(f"{stack.name}: {refusal(doubts)}.")
        origin = "measured" if arguments.mask is None else shown(arguments.mask)
        options = DenoiseOptions(
            mask,
            origin,
            doubts,
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
    _check_free(target, force=arguments.force)
    if arguments.output_dir is not None:
        make_folder(arguments.output_dir)
    why = "" if is_folder(target.parent) else "its folder does not exist"
    if not why and not os.access(target.parent, os.W_OK):
        why = "you may not write there"
    if why:
        raise InputError(f"{shown(target)}: cannot be written ({why}); choose another --output.")
    return target


def _check_free(target: Path, *, force: bool) -> None:
    for path in (target, record_path(target)):
        checked_target(path)
        if exists(path) and not force:
            raise InputError(f"{shown(path)}: exists already; use --force to replace it.")


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


def denoise_jobs(queue: BatchQueue, arguments: argparse.Namespace) -> list[str]:
    """Denoise the files of a batch's jobs that have a mask, those of a job by one fit.

    A job that was skipped because it has a mask already is denoised with that. Where denoised files
    are there they are kept, if the mask was and they were made with it.

    Returns
    -------
    list of str
        Why files were not denoised; printed, too.
    """
    problems, fits = [], 0
    inputs = [item for job in queue.jobs for item in job.inputs]
    # Files of equal names have numbers, as their masks have.
    marks = [item.asked_mark for item in inputs]
    planned = iter(plan_results([item.path for item in inputs], arguments.output_dir, marks))
    for index, (job, status) in enumerate(zip(queue.jobs, queue.statuses, strict=True)):
        names = list(islice(planned, len(job.inputs)))
        # A mask that was not asked for is said to be one already.
        if status.state not in (JobState.DONE, JobState.SKIPPED) or status.unlike:
            continue
        try:
            keep = status.kept or status.state is JobState.SKIPPED
            targets, files = _denoised_job(job, status.mask, names, arguments, keep=keep)
            queue.set_denoised(index, targets)
            fits += bool(files)
            if not arguments.json:
                for file in files:
                    print(*_short(file), sep="\n")
        except (InputError, ParameterError) as error:
            problems.append(str(error))
            why = str(error).removeprefix(f"{job.name}: ").removeprefix("not denoised: ")
            queue.set_denoised(index, (), why)
            print(f"error: {one_line(str(error))}", file=sys.stderr)
    if fits > 1 and not arguments.json:
        print(
            f"Fitted {fits} times: not comparable between conditions. With --per folder or --per"
            " all, files share a fit."
        )
    return problems


def _short(file: DenoisedFile) -> list[str]:
    """Return the verdict on a file of a batch, and what was learned."""
    said = f"it could not be evaluated: {file.problem}"
    if file.evaluation is not None:
        said = file.evaluation.sentence
    return [f"{shown(file.path)}: {said}", f"    {learned(file.record.denoiser)}"]


def _beside(files: ResultFiles, stack: ImageStack) -> Path:
    """Return where a denoised file goes that has the name of a mask."""
    stem = files.json.stem.removesuffix("_mask")
    return denoised_path(files.json.with_name(f"{stem}.tif"), mark=stack.channel_mark)


def _denoised_job(
    job: Job,
    mask: Mask | None,
    names: list[ResultFiles],
    arguments: argparse.Namespace,
    *,
    keep: bool,
) -> tuple[list[Path], list[DenoisedFile]]:
    """Return the denoised files of a job, and those of them that were made now."""
    if mask is None:
        raise InputError(
            f"{job.name}: not denoised: the mask that is there does not belong to its files as they"
            " are now; use --force to measure it anew."
        )
    record = read_record(job.files.found.json)
    # Those that could not be used for the mask were left out, and said.
    used = {item.path for item in record.inputs}
    pairs = list(zip(job.inputs, names, strict=True))
    pairs = [pair for pair in pairs if location_of(pair[0].path) in used] or pairs
    with ExitStack() as resources:
        stacks = [resources.enter_context(item.open()) for item, _ in pairs]
        targets = [_beside(files, stack) for (_, files), stack in zip(pairs, stacks, strict=True)]
        if keep and all(is_denoised_with(mask, target) for target in targets):
            if not arguments.json:
                print(f"{job.name}: is denoised already, {shown(targets[0])}")
            return targets, []
        for target in targets:
            if exists(target) and not (arguments.force or is_denoised_with(mask, target)):
                raise InputError(
                    f"{shown(target)}: was not denoised with this mask; use --force to replace it."
                )
            _check_free(target, force=arguments.force)
        task = Task(resources.enter_context(progress_bar(job.name)))
        found = (doubts_about(s, flags_of(s, record, task), record.told_error) for s in stacks)
        doubts = tuple(dict.fromkeys(doubt for some in found for doubt in some))
        if doubts and not arguments.yes:
            raise InputError(f"{job.name}: {refusal(doubts)}.")
        options = DenoiseOptions(mask, shown(job.files.found.json), doubts, force=arguments.force)
        return targets, denoise_stacks(stacks, targets, options, task=task)
