"""Dialogs that tests have opened, and actions as a person triggers them."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog

from structmask_gui.gui.window.main_window import MainWindow


def dialog(kind: type[QDialog]) -> Any:
    """Return the open dialog of a kind."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert len(found) == 1, found
    return found[0]


def trigger(window: MainWindow, name: str) -> QAction:
    action = window.actions_by_id[name]
    assert action.isEnabled(), name
    action.trigger()
    return action
