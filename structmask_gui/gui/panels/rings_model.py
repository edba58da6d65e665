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
    ("Threshold", "The value above which its pixels are kept."),
    ("Considered", "Whether its maximum is high enough for the ring to count."),
    ("Kept", "Pixels selected in it, before component and size limit."),
    (
        "Prox.",
        "Pixels added (+) or dropped (−) because of how close they are to the centre's value.",
    ),
)
"""Heading and explanation of each column."""

_RATIO, _CONSIDERED = 3, 5


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
        self._marked = -1
        self._mark_color = QColor()
        self._icons: dict[bool, QIcon] = {}

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The rings on display."""
        return self._rings

    def set_rings(self, rings: tuple[Ring, ...]) -> None:
        """Show other rings."""
        if len(rings) != len(self._rings):
            self.beginResetModel()
            self._rings = rings
            self.endResetModel()
        elif rings:
            self._rings = rings
            self.dataChanged.emit(self.index(0, 0), self.index(len(rings) - 1, len(COLUMNS) - 1))

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
        ring, column = self._rings[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(ring, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = (
                Qt.AlignmentFlag.AlignLeft if column == _CONSIDERED else Qt.AlignmentFlag.AlignRight
            )
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.BackgroundRole and ring.index == self._marked:
            return self._mark_color
        if role == Qt.ItemDataRole.DecorationRole and column == _CONSIDERED:
            return self._icon(ring.considered)
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[column][1]
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column and its explanation."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            left = section == _CONSIDERED
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
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
