"""A mask from disk: asked for, and read off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.opening import (
    Part,
    choices_of,
    denoised_from,
    frames_of,
    missing_note,
)
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.widgets import dialogs
from structmask_gui.io.files.paths import last_part

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_QUEUED = Qt.ConnectionType.QueuedConnection


class MaskFile(QObject):
    """Reads mask files; of several in quick succession the last one counts."""

    read = Signal(object, str, tuple)
    """The mask, the name of its file, and the names of the files it was measured on, if its record
    lies beside it."""
    said = Signal(str)
    """A sentence on what was opened."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._widget = session, parent
        self._job = Job("mask file", session.bug.emit)
        self._waiting: _Recorded | None = None
        session.extraction_changed.connect(self._on_extraction, _QUEUED)
        session.failed.connect(self._wait_no_more)
        session.busy_changed.connect(self._on_busy, _QUEUED)

    def ask(self, title: str) -> None:
        """Ask for a file and read it."""
        folder = str(beside(self._session.state.paths))
        dialogs.ask_files(self._widget, title, folder, dialogs.MASKS, self._open_all)

    def _open_all(self, paths: list[str]) -> None:
        self.open(paths[0])

    def open(self, path: str | Path) -> None:
        """Read a file."""
        self._job.run(partial(_read, Path(path)), self._on_read, self._on_failed)

    def open_record(self, path: Path) -> None:
        """Read a record, or a mask beside one: its own image is opened first, if it is not open."""
        self._job.run(partial(_read_record, path), self._on_record, self._on_failed)

    def _on_record(self, found: _Recorded) -> None:
        state = self._session.state
        own = bool(set(map(last_part, state.paths)) & set(found.images))
        # A copy of a file that is gone is opened in its place.
        own = own and not (found.paths and missing_note(state.signatures))
        if state.extraction is not None and (own or not found.images):
            self._on_read((found.mask, found.name, found.images))
        elif not found.images:
            self._on_failed(f"{found.name} is a mask; open the image it is for, then the mask.")
        elif found.missing:
            then = "open that image, then the record."
            if state.extraction is not None:
                then = (
                    f"to see the mask on {state.paths[0].name} all the same, choose Edit › Open a"
                    " mask…"
                )
            self._on_failed(f"{found.name}: {found.missing}; {then}")
        else:
            self._session.withdraw_error(self)
            self._waiting = found
            self._session.open(found.paths, part=found.part, **found.choices)

    def _on_extraction(self, extraction: Any) -> None:
        """Take the mask of a record once its image is measured."""
        found, state = self._waiting, self._session.state
        if found is None or extraction is None or state.stale:
            return
        self._waiting = None
        if state.paths == found.paths:
            self.read.emit(found.mask, found.name, found.images)
            at = found.paths[0]
            self.said.emit(f"{found.name} opened its own image, {at.name} in {at.parent}.")

    def _on_busy(self, busy: bool) -> None:
        # Queued after the result, which takes the mask: without one, it was cancelled.
        if not busy and not self._session.state.busy:
            self._waiting = None

    def _wait_no_more(self, _text: str) -> None:
        self._waiting = None

    def _on_read(self, found: tuple[Any, str, tuple[str, ...]]) -> None:
        self._session.withdraw_error(self)
        self.read.emit(*found)

    def _on_failed(self, text: str) -> None:
        self._session.report_error(text, self)

    def close(self) -> None:
        """Stop the thread."""
        self._job.close()


class _Recorded(NamedTuple):
    """A mask with what its record says of its images."""

    mask: Any
    name: str
    images: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    missing: str = ""  # what is not found, and where it was looked for
    choices: Mapping[str, Any] = {}
    part: Part = Part()


def _read_record(path: Path, _task: Task) -> _Recorded:
    from structmask_gui.core.stack.frames import Region
    from structmask_gui.io.results.masks import load_mask
    from structmask_gui.io.results.record import read_record, recorded_file

    mask, beside_it = load_mask(path), path.with_suffix(".json")
    region = None
    try:
        record = read_record(beside_it)
    except InputError:  # that of a denoised stack, a list of 0 and 1, or nothing
        raw = denoised_from(beside_it)
        every = inputs = [] if raw is None else [raw]
    else:
        every, region = record.inputs, record.region
        # Of a mask that files share, each was measured by itself.
        inputs = every[:1] if record.fits else every
    paths = [recorded_file(item, beside_it) for item in inputs]
    if not inputs:
        return _Recorded(mask, path.name)
    images = tuple(last_part(item.path) for item in every)
    gone = next((item for item, at in zip(inputs, paths, strict=True) if at is None), None)
    first = inputs[0]
    chosen = frames_of(first) if len(inputs) == 1 else None
    return _Recorded(
        mask,
        path.name,
        images,
        tuple(at for at in paths if at is not None),
        ""
        if gone is None
        else f"belongs to {gone.name}, which is neither at {gone.path} nor beside the record",
        choices_of(first),
        Part(None if region is None else Region(*region), chosen),
    )


def _read(path: Path, _task: Task) -> tuple[Any, str, tuple[str, ...]]:
    from structmask_gui.io.results.files import measured_on
    from structmask_gui.io.results.masks import load_mask

    return load_mask(path), path.name, measured_on(path)
