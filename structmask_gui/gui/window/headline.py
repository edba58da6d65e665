"""The strip at the top: the result in one sentence, what is under way, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.verdict.certainty import certainty_of
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.certainty_icon import CertaintySign
from structmask_gui.gui.widgets.collapsed_text import FoldedText
from structmask_gui.gui.widgets.eliding_label import ElidingLabel
from structmask_gui.gui.widgets.wording import in_labels, spoken

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction

_SHOW_AFTER = 250
"""Milliseconds of work before the progress bar shows; shorter work would only flicker."""


_HINT = "Open a stack: drop it here, choose it on the left, or press Ctrl+O."


class Headline(QFrame):
    """Sentence, notes, progress, error."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("headline")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

        self.sentence = ElidingLabel(_HINT, smallest=0.75, clauses=True)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.35)
        font.setBold(True)
        self.sentence.setFont(font)
        self.state = QLabel()
        self.state.setObjectName("state")
        self.certainty = CertaintySign()
        self.notes = FoldedText()
        self.more = QToolButton()
        self.more.setAutoRaise(True)
        self.more.setText("more")
        self.more.hide()
        self.more.setToolTip("Show all of it")
        self.more.clicked.connect(self.notes.show_all)
        self.notes.cut_changed.connect(self.more.setVisible)
        self.automatic = QPushButton("Try automatic")
        self.automatic.setToolTip('Apply the preset "automatic"; undo goes back')
        self.automatic.hide()
        self.automatic.clicked.connect(self._try_automatic)

        self.progress = QProgressBar()
        self.progress.setFixedWidth(160)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        # As wide as the text, it made a small window wider each time, for good.
        self.what = ElidingLabel()
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Stop; the last result stays (Esc)")
        self.stop.clicked.connect(session.cancel)
        self._work = QWidget()
        work = QHBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.what, 1)
        work.addWidget(self.progress)
        work.addWidget(self.stop)
        # The line keeps its height, or the views would jump with every measurement.
        line_height = self.stop.sizeHint().height()

        self.error = QFrame()
        self.error.setObjectName("error")
        self._error_icon = QLabel()
        self.error_text = QLabel()
        self.error_text.setWordWrap(True)
        self.error_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._dismiss = QToolButton()
        self._dismiss.setAutoRaise(True)
        self._dismiss.setToolTip("Dismiss this message")
        self._dismiss.setAccessibleName("Dismiss the message")
        self._dismiss.clicked.connect(session.dismiss_error)
        line = QHBoxLayout(self.error)
        line.setContentsMargins(8, 4, 4, 4)
        line.addWidget(self._error_icon)
        line.addWidget(self.error_text, 1)
        line.addWidget(self._dismiss)
        self.error.hide()

        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.certainty)
        top.addWidget(self.sentence, 1)
        top.addWidget(self.state)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self.notes, 1, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self.more, 0, Qt.AlignmentFlag.AlignBottom)
        below.addWidget(self.automatic, 0, Qt.AlignmentFlag.AlignBottom)
        below.addWidget(self._work, 1)
        below.addStrut(line_height)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(below)
        layout.addWidget(self.error)

        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_SHOW_AFTER)
        self._delay.timeout.connect(self._show_work)
        self._work.hide()
        self.state.hide()
        self._restyle()

        session.mask_changed.connect(self._on_stack)
        session.stack_changed.connect(self._on_stack)
        session.stale_changed.connect(self._on_state)
        session.busy_changed.connect(self._on_busy)
        session.progressed.connect(self._on_progress)
        session.error_changed.connect(self._on_error)

    def _on_stack(self) -> None:
        self._on_extraction(self._session.state.result)

    def _on_extraction(self, extraction: Extraction | None) -> None:
        if extraction is not None:
            self.sentence.setText(extraction.sentence)
            notes = [in_labels(note) for note in extraction.notes]
        else:
            open_now = self._session.state.frames
            self.sentence.setText(_HINT if open_now is None else f"{open_now.name}: no mask yet.")
            notes = []
        verdict = None if extraction is None else extraction.verdict
        if self._session.state.edit is not None:
            verdict = None  # it is about the mask as it was extracted, and stands in the notes
        self.certainty.set_certainty(None if verdict is None else certainty_of(verdict))
        self.notes.set_sentences(notes)
        self._on_state()

    def _on_state(self, *_: object) -> None:
        session = self._session
        error = session.state.estimate_error
        if session.state.stale and session.state.extraction is not None and error is not None:
            self.state.setText(f"Estimate, error {error:.2g}")
            self.state.setToolTip(
                "The largest standard error of a lag so far; the estimate gets better as more"
                " patches are measured."
                if session.state.busy
                else "Stopped before the requested precision was reached."
            )
        elif session.state.stale and session.state.extraction is not None:
            self.state.setText("Out of date")
            self.state.setToolTip(
                "The views show the last result; the new one is being made."
                if session.state.busy
                else "The views show the last result; it does not belong to the present settings."
            )
        shown = session.state.stale and session.state.extraction is not None
        if self.state.isHidden() == shown:
            self.state.setVisible(shown)
        extraction = session.state.extraction
        self.automatic.setVisible(
            extraction is not None
            and extraction.rings_found_nothing
            and session.state.edit is None
            and session.state.uses_rings
        )

    def _try_automatic(self) -> None:
        from structmask_gui.io.presets.preset import built_in_presets

        preset = next(one for one in built_in_presets() if one.name == "automatic")
        self._session.edits.apply_preset(preset)

    def _on_busy(self, busy: bool) -> None:
        if busy:
            opening = self._session.state.busy_with == "opening"
            self.what.setText("Opening…" if opening else "Measuring…")
            self.progress.setRange(0, 0)
            self._delay.start()
        else:
            self._delay.stop()
            self._work.hide()
        self._on_state()

    def _show_work(self) -> None:
        self._work.show()

    def _on_progress(self, done: int, total: int, what: str, remaining: float) -> None:
        # Qt counts in 32 bits, patches and bytes may not fit.
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(1000 * done / total) if total else 0)
        text = f"{what}: {done} of {total}" if total else what
        self.what.setText(text + (f", {spoken(remaining)} left" if remaining >= 0 else ""))

    def _on_error(self, text: str) -> None:
        self.error_text.setText(in_labels(text))
        self.error.setVisible(bool(text))
        self._fit_error()

    def _fit_error(self) -> None:
        """Give a long sentence its lines; a fixed strip would cut them."""
        if self._session.state.error:
            width = self.width() - 100  # margins, icon and button beside it
            height = self.error_text.heightForWidth(max(width, 100))
            self.error_text.setMinimumHeight(max(height, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the error anew."""
        super().resizeEvent(event)
        self._fit_error()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_dismiss"):
            self._restyle()

    def _restyle(self) -> None:
        self._error_icon.setPixmap(icon("warning").pixmap(18, 18))
        self._dismiss.setIcon(icon("cancel"))
        dark = self.palette().color(QPalette.ColorRole.Base).lightness() < 128
        back, edge, text = (
            ("#4a2f0b", "#c98a2b", "#ffe7c2") if dark else ("#fff3dc", "#d9a441", "#4a3000")
        )
        for name, label in (("error", self.error), ("state", self.state)):
            style = (
                f"#{name} {{ background: {back}; border: 1px solid {edge};"
                f" border-radius: 4px; color: {text}; padding: 1px 6px; }}"
            )
            if label.styleSheet() != style:
                label.setStyleSheet(style)
        palette = self.error_text.palette()
        palette.setColor(QPalette.ColorRole.WindowText, text)
        self.error_text.setPalette(palette)
