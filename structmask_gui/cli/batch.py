"""`structmask batch`: the masks of many files, with a summary."""

from __future__ import annotations

import argparse
import sys
import time
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
    print_json,
    progress_bar,
)
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.progress import Task
from structmask_gui.io.batch.denoise import BatchDenoiser
from structmask_gui.io.batch.engine import BatchEngine
from structmask_gui.io.batch.files import Per, find_files, plan_jobs
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.status import JobState, JobStatus
from structmask_gui.io.batch.summary import (
    counts_sentence,
    is_current,
    read_failures,
    summary_paths,
    summary_place,
    write_summary,
)
from structmask_gui.io.files.atomic import make_folder
from structmask_gui.io.files.paths import exists, one_line, shown
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.presets.library import find_preset
from structmask_gui.io.results.files import stem_of
from structmask_gui.io.results.record import read_record

_SUMMARY_EVERY = 5.0
"""Seconds between summaries while the batch runs, so that one that is killed leaves its last."""

_SUMMARY_SHARE = 0.05
"""Most of the time that they may take: with pictures of thousands of masks they take seconds."""


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if arguments.yes and not arguments.denoise:
        raise ParameterError("batch: --yes is an answer for --denoise; give that, too.")
    if arguments.scheduler is None:
        return _run(arguments, None)
    from structmask_gui.io.batch.cluster import Cluster

    with Cluster(arguments.scheduler) as cluster:
        return _run(arguments, cluster)


def _run(arguments: argparse.Namespace, engine: BatchEngine | None) -> int:
    record = read_record(arguments.from_record) if arguments.from_record else None
    settings = chosen_settings(arguments, record)
    files, problems = find_files(arguments.paths, recursive=arguments.recursive)
    for problem in problems:
        print(f"error: {one_line(str(problem))}", file=sys.stderr)
    if not files or _none_is_there(files):
        return FAILED
    like = chosen_inputs(arguments, files[:1], record)[0]
    per: Per = "all" if arguments.one_mask and arguments.per == "file" else arguments.per
    jobs = plan_jobs(files, per=per, output_dir=arguments.output_dir, like=like)
    usual = summary_place(files, arguments.output_dir, Path(), like, resume=arguments.resume)
    place = arguments.summary or usual
    _check_summary(place, resume=arguments.resume, force=arguments.force)
    queue = BatchQueue(
        jobs,
        settings,
        reports=arguments.report,
        force=arguments.force,
        resume=arguments.resume,
        failures=read_failures(place) if arguments.resume else None,
        engine=engine,
    )
    if arguments.preset is not None:
        queue.preset = find_preset(arguments.preset).named(settings.parameters)
    reporter = _Reporter(queue, place, arguments)
    queue.on_change = reporter.changed
    # Written once before the work: a place that cannot be written is found out now.
    make_folder(place.parent)
    if not arguments.resume:
        write_summary(queue, place)
    try:
        with progress_bar("Batch") as progress:
            queue.run(progress)
    finally:
        csv_path, html_path = summary_paths(place)
        if not is_current(queue, place):
            write_summary(queue, place)
    if arguments.denoise:
        try:
            problems += _denoise(queue, arguments)
        finally:
            write_summary(queue, place)
    if arguments.json:
        print_json(_as_json(queue, problems, csv_path, html_path))
    else:
        print(f"{counts_sentence(queue)} Summary: {one_line(csv_path)}, {html_path.name}")
    if not queue.faulty and not problems:
        return DONE
    good = any(
        s.state in (JobState.DONE, JobState.SKIPPED) and not s.unlike for s in queue.statuses
    )
    return PARTLY if good else FAILED


def _denoise(queue: BatchQueue, arguments: argparse.Namespace) -> list[str]:
    """Denoise the files that have a mask, say what became of each, and return why some are not."""
    problems = []
    queue.on_change = None  # what became of the masks was said
    denoiser = BatchDenoiser(queue, arguments.output_dir, accept=arguments.yes)
    while (index := denoiser.next()) is not None:
        with progress_bar(queue.jobs[index].name) as progress:
            made = denoiser.denoise(index, Task(progress))
        if made.error:
            problems.append(made.error)
            print(f"error: {one_line(made.error)}", file=sys.stderr)
        elif not arguments.json:
            print(*made.lines, sep="\n")
    if denoiser.not_comparable and not arguments.json:
        hint = "With --per folder or --per all, files share a fit."
        print(f"{denoiser.not_comparable} {hint}")
    return problems


