"""Views of correlations, in which the zero lag is far above all others: in their range or not."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from structmask_gui.gui.views.base import PictureView


class ZeroLagView(PictureView):
    """A view that leaves the zero lag out of its range unless asked for, in its menu.

    Signals
    -------
    zero_lag_chosen(bool)
        The zero lag was taken in or left out in the menu.
    """

    zero_lag_chosen = Signal(bool)

    ZERO_LAG_TEXT = "Zero lag in the range"
    """What the menu says."""

    _zero_lag = False

    def set_zero_lag_in_range(self, inside: bool) -> None:
        """Let the zero lag count for the range; or leave it out."""
        if inside != self._zero_lag:
            self._zero_lag = inside
            self._on_zero_lag()

    def _on_zero_lag(self) -> None:
        """Take on the other range."""
        raise NotImplementedError

    def fill_menu(self, menu: QMenu) -> None:
        """Put the actions into the menu."""
        super().fill_menu(menu)
        self._zero_lag_action = menu.addAction(self.ZERO_LAG_TEXT)
        self._zero_lag_action.setCheckable(True)
        self._zero_lag_action.triggered.connect(self._on_zero_lag_action)
        menu.insertAction(self._reset_action, self._zero_lag_action)

    def update_menu(self) -> None:
        """Check what is chosen."""
        super().update_menu()
        self._zero_lag_action.setChecked(self._zero_lag)

    def _on_zero_lag_action(self, inside: bool) -> None:
        self.set_zero_lag_in_range(inside)
        self.zero_lag_chosen.emit(inside)
