"""`structmask extract`: a mask for each file, or one for all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from structmask_gui.cli.choices import chosen_inputs, chosen_settings
from structmask_gui.cli.console import (
    DONE,
    FAILED,
    PARTLY,
    answer_lines,
    details,
    outputs,
    print_error,
    print_json,
    print_notes,
    progress_bar,
)
from structmask_gui.core.errors import InputError, StructMaskError
from structmask_gui.core.names import counted
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import NOT_SEPARATED
from structmask_gui.io.extract_files import ExtractionSettings, Input
from structmask_gui.io.files.paths import is_folder, one_line, shown
from structmask_gui.io.formats.zarr import is_zarr_folder
from structmask_gui.io.one_mask import extract_job
from structmask_gui.io.results.files import ResultFiles, plan_results, write_results
from structmask_gui.io.results.record import Record, read_record


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    record = read_record(arguments.from_record) if arguments.from_record else None
    settings = chosen_settings(arguments, record)
    inputs = chosen_inputs(arguments, arguments.files, record)
    if record is not None and record.edited:
        print(
            f"note: {shown(arguments.from_record)}: its mask was edited by hand; the extraction is"
            " repeated, the editing is not. The record itself can be used as the edited mask.",
            file=sys.stderr,
        )
    # A record of several inputs is of one mask for all of them.
    together = arguments.average or (record is not None and len(record.inputs) > 1)
    jobs = [inputs] if together else [[item] for item in inputs]
    first = [job[0] for job in jobs]
    marks = [item.channel_mark for item in first]
    named = plan_results([item.path for item in first], arguments.output_dir, marks)
    files = [one.marked(mark) for one, mark in zip(named, marks, strict=True)]
    results: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for job, target in zip(jobs, files, strict=True):
        name = shown(job[0].path)
        try:
            result, removed = _extract(arguments, job, settings, target)
        except StructMaskError as error:
            print_error(error)
            errors.append({"file": str(job[0].path), "error": str(error)})
            continue
        target = target.doubtful if result.doubt else target
        results.append(
            summary([item.path for item in job], result, target, report=arguments.report)
        )
        if not arguments.json:
            print(*answer_lines(name, result.answer, result.sentence), sep="\n")
            if arguments.verbose:
                print(*details(result.sentence, result.notes), sep="\n")
            if result.quality is not None:
                print(f"    {_figures(result.quality)}")
            names = [path.name for path in (target.png, target.json)]
            names += [target.report.name] if arguments.report else []
            print(f"    Written: {one_line(', '.join([str(target.npy), *names]))}")
            if removed:
                older = one_line(", ".join(path.name for path in removed))
                print(f"    Removed, of an earlier run: {older}")
    if arguments.json:
        print_json({"results": results, "errors": errors})
    if not errors:
        return DONE
    return PARTLY if results else FAILED


def _extract(
    arguments: argparse.Namespace,
    job: Sequence[Input],
    settings: ExtractionSettings,
    target: ResultFiles,
) -> tuple[Record, list[Path]]:
    """Return the record of a mask, which is written, and what was removed of an older one."""
    for item in job:
        if is_folder(item.path) and not is_zarr_folder(item.path):
            name = one_line(str(item.path))
            raise InputError(
                f"{shown(item.path)} is a folder; name the files in it, or measure all of them"
                f" with `structmask batch {name}`."
            )
    if not arguments.force:
        target.check_free(report=arguments.report)
    with progress_bar(shown(job[0].path)) as progress:
        report_for = target.npy.name if arguments.report else None
        result = extract_job(job, settings, report_for=report_for, task=Task(progress))
    print_notes([*result.file_notes, *(one.why for one in result.record.left_out)])
    doubt, told = result.record.doubt, result.record.answer
    # The answer, which is printed next, may say it.
    if doubt and (arguments.json or told is None or doubt not in told.how_sure):
        print_notes([f"{target.doubtful.npy.name}: {doubt}"])
    removed = write_results(
        result.mask, result.record, target, report=result.report, force=arguments.force
    )
    return result.record, removed


def _figures(figures: dict[str, Any]) -> str:
    """Return the figures of a record as a line of text."""
    copied, bare = figures["still_copied"], figures["still_copied_bare_centre"]
    needless = figures["needlessly_hidden"]
    doubt = "" if figures["noise_told_from_picture"] else f" {NOT_SEPARATED}"
    return (
        f"A network could copy {100 * copied:.1f} % of the noise ({100 * bare:.1f} % without a"
        " mask; estimate)."
        f" Hidden without need: {counted(needless, 'pixel')}.{doubt}"
    )


def summary(
    paths: Sequence[object], result: Record, target: ResultFiles, *, report: bool
) -> dict[str, Any]:
    """Return what `--json` prints of one result."""
    record = result.model_dump(mode="json")
    return {
        "files": [str(path) for path in paths],
        "outputs": outputs(target, report=report),
        **{
            key: record[key]
            for key in (
                "sentence",
                "notes",
                "doubt",
                "method",
                "parameters",
                "patches",
                "statistics",
            )
        },
        **{
            key: record[key]
            for key in ("verdict", "quality", "answer", "recommendation")
            if record[key] is not None
        },
    }
