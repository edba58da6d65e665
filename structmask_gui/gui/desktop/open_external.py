"""What is handed to other programs of the desktop."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication


def open_outside(path: Path) -> bool:
    """Hand a file or folder to the system's own program for it; False if there is none."""
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        return False
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute())))
