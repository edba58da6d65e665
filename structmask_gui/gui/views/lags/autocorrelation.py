"""The averaged autocorrelation, as far as it was measured, with the centre square marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath

from structmask_gui.gui.views.lags.findings import LagFacts
from structmask_gui.gui.views.lags.lag_mark import LagMark
from structmask_gui.gui.views.lags.lag_view import LagView, Plane, lag_rect, lag_text
from structmask_gui.gui.views.pens import pen, screen_unit


class FrameItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """A rectangle in the colours of a marching line: seen on any colour map."""

    def __init__(self) -> None:
        super().__init__()
        self.rect = QRectF()  # where it is; null when it is away
        self.setZValue(10)

    def set_rect(self, rect: QRectF) -> None:
        """Put it elsewhere."""
        if rect != self.rect:
            self.prepareGeometryChange()
            self.rect = rect
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self.rect.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        if self.rect.isNull():
            return
        rect = painter.worldTransform().mapRect(self.rect)
        painter.save()
        painter.resetTransform()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen(QColor(0, 0, 0), 1.6))
        painter.drawRect(rect)
        painter.setPen(pen(QColor(255, 255, 255), 1.6, dashes=(4, 4)))
        painter.drawRect(rect)
        painter.restore()


class OutlineItem(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """The outline of a mask's cells, drawn around them so that it covers none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.edges: list[QLineF] = []
        self._around = QPainterPath()
        self._rect = QRectF()
        self.setZValue(9)

    def set_mask(self, array: NDArray[np.bool_] | None) -> None:
        """Outline another mask (bool, odd shape), or none."""
        self.prepareGeometryChange()
        self.edges = [] if array is None else _edges(array)
        self._rect = QRectF() if array is None else lag_rect(array.shape)
        self._around = QPainterPath()
        self._around.addRect(self.boundingRect())
        if array is not None:
            cells = QPainterPath()
            for y, x in np.argwhere(array).tolist():
                cells.addRect(self._rect.left() + x, self._rect.top() + y, 1, 1)
            self._around -= cells
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the area it may paint."""
        return self._rect.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it: seen on any colour map."""
        unit = screen_unit(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        # Half of each line falls on the cells, which at few pixels a cell would be hidden by it.
        painter.setClipPath(self._around, Qt.ClipOperation.IntersectClip)
        for color, width in ((QColor(0, 0, 0), 4.8), (QColor(255, 255, 255), 2.4)):
            painter.setPen(pen(color, width, unit))
            painter.drawLines(self.edges)


def _edges(array: NDArray[np.bool_]) -> list[QLineF]:
    """Return the sides between cells of the mask and others."""
    padded = np.pad(array, 1)
    top, left = -(array.shape[0] // 2) - 1.5, -(array.shape[1] // 2) - 1.5
    down = np.argwhere(padded[1:] != padded[:-1]).tolist()
    across = np.argwhere(padded[:, 1:] != padded[:, :-1]).tolist()
    lines = [QLineF(left + x, top + y + 1, left + x + 1, top + y + 1) for y, x in down]
    return lines + [QLineF(left + x + 1, top + y, left + x + 1, top + y + 1) for y, x in across]


class AutocorrelationView(LagView):
    """The averaged autocorrelation with a colour bar.

    The zero lag is left out of the colour range unless asked for: it is far above all others.
    A correlation of the statistical method is drawn with its sign, in diverging colours.
    """

    lag_hovered = Signal(object)  # (dy, dx) that was tested, or None

    def __init__(self) -> None:
        super().__init__("Averaged autocorrelation")
        self.short_title = "Autocorrelation"
        self.frame_item = FrameItem()
        self.outline = OutlineItem()
        self.mark = LagMark()
        self._facts: LagFacts | None = None
        for item in (self.frame_item, self.outline, self.mark):
            self.box.addItem(item, ignoreBounds=True)

    def set_autocorrelation(
        self, plane: Plane | None, centre_shape: tuple[int, int] | None = None
    ) -> None:
        """Show the averaged autocorrelation.

        Parameters
        ----------
        plane : ndarray, shape (2 reach_y + 1, 2 reach_x + 1), or None
            The mean over patches, zero lag in the middle. None empties the view.
        centre_shape : (int, int), optional
            Height and width of the centre square to mark.
        """
        self.set_plane(plane)
        self.set_centre_shape(centre_shape if plane is not None else None)

    def set_centre_shape(self, shape: tuple[int, int] | None) -> None:
        """Mark the square that the mask is looked for in; one as large as the plane is no mark."""
        whole = self.plane is not None and shape == self.plane.shape
        self.frame_item.set_rect(QRectF() if shape is None or whole else lag_rect(shape))

    def set_mask(self, array: NDArray[np.bool_] | None) -> None:
        """Outline the cells of a mask (bool, odd shape); None for none."""
        self.outline.set_mask(array)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the autocorrelation and the centre square of an `Extraction`; None empties it."""
        self._facts = None if extraction is None else LagFacts.of(extraction)
        if self._facts is None:
            self.mark.set_lag(None, QRectF())
        if extraction is None:
            self.set_autocorrelation(None)
            return
        parameters = extraction.parameters
        self.set_signed(self._facts is not None)
        if self._facts is None:
            self.set_quantity(quantity_text(parameters))
        else:
            self.set_quantity("correlation ρ")
            self.set_least_level(parameters.rho_min)
        self.set_autocorrelation(
            extraction.measurement.autocorrelation.mean, extraction.centre.shape
        )

    def mark_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark a lag (dy, dx); None for none."""
        self.mark.set_lag(lag, self.content)

    def describe(self, x: float, y: float) -> str:
        """Return lag and value; with the statistical method error and q-value, too."""
        lag, facts = self.lag_at(x, y), self._facts
        if lag is None or facts is None or max(abs(lag[0]), abs(lag[1])) > facts.reach:
            self.lag_hovered.emit(None)
            return super().describe(x, y)
        self.lag_hovered.emit(lag)
        return f"{lag_text(*lag)}   {facts.text(*lag)}"

    def _on_left(self) -> None:
        super()._on_left()
        self.lag_hovered.emit(None)


def quantity_text(parameters: Any) -> str:
    """Say what is averaged: r, normalised to 1 at zero lag, or c, not normalised; or its log."""
    base = "r" if parameters.norm_autocorr else "c"
    return f"mean log(1 + |{base}|)" if parameters.log_autocorr else f"mean {base}"
