"""Come back with the result: what a denoised stack tells of the mask it was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import ChosenFrames
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Lane, Outcome, Step
from structmask_gui.gui.views.lags.lag_view import LagView
from structmask_gui.gui.views.lags.mask_thumb import MaskThumb, codes_of
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.labels import paragraph, scrolled
from structmask_gui.gui.widgets.wording import breakable

if TYPE_CHECKING:
    from structmask_gui.core.denoised.evaluate import Evaluation as Verdict
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.assessment import Basis

_NOTHING = (
    "Trained with a mask? Open the raw stack as usual and its denoised output here: you then see"
    " what noise is left, whether detail was lost, and which mask to try next."
)


class DenoisedPanel(QWidget):
    """Judges a denoised stack against the open one and the present mask."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("result")
        self._lane.ended.connect(self._on_ended)
        self._lane.stepped.connect(self._on_step)
        self._ticket = 0
        self._said = ""
        self._path: Path | None = None
        self._shown: Path | None = None
        self._judged: Mask | None = None
        self._assumed = ""
        self._before: tuple[Path | None, Mask | None, str, Verdict] | None = None
        self.verdict: Verdict | None = None
        self.open_button = QPushButton("Denoised stack…")
        self.open_button.setToolTip("Choose the output of the network for the open stack")
        self.open_button.clicked.connect(self.ask)
        self.again_button = QPushButton("Judge again")
        self.again_button.setToolTip("With the present mask, or after the file was written anew")
        self.again_button.clicked.connect(self.judge)
        self.take_button = QPushButton("Take next mask")
        self.take_button.setToolTip("Put the mask to try next in place of the present one")
        self.take_button.clicked.connect(self.take)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(120)
        self.progress.setAccessibleName("Progress of judging")
        self.progress.hide()
        self.sentence, self.figures = paragraph(_NOTHING), paragraph()
        for label in (self.sentence, self.figures):
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.output = LagView("Noise in the output", quantity="r")
        self.residual = LagView("Residual", quantity="r")
        self.thumb = MaskThumb("")
        for view in (self.output, self.residual):
            view.set_signed(True)
            view.pointed.connect(session.point)
        buttons = QHBoxLayout()
        for widget in (self.open_button, self.again_button, self.take_button, self.progress):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(scrolled(_column(self.figures)), "Figures")
        for view, name in ((self.output, "Output"), (self.residual, "Residual")):
            view.set_title_visible(False)
            self.tabs.setTabToolTip(self.tabs.addTab(view, name), f"Autocorrelation: {view.title}")
        self._next = self.tabs.addTab(self.thumb, "Next")
        left = QVBoxLayout()
        left.addLayout(buttons)
        left.addWidget(scrolled(_column(self.sentence)), 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 4, 2)
        layout.addLayout(left, 4)
        layout.addWidget(self.tabs, 4)
        session.stack_changed.connect(self._on_stack)
        session.mask_changed.connect(self._update)
        session.quality.closing.connect(self._on_closing)
        self._update()

    # --- asking -------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask for the denoised stack."""
        if self._session.state.frames is None:
            self._session.report_error("Open the raw stack first, then its denoised output.")
            return
        folder = str(beside(self._session.state.paths))
        dialogs.ask_files(
            self, "Open the denoised stack", folder, dialogs.readable_files(), self._open_all
        )

    def _open_all(self, paths: list[str]) -> None:
        self.open_path(paths[0])

    def open_path(self, path: str | Path) -> None:
        """Judge the denoised stack of a file."""
        self._path = Path(path)
        self.judge()

    def judge(self) -> None:
        """Compare the denoised stack with the open one, for the present mask."""
        session, path = self._session, self._path
        mask, stacks = session.state.mask, session.state.stacks
        extraction, asked = session.state.extraction, session.state.asked
        if path is None or mask is None or extraction is None or asked is None:
            return
        # The figures of "What the mask will do", so that both say the same of a mask.
        known, frame_range = session.quality.basis, asked.frame_range
        axes = session.state.open_choices.get("axes")

        def work(task: Task) -> Any:
            from structmask_gui.core.quality.basis import extraction_basis
            from structmask_gui.io.denoised import evaluate_file

            def measure() -> Basis:
                return known or extraction_basis(
                    extraction,
                    ChosenFrames(stacks, frame_range),
                    task=task,
                )

            judged = evaluate_file(path, stacks, mask, measure, axes=axes, task=task)
            return mask, judged.outcome, judged.assumed

        if self.verdict is not None:
            self._before = (self._shown, self._judged, self._assumed, self.verdict)
        self.verdict = None
        self._ticket = self._lane.submit(work)
        self._update()

    # --- answers ------------------------------------------------------------------------------

    def _on_step(self, step: Step) -> None:
        if step.ticket == self._ticket:
            self.progress.setRange(0, max(step.total, 1))
            self.progress.setValue(step.done)

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        self._ticket = 0
        if outcome.kind == "done":
            self._judged, self.verdict, self._assumed = outcome.result
            self._shown, self._before = self._path, None
            self._session.withdraw_error(self._said)
        elif outcome.kind == "error":
            self._said = outcome.text
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)
        if outcome.kind != "done" and self._before is not None:
            # What was said of another file stays true.
            self._shown, self._judged, self._assumed, self.verdict = self._before
            self._path = self._shown
        self._update()

    def _on_stack(self) -> None:
        # The raw frames it reads are about to be closed.
        self._lane.cancel()
        self._ticket = 0
        self._path = self._shown = self._judged = self.verdict = self._before = None
        self._update()

    def _on_closing(self) -> None:
        self._lane.close()

    def take(self) -> None:
        """Put the mask to try next in place of the present one."""
        verdict = self.verdict
        if verdict is not None and verdict.next_mask is not None:
            name = self._path.name if self._path is not None else "the result"
            self._session.edits.set_mask(
                verdict.next_mask, f"advised after {name}", "Mask to try next"
            )

    # --- what is shown ------------------------------------------------------------------------

    def _update(self) -> None:
        verdict, working = self.verdict, bool(self._ticket)
        there = verdict is not None
        self.open_button.setEnabled(self._session.state.mask is not None)
        self.again_button.setEnabled(self._path is not None and not working)
        following = verdict.next_mask if verdict is not None else None
        self.take_button.setVisible(following is not None)
        self.progress.setVisible(working)
        if not working:
            self.progress.setRange(0, 0)
        self.tabs.setVisible(there)
        self.tabs.setTabVisible(self._next, following is not None)
        self.thumb.set_codes(None if following is None else codes_of(following.array))
        font = self.sentence.font()
        font.setBold(there)
        self.sentence.setFont(font)
        if verdict is None:
            name = self._path.name if self._path is not None else ""
            self.sentence.setText(f"Judging {name}…" if working else _NOTHING)
            for view in (self.output, self.residual):
                view.set_plane(None)
            return
        from structmask_gui.core.denoised.evaluate import LINEAR

        self.figures.setToolTip(LINEAR)
        # A number and its sign stay in one line.
        self.sentence.setText(verdict.sentence.replace(" %", "\N{NO-BREAK SPACE}%"))
        self.output.set_plane(verdict.output_correlation)
        self.residual.set_plane(verdict.residual_correlation)
        self.figures.setText("\n".join(self._lines(verdict)))

    def _lines(self, verdict: Verdict) -> list[str]:
        # First what was measured: below it a small window scrolls.
        lines = verdict.lines()
        if self._judged is not None and self._judged != self._session.state.mask:
            lines.append("Judged for another mask than the present one; judge again.")
        name = self._path.name if self._path is not None else ""
        lines.append(breakable(f"{name}: {verdict.where}"))
        if self._assumed:
            lines.append(breakable(self._assumed))
        return lines

    def sizeHint(self) -> QSize:
        """Return room for the figures and both pictures."""
        return QSize(600, 190)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(320, 120)

    def stop(self) -> None:
        """Stop the thread, and drop the plots before the window goes."""
        self._lane.close()
        for view in (self.output, self.residual):
            view.release()


def _column(label: QLabel) -> QWidget:
    """Return a label with room below it."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(4, 2, 8, 2)
    column.addWidget(label)
    column.addStretch(1)
    return body
