"""The table of the tested lags: correlation, error, significance, and whether it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from structmask_gui.gui.panels.lags_model import LagsModel
from structmask_gui.gui.panels.marked_table import MarkedTable
from structmask_gui.gui.views.lag_facts import LagFacts

if TYPE_CHECKING:
    from structmask_gui.gui.session import Session

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
            self.set_extraction(session.extraction)

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
