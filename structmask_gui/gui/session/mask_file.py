"""A mask from disk: asked for, and read off the GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.worker import Lane, Outcome
from structmask_gui.gui.widgets import dialogs

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class MaskFile(QObject):
    """Reads mask files; of several in quick succession the last one counts.

    Parameters
    ----------
    session : Session
        It is told what cannot be read, and its folder is offered first.
    parent : QWidget
        The dialog stands above it.

    Signals
    -------
    read(Mask, str, tuple)
        The mask, the name of its file, and the names of the images it was measured on, if its
        record lies beside it.
    """

    read = Signal(object, str, tuple)

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._widget = session, parent
        self._lane = Lane("mask file")
        self._lane.ended.connect(self._on_ended)
        self._ticket = 0
        self._name = self._said = ""

    def ask(self, title: str) -> None:
        """Ask for a file and read it."""
        folder = str(beside(self._session.state.paths))
        dialogs.ask_files(self._widget, title, folder, dialogs.MASKS, self._open_all)

    def _open_all(self, paths: list[str]) -> None:
        self.open(paths[0])

    def open(self, path: str | Path) -> None:
        """Read a file."""

        def work(_task: Task) -> Any:
            from structmask_gui.io.results.files import measured_on
            from structmask_gui.io.results.masks import load_mask

            return load_mask(path), measured_on(Path(path))

        self._name = Path(path).name
        self._ticket = self._lane.submit(work)

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        if outcome.kind == "done":
            self._session.withdraw_error(self._said)
            mask, images = outcome.result
            self.read.emit(mask, self._name, images)
        elif outcome.kind == "error":
            self._said = outcome.text
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)

    def close(self) -> None:
        """Stop the thread."""
        self._lane.close()
