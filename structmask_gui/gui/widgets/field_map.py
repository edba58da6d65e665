"""The halves of the field, or of the stack, whose noise is correlated unlike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from structmask_gui.gui.style.themed import Themed

if TYPE_CHECKING:
    from structmask_gui.core.statistical.estimate import UnlikePart

_LINE = 18
_HEIGHT = 96

_HALVES = (
    ("left half", "right half"),
    ("upper half", "lower half"),
    ("first half of the stack", "second half of the stack"),
)


class FieldMap(Themed):
    """Draws a frame in two halves, each with its correlation; the stronger one is darker."""

    def __init__(self) -> None:
        super().__init__()
        self._shape = 1, 1
        self._part: UnlikePart | None = None
        self.texts: tuple[str, str] = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_part(self, part: UnlikePart | None, shape: tuple[int, int]) -> None:
        """Show the half that differs, of frames of a shape (h, w); nothing without one."""
        self._part, self._shape = part, shape
        self.setVisible(part is not None)
        if part is None:
            return
        names = next(names for names in _HALVES if part.where in names)
        values = [part.rho if name == part.where else part.other for name in names]
        values = [round(value, 2) + 0.0 for value in values]  # without a sign of zero
        first, second = (f"{name}: {value:.2f}" for name, value in zip(names, values, strict=True))
        self.texts = first, second
        dy, dx = part.lag
        self.setToolTip(f"Correlation of the noise of pixels {dx} to the right and {dy} down")
        self.setAccessibleName(f"Map of the noise. {first}, {second}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the map and a line of text."""
        return QSize(320, _HEIGHT + _LINE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the halves and what is measured in them."""
        if self._part is None:
            return
        painter = QPainter(self)
        painter.setPen(self.theme.text)
        title = "Where the noise differs (correlation)"
        painter.drawText(QRectF(0, 0, self.width(), _LINE), Qt.AlignmentFlag.AlignVCenter, title)
        height, width = self._shape
        wide = min(self.width() - 2, max(2.2 * _HEIGHT, _HEIGHT * width / height))
        box = QRectF(1, _LINE, wide, _HEIGHT - 2)
        across = self._part.where.startswith(("upper", "lower"))
        first, second = QRectF(box), QRectF(box)
        if across:
            first.setHeight(box.height() / 2)
            second.setTop(first.bottom())
        else:
            first.setWidth(box.width() / 2)
            second.setLeft(first.right())
        for half, text in ((first, self.texts[0]), (second, self.texts[1])):
            stronger = text.startswith(self._part.where)
            tint = QColor(self.palette().highlight().color())
            tint.setAlpha(120 if stronger else 30)
            painter.fillRect(half, tint)
            painter.drawRect(half)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(half.adjusted(4, 2, -4, -2), int(flags), text)
