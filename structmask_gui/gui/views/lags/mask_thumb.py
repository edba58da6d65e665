"""A mask drawn small: cells, centre and arrows, without axes; for panels with little room."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from structmask_gui.gui.style.themed import Themed
from structmask_gui.gui.views.lags.mask_cells import EMPTY, cell_colors

_TITLE = 20
_ARROW = 16


class MaskThumb(Themed):
    """A titled small mask, or the difference of two."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._comparing = False
        self.codes: NDArray[np.uint8] | None = None
        self.stale = False
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_title(self, title: str) -> None:
        """Give it another title."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
            self.update()

    def set_codes(self, codes: NDArray[np.uint8] | None, *, comparing: bool = False) -> None:
        """Show cells as `views.mask` codes them: empty, in both, only in A, only in B."""
        self.codes, self._comparing = codes, comparing
        self.update()

    def set_stale(self, stale: bool) -> None:
        """Draw it pale while it is out of date."""
        self.stale = stale
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(130, 130)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which cells cannot be distinguished."""
        return QSize(80, 80)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, cells, centre and arrows."""
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect(), theme.background)
        painter.setPen(theme.text)
        title = self._title + (" (before)" if self.stale else "")
        painter.drawText(
            QRectF(6, 0, self.width() - 12, _TITLE),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, self.width() - 12),
        )
        if self.codes is not None:
            painter.setOpacity(0.35 if self.stale else 1.0)
            self._paint_cells(painter, self.codes)
            painter.setOpacity(1.0)
        self._paint_arrows(painter)
        painter.end()

    def _paint_cells(self, painter: QPainter, codes: NDArray[np.uint8]) -> None:
        theme = self.theme
        height, width = codes.shape
        room_x, room_y = self.width() - 2 * _ARROW - 8, self.height() - _TITLE - 6
        cell = max(1.0, min(room_x / width, room_y / height))
        left = (self.width() - cell * width) / 2
        top = _TITLE + (room_y - cell * height) / 2 + 1
        colors = cell_colors(theme, self._comparing)
        painter.fillRect(QRectF(left, top, cell * width, cell * height), colors[EMPTY])
        gap = 1.0 if cell >= 4 else 0.0
        for y, x in np.argwhere(codes != EMPTY).tolist():
            rect = QRectF(left + x * cell, top + y * cell, cell - gap, cell - gap)
            painter.fillRect(rect, colors[int(codes[y, x])])
        painter.setPen(QPen(theme.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left, top, cell * width, cell * height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.background, 1))
        painter.setBrush(theme.text)
        middle = QPointF(left + (width // 2 + 0.5) * cell, top + (height // 2 + 0.5) * cell)
        painter.drawEllipse(middle, max(1.5, cell / 5), max(1.5, cell / 5))

    def _paint_arrows(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.muted, 1))
        painter.setBrush(self.theme.muted)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        painter.setFont(font)
        x, y = 6.0, self.height() - _ARROW - 8.0
        for end, letter, at in (
            (QPointF(x + _ARROW - 5, y), "X", QPointF(x + _ARROW - 3, y + 4)),
            (QPointF(x, y + _ARROW - 5), "Y", QPointF(x + 4, y + _ARROW)),
        ):
            painter.drawLine(QPointF(x, y), end)
            painter.drawEllipse(end, 1.5, 1.5)
            painter.drawText(at, letter)


def codes_of(array: Any) -> NDArray[np.uint8]:
    """Return the codes of a single mask."""
    return np.asarray(array).astype(np.uint8)
