"""Denoise here: what is asked first, the picture while it gets better, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.denoising.wording import WHAT_IT_IS, Doubt
from structmask_gui.core.parameters.labels import in_labels
from structmask_gui.gui.quality.denoise_words import (
    asked_about,
    figures,
    said_beside,
    share_of_frame,
    title,
)
from structmask_gui.gui.quality.denoise_work import Shown
from structmask_gui.gui.quality.denoising import Denoising, proposed_target
from structmask_gui.gui.quality.figure import copy_figure
from structmask_gui.gui.quality.image_compare import (
    ImageCompare,
    Mode,
    Picture,
    Ways,
    compared,
)
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.session.worker import Step
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.views.image.display import percentile_levels
from structmask_gui.gui.views.image.frame_slider import FrameBar
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.inputs import Choice
from structmask_gui.gui.widgets.labels import paragraph, say, scrolled
from structmask_gui.gui.widgets.toast import Toast
from structmask_gui.gui.widgets.wording import said, spoken

if TYPE_CHECKING:
    from structmask_gui.core.arrays import BoolArray
    from structmask_gui.core.masks.mask import Mask

_WAYS: tuple[tuple[str, str, str], ...] = (
    ("beside", "Beside", "The images and their difference beside each other"),
    ("wipe", "Wipe", "One image left of a line, the other right of it; drag the line"),
    ("blink", "Blink", "One image and the other in turn"),
    ("residual", "Residual", "What was removed: it should hold no structure"),
)
_ORIGINAL, _BARE = "Original", "No mask"
_FILTER = "OME-TIFF (*.ome.tif)"
_ASKED = "To denoise it anyway, tick each point that you accept; the record keeps them:"
_DOUBT = "Mark &doubtful places"
_LONGEST = 2048
"""Longest side that is drawn pixel by pixel; of larger frames every n-th pixel is."""


class DenoiseWindow(QDialog):
    """Shows what `Denoising` makes of the open stack.

    Parameters
    ----------
    parent : QWidget or None
    session : Session
    show_folder : callable
        Shows a folder in the system's file manager.
    """

    def __init__(
        self, parent: QWidget | None, session: Session, show_folder: Callable[[Path], object]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Denoise here")
        self._session, self._show_folder = session, show_folder
        self.denoising = Denoising(session, self)
        self._seen: Shown | None = None
        self._pictures: tuple[Picture, ...] = ()
        self._step = 1  # of the file's pixels, every so many are drawn
        self.ticks: dict[Doubt, QCheckBox] = {}
        self._said = ""
        self._failed = False  # whether that is an error
        self._then: Callable[[], object] | None = None  # once the result is written or discarded
        self._question: QDialog | None = None  # about the result, while it is open
        self._build()
        self.toast = Toast(self)
        self.toast.button.setAutoDefault(False)
        denoising = self.denoising
        denoising.changed.connect(self._update)
        denoising.stepped.connect(self._on_step)
        denoising.shown.connect(self._on_shown)
        denoising.saved.connect(self._on_saved)
        denoising.failed.connect(self._on_failed)
        session.stack_changed.connect(self._on_stack)
        session.mask_changed.connect(self._update)
        session.region_changed.connect(self._update)
        session.frame_changed.connect(self.frames.set_frame)
        self._update()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        self.title = paragraph()
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(1.15 * font.pointSizeF())
        self.title.setFont(font)
        self.warning = QLabel()
        self.warning.setAccessibleName("Error")
        self.step = QLabel()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(200)
        self.progress.setAccessibleName("Progress of the denoising")
        self.pause_button = _button(
            "&Pause", "Stop; it goes on from here later", self.denoising.pause
        )
        self.cancel_button = _button("&Cancel", "Stop, and discard it", self._cancel)
        # The pictures stay where they are as the progress comes and goes.
        self.title.setMinimumHeight(self.cancel_button.sizeHint().height())
        top = QHBoxLayout()
        top.addWidget(self.warning)
        top.addWidget(self.title, 1)
        for widget in (self.step, self.progress, self.pause_button, self.cancel_button):
            top.addWidget(widget)

        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self._images(), 5)
        layout.addWidget(self._words(), 3)
        layout.addLayout(self._buttons())
        dialogs.resize_for_text(self, QSize(1180, 720))

    def _images(self) -> QWidget:
        self.images = QWidget()
        bar = QHBoxLayout()
        bar.setSpacing(2)
        self.ways = Ways(_WAYS)
        self.ways.chosen.connect(self._draw)
        bar.addWidget(self.ways)
        bar.addSpacing(8)
        self.against = Choice()
        self.against.show_all()
        self.against.addItems([_ORIGINAL, _BARE])
        self.against.setToolTip("What the denoised image is compared with")
        self.against.setAccessibleName("Compare with")
        self.against.currentIndexChanged.connect(self._draw)
        bar.addWidget(self.against)
        bar.addStretch(1)
        copy = QToolButton()
        copy.setText("Copy figure")
        copy.setToolTip("Copy what is compared as one picture, in one contrast")
        copy.setAutoRaise(True)
        copy.clicked.connect(self.copy_figure)
        bar.addWidget(copy)
        self.doubt = QCheckBox(_DOUBT)
        self.doubt.setToolTip(
            "Tint places where what was removed holds structure, or where two halves of the data"
            " disagree"
        )
        self.doubt.toggled.connect(self.denoising.show_doubt)
        bar.addWidget(self.doubt)
        self.panes = ImageCompare()
        self.panes.setAccessibleName("Original, denoised and residual")
        self.panes.pointed.connect(self._session.point)
        self.frames = FrameBar()
        self.frames.frame_requested.connect(self._session.set_frame)
        column = QVBoxLayout(self.images)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(bar)
        column.addWidget(self.panes, 1)
        column.addWidget(self.frames)
        return self.images

    def _words(self) -> QWidget:
        self.asked = QWidget()
        self.asked.hide()
        self._asked = QVBoxLayout(self.asked)
        self._asked.setContentsMargins(0, 0, 0, 0)
        self.figures, self.cautions = paragraph(), paragraph(WHAT_IT_IS)
        body = QWidget()
        columns, column = QHBoxLayout(body), QVBoxLayout()
        columns.setSpacing(24)
        for widget in (self.asked, self.figures):
            column.addWidget(widget)
        column.addStretch(1)
        columns.addLayout(column, 1)
        columns.addWidget(self.cautions, 1, Qt.AlignmentFlag.AlignTop)
        self._body, self._area = body, scrolled(body)
        return self._area

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room anew between images and words."""
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        """Leave to the images what the words do not need."""
        self._area.setMaximumHeight(self._body.heightForWidth(self._area.viewport().width()))

    def _buttons(self) -> QHBoxLayout:
        self.start_button = _button("&Start", "Denoise with the present mask", self.start)
        self.save_button = _button(
            "&Save…", "Write it as an OME-TIFF of 32-bit floating point, with its record", self.ask
        )
        self.bare_button = _button(
            "Compare with &no mask",
            "Denoise the same frames without a mask, and compare",
            self.denoising.start_bare,
        )
        self.next_button = _button(
            "&Try next mask", "Take the mask that the evaluation names, and denoise", self.take_next
        )
        self.spots_button = _button(
            "Test with s&pots",
            "Put spots, lines and squares into the frames, and say how much of them is kept",
            self.denoising.test,
        )
        self.methods_button = _button(
            "Copy &methods paragraph", "Copy a paragraph for a paper's methods", self.copy_methods
        )
        self.close_button = _button("Close", "Close the window; the result stays", self.close)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (
            self.next_button,
            self.bare_button,
            self.spots_button,
            self.methods_button,
            self.save_button,
            self.start_button,
            self.close_button,
        ):
            row.addWidget(button)
        return row

    # --- what is done -------------------------------------------------------------------------

    def begin(self) -> None:
        """Show the window, and denoise unless that is done or under way."""
        self.show()
        self.raise_()
        denoising = self.denoising
        if not denoising.working and not denoising.current and denoising.phase != "paused":
            self._ask_first(self, self._check)

    def _check(self) -> None:
        self._said = ""
        self._forget_picture()  # of another mask
        self.denoising.check()

    def start(self) -> None:
        """Denoise with the present mask; what was ticked is accepted."""
        self._said = ""
        if self.denoising.phase == "asking":
            self.denoising.start(tuple(self.ticks))
        elif self.denoising.made is not None:
            self._ask_first(self, self.denoising.check)
        elif self.denoising.phase == "nothing":
            self.denoising.check()
        elif self.denoising.paused_with_other:
            dialogs.ask_yes(
                self,
                "Start anew?",
                "What was learned with the other mask will be discarded.",
                "Start",
                self.denoising.check,
            )
        elif self.denoising.phase == "paused":
            self.denoising.start(self.denoising.accepted)
        else:
            self.denoising.start(tuple(self.ticks))

    def ask(self, then: Callable[[], object] | None = None) -> None:
        """Ask for a file, write the result and go on."""
        if self._question is not None:
            self._question.reject()  # this answers it
        self._then = then
        proposed = proposed_target(self._session.state)
        parent = self if self.isVisible() else self.parentWidget() or self
        title = "Save the denoised stack"
        self._hold(dialogs.ask_new_file(parent, title, proposed, _FILTER, self._save_to))

    def let_go(self, then: Callable[[], object]) -> None:
        """Go on to other files; ask first where the result is not saved."""
        self._ask_first(self.parentWidget() or self, then)

    def _ask_first(self, parent: QWidget, then: Callable[[], object]) -> None:
        if not self.denoising.saving and not self.denoising.unsaved:
            then()
            return
        self._then = then  # the newest wish wins
        if self._question is not None:
            dialogs.bring_up(self._question)
        elif not self.denoising.saving:
            box = dialogs.ask_either(
                parent,
                "Save the denoised stack?",
                "The denoised stack is not saved.",
                ("Save…", self._save_first),
                ("Discard", self._go_on),
            )
            self._hold(box)

    def _hold(self, question: QDialog) -> None:
        question.finished.connect(self._on_question_left)
        question.rejected.connect(self._on_nothing_chosen)
        self._question = question

    def _on_question_left(self, *_: object) -> None:
        self._question = None

    def _on_nothing_chosen(self) -> None:
        self._then = None

    def _save_first(self) -> None:
        self.ask(self._then)

    def _go_on(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _save_to(self, name: str, _filter: str) -> None:
        self._say("")
        self.denoising.save(Path(name))

    def take_next(self) -> None:
        """Put the mask to try next in place of the present one, and denoise with it."""
        if self._next_mask is not None:
            self._ask_first(self, self._take_next)

    def _take_next(self) -> None:
        following = self._next_mask
        if following is not None:
            self._session.edits.set_mask(
                following, "advised after denoising here", "Mask to try next"
            )
            self._said = ""
            self.denoising.check()

    def copy_methods(self) -> None:
        """Copy the paragraph for a paper."""
        if self.denoising.made is not None:
            QGuiApplication.clipboard().setText(self.denoising.made.record.methods)
            self.toast.say("The methods paragraph is on the clipboard.")

    def _cancel(self) -> None:
        self.denoising.cancel()
        if self.denoising.made is None:
            if self._seen is not None:
                self._on_shown(Shown(self._seen.original, None))
            self._say("Cancelled; nothing was kept.")

    # --- what is shown ------------------------------------------------------------------------

    @property
    def _next_mask(self) -> Mask | None:
        made = self.denoising.made
        evaluation = None if made is None else made.evaluation
        return None if evaluation is None else evaluation.next_mask

    def _say(self, text: str, *, failed: bool = False) -> None:
        self._said, self._failed = text, failed
        self._update()

    def _on_failed(self, text: str) -> None:
        if self._question is None:
            self._then = None
        self.toast.hide()
        self._say(in_labels(text), failed=True)
        if not self.isVisible():
            self._session.report_error(text)

    def _on_step(self, step: Step) -> None:
        # The first round takes a while; nothing is known of it until it is done.
        self.progress.setRange(0, 1000 if step.done else 0)
        self.progress.setValue(round(1000 * step.done / max(step.total, 1)))
        left = f", {spoken(step.remaining)} left" if step.remaining >= 0 else ""
        # Which file it is stands beside it.
        stack = self._session.state.stack
        what = step.what.removesuffix("" if stack is None else f" from {stack.name}")
        self.step.setText(what + left)

    def _on_shown(self, shown: Shown) -> None:
        self._seen = shown
        self._draw()

    def _on_saved(self, names: list[str]) -> None:
        self._say("")
        first = Path(names[0])
        self.toast.say(
            f"Saved {first.name}",
            "Show in folder",
            partial(self._show_folder, first.parent),
            f"Show {first.parent} in the file manager",
        )
        self._go_on()

    def copy_figure(self) -> None:
        """Copy what is compared as one picture."""
        if copy_figure(self._session, self._pictures, self._step):
            self.toast.say("The figure is on the clipboard.")
        else:
            self.toast.say("There is no picture to copy yet.")

    def _on_stack(self) -> None:
        self.frames.set_frames(0)
        self._forget_picture()
        self._say("")

    def _forget_picture(self) -> None:
        self._seen, self._pictures = None, ()
        self.panes.set_pictures(())

    def _draw(self, *_: object) -> None:
        """Draw what is compared, all with the contrast of the original."""
        shown = self._seen
        if shown is None:
            return
        self._step = step = -(-max(shown.original.shape) // _LONGEST)
        thin = (slice(None, None, step),) * 2
        original = shown.original[thin]
        levels = percentile_levels(original)
        if shown.denoised is None:
            self._pictures = (Picture(_ORIGINAL, original, levels),)
            self._show_pictures("beside", self._pictures, None)
            return
        denoised = shown.denoised[thin]
        first = original
        names = (_ORIGINAL, "Denoised", "Residual")
        if shown.bare is not None and self.against.currentText() == _BARE:
            first = shown.bare[thin]
            names = (_BARE, "This mask", "Difference")
        self._pictures = compared(names, (first, denoised, np.subtract(first, denoised)), levels)
        marks = None if shown.doubted is None else shown.doubted[thin]
        seen = self._pictures[2:] if self.ways.way == "residual" else self._pictures
        self._show_pictures(self.ways.mode, seen, marks)

    def _show_pictures(
        self, mode: Mode, pictures: tuple[Picture, ...], marks: BoolArray | None
    ) -> None:
        if self.panes.mode != mode:  # blinking would begin anew
            self.panes.set_mode(mode)
        self.panes.set_pictures(pictures)
        self.panes.set_marks(None if marks is None else _seen(marks))
        self.doubt.setText(_DOUBT if marks is None else f"{_DOUBT}: {share_of_frame(marks)}")

    def _update(self) -> None:
        denoising, session = self.denoising, self._session
        state = session.state
        phase, made, working = denoising.phase, denoising.made, denoising.working
        if state.stack is not None and self.frames.slider.maximum() != state.stack.n_frames - 1:
            self.frames.set_frames(state.stack.n_frames, lambda n: session.state.place_of(n))
            self.frames.set_frame(state.frame)
        self.frames.setEnabled(denoising.shows_frames)
        say(self.title, self._title())
        failed = self._failed and self.title.text() == self._said
        self.warning.setPixmap(icon("warning").pixmap(18, 18) if failed else QPixmap())
        self.warning.setVisible(failed)
        busy = working or denoising.saving or denoising.testing
        for widget in (self.step, self.progress):
            widget.setVisible(busy)
        if not busy:
            self.step.setText("")
            self.progress.setRange(0, 0)
        self.cancel_button.setVisible(working or denoising.testing or phase == "paused")
        self.cancel_button.setText("&Discard" if phase == "paused" else "&Cancel")
        self.pause_button.setVisible(phase == "learning" and made is None)
        self._update_asked()
        say(self.figures, said(figures(denoising)))
        say(self.cautions, said_beside(made, state.mask, roi=state.region is not None))
        has = denoising.bare is not None
        if has != self.against.isEnabled():
            self.against.setEnabled(has)
            self.against.setCurrentText(_BARE if has else _ORIGINAL)
        self.against.setVisible(has)
        self._fit_words()
        self._update_buttons()

    def _update_buttons(self) -> None:
        denoising, state = self.denoising, self._session.state
        made, working = denoising.made, denoising.working
        idle = not working and not denoising.saving and not denoising.testing
        self.doubt.setEnabled(made is not None)
        self.spots_button.setEnabled(made is not None and idle)
        self.save_button.setEnabled(made is not None and idle)
        self.methods_button.setEnabled(made is not None)
        bare = made is not None and made.mask.statistics.true_pixels == 1
        self.bare_button.setEnabled(made is not None and idle and not bare and not denoising.bare)
        following = self._next_mask
        self.next_button.setVisible(following is not None and denoising.current and idle)
        if following is not None:
            pixels = following.statistics.true_pixels
            text = "no mask" if pixels == 1 else f"a mask of {pixels} pixels"
            self.next_button.setText(f"&Try {text} next")
        resumes = denoising.phase == "paused" and not denoising.paused_with_other
        otherwise = "&Resume" if resumes else "&Start"
        self.start_button.setText("&Denoise again" if made is not None else otherwise)
        ticked = all(tick.isChecked() for tick in self.ticks.values())
        self.start_button.setVisible(not denoising.current)
        self.start_button.setEnabled(idle and state.mask is not None and ticked)

    def _update_asked(self) -> None:
        wanted = self.denoising.doubts if self.denoising.phase == "asking" else ()
        if tuple(self.ticks) == wanted:
            return
        while self._asked.count():
            item = self._asked.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.deleteLater()
        self.ticks = {}
        self.asked.setVisible(bool(wanted))
        if wanted:
            self._asked.addWidget(paragraph(_ASKED))
        for doubt in wanted:
            tick, text = QCheckBox(), paragraph(asked_about(doubt))
            tick.setAccessibleName(text.text())
            tick.setToolTip("Accept this")
            tick.toggled.connect(self._update_buttons)
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(tick, 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(text, 1)
            self._asked.addWidget(row)
            self.ticks[doubt] = tick

    def _title(self) -> str:
        stack = self._session.state.stack
        if self._said and not self.denoising.working:
            return self._said
        return "Open a stack first." if stack is None else title(self.denoising, stack.name)


def _seen(marks: BoolArray) -> BoolArray:
    """Return marks large enough to be seen: two pixels more on each side."""
    from scipy.ndimage import maximum_filter

    found: BoolArray = maximum_filter(marks, size=5)
    return found


def _button(text: str, tip: str, done: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: done())
    return button
