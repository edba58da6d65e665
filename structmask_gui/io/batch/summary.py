"""The summary of a batch: a table as CSV, and as an HTML page with small pictures."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.names import counted
from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.io.batch.files import Job, absolute
from structmask_gui.io.batch.queue import BatchQueue
from structmask_gui.io.batch.resume import Fingerprint
from structmask_gui.io.batch.status import JobState, JobStatus
from structmask_gui.io.extract_files import Input
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.paths import exists, is_file, read_small, shown
from structmask_gui.io.report.html import Markup, page, paragraph, picture, table
from structmask_gui.io.results.files import DOUBTFUL
from structmask_gui.io.results.masks import load_mask
from structmask_gui.io.results.record import record_beside
from structmask_gui.io.stack.channels import Channel

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = (
    *("file", "state", "sentence", "certainty", "error", "notes"),
    *("height", "width", "pixels", "shape", "patches", "frames"),
    *("still copied", "needlessly hidden"),
    *("mask", "report", "seconds", "bytes", "modified", "settings"),
    *("answer", "certainty of the answer"),
    "denoised",
)

_WITHOUT_DENOISED = COLUMNS[:-1]
_WITHOUT_ANSWER = COLUMNS[:-3]
_WITHOUT_FIGURES = tuple(
    name for name in _WITHOUT_ANSWER if name not in ("still copied", "needlessly hidden")
)
"""The columns of summaries that earlier versions wrote."""

_FOUND = ("sentence", "certainty", "notes", *COLUMNS[6:16], *COLUMNS[-3:])
"""What a row tells of its mask."""

_NOT = "no: "
"""What the reason begins with, in the column denoised."""

SummaryRow = dict[str, str]

_LARGEST = 200_000_000
# Earlier versions wrote cells longer than the module reads by itself.
csv.field_size_limit(_LARGEST)
_LONGEST_CELL = 32_767
"""Characters that a cell of a spreadsheet holds."""

_BESIDE = 3
_SMALL = 96


def summary_paths(path: Path) -> tuple[Path, Path]:
    """Return where the CSV and the HTML of a summary go; `path` may name either."""
    stem = path.with_suffix("") if path.suffix.lower() in (".csv", ".html", ".htm") else path
    return stem.with_name(stem.name + ".csv"), stem.with_name(stem.name + ".html")


def summary_place(
    files: Sequence[Path],
    output_dir: Path | None,
    otherwise: Path,
    like: Input | None = None,
    *,
    resume: bool = False,
) -> Path:
    """Return where a summary goes if it is not said: to the results, or the folder of all files.

    Of files in several folders, to the one that holds them all; ``otherwise`` if that is a drive.

    Its name has the number of the channel that is asked for (``like``), but of the first. Versions
    before gave the summaries of all channels one name: to ``resume``, one of the channel that has
    it is gone on with.
    """
    folder = output_dir or _folder_of_all(files) or otherwise
    before = folder / "structmask_batch.csv"
    if resume and not exists(before) and exists(otherwise / before.name):
        # Where versions before put that of several folders.
        before = otherwise / before.name
        folder = otherwise
    if like is None or not like.known_mark:
        return before
    place = folder / f"structmask_batch{like.known_mark}.csv"
    goes_on = resume and not exists(place) and _channels(before) == {like.channel}
    return before if goes_on else place


def _folder_of_all(files: Sequence[Path]) -> Path | None:
    """Return the folder that holds all files; None if that is a drive, or there is none."""
    folders = {file.parent for file in files}
    if len(folders) == 1:
        return folders.pop()
    try:
        shared = Path(os.path.commonpath([folder.absolute() for folder in folders]))
    except ValueError:
        return None
    return None if shared == Path(shared.anchor) else shared


def _channels(path: Path) -> set[Channel | None]:
    """Return the channels of the first mask of a summary whose record is there."""
    for row in _earlier(path).values():
        try:
            if row["mask"] and (record := record_beside(Path(row["mask"]))) is not None:
                return {item.channel for item in record.inputs}
        except InputError:
            continue
    return set()


def write_summary(
    queue: BatchQueue, path: Path, words: Callable[[str], str] = str
) -> tuple[Path, Path]:
    """Write the summary of a batch as it stands, in place of an older one.

    What a summary that is replaced tells of masks that are still there is not lost: a job without
    a new mask keeps what was known of its old one, and the rows of files that the batch is not
    about this time, as of one mask for each after one for all, are kept.

    Parameters
    ----------
    queue : BatchQueue
    path : Path
        CSV or HTML; both are written.
    words : callable
        Says what failed and what to do, given in the words of the command line, in others.

    Returns
    -------
    csv, html : Path

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    csv_path, html_path = summary_paths(path)
    earlier = _earlier(csv_path)
    table_bytes = csv_bytes(queue, earlier, words)
    page_bytes = html_bytes(queue, html_path.parent, earlier, words)
    write_atomic(csv_path, table_bytes, force=True)
    write_atomic(html_path, page_bytes, force=True)
    return csv_path, html_path


