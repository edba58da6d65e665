"""Export from the window: waits for a result that is up to date, writes off the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import InputError
from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.frame_display import check_unchanged
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Lane, Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Form:
    """One form a mask can be exported in.

    Attributes
    ----------
    id : str
    suffix : str
        Without the dot.
    text : str
        What the file dialog says.
    ending : str
        What is added to the proposed name.
    """

    id: str
    suffix: str
    text: str
    ending: str = "_mask"


FORMS = (
    Form("npy", "npy", "NumPy array, for autoStructN2V and n2v"),
    Form("png", "png", "Picture, one pixel a lag"),
    Form("tiff", "tif", "TIFF, one pixel a lag"),
    Form("picture", "png", "Enlarged picture with grid and axes", "_mask_picture"),
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


def proposed_name(session: Session, form: Form) -> Path:
    """Return where a mask would go: beside its input, or at home if that lies at an address."""
    paths = session.state.paths
    if not paths:
        return Path(f"mask.{form.suffix}")
    stem = paths[0].stem
    stem = stem[: -len(".ome")] if stem.lower().endswith(".ome") else stem
    return beside(paths) / f"{stem}{form.ending}.{form.suffix}"


class Exporter(QObject):
    """Writes masks; what is asked for while a result is out of date waits for the new one.

    Signals
    -------
    waiting()
        An export waits for the new result.
    written(list of str)
        Files that were written.
    failed(str)
        The sentence.
    bug(str)
        The traceback.
    """

    waiting = Signal()
    written = Signal(list)
    failed = Signal(str)
    bug = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("export", keep_all=True)
        self._lane.ended.connect(self._on_ended)
        self._pending: list[dict[str, Path]] = []
        session.extraction_changed.connect(self._flush)
        session.failed.connect(self._give_up)
        session.busy_changed.connect(self._on_busy)
        session.stack_changed.connect(self._give_up)

    @property
    def busy(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._pending) or self._lane.busy

    def export(self, files: dict[str, Path]) -> None:
        """Write the mask into files, one for each form (by id), replacing old ones."""
        if self._session.state.extraction is None and not self._session.state.busy:
            self.failed.emit("There is no mask to export yet; open a stack first.")
            return
        self._pending.append(files)
        if self._session.state.stale or self._session.state.busy:
            self.waiting.emit()
            if not self._session.state.busy:
                self._session.refresh()
        self._flush()

    def close(self) -> None:
        """Wait for what is being written."""
        self._pending.clear()
        self._lane.finish()

    def _flush(self, *_: object) -> None:
        session = self._session
        if session.state.stale or session.state.busy or session.state.extraction is None:
            return
        pending, self._pending = self._pending, []
        for files in pending:
            self._lane.submit(_writer(session, files))

    def _on_busy(self, busy: bool) -> None:
        if busy:
            return
        if self._session.state.stale:
            self._give_up()
        else:
            self._flush()

    def _give_up(self, *_: object) -> None:
        if self._pending:
            self._pending.clear()
            self.failed.emit("Nothing was exported, because the new result was not finished.")

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.kind == "done":
            names = [str(path) for path in outcome.result]
            log.info("Written: %s", ", ".join(names))
            self.written.emit(names)
        elif outcome.kind == "error":
            self.failed.emit(outcome.text)
        elif outcome.kind == "bug":
            self.bug.emit(outcome.text)


def _writer(session: Session, files: dict[str, Path]) -> Callable[[Task], list[Path]]:
    result, extraction = session.state.result, session.state.extraction
    assert result is not None
    assert extraction is not None
    stacks, signatures = session.state.measured_stacks(), session.state.signatures
    scores = session.quality.scores if session.quality.current else None
    references: dict[Any, Any] = dict(session.reference_stacks.used(extraction.parameters.source))

    def write(task: Task) -> list[Path]:
        from structmask_gui.io.results import masks
        from structmask_gui.io.results.record import make_record, save_record
        from structmask_gui.io.stack.image_stack import MeasuredFiles

        writers = {
            "npy": masks.save_npy,
            "png": masks.save_png,
            "tiff": masks.save_tiff,
            "picture": masks.save_picture,
        }
        if "json" in files:
            check_unchanged(signatures)
        for form, path in files.items():
            if form == "json":
                record = make_record(
                    extraction,
                    MeasuredFiles(stacks, **references),
                    mask=result.mask,
                    quality=None if scores is None else scores.record(),
                    task=task,
                )
                # Its checksum is to be that of what was measured.
                check_unchanged(signatures)
                words = {"sentence": result.sentence}
                save_record(record.model_copy(update=words), path, force=True)
            else:
                writers[form](result.mask, path, force=True)
        return list(files.values())

    return write
