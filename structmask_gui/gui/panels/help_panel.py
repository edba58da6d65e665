"""The method explained in the window, with what it did to the present image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSize, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QTextBrowser, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_PAUSE = 250
"""Milliseconds without a new result after which the text follows; a drag is not slowed by it."""


class HelpPanel(QWidget):
    """Explains what an autocorrelation is and what each stage did to the present image."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._extraction: Any = None
        self.browser = QTextBrowser()
        self.browser.setFrameShape(QFrame.Shape.NoFrame)
        self.browser.setOpenLinks(False)
        self.browser.setAccessibleName("Help")
        self.browser.document().setDocumentMargin(10)
        self.browser.document().setIndentWidth(20)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.browser)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._write)
        self._written: object = self
        session.extraction_changed.connect(self.set_extraction)
        self.set_extraction(session.state.extraction)

    def set_extraction(self, extraction: Any | None) -> None:
        """Quote the numbers of an `Extraction`; written when visible and after a short pause."""
        self._extraction = extraction
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Write what is due."""
        super().showEvent(event)
        self._write()

    def _write(self) -> None:
        if self._written is self._extraction:
            return
        from structmask_gui.gui.panels.help_text import help_html

        self._written = self._extraction
        bar = self.browser.verticalScrollBar()
        place = bar.value()
        self.browser.setHtml(help_html(self._extraction))
        bar.setValue(place)

    def text(self) -> str:
        """Return the words on display."""
        return self.browser.toPlainText()

    def changeEvent(self, event: QEvent) -> None:
        """Write again when the palette changes, for the text takes its colours when written."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self._written = self
            self._write()

    def sizeHint(self) -> QSize:
        """Return room for a column of text."""
        return QSize(330, 400)
