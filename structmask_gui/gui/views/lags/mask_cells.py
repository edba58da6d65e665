"""The cells of a mask, painted about their centre; the colours of those of two compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from structmask_gui.gui.style.colours import Colours, mixed
from structmask_gui.gui.views.lags.lag_view import lag_rect
from structmask_gui.gui.views.pens import pen, screen_unit

EMPTY, BOTH, ONLY_A, ONLY_B = 0, 1, 2, 3
"""What a cell is; a single mask has only EMPTY and BOTH: not in the mask, and in it."""

_GRID_FROM = 4.0


class CellsItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Paints all cells of a mask, their grid, and the centre's mark in one go."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self._rect = QRectF()
        self._indexed = QImage()
        self._image = QImage()
        self._theme: Colours | None = None
        self._cursor: tuple[int, int] | None = None
        self._grid: list[QLineF] = []

    def set_theme(self, theme: Colours) -> None:
        """Draw in these colours."""
        self._theme = theme
        self._color_image()
        self.update()

    def set_codes(self, codes: NDArray[np.uint8]) -> None:
        """Show the cells of a mask, an array of odd shape that holds EMPTY and BOTH."""
        rect = lag_rect(codes.shape)
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
            self._grid = _grid_lines(rect)
        self._codes = np.ascontiguousarray(codes)
        height, width = codes.shape
        data = self._codes.tobytes()
        self._indexed = QImage(data, width, height, width, QImage.Format.Format_Indexed8).copy()
        self._color_image()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.prepareGeometryChange()
        self._rect, self._indexed, self._image = QRectF(), QImage(), QImage()
        self.update()

    def set_cursor(self, cell: tuple[int, int] | None) -> None:
        """Frame the cell at a lag (dy, dx)."""
        if cell != self._cursor:
            self._cursor = cell
            self.update()

    def _color_image(self) -> None:
        if self._theme is not None and not self._indexed.isNull():
            colors = cell_colors(self._theme, False)
            self._indexed.setColorTable([color.rgb() for color in colors])
            self._image = self._indexed.convertToFormat(QImage.Format.Format_RGB32)

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        theme = self._theme
        if self._image.isNull() or theme is None:
            return
        unit = screen_unit(painter)
        cell = 1 / unit
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawImage(self._rect, self._image)
        if cell >= _GRID_FROM:
            painter.setPen(pen(mixed(theme.background, theme.text, 0.2), 1, unit))
            painter.drawLines(self._grid)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_centre(painter, unit, theme)
        if self._cursor is not None:
            dy, dx = self._cursor
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen(theme.text, 2, unit))
            painter.drawRect(QRectF(dx - 0.5, dy - 0.5, 1, 1))

    def _paint_centre(self, painter: QPainter, unit: float, theme: Colours) -> None:
        # Never less than 3 pixels of the screen: the centre is to be found in a large mask, too.
        radius = max(min(0.28, 6 * unit), 3 * unit)
        painter.setPen(pen(theme.background, 1.2, unit))
        painter.setBrush(theme.second)
        painter.drawEllipse(QPointF(0, 0), radius, radius)


def _grid_lines(rect: QRectF) -> list[QLineF]:
    left, right, top, bottom = rect.left(), rect.right(), rect.top(), rect.bottom()
    columns = [QLineF(left + i, top, left + i, bottom) for i in range(round(rect.width()) + 1)]
    rows = [QLineF(left, top + i, right, top + i) for i in range(round(rect.height()) + 1)]
    return columns + rows


def cell_colors(theme: Colours, comparison: bool) -> tuple[QColor, QColor, QColor, QColor]:
    """Return the colours of EMPTY, BOTH, ONLY_A and ONLY_B."""
    both = mixed(theme.background, theme.text, 0.55) if comparison else theme.accent
    return theme.cell, both, QColor("#0072B2"), QColor("#D55E00")
