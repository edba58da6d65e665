"""A mask as text for trainers, to be copied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from structmask_gui.gui.style.app_theme import fixed_font
from structmask_gui.gui.widgets.dialogs import resize_for_text, without_icons

if TYPE_CHECKING:
    from structmask_gui.core.names import Target
    from structmask_gui.gui.export.work import Result
    from structmask_gui.io.trainers.about import ImageStage
    from structmask_gui.io.trainers.snippets import MaskContext, Snippet


class SnippetDialog(QDialog):
    """The mask of a result as text for each trainer, ``target`` first."""

    snippets: tuple[Snippet, ...] = ()

    def __init__(self, parent: QWidget | None, target: Target, result: Result) -> None:
        super().__init__(parent)
        self.setWindowTitle("Copy the mask for a trainer")
        self._mask, self._context = result.result.mask, _context(result)
        self.tabs = QTabWidget()
        self.stage = QCheckBox("These are denoised images: the output of a first stage")
        self.stage.setToolTip(
            "A mask measured in the output of a first denoising belongs to a second one."
        )
        self.stage.toggled.connect(self._fill)
        self.copied = QLabel()
        copy = QPushButton("&Copy the text")
        copy.setDefault(True)
        copy.clicked.connect(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.stage)
        layout.addWidget(self.copied)
        layout.addWidget(buttons)
        without_icons(self)
        self._fill()
        for number, snippet in enumerate(self.snippets):
            if snippet.target == target:
                self.tabs.setCurrentIndex(number)
        self.tabs.currentChanged.connect(self._on_tab)
        copy.setFocus()
        resize_for_text(self, QSize(860, 560))

    def _fill(self, *_: object) -> None:
        from structmask_gui.io.trainers.snippets import snippets

        stage: ImageStage = "denoised" if self.stage.isChecked() else "raw"
        self.snippets = snippets(self._mask, replace(self._context, stage=stage))
        now = max(0, self.tabs.currentIndex())
        self.tabs.clear()
        for made in self.snippets:
            self.tabs.addTab(_page(made), made.title)
        self.tabs.setCurrentIndex(now)
        self.copied.clear()

    @property
    def snippet(self) -> Snippet:
        """The text on display."""
        return self.snippets[self.tabs.currentIndex()]

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.snippet.text)
        text = f"The text for {self.snippet.title} is on the clipboard."
        if self.snippet.needs_file:
            text += " It loads the mask's NPY file: export that, too."
        self.copied.setText(text)

    def _on_tab(self, _index: int) -> None:
        self.copied.clear()


def _context(result: Result) -> MaskContext:
    """Return what the texts depend on: the frames that are measured, and where the mask is."""
    from structmask_gui.io.trainers.snippets import MaskContext

    first, *others = result.stacks
    return MaskContext(
        mask_file=result.proposed_mask(".npy").name,
        how=result.how,
        first=result.first,
        file=first.path.name,
        others=tuple(stack.path.name for stack in others),
        axes=first.axes,
        channel=first.channel,
        series=first.series_index,
        frames=first.frames_chosen,
    )


def _page(made: Snippet) -> QWidget:
    notes = QLabel("\n".join(f"• {note}" for note in made.notes))
    notes.setWordWrap(True)
    edit = QPlainTextEdit(made.text)
    edit.setReadOnly(True)
    edit.setFont(fixed_font())
    edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    edit.setAccessibleName(f"Text for {made.title}")
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.addWidget(notes)
    layout.addWidget(edit, 1)
    return page
