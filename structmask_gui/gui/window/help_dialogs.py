"""Dialogs that show a text. All are opened, never executed: nothing blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.desktop.system_info import system_text
from structmask_gui.gui.style.app_theme import fixed_font
from structmask_gui.gui.style.icons import application_icon
from structmask_gui.gui.widgets.dialogs import resize_for_text, resize_on_screen, without_icons
from structmask_gui.gui.widgets.inputs import Choice
from structmask_gui.gui.widgets.labels import scrolled
from structmask_gui.version import __version__


class TextDialog(QDialog):
    """A heading, a paragraph, and a text to read and copy."""

    def __init__(self, parent: QWidget | None, title: str, words: str, text: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.text = text
        label = QLabel(words)
        label.setWordWrap(True)
        self._edit = QPlainTextEdit(text)
        self._edit.setReadOnly(True)
        self._edit.setFont(fixed_font())
        self._edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        copy = QPushButton("&Copy")
        copy.setToolTip("Copy the text to the clipboard")
        copy.clicked.connect(self.copy)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        self.head = QHBoxLayout()
        self.head.addWidget(label, 1)
        layout.addLayout(self.head)
        layout.addWidget(self._edit, 1)
        layout.addWidget(self._buttons)
        without_icons(self)
        resize_for_text(self, QSize(680, 420))

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text)


RECORD = """\
<p><b>Six or more frames of one still field</b>, with the same dwell time, zoom, gain and binning as
your data, and without averaging. Nothing in the field should move, blink or bleach.</p>
<p><b>Camera</b>: also 20 dark frames (shutter closed, same exposure), for its fixed pattern.</p>
<p><b>Point scanner or electron microscope</b>: an even bright field, or bare resin. Dark frames
show only the electronics there, because the correlation arises in the detected signal; a dark stack
alone does not settle the answer there.</p>
<p><b>The same pattern in every frame</b>: <i>Measure &gt; Correct by dark frames or an even
field…</i> says whether these show it, and removes it.</p>
<p>Open these frames as they are: not averaged, registered, denoised, or saved as JPEG.</p>"""
"""What decides whether a correlation is noise or sample; docs/what-to-record.md says more."""


class RecordDialog(QDialog):
    """What to record where noise could not be separated from the sample."""

    def __init__(self, parent: QWidget | None, show_guide: Callable[[], object]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What to record")
        self.label = QLabel(RECORD)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        guide = QPushButton("&Guide")
        guide.setToolTip("Open the guide; its page “What to record” says more")
        guide.clicked.connect(show_guide)
        self._buttons.addButton(guide, QDialogButtonBox.ButtonRole.ActionRole)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        area = scrolled(self.label)
        layout.addWidget(area, 1)
        layout.addWidget(self._buttons)
        without_icons(self)
        width = 66 * self.fontMetrics().horizontalAdvance("x")
        margins = layout.contentsMargins()
        inside = width - margins.left() - margins.right()
        rest = self.sizeHint().height() - area.sizeHint().height()
        resize_on_screen(self, QSize(width, self.label.heightForWidth(inside) + rest + 4))


class AboutDialog(TextDialog):
    """Version, system, and the licences behind a button."""

    def __init__(self, parent: QWidget | None, title: str, words: str, text: str) -> None:
        super().__init__(parent, title, words, text)
        button = QPushButton("&Licences…")
        button.setToolTip("Licences of StructMask and of all its parts")
        button.clicked.connect(self.show_licences)
        self._buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)

    def show_licences(self) -> LicencesDialog:
        """Show the licences of StructMask and of all its parts."""
        dialog = LicencesDialog(self)
        dialog.show()
        return dialog


class LicencesDialog(TextDialog):
    """The licences, and a list of the parts to go to in a text of many pages."""

    def __init__(self, parent: QWidget | None) -> None:
        from structmask_gui.gui.desktop import licences

        text = f"{licences.own_text()}\n\n{licences.third_party_text()}"
        words = (
            "StructMask is free software under the BSD 3-Clause licence. Its parts have their own."
        )
        super().__init__(parent, "Licences", words, text)
        self.parts = Choice()
        self.parts.setAccessibleName("Part")
        self.parts.setToolTip("Go to the licence of a part")
        self.parts.setMinimumContentsLength(24)
        for name, place in [("StructMask", 0), *licences.headings(text)]:
            self.parts.addItem(name, place)
        self.parts.currentIndexChanged.connect(self._go)
        # From source the parts are installed beside StructMask and only named.
        self.parts.setVisible(self.parts.count() > 1)
        self.head.addWidget(self.parts)
        resize_for_text(self, QSize(800, 560))

    def _go(self) -> None:
        cursor = self._edit.textCursor()
        # From the end, so that the part's heading comes to stand at the top.
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._edit.setTextCursor(cursor)
        cursor.setPosition(self.parts.currentData())
        self._edit.setTextCursor(cursor)


def about(parent: QWidget | None) -> AboutDialog:
    """Show version and system."""
    dialog = AboutDialog(
        parent,
        "About StructMask",
        f"<b>StructMask {__version__}</b><br>Measures which pixels of a microscope image share"
        " their noise, and makes the StructN2V mask of it.<br>Free software under the"
        " BSD 3-Clause licence.",
        system_text(),
    )
    picture = QLabel()
    picture.setPixmap(application_icon().pixmap(64, 64))
    dialog.head.insertWidget(0, picture)
    dialog.head.setSpacing(16)
    resize_for_text(dialog, QSize(680, 320))
    return dialog


def report(parent: QWidget | None, text: str) -> TextDialog:
    """Show the report of an error of the program."""
    return TextDialog(
        parent,
        "Report a problem",
        "<b>Something went wrong inside StructMask.</b><br>Your files and presets are untouched and"
        " you can go on working. To have it fixed, please copy this text into a report, and say"
        " what you did last."
        if "Traceback" in text
        else "<b>To report a problem</b>, please copy this text into the report, and say what you"
        " did, what you expected and what happened.",
        f"{system_text()}\n\n{text}",
    )


def metadata(parent: QWidget | None, name: str, text: str) -> TextDialog:
    """Show a file's metadata."""
    return TextDialog(parent, f"Information on {name}", f"Metadata of {name}:", text)


class ShortcutsDialog(QDialog):
    """The list of keys, what they start and what that does; can be searched."""

    def __init__(self, parent: QWidget | None, rows: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search")
        self._search.setAccessibleName("Search the shortcuts")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        self.table = QTableWidget(len(rows), 3)
        self.table.setHorizontalHeaderLabels(["Keys", "Action", "What it does"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        for y, row in enumerate(rows):
            for x, text in enumerate(row):
                self.table.setItem(y, x, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._search)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        without_icons(self)
        resize_for_text(self, QSize(760, 560))

    def _filter(self, text: str) -> None:
        for y in range(self.table.rowCount()):
            cells = (self.table.item(y, x) for x in range(3))
            found = any(cell and text.lower() in cell.text().lower() for cell in cells)
            self.table.setRowHidden(y, not found)
