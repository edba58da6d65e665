"""`structmask check`: which files a mask fits."""

from __future__ import annotations

import argparse
import sys

from structmask_gui.cli.choices import chosen_inputs, chosen_region, chosen_source, reference_stacks
from structmask_gui.cli.console import DONE, FAILED, PARTLY, print_json, progress_bar
from structmask_gui.core.names import counted
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import Task
from structmask_gui.io.batch.files import find_files
from structmask_gui.io.extract_files import ExtractionSettings
from structmask_gui.io.files.paths import one_line, shown
from structmask_gui.io.one_mask import check_files, counts
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.stack.channels import with_channel


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    mask = load_mask(arguments.mask)
    references = reference_stacks(arguments, None)
    source = chosen_source(arguments) or "automatic"
    parameters = Parameters.checked(method="statistical", source=source, mask_choice="recommended")
    settings = ExtractionSettings(parameters, chosen_region(arguments, None), **references)
    files, problems = find_files(arguments.paths, recursive=arguments.recursive)
    errors = [{"file": "", "error": problem} for problem in problems]
    for problem in problems:
        print(f"error: {one_line(problem)}", file=sys.stderr)
    inputs = chosen_inputs(arguments, files, None) if files else []
    fits, results = [], []
    with progress_bar(shown(arguments.mask)) as progress:
        for one in check_files(mask, inputs, settings, Task(progress)):
            if one.fit is None:
                errors.append({"file": str(one.item.path), "error": one.error})
                print(f"error: {one_line(one.error)}", file=sys.stderr)
                continue
            fits.append(one.fit)
            found = {"file": str(one.item.path), "channel": one.channel, **one.fit.record()}
            results.append(found)
            if not arguments.json:
                name = with_channel(shown(one.item.path), one.channel)
                print(f"{one_line(name)}: {one.fit.sentence}")
    if arguments.json:
        print_json({"mask": str(arguments.mask), "results": results, "errors": errors})
    elif len(fits) > 1:
        print(f"{counted(len(fits), 'file')}: {counts(fits)}.")
    if not errors:
        return DONE
    return PARTLY if results else FAILED
