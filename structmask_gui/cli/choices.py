"""From the arguments that commands share to parameters, inputs, region and target."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import TUNING, changed_together, why_without_effect
from structmask_gui.core.stack.frames import Region
from structmask_gui.io.extract_files import ExtractionSettings, Input
from structmask_gui.io.files.atomic import check_no_input
from structmask_gui.io.files.paths import shown
from structmask_gui.io.presets.library import find_preset
from structmask_gui.io.results.record import InputRecord, Record, file_checksum, recorded_file
from structmask_gui.io.stack.image_stack import frame_range

_OPTIONS = ("method", "convention", "source", "patch_size", "patches", "seed")
"""The parameters that have an option of their own."""


def chosen_parameters(arguments: argparse.Namespace, record: Record | None) -> Parameters:
    """Combine, later ones winning: defaults, record, preset, the named options, --set.

    Parameters that were given by name but have no effect are noted on standard error.
    """
    parameters = Parameters() if record is None else record.as_parameters()
    if arguments.preset is not None:
        preset = find_preset(arguments.preset)
        for note in preset.notes:
            print(f"note: {note}", file=sys.stderr)
        parameters = preset.apply(parameters)
    chosen: dict[str, Any] = {
        name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None
    }
    chosen.update(arguments.set)
    if source := chosen_source(arguments):
        chosen["source"] = source
    before, parameters = parameters, changed_together(parameters, chosen)
    # What a method cannot measure in is said where it measures; a name that is given is not lost.
    parameters = parameters.changed({name: chosen[name] for name in {"source"} & set(chosen)})
    if "mask_choice" not in chosen and parameters.mask_choice != before.mask_choice:
        tuned = sorted(TUNING & set(chosen))
        print(
            f"note: {', '.join(tuned)} chooses the significant lags in place of the recommended"
            " mask.",
            file=sys.stderr,
        )
    named = {name for name in _OPTIONS if getattr(arguments, name) is not None}
    named.update(dict(arguments.set))
    for name in parameter_infos():
        if name in named and (why := why_without_effect(name, parameters)):
            print(f"note: {name} has no effect: {why}", file=sys.stderr)
    return parameters


def chosen_source(arguments: argparse.Namespace) -> str | None:
    """Return the source that is named, or that a dark or a subtracted stack stands for."""
    asked: str | None = dict(getattr(arguments, "set", ())).get("source", arguments.source)
    for name in ("dark", "subtract"):
        if getattr(arguments, name) is None:
            continue
        if asked not in (None, name):
            raise ParameterError(
                f"--{name} sets the source {name}, but {asked} was given as well; leave one out."
            )
        return name
    return asked


def reference_stacks(arguments: argparse.Namespace, record: Record | None) -> dict[str, Any]:
    """Return the stacks that are given as "dark" and "subtract", else the record's."""
    stacks: dict[str, Input] = {}
    for name in ("dark", "subtract"):
        path: Path | None = getattr(arguments, name)
        item = None if record is None else getattr(record, name)
        if path is not None:
            stacks[name] = Input(path)
        elif item is not None:
            stacks[name] = _recorded(item, arguments.from_record)
    return stacks


def chosen_settings(arguments: argparse.Namespace, record: Record | None) -> ExtractionSettings:
    """Return what decides the masks beside their files."""
    return ExtractionSettings(
        chosen_parameters(arguments, record),
        chosen_region(arguments, record),
        quality=arguments.quality,
        one_mask=getattr(arguments, "one_mask", False) or bool(record and record.fits),
        **reference_stacks(arguments, record),
    )


def chosen_region(arguments: argparse.Namespace, record: Record | None) -> Region | None:
    """Return the rectangle of the arguments, else the record's."""
    if arguments.region is None and record is not None and record.region is not None:
        return Region(*record.region)
    region: Region | None = arguments.region
    return region


def chosen_inputs(
    arguments: argparse.Namespace, files: Sequence[Path], record: Record | None
) -> list[Input]:
    """Return the files, opened as the arguments say, else as the record's inputs were."""
    chosen = {
        name: getattr(arguments, name)
        for name in ("axes", "channel", "series", "frames")
        if getattr(arguments, name) is not None
    }
    if files:
        if record is None or not record.inputs:
            return [Input(path, **chosen) for path in files]
        # Opened as the record's first input was, unless the arguments say otherwise.
        return [Input(path, **{**_opened(record.inputs[0]), **chosen}) for path in files]
    if record is None:
        raise ParameterError("extract: no FILE is given; name at least one image file.")
    if not record.inputs:
        raise InputError(
            f"{shown(arguments.from_record)} names no input files; give them after the record."
        )
    return [replace(_recorded(item, arguments.from_record), **chosen) for item in record.inputs]


def tiff_target(arguments: argparse.Namespace, otherwise: Path, ending: str) -> Path:
    """Return --output or another file, which is to be a TIFF and not the image file itself."""
    target: Path = arguments.output or otherwise
    if target.suffix.lower() not in (".tif", ".tiff"):
        kind = "an OME-TIFF" if ending.startswith(".ome") else "a TIFF"
        raise InputError(
            f"{shown(target)}: what is written is {kind}; give --output a name that ends in"
            f" {ending}."
        )
    check_no_input(target, [arguments.file])
    return target


def _recorded(item: InputRecord, record_path: Path) -> Input:
    return Input(_recorded_file(item, record_path), **_opened(item))


def _opened(item: InputRecord) -> dict[str, Any]:
    """Return how an input of the record was opened."""
    return {
        "axes": item.axes,
        "channel": item.channel,
        "series": item.series,
        "frames": None if item.frames is None else frame_range(item.frames),
    }


def _recorded_file(item: InputRecord, record_path: Path) -> Path:
    """Find an input of the record where it was, or beside the record, and check it is the same."""
    path = recorded_file(item, record_path)
    if path is None:
        raise InputError(
            f"{item.name} is neither at {item.path} nor beside the record; name the file after it."
        )
    if item.sha256 is not None and file_checksum(path) != item.sha256:
        raise InputError(
            f"{item.name} is not the file of the record (its checksum differs); name the file to"
            " measure after the record."
        )
    return path
