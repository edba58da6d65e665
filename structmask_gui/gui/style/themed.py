"""A widget that paints itself, in the colours of the palette."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.style.colours import Colours


class Themed(QWidget):
    """Keeps `theme` up to date; what it draws beside follows by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = Colours.of(self.palette())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.theme = Colours.of(self.palette())
            self.update()
