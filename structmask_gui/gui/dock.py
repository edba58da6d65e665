"""A dock whose buttons can be seen in the dark, too."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QWidget

from structmask_gui.gui.style.icons import icon

_BUTTONS = (
    ("qt_dockwidget_floatbutton", "float", "Take it out of the window, or put it back"),
    ("qt_dockwidget_closebutton", "close", "Hide it; View > Panels shows it again"),
)
"""Qt's names of the buttons in the title, and what they get: drawing and tooltip."""


class Dock(QDockWidget):
    """A dock that draws the buttons of its title in the colours of the palette.

    Qt has them drawn by the style, in greys for a light window.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._draw_buttons()
        # Qt puts its own drawings back each time.
        for moved in (self.topLevelChanged, self.dockLocationChanged, self.visibilityChanged):
            moved.connect(self._draw_buttons)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw_buttons()

    def _draw_buttons(self, *_: object) -> None:
        for name, drawing, tip in _BUTTONS:
            button = self.findChild(QAbstractButton, name)
            if button is not None:
                button.setIcon(icon(drawing))
                button.setToolTip(tip)
