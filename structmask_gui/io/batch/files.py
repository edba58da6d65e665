"""The files of a batch, from folders, patterns and lists; and the masks to make of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.io.corrected import is_corrected
from structmask_gui.io.denoise_files import is_denoised
from structmask_gui.io.extract_files import Input
from structmask_gui.io.files.paths import exists, is_file, is_folder, read_small, reason, shown
from structmask_gui.io.formats.known import is_readable_name
from structmask_gui.io.formats.zarr import is_zarr_folder
from structmask_gui.io.results.files import ResultFiles, is_surely_mask, plan_results

Per = Literal["file", "folder", "all"]

LIST_SUFFIX = ".txt"
_LARGEST_LIST = 50_000_000


@dataclass(frozen=True)
class Job:
    """One mask to make."""

    name: str  # what messages call it
    inputs: tuple[Input, ...]  # the files it is measured in; several are averaged
    files: ResultFiles

    @property
    def path(self) -> Path:
        """The file, or the folder of the files, as an absolute path."""
        paths = [absolute(item.path) for item in self.inputs]
        return paths[0] if len(paths) == 1 else _common_folder(paths)


def find_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    recursive: bool | None = False,
    task: Task = NO_TASK,
) -> tuple[list[Path], list[str]]:
    """Return the image files that some paths stand for.

    Parameters
    ----------
    paths : iterable of path
        A folder stands for the image files in it, a pattern (``*``, ``?``, ``[…]``, and ``**`` for
        any folders) for the images that match, a text file (``.txt``) for the paths in its lines.
        Anything else is a file; if there is none of that name, it will fail with its sentence.
        What an earlier run left in a folder is passed over: masks, denoised and corrected frames.
        A file that is named itself is not.
    recursive : bool, optional
        Look into the folders' folders too; with None where a folder holds no image itself.
    task : Task

    Returns
    -------
    files : list of Path
        Each once, in the order of `paths`, sorted within each.
    problems : list of str
        A sentence for each path that stands for no file.
    """
    files: list[Path] = []
    problems: list[str] = []
    for path in paths:
        try:
            found = _stands_for(Path(path), recursive, task, lists=True)
        except InputError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(_nothing(Path(path)))
        files += found
    unique = {os.path.normcase(os.path.realpath(file)): file for file in reversed(files)}
    kept = set(map(id, unique.values()))
    return [file for file in files if id(file) in kept], problems


def plan_jobs(
    files: Sequence[Path],
    *,
    per: Per = "file",
    output_dir: Path | None = None,
    like: Input | None = None,
) -> list[Job]:
    """Make the jobs of a batch.

    Parameters
    ----------
    files : sequence of Path
        At least one.
    per : "file", "folder" or "all"
        One mask for each file, one for the files of each folder, or one for all.
    output_dir : Path, optional
        Where the results go; beside the files if not given.
    like : Input, optional
        How the files are opened; its path is not used.

    Returns
    -------
    list of Job
        No file was opened for their names: see `with_mark`.
    """
    inputs = [Input(file) if like is None else replace(like, path=file) for file in files]
    first = inputs[0]

    def targets(paths: Sequence[Path]) -> list[ResultFiles]:
        named = plan_results(paths, output_dir, [first.asked_mark] * len(paths))
        return [one.marked(first.known_mark) for one in named]

    if per == "file":
        return [
            Job(shown(item.path), (item,), target)
            for item, target in zip(inputs, targets(files), strict=True)
        ]
    groups: dict[Path, list[Input]] = {}
    for item in inputs:
        folder = _common_folder(files) if per == "all" else item.path.parent
        groups.setdefault(folder, []).append(item)
    # Named after the folder; an ending is added because a name's last one is cut off.
    stems = [folder / f"{folder.absolute().name or 'all'}.files" for folder in groups]
    return [
        Job(shown(folder.absolute()), tuple(items), target)
        for (folder, items), target in zip(groups.items(), targets(stems), strict=True)
    ]


def with_mark(job: Job) -> Job:
    """Return a planned job, channel 0 marked in its names where a file says that it is a colour."""
    first = job.inputs[0]
    if first.channel == 0 and any(item.channel_mark for item in job.inputs):
        return replace(job, files=job.files.marked(first.asked_mark))
    return job


def _stands_for(path: Path, recursive: bool | None, task: Task, *, lists: bool) -> list[Path]:
    if is_folder(path) and not is_zarr_folder(path):
        found = _in_folder(path, bool(recursive), task)
        return found or ([] if recursive is False else _in_folder(path, True, task))
    if exists(path):
        if lists and path.suffix.lower() == LIST_SUFFIX:
            return _in_list(path, recursive, task)
        return [path]
    if any(sign in str(path) for sign in "*?["):
        every = glob.glob(str(path), recursive=True)  # noqa: PTH207  # Path's: no absolute pattern
        found = sorted(map(Path, every))
        images = {file for file in found if is_folder(file) and is_zarr_folder(file)}
        return [
            file
            for file in found
            # What is in a Zarr image is no image of its own.
            if (is_file(file) or file in images) and images.isdisjoint(file.parents)
            if not _was_made(file)
        ]
    return [path]


def _in_folder(folder: Path, recursive: bool, task: Task) -> list[Path]:
    entries = []
    try:
        for entry in folder.rglob("*") if recursive else folder.iterdir():
            task.stop_if_cancelled()
            entries.append(entry)
    except OSError as error:
        raise InputError(
            f"{shown(folder)} cannot be listed ({reason(error)}); check the folder."
        ) from None
    return [
        file
        for file in sorted(entries)
        if is_readable_name(file)
        and not file.name.startswith(".")
        and (is_file(file) or is_zarr_folder(file))
        and not _was_made(file)
    ]


def _was_made(file: Path) -> bool:
    """Say whether an earlier run left a file: a mask, denoised or corrected frames."""
    return is_surely_mask(file) or is_denoised(file) or is_corrected(file)


def _in_list(path: Path, recursive: bool | None, task: Task) -> list[Path]:
    try:
        text = read_small(path, _LARGEST_LIST, "a list of files").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{shown(path)} is no list of files; give a text file (UTF-8) with one path per line."
        ) from None
    files: list[Path] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            # A path may begin or end with a space, but a list made by hand rarely means it.
            files += _stands_for(path.parent / line.strip(), recursive, task, lists=False)
    return files


def _nothing(path: Path) -> str:
    if is_folder(path):
        return (
            f"{shown(path.absolute())} holds no image file that can be read here; give another"
            " folder."
        )
    if exists(path):
        return f"{shown(path)} names no file; put one path on each line."
    return f"{shown(path)} matches no file; check the pattern and the folder."


def absolute(path: Path) -> Path:
    """Return a path from the root on, by the names that the user gave."""
    return Path(os.path.abspath(path))  # noqa: PTH100  # links are kept


def _common_folder(files: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([absolute(file.parent) for file in files]))
    except ValueError:  # on two drives
        return files[0].parent
