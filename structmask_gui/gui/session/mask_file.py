"""A mask from disk: asked for, and read off the GUI thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.widgets import dialogs

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class MaskFile(QObject):
    """Reads mask files; of several in quick succession the last one counts."""

    read = Signal(object, str, tuple)
    """The mask, the name of its file, and the names of the images it was measured on, if its record
    lies beside it."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._widget = session, parent
        self._job = Job("mask file", session.bug.emit)
        self._said = ""

    def ask(self, title: str) -> None:
        """Ask for a file and read it."""
        folder = str(beside(self._session.state.paths))
        dialogs.ask_files(self._widget, title, folder, dialogs.MASKS, self._open_all)

    def _open_all(self, paths: list[str]) -> None:
        self.open(paths[0])

    def open(self, path: str | Path) -> None:
        """Read a file."""
        self._job.run(partial(_read, Path(path)), self._on_read, self._on_failed)

    def _on_read(self, found: tuple[Any, str, tuple[str, ...]]) -> None:
        self._session.withdraw_error(self._said)
        self.read.emit(*found)

    def _on_failed(self, text: str) -> None:
        self._said = text
        self._session.report_error(text)

    def close(self) -> None:
        """Stop the thread."""
        self._job.close()


def _read(path: Path, _task: Task) -> tuple[Any, str, tuple[str, ...]]:
    from structmask_gui.io.results.files import measured_on
    from structmask_gui.io.results.masks import load_mask

    return load_mask(path), path.name, measured_on(path)
