"""The file browser: a folder's images, what the chosen one holds, and how to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QDir,
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAbstractFileIconProvider,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileSystemModel,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.desktop.places import is_image, is_own_mask
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.panels.file_card import FileCard
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.drop import dropped
from structmask_gui.gui.widgets.eliding_label import ElidingLabel
from structmask_gui.gui.widgets.wording import shared_length, shortened
from structmask_gui.io.files.paths import is_folder
from structmask_gui.io.files.remote import remote_address
from structmask_gui.io.formats.known import ALL_EXTENSIONS

_ENDINGS = tuple(ending for endings in ALL_EXTENSIONS.values() for ending in endings)
_PATTERNS = [f"*{ending}" for ending in _ENDINGS]
_ZARR = ALL_EXTENSIONS["Zarr"]


_ROOT = QModelIndex()


class _Model(QFileSystemModel):
    """The files with our own two icons, and their whole names in the tooltip.

    Not an icon provider of our own: the model's thread would call it, and could wait for Python
    while Python waits for the thread to end.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._plain = QAbstractFileIconProvider()
        self.setIconProvider(self._plain)
        self.setOption(QFileSystemModel.Option.DontUseCustomDirectoryIcons)
        self.setFilter(QDir.Filter.AllDirs | QDir.Filter.Files | QDir.Filter.NoDotAndDotDot)
        self.setNameFilterDisables(False)
        self.opened: frozenset[str] = frozenset()  # paths of the files that are open
        self.failed: dict[str, str] = {}  # paths of those that could not be opened, and why
        self._bold = QFont()
        self._bold.setBold(True)
        self.restyle()

    def restyle(self) -> None:
        """Draw the icons in the colours of the present palette."""
        self._folder, self._file, self._failed = icon("folder"), icon("file"), icon("warning")

    def is_image(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        """Tell a file, or a folder that is named as a Zarr, from another folder.

        By the name, for it is asked at every paint; `places.is_image` looks into the folder.
        """
        return not self.isDir(index) or self.fileName(index).lower().endswith(_ZARR)

    def hasChildren(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> bool:
        """Show no way into a Zarr: its folders are parts of an image."""
        if parent.isValid() and self.is_image(parent):
            return False
        return super().hasChildren(parent)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Answer icon, tooltip and the font of open files here, all else as Qt does."""
        if self.failed and (why := self.failed.get(self.filePath(index), "")):
            if role == Qt.ItemDataRole.DecorationRole:
                return self._failed
            if role == Qt.ItemDataRole.ToolTipRole:
                return why
        if role == Qt.ItemDataRole.DecorationRole:
            return self._file if self.is_image(index) else self._folder
        if role == Qt.ItemDataRole.ToolTipRole:
            name = self.fileName(index)
            return f"{name} (open)" if self._is_open(index) else name
        if role == Qt.ItemDataRole.FontRole and self._is_open(index):
            return self._bold
        return super().data(index, role)

    def _is_open(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        return bool(self.opened) and self.filePath(index) in self.opened


class _Names(QStyledItemDelegate):
    """Shortens names so that they differ from those above and below."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Say what is drawn of a name."""
        super().initStyleOption(option, index)
        tree, name = option.widget, option.text
        if tree is None or option.rect.isEmpty():
            return
        style = tree.style()
        text = QStyle.SubElement.SE_ItemViewItemText
        room = style.subElementRect(text, option, tree).width()
        room -= 2 * (style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, option, tree) + 1)
        metrics = option.fontMetrics

        def fits(part: str) -> bool:
            return metrics.horizontalAdvance(part) <= room

        if fits(name):
            return
        beside = (index.sibling(index.row() + step, 0).data() for step in (-2, -1, 1, 2))
        shared = [shared_length(name, other) for other in beside if other]
        option.text = shortened(name, _ending(name), shared, fits)


def _ending(name: str) -> str:
    """Return the end of a file's name that says its kind, with `.ome`; empty for other names."""
    stem = name.lower()
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if stem.endswith(ending):
            return name[len(stem.removesuffix(ending).removesuffix(".ome")) :]
    return ""


def _filters(part: str, pattern: str) -> list[str]:
    """Return the patterns of files that have some letters in their names, and an ending.

    ``pattern``: The ending, as in "*.tif", in which some of the letters may lie.
    """
    ending = pattern.removeprefix("*")
    if part in ending.lower():
        return [pattern]
    literal = "".join(f"[{c}]" if c in "*?[" else c for c in part)
    inside = [n for n in range(1, len(ending)) if part.endswith(ending[:n].lower())]
    return [f"*{literal}{pattern}", *(f"*{literal}{ending[n:]}" for n in inside)]


class _Tree(QTreeView):
    """A tree whose Return key opens, whose Backspace goes up, and whose letters go to a name."""

    returned = Signal()
    up_asked = Signal()

    def event(self, event: QEvent) -> bool:
        """Take a letter before it is a key of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            with_ctrl = event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if event.text().isalnum() and not with_ctrl:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.returned.emit()
        elif event.key() == Qt.Key.Key_Backspace:
            self.up_asked.emit()
        else:
            super().keyPressEvent(event)


class FileBrowser(QWidget):
    """Folder tree, recent places, and the card of the selected file."""

    open_requested = Signal(list)  # paths to open; several are averaged

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        self.setAcceptDrops(True)
        self.folder_label = ElidingLabel(mode=Qt.TextElideMode.ElideLeft)
        self._up = self._button("up", "Go to the folder above (Backspace)", self.go_up)
        self._recent = self._button("folder", "Recent folders and files", None)
        self._recent.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.recent_menu = QMenu(self)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        self._recent.setMenu(self.recent_menu)
        self.filter = QLineEdit()
        self.filter.setToolTip("Show only files with these letters in their names")
        self.filter.setPlaceholderText("Filter names")
        self.filter.setAccessibleName("Filter names")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._apply_filter)
        self.filter.returnPressed.connect(self._open_filtered)

        self.model = _Model(self)
        self.tree = _Tree()
        self.tree.setModel(self.model)
        self.tree.setAccessibleName("Files")
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setItemDelegate(_Names(self.tree))
        for column in (1, 2, 3):
            self.tree.hideColumn(column)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setDragEnabled(True)
        self.tree.setMinimumHeight(48)
        self.tree.doubleClicked.connect(self._on_double_click)
        self.tree.returned.connect(self.open_selected)
        self.tree.up_asked.connect(self.go_up)
        self.tree.selectionModel().selectionChanged.connect(self._on_selection)
        self.card = FileCard(session)
        self.card.open_requested.connect(self.open_selected)

        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self._up)
        bar.addWidget(self.folder_label, 1)
        bar.addWidget(self._recent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(bar)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.card)

        # The tree is asked for the file only once the folder's thread has found it.
        self._wanted = self._kept_in_view = ""
        self.model.directoryLoaded.connect(self._select_wanted)
        # And sorts its names later still, which moves it.
        self.model.layoutChanged.connect(self._show_wanted)
        self.tree.verticalScrollBar().actionTriggered.connect(self._leave)
        self.model.rowsInserted.connect(self._hide_masks)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(120)
        self._later.timeout.connect(self._look)
        self._apply_filter("")
        folder = settings.browser_folder
        self.show_folder(folder if folder and is_folder(folder) else str(Path.home()))
        session.stack_changed.connect(self._on_stack)
        session.error_changed.connect(self._on_error)
        self._on_stack()

    def _button(self, name: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(icon(name))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        if callable(slot):
            button.clicked.connect(slot)
        return button

    # --- folders ------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder on display."""
        return Path(self.model.rootPath())

    def show_folder(self, folder: str) -> None:
        """Show another folder."""
        self.tree.setRootIndex(self.model.setRootPath(folder))
        self.folder_label.setText(folder)
        self.folder_label.set_tip(folder)
        self._settings.browser_folder = folder

    def go_up(self) -> None:
        """Show the folder above."""
        self.show_folder(str(self.folder.parent))

    def _apply_filter(self, text: str) -> None:
        part = text.strip().lower()
        self.model.setNameFilters([one for p in _PATTERNS for one in _filters(part, p)])

    def _hide_masks(self, parent: QModelIndex, first: int, last: int) -> None:
        """Hide the masks that were written beside the images."""
        if self.model.filePath(parent) != self.model.rootPath():
            return
        for row in range(first, last + 1):
            path = self.model.filePath(self.model.index(row, 0, parent))
            if is_own_mask(path):
                self.tree.setRowHidden(row, parent, True)

    def _fill_recent(self) -> None:
        menu = self.recent_menu
        menu.clear()
        settings = self._settings
        for title, paths in (
            ("Folders", settings.recent_folders),
            ("Files", settings.recent_files),
        ):
            if paths:
                menu.addSection(title)
            for path in paths:
                action = menu.addAction(path)
                action.setData(path)
                action.triggered.connect(self._on_recent)
        if menu.isEmpty():
            menu.addAction("Nothing yet").setEnabled(False)

    def _on_recent(self) -> None:
        path = self.sender().data()  # type: ignore[attr-defined]  # the sender is the action
        self.open_requested.emit([path])

    # --- files --------------------------------------------------------------------------------

    def selected(self) -> list[str]:
        """Return the selected images, sorted by name."""
        indexes = self.tree.selectionModel().selectedRows()
        paths = [self.model.filePath(i) for i in indexes]
        return sorted(path for path in paths if is_image(path))

    def select(self, path: str) -> None:
        """Select a file of the folder on display."""
        self._wanted = path
        self._select_wanted()

    def _select_wanted(self, *_: object) -> None:
        if self._wanted:
            index = self.model.index(self._wanted)
            if index.isValid():
                self._kept_in_view, self._wanted = self._wanted, ""
                self.tree.setCurrentIndex(index)
                self.tree.scrollTo(index)

    def _show_wanted(self, *_: object) -> None:
        """Scroll to the file that was selected, until another is, or the user scrolls."""
        index = self.tree.currentIndex()
        if self._kept_in_view and self.model.filePath(index) == self._kept_in_view:
            self.tree.scrollTo(index)

    def _leave(self, *_: object) -> None:
        self._kept_in_view = ""

    def _open_filtered(self) -> None:
        """Open the only file that the filter leaves; of several, go to the first."""
        root = self.tree.rootIndex()
        rows = [self.model.index(row, 0, root) for row in range(self.model.rowCount(root))]
        files = [index for index in rows if self.model.is_image(index)]
        files = [index for index in files if not self.tree.isRowHidden(index.row(), root)]
        if files:
            self.tree.setFocus()
            self.tree.setCurrentIndex(files[0])
        if len(files) == 1:
            self.open_selected()

    def open_selected(self) -> None:
        """Open the selected files, averaged if they are several; or go into the folder."""
        paths = self.selected()
        current = self.tree.currentIndex()
        if not paths and current.isValid() and self.model.isDir(current):
            self.show_folder(self.model.filePath(current))
        elif len(paths) == 1 and self.card.choices():
            self._session.open(paths, **self.card.choices())
        elif paths:
            self.open_requested.emit(paths)

    def _on_double_click(self, index: QModelIndex) -> None:
        if is_image(self.model.filePath(index)):
            self.open_selected()

    def _on_selection(self, _now: QItemSelection, _before: QItemSelection) -> None:
        self._later.start()

    def _look(self) -> None:
        self.card.show_files(self.selected())

    def _on_error(self, *_: object) -> None:
        """Mark a file that could not be opened."""
        why = self._session.state.failed_open
        for path in self.selected():
            if why.startswith(Path(path).name):
                self.model.failed[path] = why
                self.tree.viewport().update()

    def _on_stack(self) -> None:
        paths = self._session.state.paths
        self.model.opened = frozenset(path.resolve().as_posix() for path in paths)
        for path in self.model.opened:
            self.model.failed.pop(path, None)
        self.tree.viewport().update()
        # What is read from an address lies in no folder.
        if paths and remote_address(paths[0]) is None:
            folder = paths[0].resolve().parent
            if folder != self.folder:
                self.show_folder(str(folder))
            if str(paths[0].resolve()) not in self.selected():
                self.select(str(paths[0].resolve()))

    # --- drop, end ----------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept folders and images."""
        if any(path.lower().endswith(_ENDINGS) or is_folder(path) for path in dropped(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show a folder, open files."""
        event.acceptProposedAction()
        self.open_requested.emit(dropped(event))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "model"):
            self._restyle()

    def _restyle(self) -> None:
        self._up.setIcon(icon("up"))
        self._recent.setIcon(icon("folder"))
        self.model.restyle()
        self.tree.viewport().update()

    def stop(self) -> None:
        """Stop the thread that looks at files."""
        self._later.stop()
        self.card.stop()
