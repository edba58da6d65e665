"""Pictures of one place beside each other, one over the other, or in turn; zoomed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from structmask_gui.gui.style.colormaps import lookup_table
from structmask_gui.gui.style.themed import Themed
from structmask_gui.gui.views.overlay import zoom_by_key
from structmask_gui.gui.views.plane_item import colored

Mode = Literal["beside", "wipe", "blink"]
Values = NDArray[np.float32]
"""An image, 2-D."""

_TITLE = 18
_GAP = 6
_BLINK = 600
"""Milliseconds that each picture stands."""

_DEEPEST = 64.0
_NEAR = 8


@dataclass(frozen=True, eq=False)
class Picture:
    """One of the pictures."""

    title: str
    values: Values
    levels: tuple[float, float]  # drawn black and white


def compared(
    titles: tuple[str, str, str],
    images: tuple[Values, Values, Values],
    levels: tuple[float, float],
) -> tuple[Picture, Picture, Picture]:
    """Return two images and their difference in one contrast, no difference being grey."""
    half = (levels[1] - levels[0]) / 2
    one, other, difference = titles
    return (
        Picture(one, images[0], levels),
        Picture(other, images[1], levels),
        Picture(difference, images[2], (-half, half)),
    )


class Ways(QWidget):
    """A button for each way to compare, as name, text and tip; the first one is chosen."""

    chosen = Signal(str)  # its name

    def __init__(self, ways: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.buttons: dict[str, QToolButton] = {}
        self.way = ways[0][0]
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name, text, tip in ways:
            self.buttons[name] = button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setChecked(name == self.way)
            button.setAutoRaise(True)
            button.clicked.connect(partial(self.choose, name))
            group.addButton(button)
            row.addWidget(button)

    @property
    def mode(self) -> Mode:
        """How `ImageCompare` shows what it is given."""
        return "wipe" if self.way == "wipe" else "blink" if self.way == "blink" else "beside"

    def choose(self, way: str, *_: object) -> None:
        """Choose a way by its name."""
        self.way = way
        self.buttons[way].setChecked(True)
        self.chosen.emit(way)


class ImageCompare(Themed):
    """Draws pictures of the same size.

    "beside" shows all of them, "wipe" the first two with a line to drag between them, "blink" the
    first two in turn.
    """

    pointed = Signal(str)  # the values under the pointer; empty when it left
    zoomed = Signal(object)  # the visible rectangle of the frame, a QRectF; null if all of it is

    def __init__(self) -> None:
        super().__init__()
        self.pictures: tuple[Picture, ...] = ()
        self._images: list[QImage] = []
        self._marks: QImage | None = None
        self._corner = (0, 0)
        self.mode: Mode = "beside"
        self._zoom = 1.0
        self._centre = QPointF(0.5, 0.5)
        self.split = 0.5
        self.margins = 0, 0
        """Pixels left free above and below a picture that stands alone."""
        self.second = False  # which of two is seen, while blinking
        self._grabbed: QPointF | None = None
        self._splitting = False
        self._timer = QTimer(self)
        self._timer.setInterval(_BLINK)
        self._timer.timeout.connect(self.turn)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Original, preview and residual")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # --- what is shown ------------------------------------------------------------------------

    def set_pictures(self, pictures: tuple[Picture, ...], corner: tuple[int, int] = (0, 0)) -> None:
        """Show other pictures; ``corner`` (y, x) is where they lie in the frame."""
        table = lookup_table("grey").astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        table = np.uint32(0xFF000000) + table.astype(np.uint32)
        shapes = {picture.values.shape for picture in self.pictures}
        # The original is the same for every mask.
        known = {
            (id(p.values), p.levels): image
            for p, image in zip(self.pictures, self._images, strict=True)
        }
        self._images = [
            known.get((id(p.values), p.levels)) or colored(p.values, p.levels, table)
            for p in pictures
        ]
        self.pictures, self._corner = pictures, corner
        if {picture.values.shape for picture in pictures} != shapes:
            self._show_all()
        self.update()

    def set_marks(self, marks: NDArray[np.bool_] | None) -> None:
        """Tint places in all pictures, or none."""
        self._marks = None
        if marks is not None:
            tint = self.theme.second
            alpha = 110
            parts = [c * alpha // 255 for c in (tint.red(), tint.green(), tint.blue())]
            colour = alpha << 24 | parts[0] << 16 | parts[1] << 8 | parts[2]
            table = np.where(np.arange(256) > 0, np.uint32(colour), np.uint32(0)).astype(np.uint32)
            self._marks = colored(marks.astype(np.uint8), (0.0, 1.0), table)
        self.update()

    def set_mode(self, mode: Mode) -> None:
        """Show them in another way."""
        self.mode = mode
        self.second = False
        if mode == "blink" and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()
        self.update()

    def turn(self) -> None:
        """Show the other picture, while blinking."""
        self.second = not self.second
        self.update()

    def showEvent(self, _event: QEvent) -> None:
        """Blink only while it is seen."""
        if self.mode == "blink":
            self._timer.start()

    def hideEvent(self, _event: QEvent) -> None:
        """Rest while it is not seen."""
        self._timer.stop()

    # --- geometry -----------------------------------------------------------------------------

    def _frames(self) -> list[QRectF]:
        """Return the rectangles the pictures are drawn in, without titles."""
        number = len(self.pictures) if self.mode == "beside" else 1
        if number > 1:
            return self._beside(number)
        # One picture needs no title: what is above it says which.
        title, below = (_TITLE, 0) if len(self.pictures) > 1 else self.margins
        width, height = float(self.width()), max(1.0, self.height() - title - below)
        if not self.pictures:
            return [QRectF(0, title, width, height)]
        # Of the picture's own shape: zoomed, it shows what the image beside it shows.
        rows, columns = self.pictures[0].values.shape
        scale = min(width / columns, height / rows)
        left, top = (width - columns * scale) / 2, title + (height - rows * scale) / 2
        return [QRectF(left, top, columns * scale, rows * scale)]

    def _beside(self, number: int) -> list[QRectF]:
        """Return the rectangles of several pictures, in as many rows as make them largest."""
        rows, columns = self.pictures[0].values.shape

        def cell(across: int) -> tuple[float, float]:
            down = -(-number // across)
            width = (self.width() - _GAP * (across - 1)) / across
            return width, max(1.0, (self.height() - _GAP * (down - 1)) / down - _TITLE)

        def scale(across: int) -> float:
            width, height = cell(across)
            return float(min(width / columns, height / rows))

        across = max(range(number, 0, -1), key=scale)
        width, height = cell(across)
        return [
            QRectF(
                n % across * (width + _GAP),
                n // across * (height + _TITLE + _GAP) + _TITLE,
                width,
                height,
            )
            for n in range(number)
        ]

    def _scale(self, frame: QRectF) -> float:
        """Return pixels of the screen for one of the picture."""
        height, width = self.pictures[0].values.shape
        fitted = min(frame.width() / width, frame.height() / height)
        return float(fitted * self._zoom)

    def _target(self, frame: QRectF) -> QRectF:
        """Return where the whole picture would lie, parts of it beyond the frame."""
        height, width = self.pictures[0].values.shape
        scale = self._scale(frame)
        size = QPointF(width * scale, height * scale)
        middle = frame.center()
        return QRectF(
            middle.x() - self._centre.x() * size.x(),
            middle.y() - self._centre.y() * size.y(),
            size.x(),
            size.y(),
        )

    def _visible(self, frame: QRectF) -> QRectF:
        return self._target(frame).intersected(frame)

    def reset_zoom(self) -> None:
        """Show everything."""
        self._show_all()
        self.zoomed.emit(QRectF())

    def _show_all(self) -> None:
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.update()

    def show_rect(self, rect: QRectF) -> None:
        """Show a rectangle of the frame, without telling others; a null one shows everything."""
        if rect.isNull() or not self.pictures:
            self._show_all()
            return
        height, width = self.pictures[0].values.shape
        share = max(rect.width() / width, rect.height() / height)
        self._zoom = min(max(1 / share, 1.0), _DEEPEST)
        middle = rect.center() - QPointF(self._corner[1] - 0.5, self._corner[0] - 0.5)
        self._centre = QPointF(middle.x() / width, middle.y() / height)
        self._keep_inside()

    def _tell_zoom(self) -> None:
        """Say which rectangle of the frame is visible."""
        if self.pictures:
            frame = self._frames()[0]
            target, seen, scale = self._target(frame), self._visible(frame), self._scale(frame)
            left = (seen.left() - target.left()) / scale + self._corner[1] - 0.5
            top = (seen.top() - target.top()) / scale + self._corner[0] - 0.5
            rect = QRectF(left, top, seen.width() / scale, seen.height() / scale)
            self.zoomed.emit(rect if self._zoom > 1 else QRectF())

    def zoom(self, factor: float) -> None:
        """Enlarge or shrink about the middle."""
        self._zoom = min(max(self._zoom * factor, 1.0), _DEEPEST)
        self._keep_inside()
        self._tell_zoom()

    def _keep_inside(self) -> None:
        margin = 0.5 / self._zoom
        self._centre = QPointF(
            min(max(self._centre.x(), margin), 1 - margin),
            min(max(self._centre.y(), margin), 1 - margin),
        )
        self.update()

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pictures and their titles."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.background)
        if self.pictures:
            frames = self._frames()
            if self.mode == "beside":
                for n, frame in enumerate(frames):
                    self._draw(painter, n, frame, self._visible(frame))
            elif self.mode == "blink":
                self._draw(painter, int(self.second), frames[0], self._visible(frames[0]))
            else:
                self._draw_wipe(painter, frames[0])
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _draw(self, painter: QPainter, n: int, frame: QRectF, part: QRectF) -> None:
        if len(self.pictures) > 1:
            above = QRectF(frame.left(), frame.top() - _TITLE, frame.width(), _TITLE)
            self._draw_title(painter, n, above)
        self._draw_part(painter, n, frame, part)

    def _draw_title(self, painter: QPainter, n: int, where: QRectF) -> None:
        painter.setPen(self.theme.text)
        text = self.fontMetrics().elidedText(
            self.pictures[n].title, Qt.TextElideMode.ElideRight, int(where.width())
        )
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_part(self, painter: QPainter, n: int, frame: QRectF, part: QRectF) -> None:
        target, scale = self._target(frame), self._scale(frame)
        source = QRectF(
            (part.left() - target.left()) / scale,
            (part.top() - target.top()) / scale,
            part.width() / scale,
            part.height() / scale,
        )
        # Below full size a mean is nearer to what is there than every n-th pixel.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(part, self._images[n], source)
        if self._marks is not None:
            painter.drawImage(part, self._marks, source)

    def _draw_wipe(self, painter: QPainter, frame: QRectF) -> None:
        visible = self._visible(frame)
        line = visible.left() + self.split * visible.width()
        left, right = QRectF(visible), QRectF(visible)
        left.setRight(line)
        right.setLeft(line)
        for n, part in ((0, left), (1, right)):
            if part.width() > 0 and n < len(self._images):
                self._draw_part(painter, n, frame, part)
        painter.setPen(QPen(self.theme.second, 2))
        painter.drawLine(QPointF(line, visible.top()), QPointF(line, visible.bottom()))
        middle = visible.center().x()
        half = QRectF(visible.left(), 0, middle - visible.left() - 4, _TITLE)
        painter.setPen(self.theme.text)
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(half, flags | Qt.AlignmentFlag.AlignLeft, f"◂ {self.pictures[0].title}")
        half.moveLeft(middle + 4)
        painter.drawText(half, flags | Qt.AlignmentFlag.AlignRight, f"{self.pictures[1].title} ▸")

    # --- pointer and keys ---------------------------------------------------------------------

    def _frame_at(self, where: QPointF) -> QRectF | None:
        if not self.pictures:
            return None
        return next((frame for frame in self._frames() if frame.contains(where)), None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        frame = self._frame_at(event.position())
        if frame is None:
            return
        before = self._target(frame)
        share_x = (event.position().x() - before.left()) / before.width()
        share_y = (event.position().y() - before.top()) / before.height()
        factor = 1.2 ** (event.angleDelta().y() / 120)
        self._zoom = min(max(self._zoom * factor, 1.0), _DEEPEST)
        after = self._target(frame)
        middle = frame.center()
        self._centre = QPointF(
            share_x - (event.position().x() - middle.x()) / after.width(),
            share_y - (event.position().y() - middle.y()) / after.height(),
        )
        self._keep_inside()
        self._tell_zoom()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the line of the wipe, or the picture."""
        if event.button() != Qt.MouseButton.LeftButton or not self.pictures:
            return
        self._grabbed = event.position()
        self._splitting = False
        if self.mode == "wipe":
            visible = self._visible(self._frames()[0])
            line = visible.left() + self.split * visible.width()
            # The picture is moved only far from the line, and only when there is more of it.
            self._splitting = abs(event.position().x() - line) < _NEAR or self._zoom == 1.0
            if self._splitting:
                self._move_split(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what was taken; say what is under the pointer."""
        where = event.position()
        self.pointed.emit(self._describe(where))
        if self._grabbed is None:
            return
        if self._splitting:
            self._move_split(where)
            return
        frame = self._frames()[0]
        target, moved = self._target(frame), where - self._grabbed
        self._grabbed = where
        self._centre -= QPointF(moved.x() / target.width(), moved.y() / target.height())
        self._keep_inside()
        self._tell_zoom()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._grabbed = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show everything."""
        self.reset_zoom()

    def leaveEvent(self, _event: QEvent) -> None:
        """Nothing is under the pointer."""
        self.pointed.emit("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + - 0, wipe with the arrows."""
        key = event.key()
        if zoom_by_key(self, key):
            return
        if self.mode == "wipe" and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.set_split(self.split + (0.02 if key == Qt.Key.Key_Right else -0.02))
        else:
            super().keyPressEvent(event)

    def set_split(self, split: float) -> None:
        """Put the line of the wipe elsewhere, 0 at the left, 1 at the right."""
        self.split = min(max(split, 0.0), 1.0)
        self.update()

    def _move_split(self, where: QPointF) -> None:
        visible = self._visible(self._frames()[0])
        if visible.width() > 0:
            self.set_split((where.x() - visible.left()) / visible.width())

    def _describe(self, where: QPointF) -> str:
        frame = self._frame_at(where)
        if frame is None:
            return ""
        target, scale = self._target(frame), self._scale(frame)
        y = int((where.y() - target.top()) // scale)
        x = int((where.x() - target.left()) // scale)
        height, width = self.pictures[0].values.shape
        if not (0 <= y < height and 0 <= x < width):
            return ""
        values = "   ".join(f"{p.title} {p.values[y, x]:.4g}" for p in self.pictures)
        return f"(x, y) = ({self._corner[1] + x}, {self._corner[0] + y})   {values}"

    # --- size ---------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Return room for three pictures."""
        return QSize(420, 200)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing is seen."""
        return QSize(180, 100)
