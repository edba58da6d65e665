"""Export from the window: a mask in the forms it can be written in, and its report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.gui.export.work import Result, write_masks, write_report
from structmask_gui.gui.session.opening import check_unchanged
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job

log = logging.getLogger(__name__)

_Target = TypeVar("_Target")


@dataclass(frozen=True)
class Form:
    """One form a mask can be exported in."""

    id: str
    suffix: str
    """Without the dot."""
    text: str
    """What the file dialog says."""
    ending: str = ""
    """What is added to the proposed name."""


FORMS = (
    Form("npy", "npy", "NumPy array, for autoStructN2V and n2v"),
    Form("png", "png", "Picture, one pixel per lag"),
    Form("tiff", "tif", "TIFF, one pixel per lag"),
    Form("picture", "png", "Enlarged picture with grid and axes", "_picture"),
    Form("json", "json", "Record of how the mask came about"),
)


def name_filter(form: Form) -> str:
    """Return a form as file dialogs write it."""
    return f"{form.text} (*.{form.suffix})"


def form_of(name_filter_text: str, path: Path) -> Form:
    """Return the form that was chosen in a dialog; the file's own ending has the last word."""
    chosen = next((form for form in FORMS if name_filter(form) == name_filter_text), FORMS[0])
    suffix = path.suffix.lower().lstrip(".").replace("tiff", "tif")
    if suffix and suffix != chosen.suffix:
        fitting = next((form for form in FORMS if form.suffix == suffix), None)
        if fitting is None:
            raise InputError(
                f"{path.name}: a mask is written as .npy, .png, .tif or .json; choose one of them."
            )
        return fitting
    return chosen


def proposed_path(result: Result, form: Form) -> Path:
    """Return where a mask would go: beside its input, or at home if that lies at an address."""
    return result.proposed_mask(f"{form.ending}.{form.suffix}")


class Exporter(QObject):
    """Writes masks and reports off the GUI thread."""

    written = Signal(list)  # names of files

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._masks = Job("export", session.bug.emit, order="all")
        self._reports = Job("report", session.bug.emit, order="all")
        session.writers.add("the mask", self._masks)
        session.writers.add("the report", self._reports)

    @property
    def busy(self) -> bool:
        """Whether something is still to be written."""
        return self._masks.busy or self._reports.busy

    def ready(self, *, with_record: bool = False) -> bool:
        """Tell whether the present result can be written, before it is asked where; say why not."""
        try:
            result = Result.of(self._session)
            if with_record:
                result.used()
            else:
                check_unchanged(result.signatures)
        except InputError as error:
            self._session.report_error(str(error), by=self)
            return False
        self._session.withdraw_error(self)
        return True

    def export(self, files: Mapping[str, Path], result: Result | None = None) -> None:
        """Write a mask, by default the present one, into files by form, replacing old ones."""
        self._write(self._masks, write_masks, files, result)

    def save_report(self, path: Path, result: Result | None = None) -> None:
        """Write the report, by default of the present result: as PDF if the name ends so."""
        self._write(self._reports, write_report, path, result)

    def close(self) -> None:
        """Wait for what is being written."""
        self._masks.finish()
        self._reports.finish()

    def _write(
        self,
        job: Job,
        write: Callable[[Result, _Target, Task], list[str]],
        target: _Target,
        result: Result | None,
    ) -> None:
        failed = partial(self._session.report_error, by=job)
        try:
            result = result or Result.of(self._session)
        except InputError as error:
            failed(str(error))
            return
        job.run(partial(write, result, target), partial(self._on_written, job), failed)

    def _on_written(self, job: Job, names: list[str]) -> None:
        log.info("Written: %s", ", ".join(names))
        self._session.withdraw_error(job)
        self.written.emit(names)
