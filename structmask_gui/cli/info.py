"""`structmask info`: how an image file is understood."""

from __future__ import annotations

import argparse

from structmask_gui.cli.console import DONE, print_json
from structmask_gui.io.files.paths import one_line
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.info import describe


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    with open_stack(arguments.file, series=arguments.series, axes=arguments.axes) as stack:
        info = describe(stack)
    if arguments.json:
        print_json(info.as_dict())
        return DONE
    rows = info.rows()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"{one_line(name):{width}}  {one_line(text)}")
    return DONE
