"""What the mask is, in a sentence first and in figures below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.widgets.labels import say, scrolled
from structmask_gui.gui.widgets.wording import in_labels

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_NOTHING = "No mask yet. Open a stack: it is measured at once."

_FIGURES = (
    ("pixels", "Pixels", "True pixels, the centre included: what the trainer blanks at once."),
    ("share", "Share", "True pixels divided by all pixels of the mask's array."),
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
        "share": f"{100 * found.share:.2g} %"
        if found.share < 0.1
        else f"{100 * found.share:.0f} %",
        "extent": f"{found.extent[0]} × {found.extent[1]}",
        "array": f"{array.shape[0]} × {array.shape[1]}",
        "shape": _SHAPES.get(found.shape_class, found.shape_words.lower()),
        "parts": str(found.components),
        "symmetric": "yes" if found.symmetric else "no",
        "augment": ", ".join(allowed_augmentations(array)) or "none",
    }


_SHAPES = {"horizontal": "row (horizontal)", "vertical": "column (vertical)"}


class StatisticsPanel(QWidget):
    """The sentence, what to know beside it, and the figures."""

    def __init__(self, session: Session | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._extraction: Any = None
        self.sentence = QLabel(_NOTHING)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes.hide()
        self.values: dict[str, QLabel] = {}
        self._figures = QWidget()
        self._figures.hide()
        grid = QGridLayout(self._figures)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        # In two columns; the last, longest figure has a line of its own.
        half = len(_FIGURES) // 2
        for number, (name, label, explanation) in enumerate(_FIGURES):
            last = number == len(_FIGURES) - 1
            row, column = (half, 0) if last else (number % half, 2 * (number // half))
            heading = QLabel(label)
            heading.setEnabled(False)
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
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(10, 8, 10, 8)
        inner.setSpacing(6)
        inner.addWidget(self.sentence)
        inner.addWidget(self._figures)
        inner.addWidget(self.notes)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(body))
        if session is not None:
            self._session = session
            session.mask_changed.connect(self._follow)
            self._follow()

    def _follow(self) -> None:
        self.set_extraction(self._session.state.result)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the figures of an `Extraction`; None says that there is none yet."""
        font = self.sentence.font()
        if font.bold() != (extraction is not None):
            font.setBold(extraction is not None)
            self.sentence.setFont(font)
        self._figures.setVisible(extraction is not None)
        if extraction is None:
            self.sentence.setText(_NOTHING)
            self.notes.hide()
            return
        say(self.sentence, extraction.sentence)
        say(self.notes, in_labels("\n".join(extraction.notes)))
        self.notes.setVisible(bool(extraction.notes))
        for name, text in figures(extraction).items():
            say(self.values[name], text)

    def sizeHint(self) -> QSize:
        """Return room for the sentence and all figures."""
        return QSize(380, 180)
