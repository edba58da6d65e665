"""Comparison of the pinned mask A with the present one: A, B, the difference, and figures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from structmask_gui.gui.session.mask_file import MaskFile
from structmask_gui.gui.session.pinned import AUTOMATIC
from structmask_gui.gui.session.quality import ALIKE, PRESENT
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.lags.mask_cells import BOTH, ONLY_A, ONLY_B, cell_colors
from structmask_gui.gui.views.lags.mask_thumb import MaskThumb, codes_of
from structmask_gui.gui.widgets.labels import paragraph, scrolled

if TYPE_CHECKING:
    from structmask_gui.core.recommend.compare import Expected

log = logging.getLogger(__name__)

_HINT = (
    "Keep the present mask as A and go on tuning, or take A from a file: here you then see both"
    " and where they differ."
)
_FINDING = "Measuring the mask of the preset automatic. Your settings and your mask stay."


class ComparePanel(QWidget):
    """Three small masks and their figures."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.file = MaskFile(session, self)
        self.file.read.connect(session.pinned.keep)
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
        self.pin_button.clicked.connect(session.pinned.keep_present)
        self.file_button = QPushButton("A from file…")
        self.file_button.setToolTip("Take a mask from disk as A (Ctrl+D)")
        self.file_button.clicked.connect(self.open_file)
        self.remove_button = QPushButton("Clear")
        self.remove_button.setToolTip("End the comparison (Ctrl+Shift+P)")
        self.remove_button.clicked.connect(session.pinned.clear)
        self.verdict = paragraph()
        bold = self.verdict.font()
        bold.setBold(True)
        self.verdict.setFont(bold)
        buttons = QHBoxLayout()
        for button in (self.pin_button, self.file_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._pictures = QWidget()
        pictures = QHBoxLayout(self._pictures)
        pictures.setContentsMargins(0, 0, 0, 0)
        for view in self.views.values():
            pictures.addWidget(view, 1)
        below = QHBoxLayout()
        below.addWidget(self._pictures, 3)
        below.addWidget(scrolled(self.figures), 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(buttons)
        layout.addWidget(self.verdict)
        layout.addLayout(below, 1)
        session.pinned.changed.connect(self._update)
        session.mask_changed.connect(self._update)
        session.stale_changed.connect(self._on_stale)
        session.quality.changed.connect(self._update)
        self._update()

    def open_file(self) -> None:
        """Ask for a mask file and take it as A."""
        self.file.ask("Compare with a mask file")

    def _update(self, *_: object) -> None:
        session = self._session
        pinned = session.state.pinned
        self.pin_button.setEnabled(session.state.extraction is not None)
        self.remove_button.setEnabled(pinned is not None or session.pinned.finding)
        self._pictures.setVisible(pinned is not None)
        self.verdict.setText("")
        if pinned is None:
            self.figures.setText(_FINDING if session.pinned.finding else _HINT)
            for view in self.views.values():
                view.set_codes(None)
            return
        a_name, b_name = self._names()
        self.views["a"].set_title(_upper(a_name))
        self.views["b"].set_title(_upper(b_name) if self._automatic else f"{b_name}, now")
        comparison = session.state.comparison()
        if comparison is None:
            self.views["a"].set_codes(codes_of(pinned.cropped().array))
            self.views["b"].set_codes(None)
            self.views["difference"].set_codes(None)
            self.figures.setText(
                f"A is {_words(session.state.pinned_words)} with"
                f" {pinned.statistics.true_pixels} pixels. Open a stack to compare it with."
            )
            return
        middle = _middle(comparison)
        a, b = comparison.a[middle], comparison.b[middle]
        self.views["a"].set_codes(codes_of(a))
        self.views["b"].set_codes(codes_of(b))
        codes = np.select([a & b, a, b], [BOTH, ONLY_A, ONLY_B], 0).astype(np.uint8)
        self.views["difference"].set_codes(codes, comparing=True)
        same = comparison.jaccard == 1
        expected = self._expected()
        self.verdict.setText(self._said(same, expected))
        colors = cell_colors(Colours.of(self.palette()), True)
        both = f"{comparison.overlap} px"
        rows = [
            ("", "", _upper(a_name), _upper(b_name)),
            ("", "Pixels", f"{comparison.pixels_a}", f"{comparison.pixels_b}"),
            *(("", name, in_a, in_b) for name, in_a, in_b in _figures(expected)),
            (
                _swatch(colors[BOTH]),
                f"in both ({100 * comparison.jaccard:.0f} % of all)",
                both,
                both,
            ),
            (_swatch(colors[ONLY_A]), f"only in {a_name}", f"{comparison.only_in_a} px", ""),
            (_swatch(colors[ONLY_B]), f"only in {b_name}", "", f"{comparison.only_in_b} px"),
        ]
        self.figures.setText(
            f"<p>{self._what()}</p><table cellspacing='0' cellpadding='1'>"
            + "".join(
                f"<tr><td>{mark}</td><td>&nbsp;{name}&nbsp;&nbsp;</td>"
                f"<td align='right'>{in_a}&nbsp;&nbsp;</td><td align='right'>{in_b}</td></tr>"
                for mark, name, in_a, in_b in rows
            )
            + "</table>"
        )

    @property
    def _automatic(self) -> bool:
        """Whether A is the mask of the preset automatic."""
        return self._session.state.pinned_words == AUTOMATIC

    def _names(self) -> tuple[str, str]:
        return (AUTOMATIC, "yours") if self._automatic else ("A", "B")

    def _what(self) -> str:
        if self._automatic:
            return "Automatic: the recommended mask. Yours: this mask."
        return f"A: {_words(self._session.state.pinned_words)}. B: this mask."

    def _expected(self) -> tuple[Expected, Expected] | None:
        """Return what is expected of A and B, once that was worked out for both."""
        quality = self._session.quality
        if not quality.current or quality.scores is None:
            return None
        found = {name: item for item in quality.scores.ranking for name in item.label.split(ALIKE)}
        from structmask_gui.core.recommend.compare import Expected

        state, made = self._session.state, []
        for mask, name in ((state.pinned, f"A, {state.pinned_words}"), (state.mask, PRESENT)):
            scored = found.get(name)
            if mask is None or scored is None:
                return None
            # As the answer has it, which names the recommended one's error, too.
            known = self._session.recommendation
            row = None if known is None else known.row_of(mask.cropped())
            made.append(
                Expected.of(scored)
                if row is None
                else Expected(row.pixels, row.copied, row.lost, row.error)
            )
        return made[0], made[1]

    def _said(self, same: bool, expected: tuple[Expected, Expected] | None) -> str:
        quality, state = self._session.quality, self._session.state
        a, b = self._names()
        if self._session.pinned.finding:
            return _FINDING
        if state.stale:
            return f"Settings changed: {b} is still the mask from before."
        if same:
            return _upper(f"{a} and {b} are the same.")
        if expected is None or quality.scores is None:
            return quality.error or "Measuring which is better…"
        from structmask_gui.core.recommend.compare import better

        return _upper(better(*expected, (a, b), quality.scores.doubt))

    def showEvent(self, event: QShowEvent) -> None:
        """Have the masks scored from now on."""
        super().showEvent(event)
        self._session.quality.watch(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Score only while it is visible."""
        super().hideEvent(event)
        self._session.quality.watch(self, False)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette: the figures carry colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "verdict"):
            self._update()

    def _on_stale(self, stale: bool) -> None:
        for name in ("b", "difference"):
            self.views[name].set_stale(stale and self._session.state.pinned is not None)
        self._update()

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


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _figures(expected: tuple[Expected, Expected] | None) -> list[tuple[str, str, str]]:
    """Return the figures of both with their names."""
    if expected is None:
        return []
    from structmask_gui.core.recommend.compare import figures

    both = zip(*(figures(one) for one in expected), strict=True)
    return [(name, in_a, in_b) for (name, in_a), (_, in_b) in both]
