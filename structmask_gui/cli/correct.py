"""`structmask destripe` and `correct`: frames without offsets of lines, or a fixed pattern."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from structmask_gui.cli.choices import chosen_inputs, tiff_target
from structmask_gui.cli.console import DONE, print_notes, progress_bar
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.correction import Calibration, mean_frame, said_of
from structmask_gui.io.corrected import (
    corrected_path,
    destriped_path,
    read_correction,
    save_corrected,
    save_destriped,
)
from structmask_gui.io.files.atomic import check_no_input, make_folder
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.stack.image_stack import ImageStack

_Save = Callable[[ImageStack, Path, Task], str]
"""Writes the frames of a stack to a file and says what they are now."""


def destripe(arguments: argparse.Namespace) -> int:
    """Write frames without the offsets of their lines; return the exit code."""

    def save(stack: ImageStack, target: Path, task: Task) -> str:
        save_destriped(stack, arguments.lines, target, force=arguments.force, task=task)
        return f"without the offsets of its {arguments.lines}"

    return _write(arguments, destriped_path, [], save)


def correct(arguments: argparse.Namespace) -> int:
    """Write frames without a fixed pattern; return the exit code."""
    files: dict[Calibration, Path] = {}
    if arguments.dark is not None:
        files["dark"] = arguments.dark
    if arguments.even is not None:
        files["even"] = arguments.even
    if not files:
        raise ParameterError("correct: nothing shows the pattern; give --dark FILE or --even FILE.")

    def save(stack: ImageStack, target: Path, task: Task) -> str:
        correction = read_correction(
            files, stack, sources=stack.files, channel=stack.channel, task=task
        )
        said = said_of(mean_frame(stack, task), correction)
        if said.harms:
            raise InputError(f"{stack.name} was not corrected. {' '.join(said.sentences)}")
        print_notes(said.sentences)
        save_corrected(stack, correction, target, force=arguments.force, task=task)
        return correction.words

    return _write(arguments, corrected_path, list(files.values()), save)


def _write(
    arguments: argparse.Namespace,
    named: Callable[[Path, Path, str], Path],
    read: list[Path],
    save: _Save,
) -> int:
    """Write new frames of a file; ``read``: other files, which must not be written over."""
    source = arguments.file
    folder = arguments.output_dir or source.parent
    (item,) = chosen_inputs(arguments, [source], None)
    with item.open() as stack, progress_bar(stack.name) as progress:
        otherwise = named(source, folder, stack.channel_mark)
        target = tiff_target(arguments, otherwise, ".tif")
        check_no_input(target, [*stack.files, *read])
        print_notes(stack.notes)
        if arguments.output_dir is not None:
            make_folder(folder)
        done = save(stack, target, Task(progress))
    print(f"{one_line(str(target))}: {done}; measure this file.")
    return DONE
