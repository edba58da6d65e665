"""Measurements kept on disk, so that coming back to a file is immediate.

Bounded, shared by all running programs, and never needed: whatever goes wrong with it, the file is
measured again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from structmask_gui.core.errors import InputError
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.info import MEASURED
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.stack.frames import Region
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.locations import cache_home
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.results.serialise import layout_text, measurement_bytes, measurement_from
from structmask_gui.io.stack.image_stack import ImageStack, MeasuredFiles
from structmask_gui.version import __version__

LIMIT = 512 * 2**20
"""Bytes that all entries may take together."""

_LARGEST_ENTRY = LIMIT // 4
_ENDING = ".measurement"
_PIECES = 16
_PIECE = 2**16
_MOST_FILES = 100_000


def cache_folder() -> Path:
    """Return the folder of the kept measurements; it need not exist yet."""
    return cache_home() / "measurements"


class MeasurementCache:
    """Measurements by the contents of their files and how these were measured.

    Safe to use from several threads and programs at once; the entries longest unused are removed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder
        self.limit = LIMIT

    def key(
        self,
        files: MeasuredFiles,
        parameters: Parameters,
        *,
        region: Region | None = None,
        identity: Callable[[ImageStack], str | None] | None = None,
    ) -> str | None:
        """Return the name of an entry, or None for what is not kept.

        ``identity`` is called in place of `content_identity`, by who remembers what that said.
        """
        if parameters.method == "spine":
            return None  # measured in seconds
        opened: list[Any] = []
        for stack in (*files.stacks, files.dark, files.subtract):
            if stack is None:
                opened.append(None)
                continue
            content = (identity or content_identity)(stack)
            if content is None:
                return None
            choices = (stack.axes, stack.shape, stack.series_index, stack.channel)
            opened.append((content, *choices, stack.frames_chosen, str(stack.dtype)))
        values = {
            info.name: getattr(parameters, info.name)
            for info in parameter_infos().values()
            # The largest lag is compared when the entry is read: a smaller one fits too.
            if info.stage in MEASURED and info.name != "max_lag"
        }
        values["crop_autocorr"] = parameters.crop_autocorr
        about = [_program(), opened, values, region, [stack.name for stack in files.stacks]]
        return hashlib.sha256(json.dumps(about, default=str).encode()).hexdigest()[:40]

    def load(self, key: str | None, parameters: Parameters) -> Measurement | None:
        """Return the kept measurement, or None if there is none that answers the parameters."""
        if key is None:
            return None
        path = self._path(key)
        try:
            if path.stat().st_size > _LARGEST_ENTRY:
                return None
            measurement = measurement_from(path.read_bytes())
            # Used now: the last to be removed.
            os.utime(path)
        except OSError:
            return None
        except ValueError:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return measurement if measurement.fits(parameters) else None

    def store(self, key: str | None, measurement: Measurement) -> bool:
        """Keep a measurement, and say whether it could be kept.

        A full or read-only disk is no error here.
        """
        if key is None:
            return False
        try:
            data = measurement_bytes(measurement)
            if len(data) > min(_LARGEST_ENTRY, self.limit):
                return False
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path(key), data, force=True)
        except (OSError, InputError, TypeError, MemoryError):
            return False
        self._prune()
        return True

    def clear(self) -> None:
        """Remove all entries."""
        for path in self._entries():
            with contextlib.suppress(OSError):
                path.unlink()

    def size(self) -> int:
        """Return how many bytes the entries take together."""
        return sum(size for _, size, _ in self._listed())

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_ENDING}"

    def _entries(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.suffix == _ENDING]
        except OSError:
            return []

    def _listed(self) -> list[tuple[int, int, Path]]:
        listed = []
        for path in self._entries():
            # Another program may have removed it meanwhile.
            with contextlib.suppress(OSError):
                about = path.stat()
                listed.append((about.st_mtime_ns, about.st_size, path))
        return sorted(listed)

    def _prune(self) -> None:
        listed = self._listed()
        total = sum(size for _, size, _ in listed)
        for _, size, path in listed:
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def content_identity(stack: ImageStack) -> str | None:
    """Return what tells a file from every other and from itself after a change, found in no time.

    Size, time of the last change and samples of the contents; a folder's files, and the others of a
    set, by their names, sizes and times. None for what is far away or lies in files that are not
    known, and for folders of too many files.
    """
    if remote_address(stack.location) is not None or stack.other_files is None:
        return None
    digest = hashlib.sha256()
    try:
        if stack.path.is_dir():
            count = 0
            for folder, folders, files in os.walk(stack.path):
                folders.sort()
                count += len(files)
                if count > _MOST_FILES:
                    return None
                for name in sorted(files):
                    about = (Path(folder) / name).stat()
                    text = f"{folder}\0{name}\0{about.st_size}\0{about.st_mtime_ns}\0"
                    digest.update(text.encode(errors="replace"))
            return digest.hexdigest()
        for other in stack.other_files:
            about = other.stat()
            text = f"{other.name}\0{about.st_size}\0{about.st_mtime_ns}\0"
            digest.update(text.encode(errors="replace"))
        about = stack.path.stat()
        digest.update(f"{about.st_size} {about.st_mtime_ns} ".encode())
        with stack.path.open("rb") as file:
            last = max(0, about.st_size - _PIECE)
            for i in range(_PIECES):
                file.seek(last * i // (_PIECES - 1))
                digest.update(file.read(_PIECE))
    except OSError:
        return None
    return digest.hexdigest()


@cache
def _program() -> str:
    """Return what a kept measurement depends on beside the file: the version, and the code."""
    digest = hashlib.sha256(f"{__version__} {layout_text()}".encode())
    from structmask_gui import core

    # Where the sources are there, as in a checkout, a change of them counts too.
    for path in sorted(Path(str(core.__file__)).parent.rglob("*.py")):
        with contextlib.suppress(OSError):
            digest.update(path.read_bytes())
    return digest.hexdigest()