def csv_bytes(
    queue: BatchQueue,
    earlier: Mapping[str, SummaryRow] | None = None,
    words: Callable[[str], str] = str,
) -> bytes:
    """Return the table as CSV in UTF-8, one row a job; ``earlier`` are rows by their files."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for line in _lines(queue, earlier or {}, words):
        writer.writerow([_cell(line.row[name]) for name in COLUMNS])
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    return buffer.getvalue().encode("utf-8-sig", errors="backslashreplace")


def html_bytes(
    queue: BatchQueue,
    folder: Path | None = None,
    earlier: Mapping[str, SummaryRow] | None = None,
    words: Callable[[str], str] = str,
) -> bytes:
    """Return a page with a small picture of each mask; its folder, if given, makes links."""
    rows = []
    for line in _lines(queue, earlier or {}, words):
        row, mask = line.row, line.mask
        small = "" if mask is None else picture(small_picture(mask), _words(mask), "small")
        state = row["state"]
        said = row["answer"] or row["sentence"]
        texts = [said] if state == JobState.SKIPPED and said else []
        texts.append(line.error or said or state)
        if line.old and line.error and said:
            texts.append(f"Of its earlier mask: {said}")
        if row["answer"] and row["sentence"]:
            texts.append(row["sentence"])
        if row["still copied"]:
            texts.append(_figures_words(row))
        every = [in_labels(text) for text in (*texts, *line.more)]
        first = paragraph(every[0], "failed" if state == JobState.FAILED else "")
        parts = [first, *map(_faint, every[1:])]
        if row["denoised"]:
            parts.append(_faint(in_labels(_denoised_words(row["denoised"]))))
        if row["report"] and folder is not None:
            address = escape(_address(Path(row["report"]), folder))
            parts.append(f'<p><a href="{address}">Report</a></p>')
        sure = row["certainty of the answer"] or row["certainty"]
        if DOUBTFUL in Path(row["mask"]).stem:
            sure = "doubtful"
        status = f"{state}: {sure}" if sure else state
        # Of two images of one name the mask has a number.
        names = paragraph(shown(row["file"])) + (_faint(shown(row["mask"])) if row["mask"] else "")
        rows.append((small, Markup(names), status, Markup("".join(parts))))
    return page(
        "StructMask: summary of a batch",
        [
            "<h1>Summary of a batch</h1>",
            paragraph(counts_sentence(queue), "lead"),
            table(("Mask", "File", "State", "Result"), rows),
        ],
    )


@dataclass(frozen=True)
class _Line:
    """One line of the summary: its row, the mask, why there is none, and what else is said."""

    row: SummaryRow
    mask: Mask | None
    error: str
    more: tuple[str, ...]
    old: bool = False


def _lines(
    queue: BatchQueue, earlier: Mapping[str, SummaryRow], words: Callable[[str], str]
) -> Iterator[_Line]:
    files = set()
    for job, status in zip(queue.jobs, queue.statuses, strict=True):
        values = map(str, _row(queue, job, status))
        row = dict(zip(COLUMNS, values, strict=True))
        row.update({name: words(row[name]) for name in ("error", "denoised")})
        error = words(status.error)
        files.add(row["file"])
        more = (*_made_of(status), *status.left_out, *status.notes)
        old = earlier.get(row["file"])
        if status.mask is None and old is not None:
            mask = _mask_of(old, job.files.found.npy, [item.path for item in job.inputs])
            if mask is not None:
                row.update({name: old[name] for name in _FOUND if old[name]})
                _keep_settings(row, old)
                yield _Line(row, mask, error, more, old=True)
                continue
        if status.state is JobState.SKIPPED and status.mask is not None and old is not None:
            _keep_settings(row, old)
        if old is not None and (status.kept or status.state is JobState.SKIPPED):
            row["denoised"] = row["denoised"] or old["denoised"]
        yield _Line(row, status.mask, error, more)
    for file, old in earlier.items():
        if file in files:
            continue
        mask = _mask_of(old, Path(old["mask"]), [Path(file)])
        # What failed need not be tried again by a later run that goes on.
        failed = queue.resume and old["state"] == JobState.FAILED and exists(Path(file))
        if mask is not None or failed:
            notes = (old["notes"],) if old["notes"] else ()
            yield _Line(old, mask, old["error"], notes)


def _keep_settings(row: SummaryRow, old: SummaryRow) -> None:
    """Keep the preset of a mask that stays; of what failed it is a checksum."""
    if JobState.FAILED not in (row["state"], old["state"]):
        row["settings"] = old["settings"]


def _mask_of(row: SummaryRow, path: Path, files: Sequence[Path]) -> Mask | None:
    """Return the mask that an earlier row tells of, if it is still there and of these files."""
    if not row["mask"] or Path(row["mask"]).name != path.name:
        return None
    try:
        made = path.stat().st_mtime_ns
        # Of a group the folder stands in the row; its own time says nothing of the files in it.
        if any(is_file(file) and file.stat().st_mtime_ns > made for file in files):
            return None
        return load_mask(path)
    except (InputError, OSError):
        return None


def counts_sentence(queue: BatchQueue) -> str:
    """Return how many masks were made, kept from an earlier run, failed and so on."""
    counts = queue.counts()
    kept = sum(s.kept and s.state is JobState.DONE for s in queue.statuses)
    left_out = sum(len(status.left_out) for status in queue.statuses)
    parts = [counted(counts[JobState.DONE] - kept, "mask") + " made"]
    if kept:
        parts.append(f"{kept} kept from an earlier run")
    if left_out:
        parts.append(f"{counted(left_out, 'file')} left out")
    for state, word in (
        (JobState.SKIPPED, "skipped"),
        (JobState.FAILED, "failed"),
        (JobState.CANCELLED, "cancelled"),
        (JobState.RUNNING, "running"),
        (JobState.PENDING, "waiting"),
    ):
        if counts[state]:
            parts.append(f"{counts[state]} {word}")
    # Files without a mask cannot be denoised, and are counted as failed.
    ended = [
        (job, status.denoised)
        for job, status in zip(queue.jobs, queue.statuses, strict=True)
        if status.denoised.ended
    ]
    if ended:
        denoised = sum(len(one.files) for _, one in ended)
        stacks = sum(len(job.inputs) for job, _ in ended)
        parts.append(f"{denoised} of {counted(stacks, 'stack')} denoised")
    looks = sum(status.needs_a_look for status in queue.statuses)
    look = f" {looks} of the masks {'needs' if looks == 1 else 'need'} a look." if looks else ""
    return ", ".join(parts) + "." + look


def is_current(queue: BatchQueue, path: Path) -> bool:
    """Say whether nothing was done and the summary lists just these jobs, so it can stay."""
    if not all(status.kept for status in queue.statuses):
        return False
    csv_path, html_path = summary_paths(path)
    if not (exists(csv_path) and exists(html_path)):
        return False
    jobs = [
        (str(job.path), status.state.value, status.report)
        for job, status in zip(queue.jobs, queue.statuses, strict=True)
    ]
    files = {file for file, *_ in jobs}
    listed = [(row["file"], row["state"], bool(row["report"])) for row in _read(csv_path)]
    return [entry for entry in listed if entry[0] in files] == jobs


def read_failures(path: Path) -> dict[str, tuple[Fingerprint, str]]:
    """Return fingerprint and sentence of each job that failed by its files, by its path."""
    csv_path, _ = summary_paths(path)
    if not exists(csv_path):
        return {}
    failures = {}
    for row in _read(csv_path):
        if row["state"] == JobState.FAILED.value and row["settings"]:
            try:
                found = Fingerprint(int(row["bytes"]), int(row["modified"]), row["settings"])
            except ValueError:
                raise _no_summary(csv_path) from None
            failures[row["file"]] = (found, row["error"])
    return failures


def _earlier(path: Path) -> dict[str, SummaryRow]:
    """Return the rows of a summary that is to be replaced; none if it is no summary."""
    try:
        return {row["file"]: row for row in _read(path)} if exists(path) else {}
    except InputError:
        return {}


def _read(path: Path) -> list[SummaryRow]:
    text = read_small(path, _LARGEST, "a summary")
    try:
        rows = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
        names = tuple(next(rows, ()))
        if names not in (COLUMNS, _WITHOUT_DENOISED, _WITHOUT_ANSWER, _WITHOUT_FIGURES):
            raise _no_summary(path)
        nothing = dict.fromkeys(COLUMNS, "")
        return [{**nothing, **dict(zip(names, map(_as_written, row), strict=True))} for row in rows]
    except (ValueError, csv.Error):
        raise _no_summary(path) from None


def _no_summary(path: Path) -> InputError:
    return InputError(
        f"{shown(path)} is no summary of a batch; give another --summary, or use --force without"
        " --resume."
    )


def _row(queue: BatchQueue, job: Job, status: JobStatus) -> Sequence[object]:
    mask = status.mask
    size: Sequence[object] = ("", "", "", "")
    if mask is not None:
        statistics = mask.statistics
        size = (*mask.shape, statistics.true_pixels, statistics.shape_class)
    print_: Sequence[object] = ("", "", queue.preset if status.state is JobState.DONE else "")
    if status.fault is not None:
        print_ = (status.fault.size, status.fault.modified, status.fault.settings)
    return (
        job.path,
        status.state.value,
        status.sentence,
        status.sure,
        " ".join((status.error, *_made_of(status), *status.left_out)).strip(),
        " ".join(status.notes),
        *size,
        status.patches or "",
        status.frames or "",
        *_figures(status),
        absolute(job.files.found.npy) if mask is not None else "",
        absolute(job.files.report) if status.report else "",
        f"{status.seconds:.2f}" if status.seconds else "",
        *print_,
        *_answer(status),
        _denoised(status),
    )


def _made_of(status: JobStatus) -> tuple[str, ...]:
    return (f"Made of {status.used}.",) if status.used else ()


def _answer(status: JobStatus) -> tuple[str, str]:
    """Return the three lines as one text, and their certainty; empty of records of before."""
    if status.answer is None:
        return "", ""
    return " ".join(status.answer.lines), status.answer.told


def _denoised(status: JobStatus) -> str:
    if status.denoised.why_not:
        return f"{_NOT}{status.denoised.why_not}"
    return ", ".join(shown(absolute(file)) for file in status.denoised.files)


def _denoised_words(cell: str) -> str:
    if cell.startswith(_NOT):
        return f"Not denoised: {cell.removeprefix(_NOT)}"
    return f"Denoised: {cell}"


def _figures(status: JobStatus) -> tuple[str, str]:
    """Return still copied and needlessly hidden; empty where they were not worked out."""
    found = status.quality
    if found is None:
        return "", ""
    return f"{found['still_copied']:.4f}", str(found["needlessly_hidden"])


def _figures_words(row: SummaryRow) -> str:
    needless = row["needlessly hidden"]
    try:
        copied = f"{float(row['still copied']):.1%}"
    except ValueError:  # changed by hand
        copied = row["still copied"]
    pixels = "pixel" if needless == "1" else "pixels"
    return f"A network could copy {copied} of the noise. Hidden without need: {needless} {pixels}."


def _address(path: Path, folder: Path) -> str:
    """Return the address of a file in a page that is in a folder; relative, so both may move."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return path.absolute().as_uri()
    # A name with a colon would be taken for an address of its own kind.
    return "./" + quote(os.fsencode(relative.replace(os.sep, "/")))


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula, and from splitting a long one."""
    text = f"'{text}" if text[:1] in ("=", "+", "-", "@", "'") else text
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _as_written(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def small_picture(mask: Mask) -> Image:
    """Return a small picture of a mask: its content and a margin, dark on light."""
    from PIL import Image

    inner = mask.cropped()
    side = max(inner.shape) + 2 * _BESIDE
    array = inner.padded((side, side)).array
    grey = np.where(array, np.uint8(40), np.uint8(236))
    grey[side // 2, side // 2] = 150
    size = side * max(1, _SMALL // side)
    return Image.fromarray(grey).resize((size, size), Image.Resampling.NEAREST)


def _words(mask: Mask) -> str:
    statistics = mask.statistics
    return f"{statistics.shape_words}, {counted(statistics.true_pixels, 'pixel')}"


def _faint(text: str) -> str:
    return paragraph(text, "faint")
