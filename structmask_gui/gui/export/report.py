"""Write the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.progress import Task
from structmask_gui.gui.session.frame_display import check_unchanged
from structmask_gui.gui.session.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class ReportWriter(QObject):
    """Writes reports off the GUI thread.

    Signals
    -------
    written(list of str)
        The file.
    """

    written = Signal(list)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("report", keep_all=True)
        self._lane.ended.connect(self._on_ended)
        session.quality.closing.connect(self._on_closing)

    def proposed(self) -> Path:
        """Return where the report of the present mask goes: beside its input."""
        from structmask_gui.gui.export.exporter import FORMS, proposed_name

        path = proposed_name(self._session, FORMS[0])
        return path.with_name(f"{path.stem.removesuffix('_mask')}_report.html")

    def save(self, path: Path) -> None:
        """Write the report of the present result: as PDF if the name ends so, else as HTML."""
        session = self._session
        if session.state.result is None or session.state.stale:
            session.report_error("The report waits for a result that is up to date; measure first.")
            return
        self._lane.submit(_report_writer(session, path))

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.kind == "done":
            self.written.emit([str(outcome.result)])
        elif outcome.kind == "error":
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)

    def _on_closing(self) -> None:
        self._lane.finish()


def _report_writer(session: Session, path: Path) -> Callable[[Task], Path]:
    result, extraction, quality = session.state.result, session.state.extraction, session.quality
    assert result is not None
    assert extraction is not None
    from structmask_gui.gui.export.exporter import FORMS, proposed_name

    stacks, frames = session.state.measured_stacks(), session.state.frames
    signatures = session.state.signatures
    assert frames is not None
    references: dict[Any, Any] = dict(session.reference_stacks.used(extraction.parameters.source))
    scores = quality.scores if quality.current else None
    basis = scores.basis if scores is not None and scores.basis.trusted else None
    mask_file = proposed_name(session, FORMS[0]).name

    def write(task: Task) -> Path:
        from structmask_gui.io.files.atomic import write_atomic
        from structmask_gui.io.pictures.figures import middle
        from structmask_gui.io.report.report import report_bytes
        from structmask_gui.io.results.record import make_record
        from structmask_gui.io.stack.image_stack import MeasuredFiles
        from structmask_gui.io.trainers.snippets import MaskContext

        figures = None if scores is None else scores.record()
        check_unchanged(signatures)
        record = make_record(
            extraction,
            MeasuredFiles(stacks, **references),
            mask=result.mask,
            quality=figures,
            task=task,
        )
        check_unchanged(signatures)
        words = {"sentence": result.sentence, "notes": [*result.notes]}
        page = report_bytes(
            record.model_copy(update=words),
            extraction=extraction,
            frame=middle(frames, extraction.measurement.region),
            context=MaskContext(
                mask_file=mask_file,
                noise=None if basis is None else basis.noise.values,
                image=None if basis is None else basis.image.values,
            ),
        )
        if path.suffix.lower() == ".pdf":
            from structmask_gui.gui.export.pdf import pdf_bytes

            page = pdf_bytes(page)
        write_atomic(path, page, force=True)
        return path

    return write
