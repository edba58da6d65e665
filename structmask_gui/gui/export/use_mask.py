"""The one button by which a mask leaves the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from structmask_gui.core.names import TARGETS

_PARTS = (
    tuple(f"copy_for_{target}" for target in TARGETS),
    ("save_npy", "save_png", "save_tiff", "export_all", "save_report"),
    ("copy_mask", "copy_sentence"),
    ("batch",),
)
"""Actions of the menu, a line between the groups."""


class UseMask(QToolButton):
    """Copies the mask for a trainer, saves it in any form, hands it on to other files."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Use this mask ")  # the arrow stands on the last letter else
        self.setObjectName("use_mask")
        self.setToolTip("Copy the mask for a trainer, or save it as NPY, PNG, TIFF or report")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addSection("Copy for")
        for part in _PARTS:
            for name in part:
                menu.addAction(actions[name])
            menu.addSeparator()
        self.setMenu(menu)
        self._has_mask = actions["save_npy"]
        self._has_mask.enabledChanged.connect(self.setEnabled)
        self.setEnabled(self._has_mask.isEnabled())
