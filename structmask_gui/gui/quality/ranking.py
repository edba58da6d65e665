"""The ranking of masks as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from structmask_gui.gui.session.quality import ALIKE, PRESENT, Doubt
from structmask_gui.gui.widgets.wording import error_words, percent

if TYPE_CHECKING:
    from structmask_gui.core.quality.error import Ranked

_COLUMNS = (
    ("Rank", "1 is the best; masks within 5 % of each other share a rank."),
    ("Mask", "Which mask; equal masks stand in one row."),
    (
        "Error",
        "Estimate from a linear model of what a network trained with the mask gets wrong: noise"
        " left, detail lost and what training with a large mask costs, in per cent of the noise"
        " (its variance). For comparing masks; a trained network does better.",
    ),
    ("Copied", "Share of the noise that a network could copy (estimate)."),
    ("Pixels", "Pixels of the mask, the centre included."),
)


class RankingTable(QTableWidget):
    """One row for each mask; the present one is bold and in sight."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        for x, (name, explanation) in enumerate(_COLUMNS):
            heading = QTableWidgetItem(name)
            heading.setToolTip(explanation)
            self.setHorizontalHeaderItem(x, heading)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(18)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        # Names are never cut: what has several takes several lines.
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setAlternatingRowColors(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Ranking of masks, estimate from a linear model")
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)

    def show_ranking(self, ranking: tuple[Ranked, ...], doubt: Doubt | None) -> None:
        """Show masks, the best first; in doubt without ranks."""
        self.setRowCount(len(ranking))
        # An order that says nothing has no ranks, and is pale.
        self.setEnabled(doubt is None)
        present = 0
        for y, item in enumerate(ranking):
            names = item.label.split(ALIKE)
            if PRESENT in names:
                present = y
            rank = f"{item.rank} =" if item.near_tie else str(item.rank)
            texts = (
                rank if doubt is None else "\N{EN DASH}",
                item.label,
                error_words(item.expected),
                percent(item.copied),
                str(item.pixels),
            )
            for x, text in enumerate(texts):
                cell = self.item(y, x)
                if cell is None:
                    cell = QTableWidgetItem()
                    side = Qt.AlignmentFlag.AlignLeft if x == 1 else Qt.AlignmentFlag.AlignRight
                    cell.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                    self.setItem(y, x, cell)
                if cell.text() != text:
                    cell.setText(text)
                    cell.setToolTip(text if x == 1 else "")
                font = cell.font()
                if font.bold() != (PRESENT in names):
                    font.setBold(PRESENT in names)
                    cell.setFont(font)
        if (cell := self.item(present, 1)) is not None:
            self.scrollToItem(cell)  # moves only if it cannot be seen
