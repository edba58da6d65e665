"""Pens as wide on paper as on the screen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen


def pen(color: QColor, width: float, unit: float = 1.0, *, dashes: tuple[float, ...] = ()) -> QPen:
    """Return a pen ``width`` pixels of the screen wide; ``unit`` is from `screen_unit`."""
    # Not Qt's cosmetic pens: they stay one pixel wide where a picture is drawn twice as large.
    made = QPen(color, width * unit)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    made.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashes:
        made.setDashPattern(dashes)
    return made


def screen_unit(painter: QPainter) -> float:
    """Return the size of a pixel of the screen in the painter's coordinates."""
    return 1.0 / max(abs(painter.worldTransform().m11()), 1e-9)
