"""The one menu by which a mask leaves the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from structmask_gui.core.names import TARGETS

_PARTS = (
    tuple(f"copy_for_{target}" for target in TARGETS),
    ("save_npy", "save_png", "save_tiff", "export_all", "save_report"),
    ("copy_mask", "copy_sentence"),
    ("batch",),
)
"""Actions of the menu, a line between the groups."""


def use_mask_menu(actions: Mapping[str, QAction], parent: QWidget | None = None) -> QMenu:
    """Return a menu that copies the mask for a trainer, saves it, or hands it on to other files."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    menu.addSection("Copy for")
    for part in _PARTS:
        for name in part:
            menu.addAction(actions[name])
        menu.addSeparator()
    return menu