def _none_is_there(files: list[Path]) -> bool:
    """Say of each file why it cannot be opened, if there is none of them: nothing is written."""
    if any(exists(file) or remote_address(file) is not None for file in files):
        return False
    for file in files:
        print(
            f"error: {one_line(shown(file))}: there is no such file or folder; check the path.",
            file=sys.stderr,
        )
    return True


def _check_summary(place: Path, *, resume: bool, force: bool) -> None:
    if resume or force:
        return
    for path in summary_paths(place):
        if exists(path):
            raise InputError(
                f"{path.name} exists already; use --resume to go on with that batch, --force to"
                " replace it, or another --summary."
            )


class _Reporter:
    """Prints what becomes of each job, and keeps the summary up to date."""

    def __init__(self, queue: BatchQueue, place: Path, arguments: argparse.Namespace) -> None:
        self._queue, self._place = queue, place
        self._quiet, self._verbose = arguments.json, arguments.verbose
        self._next = time.monotonic() + _SUMMARY_EVERY

    def changed(self, index: int, status: JobStatus) -> None:
        if status.state not in (JobState.DONE, JobState.FAILED, JobState.SKIPPED):
            return
        from tqdm import tqdm

        job = self._queue.jobs[index]
        # tqdm.write takes the bar away while it prints.
        if status.state is JobState.FAILED or status.unlike:
            tqdm.write(f"error: {status.error}", file=sys.stderr)
        elif status.state is JobState.SKIPPED:
            # No error, but a program that reads the JSON finds it there.
            if not self._quiet:
                tqdm.write(status.error, file=sys.stdout)
        elif not self._quiet:
            kept = " (kept from an earlier run)" if status.kept else ""
            first, *others = answer_lines(job.name, status.answer, status.sentence)
            if status.used:
                first = f"{first} Made of {status.used}."
            if self._verbose:
                others += details(status.sentence, status.notes)
            mask = job.files.found.npy.name
            if len(job.inputs) == 1 and not mask.startswith(f"{stem_of(job.inputs[0].path)}_"):
                # Numbered: another image has the same name but for its ending or folder.
                others.append(f"    Written: {one_line(mask)}")
            tqdm.write("\n".join((f"{first}{kept}", *others)), file=sys.stdout)
            for note in status.asked:
                tqdm.write(f"note: {one_line(f'{job.name}: {note}')}", file=sys.stderr)
        for sentence in status.left_out:
            tqdm.write(f"error: {sentence}", file=sys.stderr)
        started = time.monotonic()
        if started >= self._next:
            write_summary(self._queue, self._place)
            ended = time.monotonic()
            self._next = ended + max(_SUMMARY_EVERY, (ended - started) / _SUMMARY_SHARE)


def _as_json(
    queue: BatchQueue, problems: list[str], csv_path: Path, html_path: Path
) -> dict[str, Any]:
    results, skipped = [], []
    errors = [{"file": None, "error": problem} for problem in problems]
    for job, status in zip(queue.jobs, queue.statuses, strict=True):
        if status.state is JobState.SKIPPED:
            entry = {"file": str(job.path), "reason": status.error, "unlike": status.unlike}
            skipped.append(entry)
        elif status.mask is not None:
            results.append(
                {
                    "files": [str(item.path) for item in job.inputs],
                    "outputs": outputs(job.files.found, report=status.report),
                    "sentence": status.sentence,
                    "certainty": status.certainty or None,
                    "answer": status.answer and status.answer.model_dump(mode="json"),
                    "notes": list(status.notes),
                    "fits": [fit.model_dump(mode="json") for fit in status.fits],
                    "left_out": list(status.left_out),
                    "kept": status.kept,
                    "denoised": [str(path) for path in status.denoised.files],
                }
            )
        if status.state is JobState.FAILED:
            error = " ".join((status.error, *status.left_out))
            errors.append({"file": str(job.path), "error": error})
    return {
        "results": results,
        "skipped": skipped,
        "errors": errors,
        "summary": {"csv": str(csv_path), "html": str(html_path)},
    }
