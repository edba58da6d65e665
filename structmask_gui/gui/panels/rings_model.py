"""The rings as a table model, and as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from structmask_gui.gui.views import marks

if TYPE_CHECKING:
    from structmask_gui.core.rings import Ring

Index = QModelIndex | QPersistentModelIndex

COLUMNS = (
    ("Ring", "The pixels at a distance of k from the centre, max(|dx|, |dy|) = k."),
    ("Pixels", "How many pixels the ring has."),
    ("Max", "Its largest value."),
    ("Ratio", "Its maximum divided by the centre's value; compared with Ring strength."),
    ("Thresh.", "Its threshold: the value above which its pixels are kept."),
    ("Considered", "Whether its maximum is high enough for the ring to count."),
    ("Kept", "Pixels selected in it, before component and size limit."),
    (
        "Prox.",
        "Pixels added (+) or dropped (−) because of how close they are to the centre's value.",
    ),
)
"""Heading and explanation of each column."""

_CONSIDERED = 5
_DISPLAY, _ALIGNMENT, _BACKGROUND, _DECORATION, _TOOLTIP = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.BackgroundRole,
    Qt.ItemDataRole.DecorationRole,
    Qt.ItemDataRole.ToolTipRole,
)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def cell_text(ring: Ring, column: int) -> str:
    """Return what a cell says."""
    match column:
        case 0:
            return str(ring.index)
        case 1:
            return str(ring.pixels)
        case 2:
            return _number(ring.maximum)
        case 3:
            return "–" if math.isnan(ring.ratio) else _number(ring.ratio)
        case 4:
            return _number(ring.threshold)
        case 5:
            return "yes" if ring.considered else "no"
        case 6:
            return str(ring.kept)
        case _:
            if ring.added_by_proximity:
                return f"+{ring.added_by_proximity}"
            return f"−{ring.dropped_by_proximity}" if ring.dropped_by_proximity else "0"


def _number(value: float) -> str:
    # As many decimals in every row, so that the points stand below each other.
    text = f"{value:.4f}" if abs(value) < 1000 else f"{value:.3e}"
    return text.replace("-", "−")


def table_text(rings: Iterable[Ring]) -> str:
    """Return the table with tabs, for a spreadsheet."""
    lines = ["\t".join(heading for heading, _ in COLUMNS)]
    for ring in rings:
        cells = [cell_text(ring, column) for column in range(len(COLUMNS))]
        lines.append("\t".join(cells).replace("−", "-"))
    return "\n".join(lines) + "\n"


class RingsModel(QAbstractTableModel):
    """One row for each ring."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rings: tuple[Ring, ...] = ()
        self._texts: list[list[str]] = []
        self._marked = -1
        self._mark_color = QColor()
        self._icons: dict[bool, QIcon] = {}

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The rings on display."""
        return self._rings

    def set_rings(self, rings: tuple[Ring, ...]) -> None:
        """Show other rings."""
        columns = range(len(COLUMNS))
        texts = [[cell_text(ring, column) for column in columns] for ring in rings]
        if len(rings) != len(self._rings):
            self.beginResetModel()
            self._rings, self._texts = rings, texts
            self.endResetModel()
        elif rings:
            before, self._rings, self._texts = self._texts, rings, texts
            # Cell by cell: a view asks eight times for what it draws, at each step of a slider.
            for row, (old, new) in enumerate(zip(before, texts, strict=True)):
                for column in columns:
                    if old[column] != new[column]:
                        index = self.index(row, column)
                        self.dataChanged.emit(index, index)

    @property
    def marked(self) -> int:
        """Index of the ring whose row is marked, or -1."""
        return self._marked

    def mark(self, ring: int, color: QColor) -> None:
        """Mark the row of a ring; -1 for none."""
        old, self._marked, self._mark_color = self._marked, ring, color
        for index in {old, ring}:
            if 0 < index <= len(self._rings):
                self.dataChanged.emit(
                    self.index(index - 1, 0), self.index(index - 1, len(COLUMNS) - 1)
                )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of rings."""
        return 0 if parent.isValid() else len(self._rings)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, alignment, mark and sign of a cell."""
        # Asked some hundred times for each step of a slider, so the usual roles come first.
        row, column = index.row(), index.column()
        if role == _DISPLAY:
            return self._texts[row][column]
        if role == _ALIGNMENT:
            return _LEFT if column == _CONSIDERED else _RIGHT
        if role == _BACKGROUND:
            return self._mark_color if self._rings[row].index == self._marked else None
        if role == _DECORATION:
            return self._icon(self._rings[row].considered) if column == _CONSIDERED else None
        if role == _TOOLTIP:
            return COLUMNS[column][1]
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column and its explanation."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return COLUMNS[section][0]
        if role == _TOOLTIP:
            return COLUMNS[section][1]
        if role == _ALIGNMENT:
            return _LEFT if section == _CONSIDERED else _RIGHT
        return None

    def _icon(self, considered: bool) -> QIcon:
        """Return the ring's line as the overlay draws it."""
        if considered not in self._icons:
            pixmap = QPixmap(28, 28)
            pixmap.setDevicePixelRatio(2)
            pixmap.fill(QColor(70, 70, 90))
            painter = QPainter(pixmap)
            marks.draw_ring(painter, QRectF(3, 3, 8, 8), considered)
            painter.end()
            self._icons[considered] = QIcon(pixmap)
        return self._icons[considered]
