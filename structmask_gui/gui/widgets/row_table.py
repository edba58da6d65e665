"""A table of `MarkedRows`: hovering, copying, looks; what the rings and the lags have in common."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableView,
    QWidget,
)

from structmask_gui.gui.style.colours import mixed, smaller

Index = QModelIndex | QPersistentModelIndex
Columns = tuple[tuple[str, str], ...]
_DISPLAY, _ALIGNMENT, _BACKGROUND, _DECORATION, _TOOLTIP = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.BackgroundRole,
    Qt.ItemDataRole.DecorationRole,
    Qt.ItemDataRole.ToolTipRole,
)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_SIGN = QRectF(0, 0, 14, 14)


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


class MarkedRows(QAbstractTableModel):
    """Rows of texts; one column has a sign, drawn as in the view beside, before its word.

    Attributes
    ----------
    columns : tuple of (str, str)
        Heading and explanation of each column.
    sign_column : int
        The column with the sign; it is set to the left, the numbers to the right.
    """

    columns: ClassVar[Columns] = ()
    sign_column: ClassVar[int] = 0

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marked = -1
        self._mark_color = QColor()
        self._signs: dict[Hashable, QIcon] = {}

    # --- what a table of its own says ---------------------------------------------------------

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        raise NotImplementedError

    def sign(self, row: int) -> Hashable:
        """Return what the sign of a row stands for."""
        raise NotImplementedError

    def draw_sign(self, painter: QPainter, rect: QRectF, sign: Any) -> None:
        """Draw a sign into a square."""
        raise NotImplementedError

    def tip(self, _row: int, column: int) -> str:
        """Return what the tooltip of a cell says."""
        return self.columns[column][1]

    # --- the mark -----------------------------------------------------------------------------

    @property
    def marked(self) -> int:
        """The row that is marked, or -1."""
        return self._marked

    def mark(self, row: int, color: QColor) -> None:
        """Mark a row; -1 for none."""
        old, self._marked, self._mark_color = self._marked, row, color
        for changed in {old, row}:
            if 0 <= changed < self.rowCount():
                last = self.index(changed, len(self.columns) - 1)
                self.dataChanged.emit(self.index(changed, 0), last)

    def restyle(self) -> None:
        """Draw the signs again in the colours of a new palette."""
        self._signs.clear()

    # --- what Qt asks -------------------------------------------------------------------------

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, alignment, mark and sign of a cell."""
        # Asked some hundred times for each step of a slider, so the usual roles come first.
        row, column = index.row(), index.column()
        if role == _DISPLAY:
            return self.text(row, column)
        if role == _ALIGNMENT:
            return _LEFT if column == self.sign_column else _RIGHT
        if role == _BACKGROUND:
            return self._mark_color if row == self._marked else None
        if role == _DECORATION:
            return self._icon(self.sign(row)) if column == self.sign_column else None
        if role == _TOOLTIP:
            return self.tip(row, column)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column and its explanation."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return self.columns[section][0]
        if role == _TOOLTIP:
            return self.columns[section][1]
        if role == _ALIGNMENT:
            return _LEFT if section == self.sign_column else _RIGHT
        return None

    def _icon(self, sign: Hashable) -> QIcon:
        if sign not in self._signs:
            pixmap = QPixmap(28, 28)
            pixmap.setDevicePixelRatio(2)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.draw_sign(painter, _SIGN, sign)
            painter.end()
            self._signs[sign] = QIcon(pixmap)
        return self._signs[sign]


def spreadsheet(columns: Columns, rows: Iterable[Iterable[str]]) -> str:
    """Return a table with tabs between the cells and hyphens for minus signs."""
    lines = ["\t".join(heading for heading, _ in columns)]
    lines += ["\t".join(cells).replace("−", "-") for cells in rows]
    return "\n".join(lines) + "\n"


class HoverTable(QTableView):
    """A table that says when the pointer or the focus left it, and which row a key went to."""

    left = Signal()
    walked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setIconSize(QSize(14, 14))
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(16)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(28)

    def fit(self, font: QFont, samples: Sequence[tuple[str, ...]]) -> None:
        """Make rows and columns as large as a font needs for the widest of each column's samples.

        Whatever the numbers are, the columns then stay where they are.
        """
        for widget in (self, self.horizontalHeader()):
            widget.setFont(font)
        metrics = QFontMetrics(font)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 5)
        for column, texts in enumerate(samples):
            widest = max(metrics.horizontalAdvance(text) for text in texts)
            self.setColumnWidth(column, widest + 8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to another row, and say so."""
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        if self.currentIndex().row() != before:
            self.walked.emit(self.currentIndex().row())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Say it."""
        super().focusOutEvent(event)
        self.left.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Say it."""
        super().leaveEvent(event)
        self.left.emit()
