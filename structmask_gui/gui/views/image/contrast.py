"""The contrast of the image: what is black, what is white, by hand or by percentiles."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QWidget

from structmask_gui.gui.views.image.display import CLIPPED
from structmask_gui.gui.widgets.inputs import NumberBox


class ContrastPanel(QWidget):
    """A small panel for a menu."""

    automatic_chosen = Signal(float)  # per cent clipped at each end
    levels_chosen = Signal(float, float)  # values to draw black and white

    def __init__(self) -> None:
        super().__init__()
        self.automatic = QCheckBox("Automatic, for each frame")
        self.automatic.setChecked(True)
        self.clipped = NumberBox(0, 20, 0.05, whole=False, unit="%")
        self.clipped.setValue(CLIPPED)
        self.clipped.setToolTip("Share of the pixels drawn black, and as many white.")
        self.low = NumberBox(-1e15, 1e15, 1, whole=False)
        self.high = NumberBox(-1e15, 1e15, 1, whole=False)
        self.whole_range = QPushButton("Whole range")
        self.whole_range.setToolTip("From the smallest to the largest value of this frame.")
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 8, 10, 8)
        grid.addWidget(self.automatic, 0, 0, 1, 2)
        for row, (text, box) in enumerate(
            (("Clipped", self.clipped), ("Black", self.low), ("White", self.high)), start=1
        ):
            label = QLabel(text)
            label.setBuddy(box)
            box.setAccessibleName(text)
            box.setMinimumWidth(110)
            grid.addWidget(label, row, 0)
            grid.addWidget(box, row, 1)
        grid.addWidget(self.whole_range, 4, 0, 1, 2)
        self.automatic.toggled.connect(self._on_automatic)
        self.clipped.valueChanged.connect(self._on_clipped)
        self.low.valueChanged.connect(self._on_level)
        self.high.valueChanged.connect(self._on_level)
        self.whole_range.clicked.connect(self._on_whole_range)

    def set_levels(self, low: float, high: float) -> None:
        """Show the values in force, without a signal."""
        digits = 3 - math.floor(math.log10(max(high - low, 1e-12)))
        for box, value in ((self.low, low), (self.high, high)):
            box.blockSignals(True)
            box.setSingleStep(10.0 ** (2 - digits))
            box.setValue(round(value, digits))
            box.blockSignals(False)

    def _on_automatic(self, automatic: bool) -> None:
        if automatic:
            self.automatic_chosen.emit(self.clipped.value())
        else:
            self.levels_chosen.emit(self.low.value(), self.high.value())

    def _on_clipped(self, clipped: float) -> None:
        self._uncheck(automatic=True)
        self.automatic_chosen.emit(clipped)

    def _on_level(self) -> None:
        self._uncheck(automatic=False)
        self.levels_chosen.emit(self.low.value(), self.high.value())

    def _on_whole_range(self) -> None:
        self._uncheck(automatic=True)
        self.clipped.blockSignals(True)
        self.clipped.setValue(0)
        self.clipped.blockSignals(False)
        self.automatic_chosen.emit(0.0)

    def _uncheck(self, *, automatic: bool) -> None:
        self.automatic.blockSignals(True)
        self.automatic.setChecked(automatic)
        self.automatic.blockSignals(False)
