"""`structmask destripe`: frames without the offsets of their rows or columns."""

from __future__ import annotations

import argparse

from structmask_gui.cli.choices import chosen_inputs, tiff_target
from structmask_gui.cli.console import DONE, print_notes, progress_bar
from structmask_gui.core.progress import Task
from structmask_gui.io.files.atomic import check_no_input, make_folder
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.results.destriped import destriped_path, save_destriped


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    source = arguments.file
    folder = arguments.output_dir or source.parent
    (item,) = chosen_inputs(arguments, [source], None)
    with item.open() as stack, progress_bar(stack.name) as progress:
        named = destriped_path(source, folder, stack.channel_mark)
        target = tiff_target(arguments, named, ".tif")
        check_no_input(target, stack.files)
        print_notes(stack.notes)
        if arguments.output_dir is not None:
            make_folder(folder)
        save_destriped(stack, arguments.lines, target, force=arguments.force, task=Task(progress))
    print(
        f"{one_line(str(target))}: without the offsets of its {arguments.lines}; measure this file."
    )
    return DONE
