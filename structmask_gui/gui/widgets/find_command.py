"""Find a command: every action by its words, with where it stands and its keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.widgets.dialogs import resize_for_text
from structmask_gui.gui.widgets.wording import plain

_WALKING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Command(NamedTuple):
    """An action that can be found."""

    action: QAction
    place: str  # the menu it stands in, submenus after a slash
    tip: str

    @property
    def text(self) -> str:
        return plain(self.action.text())


def found(commands: Iterable[Command], asked: str) -> list[Command]:
    """Return the commands that contain all words asked for: by name first, then by what they do."""
    words = asked.lower().split()
    ranked: list[tuple[int, int, Command]] = []
    for number, command in enumerate(commands):
        text = command.text.lower()
        everything = f"{text} {plain(command.place).lower()} {command.tip.lower()}"
        if all(word in everything for word in words):
            by_name = all(word in text for word in words)
            first = bool(words) and text.startswith(words[0])
            rank = (0 if first else 1 if by_name else 2) + (0 if command.action.isEnabled() else 3)
            ranked.append((rank, number, command))
    return [command for _, _, command in sorted(ranked, key=lambda one: one[:2])]


class FindCommand(QDialog):
    """A line to type in and the commands that fit; Enter does the marked one."""

    def __init__(self, parent: QWidget | None, commands: Sequence[Command]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find a command")
        self._commands = commands
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.line.setToolTip("Type a word of a command: save, rings, compare …")
        self.line.setAccessibleName("Words of the command")
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._fill)
        self.line.returnPressed.connect(self._do)
        self.line.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Commands")
        self.list.setHeaderLabels(["Command", "Menu", "Keys"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.itemActivated.connect(self._do)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.said = QLabel()
        self.said.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.line)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.said)
        self.list.currentItemChanged.connect(self._explain)
        self._fill("")
        resize_for_text(self, QSize(560, 400))

    def _fill(self, asked: str) -> None:
        self.list.clear()
        for command in found(self._commands, asked):
            keys = command.action.shortcut().toString()
            place = plain(command.place).replace("/", " > ")
            item = QTreeWidgetItem([command.text, place, keys])
            item.setData(0, Qt.ItemDataRole.UserRole, command)
            item.setToolTip(0, command.tip)
            if not command.action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addTopLevelItem(item)
        first = self.list.topLevelItem(0)
        if first is None:
            self.said.setText("No command has these words.")
        elif first.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.list.setCurrentItem(first)
        else:
            self.said.setText("Not available now: open a stack, or wait for its mask.")

    def _explain(self, item: QTreeWidgetItem | None, _before: object) -> None:
        self.said.setText("" if item is None else item.data(0, Qt.ItemDataRole.UserRole).tip)

    def _do(self, *_: object) -> None:
        item = self.list.currentItem()
        if item is not None:
            command: Command = item.data(0, Qt.ItemDataRole.UserRole)
            self.accept()
            command.action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Walk in the list while the keyboard stays in the line."""
        if (
            watched is self.line
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in _WALKING
        ):
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)
