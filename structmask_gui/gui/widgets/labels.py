"""Sentences and figures in panels: labels that wrap, areas that scroll them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QWidget,
)

if TYPE_CHECKING:
    pass

_OPTION = re.compile(r" \(--[^)]*\)")
"""What to write on the command line, which a note says beside the words for it."""


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


def breakable(text: str) -> str:
    """Return a text whose long names may go on in the next line, after an underscore."""
    return text.replace("_", "_\N{ZERO WIDTH SPACE}")


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def times(value: float) -> str:
    """Return a factor in three digits."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def in_labels(text: str) -> str:
    """Say a text in the words of the window: labels for parameters, no options in brackets."""
    text = _OPTION.sub("", text)
    if "_" not in text:
        return text
    from structmask_gui.core.parameters.model import parameter_infos

    for name, info in parameter_infos().items():
        if "_" in name:
            text = re.sub(rf"\b{name}\b", f"“{info.about.label}”", text)
    return text


def spoken(seconds: float) -> str:
    """Return a time as people say it, as in "12 s" and "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
