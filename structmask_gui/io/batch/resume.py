"""Results of an earlier run that can be kept: of the same files with the same settings."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from structmask_gui.core.errors import InputError
from structmask_gui.io.batch.files import Job
from structmask_gui.io.extract_files import ExtractionSettings, Input
from structmask_gui.io.files.paths import exists, is_file
from structmask_gui.io.results.masks import load_mask, npy_bytes, png_bytes
from structmask_gui.io.results.record import (
    InputRecord,
    LeftOutRecord,
    Record,
    file_checksum,
    read_record,
)
from structmask_gui.io.stack.channels import LUMINANCE
from structmask_gui.io.stack.image_stack import ImageStack
from structmask_gui.version import __version__


@dataclass(frozen=True)
class Fingerprint:
    """State of a job's files and settings, by which a later change shows."""

    size: int  # bytes of its files together
    modified: int  # when the newest of them was changed, in nanoseconds
    # Checksum of everything else that decides the result, the program's version included.
    settings: str


def fingerprint(job: Job, settings: ExtractionSettings) -> Fingerprint:
    """Return the present state of a job's files and settings."""
    references = [item for item in (settings.dark, settings.subtract) if item is not None]
    size, modified = 0, 0
    for item in (*job.inputs, *references):
        try:
            status = item.path.stat()
        except OSError:
            continue
        size += status.st_size
        modified = max(modified, status.st_mtime_ns)
    opened = [
        None
        if item is None
        else (_place(item.path), item.axes, item.channel, item.series, str(item.frames))
        for item in (settings.dark, settings.subtract, *job.inputs)
    ]
    everything = (
        settings.parameters.model_dump(mode="json"),
        settings.region,
        settings.quality,
        *(["one mask"] if settings.one_mask else []),
        opened,
        __version__,
    )
    digest = hashlib.sha256(json.dumps(everything).encode(errors="replace"))
    return Fingerprint(size, modified, digest.hexdigest()[:16])


def is_shared(job: Job, settings: ExtractionSettings) -> bool:
    """Say whether the files of a job are measured one by one for a mask that serves all."""
    return settings.one_mask and len(job.inputs) > 1


def finished(job: Job, settings: ExtractionSettings) -> tuple[Record, tuple[Input, ...]] | None:
    """Return the record of a job that was done before, or None if there is none that fits.

    Returns
    -------
    record : Record
        Of the same files, unchanged, with the same settings; mask and picture are there too.
    missing : tuple of Input
        Files of a group that the record does not have: they are new, or could not be read then.
    """
    try:
        files = job.files.found
        record = read_record(files.json)
        if not record.inputs or not _asked_for(record, job, settings):
            return None
        if not exists(files.png) or load_mask(files.npy) != record.as_mask():
            return None
        made = files.json.stat().st_mtime_ns
        if not _same_references(settings, record, made):
            return None
        known = {_place(item.path): item for item in record.inputs}
        left_out = {_place(one.path): one for one in record.left_out}
        missing = []
        for item in job.inputs:
            entry = known.pop(_place(item.path), None)
            if entry is None:
                failed = left_out.get(_place(item.path))
                if failed is None or not _as_found(item, failed, made):
                    missing.append(item)
            elif not _unchanged(item, entry, made, item.open):
                return None
    except (InputError, OSError):
        return None
    # A file of the record that is gone, or nothing in common: another mask.
    if known or len(missing) == len(job.inputs):
        return None
    return record, tuple(missing)


def _asked_for(record: Record, job: Job, settings: ExtractionSettings) -> bool:
    """Say whether a record is of a mask made with these settings, unchanged since."""
    # Compared as parameters: older records do not have all of them.
    if record.edited or record.as_parameters() != settings.parameters:
        return False
    region = None if settings.region is None else tuple(settings.region)
    # Where all others were left out, the mask is of the one file alone.
    shared = is_shared(job, settings) and len(record.inputs) > 1
    if record.region != region or bool(record.fits) != shared:
        return False
    return not settings.quality or record.quality is not None or bool(record.fits)


