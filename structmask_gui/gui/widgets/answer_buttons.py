"""The buttons beside an answer: what it advises first, how to use the mask, and why."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

_MOST = 3
"""Actions of an answer that get a button."""

BUTTONS: dict[str, tuple[str, str]] = {
    "use_mask": ("Use this mask ▾", "Copy the mask for a trainer, or save it"),
    "copy_plain_n2v": ("Plain N2V…", "Show what to set in each trainer for no mask"),
    "what_to_record": ("What to record…", "Show which frames decide what these cannot"),
    "preview_removal": ("Preview removal…", "Show a frame without the offsets, then write all"),
    "correct": ("Correct…", "See whether dark frames or an even field show it, and remove it"),
    "add_files": ("Add files…", "Average more files of the same field with the open ones"),
    "measure_every_second": (
        "Measure every 2nd frame",
        "Measure one of the two images alone; undo goes back",
    ),
    "back_to_recommended": ("Back to recommended", "Take the recommended mask; undo goes back"),
    "compare_with_automatic": (
        "Compare with automatic",
        "Show the recommended mask beside this one; your settings stay",
    ),
    "map": ("Map", "Show where the noise differs over the field"),
    "use_trainer_shape": ("Copy for CAREamics…", "Show the setting of CAREamics for this mask"),
    "open_raw": ("Open the raw stack", "Open the stack that this one was made of"),
    "judge": ("Judge this one", "Open the raw stack, and judge this one beside it"),
}
"""Text and tooltip of the button for each action of an answer and of `OF_DENOISED`."""

OF_DENOISED = "open_raw", "judge"
"""What can be done with a stack that was denoised here; the engine knows nothing of its raw one."""


class AnswerButtons(QWidget):
    """A row with a button for each action of an answer, and one for its reasons."""

    acted = Signal(str)  # the action of an answer whose button was pressed
    why = Signal()  # the reasons are asked for

    def __init__(self) -> None:
        super().__init__()
        # With large text the buttons must not make the window wider than the screen.
        self.setMinimumWidth(1)
        self._menu: QMenu | None = None
        self._shown: list[str] = []
        self.buttons: dict[str, QPushButton] = {}
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for action, (text, tip) in BUTTONS.items():
            button = QPushButton(text)
            button.setObjectName(action)
            button.setToolTip(tip)
            button.hide()
            button.clicked.connect(self._on_button)
            self.buttons[action] = button
        self.why_button = QToolButton()
        self.why_button.setText("Why?")
        self.why_button.setToolTip("Show what speaks for this mask, and what was not tested")
        self.why_button.clicked.connect(self.why)
        row.addStretch(1)
        row.addWidget(self.why_button)

    def set_use_menu(self, menu: QMenu) -> None:
        """Give the button for using the mask its menu."""
        self._menu = menu

    def show_actions(self, actions: tuple[str, ...], *, of_mask: bool, why: bool) -> None:
        """Show a button for each of the first actions.

        `of_mask`: there is a mask, which can be used also where that is not advised; `why`: there
        are reasons to show.
        """
        shown = list(actions[:_MOST])
        if of_mask and "use_mask" not in shown:
            # Last, where the answer does not advise it: there is no other place for it.
            shown.append("use_mask")
        if shown != self._shown:
            self._shown = shown
            for button in self.buttons.values():
                self._row.removeWidget(button)
            # Always at the same place: who is about to press it must not meet another one.
            for action in sorted(shown, key=lambda one: one == "use_mask"):
                self._row.insertWidget(self._row.count() - 1, self.buttons[action])
                # What the answer does not advise is never the main one.
                self._emphasize(self.buttons[action], action in actions[:1])
            for action, button in self.buttons.items():
                button.setVisible(action in shown)
        self.why_button.setVisible(why)

    def narrowed_to(self, room: int) -> int:
        """Leave out what the menus have, too, where there is no room; return the width of all."""
        shown = [*(self.buttons[action] for action in self._shown), self.why_button]
        taken = sum(button.sizeHint().width() + self._row.spacing() for button in shown)
        if len(self._shown) > 2 or self._shown[1:] == ["use_trainer_shape"]:
            self.buttons[self._shown[1]].setVisible(taken <= room)
        return taken

    def restyle(self) -> None:
        """Follow the palette."""
        for button in self.buttons.values():
            self._emphasize(button, bool(button.property("main")))

    def _emphasize(self, button: QPushButton, main: bool) -> None:
        """Give the main button the colours of a selection."""
        own = QPalette()
        if main:
            palette = self.palette()
            ground = palette.color(QPalette.ColorRole.Highlight).toHsl()
            # Buttons are drawn lighter than their colour, and white words need a dark ground.
            ground.setHsl(ground.hue(), ground.saturation(), min(ground.lightness(), 96))
            own.setColor(QPalette.ColorRole.Button, ground)
            own.setColor(QPalette.ColorRole.ButtonText, palette.highlightedText().color())
        button.setProperty("main", main)
        if own != button.property("own"):
            button.setProperty("own", own)
            button.setPalette(own)

    def _on_button(self) -> None:
        button = self.sender()
        if not isinstance(button, QPushButton):
            return
        if button.objectName() == "use_mask" and self._menu is not None:
            self._menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
        else:
            self.acted.emit(button.objectName())
