"""What the method decided, in a table: the rings, or the lags."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter
from PySide6.QtWidgets import QStackedLayout, QWidget

from structmask_gui.gui.style.colours import Colours
from structmask_gui.gui.views.lags import decision_marks
from structmask_gui.gui.views.lags.findings import FINDING_WORDS, Finding, LagFacts, LagRow, q_text
from structmask_gui.gui.views.lags.significance import draw_finding, finding_colors
from structmask_gui.gui.widgets.row_table import Column, RowTable, Sign

if TYPE_CHECKING:
    from structmask_gui.core.extraction.rings import Ring
    from structmask_gui.gui.session.session import Session

_GROUND = QColor(70, 70, 90)
"""Between the darkest and the brightest colours that the rings are drawn on."""

_SHORT = {
    Finding.NEITHER: "no",
    Finding.UNPROVEN: "no, not certain",
    Finding.SMALL: "no, negligible",
    Finding.OVER_LIMIT: "no, over the limit",
    Finding.LEFT: "no, costs more",
    Finding.HIDDEN: "yes, not certain",
    Finding.KEPT: "yes",
    Finding.CENTRE: "centre",
}


def _number(value: float) -> str:
    # As many decimals in every row, so that the points stand below each other.
    text = f"{value:.4f}" if abs(value) < 1000 else f"{value:.3e}"
    return text.replace("-", "−")


def _signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else "0"


def _ratio(ring: Ring) -> str:
    return "–" if math.isnan(ring.ratio) else _number(ring.ratio)


def _considered(ring: Ring) -> bool:
    return ring.considered


def _finding(row: LagRow) -> Finding:
    return Finding(row.finding)


def _draw_ring(painter: QPainter, rect: QRectF, considered: bool) -> None:
    """Draw the ring's line as the overlay draws it."""
    painter.fillRect(rect, _GROUND)
    decision_marks.draw_ring(painter, rect.adjusted(3, 3, -3, -3), considered)


def _draw_lag(painter: QPainter, rect: QRectF, finding: Finding) -> None:
    """Draw the lag's cell as the significance view draws it."""
    ground = finding_colors(Colours.of(QGuiApplication.palette()))[finding]
    painter.fillRect(rect, ground)
    draw_finding(painter, finding, rect.center(), 4.0, ground)


# fmt: off
RING_COLUMNS = (
    Column("Ring", "The pixels at a distance of k from the centre, max(|dx|, |dy|) = k.", "00",
           lambda ring: str(ring.index)),
    Column("Pixels", "How many pixels the ring has.", "000", lambda ring: str(ring.pixels)),
    Column("Max", "Its largest value.", "−0.0000", lambda ring: _number(ring.maximum)),
    Column("Ratio", "Its maximum divided by the centre's value; compared with Ring strength.",
           "−0.0000", _ratio),
    Column("Thresh.", "Its threshold: the value above which its pixels are kept.", "−0.0000",
           lambda ring: _number(ring.threshold)),
    Column("Considered", "Whether its maximum is high enough for the ring to count.", "■■ yes",
           lambda ring: "yes" if ring.considered else "no"),
    Column("Kept", "Pixels selected in it, before component and size limit.", "000",
           lambda ring: str(ring.kept)),
    Column("Prox.", "Pixels added (+) or dropped (−) because of how close they are to the centre's"
           " value.", "+000",
           lambda ring: _signed(ring.added_by_proximity or -ring.dropped_by_proximity)),
)

LAG_COLUMNS = (
    Column("Right", "Pixels to the right (lag dx). Of each pair of opposite neighbours, which are"
           " equal, one is listed.", "−00", lambda row: _signed(row.lag[1])),
    Column("Down", "Pixels down (lag dy).", "−00", lambda row: _signed(row.lag[0])),
    Column("Strength", "How much noise it shares with the centre: the correlation ρ, 0 to 1.",
           "−0.0000", lambda row: f"{row.rho:+.4f}".replace("-", "−")),
    Column("±", "Standard error of the strength.", "0.0000", lambda row: f"{row.error:.4f}"),
    Column("False alarm", "Chance of a false alarm: the false discovery rate q at which it is just"
           " significant.", "< 1e−10", lambda row: q_text(row.q)),
    Column("In mask", "Whether it is in the mask, and why.", "■■ no, over the limit",
           lambda row: _SHORT[_finding(row)]),
)
# fmt: on


class RingsTable(RowTable):
    """The rings in rows; the row under the pointer is marked in the overlay, and the reverse."""

    ring_hovered = Signal(int)
    """The ring under the pointer or reached by an arrow key; -1 when the pointer left."""

    def __init__(self, session: Session) -> None:
        nothing = "The rings stand here once a mask was made by ring analysis."
        super().__init__("Rings", RING_COLUMNS, Sign(5, _considered, _draw_ring), nothing)
        self.ring_hovered.connect(session.hover_ring)
        session.ring_hovered.connect(self.highlight)
        session.extraction_changed.connect(self.set_extraction)
        self.set_extraction(session.state.extraction)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the rings of an `Extraction`; None, or one without rings, empties the table."""
        analysis = None if extraction is None else extraction.rings
        rings = () if analysis is None else analysis.rings
        self.set_rows(rings, [ring.index for ring in rings])

    def hovered(self, key: Any) -> None:
        """Tell which ring."""
        self.ring_hovered.emit(-1 if key is None else key)


class LagsTable(RowTable):
    """Lags in rows, the strongest first; the row under the pointer is marked in the views."""

    lag_hovered = Signal(object)
    """The lag (dy, dx) under the pointer or reached by an arrow key; None when it left."""

    def __init__(self, session: Session) -> None:
        nothing = "The neighbours stand here once a mask was made automatically."
        sign = Sign(5, _finding, _draw_lag, FINDING_WORDS)
        super().__init__("Lags", LAG_COLUMNS, sign, nothing)
        self.lag_hovered.connect(session.hover_lag)
        session.lag_hovered.connect(self.highlight_lag)
        session.extraction_changed.connect(self.set_extraction)
        self.set_extraction(session.state.extraction)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the lags of an `Extraction`; None, or one by the other method, empties the table."""
        facts = None if extraction is None else LagFacts.of(extraction)
        rows = [] if facts is None else facts.rows()
        self.set_rows(rows, [row.lag for row in rows])

    def highlight_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark the row of a lag, or of its opposite, and bring it into view; None for none."""
        if lag is not None and self.model.row_of(lag) < 0:
            lag = -lag[0], -lag[1]
        self.highlight(lag)

    def hovered(self, key: Any) -> None:
        """Tell which lag."""
        self.lag_hovered.emit(key)


class DecisionsTable(QWidget):
    """The rings of the published method, or the lags of the statistical one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.rings = RingsTable(session)
        self.lags = LagsTable(session)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.rings)
        self._pages.addWidget(self.lags)
        self._session = session
        session.extraction_changed.connect(self._choose)
        self._choose(session.state.extraction)

    def _choose(self, extraction: Any | None) -> None:
        if extraction is None:
            rings = self._session.state.uses_rings
        else:
            rings = extraction.selection is None
        self._pages.setCurrentWidget(self.rings if rings else self.lags)