def _same_references(settings: ExtractionSettings, record: Record, made: int) -> bool:
    """Say whether a record names the reference stacks of these settings, unchanged since."""
    for item, described in ((settings.dark, record.dark), (settings.subtract, record.subtract)):
        if item is None and described is None:
            continue
        if item is None or described is None or _place(item.path) != _place(described.path):
            return False
        beside = partial(item.beside, record.inputs[0].channel)
        if not _unchanged(item, described, made, beside):
            return False
    return True


def named_before(job: Job) -> Job:
    """Return the job, with the names of versions that did not mark channels if its mask has these.

    Those versions gave the masks of all channels one name.
    """
    before = replace(job, files=job.files.unmarked)
    if before == job or exists(job.files.found.json) or holding(before) is None:
        return job
    return before


def of_others(job: Job) -> str:
    """Name what the mask was measured in that is in the place of a job's, if it is not the job's.

    That is another file of the same stem, or another channel.
    """
    try:
        record = read_record(job.files.found.json)
    except InputError:
        return ""
    own = any(record.is_of(item.path) for item in job.inputs) and _same_channel(job, record)
    return "" if own else record.measured_in


def _same_channel(job: Job, record: Record) -> bool:
    asked = job.inputs[0].channel
    allowed = {0, LUMINANCE} if asked is None else {asked}
    return all((item.channel or 0) in allowed for item in record.inputs)


def holding(job: Job) -> Record | None:
    """Return the record of the mask that a job has, whatever its settings; None if none holds.

    It holds if it is of the job's files, unchanged since, and the mask beside it is the same.
    """
    try:
        files = job.files.found
        if not exists(files.json):
            return None
        record = read_record(files.json)
        if load_mask(files.npy) != record.as_mask():
            return None
        made = files.json.stat().st_mtime_ns
        known = {_place(item.path): item for item in record.inputs}
        places = {_place(item.path): item for item in job.inputs}
        if not all(_as_found(item, known.get(at), made) for at, item in places.items()):
            return None
    except (InputError, OSError):
        return None
    held = known.keys() <= places.keys() and _same_channel(job, record)
    return record if known and held else None


def half_written(job: Job, record: Record) -> bool:
    """Say whether the files are those that a killed run leaves: this mask, but no record."""
    files, mask = job.files.doubtful if record.doubt else job.files, record.as_mask()
    if exists(job.files.found.json):
        return False
    try:
        return all(
            not exists(path) or path.read_bytes() == contents
            for path, contents in (
                (files.npy, npy_bytes(mask)),
                (files.png, png_bytes(mask)),
            )
        )
    except OSError:
        return False


def _place(path: str | os.PathLike[str]) -> str:
    """Return a path in the one form in which two can be compared."""
    return os.path.normcase(os.path.realpath(path))


def _unchanged(
    item: Input, described: InputRecord, made: int, open_file: Callable[[], ImageStack]
) -> bool:
    with open_file() as stack:
        opened = (stack.axes, stack.shape, stack.series_index, stack.channel, stack.frames_chosen)
    expected = (
        described.axes,
        described.shape,
        described.series,
        described.channel,
        described.frames,
    )
    if opened != expected:
        return False
    # Only a file that seems changed is read through; a folder does not tell its age.
    same = is_file(item.path) and _as_found(item, described, made)
    return same or file_checksum(item.path) == described.sha256


def _as_found(item: Input, described: InputRecord | LeftOutRecord | None, made: int) -> bool:
    """Say whether a file is as it was before it was opened; if that is unknown, whether it is old.

    ``made`` is when the record was written: a file of before may have been put there since.
    """
    status = item.path.stat()
    if described is None or described.modified is None:
        return status.st_mtime_ns <= made
    return (status.st_size, status.st_mtime_ns) == (described.size, described.modified)
