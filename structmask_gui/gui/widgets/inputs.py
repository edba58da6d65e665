"""The small inputs of the panels: slider, number box, combo box, reset button.

The wheel changes none of them, with the focus neither: who scrolls a panel would change a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QPushButton, QSlider, QToolButton

_LONG = 1e9
"""Numbers from here on, as seeds, are seen whole; smaller limits are hardly ever reached."""


SLIDER_WIDTH = 90
"""The least a slider is wide."""


def button(text: str, tip: str, act: Callable[[], object]) -> QPushButton:
    """Return a button for a method without arguments."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(act)
    return made


class Slider(QSlider):
    """A horizontal slider that leaves the wheel to the panel."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(SLIDER_WIDTH)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel, which scrolls."""
        event.ignore()


class Choice(QComboBox):
    """A combo box that leaves the wheel to the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def fill(self, items: Iterable[tuple[Any, str]], present: object) -> None:
        """Offer other values, each with its text, and show the present one."""
        self.clear()
        for value, text in items:
            self.addItem(text, value)
        self.setCurrentIndex(max(0, self.findData(present)))

    def show_all(self) -> None:
        """Be as wide as the longest text, in place of a few letters."""
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a frame around it while it has the keyboard, which the style hardly shows."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel, which scrolls."""
        event.ignore()


class NumberBox(QDoubleSpinBox):
    """A box for a number of any accepted size, shown as short as it can be said."""

    def __init__(
        self,
        lowest: float,
        highest: float,
        step: float,
        *,
        whole: bool,
        unit: str = "",
        lowest_word: str = "",
    ) -> None:
        super().__init__()
        # Short decimals for steps, as many as needed for what is typed or comes from a preset.
        self._shown = 0 if whole else max(0, -math.floor(math.log10(step) + 1e-9))
        self.setLocale(QLocale(QLocale.Language.C))
        self.setDecimals(0 if whole else 9)
        self.setRange(lowest, highest)
        self.setSingleStep(step)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSpecialValueText(lowest_word)
        self._digits = max(5, len(f"{highest:.0f}")) if highest >= _LONG else 5

    def textFromValue(self, value: float) -> str:
        """Return the number with the step's decimals, or more where it has more."""
        short = f"{value:.{self._shown}f}"
        if math.isclose(float(short), value, rel_tol=1e-9, abs_tol=1e-12):
            return short
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".")

    def valueFromText(self, text: str) -> float:
        """Return the number; a comma is as good as a point."""
        return super().valueFromText(text.replace(",", "."))

    def validate(self, text: str, position: int) -> Any:
        """Accept a comma for a point."""
        state, _, position = super().validate(text.replace(",", "."), position)
        return QValidator.State(state), text, position

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel, which scrolls."""
        event.ignore()

    def sizeHint(self) -> QSize:
        """Return a width for five digits and the unit, or for all digits of a long number."""
        hint = super().sizeHint()
        metrics = QFontMetrics(self.font())
        return QSize(
            metrics.horizontalAdvance("0" * self._digits + self.suffix()) + 14, hint.height()
        )

    def minimumSizeHint(self) -> QSize:
        """Return the same as `sizeHint`."""
        return self.sizeHint()


class ResetButton(QToolButton):
    """A round arrow, drawn in the palette's colour so that it survives dark mode."""

    def __init__(self, label: str, default: str) -> None:
        super().__init__()
        self.setAutoRaise(True)
        self.setFixedSize(20, 20)
        self.set_default(default)
        self.setAccessibleName(f"Reset {label}")
        self.setEnabled(False)

    def set_default(self, default: str) -> None:
        """Name the value that it puts back."""
        self.setToolTip(f"Back to the default, {default}")

    def paintEvent(self, event: Any) -> None:
        """Draw the button; only where there is something to reset."""
        if not self.isEnabled():
            return
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self.palette().color(QPalette.ColorRole.ButtonText)
        painter.setPen(QPen(color, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle = QPointF(self.rect().center()) + QPointF(0.5, 0.5)
        radius = 4.8
        square = QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)
        painter.drawArc(square, 110 * 16, -290 * 16)
        tip = middle + QPointF(
            radius * math.cos(math.radians(110)), -radius * math.sin(math.radians(110))
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(
            QPolygonF(
                [tip + QPointF(-3.4, -0.4), tip + QPointF(2.2, -3.4), tip + QPointF(1.8, 3.0)]
            )
        )
        painter.end()
