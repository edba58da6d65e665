"""The views in the middle, their arrangement, and their wires to the session.

Views know nothing of the session: here its signals are handed to them and theirs to it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QIODevice, QRectF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.desktop.places import beside
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colormaps import COLORMAPS
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.image.image import ImageView
from structmask_gui.gui.views.lags.lag_view import ZeroLagView, lag_rect
from structmask_gui.gui.widgets import dialogs

if TYPE_CHECKING:
    from structmask_gui.core.extraction.extraction import Extraction
    from structmask_gui.gui.views.curves.brightness import BrightnessView
    from structmask_gui.gui.views.curves.profiles import ProfilesView
    from structmask_gui.gui.views.lags.ring_overlay import RingOverlayView
    from structmask_gui.gui.views.lags.significance import SignificanceView
    from structmask_gui.gui.window.welcome import Welcome

log = logging.getLogger(__name__)

_NEAR = 16
"""Lags that are shown at first where many more were measured, or twice those that a mask takes."""

# Without words, for the card says it; but not empty, which would show axes of nothing.
_NOTHING = " "
_SAVE = "Picture (*.png);;Drawing (*.svg)"

_LEAST_HEIGHT = 88

_View = TypeVar("_View", bound=PictureView)

_FIRST_SIZES = {
    "calm": [[628, 372], [500, 500], [360, 400, 270]],
    "tune": [[425, 575], [500, 500], [400, 400, 400]],
    # While the mask is edited it has the room.
    "calm, editing": [[350, 650], [500, 500], [580, 240, 180]],
    "tune, editing": [[650, 350], [500, 500], [220, 220, 560]],
}
"""How the rows, the images and the views over lags share the room at first."""


class ViewArea(QWidget):
    """The image and its preview side by side, and a row of views over lags.

    The calm screen has mask, autocorrelation and the facts of the file below the images; the
    screen to tune has autocorrelation, rings or significance, and mask above them. Only the image
    view is made at once, `complete` makes what the calm screen needs, the others are made when
    they are first wanted.
    """

    open_asked = Signal()
    sample_asked = Signal()
    file_asked = Signal(str)
    written = Signal(list)  # names of files

    def __init__(self, session: Session, recent: Sequence[str] = ()) -> None:
        super().__init__()
        self._recent = recent
        self._session = session
        self._measurement: object = None
        self._near_of: object = None  # what the views of lags were last brought near for
        self._complete = False
        self._zero_lag = False
        self.tune = False
        self._sizes: dict[str, list[list[int]]] = {}
        self.views: list[PictureView] = []
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.pictures = QSplitter(Qt.Orientation.Horizontal)
        self.lags = QSplitter(Qt.Orientation.Horizontal)
        for splitter in self._splitters():
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(5)
            splitter.splitterMoved.connect(self._note_sizes)
        self.rows.addWidget(self.pictures)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.rows)
        self.image = ImageView()
        self._wire(self.image)
        self.image.set_compact(True)
        self.pictures.addWidget(self.image)
        self.welcome: Welcome | None = None
        self.image.frame_requested.connect(session.set_frame)
        self.image.region_drawn.connect(session.edits.set_region)
        self.image.region_refused.connect(session.report_error)
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

    def _splitters(self) -> tuple[QSplitter, QSplitter, QSplitter]:
        return self.rows, self.pictures, self.lags

    def complete(self) -> None:
        """Make the views that the first paint does not need."""
        from structmask_gui.gui.panels.facts import FactsPanel
        from structmask_gui.gui.quality.preview_view import PreviewView
        from structmask_gui.gui.views.lags.autocorrelation import AutocorrelationView
        from structmask_gui.gui.views.lags.lag_view import ZoomLink
        from structmask_gui.gui.views.lags.mask import MaskView
        from structmask_gui.gui.window.mask_editor import MaskEditor

        session = self._session
        self.autocorrelation = AutocorrelationView()
        self.mask_view = MaskView()
        self.editor = MaskEditor(session, self.mask_view)
        self.editor.switched.connect(self._on_editing)
        session.busy_changed.connect(self._show_welcome)
        self.facts = FactsPanel(session)
        self.facts.preset_chosen.connect(self._on_preset_chosen)
        self.preview = PreviewView(session)
        self.pictures.addWidget(self.preview)
        for view in (self.mask_view, self.autocorrelation):
            self._wire(view)
            self._link_lags(view)
            self.lags.addWidget(view)
        for widget in (*self.views, self.preview, self.facts):
            widget.setMinimumHeight(_LEAST_HEIGHT)
        self.lags.addWidget(self.facts)
        self.rows.addWidget(self.lags)
        self.zoom_link = ZoomLink((self.mask_view,), self)
        self.image.zoomed.connect(self.preview.show_rect)
        self.image.levels_changed.connect(self.preview.set_levels)
        self.preview.set_levels(*self.image.levels)
        self.preview.zoomed.connect(self.image.show_rect)
        self._complete = True
        self._on_colormap(session.state.colormap)
        self._on_extraction(session.state.extraction)
        self._on_mask()
        self.set_tune(self.tune)
        self._on_stack()

    @cached_property
    def rings(self) -> RingOverlayView:
        """The rings on the centre square; made when it is first wanted."""
        from structmask_gui.gui.views.lags.ring_overlay import RingOverlayView

        view = RingOverlayView()
        view.ring_hovered.connect(self._session.hover_ring)
        self._session.ring_hovered.connect(view.highlight_ring)
        return self._added(view)

    @cached_property
    def significance(self) -> SignificanceView:
        """Why each pixel is in the mask or not; made when it is first wanted."""
        from structmask_gui.gui.views.lags.significance import SignificanceView

        view = SignificanceView()
        self._link_lags(view)
        return self._added(view)

    @cached_property
    def decisions(self) -> QStackedWidget:
        """Rings or significance, as the method has it."""
        stack = QStackedWidget()
        stack.setMinimumHeight(_LEAST_HEIGHT)
        for view in (self.rings, self.significance):
            view.set_compact(True)
            view.set_at_top(True)
            stack.addWidget(view)
            self.zoom_link.add(view)
        return stack

    @cached_property
    def profiles(self) -> ProfilesView:
        """Profiles of the autocorrelation."""
        from structmask_gui.gui.views.curves.profiles import ProfilesView

        view = ProfilesView()
        self._session.ring_hovered.connect(view.highlight_ring)
        return self._added(view)

    @cached_property
    def brightness(self) -> BrightnessView:
        """Noise against brightness."""
        from structmask_gui.gui.views.curves.brightness import BrightnessView

        return self._added(BrightnessView())

    @cached_property
    def tabs(self) -> QTabWidget:
        """Profiles and, where a result has it, noise against brightness: the panel of curves."""
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        for view in (self.profiles, self.brightness):
            view.hide_title()
            tabs.setTabToolTip(tabs.addTab(view, view.title), view.title)
        self._show_brightness(tabs)
        return tabs

    def places(self) -> list[QWidget]:
        """Return what is visible, in the order in which the keyboard goes through it."""
        pictures = [self.image, *([self.preview] if self._complete else [])]
        shown = _widgets(self.lags)
        order = [*shown, *pictures] if self.tune else [*pictures, *shown]
        return [widget for widget in order if widget.isVisible()]

    def _made(self, *names: str) -> list[Any]:
        """Return those of the late views that were made already."""
        return [vars(self)[name] for name in names if name in vars(self)]

    def _added(self, view: _View) -> _View:
        """Take in a view that was made late."""
        self._wire(view)
        if isinstance(view, ZeroLagView):
            self._link_zero_lag(view)
        view.set_colormap(self._session.state.colormap)
        self._show_in(view, self._session.state.extraction)
        self._on_stale()
        return view

    def _link_lags(self, view: Any) -> None:
        view.lag_hovered.connect(self._session.hover_lag)
        self._session.lag_hovered.connect(view.mark_lag)
        if isinstance(view, ZeroLagView):
            self._link_zero_lag(view)

    def _link_zero_lag(self, view: ZeroLagView) -> None:
        """Let views of the same values have the zero lag in their range together, or not."""
        view.zero_lag_chosen.connect(self._on_zero_lag)
        view.set_zero_lag_in_range(self._zero_lag)

    def _on_zero_lag(self, inside: bool) -> None:
        self._zero_lag = inside
        for view in self.views:
            if isinstance(view, ZeroLagView):
                view.set_zero_lag_in_range(inside)

    def _wire(self, view: PictureView) -> None:
        view.pointed.connect(self._session.point)
        view.colormap_chosen.connect(self._session.set_colormap)
        view.save_requested.connect(self.save_view)
        self.views.append(view)

    def _on_preset_chosen(self, name: str) -> None:
        from structmask_gui.io.presets.preset import built_in_preset

        self._session.edits.apply_preset(built_in_preset(name))

    # --- calm, or to tune ---------------------------------------------------------------------

    def set_tune(self, tune: bool) -> None:
        """Lay out the views to tune the parameters, or calmly."""
        if not self._complete:
            self.tune = tune
            return
        self.tune = tune
        if tune:
            order: list[QWidget] = [self.autocorrelation, self.decisions, self.mask_view]
        else:
            order = [self.mask_view, self.autocorrelation, self.facts]
        for widget in (*self._made("decisions"), self.facts):
            widget.setVisible(widget in order)
        for place, widget in enumerate(order):
            self.lags.insertWidget(place, widget)
        self.rows.insertWidget(0 if tune else 1, self.lags)
        self.mask_view.set_tight(not tune)
        self.autocorrelation.frame_item.setVisible(tune)
        for view in (self.autocorrelation, self.mask_view):
            view.set_compact(True)
            view.set_at_top(tune)
        if tune:
            self._show_decisions()
        self._show_near()
        self._share()

    def _share(self) -> None:
        """Share the room as it was last shared in this layout, or as it is at first."""
        if not self._complete or self.rows.isHidden():
            return
        layout = self.layout()
        if layout is not None:
            layout.activate()
        sizes = self._sizes.get(self._layout)
        for splitter, wanted in zip(
            self._splitters(), sizes or _FIRST_SIZES[self._layout], strict=True
        ):
            shown = [widget.isVisibleTo(splitter) for widget in _widgets(splitter)]
            given = iter(wanted)
            splitter.setSizes([next(given, 0) if one else 0 for one in shown])

    @property
    def _layout(self) -> str:
        return f"{'tune' if self.tune else 'calm'}{', editing' if self.editor.on else ''}"

    def _note_sizes(self, *_: int) -> None:
        """Keep what was dragged; nothing else changes how the room is shared."""
        self._sizes[self._layout] = [
            [size for size in splitter.sizes() if size] for splitter in self._splitters()
        ]

    # --- following the session ----------------------------------------------------------------

    def _on_stack(self) -> None:
        frames = self._session.state.frames
        if frames is None:
            self.image.set_stack(0, (1, 1))
        else:
            place_of = self._session.state.place_of
            self.image.set_stack(frames.n_frames, frames.frame_shape, place_of)
        self.image.set_placeholder("" if frames is not None else _NOTHING)
        # Before a file is open there is the card, and nothing behind it.
        self.rows.setVisible(frames is not None)
        self._share()
        self._show_welcome()

    def _show_welcome(self, *_: object) -> None:
        """Show the card while nothing is open; it is made when it is first needed."""
        state = self._session.state
        # While a file is being opened the card would ask for one.
        nothing = state.frames is None and not state.busy
        if nothing and self.welcome is None and self._complete:
            from structmask_gui.gui.window.welcome import Welcome

            self.welcome = Welcome(self, self._recent)
            self.welcome.file_asked.connect(self.file_asked)
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
        for view in self.views:
            self._show_in(view, extraction)
        self._show_decisions()
        self._show_near()
        for tabs in self._made("tabs"):
            self._show_brightness(tabs)

    def _show_near(self) -> None:
        """Show the lags about the mask where far more were measured; the rest is a zoom away."""
        extraction = self._session.state.extraction
        if extraction is None or not self._complete:
            return
        shape = extraction.measurement.autocorrelation.mean.shape
        if (shape, self.tune) == self._near_of:
            return  # keep the range that the user has zoomed to
        self._near_of = shape, self.tune
        reach = max(_NEAR, *(2 * (side // 2) for side in extraction.mask.shape))
        far = 2 * min(shape) > 3 * (2 * reach + 1)
        near = lag_rect((2 * reach + 1, 2 * reach + 1)) if far else QRectF()
        views = [self.autocorrelation, *self._made("significance")]
        for view in [*views, self.mask_view] if self.tune else views:
            view.show_rect(near)

    def _show_in(self, view: PictureView, extraction: Extraction | None) -> None:
        view.set_extraction(extraction)
        if view is not self.image:
            self._say_why_empty(view)

    def _say_why_empty(self, view: PictureView) -> None:
        state = self._session.state
        waiting = _NOTHING if state.frames is None else "Nothing to show"
        # That it is being measured stands above all views, once.
        empty = "…" if state.busy else waiting
        view.set_placeholder("" if state.extraction is not None else empty)

    def _show_decisions(self) -> None:
        state = self._session.state
        extraction = state.extraction
        rings = state.uses_rings if extraction is None else extraction.selection is None
        for decisions in self._made("decisions"):
            decisions.setCurrentWidget(self.rings if rings else self.significance)

    def _show_brightness(self, tabs: QTabWidget) -> None:
        # Only when it changes: Qt lays out all tabs anew each time it is told.
        tab, wanted = tabs.indexOf(self.brightness), self.brightness.curve is not None
        if tabs.isTabVisible(tab) != wanted:
            tabs.setTabVisible(tab, wanted)
        # A single tab would only repeat the title of the panel.
        tabs.tabBar().setVisible(wanted)

    def _on_mask(self) -> None:
        """Show an edited mask in place of the extracted one."""
        result = self._session.state.result
        self.image.set_extraction(result)
        if self._complete:
            self.autocorrelation.set_mask(None if result is None else result.mask.array)
            if not self.editor.on:
                self.mask_view.set_extraction(result)

    def _on_editing(self, on: bool) -> None:
        self._share()
        if not on:
            self._near_of = None  # its view showed only the mask
            self._show_near()

    def _on_stale(self, *_: object) -> None:
        session = self._session
        stale = session.state.stale and session.state.extraction is not None
        text = "…" if session.state.busy else "Settings changed"
        for view in self.views:
            # The image itself is never out of date; what is drawn on it may be for a moment.
            if view is not self.image:
                view.set_stale(stale, text)
                self._say_why_empty(view)

    def _on_colormap(self, name: str) -> None:
        if name in COLORMAPS:
            for view in self.views:
                view.set_colormap(name)

    # --- saving a view ------------------------------------------------------------------------

    def save_view(self, view: PictureView) -> None:
        """Ask for a file and write one view as it looks."""
        state = self._session.state
        folder = beside(state.paths)
        name = f"{view.title.lower().replace(' ', '_')}{state.channel_mark}.png"

        def answer(path: str, _filter: str) -> None:
            self.write_view(view, Path(path))

        dialogs.ask_new_file(self, "Save this view", folder / name, _SAVE, answer)

    def write_view(self, view: PictureView, path: Path) -> None:
        """Write one view as PNG or SVG, by the ending of the name."""
        from PySide6.QtCore import QBuffer

        from structmask_gui.io.files.atomic import check_no_input, write_atomic

        if path.suffix.lower() == ".svg":
            contents = view.render_svg()
        else:
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            view.render_image().save(buffer, "PNG")  # type: ignore[call-overload]  # as documented
            contents = bytes(buffer.data().data())
        try:
            check_no_input(path, self._session.inputs)
            write_atomic(path, contents, force=True)
        except StructMaskError as error:
            self._session.report_error(str(error))
        else:
            log.info("Written: %s", path)
            self.written.emit([str(path)])

    # --- arrangement --------------------------------------------------------------------------

    def reset_layout(self) -> None:
        """Share the room as at first."""
        self._sizes.clear()
        self._share()
        for tabs in self._made("tabs"):
            tabs.setCurrentIndex(0)

    def save_layout(self) -> str:
        """Return how the room is shared in both layouts."""
        return json.dumps(self._sizes)

    def restore_layout(self, text: str) -> None:
        """Share the room as `save_layout` said; nonsense, and what older versions wrote, is not."""
        try:
            found = json.loads(text)
        except ValueError:
            return
        for name, first in _FIRST_SIZES.items():
            sizes = found.get(name) if isinstance(found, dict) else None
            if sizes is not None and _like(sizes, first):
                self._sizes[name] = sizes
        self._share()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the card in the middle."""
        super().resizeEvent(event)
        self._share()
        if self.welcome is not None:
            self.welcome.place()

    def stop(self) -> None:
        """Drop the plots' items before the window goes; teardown of pyqtgraph may crash else."""
        for view in self.views:
            view.release()
        if self._complete:
            self.preview.release()


def _widgets(splitter: QSplitter) -> list[QWidget]:
    found = [splitter.widget(number) for number in range(splitter.count())]
    return [widget for widget in found if widget is not None]


def _like(sizes: Any, first: list[list[int]]) -> bool:
    """Tell whether remembered sizes are as many numbers as those of the first layout."""
    return (
        isinstance(sizes, list)
        and all(isinstance(row, list) for row in sizes)
        and [len(row) for row in sizes] == [len(row) for row in first]
        and all(isinstance(size, int) and 0 < size < 100_000 for row in sizes for size in row)
    )
