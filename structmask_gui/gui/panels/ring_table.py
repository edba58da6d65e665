"""The table of the rings: what was measured in each, and what was decided."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, QRectF, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.views.lags import decision_marks
from structmask_gui.gui.widgets.row_table import Index, MarkedRows, MarkedTable

if TYPE_CHECKING:
    from structmask_gui.core.extraction.rings import Ring, RingAnalysis
    from structmask_gui.gui.session.session import Session

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
_GROUND = QColor(70, 70, 90)
"""Between the darkest and the brightest colours that the rings are drawn on."""

_WIDEST = ("00", "000", "−0.0000", "−0.0000", "−0.0000", "■■ yes", "000", "+000")

_NOTHING = "The rings stand here once a mask was extracted with the published method."


class RingsTable(MarkedTable):
    """The rings in rows; the row under the pointer is marked in the overlay, and the reverse.

    Parameters
    ----------
    session : Session, optional
        The table shows its extraction and shares its ring under the pointer.

    Signals
    -------
    ring_hovered(int)
        The pointer, or the arrow keys, came upon a row; -1 when the pointer left.
    """

    ring_hovered = Signal(int)

    def __init__(self, session: Session | None = None, parent: QWidget | None = None) -> None:
        self.model = RingsModel()
        super().__init__(self.model, "Rings", _WIDEST, _NOTHING, parent)
        self._analysis: RingAnalysis | None = None
        if session is not None:
            self.ring_hovered.connect(session.hover_ring)
            session.ring_hovered.connect(self.highlight_ring)
            session.extraction_changed.connect(self.set_extraction)
            self.set_extraction(session.state.extraction)

    def set_extraction(self, extraction: Any | None) -> None:
        """Show the rings of an `Extraction`; None, or one without rings, empties the table."""
        self.set_analysis(None if extraction is None else extraction.rings)

    def set_analysis(self, analysis: RingAnalysis | None) -> None:
        """Show the rings of an analysis."""
        if analysis is not self._analysis:
            self._analysis = analysis
            self.model.set_rings(analysis.rings if analysis is not None else ())
            self._show_rows(analysis is not None)

    def highlight_ring(self, ring: int) -> None:
        """Mark the row of a ring and bring it into view; -1 for none."""
        # Ring 1 stands in row 0; ring 0 would be the centre, which has none.
        self._highlight(ring - 1 if ring > 0 else -1)

    def _tell(self, row: int) -> None:
        self.ring_hovered.emit(row + 1 if row >= 0 else -1)


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


class RingsModel(MarkedRows):
    """One row for each ring."""

    columns = COLUMNS
    sign_column = 5

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rings: tuple[Ring, ...] = ()
        self._texts: list[list[str]] = []

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

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of rings."""
        return 0 if parent.isValid() else len(self._rings)

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        return self._texts[row][column]

    def sign(self, row: int) -> bool:
        """Return whether the ring is considered."""
        return self._rings[row].considered

    def draw_sign(self, painter: QPainter, rect: QRectF, sign: bool) -> None:
        """Draw the ring's line as the overlay draws it."""
        painter.fillRect(rect, _GROUND)
        decision_marks.draw_ring(painter, rect.adjusted(3, 3, -3, -3), sign)
