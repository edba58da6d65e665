"""What the method decided, in a table: the rings, or the lags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QStackedLayout, QWidget

from structmask_gui.gui.panels.lag_table import LagsTable
from structmask_gui.gui.panels.ring_table import RingsTable

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


class DecisionsTable(QWidget):
    """The rings of the published method, or the lags of the statistical one.

    Parameters
    ----------
    session : Session, optional
        Whose extraction is shown.
    """

    def __init__(self, session: Session | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rings = RingsTable(session)
        self.lags = LagsTable(session)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.rings)
        self._pages.addWidget(self.lags)
        self._session = session
        if session is not None:
            session.extraction_changed.connect(self._choose)
            self._choose(session.state.extraction)

    def _choose(self, extraction: Any | None) -> None:
        if extraction is None:
            rings = self._session is None or self._session.state.uses_rings
        else:
            rings = extraction.selection is None
        self._pages.setCurrentWidget(self.rings if rings else self.lags)
