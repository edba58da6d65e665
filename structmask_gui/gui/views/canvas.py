"""The pyqtgraph parts that every view is built from: canvas, box, axes, arrows, colour bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy

from structmask_gui.gui.style.colours import Colours

AXIS_WIDTH = 38
AXIS_HEIGHT = 34
COMPACT = (30, 17)
_LINE = 14
"""Height of the text that these sizes are for; larger text takes more room."""
BAR_WIDTH = 12


class Canvas(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """A graphics view that says where the pointer is."""

    hovered = Signal(QPointF)  # in scene coordinates, as are the next three
    left = Signal()
    pressed = Signal(QPointF)  # left button, only while `grabs_left`
    dragged = Signal(QPointF)
    released = Signal(QPointF)
    double_clicked = Signal()
    menu_requested = Signal(QPoint)  # by the menu key; in global coordinates
    key_pressed = Signal(object)  # QKeyEvent; accept it to keep it from the window
    resized = Signal()

    def __init__(self) -> None:
        super().__init__(background=None)
        self.grabs_left = False
        self._grabbed = False
        self.setAntialiasing(True)
        # The scene's size is no wish: the view gives the canvas what room there is.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the press, or hand it to pyqtgraph."""
        if self.grabs_left and event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._grabbed = True
            self.pressed.emit(self.mapToScene(event.position().toPoint()))
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say where the pointer is."""
        where = self.mapToScene(event.position().toPoint())
        self.hovered.emit(where)
        if self._grabbed:
            self.dragged.emit(where)
            event.accept()
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the release, or hand it to pyqtgraph."""
        if self._grabbed and event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = False
            self.released.emit(self.mapToScene(event.position().toPoint()))
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the whole picture."""
        if event.button() == Qt.MouseButton.LeftButton and not self.grabs_left:
            self.double_clicked.emit()
            event.accept()
            return
        super().mouseDoubleClickEvent(event)

    def resizeEvent(self, event: Any) -> None:
        """Say that the size changed."""
        # pyqtgraph calls it while it is still being made.
        if hasattr(self, "_grabbed"):
            self.resized.emit()
        super().resizeEvent(event)

    def paintEvent(self, event: Any) -> None:
        """Frame the picture that has the keyboard."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))
            painter.end()

    def focusInEvent(self, event: Any) -> None:
        """Draw the frame."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: Any) -> None:
        """Take the frame away."""
        super().focusOutEvent(event)
        self.viewport().update()

    def leaveEvent(self, event: Any) -> None:
        """Say that the pointer left."""
        super().leaveEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Offer the key to the view first."""
        event.ignore()
        self.key_pressed.emit(event)
        if not event.isAccepted():
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu when the menu key is pressed."""
        # The right button also zooms by dragging, so its menu comes from a click in the box.
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_requested.emit(event.globalPos())
        event.accept()


class Box(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """A view box with y downwards, square pixels, and a right click that asks for a menu."""

    right_clicked = Signal(QPoint)

    def __init__(self, *, square: bool = True, down: bool = True) -> None:
        super().__init__(lockAspect=square, enableMenu=False, invertY=down, defaultPadding=0)
        self.disableAutoRange()

    def mouseClickEvent(self, event: Any) -> None:
        """Ask for the menu on a right click."""
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
            self.right_clicked.emit(event.screenPos().toPoint())


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis of fixed size with few, plain ticks; whole numbers only if so asked."""

    def __init__(
        self, orientation: str, *, whole: bool, label: str = "", size: int = AXIS_WIDTH
    ) -> None:
        super().__init__(orientation, maxTickLength=-4)
        self._size = size
        self.width_taken = size
        self.height_taken = AXIS_HEIGHT
        self._compact = False
        self._room = COMPACT
        self._grown = 1.0
        self.whole = whole
        self._text = label
        self.enableAutoSIPrefix(False)
        self.setStyle(autoExpandTextSpace=False, tickTextOffset=3, tickTextHeight=14)
        if orientation in ("left", "right"):
            self.setWidth(size)
        else:
            self.setHeight(AXIS_HEIGHT)
            # A number at the end may stand out beyond the picture by half its width.
            self.setStyle(hideOverlappingLabels=16)

    def restyle(self, theme: Colours, font: QFont) -> None:
        """Take on the colours and the font."""
        self.setPen(QPen(theme.line, 1))
        self.setTextPen(QPen(theme.muted))
        self.setTickFont(font)
        # In too little room numbers are left out, or cut.
        self._grown = max(1.0, QFontMetricsF(font).height() / _LINE)
        self.setStyle(tickTextHeight=round(_LINE * self._grown))
        self._take_room()
        if self._text:
            size = (
                f"{font.pointSizeF():.1f}pt" if font.pointSizeF() > 0 else f"{font.pixelSize()}px"
            )
            self.setLabel(self._text, **{"color": theme.muted.name(), "font-size": size})
            self.showLabel(not self._compact)

    def set_compact(self, compact: bool, room: tuple[int, int] = COMPACT) -> None:
        """Take room for the numbers only, or for what they count, too; without room be away."""
        self._compact, self._room = compact, room
        self.setVisible(not compact or all(room))
        self.showLabel(bool(self._text) and not compact)
        self._take_room()

    def _take_room(self) -> None:
        if self.orientation in ("left", "right"):
            self.width_taken = round(self._grown * (self._room[0] if self._compact else self._size))
            self.setWidth(self.width_taken)
        else:
            height = self._room[1] if self._compact else AXIS_HEIGHT
            self.height_taken = round(self._grown * height)
            self.setHeight(self.height_taken)

    def set_text(self, label: str) -> bool:
        """Set the axis label, to show with the next `restyle`; return whether it is another."""
        changed = label != self._text
        self._text = label
        return changed

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Return the distance of the ticks: 1, 2 or 5 times a power of ten."""
        # Numbers below each other may stand closer than side by side.
        apart = 24 if self.orientation in ("left", "right") and not self.whole else 42
        wanted = max(2.0, size / (apart * self._grown))
        rough = max(abs(high - low), 1e-300) / wanted
        magnitude = 10.0 ** np.floor(np.log10(rough))
        steps = [m * magnitude for m in (0.5, 1, 2, 5, 10)]
        at = next(n for n, step in enumerate(steps) if n and step >= rough * 0.999)
        step = steps[at]
        closer = steps[at - 1]
        least = self._grown * (16 if self.orientation in ("left", "right") else 28)
        room = size * closer / max(abs(high - low), 1e-300)
        if np.floor(high / step) - np.ceil(low / step) < 1 and room >= least:
            step = closer  # of a single number nobody reads a scale
        if self.whole:
            step = max(1.0, step)
        return [(float(step), 0.0)]

    def tickStrings(self, values: list[float], _scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks."""
        if self.whole:
            said = [f"{round(value)}".replace("-", "−") for value in values]
            # Without room for what they count, the last number has the unit.
            alone = self._compact and self.orientation == "bottom" and "pixels" in self._text
            return [*said[:-1], f"{said[-1]} px"] if alone and len(said) > 1 else said
        if spacing and not 1e-4 <= spacing < 1e5:
            return [f"{value:.2g}".replace("-", "−") for value in values]
        places = max(0, int(-np.floor(np.log10(spacing) + 1e-9))) if spacing else 0
        return [f"{value:.{places}f}".replace("-", "−") for value in values]

    # Wheel and drag over an axis would stretch one direction alone; pictures stay square.
    def wheelEvent(self, event: Any) -> None:
        """Leave the wheel to others."""
        event.ignore()

    def mouseDragEvent(self, event: Any) -> None:
        """Leave drags to others."""
        event.ignore()


