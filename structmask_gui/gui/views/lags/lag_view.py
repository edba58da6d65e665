"""A picture over lags, centred on zero: what the views of correlations share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QMenu

from structmask_gui.gui.style.colormaps import DIVERGING, DIVERGING_DARK, lookup_table
from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.canvas import BAR_WIDTH, Axis, ColorBar
from structmask_gui.gui.views.legend import Entry
from structmask_gui.gui.views.plane_item import PlaneItem


class ZeroLagView(PictureView):
    """A view that leaves the zero lag out of its range unless asked for, in its menu."""

    zero_lag_chosen = Signal(bool)  # whether it is in the range

    ZERO_LAG_TEXT = "Zero lag in the range"
    """What the menu says."""

    _zero_lag = False

    def set_zero_lag_in_range(self, inside: bool) -> None:
        """Let the zero lag count for the range; or leave it out."""
        if inside != self._zero_lag:
            self._zero_lag = inside
            self._on_zero_lag()

    def _on_zero_lag(self) -> None:
        """Take on the other range."""
        raise NotImplementedError

    def fill_menu(self, menu: QMenu) -> None:
        """Put the actions into the menu."""
        super().fill_menu(menu)
        self._zero_lag_action = menu.addAction(self.ZERO_LAG_TEXT)
        self._zero_lag_action.setCheckable(True)
        self._zero_lag_action.triggered.connect(self._on_zero_lag_action)
        menu.insertAction(self._reset_action, self._zero_lag_action)

    def update_menu(self) -> None:
        """Check what is chosen."""
        super().update_menu()
        self._zero_lag_action.setChecked(self._zero_lag)

    def _on_zero_lag_action(self, inside: bool) -> None:
        self.set_zero_lag_in_range(inside)
        self.zero_lag_chosen.emit(inside)


Plane = NDArray[Any]

RIGHT, DOWN = "pixels to the right (lag dx)", "pixels down (lag dy)"
"""What the axes of lags say."""

_SCALE_WIDTH = 50
_BAR_GAP = 8


def lag_text(dy: int, dx: int) -> str:
    """Return a lag as it is written everywhere: (dx, dy) with signs."""
    return f"(dx, dy) = ({dx:+d}, {dy:+d})".replace("-", "−")


def number_text(value: float) -> str:
    """Return a value with four digits and a true minus sign."""
    return f"{value:.4g}".replace("-", "−")


def lag_rect(shape: tuple[int, int]) -> QRectF:
    """Return the rectangle of lags that an array covers; each lag fills one unit square."""
    height, width = shape
    return QRectF(-(width // 2) - 0.5, -(height // 2) - 0.5, width, height)


class LagView(ZeroLagView):
    """A plane of correlations with a colour bar; the zero lag lies at (0, 0)."""

    ZERO_LAG_TEXT = "Zero lag in the colour range"

    def __init__(self, title: str, *, quantity: str = "autocorrelation") -> None:
        super().__init__(title, RIGHT, DOWN)
        self.plane: Plane | None = None  # the correlations on display
        self._signed = False
        self._least = 0.0
        self.levels = (0.0, 1.0)  # the values at both ends of the colour bar
        self.image = PlaneItem()
        self.box.addItem(self.image, ignoreBounds=True)
        self.bar = ColorBar()
        self.scale = Axis("right", whole=False, label=quantity, size=_SCALE_WIDTH)
        self.grid.addItem(self.bar, 0, 2)
        self.grid.addItem(self.scale, 0, 3)
        self.grid.layout.setColumnSpacing(1, _BAR_GAP)
        self.grid.layout.setColumnFixedWidth(2, BAR_WIDTH)
        self.box.setLimits(minXRange=2, minYRange=2)
        self._on_colormap()
        self.restyle()

    def _beside(self) -> float:
        return 0.0 if self.compact else _BAR_GAP + BAR_WIDTH + self.scale.width_taken

    def set_compact(self, compact: bool) -> None:
        """Say the range in the legend instead of beside the picture."""
        if compact == self.compact:
            return
        for item in (self.bar, self.scale):
            item.setVisible(not compact)
        columns = self.grid.layout
        columns.setColumnSpacing(1, 0 if compact else _BAR_GAP)
        self.bar.set_width(0 if compact else BAR_WIDTH)
        columns.setColumnFixedWidth(2, 0 if compact else BAR_WIDTH)
        self.scale.setWidth(0 if compact else self.scale.width_taken)
        super().set_compact(compact)
        self._say_range()

    def _say_range(self) -> None:
        """Put the range into the legend, where there is no scale."""
        if self.compact and self.plane is not None:
            self.legend.set_entries((self._range_entry(),))
        elif not self.legend.texts or self.legend.texts[0].count(" to "):
            self.legend.set_entries(())

    def _range_entry(self) -> Entry:
        low, high = (f"{value:.2g}".replace("-", "−") for value in self.levels)
        return Entry(f"{low} to {high}", self._draw_range)

    def _table(self) -> NDArray[np.uint8]:
        diverging = DIVERGING_DARK if self.theme.dark else DIVERGING
        return lookup_table(diverging if self._signed else self.colormap)

    def _draw_range(self, painter: QPainter, rect: QRectF) -> None:
        table = self._table()
        colours = np.ascontiguousarray(table[np.newaxis, :, :])
        image = QImage(
            colours.tobytes(), len(table), 1, 3 * len(table), QImage.Format.Format_RGB888
        )
        painter.drawImage(rect.adjusted(0, 2, 0, -2), image.copy())

    def set_quantity(self, text: str) -> None:
        """Say what the colour bar shows."""
        if self.scale.set_text(text):
            self.scale.restyle(self.theme, smaller(self.font()))
        if self.compact:
            self.scale.setWidth(0)
        self._place()

    def set_signed(self, signed: bool) -> None:
        """Draw with diverging colours, symmetric about zero, or with the shared map."""
        if signed != self._signed:
            self._signed = signed
            self._on_colormap()
            self._update_levels()

    def set_least_level(self, least: float) -> None:
        """Let signed colours reach at least so far, that chance does not look like a pattern."""
        if least != self._least:
            self._least = least
            self._update_levels()

    def set_plane(self, plane: Plane | None) -> None:
        """Show an array of shape (2 reach_y + 1, 2 reach_x + 1); None empties the view."""
        if plane is self.plane:
            return
        old, self.plane = self.plane, plane
        if plane is None:
            self.image.set_plane(None, self.levels)
            self._say_range()
            return
        self.levels = self._wanted_levels(plane)
        self.image.set_plane(plane, self.levels)
        self.scale.setRange(*self.levels)
        if old is None or old.shape != plane.shape:
            rect = lag_rect(plane.shape)
            self.image.set_rect(rect)
            self.set_content(rect)
        self._say_range()

    def _wanted_levels(self, plane: Plane) -> tuple[float, float]:
        values = plane.ravel()
        if not self._zero_lag and values.size > 1:
            middle = values.size // 2
            values = np.concatenate([values[:middle], values[middle + 1 :]])
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = values[np.isfinite(values)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if self._signed:
            high = max(abs(low), abs(high), self._least)
            low = -high
        if high <= low:
            high = low + max(abs(low) * 1e-6, 1e-12)
        return low, high

    def _on_zero_lag(self) -> None:
        self._update_levels()

    def _update_levels(self) -> None:
        if self.plane is not None:
            self.levels = self._wanted_levels(self.plane)
            self.image.set_levels(self.levels)
            self.scale.setRange(*self.levels)
            self._say_range()

    def _on_colormap(self) -> None:
        table = self._table()
        self.image.set_table(table)
        self.bar.set_table(table)
        self.legend.update()

    # --- pointer ------------------------------------------------------------------------------

    def lag_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the lag (dy, dx) at a place of the picture, or None outside."""
        if self.plane is None:
            return None
        dy, dx = math.floor(y + 0.5), math.floor(x + 0.5)
        reach_y, reach_x = self.plane.shape[0] // 2, self.plane.shape[1] // 2
        return (dy, dx) if abs(dy) <= reach_y and abs(dx) <= reach_x else None

    def value_at(self, dy: int, dx: int) -> float:
        """Return the value on display at a lag."""
        if self.plane is None:
            raise IndexError("nothing is on display")
        height, width = self.plane.shape
        return float(self.plane[height // 2 + dy, width // 2 + dx])

    def describe(self, x: float, y: float) -> str:
        """Return lag and value."""
        lag = self.lag_at(x, y)
        if lag is None:
            return ""
        return f"{lag_text(*lag)}   {number_text(self.value_at(*lag))}"

    # --- colours ------------------------------------------------------------------------

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        self._on_colormap()
        self.bar.restyle(self.theme)
        self.scale.restyle(self.theme, smaller(self.font()))


class ZoomLink(QObject):
    """Shows the same rectangle in several views."""

    def __init__(self, views: tuple[PictureView, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views: list[PictureView] = []
        for view in views:
            self.add(view)

    def add(self, view: PictureView) -> None:
        """Let another view follow, and be followed."""
        self._views.append(view)
        view.zoomed.connect(self._on_zoomed)

    def _on_zoomed(self, rect: QRectF) -> None:
        sender = self.sender()
        if sender is not None:
            for view in self._views:
                if view is not sender:
                    view.show_rect(rect)
