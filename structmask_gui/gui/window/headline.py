"""The answer bar: what the noise is, how sure that is, what to do; progress and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
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

from structmask_gui.core.verdict.certainty import Certainty, sign_of
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.answer_buttons import OF_DENOISED, AnswerButtons
from structmask_gui.gui.widgets.certainty_icon import CertaintySign
from structmask_gui.gui.widgets.chip import Chip
from structmask_gui.gui.widgets.wording import said, spoken

if TYPE_CHECKING:
    from structmask_gui.core.recommend.wording import Answer
    from structmask_gui.core.stack.reference_fit import ReferenceKind
    from structmask_gui.gui.session.state import State

_SHOW_AFTER = 250
"""Milliseconds of work before the progress bar shows; shorter work would only flicker."""

_LOW = 23
"""Height of a button, lower than elsewhere: the bar takes its room from the views."""

_HIGH = 100
"""Height that no button of the bar has; those without a limit have more."""

_NARROW = 760
"""Width below which the buttons stand under the third line instead of beside it."""

_BESIDE = 1.9
"""Lines that the third line may take beside the buttons."""

_AROUND = 20
"""Room at the sides of the lines."""

_LEAST_WIDTH = 480
"""Width below which the lines are not asked what height they need."""

_ONE_MASK = (
    "Files of one channel and setting share one mask: measure those of this folder and find it"
)


class Headline(QFrame):
    """Three lines with their buttons, what the noise was measured in, progress, error."""

    one_mask = Signal()  # one mask for the files of the folder is asked for
    many_files = Signal()  # each of the files that were refused is to be measured for itself

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("headline")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._build_lines()
        self._build_work()
        self._build_error()
        self._enlarge()
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.sentence, 1)
        top.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.again)
        top.addWidget(self._work)
        # The line keeps its height, or the views would jump with every measurement.
        top.addStrut(_LOW)
        lines = QVBoxLayout()
        lines.setSpacing(1)
        lines.addLayout(top)
        lines.addWidget(self.how_sure)
        # The room kept for longer answers is above the buttons: they stay where they are.
        lines.addLayout(self._third, 1)
        lines.addLayout(self._chips)
        # All lines begin below each other, right of the sign.
        beside = QHBoxLayout()
        beside.setSpacing(10)
        beside.addWidget(self.certainty, 0, Qt.AlignmentFlag.AlignTop)
        beside.addLayout(lines, 1)
        self._lines = layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.setSpacing(1)
        layout.addLayout(beside, 1)
        layout.addWidget(self.error)

        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_SHOW_AFTER)
        self._delay.timeout.connect(self._show_work)
        self._restyle()
        session.mask_changed.connect(self.follow)
        session.stack_changed.connect(self.follow)
        session.quality.changed.connect(self._on_quality)
        session.stale_changed.connect(self._on_state)
        session.busy_changed.connect(self._on_busy)
        session.progressed.connect(self._on_progress)
        session.error_changed.connect(self._on_error)
        session.failed.connect(self._on_error)  # the same sentence may be about other files
        session.reference_stacks.changed.connect(self._on_reference)
        session.reference_stacks.fit_changed.connect(self._on_reference)
        session.parameters_changed.connect(self._on_reference)
        self.follow()

    # --- building -----------------------------------------------------------------------------

    def _build_lines(self) -> None:
        self.sentence = _Line()
        self.how_sure, self.advice = _Line(), _Line()
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.certainty = CertaintySign()
        self.state = QLabel()
        self.state.setObjectName("state")
        self.state.hide()
        # No line moves sideways when a sign comes or goes.
        keeping = self.certainty.sizePolicy()
        keeping.setRetainSizeWhenHidden(True)
        self.certainty.setSizePolicy(keeping)
        self.row = AnswerButtons()
        for button in (*self.row.buttons.values(), self.row.why_button):
            button.setMaximumHeight(_LOW)
        self._third = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._third.setSpacing(2)
        self._third.addWidget(self.advice, 1)
        self._third.addWidget(self.row, 0, Qt.AlignmentFlag.AlignBottom)
        self.reference = Chip()
        self.reference.setObjectName("reference")
        self.reference.setToolTip("Stop using this reference stack")
        self.reference.clicked.connect(self._on_reference_dropped)
        self.reference.hide()
        self._references: dict[ReferenceKind, tuple[str, str | None]] = {}
        self.shared = Chip()
        self.shared.setObjectName("shared")
        self.shared.setToolTip(_ONE_MASK)
        self.shared.clicked.connect(self.one_mask)
        self.shared.hide()
        # A line is kept for them, or the views would jump when one comes or goes.
        self._room = QWidget()
        self._room.setFixedWidth(0)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(0)
        self._chips.addWidget(self._room)
        chips = QHBoxLayout()
        chips.setSpacing(8)
        chips.addWidget(self.reference)
        chips.addWidget(self.shared)
        self._chips.addLayout(chips)
        self._chips.addStretch(1)

    def _build_work(self) -> None:
        self.progress = QProgressBar()
        # As wide as the text, it made a small window wider each time, for good.
        self.progress.setFixedWidth(180)
        self.progress.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.progress.setAccessibleName("Progress")
        self.again = QPushButton("Measure again")
        self.again.setToolTip("Measure with the present settings (Ctrl+M)")
        self.again.setMaximumHeight(_LOW)
        self.again.clicked.connect(self._session.measure_again)
        self.again.hide()
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Stop; the last result stays (Esc)")
        self.stop.setMaximumHeight(_LOW)
        self.stop.clicked.connect(self._session.cancel)
        self._work = QWidget()
        work = QHBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.progress)
        work.addWidget(self.stop)
        self._work.hide()

    def _build_error(self) -> None:
        self.error = QFrame()
        self.error.setObjectName("error")
        self._error_icon = QLabel()
        self.error_text = QLabel()
        self.error_text.setWordWrap(True)
        self.error_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.read_as = QPushButton()
        self.read_as.setToolTip("Open it with these axes")
        self.read_as.setMaximumHeight(_LOW)
        self.read_as.clicked.connect(self._session.read_as)
        self.each = QPushButton("Many files…")
        self.each.setToolTip("Measure each of these files alone; what cannot be read is named")
        self.each.setMaximumHeight(_LOW)
        self.each.clicked.connect(self.many_files)
        self._dismiss = QToolButton()
        self._dismiss.setAutoRaise(True)
        self._dismiss.setToolTip("Dismiss this message")
        self._dismiss.setAccessibleName("Dismiss the message")
        self._dismiss.clicked.connect(self._session.dismiss_error)
        line = QHBoxLayout(self.error)
        line.setContentsMargins(8, 4, 4, 4)
        line.addWidget(self._error_icon)
        line.addWidget(self.error_text, 1)
        line.addWidget(self.read_as)
        line.addWidget(self.each)
        line.addWidget(self._dismiss)
        self.error.hide()

    # --- the answer ---------------------------------------------------------------------------

    def follow(self) -> None:
        """Show the answer about the present mask."""
        state = self._session.state
        if state.result is None:
            self._say(_nothing_yet(state))
        else:
            self.show_answer(
                self._session.answer, "" if state.edit is None else state.result.sentence
            )
        self._on_state()
        # The card in the middle says how to begin.
        nothing = state.frames is None and not (state.busy or state.error)
        if self.isHidden() != nothing:
            self.setMinimumHeight(0)
        # Also where it is hidden already, as any widget before it is shown first.
        self.setHidden(nothing)

    def _keep_room(self) -> None:
        """Keep the room that an answer takes for the next, or the views jump with each."""
        if self.isVisible() and not self._session.state.error:
            self._lines.activate()  # the layouts in it do not know yet that a text has changed
            needed = self._lines.totalHeightForWidth(self.width())
            self.setMinimumHeight(max(needed, self.minimumHeight()))

    def show_answer(self, answer: Answer | None, origin: str = "") -> None:
        """Show an answer, its sign and its buttons; before its second line where a mask is from."""
        if answer is None:
            self._say("")
            return
        what, how_sure, advice = answer.lines
        how_sure = f"{origin} {how_sure}".strip()
        sign = sign_of(answer.certainty, answer.actions)
        state = self._session.state
        # The raw stack is opened where it is found; which it is can be asked for one stack only.
        made = OF_DENOISED if state.raw is not None else OF_DENOISED[1:]
        actions = made if state.denoised and len(state.stacks) == 1 else answer.actions
        self._say(what, how_sure, advice, certainty=sign, actions=actions)

    def _say(
        self,
        what: str,
        how_sure: str = "",
        advice: str = "",
        certainty: Certainty | None = None,
        actions: tuple[str, ...] = (),
    ) -> None:
        for label, text in (
            (self.sentence, what),
            (self.how_sure, how_sure),
            (self.advice, advice),
        ):
            label.setText(said(text))
        self.certainty.set_certainty(certainty)
        self.row.show_actions(actions, of_mask=certainty is not None, why=bool(advice))
        self._place_buttons()
        self._keep_room()

    def _on_quality(self) -> None:
        # Only masks that the ledger does not hold take their figures from there.
        if getattr(self._session.state.result, "recommendation", None) is None:
            self.follow()

    def _on_state(self, *_: object) -> None:
        session = self._session
        error = session.state.estimate_error
        if session.state.stale and session.state.extraction is not None and error is not None:
            self.state.setText(f"Estimate, error {error:.2g}")
            self.state.setToolTip(
                "The largest standard error of a lag so far; the estimate gets better as more"
                " patches are measured."
                if session.state.busy
                else "The measurement was stopped before the requested precision was reached."
            )
        elif session.state.stale and session.state.extraction is not None:
            self.state.setText("Settings changed")
            self.state.setToolTip(
                "The views show the last result; the new one is being made."
                if session.state.busy
                else "The views show the last result; it does not belong to the present settings."
            )
        shown = session.state.stale and session.state.extraction is not None
        if self.state.isHidden() == shown:
            self.state.setVisible(shown)
        # Pale only where nothing newer is on its way, or it would blink under every slider.
        old = shown and not session.state.busy
        missing = session.state.frames is not None and session.state.extraction is None
        offered = (shown or missing) and not session.state.busy
        if self.again.isHidden() == offered:
            self.again.setVisible(offered)
        for widget in (self.certainty, self.sentence, self.how_sure, self.advice):
            widget.setEnabled(not old)

    # --- what the noise was measured in -------------------------------------------------------

    def _on_reference(self, *_: object) -> None:
        """Show the dark or subtracted stack that the result rests on."""
        references = self._session.reference_stacks
        used = references.used(self._session.state.parameters.source)
        known = {kind: (stack.name, references.misfits.get(kind)) for kind, stack in used.items()}
        if known == self._references:
            return  # every move of a slider asks
        self._references = known
        self.reference.setVisible(bool(used))
        self.reference.setProperty("misfit", False)
        for kind, stack in used.items():
            misfit = references.misfits.get(kind, "")
            verb = "measured in" if kind == "dark" else "found by subtracting"
            warning = f": {misfit}" if misfit else ""
            self.reference.say(f"Noise {verb} {stack.name}{warning}  ×", stack.name)
            doubt = "The answer above may be wrong. " if misfit else ""
            self.reference.setToolTip(f"{doubt}Press to measure without {stack.name}")
            self.reference.setProperty("misfit", bool(misfit))
        self._restyle()
        self.follow()

    def _on_reference_dropped(self) -> None:
        references = self._session.reference_stacks
        for kind in references.used(self._session.state.parameters.source):
            references.choose(kind, None)

    # --- one mask for several files -----------------------------------------------------------

    def offer_one_mask(self, said: str, name: str = "") -> None:
        """Say how the mask of another file fits this one, and offer one for all; or nothing."""
        self.shared.say(f"{said} One mask for the folder…" if said else "", name)
        self.shared.setToolTip(f"{name}\n{_ONE_MASK}" if said else _ONE_MASK)
        self.shared.setVisible(bool(said))

    # --- progress, error ----------------------------------------------------------------------

    def _on_busy(self, busy: bool) -> None:
        if busy:
            opening = self._session.state.busy_with == "opening"
            self._show_progress(0, "Opening…" if opening else self._measuring())
            self._delay.start()
        else:
            self._delay.stop()
            self._work.hide()
        if self._session.state.result is None:
            self.follow()
        self._on_state()

    def _show_work(self) -> None:
        self._work.show()

    def _on_progress(self, done: int, total: int, what: str, remaining: float) -> None:
        # Qt counts in 32 bits, patches and bytes may not fit.
        # What is still under way is not at 100 %.
        share = f"{min(99, round(100 * done / total))} %" if total else ""
        left = f"{spoken(remaining)} left" if remaining >= 0 else ""
        text = ", ".join(part for part in (share, left) if part) or self._measuring()
        self._show_progress(round(1000 * done / total) if total else 0, text)
        self.progress.setToolTip(what)

    def _measuring(self) -> str:
        """Return what the bar says; without a result the first line says it."""
        return "" if self._session.state.result is None else "Measuring…"

    def _show_progress(self, thousandths: int, text: str) -> None:
        # Qt says nothing on a bar whose end is not known.
        self.progress.setRange(0, 1000)
        self.progress.setValue(thousandths)
        # A per cent sign alone would stand for one of Qt's own figures.
        self.progress.setFormat(text)
        self.progress.setToolTip("")

    def _on_error(self, text: str) -> None:
        state = self._session.state
        if text and text == state.failed_open and state.frames is not None:
            text = f"{text} Still open: {state.frames.name}."
        self.error_text.setText(said(text))
        remedy = state.remedy
        axes = "" if remedy is None else remedy.axes
        self.read_as.setText(f"Read as {axes}")
        self.read_as.setVisible(bool(axes))
        self.each.setVisible(remedy is not None and len(remedy.paths) > 1)
        self.error.setVisible(bool(text))
        self._fit_error()
        self.follow()

    def _fit_error(self) -> None:
        """Give a long sentence its lines; a fixed strip would cut them."""
        if self._session.state.error:
            width = self.width() - 100  # margins, icon and buttons beside it
            buttons = self.read_as, self.each
            width -= sum(one.sizeHint().width() for one in buttons if not one.isHidden())
            height = self.error_text.heightForWidth(max(width, 100))
            self.error_text.setMinimumHeight(max(height, 0))

    def sizeHint(self) -> QSize:
        """Return the height that the lines need at the present width, not at the one Qt likes."""
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the height that the lines need at the present width, not at the smallest."""
        hint = super().minimumSizeHint()
        needed = self._lines.heightForWidth(max(self.width(), _LEAST_WIDTH))
        # Before it is on the screen its width says nothing.
        return QSize(hint.width(), needed if self.isVisible() else min(hint.height(), needed))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the error anew, and put the buttons where there is room."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.setMinimumHeight(0)
        self._fit_error()
        self._place_buttons()

    def _place_buttons(self) -> None:
        """Put the buttons beside the third line, or below it where it would be squeezed."""
        taken = self.certainty.sizeHint().width() + 2 * _AROUND
        taken += self.row.narrowed_to(self.width() - taken)
        words = self.advice.fontMetrics().horizontalAdvance(self.advice.text())
        room = self.width() - taken
        across = self.width() >= _NARROW and words <= _BESIDE * room
        self._third.setDirection(
            QBoxLayout.Direction.TopToBottom
            if not across or (words > room and self._fits_below())
            else QBoxLayout.Direction.LeftToRight
        )

    def _fits_below(self) -> bool:
        """Whether the room kept of a longer answer holds the buttons below the third line."""
        self._third.setDirection(QBoxLayout.Direction.TopToBottom)
        self._lines.activate()
        return self._lines.totalHeightForWidth(self.width()) <= self.minimumHeight()

    def _enlarge(self) -> None:
        """Write the first line larger than the others."""
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.sentence.setFont(font)
        low = max(_LOW, self.fontMetrics().height() + 7)
        self.row.setMinimumHeight(low)
        for button in self.findChildren(QAbstractButton):
            if button.maximumHeight() < _HIGH:
                button.setMaximumHeight(low)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the size of the text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_dismiss"):
            self.setMinimumHeight(0)
            self._enlarge()
            self._room.setFixedHeight(self.shared.sizeHint().height())
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_dismiss"):
            self._restyle()

    def _restyle(self) -> None:
        self._error_icon.setPixmap(icon("warning").pixmap(18, 18))
        self._dismiss.setIcon(icon("cancel"))
        self.row.restyle()
        dark = self.palette().color(QPalette.ColorRole.Base).lightness() < 128
        warned = ("#4a2f0b", "#c98a2b", "#ffe7c2") if dark else ("#fff3dc", "#d9a441", "#4a3000")
        plain = ("#22364a", "#4a7aa8", "#d6e8f8") if dark else ("#e4f0fa", "#7aa7cf", "#10304d")
        chip = warned if self.reference.property("misfit") else plain
        for name, widget, (back, edge, text) in (
            ("error", self.error, warned),
            ("state", self.state, warned),
            ("reference", self.reference, chip),
            ("shared", self.shared, plain),
        ):
            style = (
                f"#{name} {{ background: {back}; border: 1px solid {edge};"
                f" border-radius: 4px; color: {text}; padding: 1px 6px; }}"
            )
            if widget.styleSheet() != style:
                widget.setStyleSheet(style)
        self._room.setFixedHeight(self.shared.sizeHint().height())
        palette = self.error_text.palette()
        palette.setColor(QPalette.ColorRole.WindowText, warned[2])
        self.error_text.setPalette(palette)


def _nothing_yet(state: State) -> str:
    """Return what is said while there is no result."""
    if state.frames is None:
        return "Opening…" if state.busy else ""
    if state.busy:
        return f"Measuring {state.frames.name}…"
    return f"{state.frames.name} {'could not be' if state.error else 'was not'} measured."


class _Line(QLabel):
    """A line of the answer: it wraps, and asks for no more of a small window than one line."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)

    def minimumSizeHint(self) -> QSize:
        """Return the height of one line."""
        return QSize(0, self.fontMetrics().height())

    def heightForWidth(self, width: int) -> int:
        """Return the height of the text; an empty line keeps its room."""
        return max(super().heightForWidth(width), self.fontMetrics().height())
