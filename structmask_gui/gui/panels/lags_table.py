"""The table of the tested lags: correlation, error, significance, and whether it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from structmask_gui.gui.panels.hover_table import HoverTable
from structmask_gui.gui.panels.lags_model import COLUMNS, LagsModel, table_text
from structmask_gui.gui.views.lag_facts import LagFacts
from structmask_gui.gui.views.theme import mixed, smaller

if TYPE_CHECKING:
    from structmask_gui.gui.session import Session

_WIDEST = ("−00", "−00", "−0.0000", "0.0000", "< 1e−10", "■■ over the limit")
"""A text as wide as any in each column."""


class LagsTable(QWidget):
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
        super().__init__(parent)
        self.model = LagsModel(self)
        self.table = HoverTable()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Lags")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.copy_action = QAction("Copy table", self)
        self.copy_action.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.table.addAction(self.copy_action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.table.entered.connect(self._on_entered)
        self.table.left.connect(self._on_left)
        self.table.walked.connect(self._hover)
        self._fit()
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
        if was_empty and self.model.lags:
            self.table.scrollToTop()

    def highlight_lag(self, lag: tuple[int, int] | None) -> None:
        """Mark the row of a lag and bring it into view; None for none."""
        row = self.model.row_of(lag)
        if row == self.model.marked:
            return
        self._mark(row)
        if row >= 0:
            self.table.scrollTo(self.model.index(row, 0))

    def _mark(self, row: int) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        self.model.mark(row, mixed(base, palette.color(QPalette.ColorRole.Highlight), 0.35))

    def text(self) -> str:
        """Return the selected rows, or all, with tabs between the cells."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        lags = self.model.lags
        chosen = [lags[row] for row in rows] if len(rows) > 1 else lags
        return table_text(self.model.facts, chosen)

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    # --- pointer ------------------------------------------------------------------------------

    def _on_entered(self, index: QModelIndex) -> None:
        self._hover(index.row())

    def _on_left(self) -> None:
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self.model.marked:
            self._mark(row)
            self.lag_hovered.emit(self.model.lags[row] if row >= 0 else None)

    # --- looks --------------------------------------------------------------------------------

    def _fit(self) -> None:
        samples = [(text, heading) for text, (heading, _) in zip(_WIDEST, COLUMNS, strict=True)]
        self.table.fit(smaller(self.font(), 0.92), samples)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the font or palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        elif event.type() == QEvent.Type.PaletteChange:
            self.model.restyle()
            self._mark(self.model.marked)

    def sizeHint(self) -> QSize:
        """Return room for all columns and six rows."""
        return QSize(460, 180)
