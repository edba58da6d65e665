"""A table of rows that are marked under the pointer: rings, lags, whatever its columns list."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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


class Column(NamedTuple):
    """One column of a table."""

    heading: str
    explanation: str
    widest: str  # a text as wide as any
    text: Callable[[Any], str]  # of a row


class Sign(NamedTuple):
    """What is drawn before the word of one column, as the view beside draws it."""

    column: int  # set to the left, the numbers to the right
    of: Callable[[Any], Hashable]  # of a row
    draw: Callable[[QPainter, QRectF, Any], None]
    words: Mapping[Any, str] = {}  # tooltip for each sign


class RowTable(QWidget):
    """Rows that are marked under the pointer, here and in the views."""

    def __init__(
        self,
        name: str,
        columns: tuple[Column, ...],
        sign: Sign,
        nothing: str,
    ) -> None:
        super().__init__()
        self.model = RowModel(columns, sign, self)
        self._samples = [(column.widest, column.heading) for column in columns]
        self.table = HoverTable()
        self.table.setModel(self.model)
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

    def hovered(self, key: Any) -> None:
        """Tell others which row the pointer or an arrow key came upon; None when it left."""
        raise NotImplementedError

    def set_rows(self, rows: Sequence[Any], keys: Sequence[Hashable]) -> None:
        """Show rows, each known by its key; without any, the sentence instead of the table."""
        was_empty = not self.model.keys
        self.model.set_rows(rows, keys)
        self._pages.setCurrentWidget(self.table if rows else self.nothing)
        if was_empty and rows:
            self.table.scrollToTop()

    # --- the mark -----------------------------------------------------------------------------

    def highlight(self, key: Hashable) -> None:
        """Mark a row and bring it into view; None, or an unknown key, for none."""
        row = self.model.row_of(key)
        if row != self.model.marked:
            self._mark(row)
            if row >= 0:
                self.table.scrollTo(self.model.index(row, 0))

    def _mark(self, row: int) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        self.model.mark(row, mixed(base, palette.color(QPalette.ColorRole.Highlight), 0.35))

    def _on_entered(self, index: QModelIndex) -> None:
        self._hover(index.row())

    def _on_left(self) -> None:
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self.model.marked:
            # Without scrolling: a row must not run away from the pointer.
            self._mark(row)
            self.hovered(self.model.keys[row] if row >= 0 else None)

    # --- text ---------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the selected rows, or all, with tabs between the cells."""
        model = self.model
        selected = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = selected if len(selected) > 1 else range(model.rowCount())
        return spreadsheet(model.columns, (model.cells(row) for row in rows))

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
            self.model.restyle()
            self._mark(self.model.marked)

    def sizeHint(self) -> QSize:
        """Return room for all columns and six rows."""
        return QSize(460, 180)


class RowModel(QAbstractTableModel):
    """The cells of a `RowTable`, made when they are asked for: of many rows a few are seen."""

    def __init__(
        self, columns: tuple[Column, ...], sign: Sign, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns, self._sign = columns, sign
        self.rows: Sequence[Any] = ()
        self.keys: Sequence[Hashable] = ()
        self._row_of: dict[Hashable, int] = {}
        self._seen: dict[int, list[str]] = {}
        self.marked = -1  # the row that is marked, or -1
        self._mark_color = QColor()
        self._signs: dict[Hashable, QIcon] = {}

    def set_rows(self, rows: Sequence[Any], keys: Sequence[Hashable]) -> None:
        """Take other rows; of the same keys, only cells that were seen and differ are announced."""
        if keys != self.keys:
            marked = self.keys[self.marked] if self.marked >= 0 else None
            self.beginResetModel()
            self.rows, self.keys, self._seen = rows, keys, {}
            self._row_of = {key: row for row, key in enumerate(keys)}
            self.marked = self.row_of(marked)
            self.endResetModel()
            return
        before, self.rows, self._seen = self._seen, rows, {}
        # Cell by cell: a view asks eight times for what it draws, at each step of a slider.
        for row, texts in before.items():
            for column, (old, new) in enumerate(zip(texts, self._texts(row), strict=True)):
                if old != new:
                    index = self.index(row, column)
                    self.dataChanged.emit(index, index)

    def row_of(self, key: Hashable) -> int:
        """Return the row of a key, or -1."""
        return self._row_of.get(key, -1)

    def cells(self, row: int) -> list[str]:
        """Return what the cells of a row say."""
        return [column.text(self.rows[row]) for column in self.columns]

    def _texts(self, row: int) -> list[str]:
        if row not in self._seen:
            self._seen[row] = self.cells(row)
        return self._seen[row]

    def _tip(self, row: int, column: int) -> str:
        sign = self._sign
        if column == sign.column and sign.words:
            return sign.words[sign.of(self.rows[row])]
        return self.columns[column].explanation

    # --- the mark -----------------------------------------------------------------------------

    def mark(self, row: int, color: QColor) -> None:
        """Mark a row; -1 for none."""
        old, self.marked, self._mark_color = self.marked, row, color
        for changed in {old, row}:
            if 0 <= changed < self.rowCount():
                last = self.index(changed, len(self.columns) - 1)
                self.dataChanged.emit(self.index(changed, 0), last)

    def restyle(self) -> None:
        """Draw the signs again in the colours of a new palette."""
        self._signs.clear()

    # --- what Qt asks -------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, alignment, mark and sign of a cell."""
        # Asked some hundred times for each step of a slider, so the usual roles come first.
        row, column = index.row(), index.column()
        if role == _DISPLAY:
            return self._texts(row)[column]
        if role == _ALIGNMENT:
            return _LEFT if column == self._sign.column else _RIGHT
        if role == _BACKGROUND:
            return self._mark_color if row == self.marked else None
        if role == _DECORATION:
            return (
                self._icon(self._sign.of(self.rows[row])) if column == self._sign.column else None
            )
        if role == _TOOLTIP:
            return self._tip(row, column)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column and its explanation."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return self.columns[section].heading
        if role == _TOOLTIP:
            return self.columns[section].explanation
        if role == _ALIGNMENT:
            return _LEFT if section == self._sign.column else _RIGHT
        return None

    def _icon(self, sign: Hashable) -> QIcon:
        if sign not in self._signs:
            pixmap = QPixmap(28, 28)
            pixmap.setDevicePixelRatio(2)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._sign.draw(painter, _SIGN, sign)
            painter.end()
            self._signs[sign] = QIcon(pixmap)
        return self._signs[sign]


def spreadsheet(columns: Sequence[Column], rows: Iterable[Iterable[str]]) -> str:
    """Return a table with tabs between the cells and hyphens for minus signs."""
    lines = ["\t".join(column.heading for column in columns)]
    lines += ["\t".join(cells).replace("−", "-") for cells in rows]
    return "\n".join(lines) + "\n"


class HoverTable(QTableView):
    """A table that says when the pointer or the focus left it, and which row a key went to."""

    left = Signal()
    walked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
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
        """Say that the focus left."""
        super().focusOutEvent(event)
        self.left.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Say that the pointer left."""
        super().leaveEvent(event)
        self.left.emit()
