"""Original, preview and residual of the frame on display, and the residual's autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.quality.image_compare import ImageCompare, Mode, Picture
from structmask_gui.gui.session.preview import LARGEST, LivePreview, Previewed
from structmask_gui.gui.style.colours import Colours, smaller
from structmask_gui.gui.views.image.display import percentile_levels
from structmask_gui.gui.views.lags.lag_view import LagView
from structmask_gui.gui.views.overlay import Veil

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_WAYS: tuple[tuple[str, str, str], ...] = (
    ("beside", "Beside", "Original, preview and residual beside each other"),
    ("wipe", "Wipe", "Original left of a line, preview right of it; drag the line"),
    ("blink", "Blink", "Original and preview in turn"),
    ("residual", "Residual", "What is taken away, and its autocorrelation: stripes left over show"),
)
_WHAT = "Estimate from a linear model"
_TIP = (
    "The best linear prediction of each pixel from what the mask leaves visible. A trained network"
    " does better; stripes that stay here stay there, too."
)


class PreviewView(QWidget):
    """Draws what `LivePreview` made; asks for it only while it is seen."""

    title = "Preview"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.live = LivePreview(session, self)
        self.panes = ImageCompare()
        self.panes.pointed.connect(session.point)
        self.correlation = LagView("Its autocorrelation", quantity="r")
        self.correlation.set_signed(True)
        self.correlation.pointed.connect(session.point)
        self.correlation.hide()
        # Beside the buttons, in two lines if need be; where there is no room, below them.
        self.note, self.note_below = QLabel(_WHAT), QLabel(_WHAT)
        for label in (self.note, self.note_below):
            label.setFont(smaller(label.font(), 0.8))
            label.setToolTip(_TIP)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note_below.setContentsMargins(6, 0, 0, 2)
        self.note_below.hide()
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 2, 4, 2)
        bar.setSpacing(2)
        for name, text, tip in _WAYS:
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setProperty("way", name)
            button.clicked.connect(self._on_way)
            group.addButton(button)
            bar.addWidget(button)
            self.buttons[name] = button
        bar.addSpacing(6)
        bar.addWidget(self.note, 1)
        self._below = QHBoxLayout()
        self._below.setSpacing(4)
        self._below.addWidget(self.panes, 1)
        self._below.addWidget(self.correlation, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.note_below)
        layout.addLayout(self._below, 1)
        self.veil = Veil(self.panes)
        self._contrast: tuple[NDArray[np.float32], tuple[float, float]] | None = None
        self.way = "beside"
        self.set_way("beside")
        self.live.changed.connect(self._update)
        session.stale_changed.connect(self._say_state)
        session.quality.changed.connect(self._say_state)
        self._update()

    # --- what is shown ------------------------------------------------------------------------

    def set_way(self, way: str) -> None:
        """Show it "beside", by "wipe", by "blink", or the "residual" alone."""
        self.way = way
        self.buttons[way].setChecked(True)
        mode: Mode = "wipe" if way == "wipe" else "blink" if way == "blink" else "beside"
        self.panes.set_mode(mode)
        self.correlation.setVisible(way == "residual")
        self.live.want_correlation(way == "residual")
        self._update()

    def _on_way(self) -> None:
        self.set_way(self.sender().property("way"))

    def _update(self) -> None:
        shown = self.live.shown
        if shown is not None and not self._session.state.stale:
            pictures = self._pictures_of(shown)
            self.panes.set_pictures(
                pictures[2:] if self.way == "residual" else pictures,
                (shown.place[0], shown.place[2]),
            )
            self.correlation.set_plane(shown.correlation)
        elif shown is None:
            self.panes.set_pictures(())
            self.correlation.set_plane(None)
        self._say_state()

    def _pictures_of(self, shown: Previewed) -> tuple[Picture, Picture, Picture]:
        """Return original, preview and residual with the same contrast, found once for a frame."""
        if self._contrast is None or self._contrast[0] is not shown.original:
            self._contrast = shown.original, percentile_levels(shown.original)
        low, high = self._contrast[1]
        half = (high - low) / 2
        part = "" if shown.whole else f", middle {LARGEST} × {LARGEST}"
        return (
            Picture("Original" + part, shown.original, (low, high)),
            Picture("Preview", shown.predicted, (low, high)),
            Picture("Residual", shown.residual, (-half, half)),
        )

    def _say_state(self, *_: object) -> None:
        session, state = self._session, self._session.quality.state
        if self.live.shown is None or state in ("nothing", "failed"):
            texts = {
                "nothing": "Open a stack to see it denoised by a linear model.",
                "failed": session.quality.error,
            }
            self.veil.set_placeholder(texts.get(state, "Measuring the noise…"))
            self.correlation.set_placeholder(texts.get(state, "Measuring the noise…"))
            return
        self.veil.set_placeholder("")
        self.correlation.set_placeholder("")
        # A mask that is being worked out takes the blink of an eye; a measurement does not.
        text = "Out of date: measuring…" if session.state.busy else "Out of date"
        old = session.state.stale or session.quality.basis is None
        self.veil.set_stale(text if old else "")
        self.correlation.set_stale(old, text)

    def showEvent(self, event: QShowEvent) -> None:
        """Have it made from now on."""
        super().showEvent(event)
        self.live.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Predict only while it is visible."""
        super().hideEvent(event)
        self.live.watch(False)

    # --- colours, size, end -------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "veil"):
            self.veil.restyle(Colours.of(self.palette()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the veil over the pictures, and the note where there is room for it."""
        super().resizeEvent(event)
        buttons = sum(button.sizeHint().width() + 2 for button in self.buttons.values())
        needed, room = self.note_below.sizeHint().width(), self.width() - buttons - 24
        self.note_below.setVisible(room < needed // 2)
        self.note.setVisible(room >= needed // 2)
        text = _WHAT if room >= needed else _WHAT.replace("from ", "from\n")
        if text != self.note.text():
            self.note.setText(text)
        self.veil.follow()

    def release(self) -> None:
        """Stop the thread and drop the plot, before the window closes."""
        self.live.close()
        self.correlation.release()