class Arrows(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Small arrows in the corner between the axes: which way x and y run in the image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Smaller than Qt's default of 50 pixels, which would push the axes aside.
        self.setMinimumSize(0, 0)
        self.setPreferredSize(width, AXIS_HEIGHT)
        self.setMaximumSize(width, AXIS_HEIGHT)
        self._pen = QPen()
        self._font = QFont()

    def restyle(self, theme: Colours, font: QFont) -> None:
        """Take on the colours and the font."""
        self._pen = QPen(theme.text, 1.2)
        self._font = QFont(font)
        self._font.setBold(True)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        rect = self.rect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.setBrush(self._pen.color())
        painter.setFont(self._font)
        length = 12.0
        letter = QFontMetricsF(self._font).capHeight()
        x, y = rect.left() + 3.5, rect.top() + 11.5  # clear of numbers at the picture's corner
        _arrow(painter, QPointF(x, y), QPointF(x + length, y))
        painter.drawText(QPointF(x + length + 3, y + letter / 2), "X")
        _arrow(painter, QPointF(x, y), QPointF(x, y + length))
        painter.drawText(QPointF(x + 5, y + length + letter / 2), "Y")


def _arrow(painter: QPainter, start: QPointF, end: QPointF) -> None:
    painter.drawLine(start, end)
    step = end - start
    length = max(abs(step.x()), abs(step.y()))
    along = QPointF(step.x() / length, step.y() / length)
    across = QPointF(-along.y(), along.x())
    painter.drawPolygon(
        QPolygonF([end, end - along * 5 + across * 2.6, end - along * 5 - across * 2.6])
    )


class ColorBar(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """The strip of colours beside an axis with their values."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self._pen = QPen()
        self.set_width(BAR_WIDTH)

    def set_width(self, width: int) -> None:
        """Take a width; Qt keeps room for what is hidden, too."""
        self.setMinimumWidth(width)
        self.setMaximumWidth(width)

    def set_table(self, table: NDArray[np.uint8]) -> None:
        """Show a table of colours, shape (n, 3), low at the bottom."""
        column = np.ascontiguousarray(table[::-1, np.newaxis, :])
        n = len(table)
        self._image = QImage(column.tobytes(), 1, n, 3, QImage.Format.Format_RGB888).copy()
        self.update()

    def restyle(self, theme: Colours) -> None:
        """Take on the colours."""
        self._pen = QPen(theme.line, 1)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint it."""
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(rect, self._image)
        painter.setPen(self._pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect)
