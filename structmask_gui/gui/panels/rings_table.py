"""The table of the rings: what was measured in each, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from structmask_gui.gui.panels.hover_table import HoverTable
from structmask_gui.gui.panels.rings_model import COLUMNS, RingsModel, table_text
from structmask_gui.gui.views.theme import mixed, smaller

if TYPE_CHECKING:
    from structmask_gui.core.rings import RingAnalysis
    from structmask_gui.gui.session import Session

_WIDEST = ("00", "000", "−0.0000", "−0.0000", "−0.0000", "■■ yes", "000", "+000")
"""A text as wide as any in each column."""

_NOTHING = "The rings stand here once a mask was extracted with the published method."


class RingsTable(QWidget):
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
        super().__init__(parent)
        self._analysis: RingAnalysis | None = None
        self.model = RingsModel(self)
        self.table = HoverTable()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Rings")
        self.nothing = QLabel(_NOTHING)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setEnabled(False)
        self.nothing.setContentsMargins(16, 8, 16, 8)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.nothing)
        self._pages.addWidget(self.table)

        self.copy_action = QAction("Copy table", self)
        self.copy_action.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.table.addAction(self.copy_action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

        self.table.entered.connect(self._on_entered)
        self.table.left.connect(self._on_left)
        self.table.walked.connect(self._on_walked)
        self._fit()
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
            self._pages.setCurrentWidget(self.nothing if analysis is None else self.table)

    def highlight_ring(self, index: int) -> None:
        """Mark the row of a ring and bring it into view; -1 for none."""
        if index == self.model.marked:
            return
        self._mark(index)
        if 0 < index <= self.model.rowCount():
            self.table.scrollTo(self.model.index(index - 1, 0))

    def _mark(self, index: int) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        self.model.mark(index, mixed(base, palette.color(QPalette.ColorRole.Highlight), 0.35))

    def text(self) -> str:
        """Return the selected rows, or all, with tabs between the cells."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rings = self.model.rings
        return table_text([rings[row] for row in rows] if len(rows) > 1 else rings)

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    # --- pointer ------------------------------------------------------------------------------

    def _on_entered(self, index: QModelIndex) -> None:
        self._hover(index.row() + 1)

    def _on_walked(self, row: int) -> None:
        self._hover(row + 1)

    def _on_left(self) -> None:
        self._hover(-1)

    def _hover(self, ring: int) -> None:
        if ring != self.model.marked:
            self.highlight_ring(ring)
            self.ring_hovered.emit(ring)

    # --- looks --------------------------------------------------------------------------------

    def _fit(self) -> None:
        """Make rows and columns as large as the font needs, whatever the numbers are."""
        self.table.fit(
            smaller(self.font(), 0.92),
            [(sample, heading) for sample, (heading, _) in zip(_WIDEST, COLUMNS, strict=True)],
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the font or palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        elif event.type() == QEvent.Type.PaletteChange:
            self._mark(self.model.marked)

    def sizeHint(self) -> QSize:
        """Return room for all columns and six rows."""
        return QSize(460, 180)
