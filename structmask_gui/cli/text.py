"""`structmask text`: a mask as a script for a trainer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from structmask_gui.cli.choices import chosen_inputs
from structmask_gui.cli.console import DONE, print_notes
from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import is_file, shown
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import Record, record_beside
from structmask_gui.io.stack.channels import with_channel
from structmask_gui.io.trainers.snippets import MaskContext, snippet


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    mask, record = load_mask(arguments.mask), None
    with suppress(InputError):
        record = record_beside(arguments.mask)
    (item,) = chosen_inputs(arguments, [arguments.file], None)
    npy = arguments.mask.with_suffix(".npy")
    with item.open() as stack:
        context = MaskContext(
            file=str(arguments.file),
            stage="denoised" if arguments.denoised else "raw",
            axes=stack.axes,
            channel=stack.channel,
            series=stack.series_index,
            frames=stack.frames_chosen,
            mask_file=str(npy),
            how=_how(arguments.mask, arguments.file, record),
            first="" if record is None or record.answer is None else record.answer.first,
        )
    made = snippet(arguments.target, mask, context)
    if made.needs_file and is_file(npy) and load_mask(npy) != mask:
        raise InputError(
            f"{shown(npy)} is not the mask of {shown(arguments.mask)}, and the text would load it;"
            " give that mask itself, or move it away."
        )
    print(made.text, end="" if made.text.endswith("\n") else "\n")
    print_notes([*_other_channel(arguments.mask, record, context), *made.notes])
    if made.needs_file and not is_file(npy):
        print(
            f"note: The text loads the mask from {shown(npy)}, which is not there: export it.",
            file=sys.stderr,
        )
    return DONE


def _other_channel(mask: Path, record: Record | None, context: MaskContext) -> Iterator[str]:
    """Say which channel the mask was measured on, if it is another than the text reads."""
    measured = () if record is None else tuple(item.channel for item in record.inputs)
    if context.channel is None or context.channel in measured or set(measured) <= {None}:
        return
    assert record is not None
    reads = with_channel(shown(context.file), context.channel)
    yield f"{shown(mask)} was measured on {record.measured_in}; the text reads {reads}."


def _how(mask: Path, file: Path, record: Record | None) -> str:
    """Say where the mask is from, unless its record says that it was measured in FILE."""
    own = record is not None and not record.edited and record.is_of(file)
    return "" if own else f"from {shown(mask)}"
