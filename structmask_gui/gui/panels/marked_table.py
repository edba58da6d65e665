"""A table of `MarkedRows`: hovering, copying, looks; what the rings and the lags have in common."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from structmask_gui.gui.panels.hover_table import HoverTable
from structmask_gui.gui.panels.marked_rows import MarkedRows, spreadsheet
from structmask_gui.gui.style.colours import mixed, smaller


class MarkedTable(QWidget):
    """Rows that are marked under the pointer, here and in the views.

    Parameters
    ----------
    model : MarkedRows
    name : str
        What a screen reader calls the table.
    widest : iterable of str
        A text as wide as any in each column.
    nothing : str
        What stands there while there are no rows.
    """

    def __init__(
        self,
        model: MarkedRows,
        name: str,
        widest: Iterable[str],
        nothing: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rows = model
        model.setParent(self)
        headings = (heading for heading, _ in model.columns)
        self._samples = list(zip(widest, headings, strict=True))
        self.table = HoverTable()
        self.table.setModel(model)
        self.table.setAccessibleName(name)
        self.nothing = QLabel(nothing)
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
        self.table.walked.connect(self._hover)
        self._fit()

    def _tell(self, row: int) -> None:
        """Tell others which row the pointer or an arrow key came upon; -1 when it left."""
        raise NotImplementedError

    def _show_rows(self, there: bool) -> None:
        """Show the table, or the sentence while there is nothing in it."""
        self._pages.setCurrentWidget(self.table if there else self.nothing)

    # --- the mark -----------------------------------------------------------------------------

    def _highlight(self, row: int) -> None:
        """Mark a row and bring it into view; -1 for none."""
        if row == self._rows.marked:
            return
        self._mark(row)
        if 0 <= row < self._rows.rowCount():
            self.table.scrollTo(self._rows.index(row, 0))

    def _mark(self, row: int) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        self._rows.mark(row, mixed(base, palette.color(QPalette.ColorRole.Highlight), 0.35))

    def _on_entered(self, index: QModelIndex) -> None:
        self._hover(index.row())

    def _on_left(self) -> None:
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self._rows.marked:
            # Without scrolling: a row must not run away from the pointer.
            self._mark(row)
            self._tell(row)

    # --- text ---------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the selected rows, or all, with tabs between the cells."""
        model = self._rows
        selected = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = selected if len(selected) > 1 else range(model.rowCount())
        columns = range(len(model.columns))
        return spreadsheet(model.columns, ([model.text(row, c) for c in columns] for row in rows))

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    # --- looks --------------------------------------------------------------------------------

    def _fit(self) -> None:
        """Make rows and columns as large as the font needs, whatever the numbers are."""
        self.table.fit(smaller(self.font(), 0.92), self._samples)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the font or palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        elif event.type() == QEvent.Type.PaletteChange:
            self._rows.restyle()
            self._mark(self._rows.marked)

    def sizeHint(self) -> QSize:
        """Return room for all columns and six rows."""
        return QSize(460, 180)
