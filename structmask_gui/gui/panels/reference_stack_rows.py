"""Rows in which a file is chosen or dropped, as a dark stack or one to subtract."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from structmask_gui.core.stack.reference_fit import ReferenceKind
from structmask_gui.gui.panels.parameter_rows import Caption
from structmask_gui.gui.session.reference_stacks import WORDS
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets import dialogs
from structmask_gui.gui.widgets.drop import dropped
from structmask_gui.gui.widgets.eliding_label import ElidingLabel

_HELP: dict[ReferenceKind, str] = {
    "dark": "Frames without light, or of an empty field: 20 or more, with the same settings.",
    "subtract": "One frame, as the mean of still frames, or as many frames as are measured. Not the"
    " output of a denoiser: noise that stayed in it is missed.",
}
_OPTIONAL: dict[ReferenceKind, str] = {
    "dark": "If you have one: it is then measured instead of the frames.",
    "subtract": "It is subtracted from the frames before they are measured.",
}


class FileRow(QWidget):
    """Name of a file, a button to choose it and one to let it go; a file can be dropped.

    Parameters
    ----------
    kind : str
        What `chosen` calls the file.
    title : str
        What the window calls it.
    tip : str
        What it has to hold.
    """

    chosen = Signal(str, object)  # kind, and path or None

    def __init__(self, kind: str, title: str, tip: str, none: str = "none") -> None:
        super().__init__()
        self.kind, self._title, self._none = kind, title, none
        self.folder = str(Path.home())
        self._path = ""
        self.label = QLabel(title)
        self.label.setToolTip(tip)
        self.name = ElidingLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.name.setToolTip(tip)
        self.button = QPushButton("Choose…")
        self.button.setToolTip(f"Choose the file of the {title.lower()}, or drop it here")
        self.clear = QToolButton()
        self.clear.setAutoRaise(True)
        self.clear.setFixedSize(20, 20)
        self.clear.setToolTip("Remove this stack")
        self.clear.setAccessibleName(f"Remove the {title.lower()}")
        self.line = QHBoxLayout()
        self.line.setSpacing(6)
        self.line.addWidget(self.label)
        self.line.addWidget(self.name, 1)
        self.line.addWidget(self.button)
        self.line.addWidget(self.clear)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(1)
        self.column.addLayout(self.line)
        self.setAcceptDrops(True)
        self.button.clicked.connect(self.ask)
        self.clear.clicked.connect(self._on_clear)
        self.set_file("")
        self._restyle()

    @property
    def given(self) -> bool:
        """Whether there is such a stack."""
        return bool(self._path)

    def set_file(self, name: str, path: str = "") -> None:
        """Show the file; none without a name."""
        self._path = path or name
        self.name.setText(name or self._none)
        self.name.setEnabled(bool(name))
        self.name.set_tip(self._path)
        self.button.setText("Change…" if name else "Choose…")
        self.clear.setVisible(bool(name))

    def ask(self) -> None:
        """Ask for the file, at first in `folder`."""
        folder = str(Path(self._path).parent) if self._path else self.folder
        dialogs.ask_files(
            self,
            self._title,
            folder,
            dialogs.readable_files(),
            self._on_files,
            several=False,
        )

    def _on_files(self, paths: list[str]) -> None:
        if paths:
            self.chosen.emit(self.kind, paths[0])

    def _on_clear(self) -> None:
        self.chosen.emit(self.kind, None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept one file."""
        if len(event.mimeData().urls()) == len(dropped(event)) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the file that was dropped."""
        event.acceptProposedAction()
        self._on_files(dropped(event))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "clear"):
            self._restyle()

    def _restyle(self) -> None:
        self.clear.setIcon(icon("cancel"))


class ReferenceStackRow(FileRow):
    """The row of a dark stack, or of one to subtract, with what it is for."""

    kind: ReferenceKind

    def __init__(self, kind: ReferenceKind, *, brief: bool = False) -> None:
        super().__init__(kind, WORDS[kind], _OPTIONAL[kind], "none" if brief else "No file yet")
        self.caption = Caption()
        if brief:
            # Within a hidden widget they stay hidden; without a parent they would become windows.
            unseen = QWidget(self)
            unseen.hide()
            for part in (self.label, self.caption):
                part.setParent(unseen)
        else:
            self.column.setContentsMargins(0, 1, 0, 3)
            self.column.insertWidget(0, self.label)
            self.column.addWidget(self.caption)
        self.set_optional(False)

    def set_optional(self, optional: bool) -> None:
        """Say what the stack is for: needed by the source, or welcome."""
        self.caption.say((_OPTIONAL if optional else _HELP)[self.kind])

    def _restyle(self) -> None:
        super()._restyle()
        if hasattr(self, "caption"):
            self.caption.restyle()
