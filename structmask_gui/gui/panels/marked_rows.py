"""A table model of which one row can be marked: what the rings and the lags have in common."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

Index = QModelIndex | QPersistentModelIndex
Columns = tuple[tuple[str, str], ...]

_DISPLAY, _ALIGNMENT, _BACKGROUND, _DECORATION, _TOOLTIP = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.BackgroundRole,
    Qt.ItemDataRole.DecorationRole,
    Qt.ItemDataRole.ToolTipRole,
)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_SIGN = QRectF(0, 0, 14, 14)


class MarkedRows(QAbstractTableModel):
    """Rows of texts; one column has a sign, drawn as in the view beside, before its word.

    Attributes
    ----------
    columns : tuple of (str, str)
        Heading and explanation of each column.
    sign_column : int
        The column with the sign; it is set to the left, the numbers to the right.
    """

    columns: ClassVar[Columns] = ()
    sign_column: ClassVar[int] = 0

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marked = -1
        self._mark_color = QColor()
        self._signs: dict[Hashable, QIcon] = {}

    # --- what a table of its own says ---------------------------------------------------------

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        raise NotImplementedError

    def sign(self, row: int) -> Hashable:
        """Return what the sign of a row stands for."""
        raise NotImplementedError

    def draw_sign(self, painter: QPainter, rect: QRectF, sign: Any) -> None:
        """Draw a sign into a square."""
        raise NotImplementedError

    def tip(self, _row: int, column: int) -> str:
        """Return what the tooltip of a cell says."""
        return self.columns[column][1]

    # --- the mark -----------------------------------------------------------------------------

    @property
    def marked(self) -> int:
        """The row that is marked, or -1."""
        return self._marked

    def mark(self, row: int, color: QColor) -> None:
        """Mark a row; -1 for none."""
        old, self._marked, self._mark_color = self._marked, row, color
        for changed in {old, row}:
            if 0 <= changed < self.rowCount():
                last = self.index(changed, len(self.columns) - 1)
                self.dataChanged.emit(self.index(changed, 0), last)

    def restyle(self) -> None:
        """Draw the signs again in the colours of a new palette."""
        self._signs.clear()

    # --- what Qt asks -------------------------------------------------------------------------

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, alignment, mark and sign of a cell."""
        # Asked some hundred times for each step of a slider, so the usual roles come first.
        row, column = index.row(), index.column()
        if role == _DISPLAY:
            return self.text(row, column)
        if role == _ALIGNMENT:
            return _LEFT if column == self.sign_column else _RIGHT
        if role == _BACKGROUND:
            return self._mark_color if row == self._marked else None
        if role == _DECORATION:
            return self._icon(self.sign(row)) if column == self.sign_column else None
        if role == _TOOLTIP:
            return self.tip(row, column)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column and its explanation."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return self.columns[section][0]
        if role == _TOOLTIP:
            return self.columns[section][1]
        if role == _ALIGNMENT:
            return _LEFT if section == self.sign_column else _RIGHT
        return None

    def _icon(self, sign: Hashable) -> QIcon:
        if sign not in self._signs:
            pixmap = QPixmap(28, 28)
            pixmap.setDevicePixelRatio(2)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.draw_sign(painter, _SIGN, sign)
            painter.end()
            self._signs[sign] = QIcon(pixmap)
        return self._signs[sign]


def spreadsheet(columns: Columns, rows: Iterable[Iterable[str]]) -> str:
    """Return a table with tabs between the cells and hyphens for minus signs."""
    lines = ["\t".join(heading for heading, _ in columns)]
    lines += ["\t".join(cells).replace("−", "-") for cells in rows]
    return "\n".join(lines) + "\n"
