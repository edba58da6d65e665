"""Export from the window: a mask in the forms it can be written in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import InputError
from structmask_gui.gui.export.work import Result, write_masks
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Job

log = logging.getLogger(__name__)


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
    """Writes masks off the GUI thread."""

    written = Signal(list)  # names of files

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job = Job("export", session.bug.emit, order="all")
        session.writers.add("the mask", self._job)

    @property
    def busy(self) -> bool:
        """Whether something is still to be written."""
        return self._job.busy

    def export(self, files: Mapping[str, Path], result: Result | None = None) -> None:
        """Write a mask, by default the present one, into files by form, replacing old ones."""
        try:
            result = result or Result.of(self._session)
        except InputError as error:
            self._on_failed(str(error))
            return
        self._job.run(partial(write_masks, result, files), self._on_written, self._on_failed)

    def close(self) -> None:
        """Wait for what is being written."""
        self._job.finish()

    def _on_failed(self, text: str) -> None:
        self._session.report_error(text, self)

    def _on_written(self, names: list[str]) -> None:
        log.info("Written: %s", ", ".join(names))
        self._session.withdraw_error(self)
        self.written.emit(names)
