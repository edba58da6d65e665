"""Why this mask: the candidates with their expected errors, what was measured, what was not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.panels.statistics import MaskFigures
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.colours import smaller
from structmask_gui.gui.widgets.dialogs import resize_for_text, without_icons
from structmask_gui.gui.widgets.field_map import FieldMap
from structmask_gui.gui.widgets.labels import paragraph, scrolled
from structmask_gui.gui.widgets.wording import error_words, percent, said

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.quality.error import Scored
    from structmask_gui.core.recommend.ledger import LedgerRow
    from structmask_gui.core.recommend.recommend import Recommendation
    from structmask_gui.core.recommend.wording import Answer

_COLUMNS = (
    ("Mask", "The candidates; the recommended one is bold."),
    ("Pixels", "Pixels of the mask, the centre included."),
    ("Noise copied", "Share of the noise that a network could copy (estimate)."),
    ("Noise left", "Noise in the denoised image, in per cent of the noise (its variance)."),
    ("Detail lost", "What hiding pixels costs, in per cent of the noise (its variance)."),
    ("Training", "What a large mask costs in training; calibrated on small networks."),
    ("Expected error", "The sum: lower is better, 100 % is no denoising."),
)
_SUM = (
    "Expected error = noise left + detail lost + training, in per cent of the noise (its variance):"
    " 100 % is no better than the raw image."
)
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
_MANY = 10
"""Times the noise above which an error is no figure worth reading."""

_THIS, _RINGS = "this mask", "ring analysis (autoStructN2V 0.1)"


class WhyDialog(QDialog):
    """The ledger of the recommendation and all notes; follows the session while it is open."""

    def __init__(self, parent: QWidget | None, session: Session) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Why this mask?")
        self._session = session
        self.what, self.lines = paragraph(), paragraph()
        font = self.what.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setBold(True)
        self.what.setFont(font)
        self.table = self._make_table()
        self.sum = paragraph()
        self.sum.setFont(smaller(self.sum.font()))
        self.sum.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.map = FieldMap()
        self.figures = MaskFigures()
        self.notes = paragraph()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(6)
        self._compared = _heading("Masks compared")
        for widget in (
            self._compared,
            self.table,
            self.sum,
            self.map,
            _heading("This mask"),
            self.figures,
            _heading("What was measured"),
            self.notes,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.addWidget(self.what)
        layout.addWidget(self.lines)
        layout.addWidget(scrolled(body), 1)
        layout.addWidget(buttons)
        without_icons(self)
        resize_for_text(self, QSize(896, 560))
        session.mask_changed.connect(self.follow)
        session.quality.changed.connect(self.follow)
        self.follow()

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_COLUMNS))
        for x, (name, tip) in enumerate(_COLUMNS):
            heading = QTableWidgetItem(name)
            heading.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignLeft if x == 0 else Qt.AlignmentFlag.AlignRight
            heading.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            table.setHorizontalHeaderItem(x, heading)
        rows = table.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(table.fontMetrics().height() + 10)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setShowGrid(False)
        table.setAccessibleName("Candidates and their expected errors")
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def follow(self) -> None:
        """Show the reasons for the present mask."""
        from structmask_gui.core.verdict.wording import without_certainty

        result, answer = self._session.state.result, self._session.answer
        if result is None or answer is None:
            self.close()
            return
        mask = self._session.state.mask
        none = mask is not None and mask.statistics.true_pixels == 1
        self.setWindowTitle("Why no mask?" if none else "Why this mask?")
        what, *more = answer.lines
        self.what.setText(said(what))
        self.lines.setText(said("\n".join(line for line in more if line)))
        self._fill(self._session.recommendation)
        self._show_map()
        self.figures.show_mask(result)
        # How sure it is, the answer says.
        notes = [*_not_tested(answer), without_certainty(result.sentence), *result.notes]
        notes = _unsaid(notes, answer) + self._checked(answer)
        self.notes.setText("\n".join(f"• {said(note)}" for note in notes))

    def _checked(self, answer: Answer) -> list[str]:
        """Return how the answer was checked: in halves of the data, and on simulated ones."""
        from structmask_gui.core.recommend.recommend import DOUBTED
        from structmask_gui.core.recommend.wording import record_words

        recommendation = self._session.recommendation
        chosen = None if recommendation is None else recommendation.chosen
        basis = getattr(self._session.state.result, "basis", None)
        notes = []
        if chosen is not None and basis is not None and basis.still is not None:
            agree = chosen.worst_part <= DOUBTED
            notes.append(
                "Each half of the field alone gives this mask, or one as good."
                if agree
                else "In one half of the field alone another mask is better."
            )
        record = record_words(answer.certainty)
        return [*notes, record] if record else notes

    def _show_map(self) -> None:
        """Show where the noise differs over the field, if it does."""
        from structmask_gui.core.verdict.wording import not_uniform

        state = self._session.state
        estimate = None if state.measurement is None else state.measurement.correlation
        part = None if estimate is None else not_uniform(estimate)
        shape = (1, 1) if state.frames is None else state.frames.frame_shape
        self.map.show_part(part, shape)

    def _fill(self, recommendation: Recommendation | None) -> None:
        rows = () if recommendation is None else recommendation.main_rows
        choice = "" if recommendation is None else recommendation.choice
        rule = "" if recommendation is None else recommendation.rule
        self.sum.setText(f"{rule} {_SUM}".strip())
        published = self._session.quality.published
        rings = None if published is None else published[0]
        marks = [self._marks(row, row.name == choice, rings) for row in rows]
        texts = [
            (_cells(row, row.name == choice, words), row.name == choice)
            for row, words in zip(rows, marks, strict=True)
        ]
        texts += [(cells, False) for cells in self._own(recommendation)]
        for widget in (self._compared, self.table, self.sum):
            widget.setVisible(bool(texts))
        self.table.setRowCount(len(texts))
        for y, (cells, bold) in enumerate(texts):
            for x, text in enumerate(cells):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignLeft if x == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                font = item.font()
                font.setBold(bold)
                item.setFont(font)
                item.setToolTip(text if x == 0 else "")  # a long name may be cut
                self.table.setItem(y, x, item)
        self.table.setFixedHeight(_height(self.table))

    def _marks(self, row: LedgerRow, chosen: bool, rings: Mask | None) -> str:
        """Return what else a row of the ledger is: the present mask, that of ring analysis."""
        state, words = self._session.state, ""
        if row.mask == rings:
            words += ", same as ring analysis"
        # Of an automatic mask nobody doubts that the recommended one is it.
        told = chosen and state.result is not None and state.result.verdict is not None
        if state.mask is not None and row.mask == state.mask.cropped() and not told:
            words += f", {_THIS}"
        return words

    def _own(self, recommendation: Recommendation | None) -> list[tuple[str, ...]]:
        """Return the rows of the present mask and of ring analysis, if the ledger has none."""
        quality = self._session.quality
        mask, scored, published = self._session.state.mask, quality.scored, quality.published
        if mask is None or recommendation is None:
            return []
        present, listed = mask.cropped(), [row.mask for row in recommendation.main_rows]
        rows = []
        if published is not None and published[0] not in (present, *listed):
            rows.append(_scored_cells(_RINGS, published[1]))
        if scored is not None and present not in listed:
            rows.append(_scored_cells(_THIS, scored))
        return rows


def _scored_cells(name: str, scored: Scored) -> tuple[str, ...]:
    error = scored.error
    return (
        name,
        str(scored.pixels),
        percent(scored.copied),
        _share(error.noise_left),
        _share(error.detail_lost),
        _share(scored.training),
        error_words(scored.expected),
    )


def _share(share: float) -> str:
    return percent(share) if share <= _MANY else f"> {percent(_MANY)}"


def _not_tested(answer: Answer) -> list[str]:
    """Return what was not tested as a note, if the lines above do not say so."""
    from structmask_gui.core.recommend.wording import untested

    rest = untested(answer.not_tested)
    return [] if rest in " ".join(answer.lines) else [rest]


def _unsaid(notes: list[str], answer: Answer) -> list[str]:
    """Return notes without the sentences that stand in the lines above."""
    lines = " ".join(answer.lines)
    sentences = [[one for one in _SENTENCE.split(note) if one not in lines] for note in notes]
    return [" ".join(left) for left in sentences if left]


def _height(table: QTableWidget) -> int:
    """Return the height that shows every row of a table and nothing below."""
    rows = sum(table.rowHeight(y) for y in range(table.rowCount()))
    return rows + table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()


def _cells(row: LedgerRow, chosen: bool, marks: str) -> tuple[str, ...]:
    from structmask_gui.core.recommend.candidates import row_words

    name = row_words(row.name) + marks
    if chosen:
        name = f"recommended: {name}"
    return (
        name + (" (equally good)" if row.tied and not chosen else ""),
        str(row.pixels),
        percent(row.copied),
        _share(row.left),
        _share(row.lost),
        _share(row.training),
        error_words(row.error, row.error_se),
    )


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setContentsMargins(0, 6, 0, 0)
    return label
