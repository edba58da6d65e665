"""The files an extraction leaves: `<stem>_mask.npy`, `.png` and `.json`, and perhaps a report."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.files.atomic import make_folder, write_together
from structmask_gui.io.files.paths import exists, is_file, last_part, shown
from structmask_gui.io.formats.known import is_readable_name
from structmask_gui.io.results.masks import (
    load_mask,
    npy_bytes,
    picture_bytes,
    png_bytes,
    tiff_bytes,
)
from structmask_gui.io.results.record import Record, read_record, record_beside

# No microscope image is as small as a file that holds nothing but a mask.
_LARGEST_MASK_FILE = 128 * 1024
_MASK_FILES = (".npy", ".png", ".tif", ".tiff", ".json")
DOUBTFUL = "_doubtful"
"""Stands in the names of masks that the answer does not support."""

_MARK = r"_c\d+$"
"""`ImageStack.channel_mark` at the end of a stem."""

_RESULT_ENDINGS = tuple(
    f"_mask{doubt}{ending}"
    for doubt in ("", DOUBTFUL)
    for ending in (".npy", ".png", ".tif", "_picture.png")
)

_FORMS = {"npy": npy_bytes, "png": png_bytes, "tiff": tiff_bytes, "picture": picture_bytes}


@dataclass(frozen=True)
class ResultFiles:
    """Where the results of one extraction go."""

    npy: Path
    png: Path
    json: Path

    @classmethod
    def named(cls, folder: Path, stem: str) -> ResultFiles:
        """Return `<stem>_mask.*` in a folder."""
        base = f"{stem}_mask"
        return cls(folder / f"{base}.npy", folder / f"{base}.png", folder / f"{base}.json")

    def all(self) -> tuple[Path, Path, Path]:
        """Return the three paths."""
        return self.npy, self.png, self.json

    @property
    def doubtful(self) -> ResultFiles:
        """Where a mask goes that the answer does not support: `<stem>_mask_doubtful.*`."""
        return ResultFiles(*(doubtful_name(path) for path in self.all()))

    def marked(self, mark: str) -> ResultFiles:
        """Return the names with `ImageStack.channel_mark` at the end of their stem."""
        return ResultFiles.named(self.json.parent, self.json.stem.removesuffix("_mask") + mark)

    @property
    def unmarked(self) -> ResultFiles:
        """The names that versions gave which did not mark the channel."""
        stem = self.json.stem.removesuffix("_mask")
        return ResultFiles.named(self.json.parent, re.sub(_MARK, "", stem))

    @property
    def found(self) -> ResultFiles:
        """The files that are there: under these names, else as doubtful; these if none are."""
        return self.doubtful if not exists(self.json) and exists(self.doubtful.json) else self

    @property
    def report(self) -> Path:
        """Where a report goes, which is written only if it is asked for: `<stem>_report.html`."""
        stem = self.json.stem.removesuffix(DOUBTFUL).removesuffix("_mask")
        return self.json.with_name(f"{stem}_report.html")

    def check_free(self, *, report: bool = False) -> None:
        """Refuse if one of the files exists, before anything is computed."""
        path = self.taken(report=report)
        if path is not None:
            of = _measured_in(self.found.json)
            raise InputError(
                f"{shown(path)} exists already{f' and is of {of}' if of else ''}; use --force to"
                " replace it, or another --output-dir."
            )

    def taken(self, *, report: bool = False) -> Path | None:
        """Return the first of the files that exists; None if there is none."""
        paths = (*self.all(), *self.doubtful.all(), *([self.report] if report else []))
        return next((path for path in paths if exists(path)), None)


def doubtful_name(path: Path) -> Path:
    """Return the name of a mask's file that says that the answer does not support it."""
    return path.with_name(f"{path.stem}{DOUBTFUL}{path.suffix}")


def stem_of(path: Path) -> str:
    """Return a file's name without its last extension and without `.ome`."""
    stem = path.stem
    return stem[:-4] if stem.lower().endswith(".ome") and len(stem) > 4 else stem


