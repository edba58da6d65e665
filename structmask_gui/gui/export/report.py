"""Write the report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import InputError
from structmask_gui.gui.export.work import Result, write_report
from structmask_gui.gui.session.worker import Job

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class ReportWriter(QObject):
    """Writes reports off the GUI thread."""

    written = Signal(list)  # names of files

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("report", session.bug.emit, order="all")
        session.writers.add("the report", self._job)
        session.quality.closing.connect(self._on_closing)

    def save(self, path: Path, result: Result | None = None) -> None:
        """Write the report, by default of the present result: as PDF if the name ends so."""
        try:
            result = result or Result.of(self._session)
        except InputError as error:
            self._on_failed(str(error))
            return
        self._job.run(partial(write_report, result, path), self._on_written, self._on_failed)

    def _on_written(self, names: list[str]) -> None:
        self._session.withdraw_error(self)
        self.written.emit(names)

    def _on_failed(self, text: str) -> None:
        self._session.report_error(text, self)

    def _on_closing(self) -> None:
        self._job.finish()
