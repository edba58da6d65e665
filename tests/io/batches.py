"""What the tests of the batch share."""

from __future__ import annotations

import csv
from pathlib import Path

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.io.batch.files import find_files, plan_jobs
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.extract_files import ExtractionSettings

DEFAULTS = Parameters()
SETTINGS = ("region", "dark", "subtract", "quality", "one_mask")


def make(folder, out, **options):
    files, problems = find_files([folder])
    assert not problems
    return queue_of(plan_jobs(files, output_dir=out, per=options.pop("per", "file")), **options)


def queue_of(jobs, parameters=DEFAULTS, *, on_change=None, preset="", **options):
    """Return a queue; options of the settings may be among its own."""
    own = {name: options.pop(name) for name in SETTINGS if name in options}
    queue = BatchQueue(jobs, ExtractionSettings(parameters, **own), **options)
    queue.on_change, queue.preset = on_change, preset
    return queue


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def rows_of(place):
    with place.open(encoding="utf-8-sig", newline="") as file:
        return {Path(row["file"]).name: row for row in csv.DictReader(file)}
