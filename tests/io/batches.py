"""What the tests of the batch share."""

from __future__ import annotations

import csv
from pathlib import Path

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.files import find_files, plan_jobs
from structmask_gui.io.batch.queue import BatchQueue


def make(folder, out, **options):
    files, problems = find_files([folder])
    assert not problems
    return BatchQueue(
        plan_jobs(files, output_dir=out, per=options.pop("per", "file")),
        options.pop("parameters", Parameters()),
        **options,
    )


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def rows_of(place):
    with place.open(encoding="utf-8-sig", newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}
