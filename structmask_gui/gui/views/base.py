"""What all views share: frame, title, read-out, menu, veil, zoom, colours, saving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QImage, QPen, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from structmask_gui.gui.style.colormaps import COLORMAPS
from structmask_gui.gui.style.colours import Colours, smaller
from structmask_gui.gui.views import render
from structmask_gui.gui.views.canvas import AXIS_WIDTH, COMPACT, Arrows, Axis, Box, Canvas
from structmask_gui.gui.views.legend import Legend
from structmask_gui.gui.views.overlay import MenuButton, ReadOut, Veil, zoom_by_key

_MARGINS = (4, 6, 8, 2)
_LEAST_PICTURE, _MUCH_SMALLER = 90, 0.6
"""Pixels below which a picture has no legend that makes it so much smaller."""


class PictureView(QWidget):
    """A titled picture in a frame of axes; the base of all views."""

    pointed = Signal(str)  # what is under the pointer; empty when it left
    zoomed = Signal(object)  # the visible rectangle, a QRectF; null if all of it is
    colormap_chosen = Signal(str)  # for all views
    save_requested = Signal(object)  # the view itself

    HAS_COLORMAP = True

    COMPACT = COMPACT
    """Width and height of the axes of a compact view."""

    def __init__(
        self,
        title: str,
        x_label: str,
        y_label: str,
        *,
        whole: bool = True,
        left_width: int = AXIS_WIDTH,
        square: bool = True,
        down: bool = True,
    ) -> None:
        super().__init__()
        self.title = title  # what stands above the picture
        self.short_title = title  # what stands there where that is too long
        self.content = QRectF(-1, -1, 2, 2)
        self._square = square
        self._fitted = True
        self.compact = False  # numbers at the axes, but not what they count
        self.at_top = False  # pictures side by side begin at one height
        self._menu: QMenu | None = None
        self.colormap = "viridis"  # name of the colour map
        self.theme = Colours.of(self.palette())

        self.title_label = QLabel(title)
        self.title_label.setObjectName("viewTitle")
        self.read_out = ReadOut()
        self.menu_button = MenuButton()
        self.menu_button.clicked.connect(self._open_menu_below_button)
        self._header = QWidget()
        header = QHBoxLayout(self._header)
        header.setContentsMargins(6, 2, 2, 2)
        header.setSpacing(6)
        header.addWidget(self.title_label)
        header.addWidget(self.read_out, 1)
        header.addWidget(self.menu_button)
        self.header_layout = header

        self.canvas = Canvas()
        self.canvas.setAccessibleName(title)
        self.box = Box(square=square, down=down)
        self.bottom = Axis("bottom", whole=whole, label=x_label)
        self.left = Axis("left", whole=whole, label=y_label, size=left_width)
        self.arrows = Arrows(left_width)
        self._build_canvas()

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        self.legend = Legend()
        self.legend.hide()
        self._legend_room_of: tuple[object, ...] = ()
        self._legend_took = 0, 0
        self.legend.needs_room.connect(self._arrange)
        self._ground = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._ground.setSpacing(0)
        self._ground.addWidget(self.canvas, 1)
        self._ground.addWidget(self.legend)
        layout.addLayout(self._ground, 1)
        self.main_layout = layout
        self.veil = Veil(self.canvas)

        self.box.sigResized.connect(self._on_box_resized)
        self.box.sigRangeChangedManually.connect(self._on_moved)
        self.box.right_clicked.connect(self._open_menu)
        self.canvas.resized.connect(self._place)
        self.canvas.resized.connect(self.veil.follow)
        self.canvas.hovered.connect(self._on_hovered)
        self.canvas.left.connect(self._on_left)
        self.canvas.double_clicked.connect(self.reset_zoom)
        self.canvas.menu_requested.connect(self._open_menu)
        self.canvas.key_pressed.connect(self._on_key)

    def _build_canvas(self) -> None:
        grid = pg.GraphicsLayout()
        grid.setContentsMargins(*_MARGINS)
        grid.setSpacing(0)
        grid.addItem(self.left, 0, 0)
        grid.addItem(self.box, 0, 1)
        grid.addItem(self.bottom, 1, 1)
        grid.addItem(self.arrows, 1, 0)
        grid.layout.setColumnStretchFactor(1, 1)
        grid.layout.setRowStretchFactor(0, 1)
        self.grid = grid
        self.left.linkToView(self.box)
        self.bottom.linkToView(self.box)
        # The axes are drawn outside the frame; the box draws the frame above the picture.
        for axis in (self.left, self.bottom):
            axis.setZValue(1)
        self.canvas.setCentralItem(grid)

    def _beside(self) -> float:
        """Return the width of what stands at the right of the picture."""
        return 0.0

    def _arrange(self) -> None:
        """Put the legend below or beside the picture, wherever it leaves the picture larger."""
        self.legend.setVisible(bool(self.legend.texts))
        if not self.legend.texts:
            self._legend_room_of = ()  # another file begins with the room it needs
            return
        width = self._header.width()
        height = self.height() - self._header.height()
        column, lines = self._legend_room(width, height)
        around = _MARGINS[0] + _MARGINS[2] + self.left.width_taken + self._beside()
        above = _MARGINS[1] + _MARGINS[3] + self.bottom.height_taken
        aspect = self.content.width() / self.content.height()
        size_below = min(width - around, (height - lines - above) * aspect)
        size_beside = min(width - column - around, (height - above) * aspect)
        # In a small view the picture says more than its legend.
        size, alone = max(size_below, size_beside), min(width - around, (height - above) * aspect)
        small = size < _LEAST_PICTURE and size < _MUCH_SMALLER * alone
        self.legend.setVisible(not small)
        beside = self._square and size_beside > size_below
        if beside:
            self._ground.setDirection(QBoxLayout.Direction.LeftToRight)
            self.legend.stand_beside(column)
        else:
            self._ground.setDirection(QBoxLayout.Direction.TopToBottom)
            self.legend.stand_below(lines)

    def _legend_room(self, width: int, height: int) -> tuple[int, int]:
        """Return the width of the legend as a column, and its height as lines.

        In a view of the same size it keeps the room it once had, so that the picture does not jump
        each time an entry comes or goes under a slider.
        """
        of = (width, height, self.content.width(), self.content.height(), self.font().key())
        column, lines = self.legend.column_width(), self.legend.height_for(width)
        if of == self._legend_room_of:
            column, lines = max(column, self._legend_took[0]), max(lines, self._legend_took[1])
        self._legend_room_of, self._legend_took = of, (column, lines)
        return column, lines

    def _place(self) -> None:
        """Give the box the shape of what it shows, so that the axes lie along the picture."""
        if not self._square or self.content.isEmpty():
            return
        left, top, right, bottom = _MARGINS
        width = self.canvas.width() - left - right - self.left.width_taken - self._beside()
        height = self.canvas.height() - top - bottom - self.bottom.height_taken
        if width < 10 or height < 10:
            return
        aspect = self.content.width() / self.content.height()
        spare_x = (width - min(width, height * aspect)) / 2
        spare_y = (height - min(height, width / aspect)) / 2
        above = 0.0 if self.at_top else spare_y
        self.grid.setContentsMargins(
            left + spare_x, top + above, right + spare_x, bottom + 2 * spare_y - above
        )

    # --- what is shown ------------------------------------------------------------------------

    def hide_title(self) -> None:
        """Hide the title where a tab or a dock already says it."""
        self.title_label.hide()

    def set_at_top(self, at_top: bool) -> None:
        """Put spare room below the picture instead of above and below."""
        self.at_top = at_top
        self._place()

    def set_compact(self, compact: bool) -> None:
        """Leave the room to the picture: no words at the axes, which saved views still have."""
        if compact == self.compact:
            return
        self.compact = compact
        for axis in (self.left, self.bottom):
            axis.set_compact(compact, self.COMPACT)
        self.arrows.setVisible(not compact)
        self.arrows.setMaximumSize(self.left.width_taken, self.bottom.height_taken)
        self._arrange()
        self._place()

    @contextmanager
    def _in_full(self) -> Iterator[None]:
        compact = self.compact
        self.set_compact(False)
        self.grid.layout.activate()
        try:
            yield
        finally:
            self.set_compact(compact)
            self.grid.layout.activate()

    def set_extraction(self, extraction: Any | None) -> None:
        """Show what the view shows of an `Extraction`; None empties it."""
        raise NotImplementedError

    def set_stale(self, stale: bool, text: str = "Settings changed") -> None:
        """Veil the picture while it is older than what is asked for."""
        self.veil.set_stale(text if stale else "")

    def set_placeholder(self, text: str) -> None:
        """Cover the view with a sentence while there is nothing to show; empty takes it away."""
        self.veil.set_placeholder(text)

    def set_colormap(self, name: str) -> None:
        """Draw with another map of `COLORMAPS`."""
        if name != self.colormap:
            if name not in COLORMAPS:
                raise KeyError(name)
            self.colormap = name
            self._on_colormap()

    def _on_colormap(self) -> None:
        """Draw with the new colour map."""

    # --- zoom ---------------------------------------------------------------------------------

    def set_content(self, rect: QRectF) -> None:
        """Say what rectangle there is to see; a new one is shown whole."""
        if rect != self.content:
            self.content = rect
            self._arrange()
            self._place()
            # Not told to the views beside: nobody zoomed, and they show something else.
            self._fitted = True
            self._fit()

    def reset_zoom(self) -> None:
        """Show everything."""
        self._fitted = True
        self._fit()
        self.zoomed.emit(QRectF())

    def _fit(self) -> None:
        self.box.setRange(self.content, padding=0)

    def visible_rect(self) -> QRectF:
        """Return the rectangle that is visible, in pixels."""
        (x0, x1), (y0, y1) = self.box.viewRange()
        return QRectF(x0, y0, x1 - x0, y1 - y0)

    def show_rect(self, rect: QRectF) -> None:
        """Show a rectangle, without telling others; a null one shows everything."""
        if rect.isNull() and self._fitted:
            return  # it does already; `set_content` sees to it
        self._fitted = rect.isNull()
        self.box.setRange(self.content if rect.isNull() else rect, padding=0)

    def zoom(self, factor: float) -> None:
        """Enlarge (factor above 1) or shrink the picture about the middle of the view."""
        self.box.scaleBy((1 / factor, 1 / factor))
        self._on_moved()

    def _on_box_resized(self, *_: Any) -> None:
        if self._fitted:
            self._fit()

    def _on_moved(self, *_: Any) -> None:
        self._fitted = False
        self.zoomed.emit(self.visible_rect())

    # --- pointer and keys ---------------------------------------------------------------------

    def _on_hovered(self, where: QPointF) -> None:
        inside = self.box.sceneBoundingRect().contains(where)
        point = self.box.mapSceneToView(where) if inside else None
        if point is None:
            self._on_left()
            return
        text = self.describe(point.x(), point.y())
        self.read_out.show_text(text)
        self.pointed.emit(text)

    def _on_left(self) -> None:
        self.read_out.show_text("")
        self.pointed.emit("")

    def describe(self, _x: float, _y: float) -> str:
        """Return what is at a place (x, y) of the picture, in words; empty outside."""
        return ""

    def _on_key(self, event: Any) -> None:
        if zoom_by_key(self, event.key()):
            event.accept()

    # --- menu ---------------------------------------------------------------------------------

    def menu(self) -> QMenu:
        """Return the view's menu, made at its first use and kept up to date."""
        if self._menu is None:
            self._menu = QMenu(self)
            self.fill_menu(self._menu)
        self.update_menu()
        return self._menu

    def fill_menu(self, menu: QMenu) -> None:
        """Put the actions into the menu; views add their own above."""
        if self.HAS_COLORMAP:
            colors = menu.addMenu("Colour map")
            self._colormap_group = QActionGroup(self)
            for name, label in COLORMAPS.items():
                action = colors.addAction(label)
                action.setCheckable(True)
                action.setData(name)
                self._colormap_group.addAction(action)
            self._colormap_group.triggered.connect(self._on_colormap_action)
        self._reset_action = menu.addAction("Show everything")
        self._reset_action.triggered.connect(self.reset_zoom)
        menu.addSeparator()
        self._copy_action = menu.addAction("Copy picture")
        self._copy_action.triggered.connect(self.copy_picture)
        self._save_action = menu.addAction("Save this view…")
        self._save_action.triggered.connect(self._on_save_action)

    def update_menu(self) -> None:
        """Check what is chosen, before the menu opens."""
        if self.HAS_COLORMAP:
            for action in self._colormap_group.actions():
                action.setChecked(action.data() == self.colormap)

    def _on_colormap_action(self, action: QAction) -> None:
        self.set_colormap(action.data())
        self.colormap_chosen.emit(action.data())

    def _on_save_action(self) -> None:
        self.save_requested.emit(self)

    def _open_menu(self, where: QPoint) -> None:
        self.menu().popup(where)

    def _open_menu_below_button(self) -> None:
        self.menu().popup(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    # --- saving -------------------------------------------------------------------------------

    def copy_picture(self) -> None:
        """Put the view on the clipboard."""
        QGuiApplication.clipboard().setImage(self.render_image())

    def render_image(self) -> QImage:
        """Return the view as an image."""
        with self._in_full():
            return render.render_image(self)

    def render_svg(self) -> bytes:
        """Return the view as an SVG drawing."""
        with self._in_full():
            return render.render_svg(self)

    # --- colours, size, end -------------------------------------------------------------------

    def restyle(self) -> None:
        """Take the colours from the palette, and the fonts from the application."""
        self.theme = theme = Colours.of(self.palette())
        small = smaller(self.font())
        bold = self.font()
        bold.setBold(True)
        self.title_label.setFont(bold)
        self.read_out.restyle(theme, small)
        self.menu_button.update()
        self.canvas.setBackground(theme.background)
        self.box.setBorder(QPen(theme.line, 1))
        for axis in (self.left, self.bottom):
            axis.restyle(theme, small)
        self.arrows.restyle(theme, small)
        self.arrows.setMaximumSize(self.left.width_taken, self.bottom.height_taken)
        self.veil.restyle(theme)
        self.legend.restyle(theme)
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the palette or font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.restyle()

    def showEvent(self, event: Any) -> None:
        """Fit the picture to the size that the layout gave."""
        super().showEvent(event)
        if self._fitted:
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the legend."""
        super().resizeEvent(event)
        self._fit_title()
        self._arrange()

    def _fit_title(self) -> None:
        """Say the title in full where it fits, or the short one, with dots where that is cut."""
        layout = self.header_layout
        items = [layout.itemAt(place) for place in range(1, layout.count())]
        others = [None if item is None else item.widget() for item in items]
        taken = sum(widget.sizeHint().width() for widget in others if widget is not None)
        room = self.width() - taken - layout.spacing() * len(others) - 8
        metrics = self.title_label.fontMetrics()
        fits = metrics.horizontalAdvance(self.title) <= room
        short = metrics.elidedText(self.short_title, Qt.TextElideMode.ElideRight, max(room, 0))
        self.title_label.setText(self.title if fits else short)
        self.title_label.setToolTip("" if fits else self.title)

    def sizeHint(self) -> QSize:
        """Return the size the view would like."""
        return QSize(360, 320)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which axes and picture get in each other's way."""
        return QSize(160, 150)

    def release(self) -> None:
        """Take the items out of the scene, before the window closes; the view is then empty."""
        for axis in (self.left, self.bottom):
            axis.unlinkFromView()
        self.canvas.blockSignals(True)
        self.box.clear()
