"""The tested lags as a table model, and as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from structmask_gui.gui.views.lag_facts import FINDING_WORDS, Finding, LagFacts, q_text
from structmask_gui.gui.views.significance import draw_finding, finding_colors
from structmask_gui.gui.views.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Lag = tuple[int, int]

COLUMNS = (
    ("dy", "Rows down. Of each pair of opposite lags, which are equal, one is listed."),
    ("dx", "Columns to the right."),
    ("ρ", "Correlation of the noise at this lag."),
    ("Error", "Standard error of the correlation."),
    ("q", "The false discovery rate at which the lag is just proven."),
    ("Kept", "Whether it is in the mask, and if not, why."),
)
"""Heading and explanation of each column."""

_KEPT = 5
_DISPLAY, _ALIGNMENT, _BACKGROUND, _DECORATION, _TOOLTIP = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.BackgroundRole,
    Qt.ItemDataRole.DecorationRole,
    Qt.ItemDataRole.ToolTipRole,
)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

_SHORT = {
    Finding.NEITHER: "no",
    Finding.UNPROVEN: "not proven",
    Finding.SMALL: "too small",
    Finding.OVER_LIMIT: "over the limit",
    Finding.KEPT: "yes",
    Finding.CENTRE: "centre",
}


def cell_text(facts: LagFacts, lag: Lag, column: int) -> str:
    """Return what a cell says."""
    dy, dx = lag
    y, x = facts.reach + dy, facts.reach + dx
    match column:
        case 0:
            return f"{dy:+d}".replace("-", "−") if dy else "0"
        case 1:
            return f"{dx:+d}".replace("-", "−") if dx else "0"
        case 2:
            return f"{float(facts.rho[y, x]):+.4f}".replace("-", "−")
        case 3:
            return f"{float(facts.error[y, x]):.4f}"
        case 4:
            return q_text(float(facts.q[y, x]))
        case _:
            return _SHORT[facts.finding(dy, dx)]


def table_text(facts: LagFacts | None, lags: Iterable[Lag]) -> str:
    """Return the table with tabs, for a spreadsheet."""
    lines = ["\t".join(heading for heading, _ in COLUMNS)]
    if facts is not None:
        for lag in lags:
            cells = [cell_text(facts, lag, column) for column in range(len(COLUMNS))]
            lines.append("\t".join(cells).replace("−", "-"))
    return "\n".join(lines) + "\n"


class LagsModel(QAbstractTableModel):
    """One row for each pair of opposite lags, the strongest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: LagFacts | None = None
        self._lags: list[Lag] = []
        self._rows: dict[Lag, int] = {}
        self._marked: int = -1
        self._mark_color = QColor()
        self._icons: dict[Finding, QIcon] = {}

    @property
    def facts(self) -> LagFacts | None:
        """What was found."""
        return self._facts

    @property
    def lags(self) -> list[Lag]:
        """The lag (dy, dx) of each row."""
        return self._lags

    def set_facts(self, facts: LagFacts | None) -> None:
        """Show other findings."""
        lags = [] if facts is None else facts.half_plane()
        same = lags == self._lags
        if not same:
            self.beginResetModel()
        self._facts, self._lags = facts, lags
        if not same:
            self._rows = {lag: row for row, lag in enumerate(lags)}
            self._marked = -1
            self.endResetModel()
        elif lags:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lags) - 1, len(COLUMNS) - 1))

    def row_of(self, lag: Lag | None) -> int:
        """Return the row of a lag, or of its opposite; -1 for none."""
        if lag is None:
            return -1
        return self._rows.get(lag, self._rows.get((-lag[0], -lag[1]), -1))

    @property
    def marked(self) -> int:
        """The row that is marked, or -1."""
        return self._marked

    def mark(self, row: int, color: QColor) -> None:
        """Mark a row; -1 for none."""
        old, self._marked, self._mark_color = self._marked, row, color
        for index in {old, row}:
            if 0 <= index < len(self._lags):
                last = self.index(index, len(COLUMNS) - 1)
                self.dataChanged.emit(self.index(index, 0), last)

    def restyle(self) -> None:
        """Draw the signs again in the colours of a new palette."""
        self._icons.clear()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of pairs."""
        return 0 if parent.isValid() else len(self._lags)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, alignment, mark and sign of a cell."""
        row, column, facts = index.row(), index.column(), self._facts
        if facts is None:
            return None
        if role == _DISPLAY:
            return cell_text(facts, self._lags[row], column)
        if role == _ALIGNMENT:
            return _LEFT if column == _KEPT else _RIGHT
        if role == _BACKGROUND:
            return self._mark_color if row == self._marked else None
        if column == _KEPT and role == _DECORATION:
            return self._icon(facts.finding(*self._lags[row]))
        if role == _TOOLTIP:
            if column == _KEPT:
                return FINDING_WORDS[facts.finding(*self._lags[row])]
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
            return _LEFT if section == _KEPT else _RIGHT
        return None

    def _icon(self, finding: Finding) -> QIcon:
        """Return the lag's cell as the significance view draws it."""
        if finding not in self._icons:
            from PySide6.QtGui import QGuiApplication

            theme = Theme.of(QGuiApplication.palette())
            pixmap = QPixmap(28, 28)
            pixmap.setDevicePixelRatio(2)
            ground = finding_colors(theme)[finding]
            pixmap.fill(ground)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_finding(painter, finding, QRectF(0, 0, 14, 14).center(), 4.0, ground)
            painter.end()
            self._icons[finding] = QIcon(pixmap)
        return self._icons[finding]
