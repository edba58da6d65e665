"""The mask in figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from structmask_gui.gui.widgets.labels import say

_FIGURES = (
    ("pixels", "Pixels", "True pixels, the centre included: what the trainer blanks at once."),
    ("extent", "Extent (h × w)", "Height and width of the box about the True pixels, in pixels."),
    ("array", "Array (h × w)", "Height and width of the mask as it is exported, in pixels."),
    ("shape", "Shape", "What the True pixels look like."),
    ("parts", "Parts", "Groups of True pixels that do not touch, not even by a corner."),
    (
        "symmetric",
        "Symmetric",
        "Whether a rotation by 180° leaves the mask unchanged, as it does an autocorrelation.",
    ),
    (
        "augment",
        "Flips and rotations",
        "Which flips and rotations of the training images leave this mask right. The others must be"
        " switched off in the trainer.",
    ),
)


def allowed_augmentations(array: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the flips and rotations that leave a mask unchanged once it is padded to a square."""
    side = max(array.shape)
    pad_y, pad_x = (side - array.shape[0]) // 2, (side - array.shape[1]) // 2
    square = np.pad(array, ((pad_y, pad_y), (pad_x, pad_x)))
    moved = {
        "left-right": square[:, ::-1],
        "up-down": square[::-1],
        "90°": np.rot90(square),
        "180°": square[::-1, ::-1],
    }
    return tuple(name for name, other in moved.items() if np.array_equal(square, other))


def figures(extraction: Any) -> dict[str, str]:
    """Return the text of each figure of an `Extraction`."""
    array = extraction.mask.array
    found = extraction.mask.statistics
    return {
        "pixels": str(found.true_pixels),
        "extent": f"{found.extent[0]} × {found.extent[1]}",
        "array": f"{array.shape[0]} × {array.shape[1]}",
        "shape": _SHAPES.get(found.shape_class, found.shape_words.lower()),
        "parts": str(found.components),
        "symmetric": "yes" if found.symmetric else "no",
        "augment": ", ".join(allowed_augmentations(array)) or "none",
    }


_SHAPES = {"horizontal": "row (horizontal)", "vertical": "column (vertical)"}


class MaskFigures(QWidget):
    """The figures of a mask in two columns; the last, longest one has a line of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        half = len(_FIGURES) // 2
        for number, (name, label, explanation) in enumerate(_FIGURES):
            last = number == len(_FIGURES) - 1
            row, column = (half, 0) if last else (number % half, 2 * (number // half))
            heading = QLabel(label)
            heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            value = QLabel()
            value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for widget in (heading, value):
                widget.setToolTip(explanation)
            grid.addWidget(heading, row, column)
            grid.addWidget(value, row, column + 1, 1, 3 if last else 1)
            self.values[name] = value
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(3, 3)

    def show_mask(self, extraction: Any) -> None:
        """Show the figures of the mask of an `Extraction`."""
        for name, text in figures(extraction).items():
            say(self.values[name], text)
