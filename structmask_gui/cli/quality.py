"""`structmask quality`: what a mask will do to an image, and what it did to a denoised one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from structmask_gui.cli.choices import (
    chosen_inputs,
    chosen_region,
    chosen_source,
    reference_stacks,
)
from structmask_gui.cli.console import (
    DONE,
    answer_lines,
    evaluated_lines,
    print_json,
    print_notes,
    progress_bar,
)
from structmask_gui.core.denoised.evaluate import LINEAR
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import (
    NOT_SEPARATED,
    OVER_ONE,
    Assessment,
    Basis,
    assess,
)
from structmask_gui.core.quality.basis import quality_record
from structmask_gui.core.recommend.extract import judged
from structmask_gui.core.recommend.wording import Answer
from structmask_gui.core.statistical.estimate import LARGEST_LAG
from structmask_gui.io.denoised import EvaluatedFile, evaluate_file, open_denoised
from structmask_gui.io.extract_files import ExtractionSettings, Input, judging_misfit, opened
from structmask_gui.io.files.paths import shown
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import Record, record_beside
from structmask_gui.io.stack.image_stack import ImageStack

_WORTH_SAYING = 0.0025
"""Standard error of a share from which its interval is printed."""


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if arguments.order and arguments.denoised is None:
        raise ParameterError("quality: --denoised-order is of --denoised; give that file, too.")
    mask = load_mask(arguments.mask)
    record = _record_beside(arguments)
    # Frames, channel and rectangle of the record are those of its own files.
    same = record if record is not None and record.is_of(arguments.file) else None
    (item,) = chosen_inputs(arguments, [arguments.file], same)
    region = chosen_region(arguments, same)
    references = reference_stacks(arguments, record)
    if record is None:
        source = chosen_source(arguments) or "automatic"
        lags = min(LARGEST_LAG, 2 * arguments.radius)
        parameters = Parameters.checked(method="statistical", source=source, max_lag=lags)
    else:
        parameters = record.as_parameters()
    settings = ExtractionSettings(parameters, region, **references)
    with opened([item], settings) as files, progress_bar(files.stacks[0].name) as progress:
        stack, task = files.stacks[0], Task(progress)
        print_notes(stack.notes)
        answers: list[Answer | None] = []

        def measure() -> Basis:
            recording, radius = files.recording(region), arguments.radius
            found, told = judged(recording, parameters, mask, radius=radius, task=task)
            answers.append(told)
            return found

        evaluated = None
        if arguments.denoised is None:
            basis = measure()
        else:
            basis, evaluated = _evaluated(
                arguments.denoised, item, stack, mask, measure, order=arguments.order, task=task
            )
        misfit = judging_misfit(files, parameters, task)
    assessment, answer = assess(basis, mask), _doubted(answers[-1], misfit)
    if arguments.json:
        print_json(
            {
                "mask": str(arguments.mask),
                "file": str(arguments.file),
                **quality_record(basis, assessment),
                "as_in_record": None if record is None else str(arguments.from_record),
                "answer": None if answer is None else answer.record(),
                **({} if evaluated is None else {"denoised": _record_of(arguments, evaluated)}),
            }
        )
        return DONE
    if evaluated is not None:
        _print_evaluation(arguments, evaluated)
    if answer is not None:
        print(*answer_lines(shown(arguments.mask), answer, ""), sep="\n")
    where = basis.noise.source
    if record is not None:
        how = f"{record.method}, source {record.source}"
        where += f", as for the mask ({how} in {shown(arguments.from_record)})"
        if same is None:
            _note_on_another_image(arguments, record)
    _print(shown(arguments.mask), where, assessment, mask.statistics.true_pixels - 1)
    if not basis.trusted:
        print(f"  {NOT_SEPARATED}")
    return DONE


def _doubted(answer: Answer | None, misfit: str) -> Answer | None:
    """Add that a reference stack does not fit; where there is no answer, as a note."""
    if answer is not None:
        return answer.doubted(misfit)
    if misfit:
        print_notes([misfit])
    return None


def _note_on_another_image(arguments: argparse.Namespace, record: Record) -> None:
    named = ", ".join(item.name for item in record.inputs)
    print(
        f"note: {shown(arguments.from_record)} is of another image ({named}), not of"
        f" {shown(arguments.file)}: only where to look for the noise is taken from it.",
        file=sys.stderr,
    )


def _evaluated(
    path: Path,
    item: Input,
    stack: ImageStack,
    mask: Mask,
    measure: Callable[[], Basis],
    *,
    order: str,
    task: Task,
) -> tuple[Basis, EvaluatedFile]:
    """Compare a denoised file with all frames of the raw one, or those that were chosen of it."""
    made: list[Basis] = []

    def measured() -> Basis:
        made.append(measure())
        return made[0]

    with ExitStack() as resources:
        raw = stack
        if item.frames is not None:
            denoised, _ = open_denoised(path, [stack], item.axes)
            with denoised:
                chosen = denoised.n_frames == stack.n_frames
            if not chosen:
                raw = resources.enter_context(replace(item, frames=None).open())
        evaluated = evaluate_file(
            path, [raw], mask, measured, axes=item.axes, order=order, task=task
        )
    return made[0], evaluated


def _record_of(arguments: argparse.Namespace, evaluated: EvaluatedFile) -> dict[str, Any]:
    return {"file": str(arguments.denoised), **evaluated.record()}


def _print_evaluation(arguments: argparse.Namespace, evaluated: EvaluatedFile) -> None:
    outcome = evaluated.outcome
    sentence, *figures = evaluated_lines(outcome)
    print(f"{shown(arguments.denoised)}, as the output for {shown(arguments.file)}: {sentence}")
    for line in (*figures, LINEAR, outcome.where, evaluated.assumed):
        if line:
            print(f"    {line}")


def _record_beside(arguments: argparse.Namespace) -> Record | None:
    """Return the record of the mask, unless the options say where the noise is measured."""
    chosen = (arguments.source, arguments.dark, arguments.subtract)
    if any(value is not None for value in chosen):
        return None
    try:
        record = record_beside(arguments.mask)
    except InputError as error:
        print(f"note: {error} It is not used for the figures.", file=sys.stderr)
        return None
    if record is not None:
        arguments.from_record = arguments.mask.with_suffix(".json")
    return record


def _print(name: str, where: str, assessment: Assessment, hidden: int) -> None:
    figures, scored = assessment.figures, assessment.scored
    print(f"{name}, noise measured in {where}:")
    within = f" ± {200 * figures.error:.1f} %" if figures.error >= _WORTH_SAYING else ""
    print(
        f"  could be copied      {100 * figures.copied:5.1f} %{within}  of the noise, by a network"
        f" ({100 * figures.copied_bare:.1f} % without a mask; estimate)"
    )
    if figures.note:
        print(f"  {figures.note}")
    few = figures.judged < hidden
    of = f" of the {figures.judged} within {figures.radius} px; the mask hides {hidden}"
    print(f"  hidden without need  {figures.needlessly_hidden:6d}  pixels{of if few else ''}")
    print(
        f"  expected error       {scored.expected:6.3f}  of the noise variance"
        f" (noise left {scored.error.noise_left:.3f}, detail lost {scored.error.detail_lost:.3f},"
        f" training {scored.training:.3f}; estimate from a linear model)"
    )
    if scored.expected >= 1:
        print(f"  {OVER_ONE}")
    print(f"  {assessment.curve.sentence}")
