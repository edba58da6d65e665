"""Original, preview and residual of the frame on display, and the residual's autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.quality.image_compare import ImageCompare, Picture, Ways, compared
from structmask_gui.gui.session.preview import LARGEST, LivePreview, Previewed
from structmask_gui.gui.style.colours import Colours, smaller
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.views.image.frame_slider import FrameBar
from structmask_gui.gui.views.lags.lag_view import LagView
from structmask_gui.gui.views.overlay import Veil

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_WAYS: tuple[tuple[str, str, str], ...] = (
    ("preview", "Preview", "The preview alone, beside the image"),
    ("wipe", "Wipe", "Original left of a line, preview right of it; drag the line"),
    ("blink", "Blink", "Original and preview in turn"),
    ("residual", "Residual", "What is taken away, and its autocorrelation: stripes left over show"),
)
_ICON = 24
"""Width of the button that copies, without its words."""

_WHAT = "Estimate from a linear model"
_TIP = (
    "The best linear prediction of each pixel from what the mask leaves visible. A trained network"
    " does better; stripes that stay here stay there, too."
)


class PreviewView(QWidget):
    """Draws what `LivePreview` made; asks for it only while it is seen."""

    title = "Quick preview"
    copy_asked = Signal()  # the figure is to be copied
    zoomed = Signal(object)  # the visible rectangle of the frame, a QRectF; null if all of it is

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.live = LivePreview(session, self)
        self.panes = ImageCompare()
        # As the view of the image beside it has them: both are of one size then.
        self.panes.margins = 7, 2
        self.panes.pointed.connect(session.point)
        self.panes.zoomed.connect(self.zoomed)
        self.correlation = LagView("Its autocorrelation", quantity="r")
        self.correlation.set_signed(True)
        self.correlation.pointed.connect(session.point)
        self.correlation.hide()
        self.note = QLabel(_WHAT)
        self.note.setFont(smaller(self.note.font()))
        self.note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.note.setToolTip(_TIP)
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # As high as the slider below the image, which has the same scale then.
        self.note.setFixedHeight(FrameBar().sizeHint().height())
        self.ways = Ways(_WAYS)
        self.ways.chosen.connect(self._on_way)
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 2, 2, 2)
        bar.setSpacing(2)
        self.title_label = title = QLabel(self.title)
        bold = title.font()
        bold.setBold(True)
        title.setFont(bold)
        title.setContentsMargins(0, 0, 6, 0)
        bar.addWidget(title)
        bar.addWidget(self.ways)
        bar.addStretch(1)
        self.copy_button = QToolButton()
        self.copy_button.setText("Copy figure")
        self.copy_button.setIcon(icon("copy"))
        self.copy_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.copy_button.setToolTip(
            "Copy image, preview and residual in one contrast, with a scale bar where the pixel"
            " size is known (Ctrl+Shift+F)"
        )
        self.copy_button.setAutoRaise(True)
        self.copy_button.setMinimumWidth(_ICON)
        self.copy_button.clicked.connect(self.copy_asked)
        bar.addWidget(self.copy_button)
        self._bar = bar
        self._below = QHBoxLayout()
        self._below.setSpacing(4)
        self._below.addWidget(self.panes, 1)
        self._below.addWidget(self.correlation, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addLayout(self._below, 1)
        layout.addWidget(self.note)
        self.veil = Veil(self.panes)
        self._levels = (0.0, 1.0)
        self.live.changed.connect(self._update)
        session.stale_changed.connect(self._say_state)
        session.quality.changed.connect(self._say_state)
        session.busy_changed.connect(self._say_state)
        self._update()

    # --- what is shown ------------------------------------------------------------------------

    def _on_way(self, way: str) -> None:
        """Show the "preview" alone, with the image by "wipe" or "blink", or the "residual"."""
        self.panes.set_mode(self.ways.mode)
        self.correlation.setVisible(way == "residual")
        self.live.want_correlation(way == "residual")
        self._update()

    def show_rect(self, rect: QRectF) -> None:
        """Show a rectangle of the frame; a null one shows everything."""
        self.panes.show_rect(rect)

    def set_levels(self, low: float, high: float) -> None:
        """Draw these values black and white, as the image beside it does."""
        self._levels = low, high
        self._update()

    def pictures(self) -> tuple[Picture, ...]:
        """Return image, preview and residual in one contrast; none before there is a preview."""
        return () if self.live.shown is None else self._pictures_of(self.live.shown)

    def _update(self) -> None:
        shown = self.live.shown
        if shown is not None and not self._session.state.stale:
            pictures = self._pictures_of(shown)
            parts = {"preview": pictures[1:2], "residual": pictures[2:]}
            self.panes.set_pictures(
                parts.get(self.ways.way, pictures), (shown.place[0], shown.place[2])
            )
            self.correlation.set_plane(shown.correlation)
        elif shown is None:
            self.panes.set_pictures(())
            self.correlation.set_plane(None)
        self._say_state()

    def _pictures_of(self, shown: Previewed) -> tuple[Picture, Picture, Picture]:
        """Return original, preview and residual with the same contrast."""
        part = "" if shown.whole else f", middle {LARGEST} × {LARGEST}"
        titles = f"Original{part}", "Preview", "Residual"
        images = shown.original, shown.predicted, shown.residual
        return compared(titles, images, self._levels)

    def _say_state(self, *_: object) -> None:
        session, state = self._session, self._session.quality.state
        if self.live.shown is None or state in ("nothing", "failed"):
            texts = {"nothing": self._why_nothing(), "failed": session.quality.error}
            text = texts.get(state, "Nothing to show" if self.live.failed else "…")
            self.veil.set_placeholder(text)
            self.correlation.set_placeholder(text)
            return
        self.veil.set_placeholder("")
        self.correlation.set_placeholder("")
        # A mask that is being worked out takes the blink of an eye; a measurement does not.
        text = "…" if session.state.busy else "Settings changed"
        old = session.state.stale or session.quality.basis is None
        self.veil.set_stale(text if old else "")
        self.correlation.set_stale(old, text)

    def _why_nothing(self) -> str:
        state = self._session.state
        if state.frames is None and not state.busy:
            return "Open a stack to see it denoised by a linear model."
        return "…" if state.busy else "Nothing to show"

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
            self.copy_button.setIcon(icon("copy"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the veil over the pictures; without room the title goes, then the button's words."""
        super().resizeEvent(event)
        words = self.copy_button.fontMetrics().horizontalAdvance(self.copy_button.text())
        needed = self._buttons_width() + words + 16 - _ICON
        style = Qt.ToolButtonStyle
        self.copy_button.setToolButtonStyle(
            style.ToolButtonTextOnly if self.width() >= needed else style.ToolButtonIconOnly
        )
        needed += self.title_label.sizeHint().width() + self._bar.spacing()
        self.title_label.setVisible(self.width() >= needed)
        self.veil.follow()

    def _buttons_width(self) -> int:
        return self.ways.sizeHint().width() + 2 * self._bar.spacing() + 6 + _ICON

    def minimumSizeHint(self) -> QSize:
        """Return room for the buttons."""
        return QSize(self._buttons_width(), super().minimumSizeHint().height())

    def release(self) -> None:
        """Stop the thread and drop the plot, before the window closes."""
        self.live.close()
        self.correlation.release()
