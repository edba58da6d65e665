"""The views in the middle, their arrangement, and their wires to the session.

Views know nothing of the session: here its signals are handed to them and theirs to it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QDataStream, QIODevice, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colormaps import COLORMAPS
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.image.image import ImageView
from structmask_gui.gui.widgets import dialogs

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.gui.window.welcome import Welcome

log = logging.getLogger(__name__)

# Without words, for the card says it; but not empty, which would show axes of nothing.
_NOTHING = " "
_SAVE = "Picture (*.png);;Drawing (*.svg)"


class ViewArea(QWidget):
    """Two rows of views with splitters between them.

    Only the image view is made at once; `complete` makes the others.
    """

    open_asked = Signal()
    sample_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._measurement: object = None
        self.views: list[PictureView] = []
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.top = QSplitter(Qt.Orientation.Horizontal)
        self.bottom = QSplitter(Qt.Orientation.Horizontal)
        for splitter in (self.rows, self.top, self.bottom):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(5)
        self.rows.addWidget(self.top)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.rows)
        self.image = ImageView()
        self._add(self.image, self.top)
        self.welcome: Welcome | None = None
        self.image.frame_requested.connect(session.set_frame)
        self.image.region_drawn.connect(session.edits.set_region)
        self.image.region_cleared.connect(self._on_region_cleared)
        session.stack_changed.connect(self._on_stack)
        session.image_changed.connect(self._on_image)
        session.frame_changed.connect(self._on_patches)
        session.region_changed.connect(self._on_region)
        session.extraction_changed.connect(self._on_extraction)
        session.mask_changed.connect(self._on_mask)
        session.stale_changed.connect(self._on_stale)
        session.busy_changed.connect(self._on_stale)
        session.colormap_changed.connect(self._on_colormap)
        self._on_colormap(session.state.colormap)
        self._on_stack()

    def complete(self) -> None:
        """Make the views that the first paint does not need."""
        from structmask_gui.gui.quality.preview_view import PreviewView
        from structmask_gui.gui.views.curves.brightness import BrightnessView
        from structmask_gui.gui.views.curves.profiles import ProfilesView
        from structmask_gui.gui.views.lags.autocorrelation import AutocorrelationView
        from structmask_gui.gui.views.lags.lag_view import ZoomLink
        from structmask_gui.gui.views.lags.mask import MaskView
        from structmask_gui.gui.views.lags.ring_overlay import RingOverlayView
        from structmask_gui.gui.views.lags.significance import SignificanceView
        from structmask_gui.gui.window.mask_editor import MaskEditor

        session = self._session
        self.autocorrelation = AutocorrelationView()
        self.profiles = ProfilesView()
        self.brightness = BrightnessView()
        self.rings = RingOverlayView()
        self.significance = SignificanceView()
        self.mask_view = MaskView()
        self.editor = MaskEditor(session, self.mask_view)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for view in (self.autocorrelation, self.profiles, self.brightness):
            view.set_title_visible(False)
            self._wire(view)
            # Four tabs have to find room in a third of a small screen.
            tab = self.tabs.addTab(view, view.title.replace("Averaged a", "A"))
            self.tabs.setTabToolTip(tab, view.title)
        self.preview = PreviewView(session)
        self.tabs.addTab(self.preview, self.preview.title)
        self.top.addWidget(self.tabs)
        self.decisions = QStackedWidget()
        for decided in (self.rings, self.significance):
            self._wire(decided)
            self.decisions.addWidget(decided)
        self.bottom.addWidget(self.decisions)
        self._add(self.mask_view, self.bottom)
        self.rows.addWidget(self.bottom)
        self.rings.ring_hovered.connect(session.hover_ring)
        session.ring_hovered.connect(self.rings.highlight_ring)
        session.ring_hovered.connect(self.profiles.highlight_ring)
        for marked in (self.autocorrelation, self.significance, self.mask_view):
            marked.lag_hovered.connect(session.hover_lag)
            session.lag_hovered.connect(marked.mark_lag)
        with_zero_lag = (self.autocorrelation, self.rings, self.profiles)
        for one in with_zero_lag:
            for other in with_zero_lag:
                if other is not one:
                    one.zero_lag_chosen.connect(other.set_zero_lag_in_range)
        self.zoom_link = ZoomLink((self.rings, self.significance, self.mask_view), self)
        self._on_colormap(session.state.colormap)
        self._on_extraction(session.state.extraction)
        self._on_mask()
        self.reset_layout()
        self._show_welcome()

    def _add(self, view: PictureView, splitter: QSplitter) -> None:
        self._wire(view)
        splitter.addWidget(view)

    def _wire(self, view: PictureView) -> None:
        view.pointed.connect(self._session.point)
        view.colormap_chosen.connect(self._session.set_colormap)
        view.save_requested.connect(self.save_view)
        self.views.append(view)

    # --- following the session ----------------------------------------------------------------

    def _on_stack(self) -> None:
        frames = self._session.state.frames
        if frames is None:
            self.image.set_stack(0, (1, 1))
        else:
            self.image.set_stack(frames.n_frames, frames.frame_shape)
        self.image.set_placeholder("" if frames is not None else _NOTHING)
        self._show_welcome()

    def _show_welcome(self) -> None:
        """Show the card while nothing is open; it is made when it is first needed."""
        nothing = self._session.state.frames is None
        if nothing and self.welcome is None and hasattr(self, "tabs"):
            from structmask_gui.gui.window.welcome import Welcome

            self.welcome = Welcome(self)
            self.welcome.open_asked.connect(self.open_asked)
            self.welcome.sample_asked.connect(self.sample_asked)
        if self.welcome is not None:
            self.welcome.setVisible(nothing)
            self.welcome.place()

    def _on_image(self) -> None:
        self.image.set_frame(self._session.state.image, self._session.state.frame)

    def _on_patches(self, *_: object) -> None:
        self.image.set_patches(*self._session.state.patches_on_frame())

    def _on_region(self) -> None:
        self.image.set_region(self._session.state.region)

    def _on_region_cleared(self) -> None:
        self._session.edits.set_region(None)

    def _on_extraction(self, extraction: Extraction | None) -> None:
        session = self._session
        if session.state.measurement is not self._measurement:
            self._measurement = session.state.measurement
            self._on_patches()
        nothing = "No result yet" if session.state.frames is not None else _NOTHING
        for view in self.views:
            view.set_extraction(extraction)
            if view is not self.image:
                view.set_placeholder("" if extraction is not None else nothing)
        if hasattr(self, "tabs"):
            rings = session.state.uses_rings if extraction is None else extraction.selection is None
            self.decisions.setCurrentWidget(self.rings if rings else self.significance)
            # Only when it changes: Qt lays out all tabs anew each time it is told.
            tab, wanted = self.tabs.indexOf(self.brightness), self.brightness.curve is not None
            if self.tabs.isTabVisible(tab) != wanted:
                self.tabs.setTabVisible(tab, wanted)

    def _on_mask(self) -> None:
        """Show an edited mask in place of the extracted one."""
        result = self._session.state.result
        self.image.set_extraction(result)
        if hasattr(self, "tabs") and not self.editor.on:
            self.mask_view.set_extraction(result)

    def _on_stale(self, *_: object) -> None:
        session = self._session
        stale = session.state.stale and session.state.extraction is not None
        text = "Out of date: measuring…" if session.state.busy else "Out of date"
        for view in self.views:
            # The image itself is never out of date; what is drawn on it may be for a moment.
            if view is not self.image:
                view.set_stale(stale, text)

    def _on_colormap(self, name: str) -> None:
        if name in COLORMAPS:
            for view in self.views:
                view.set_colormap(name)

    # --- saving a view ------------------------------------------------------------------------

    def save_view(self, view: PictureView) -> None:
        """Ask for a file and write one view as it looks."""
        folder = beside(self._session.state.paths)
        name = view.title.lower().replace(" ", "_") + ".png"

        def answer(path: str, _filter: str) -> None:
            self.write_view(view, Path(path))

        dialogs.ask_new_file(self, "Save this view", folder / name, _SAVE, answer)

    def write_view(self, view: PictureView, path: Path) -> None:
        """Write one view as PNG or SVG, by the ending of the name."""
        from PySide6.QtCore import QBuffer

        from structmask_gui.io.files.atomic import write_atomic

        if path.suffix.lower() == ".svg":
            contents = view.render_svg()
        else:
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            view.render_image().save(buffer, "PNG")  # type: ignore[call-overload]  # as documented
            contents = bytes(buffer.data().data())
        try:
            write_atomic(path, contents, force=True)
        except StructMaskError as error:
            self._session.report_error(str(error))
        else:
            log.info("Written: %s", path)

    # --- arrangement --------------------------------------------------------------------------

    def reset_layout(self) -> None:
        """Give all views the same room, and show the first tab."""
        for splitter in (self.rows, self.top, self.bottom):
            splitter.setSizes([1000] * splitter.count())
        self.tabs.setCurrentIndex(0)

    def save_layout(self) -> QByteArray:
        """Return how the room is shared, and which tab is in front."""
        data = QByteArray()
        stream = QDataStream(data, QIODevice.OpenModeFlag.WriteOnly)
        for splitter in (self.rows, self.top, self.bottom):
            stream << splitter.saveState()
        stream.writeInt32(self.tabs.currentIndex())
        return data

    def restore_layout(self, data: QByteArray) -> None:
        """Share the room as `save_layout` said; nonsense is ignored."""
        stream = QDataStream(data)
        for splitter in (self.rows, self.top, self.bottom):
            state = QByteArray()
            stream >> state
            splitter.restoreState(state)
        if not stream.atEnd():
            tab = stream.readInt32()
            # The one of the brightness comes only with a result that has it.
            if 0 <= tab < self.tabs.count() and self.tabs.isTabVisible(tab):
                self.tabs.setCurrentIndex(tab)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the card in the middle."""
        super().resizeEvent(event)
        if self.welcome is not None:
            self.welcome.place()

    def stop(self) -> None:
        """Drop the plots' items before the window goes; teardown of pyqtgraph may crash else."""
        for view in self.views:
            view.release()
        if hasattr(self, "tabs"):
            self.preview.release()
