"""The keys that zoom a picture: + - 0."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt


class Zoomed(Protocol):
    """A picture that can be zoomed."""

    def zoom(self, factor: float) -> None:
        """Show it so many times as large."""
        ...

    def reset_zoom(self) -> None:
        """Show everything."""
        ...


def zoom_by_key(picture: Zoomed, key: int) -> bool:
    """Zoom if that is what a key does; return whether it does."""
    if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
        picture.zoom(1.25)
    elif key == Qt.Key.Key_Minus:
        picture.zoom(0.8)
    elif key == Qt.Key.Key_0:
        picture.reset_zoom()
    else:
        return False
    return True
