"""The table of the tested lags: correlation, error, significance, and whether it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, QRectF, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.lags.findings import FINDING_WORDS, Finding, LagFacts, q_text
from structmask_gui.gui.views.lags.significance import draw_finding, finding_colors
from structmask_gui.gui.widgets.row_table import Index, MarkedRows, MarkedTable

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

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
_SHORT = {
    Finding.NEITHER: "no",
    Finding.UNPROVEN: "not proven",
    Finding.SMALL: "too small",
    Finding.OVER_LIMIT: "over the limit",
    Finding.KEPT: "yes",
    Finding.CENTRE: "centre",
}

_WIDEST = ("−00", "−00", "−0.0000", "0.0000", "< 1e−10", "■■ over the limit")

_NOTHING = "The lags stand here once a mask was extracted with the automatic method."


class LagsTable(MarkedTable):
    """Lags in rows, the strongest first; the row under the pointer is marked in the views.

    Parameters
    ----------
    session : Session, optional
        The table shows its extraction and shares its lag under the pointer.

    Signals
    -------
    lag_hovered(object)
        The pointer, or the arrow keys, came upon a row: its lag (dy, dx); None when it left.
    """

    lag_hovered = Signal(object)

    def __init__(self, session: Session | None = None, parent: QWidget | None = None) -> None:
        self.model = LagsModel()
        super().__init__(self.model, "Lags", _WIDEST, _NOTHING, parent)
        if session is not None:
            self.lag_hovered.connect(session.hover_lag)
            session.lag_hovered.connect(self.highlight_lag)
            session.extraction_changed.connect(self.set_extraction)
            self.set_extraction(session.state.extraction)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the lags of an `Extraction`; None, or one by the other method, empties the table."""
        facts = None if extraction is None else LagFacts.of(extraction)
        was_empty = not self.model.lags
        self.model.set_facts(facts)
        self._show_rows(bool(self.model.lags))
        if was_empty and self.model.lags:
            self.table.scrollToTop()

    def highlight_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark the row of a lag and bring it into view; None for none."""
        self._highlight(self.model.row_of(lag))

    def _tell(self, row: int) -> None:
        self.lag_hovered.emit(self.model.lags[row] if row >= 0 else None)


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


class LagsModel(MarkedRows):
    """One row for each pair of opposite lags, the strongest first."""

    columns = COLUMNS
    sign_column = _KEPT

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: LagFacts | None = None
        self._lags: list[Lag] = []
        self._row_of: dict[Lag, int] = {}

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
            self._row_of = {lag: row for row, lag in enumerate(lags)}
            self._marked = -1
            self.endResetModel()
        elif lags:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lags) - 1, len(COLUMNS) - 1))

    def row_of(self, lag: Lag | None) -> int:
        """Return the row of a lag, or of its opposite; -1 for none."""
        if lag is None:
            return -1
        return self._row_of.get(lag, self._row_of.get((-lag[0], -lag[1]), -1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of pairs."""
        return 0 if parent.isValid() else len(self._lags)

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        # Made when it is asked for: there are hundreds of rows, and a few are seen.
        return "" if self._facts is None else cell_text(self._facts, self._lags[row], column)

    def sign(self, row: int) -> Finding:
        """Return what was found of the lag."""
        return Finding.NEITHER if self._facts is None else self._facts.finding(*self._lags[row])

    def tip(self, row: int, column: int) -> str:
        """Return the explanation of the column, or why the lag is kept or not."""
        return FINDING_WORDS[self.sign(row)] if column == _KEPT else super().tip(row, column)

    def draw_sign(self, painter: QPainter, rect: QRectF, sign: Finding) -> None:
        """Draw the lag's cell as the significance view draws it."""
        ground = finding_colors(Colours.of(QGuiApplication.palette()))[sign]
        painter.fillRect(rect, ground)
        draw_finding(painter, sign, rect.center(), 4.0, ground)
