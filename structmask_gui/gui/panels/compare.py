"""Comparison of the pinned mask A with the present one: A, B, the difference, and figures."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from structmask_gui.gui.session.mask_file import MaskFile
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.lags.mask_cells import BOTH, ONLY_A, ONLY_B, cell_colors
from structmask_gui.gui.views.lags.mask_thumb import MaskThumb, codes_of
from structmask_gui.gui.widgets.eliding_label import ElidingLabel

log = logging.getLogger(__name__)

_HINT = (
    "Keep the present mask as A and go on tuning, or take A from a file: here you then see both"
    " and where they differ."
)


class ComparePanel(QWidget):
    """Three small masks and their figures."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.file = MaskFile(session, self)
        self.file.read.connect(session.set_pinned)
        self.views = {
            "a": MaskThumb("A"),
            "b": MaskThumb("B, now"),
            "difference": MaskThumb("Difference"),
        }
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setWordWrap(True)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.pin_button = QPushButton("Keep for comparison")
        self.pin_button.setToolTip("Keep the present mask as A (Ctrl+P)")
        self.pin_button.clicked.connect(session.pin)
        self.file_button = QPushButton("A from file…")
        self.file_button.setToolTip("Take a mask from disk as A (Ctrl+D)")
        self.file_button.clicked.connect(self.open_file)
        self.remove_button = QPushButton("Clear")
        self.remove_button.setToolTip("End the comparison (Ctrl+Shift+P)")
        self.remove_button.clicked.connect(session.unpin)
        self.verdict = ElidingLabel()
        buttons = QHBoxLayout()
        for button in (self.pin_button, self.file_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addSpacing(8)
        buttons.addWidget(self.verdict, 1)
        self._pictures = QWidget()
        pictures = QHBoxLayout(self._pictures)
        pictures.setContentsMargins(0, 0, 0, 0)
        for view in self.views.values():
            pictures.addWidget(view, 1)
        below = QHBoxLayout()
        below.addWidget(self._pictures, 3)
        below.addWidget(self.figures, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(buttons)
        layout.addLayout(below, 1)
        session.pinned_changed.connect(self._update)
        session.mask_changed.connect(self._update)
        session.stale_changed.connect(self._on_stale)
        self._update()

    def open_file(self) -> None:
        """Ask for a mask file and take it as A."""
        self.file.ask("Compare with a mask file")

    def _update(self, *_: object) -> None:
        session = self._session
        pinned = session.state.pinned
        self.pin_button.setEnabled(session.state.extraction is not None)
        self.remove_button.setEnabled(pinned is not None)
        self._pictures.setVisible(pinned is not None)
        self.verdict.setText("")
        if pinned is None:
            self.figures.setText(_HINT)
            for view in self.views.values():
                view.set_codes(None)
            return
        comparison = session.state.comparison()
        if comparison is None:
            self.views["a"].set_codes(codes_of(pinned.cropped().array))
            self.views["b"].set_codes(None)
            self.views["difference"].set_codes(None)
            self.figures.setText(
                f"A is {_words(session.state.pinned_label)} with"
                f" {pinned.statistics.true_pixels} pixels. Open a stack to compare it with."
            )
            return
        middle = _middle(comparison)
        a, b = comparison.a[middle], comparison.b[middle]
        self.views["a"].set_codes(codes_of(a))
        self.views["b"].set_codes(codes_of(b))
        codes = np.select([a & b, a, b], [BOTH, ONLY_A, ONLY_B], 0).astype(np.uint8)
        self.views["difference"].set_codes(codes, comparing=True)
        self.verdict.setText(_verdict(comparison))
        colors = cell_colors(Colours.of(self.palette()), True)
        rows = (
            ("", f"A, {_words(session.state.pinned_label)}", f"{comparison.pixels_a} px"),
            ("", "B, now", f"{comparison.pixels_b} px"),
            (_swatch(colors[BOTH]), "in both", f"{comparison.overlap} px"),
            (_swatch(colors[ONLY_A]), "only in A", f"{comparison.only_in_a} px"),
            (_swatch(colors[ONLY_B]), "only in B", f"{comparison.only_in_b} px"),
            ("", "Jaccard", f"{comparison.jaccard:.3f}"),
        )
        self.figures.setText(
            "<table cellspacing='0' cellpadding='1'>"
            + "".join(
                f"<tr><td>{mark}</td><td>&nbsp;{name}&nbsp;&nbsp;</td>"
                f"<td align='right'>{value}</td></tr>"
                for mark, name, value in rows
            )
            + "</table>"
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette: the figures carry colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "verdict"):
            self._update()

    def _on_stale(self, stale: bool) -> None:
        for name in ("b", "difference"):
            self.views[name].set_stale(stale and self._session.state.pinned is not None)

    def stop(self) -> None:
        """Stop the thread."""
        self.file.close()


def _middle(comparison: Any) -> tuple[slice, slice]:
    """Return the part about the centre that holds all pixels, and one ring more."""
    either = np.argwhere(comparison.a | comparison.b) - np.array(comparison.shape) // 2
    reach = np.minimum(np.abs(either).max(axis=0) + 1, np.array(comparison.shape) // 2)
    reach = np.minimum(np.maximum(reach, 3), np.array(comparison.shape) // 2)
    y, x = np.array(comparison.shape) // 2
    return slice(y - reach[0], y + reach[0] + 1), slice(x - reach[1], x + reach[1] + 1)


def _swatch(color: QColor) -> str:
    return f"<span style='color:{color.name()}'>\u25a0</span>"


def _words(label: str) -> str:
    """Return a label that may hold any file name as text without markup."""
    return label.replace("&", "&amp;").replace("<", "&lt;")


def _verdict(comparison: Any) -> str:
    if comparison.jaccard == 1:
        return "A and B are the same."
    share = round(100 * comparison.jaccard)
    return f"{share} % of the pixels of A or B are in both."
