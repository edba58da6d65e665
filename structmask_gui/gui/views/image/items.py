"""What is drawn upon a frame: the patches, the ROI, the mask at the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from structmask_gui.gui.style.colours import ORANGE, SKY_BLUE, YELLOW
from structmask_gui.gui.views.pens import pen, screen_unit

USED = SKY_BLUE
LEFT_OUT = ORANGE
REGION = YELLOW

_HALO = QColor(0, 0, 0, 130)
_OUTLINES_FROM = 5.0
_TINT, _EDGE = 34, 100
"""Opacity of what is drawn on patches left out, and around them: the image is seen through it."""


class PatchesItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Outlines of the patches; those left out are tinted, for they are often most of the frame."""

    def __init__(self) -> None:
        super().__init__()
        self._corners: NDArray[Any] = np.zeros((0, 2), int)
        self._used: NDArray[np.bool_] = np.zeros(0, bool)
        self._shape = (0, 0)
        self._rect = QRectF()
        self._rects: dict[bool, list[QRectF]] = {True: [], False: []}
        self._all = True
        self.setZValue(5)

    def set_patches(
        self, corners: NDArray[Any], used: NDArray[np.bool_], shape: tuple[int, int]
    ) -> None:
        """Show patches by their upper left pixels (y, x), whether used, and their common shape."""
        self.prepareGeometryChange()
        self._corners, self._used, self._shape = corners, used, shape
        height, width = shape
        if len(corners):
            low, high = corners.min(axis=0), corners.max(axis=0)
            self._rect = QRectF(
                low[1] - 1.0,
                low[0] - 1.0,
                high[1] - low[1] + width + 1,
                high[0] - low[0] + height + 1,
            )
        else:
            self._rect = QRectF()
        for kind in (True, False):
            self._rects[kind] = [
                QRectF(x - 0.5, y - 0.5, width, height) for y, x in corners[used == kind].tolist()
            ]
        self.update()

    def show_used(self, shown: bool) -> None:
        """Draw those that were used, too, or only those left out."""
        self._all = shown
        self.update()

    def patch_at(self, y: int, x: int) -> int | None:
        """Return the number of a patch that holds a pixel, or None."""
        if not len(self._corners):
            return None
        height, width = self._shape
        top, left = self._corners[:, 0], self._corners[:, 1]
        inside = (top <= y) & (y < top + height) & (left <= x) & (x < left + width)
        numbers = np.flatnonzero(inside)
        return int(numbers[0]) if len(numbers) else None

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        if not len(self._corners):
            return
        unit = screen_unit(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        used, left_out = self._rects[True] if self._all else [], self._rects[False]
        if min(self._shape) < _OUTLINES_FROM * unit:
            # Too small for lines: a tint says where patches are.
            for rects, color in ((used, USED), (left_out, LEFT_OUT)):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(_pale(color, _TINT))
                painter.drawRects(rects)
            return
        if used:
            painter.setPen(pen(_HALO, 2.6, unit))
            painter.drawRects(used)
            painter.setPen(pen(USED, 1.0, unit))
            painter.drawRects(used)
        if left_out:
            painter.setPen(pen(_pale(LEFT_OUT, _EDGE), 1.0, unit))
            painter.setBrush(_pale(LEFT_OUT, _TINT))
            painter.drawRects(left_out)


def draw_used(painter: QPainter, rect: QRectF) -> None:
    """Draw the legend's swatch of a patch used."""
    _draw_swatch(painter, rect, USED)


def draw_left_out(painter: QPainter, rect: QRectF) -> None:
    """Draw the legend's swatch of a patch left out."""
    _draw_swatch(painter, rect, LEFT_OUT)
    painter.fillRect(rect.adjusted(2, 1, -2, -1), _pale(LEFT_OUT, 2 * _TINT))


def draw_region(painter: QPainter, rect: QRectF) -> None:
    """Draw the legend's swatch of the rectangle."""
    _draw_swatch(painter, rect, REGION)


def _draw_swatch(painter: QPainter, rect: QRectF, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(pen(color, 1.4))
    painter.setBrush(QColor(70, 70, 70))
    painter.drawRect(rect.adjusted(2, 1, -2, -1))


def _pale(color: QColor, opacity: int) -> QColor:
    return QColor(color.red(), color.green(), color.blue(), opacity)


class RegionItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """The ROI; what is outside is dimmed."""

    def __init__(self) -> None:
        super().__init__()
        self.rect = QRectF()  # the rectangle; null when there is none
        self._frame = QRectF()
        self.setZValue(8)

    def set_rects(self, region: QRectF, frame: QRectF) -> None:
        """Show a rectangle within a frame; a null one takes it away."""
        if (region, frame) != (self.rect, self._frame):
            self.prepareGeometryChange()
            self.rect, self._frame = region, frame
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._frame.united(self.rect)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        region, frame = self.rect, self._frame
        if region.isNull():
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 110))
        for outside in (
            QRectF(frame.left(), frame.top(), frame.width(), region.top() - frame.top()),
            QRectF(frame.left(), region.bottom(), frame.width(), frame.bottom() - region.bottom()),
            QRectF(frame.left(), region.top(), region.left() - frame.left(), region.height()),
            QRectF(region.right(), region.top(), frame.right() - region.right(), region.height()),
        ):
            painter.drawRect(outside)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        unit = screen_unit(painter)
        painter.setPen(pen(QColor(0, 0, 0), 3, unit))
        painter.drawRect(region)
        painter.setPen(pen(REGION, 1.6, unit))
        painter.drawRect(region)


class StampItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """The mask to scale, about the pixel under the pointer."""

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self._image = QImage()
        self.setZValue(9)
        self.hide()

    def set_mask(self, array: NDArray[np.bool_] | None) -> None:
        """Take a mask, or none."""
        self.prepareGeometryChange()
        if array is None:
            self._rect, self._image = QRectF(), QImage()
            return
        height, width = array.shape
        self._rect = QRectF(-(width // 2) - 0.5, -(height // 2) - 0.5, width, height)
        colors = np.zeros((height, width), np.uint32)
        colors[array] = 0xD0D55E00  # vermilion
        colors[height // 2, width // 2] = 0xFFFFFFFF
        image = QImage(colors.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32)
        self._image = image.copy()
        self.update()

    @property
    def empty(self) -> bool:
        """Whether it has no mask."""
        return self._image.isNull()

    def move_to(self, y: int, x: int) -> None:
        """Put its centre on a pixel."""
        self.setPos(QPointF(x, y))

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawImage(self._rect, self._image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = QColor(255, 255, 255, 160)
        painter.setPen(pen(edge, 1, screen_unit(painter), dashes=(2, 2)))
        painter.drawRect(self._rect)
