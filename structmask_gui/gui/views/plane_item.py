"""Numbers drawn as colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter


class PlaneItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws a 2-D array, rows downwards, each element one cell of a rectangle.

    pyqtgraph's own image item hands Qt pictures of indexed colours; these, of full colours, are
    drawn ten times faster, which is most of what a step of a slider costs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plane: NDArray[Any] | None = None  # the numbers on display
        self._levels = (0.0, 1.0)
        self._table = np.zeros(256, np.uint32)
        self._rect = QRectF()
        self._image: QImage | None = None

    def set_plane(self, plane: NDArray[Any] | None, levels: tuple[float, float]) -> None:
        """Show an array, or None; ``levels`` are the numbers of the first and the last colour."""
        self.plane, self._levels = plane, levels
        self._changed()

    def set_levels(self, levels: tuple[float, float]) -> None:
        """Give other numbers the first and the last colour."""
        self._levels = levels
        self._changed()

    def set_table(self, table: NDArray[np.uint8]) -> None:
        """Draw with 256 other colours, shape (256, 3): red, green, blue."""
        weights = np.array([1 << 16, 1 << 8, 1], np.uint32)
        self._table = np.uint32(0xFF000000) + table.astype(np.uint32) @ weights
        self._changed()

    def set_rect(self, rect: QRectF) -> None:
        """Fill another rectangle."""
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
            self.update()

    def _changed(self) -> None:
        self._image = None
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        if self.plane is None:
            return
        if self._image is None:
            self._image = colored(self.plane, self._levels, self._table)
        # Below full size a mean is nearer to what is there than every n-th pixel.
        drawn = painter.worldTransform().mapRect(self._rect).width()
        below = drawn < self._image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, below)
        painter.drawImage(self._rect, self._image)


def colored(plane: NDArray[Any], levels: tuple[float, float], table: NDArray[np.uint32]) -> QImage:
    """Return an array as a picture.

    Parameters
    ----------
    plane : ndarray, 2-D
        Real numbers; what is not a number is left transparent.
    levels : (float, float)
        Numbers of the first and the last colour; those beyond have the same.
    table : ndarray of uint32, shape (256,)
        Colours as 0xAARRGGBB.
    """
    low, high = levels
    scaled = np.subtract(plane, low, dtype=np.float32 if plane.itemsize <= 4 else np.float64)
    scaled *= 255.999 / (high - low) if high > low else 1.0
    unknown = np.isnan(scaled) if plane.dtype.kind == "f" else None
    np.clip(scaled, 0, 255, out=scaled)
    if unknown is not None:
        scaled[unknown] = 0
    pixels = table[scaled.astype(np.uint8)]
    if unknown is not None:
        pixels[unknown] = 0
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()
