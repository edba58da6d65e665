"""The mask leaves the window: as text for a trainer, and as a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.dialogs import without_icons
from structmask_gui.gui.sources import check_unchanged
from structmask_gui.gui.worker import Lane, Outcome

if TYPE_CHECKING:
    from structmask_gui.core.quality.assessment import Basis
    from structmask_gui.gui.session import Session
    from structmask_gui.io.snippets import Snippet, Target


class SnippetDialog(QDialog):
    """The present mask as text for each trainer, and what is to be known of it there.

    Parameters
    ----------
    session : Session
        Whose mask; there must be one.
    target : str
        The trainer that is shown first.
    """

    snippets: tuple[Snippet, ...] = ()

    def __init__(self, parent: QWidget | None, session: Session, target: Target) -> None:
        super().__init__(parent)
        self.setWindowTitle("Copy the mask for a trainer")
        self._session = session
        self._mask = session.mask
        self._basis: Basis | None = None
        self._taken = False
        self.tabs = QTabWidget()
        self.stage = QCheckBox("These are denoised images: the output of a first stage")
        self.stage.setToolTip(
            "A mask measured in the output of a first denoising belongs to a second one."
        )
        self.stage.toggled.connect(self._fill)
        self.copied = QLabel()
        copy = QPushButton("&Copy the text")
        copy.setDefault(True)
        copy.clicked.connect(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.stage)
        layout.addWidget(self.copied)
        layout.addWidget(buttons)
        without_icons(self)
        session.quality.changed.connect(self._on_quality)
        self._basis = session.quality.basis
        self._fill()
        for number, snippet in enumerate(self.snippets):
            if snippet.target == target:
                self.tabs.setCurrentIndex(number)
        self.tabs.currentChanged.connect(self._on_tab)
        self.resize(760, 560)

    def _fill(self, *_: object) -> None:
        from structmask_gui.gui.exporting import FORMS, proposed_name
        from structmask_gui.io.snippets import snippets

        if self._mask is None:
            return
        paths, stack = self._session.paths, self._session.stack
        # What may be picture chooses no shape.
        basis = self._basis if self._basis is not None and self._basis.trusted else None
        edit = self._session.edit
        self.snippets = snippets(
            self._mask,
            image=paths[0].name if paths else "",
            stage="denoised" if self.stage.isChecked() else "raw",
            mask_file=proposed_name(self._session, FORMS[0]).name,
            how="" if edit is None else edit.how,
            noise=None if basis is None else basis.noise.values,
            picture=None if basis is None else basis.image.values,
            axes="" if stack is None else stack.axes,
            channel=None if stack is None else stack.channel,
        )
        now = max(0, self.tabs.currentIndex())
        self.tabs.clear()
        for made in self.snippets:
            self.tabs.addTab(_page(made), made.title)
        self.tabs.setCurrentIndex(now)
        self.copied.clear()

    def showEvent(self, event: QShowEvent) -> None:
        """Have the noise measured, if it is not yet: the shape for CAREamics is chosen by it."""
        super().showEvent(event)
        self._session.quality.watch(self, True)
        if self._basis is None and self._session.quality.state == "measuring":
            self.copied.setText(
                "The noise is being measured; the shape for CAREamics may become another by it."
            )

    def hideEvent(self, event: QHideEvent) -> None:
        """Measure no longer for this dialog."""
        self._session.quality.watch(self, False)
        super().hideEvent(event)

    def _on_quality(self) -> None:
        """Take the noise into account as soon as it is measured; the mask stays the one copied."""
        quality = self._session.quality
        if self._basis is not None or self._session.mask is not self._mask:
            return
        if quality.state == "failed":
            self.copied.clear()
        elif quality.basis is not None:
            before, self._basis = [made.text for made in self.snippets], quality.basis
            taken = self._taken
            self._fill()
            if taken and before != [made.text for made in self.snippets]:
                self.copied.setText("By the noise, measured now, the text is another: copy again.")

    @property
    def snippet(self) -> Snippet:
        """The text on display."""
        return self.snippets[self.tabs.currentIndex()]

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.snippet.text)
        text = f"The text for {self.snippet.title} is on the clipboard."
        if self.snippet.needs_file:
            text += " It loads the mask's NPY file: export that, too."
        self.copied.setText(text)
        self._taken = True

    def _on_tab(self, _index: int) -> None:
        self.copied.clear()


def _page(made: Snippet) -> QWidget:
    notes = QLabel("\n".join(f"• {note}" for note in made.notes))
    notes.setWordWrap(True)
    edit = QPlainTextEdit(made.text)
    edit.setReadOnly(True)
    edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    edit.setAccessibleName(f"Text for {made.title}")
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.addWidget(notes)
    layout.addWidget(edit, 1)
    return page


class Reporter(QObject):
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
        from structmask_gui.gui.exporting import FORMS, proposed_name

        path = proposed_name(self._session, FORMS[0])
        return path.with_name(f"{path.stem.removesuffix('_mask')}_report.html")

    def save(self, path: Path) -> None:
        """Write the report of the present result: as PDF if the name ends so, else as HTML."""
        session = self._session
        if session.result is None or session.stale:
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


def _report_writer(session: Session, path: Path) -> Callable[[Any, Any], Path]:
    result, extraction, quality = session.result, session.extraction, session.quality
    assert result is not None
    assert extraction is not None
    from structmask_gui.gui.exporting import FORMS, proposed_name

    stacks, frames = session.measured_stacks(), session.frames
    signatures = session.signatures
    assert frames is not None
    seconds: dict[str, Any] = {}
    for kind, stack in session.seconds.used(extraction.parameters.source).items():
        seconds[kind] = stack
    scores = quality.scores if quality.current else None
    basis = scores.basis if scores is not None and scores.basis.trusted else None
    mask_file = proposed_name(session, FORMS[0]).name

    def write(progress: Any, cancelled: Any) -> Path:
        from structmask_gui.io.atomic import write_atomic
        from structmask_gui.io.figures import middle
        from structmask_gui.io.record import make_record
        from structmask_gui.io.report import report_bytes

        figures = None if scores is None else scores.record()
        check_unchanged(signatures)
        record = make_record(
            extraction,
            stacks,
            mask=result.mask,
            quality=figures,
            **seconds,
            progress=progress,
            cancelled=cancelled,
        )
        check_unchanged(signatures)
        words = {"sentence": result.sentence, "notes": [*result.notes]}
        page = report_bytes(
            record.model_copy(update=words),
            extraction=extraction,
            noise=None if basis is None else basis.noise.values,
            picture=None if basis is None else basis.image.values,
            frame=middle(frames, extraction.measurement.region),
            mask_file=mask_file,
        )
        if path.suffix.lower() == ".pdf":
            from structmask_gui.gui.pdf import pdf_bytes

            page = pdf_bytes(page)
        write_atomic(path, page, force=True)
        return path

    return write
