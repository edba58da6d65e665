"""File, text and yes/no dialogs that never block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QToolButton,
    QWidget,
)

from structmask_gui.gui.style.icons import icon

TITLE_BAR, _EDGES = 32, 8
"""Height and width that a window manager may add."""

_LETTER = 7
"""Width of an x in text of the usual size."""

_ARROWS = {"backButton": "previous", "forwardButton": "next", "toParentButton": "up"}
MASKS = "Masks (*.npy *.png *.tif *.tiff *.json);;All files (*)"


def readable_files(what: str = "Images", *more: str) -> str:
    """Return the filter of the dialogs that open images, their reader installed or not.

    ``more``: Endings of other files that are opened there.
    """
    from structmask_gui.io.formats.known import ALL_EXTENSIONS

    known = {ending for endings in ALL_EXTENSIONS.values() for ending in endings}
    endings = sorted(f"*{ending}" for ending in {*known, *more})
    return f"{what} ({' '.join(endings)});;All files (*)"


def ask_files(
    parent: QWidget,
    title: str,
    folder: str,
    filters: str,
    answer: Callable[[list[str]], object],
    *,
    several: bool = False,
) -> QFileDialog:
    """Ask for existing files; ``answer`` gets their paths unless the dialog is left."""
    dialog = QFileDialog(parent, title, folder, filters)
    # Fifty endings do not fit, and nobody reads them.
    dialog.setOption(QFileDialog.Option.HideNameFilterDetails)
    several_files = QFileDialog.FileMode.ExistingFiles
    dialog.setFileMode(several_files if several else QFileDialog.FileMode.ExistingFile)
    dialog.filesSelected.connect(answer)
    return _opened(dialog)


def ask_folder(
    parent: QWidget, title: str, folder: str, answer: Callable[[str], object]
) -> QFileDialog:
    """Ask for a folder."""
    dialog = QFileDialog(parent, title, folder)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(answer)
    return _opened(dialog)


def ask_new_file(
    parent: QWidget,
    title: str,
    proposed: Path,
    filters: str,
    answer: Callable[[str, str], object],
) -> QFileDialog:
    """Ask for the name of a file to write; ``answer`` gets the path and the chosen filter.

    The dialog itself asks before an existing file is replaced.
    """
    dialog = QFileDialog(parent, title, str(proposed.parent), filters)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(proposed.name)
    dialog.setDefaultSuffix(proposed.suffix.lstrip("."))

    def follow(chosen: str) -> None:
        dialog.setDefaultSuffix(suffix_of(chosen))

    def answered(path: str) -> None:
        answer(path, dialog.selectedNameFilter())

    dialog.filterSelected.connect(follow)
    dialog.fileSelected.connect(answered)
    return _opened(dialog)


def suffix_of(name_filter: str) -> str:
    """Return the suffix of a file filter, as in "npy" for "NumPy array (*.npy)"."""
    return name_filter.partition("*.")[2].partition(")")[0].partition(" ")[0]


def resize_on_screen(window: QWidget, size: QSize) -> None:
    """Give a window a size, but none larger than the screen, with its title bar and edges."""
    room = window.screen().availableSize() - QSize(_EDGES, TITLE_BAR)
    window.resize(size.boundedTo(room))


def resize_for_text(window: QWidget, size: QSize) -> None:
    """Give a window a size, larger where the text is, but none larger than the screen."""
    resize_on_screen(window, QSize(for_text(window, size.width()), for_text(window, size.height())))


def for_text(widget: QWidget, length: int) -> int:
    """Return a length that is right for text of the usual size, larger where the text is."""
    return round(length * max(1.0, widget.fontMetrics().horizontalAdvance("x") / _LETTER))


def ask_text(
    parent: QWidget, title: str, label: str, text: str, answer: Callable[[str], object]
) -> QInputDialog:
    """Ask for one line of text."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(label)
    dialog.setTextValue(text)
    dialog.resize(420, dialog.sizeHint().height())
    dialog.textValueSelected.connect(answer)
    without_icons(dialog)
    dialog.open()
    return dialog


def ask_yes(
    parent: QWidget,
    title: str,
    question: str,
    yes: str,
    answer: Callable[[], object],
    no: str = "Cancel",
) -> QMessageBox:
    """Ask before something that cannot be undone."""
    box = QMessageBox(QMessageBox.Icon.Question, title, question, parent=parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    left = box.addButton(QMessageBox.StandardButton.Cancel)
    left.setText(no)
    box.setDefaultButton(left)
    button.clicked.connect(answer)
    without_icons(box)
    box.open()
    return box


def ask_either(
    parent: QWidget,
    title: str,
    question: str,
    first: tuple[str, Callable[[], object]],
    second: tuple[str, Callable[[], object]],
) -> QMessageBox:
    """Ask which of two things to do, each with the text of its button; or neither."""
    box = QMessageBox(QMessageBox.Icon.Question, title, question, parent=parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for text, answer in (first, second):
        button = box.addButton(text, QMessageBox.ButtonRole.AcceptRole)
        button.clicked.connect(answer)
    box.addButton(QMessageBox.StandardButton.Cancel)
    without_icons(box)
    box.open()
    return box


def bring_up(dialog: QDialog) -> None:
    """Show a dialog that is open already, where it is seen."""
    dialog.raise_()
    dialog.activateWindow()


def without_icons(dialog: QDialog) -> None:
    """Remove the icons from the buttons at the bottom, which some desktops put there.

    They are drawn dark whatever the palette, so that they are hardly seen in dark dialogs.
    """
    for box in dialog.findChildren(QDialogButtonBox):
        for button in box.buttons():
            button.setIcon(QIcon())


class _Pasted(QObject):
    """Puts the path itself where a pasted text holds one in quotation marks or as an address."""

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        self._field, self._before = field, field.text()
        field.textChanged.connect(self._on_text)

    def _on_text(self, text: str) -> None:
        from structmask_gui.io.files.paths import pasted_path

        more, self._before = len(text) - len(self._before), text
        # What is typed comes letter by letter, and a space at its end may have a word after it.
        path = pasted_path(text) if more > 1 else text
        if path != text and '"' not in path and Path(path).is_absolute():
            self._field.setText(path)


def _opened(dialog: QFileDialog) -> QFileDialog:
    # Qt's own dialog; those of a system have no such field, and understand what is pasted.
    for field in dialog.findChildren(QLineEdit):
        _Pasted(field)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    without_icons(dialog)
    # Qt's own dialog, where the system offers none, has dark arrows in the dark.
    for button, drawing in _ARROWS.items():
        found = dialog.findChild(QToolButton, button)
        if found is not None:
            found.setIcon(icon(drawing))
    dialog.open()
    return dialog
