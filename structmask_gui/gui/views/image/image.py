"""The frames, with what was measured in them drawn on top."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidgetAction

from structmask_gui.gui.style.colormaps import lookup_table
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.image.display import CLIPPED, percentile_levels, thinned
from structmask_gui.gui.views.image.frame_slider import FrameBar
from structmask_gui.gui.views.image.items import (
    PatchesItem,
    RegionItem,
    StampItem,
    draw_left_out,
    draw_region,
    draw_used,
)
from structmask_gui.gui.views.lags.lag_view import number_text
from structmask_gui.gui.views.legend import Entry
from structmask_gui.gui.views.plane_item import PlaneItem

if TYPE_CHECKING:
    from structmask_gui.core.stack.frames import Region

# Frames up to this many pixels are handed to the screen whole.
_WHOLE = 250_000
_SMALLEST_DRAWN = 2


class ImageView(PictureView):
    """One frame of the stack in grey, with frame slider and contrast."""

    HAS_COLORMAP = False
    COMPACT = (0, 0)

    frame_requested = Signal(int)  # counted from 0; answered by `set_frame`
    region_drawn = Signal(object)  # Region
    region_cleared = Signal()
    region_refused = Signal(str)  # why, a sentence
    levels_changed = Signal(float, float)  # the values drawn black and white

    def __init__(self) -> None:
        super().__init__("Your image", "x (px)", "y (px)", left_width=46)
        self.short_title = "Image"
        self._image: NDArray[Any] | None = None
        self._shape = (1, 1)
        self._shown: tuple[int, ...] = ()
        self._clipped: float | None = CLIPPED
        self.levels = (0.0, 1.0)  # the values drawn black and white
        self._reasons: list[str] = []
        self._n_used = self._n_left_out = 0
        self._region: Region | None = None
        self._start: tuple[int, int] | None = None
        self._contrast: Any = None
        self.image = PlaneItem()
        self.image.set_table(lookup_table("grey"))
        self.patches_item = PatchesItem()
        self.region_item = RegionItem()
        self.stamp = StampItem()
        for item in (self.image, self.patches_item, self.region_item, self.stamp):
            self.box.addItem(item, ignoreBounds=True)
        self._build_tools()
        self.frame_bar = FrameBar()
        self.frame_bar.frame_requested.connect(self.frame_requested)
        # Without frames to choose from it keeps its room: the preview beside it stays alike.
        keeping = self.frame_bar.sizePolicy()
        keeping.setRetainSizeWhenHidden(True)
        self.frame_bar.setSizePolicy(keeping)
        self.main_layout.addWidget(self.frame_bar)
        self.box.sigRangeChanged.connect(self._draw)
        self.canvas.pressed.connect(self._on_pressed)
        self.canvas.dragged.connect(self._on_dragged)
        self.canvas.released.connect(self._on_released)
        self.restyle()

    def _build_tools(self) -> None:
        # First: the others stay where they are when it comes.
        self.clear_button = self._tool("cancel", "Measure the whole image again")
        self.region_button = self._tool(
            "region", "Measure here: draw an ROI; only inside it is measured"
        )
        self.patches_button = self._tool(
            "patches", "Show all patches: those measured, too, not only those left out"
        )
        self.stamp_button = self._tool("stamp", "Show the mask at the pointer, to scale")
        self.contrast_button = self._tool("contrast", "Contrast")
        for button in (self.region_button, self.patches_button, self.stamp_button):
            button.setCheckable(True)
        self.patches_item.show_used(False)
        self.clear_button.hide()
        self.region_button.toggled.connect(self.set_drawing)
        self.clear_button.clicked.connect(self._on_clear)
        self.patches_button.toggled.connect(self._on_patches_toggled)
        self.stamp_button.toggled.connect(self._on_stamp_toggled)
        self.contrast_button.clicked.connect(self.open_contrast)

    def _tool(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFixedSize(24, 22)
        button.setToolTip(text)
        button.setAccessibleName(text.partition(":")[0])
        button.setProperty("icon_name", name)
        self.header_layout.insertWidget(self.header_layout.count() - 1, button)
        return button

    # --- what is shown ------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        """Number of the frame that the slider stands at."""
        return self.frame_bar.frame

    def set_stack(
        self,
        n_frames: int,
        frame_shape: tuple[int, int],
        place_of: Callable[[int], str] | None = None,
    ) -> None:
        """Prepare for another stack: so many frames of a height and width; 0 frames for none."""
        self._image = None
        self._shown = ()
        self._shape = frame_shape
        self._clipped = CLIPPED
        self.image.set_plane(None, self.levels)
        self.set_patches(np.zeros((0, 2), int), np.zeros(0, bool), [], (0, 0))
        self.set_region(None)
        self.frame_bar.set_frames(n_frames, place_of)
        height, width = frame_shape
        self.set_content(QRectF(-0.5, -0.5, max(width, 1), max(height, 1)))
        self.box.setLimits(minXRange=4, minYRange=4)

    def set_frame(self, image: NDArray[Any] | None, index: int | None = None) -> None:
        """Show the pixels of a frame.

        Parameters
        ----------
        image : ndarray, 2-D, or None
            The whole frame; of a very large one every n-th pixel will do, it is stretched to the
            shape given to `set_stack`. None shows nothing.
        index : int, optional
            Which frame it is.
        """
        if index is not None and index != self.frame:
            self.frame_bar.set_frame(index)
        self._image = image
        self._shown = ()
        if image is None:
            self.image.set_plane(None, self.levels)
            return
        if self._clipped is not None:
            self._set_levels(*percentile_levels(image, self._clipped))
        self._draw()

    def set_extraction(self, extraction: Any | None) -> None:
        """Take the mask of an `Extraction` to stamp it; patches come by `set_patches`."""
        self.stamp.set_mask(None if extraction is None else extraction.mask.array)

    def set_patches(
        self,
        corners: NDArray[Any],
        used: NDArray[np.bool_],
        reasons: list[str],
        patch_shape: tuple[int, int],
    ) -> None:
        """Draw the patches of this frame.

        Parameters
        ----------
        corners : int array (n, 2)
            Upper left pixel (y, x) of each.
        used : bool array (n,)
        reasons : list of str
            Why one was left out; empty for a used one.
        patch_shape : (int, int)
            Height and width.
        """
        self._reasons = list(reasons)
        self.patches_item.set_patches(corners, used, patch_shape)
        self._n_used, self._n_left_out = int(used.sum()), int((~used).sum())
        counts = Counter(filter(None, reasons)).most_common()
        why = ", ".join(f"{count} {reason}" for reason, count in counts)
        self.legend.setToolTip(f"Patches left out: {why}" if why else "")
        self._update_legend()

    def set_region(self, region: Region | None) -> None:
        """Show the ROI, without a signal; None for the whole image."""
        self._region = region
        self.clear_button.setVisible(region is not None)
        height, width = self._shape
        rect = QRectF()
        if region is not None:
            rect = QRectF(region.x0 - 0.5, region.y0 - 0.5, region.shape[1], region.shape[0])
        self.region_item.set_rects(rect, QRectF(-0.5, -0.5, width, height))
        self._update_legend()

    def _update_legend(self) -> None:
        entries = []
        if self.patches_button.isChecked() and self._n_used:
            entries.append(Entry(f"{self._n_used} used here", draw_used))
        if self._n_left_out:
            entries.append(Entry(f"{self._n_left_out} left out", draw_left_out))
        if self._region is not None:
            entries.append(Entry("measured here", draw_region))
        self.legend.set_entries(tuple(entries))

    def set_colormap(self, name: str) -> None:
        """Stay grey, so that what is drawn on top is seen; inverted where the shared map is."""
        self.image.set_table(lookup_table(name if name == "grey-inverted" else "grey"))

    def _on_moved(self, *_: Any) -> None:
        """Keep the frame in sight: where all of it is seen it cannot be moved."""
        seen, whole = self.visible_rect(), self.content
        x = _back(seen.left(), seen.right(), whole.left(), whole.right())
        y = _back(seen.top(), seen.bottom(), whole.top(), whole.bottom())
        if x or y:
            self.box.translateBy(x=x, y=y)
        super()._on_moved()

    # --- pixels -------------------------------------------------------------------------------

    def _draw(self, *_: Any) -> None:
        """Hand as many pixels to the screen as it can show."""
        image = self._image
        if image is None:
            return
        step_y, step_x = self._shape[0] / image.shape[0], self._shape[1] / image.shape[1]
        y0, x0, y1, x1, factor = 0, 0, *image.shape, 1
        if image.size > _WHOLE:
            seen = self.visible_rect()
            per_pixel = seen.width() / step_x / max(1.0, self.box.width())
            factor = 2 ** max(0, math.floor(math.log2(max(per_pixel, 1))))
            # In steps, so that moving the picture a little draws nothing anew.
            grid = 256 * factor
            y0 = max(0, int(seen.top() / step_y) // grid * grid)
            x0 = max(0, int(seen.left() / step_x) // grid * grid)
            y1 = min(image.shape[0], (int(seen.bottom() / step_y) // grid + 1) * grid)
            x1 = min(image.shape[1], (int(seen.right() / step_x) // grid + 1) * grid)
            if y1 - y0 < factor or x1 - x0 < factor:
                return
        key = (y0, x0, y1, x1, factor)
        if key == self._shown:
            return
        self._shown = key
        part = thinned(image[y0:y1, x0:x1], factor)
        self.image.set_plane(part, self.levels)
        self.image.set_rect(
            QRectF(
                x0 * step_x - 0.5,
                y0 * step_y - 0.5,
                part.shape[1] * factor * step_x,
                part.shape[0] * factor * step_y,
            )
        )

    def value_at(self, y: int, x: int) -> float | None:
        """Return the value of a pixel of the frame on display, or None where there is none."""
        image = self._image
        height, width = self._shape
        if image is None or not (0 <= y < height and 0 <= x < width):
            return None
        return float(image[y * image.shape[0] // height, x * image.shape[1] // width])

    # --- contrast -----------------------------------------------------------------------------

    def set_automatic_contrast(self, clipped: float = CLIPPED) -> None:
        """Let percentiles of each frame decide; ``clipped`` per cent at each end."""
        self._clipped = clipped
        if self._image is not None:
            self._set_levels(*percentile_levels(self._image, clipped))

    def set_levels(self, low: float, high: float) -> None:
        """Draw these values black and white, in every frame."""
        self._clipped = None
        self._set_levels(low, high)

    def _set_levels(self, low: float, high: float) -> None:
        self.levels = (low, high)
        self.image.set_levels(self.levels)
        self.levels_changed.emit(low, high)
        if self._contrast is not None:
            self._contrast.set_levels(low, high)

    def open_contrast(self) -> None:
        """Open the contrast panel below its button."""
        if self._contrast is None:
            from structmask_gui.gui.views.image.contrast import ContrastPanel

            self._contrast = ContrastPanel()
            self._contrast.set_levels(*self.levels)
            self._contrast.automatic_chosen.connect(self.set_automatic_contrast)
            self._contrast.levels_chosen.connect(self.set_levels)
            self._contrast_menu = QMenu(self)
            action = QWidgetAction(self)
            action.setDefaultWidget(self._contrast)
            self._contrast_menu.addAction(action)
        button = self.contrast_button
        self._contrast_menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    # --- keys, the ROI ------------------------------------------------------------------------

    def _on_key(self, event: Any) -> None:
        step = self.frame_bar.step_for(event.key())
        if step is not None:
            self.frame_bar.step(step)
            event.accept()
        elif event.key() == Qt.Key.Key_Escape and self.canvas.grabs_left:
            self.set_drawing(False)
            event.accept()
        else:
            super()._on_key(event)

    def set_drawing(self, drawing: bool) -> None:
        """Let the left button draw an ROI instead of moving the image."""
        self.canvas.grabs_left = drawing
        self._start = None
        shape = Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor
        self.canvas.setCursor(shape)
        self.region_button.setChecked(drawing)
        if not drawing:
            self.set_region(self._region)

    def _pixel(self, where: QPointF) -> tuple[int, int]:
        """Return the pixel (y, x) under a place of the scene, or the nearest of the frame."""
        point = self.box.mapSceneToView(where)
        height, width = self._shape
        y, x = math.floor(point.y() + 0.5), math.floor(point.x() + 0.5)
        return min(max(y, 0), height - 1), min(max(x, 0), width - 1)

    def _on_pressed(self, where: QPointF) -> None:
        self._start = self._pixel(where)

    def _drawn(self, where: QPointF) -> Region:
        # Late: the engine's parameters bring pydantic, which the first paint does not need.
        from structmask_gui.core.stack.frames import Region

        (ya, xa), (yb, xb) = self._start or (0, 0), self._pixel(where)
        return Region(min(ya, yb), max(ya, yb) + 1, min(xa, xb), max(xa, xb) + 1)

    def _on_dragged(self, where: QPointF) -> None:
        if self._start is None:
            return
        region = self._drawn(where)
        height, width = self._shape
        rect = QRectF(region.x0 - 0.5, region.y0 - 0.5, region.shape[1], region.shape[0])
        self.region_item.set_rects(rect, QRectF(-0.5, -0.5, width, height))
        text = f"{region.shape[1]} × {region.shape[0]} px at ({region.x0}, {region.y0})"
        self.read_out.show_text(text)
        self.pointed.emit(text)

    def _on_released(self, where: QPointF) -> None:
        if self._start is None:
            return
        region = self._drawn(where)
        height, width = region.shape
        if min(height, width) < _SMALLEST_DRAWN:
            self.set_drawing(False)
            if max(height, width) > _SMALLEST_DRAWN:  # else a click, not a rectangle
                self.region_refused.emit(
                    f"An ROI of {width} × {height} pixels cannot be measured; draw a larger one."
                )
            return
        self._region = region
        self.set_drawing(False)
        self.region_drawn.emit(region)

    def _on_clear(self) -> None:
        self.set_region(None)
        self.region_cleared.emit()

    # --- pointer ------------------------------------------------------------------------------

    def describe(self, x: float, y: float) -> str:
        """Return pixel, value and, for a patch left out, why."""
        px, py = math.floor(x + 0.5), math.floor(y + 0.5)
        value = self.value_at(py, px)
        self.stamp.setVisible(
            value is not None and self.stamp_button.isChecked() and not self.stamp.empty
        )
        self.canvas.setToolTip("")
        if value is None:
            return ""
        self.stamp.move_to(py, px)
        text = f"(x, y) = ({px}, {py})   {number_text(value)}"
        number = self.patches_item.patch_at(py, px)
        if number is not None and self._reasons[number]:
            reason = f"Patch left out: {self._reasons[number]}"
            self.canvas.setToolTip(reason)
            text += f"   left out: {self._reasons[number]}"
        return text

    def _on_left(self) -> None:
        super()._on_left()
        self.stamp.hide()

    def _on_patches_toggled(self, shown: bool) -> None:
        self.patches_item.show_used(shown)
        self._update_legend()

    def _on_stamp_toggled(self, shown: bool) -> None:
        if not shown:
            self.stamp.hide()

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        for button in self._header.findChildren(QToolButton):
            name = button.property("icon_name")
            if name:
                button.setIcon(icon(name))
                button.setIconSize(button.size() * 0.72)


def _back(low: float, high: float, first: float, last: float) -> float:
    """Return how far a range is to be moved so that nothing beside the frame is seen, or little."""
    if high - low >= last - first:
        return (first + last - low - high) / 2
    return max(first - low, 0.0) + min(last - high, 0.0)
