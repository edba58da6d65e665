"""What a denoised stack tells of the mask it was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.core.denoised.order import ORDER_HELP, ORDERS
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.quality.image_compare import ImageCompare, compared
from structmask_gui.gui.session.denoised import DenoisedStack
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.views.image.display import percentile_levels
from structmask_gui.gui.views.lags.lag_view import LagView
from structmask_gui.gui.views.lags.mask_thumb import MaskThumb, codes_of
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.inputs import Choice, button
from structmask_gui.gui.widgets.labels import paragraph, scrolled
from structmask_gui.gui.widgets.wording import breakable, said

if TYPE_CHECKING:
    from structmask_gui.gui.session.denoised import Evaluated

_TITLES = "Raw", "Result", "Residual"
_NOTHING = (
    "Trained with a mask? Open the raw stack as usual and its denoised output here to see what"
    " noise is left, whether detail was lost, and which mask to try next."
)


_FAINT = 20, 0.2
"""Least ends of the colours: per cent of the raw noise, and correlation of the residual."""

_LEFT = "How much noise the pixels of the output share, in per cent of the raw noise's variance"
_REMOVED = "Autocorrelation of what was taken away: 1 where all of it is shared"


class DenoisedPanel(QWidget):
    """Shows how a denoised stack compares with the open one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.denoised = DenoisedStack(session, self)
        self._build()
        session.stack_changed.connect(self._on_stack)
        session.mask_changed.connect(self._update)
        self.denoised.changed.connect(self._update)
        self.denoised.stepped.connect(self._on_step)
        self.denoised.looked.connect(self._show_pictures)
        self._update()

    # --- building -----------------------------------------------------------------------------

    def _build(self) -> None:
        self.sentence, self.figures = paragraph(_NOTHING), paragraph()
        for label in (self.sentence, self.figures):
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        left = QVBoxLayout()
        left.addLayout(self._buttons())
        left.addWidget(scrolled(_column(self.sentence, self.figures)), 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 4, 2)
        layout.addLayout(left, 4)
        layout.addWidget(self._images(), 4)

    def _buttons(self) -> QHBoxLayout:
        self.open_button = button(
            "Judge a stack…", "Choose the output of the network for the open stack", self.ask
        )
        self.order = Choice()
        self.order.show_all()
        self.order.setEditable(True)
        self.order.setInsertPolicy(Choice.InsertPolicy.NoInsert)
        for value, words in ORDERS.items():
            self.order.addItem(words, value)
        self.order.setAccessibleName("Order of its frames")
        self.order.setToolTip(ORDER_HELP.replace("`", ""))
        self.order.activated.connect(self._on_order)
        edit = self.order.lineEdit()
        assert edit is not None
        edit.editingFinished.connect(self._on_order)
        self.again_button = button(
            "Judge again",
            "With the present mask, or after the file was written anew",
            self.denoised.evaluate,
        )
        self.take_button = button(
            "Take next mask", "Put the mask to try next in place of the present one", self.take
        )
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(120)
        self.progress.setAccessibleName("Progress of the judgement")
        self.progress.hide()
        row = QHBoxLayout()
        for widget in (
            self.open_button,
            self.order,
            self.again_button,
            self.take_button,
            self.progress,
        ):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _images(self) -> QTabWidget:
        self.pictures = ImageCompare()
        self.pictures.setAccessibleName("Raw frame, result and residual")
        self.pictures.pointed.connect(self._session.point)
        self.output = LagView("Noise in the output", quantity="% of the raw noise")
        self.residual = LagView("Residual")
        self.thumb = MaskThumb("")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._add_tab(
            self.pictures,
            "Pictures",
            "The raw frame on display, the result and what was taken away, in one contrast",
        )
        for view, least, name, tip in (
            (self.output, _FAINT[0], "Noise left", _LEFT),
            (self.residual, _FAINT[1], "Noise removed", _REMOVED),
        ):
            view.set_signed(True)
            view.set_least_level(least)  # what is faint looks faint
            view.pointed.connect(self._session.point)
            view.hide_title()
            self._add_tab(view, name, tip)
        self._next = self._add_tab(self.thumb, "Next")
        return self.tabs

    def _add_tab(self, widget: QWidget, name: str, tip: str = "") -> int:
        place = self.tabs.addTab(widget, name)
        self.tabs.setTabToolTip(place, tip)
        return place

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
        self.denoised.open(paths[0])

    def _on_order(self) -> None:
        """Judge again with the order that was chosen or typed."""
        text = self.order.currentText()
        found = self.order.findText(text)
        order = text if found < 0 else str(self.order.itemData(found))
        if order != self.denoised.order:
            self.denoised.order = order
            self.denoised.evaluate()

    def _on_stack(self) -> None:
        # The order was that of another file; what was typed is at no place of the list.
        self.order.setCurrentIndex(0)
        self.order.setEditText(self.order.itemText(0))

    def _on_step(self, done: int, total: int) -> None:
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)

    def take(self) -> None:
        """Put the mask to try next in place of the present one."""
        shown = self.denoised.shown
        if shown is not None and shown.evaluation.next_mask is not None:
            how = f"advised after {shown.path.name}"
            self._session.edits.set_mask(shown.evaluation.next_mask, how, "Mask to try next")

    # --- what is shown ------------------------------------------------------------------------

    def _update(self) -> None:
        denoised, shown = self.denoised, self.denoised.shown
        working = denoised.working
        self.open_button.setEnabled(self._session.state.mask is not None)
        self.again_button.setEnabled(denoised.path is not None and not working)
        evaluation = denoised.evaluation
        following = None if evaluation is None else evaluation.next_mask
        self.take_button.setVisible(following is not None)
        self.progress.setVisible(working)
        if not working:
            self.progress.setRange(0, 0)
        self.tabs.setVisible(shown is not None)
        self.tabs.setTabVisible(self._next, following is not None)
        self.thumb.set_codes(None if following is None else codes_of(following.array))
        font = self.sentence.font()
        font.setBold(shown is not None)
        self.sentence.setFont(font)
        if shown is None or evaluation is None:
            name = "" if denoised.path is None else denoised.path.name
            failed = f"{name} could not be judged." if name else _NOTHING
            self.sentence.setText(f"Judging {name}…" if working else failed)
            self.figures.clear()
            for view in (self.output, self.residual):
                view.set_plane(None)
            self.pictures.set_pictures(())
            return
        from structmask_gui.core.denoised.evaluate import LINEAR

        self.figures.setToolTip(LINEAR)
        # A number and its sign stay in one line.
        self.sentence.setText(said(evaluation.sentence))
        # Of flat patches, structure adds to what is left.
        told = evaluation.source == "difference"
        left = 100 * max(evaluation.noise_left, 0.0)
        self.output.set_plane(left * evaluation.output_correlation if told else None)
        self.residual.set_plane(evaluation.residual_correlation)
        self.figures.setText("\n".join(self._lines(shown)))

    def _show_pictures(self) -> None:
        pair = self.denoised.pair
        if pair is None or self.denoised.shown is None:
            self.pictures.set_pictures(())
            return
        raw, output = pair
        images = raw, output, raw - output
        self.pictures.set_pictures(compared(_TITLES, images, percentile_levels(raw)))

    def _lines(self, shown: Evaluated) -> list[str]:
        # First what was measured: below it a small window scrolls.
        lines = shown.evaluation.lines()
        if shown.mask != self._session.state.mask:
            lines.append("Judged for another mask than the present one; judge again.")
        lines.append(breakable(f"{shown.path.name}: {shown.evaluation.where}"))
        if shown.assumed:
            lines.append(breakable(shown.assumed))
        return lines

    def sizeHint(self) -> QSize:
        """Return room for the figures and both pictures."""
        return QSize(600, 190)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(320, 120)

    def stop(self) -> None:
        """Stop the thread, and drop the plots before the window goes."""
        self.denoised.close()
        for view in (self.output, self.residual):
            view.release()


def _column(*labels: QLabel) -> QWidget:
    """Return labels with room below them."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(4, 2, 8, 2)
    for label in labels:
        column.addWidget(label)
    column.addStretch(1)
    return body
