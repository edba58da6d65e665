"""The mask as cells about its centre."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter

from structmask_gui.gui.views.base import PictureView
from structmask_gui.gui.views.lags.findings import LagFacts
from structmask_gui.gui.views.lags.lag_mark import LagMark
from structmask_gui.gui.views.lags.lag_view import DOWN, RIGHT, lag_rect, lag_text, number_text
from structmask_gui.gui.views.lags.mask_cells import BOTH, CellsItem, cell_colors
from structmask_gui.gui.views.legend import Entry

_AROUND = 2
"""Empty cells around a mask that is shown by itself."""


class MaskView(PictureView):
    """The mask: filled cells are blanked together with the centre, which has a dot."""

    cell_clicked = Signal(int, int)  # dy, dx; pressed, or chosen with the space key
    cell_dragged = Signal(int, int)  # dy, dx; reached with the button down
    cell_drag_ended = Signal()
    lag_hovered = Signal(object)  # (dy, dx) of a statistical mask, or None

    HAS_COLORMAP = False

    def __init__(self) -> None:
        super().__init__("Mask", RIGHT, DOWN)
        self.codes: NDArray[np.uint8] | None = None  # what each cell is: EMPTY or BOTH
        self._values: NDArray[Any] | None = None
        self._facts: LagFacts | None = None
        self._cursor: tuple[int, int] | None = None
        self._dragged: tuple[int, int] | None = None
        self._tight = False
        self.cells = CellsItem()
        self.mark = LagMark()
        for item in (self.cells, self.mark):
            self.box.addItem(item, ignoreBounds=True)
        self.box.setLimits(minXRange=2, minYRange=2)
        self.canvas.pressed.connect(self._on_pressed)
        self.canvas.dragged.connect(self._on_dragged)
        self.canvas.released.connect(self._on_released)
        self.restyle()

    # --- what is shown ------------------------------------------------------------------------

    def set_mask(self, array: NDArray[np.bool_] | None, values: NDArray[Any] | None = None) -> None:
        """Show a mask (bool, odd shape), and correlations of the same shape in the read-out."""
        self._facts = None
        self._values = values
        if array is None:
            self.codes = None
            self.cells.clear()
            self._update_legend()
            return
        self._show(array.astype(np.uint8))

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the mask of an `Extraction` with the values of its centre square."""
        if extraction is None:
            self.set_mask(None)
        else:
            # A recommended mask may be cut to its cells; its place is the centre square.
            mask, centre = extraction.mask, extraction.centre
            height, width = map(max, mask.shape, centre.shape)
            self.set_mask(mask.padded((height, width)).array, centre)
            self._facts = LagFacts.of(extraction)

    def mark_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark a lag (dy, dx), as when its row in the table is under the pointer; None for none."""
        self.mark.set_lag(lag, self.content)

    def _show(self, codes: NDArray[np.uint8]) -> None:
        self.codes = codes
        self.cells.set_codes(codes)
        self._show_place()
        self._update_legend()

    def set_tight(self, tight: bool) -> None:
        """Show the mask with a few empty cells around it, or all of its square."""
        if tight != self._tight:
            self._tight = tight
            if self.codes is not None:
                self._show_place()

    def _show_place(self) -> None:
        codes = self.codes
        assert codes is not None
        rect = lag_rect(codes.shape)
        if self._tight and codes.any() and not self.editable:
            rows, columns = (np.flatnonzero(codes.any(axis=axis)) for axis in (1, 0))
            # About the centre, as every mask is; a single row still has a frame to see.
            half_y, half_x = (
                max(middle - int(found[0]), int(found[-1]) - middle) + _AROUND
                for found, middle in ((rows, codes.shape[0] // 2), (columns, codes.shape[1] // 2))
            )
            rect = lag_rect((2 * half_y + 1, 2 * half_x + 1))
        self.set_content(rect)

    # --- editing ------------------------------------------------------------------------------

    @property
    def editable(self) -> bool:
        """Whether the left button and the space key choose cells."""
        return bool(self.canvas.grabs_left)

    def set_editable(self, editable: bool) -> None:
        """Let the left button choose cells instead of moving the picture."""
        self.canvas.grabs_left = editable
        self.canvas.setCursor(
            Qt.CursorShape.CrossCursor if editable else Qt.CursorShape.ArrowCursor
        )

    def _cell_of(self, where: QPointF) -> tuple[int, int] | None:
        point = self.box.mapSceneToView(where)
        return self.cell_at(point.x(), point.y())

    def _on_pressed(self, where: QPointF) -> None:
        cell = self._cell_of(where)
        self._dragged = cell
        if cell is not None:
            self.cell_clicked.emit(*cell)
            self._on_hovered(where)  # the cell under the pointer was just changed

    def _on_dragged(self, where: QPointF) -> None:
        cell = self._cell_of(where)
        if cell is not None and cell != self._dragged:
            self._dragged = cell
            self.cell_dragged.emit(*cell)

    def _on_released(self, _where: QPointF) -> None:
        self._dragged = None
        self.cell_drag_ended.emit()

    def _on_key(self, event: Any) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = event.key()
        if key in steps and self.codes is not None:
            dy, dx = self._cursor or (0, 0)
            step_y, step_x = steps[key] if self._cursor is not None else (0, 0)
            if self.cell_at(dx + step_x, dy + step_y) is not None:
                self._cursor = (dy + step_y, dx + step_x)
            self.cells.set_cursor(self._cursor)
            if self._cursor is not None:
                text = self.describe(self._cursor[1], self._cursor[0])
                self.read_out.show_text(text)
                self.pointed.emit(text)
            event.accept()
        elif key == Qt.Key.Key_Space and self._cursor is not None and self.editable:
            self.cell_clicked.emit(*self._cursor)
            self.cell_drag_ended.emit()
            event.accept()
        elif key == Qt.Key.Key_Escape and self._cursor is not None:
            self._cursor = None
            self.cells.set_cursor(None)
            event.accept()
        else:
            super()._on_key(event)

    # --- pointer ------------------------------------------------------------------------------

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the lag (dy, dx) of the cell at a place, or None outside."""
        if self.codes is None:
            return None
        dy, dx = math.floor(y + 0.5), math.floor(x + 0.5)
        height, width = self.codes.shape
        return (dy, dx) if abs(dy) <= height // 2 and abs(dx) <= width // 2 else None

    def describe(self, x: float, y: float) -> str:
        """Return lag, correlation and what the cell is."""
        cell = self.cell_at(x, y)
        self.lag_hovered.emit(cell if self._facts is not None else None)
        if cell is None or self.codes is None:
            return ""
        dy, dx = cell
        middle_y, middle_x = self.codes.shape[0] // 2, self.codes.shape[1] // 2
        text = lag_text(dy, dx)
        if self._facts is not None and self._facts.findings.shape == self.codes.shape:
            text += f"   {self._facts.text(dy, dx)}"
        elif self._values is not None and self._values.shape == self.codes.shape:
            value = float(self._values[middle_y + dy, middle_x + dx])
            text += f"   {number_text(value)}" if math.isfinite(value) else ""  # not measured there
        return f"{text}   {self._word(int(self.codes[middle_y + dy, middle_x + dx]), cell)}"

    def _on_left(self) -> None:
        super()._on_left()
        self.lag_hovered.emit(None)

    def _word(self, code: int, cell: tuple[int, int]) -> str:
        if cell == (0, 0):
            return "centre"
        return "in the mask" if code else "not in the mask"

    # --- legend, colours ----------------------------------------------------------------------

    def _update_legend(self) -> None:
        if self.codes is None:
            self.legend.set_entries(())
        else:
            self.legend.set_entries(
                (
                    Entry("in the mask", self._draw_cell),
                    Entry("centre", self._draw_centre),
                )
            )

    def _draw_cell(self, painter: QPainter, rect: QRectF) -> None:
        square = QRectF(rect.center().x() - 6, rect.center().y() - 6, 12, 12)
        painter.fillRect(square, cell_colors(self.theme, False)[BOTH])

    def _draw_centre(self, painter: QPainter, rect: QRectF) -> None:
        self._draw_cell(painter, rect)
        painter.setPen(self.theme.background)
        painter.setBrush(self.theme.second)
        painter.drawEllipse(rect.center(), 3.4, 3.4)

    def restyle(self) -> None:
        """Use the colours of the palette."""
        super().restyle()
        if hasattr(self, "cells"):
            self.cells.set_theme(self.theme)
