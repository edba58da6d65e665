"""The table of the rings: what was measured in each, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.panels.marked_table import MarkedTable
from structmask_gui.gui.panels.rings_model import RingsModel

if TYPE_CHECKING:
    from structmask_gui.core.extraction.rings import RingAnalysis
    from structmask_gui.gui.session import Session

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
            self.set_extraction(session.extraction)

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
