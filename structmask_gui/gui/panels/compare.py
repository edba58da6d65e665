"""Comparison of the pinned mask A with the present one: A, B, the difference, and figures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from structmask_gui.gui import dialogs
from structmask_gui.gui.session import Session
from structmask_gui.gui.views.mask import MaskView
from structmask_gui.gui.worker import Lane, Outcome

log = logging.getLogger(__name__)

_HINT = (
    "Pin the present mask as A and go on tuning, or take A from a file: here you then see both and"
    " where they differ."
)


class ComparePanel(QWidget):
    """Three small masks and their figures."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("mask")
        self._lane.ended.connect(self._on_ended)
        self._ticket = 0
        self._name = ""
        self.views = {
            "a": MaskView("A"),
            "b": MaskView("B, now"),
            "difference": MaskView("Difference"),
        }
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setWordWrap(True)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.pin_button = QPushButton("Pin as A")
        self.pin_button.setToolTip("Keep the present mask as A (Ctrl+P)")
        self.pin_button.clicked.connect(session.pin)
        self.file_button = QPushButton("A from file…")
        self.file_button.setToolTip("Take a mask from disk as A (Ctrl+D)")
        self.file_button.clicked.connect(self.open_file)
        self.forget_button = QPushButton("Forget A")
        self.forget_button.clicked.connect(session.unpin)
        buttons = QHBoxLayout()
        for button in (self.pin_button, self.file_button, self.forget_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        side = QVBoxLayout()
        side.addLayout(buttons)
        side.addWidget(self.figures, 1)
        self._pictures = QWidget()
        pictures = QHBoxLayout(self._pictures)
        pictures.setContentsMargins(0, 0, 0, 0)
        for view in self.views.values():
            view.pointed.connect(session.point)
            pictures.addWidget(view, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self._pictures, 3)
        layout.addLayout(side, 1)
        session.pinned_changed.connect(self._update)
        session.extraction_changed.connect(self._update)
        session.stale_changed.connect(self._on_stale)
        self._update()

    def open_file(self) -> None:
        """Ask for a mask file and take it as A."""
        paths = self._session.paths
        folder = str(paths[0].parent if paths else Path.home())
        dialogs.ask_files(self, "Compare with a mask file", folder, dialogs.MASKS, self._open_all)

    def _open_all(self, paths: list[str]) -> None:
        self.open_path(paths[0])

    def open_path(self, path: str) -> None:
        """Take the mask of a file as A."""

        def work(_progress: Any, _cancelled: Any) -> Any:
            from structmask_gui.io.export import load_mask

            return load_mask(path)

        self._name = Path(path).name
        self._ticket = self._lane.submit(work)

    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.ticket != self._ticket:
            return
        if outcome.kind == "done":
            self._session.set_pinned(outcome.result, self._name)
        elif outcome.kind == "error":
            self._session.report_error(outcome.text)
        elif outcome.kind == "bug":
            self._session.bug.emit(outcome.text)

    def _update(self, *_: object) -> None:
        session = self._session
        pinned = session.pinned
        self.pin_button.setEnabled(session.extraction is not None)
        self.forget_button.setEnabled(pinned is not None)
        self._pictures.setVisible(pinned is not None)
        if pinned is None:
            self.figures.setText(_HINT)
            for view in self.views.values():
                view.set_mask(None)
            return
        self.views["a"].set_mask(pinned.array)
        comparison = session.comparison()
        if comparison is None:
            self.views["b"].set_mask(None)
            self.views["difference"].set_mask(None)
            self.figures.setText(
                f"A is {_words(session.pinned_label)} with"
                f" {pinned.statistics.true_pixels} pixels. Open a stack to compare it with."
            )
            return
        self.views["b"].set_mask(comparison.b)
        self.views["a"].set_mask(comparison.a)
        self.views["difference"].set_comparison(comparison)
        self._zoom(comparison)
        self.figures.setText(
            f"<b>{_verdict(comparison)}</b><table cellspacing='0' cellpadding='1'>"
            + "".join(
                f"<tr><td>{name}&nbsp;&nbsp;</td><td align='right'>{value}</td></tr>"
                for name, value in (
                    (f"A, {_words(session.pinned_label)}", f"{comparison.pixels_a} px"),
                    ("B, now", f"{comparison.pixels_b} px"),
                    ("in both", f"{comparison.overlap} px"),
                    ("only in A", f"{comparison.only_in_a} px"),
                    ("only in B", f"{comparison.only_in_b} px"),
                    ("Jaccard", f"{comparison.jaccard:.3f}"),
                )
            )
            + "</table>"
        )

    def _zoom(self, comparison: Any) -> None:
        """Show only the middle that holds pixels: the panel is small, masks may be large."""
        either = np.argwhere(comparison.a | comparison.b) - np.array(comparison.shape) // 2
        reach = float(np.abs(either).max()) + 1.5
        largest = max(comparison.shape) / 2
        for view in self.views.values():
            if reach < largest:
                view.show_rect(QRectF(-reach, -reach, 2 * reach, 2 * reach))
            else:
                view.reset_zoom()

    def _on_stale(self, stale: bool) -> None:
        for name in ("b", "difference"):
            self.views[name].set_stale(stale and self._session.pinned is not None)

    def stop(self) -> None:
        """Stop the thread and drop the plots."""
        self._lane.close()
        for view in self.views.values():
            view.release()


def _words(label: str) -> str:
    """Return a label that may hold any file name as text without markup."""
    return label.replace("&", "&amp;").replace("<", "&lt;")


def _verdict(comparison: Any) -> str:
    if comparison.jaccard == 1:
        return "A and B are the same."
    share = round(100 * comparison.jaccard)
    return f"{share} % of the pixels that either has are in both."
