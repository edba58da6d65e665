"""Labels that wrap, and areas that scroll them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QWidget,
)


def paragraph(text: str = "") -> QLabel:
    """Return a label that wraps, and whose text can be selected."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def say(label: QLabel, text: str) -> None:
    """Set a label's text, but not an equal one, which would lay out the panel again."""
    if label.text() != text:
        label.setText(text)


def scrolled(body: QWidget) -> QScrollArea:
    """Return a body in an area without a frame that scrolls it up and down."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    # A word that is wider than the area must not push the ends of all lines out of sight.
    body.setMinimumWidth(1)
    area.setWidget(body)
    return area
