"""`structmask extract`: a mask for each file, or one for all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from structmask_gui.cli.console import (
    DONE,
    FAILED,
    PARTLY,
    print_error,
    print_json,
    progress_bar,
)
from structmask_gui.core.errors import InputError, ParameterError, StructMaskError
from structmask_gui.core.extraction import extract_array
from structmask_gui.core.frames import ChosenFrames
from structmask_gui.core.parameters import Parameters
from structmask_gui.core.sampling import Region
from structmask_gui.io.images import ImageStack, frame_range, open_stack
from structmask_gui.io.paths import shown
from structmask_gui.io.presets import find_preset
from structmask_gui.io.record import Record, file_checksum, make_record, read_record
from structmask_gui.io.results import ResultFiles, plan_results, write_results


@dataclass(frozen=True)
class _Input:
    """A file and how it is opened."""

    path: Path
    axes: str | None = None
    channel: Any = None
    series: int | None = None
    frames: slice | None = None

    def open(self) -> ImageStack:
        stack = open_stack(self.path, series=self.series, axes=self.axes, channel=self.channel)
        if self.frames is None:
            return stack
        try:
            return stack.with_frames(self.frames)
        except BaseException:
            stack.close()
            raise


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    record = read_record(arguments.from_record) if arguments.from_record else None
    parameters = _parameters(arguments, record)
    region = arguments.region
    if record is not None and region is None and record.region is not None:
        region = Region(*record.region)
    inputs = _inputs(arguments, record)
    # A record of several inputs is of one mask for all of them.
    together = arguments.average or (record is not None and len(record.inputs) > 1)
    jobs = [inputs] if together else [[item] for item in inputs]
    files = plan_results([job[0].path for job in jobs], arguments.output_dir)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for job, target in zip(jobs, files, strict=True):
        name = shown(job[0].path)
        try:
            result = _extract(job, parameters, region, target, force=arguments.force)
        except StructMaskError as error:
            print_error(error)
            errors.append({"file": str(job[0].path), "error": str(error)})
            continue
        results.append(_summary(job, result, target))
        if not arguments.json:
            print(f"{name}: {result.sentence}")
            for note in result.notes:
                print(f"    {note}")
            print(f"    {target.npy}, {target.png.name}, {target.json.name}")
    if arguments.json:
        print_json({"results": results, "errors": errors})
    if not errors:
        return DONE
    return PARTLY if results else FAILED


def _parameters(arguments: argparse.Namespace, record: Record | None) -> Parameters:
    """Combine, later ones winning: defaults, record, preset, the named options, --set."""
    parameters = Parameters() if record is None else record.as_parameters()
    chosen: dict[str, Any] = {}
    if arguments.preset is not None:
        preset = find_preset(arguments.preset)
        for note in preset.notes:
            print(f"note: {note}", file=sys.stderr)
        chosen.update(preset.parameters)
    for name in ("method", "convention", "source", "patch_size", "patches", "seed"):
        if getattr(arguments, name) is not None:
            chosen[name] = getattr(arguments, name)
    chosen.update(arguments.set)
    if chosen.get("method") == "statistical":
        chosen.setdefault("source", "automatic")
    return parameters.changed(chosen)


def _inputs(arguments: argparse.Namespace, record: Record | None) -> list[_Input]:
    chosen = {
        name: getattr(arguments, name)
        for name in ("axes", "channel", "series", "frames")
        if getattr(arguments, name) is not None
    }
    if arguments.files:
        if record is None or not record.inputs:
            return [_Input(path, **chosen) for path in arguments.files]
        # Opened as the record's first input was, unless it is said otherwise.
        return [_Input(path, **{**_opened(record, 0), **chosen}) for path in arguments.files]
    if record is None:
        raise ParameterError("extract: no FILE is given; name at least one image file.")
    if not record.inputs:
        raise InputError(
            f"{shown(arguments.from_record)}: names no input files; give them after the record."
        )
    return [
        _Input(_recorded_file(record, i, arguments.from_record), **{**_opened(record, i), **chosen})
        for i in range(len(record.inputs))
    ]


def _opened(record: Record, index: int) -> dict[str, Any]:
    """Return how an input of the record was opened."""
    item = record.inputs[index]
    return {
        "axes": item.axes,
        "channel": item.channel,
        "series": item.series,
        "frames": None if item.frames is None else frame_range(item.frames),
    }


def _recorded_file(record: Record, index: int, record_path: Path) -> Path:
    """Find an input of the record where it was, or beside the record, and check it is the same."""
    item = record.inputs[index]
    places = [Path(item.path), record_path.parent / item.name]
    for path in places:
        if path.is_file():
            if item.sha256 is not None and file_checksum(path) != item.sha256:
                raise InputError(
                    f"{item.name}: is not the file of the record (its checksum differs); name the"
                    " file to measure after the record."
                )
            return path
    raise InputError(
        f"{item.name}: is neither at {item.path} nor beside the record; name the file after it."
    )


@dataclass(frozen=True)
class _Result:
    record: Record

    @property
    def sentence(self) -> str:
        return self.record.sentence

    @property
    def notes(self) -> list[str]:
        return self.record.notes


def _extract(
    job: Sequence[_Input],
    parameters: Parameters,
    region: Region | None,
    target: ResultFiles,
    *,
    force: bool,
) -> _Result:
    if not force:
        target.check_free()
    with ExitStack() as resources:
        stacks = [resources.enter_context(item.open()) for item in job]
        progress = resources.enter_context(progress_bar(shown(job[0].path)))
        frames = stacks[0] if len(stacks) == 1 else ChosenFrames(stacks)
        extraction = extract_array(frames, parameters, region=region, progress=progress)
        record = make_record(extraction, stacks, progress=progress)
    write_results(extraction.mask, record, target, force=force)
    return _Result(record)


def _summary(job: Sequence[_Input], result: _Result, target: ResultFiles) -> dict[str, Any]:
    record = result.record.model_dump(mode="json")
    return {
        "files": [str(item.path) for item in job],
        "outputs": {path.suffix[1:]: str(path) for path in target.all()},
        **{
            key: record[key]
            for key in ("sentence", "notes", "method", "parameters", "patches", "statistics")
        },
        **{key: record[key] for key in ("verdict", "quality") if record[key] is not None},
    }