def plan_results(
    paths: Sequence[Path], output_dir: Path | None, marks: Sequence[str] = ()
) -> list[ResultFiles]:
    """Name the results of several files; equal stems in one folder get -2, -3 and so on.

    ``marks``: what `ResultFiles.marked` may be given for each; no two are equal then, either.
    """
    taken: set[tuple[Path, str]] = set()
    planned = []
    for path, mark in zip(paths, marks or [""] * len(paths), strict=True):
        folder = output_dir if output_dir is not None else path.parent
        stem = stem_of(path)
        name, number = stem, 1
        # Compared without case: some file systems know no difference.
        while taken & (both := {(folder, f"{name}{end}".lower()) for end in ("", mark)}):
            number += 1
            name = f"{stem}-{number}"
        taken |= both
        planned.append(ResultFiles.named(folder, name))
    return planned


def _measured_in(record: Path) -> str:
    """Return what a mask was measured in, by its record; nothing if there is none to be read."""
    try:
        return read_record(record).measured_in
    except InputError:
        return ""


def write_results(
    mask: Mask,
    record: Record,
    files: ResultFiles,
    *,
    report: bytes | None = None,
    force: bool = False,
) -> list[Path]:
    """Write mask and record, the record last: all of them or none, as `write_together`.

    A mask that the answer does not support goes to `files.doubtful`; of an older result that is
    replaced nothing stays under the other names. What was removed there is returned.
    """
    if not force:
        files.check_free(report=report is not None)
    files, other = (files.doubtful, files) if record.doubt else (files, files.doubtful)
    make_folder(files.npy.parent)
    contents = [(files.npy, npy_bytes(mask)), (files.png, png_bytes(mask))]
    if report is not None:
        contents.append((files.report, report))
    # The record is the last: where it is, all is there.
    contents.append((files.json, record.as_json()))
    write_together(contents, force=force)
    removed = [path for path in other.all() if exists(path)] if force and exists(other.json) else []
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def write_forms(
    mask: Mask,
    files: Mapping[str, Path],
    record: Callable[[Task], Record],
    task: Task = NO_TASK,
) -> list[Path]:
    """Write a mask in the forms npy, png, tiff, picture and json, replacing old files.

    All of them or none, as `write_together`. The record is made only for the form json.
    """
    contents = [(path, _FORMS[form](mask)) for form, path in files.items() if form != "json"]
    if "json" in files:
        contents.append((files["json"], record(task).as_json()))
    task.stop_if_cancelled()
    write_together(contents, force=True)
    return list(files.values())


def is_result(file: Path) -> bool:
    """Say whether a file is a mask, or a picture of one, that was left beside its input."""
    ending = next((e for e in _RESULT_ENDINGS if file.name.lower().endswith(e)), None)
    if ending is None:
        return False
    stem = file.name[: -len(ending)]
    record = f"{stem}_mask{DOUBTFUL if DOUBTFUL in ending else ''}.json"
    if is_file(file.with_name(record)):
        return True
    # Of a run that was killed between two files the record may be missing.
    names = {stem, re.sub(_MARK, "", stem)}
    names |= {re.sub(r"-\d+$", "", name) for name in names}
    return any(
        stem_of(other) == name and other != file and is_readable_name(other)
        for name in names
        for other in file.parent.glob(f"{glob.escape(name)}.*")
    )


def is_surely_mask(file: Path) -> bool:
    """Say whether a file can be no image: one of the results, a record, a small array of 0 and 1.

    A picture or TIFF with two values may be an image, too.
    """
    suffix = file.suffix.lower()
    return is_result(file) or suffix == ".json" or (suffix == ".npy" and is_mask(file))


def is_mask(file: Path) -> bool:
    """Say whether a file that is opened is meant as a mask, by its name or by what it holds.

    A record counts as its mask, for nothing else can be opened of a JSON file.
    """
    suffix = file.suffix.lower()
    if suffix == ".json" or is_result(file):
        return True
    try:
        if suffix not in _MASK_FILES or file.stat().st_size > _LARGEST_MASK_FILE:
            return False
        load_mask(file)
    except (OSError, InputError):
        return False
    return True


def measured_on(file: Path) -> tuple[str, ...]:
    """Return the names of the image files of a mask by its record; empty if none is beside it."""
    try:
        record = record_beside(file)
    except InputError:
        return ()
    return () if record is None else tuple(last_part(item.path) for item in record.inputs)
