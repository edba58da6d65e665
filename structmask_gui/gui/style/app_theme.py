"""Light and dark: Fusion with palettes of our own, following the system or set by hand.

Palettes of our own, because the platform's differ in contrast and the offscreen one has no dark.
Widgets learn of a change by Qt's `PaletteChange` event and take their colours from the palette.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

ThemeName = Literal["system", "light", "dark"]

_ROLES = QPalette.ColorRole

_LIGHT = {
    _ROLES.Window: "#f3f4f6",
    _ROLES.WindowText: "#1b1f24",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#eef1f4",
    _ROLES.ToolTipBase: "#ffffff",
    _ROLES.ToolTipText: "#1b1f24",
    _ROLES.PlaceholderText: "#6b7280",
    _ROLES.Text: "#1b1f24",
    _ROLES.Button: "#e9ebee",
    _ROLES.ButtonText: "#1b1f24",
    _ROLES.BrightText: "#b00020",
    _ROLES.Link: "#0b63c5",
    _ROLES.LinkVisited: "#6a3fb5",
    _ROLES.Highlight: "#1f6fd6",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Light: "#ffffff",
    _ROLES.Midlight: "#e4e7eb",
    _ROLES.Mid: "#b8bec6",
    _ROLES.Dark: "#9aa1aa",
    _ROLES.Shadow: "#6b7280",
    _ROLES.Accent: "#1f6fd6",
}

_DARK = {
    _ROLES.Window: "#24272c",
    _ROLES.WindowText: "#e6e8eb",
    _ROLES.Base: "#1a1c20",
    _ROLES.AlternateBase: "#22252a",
    _ROLES.ToolTipBase: "#33373d",
    _ROLES.ToolTipText: "#e6e8eb",
    _ROLES.PlaceholderText: "#949ba5",
    _ROLES.Text: "#e6e8eb",
    _ROLES.Button: "#31353b",
    _ROLES.ButtonText: "#e6e8eb",
    _ROLES.BrightText: "#ff8a80",
    _ROLES.Link: "#6cb1ff",
    _ROLES.LinkVisited: "#b79cf0",
    _ROLES.Highlight: "#2f7fe0",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Light: "#454a52",
    _ROLES.Midlight: "#3a3f46",
    _ROLES.Mid: "#4a5058",
    _ROLES.Dark: "#15171a",
    _ROLES.Shadow: "#0c0d0f",
    _ROLES.Accent: "#2f7fe0",
}

_SYSTEM_FONT = "systemFont"
"""Property of the application: its font before any text was made larger."""

_SIZE = 2
"""Bit of `QFont.resolveMask`: the font has a size of its own."""

_BOX_EDGE = "#c4cad2"
"""What Fusion makes the edge of a check box in the dark from, a third darker."""

_DISABLED = {False: "#9098a2", True: "#7a818b"}


def palette(dark: bool) -> QPalette:
    """Return the palette of light or dark."""
    made = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        made.setColor(role, QColor(colour))
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText, _ROLES.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[dark]))
    made.setColor(QPalette.ColorGroup.Disabled, _ROLES.Highlight, made.color(_ROLES.Mid))
    return made


def fixed_font() -> QFont:
    """Return the system's font of letters of one width, as large as all text is now."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    app = QApplication.instance()
    system = None if app is None else app.property(_SYSTEM_FONT)
    if isinstance(system, QFont):
        size = QGuiApplication.font().pointSizeF() / system.pointSizeF()
        font.setPointSizeF(font.pointSizeF() * size)
    return font


def system_is_dark() -> bool:
    """Tell whether the system asks for dark; light where it does not say."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


class AppTheme(QObject):
    """Puts the palette on the application and keeps it in step with the system."""

    changed = Signal(bool)  # whether it is dark now

    def __init__(self, app: QApplication, name: ThemeName = "system") -> None:
        super().__init__()
        self._app = app
        if app.property(_SYSTEM_FONT) is None:
            app.setProperty(_SYSTEM_FONT, app.font())
        self._font = QFont(app.property(_SYSTEM_FONT))
        self.name: ThemeName = name  # what was chosen
        if app.style().objectName() != "fusion":
            app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._put()

    @property
    def dark(self) -> bool:
        """Whether the window is dark now."""
        return self.name == "dark" or (self.name == "system" and system_is_dark())

    def choose(self, name: ThemeName) -> None:
        """Follow the system, or stay light or dark."""
        self.name = name
        self._put()

    def set_text_size(self, percent: int) -> None:
        """Make all text larger than the system's, or as large."""
        font, before = QFont(self._font), self._app.font()
        font.setPointSizeF(self._font.pointSizeF() * percent / 100)
        if font == before:
            return
        self._app.setFont(font)
        for widget in self._app.allWidgets():
            # A size of its own, as of a caption or a heading, Qt leaves as it is.
            own = widget.font()
            if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont) and own.resolveMask() & _SIZE:
                own.setPointSizeF(own.pointSizeF() * font.pointSizeF() / before.pointSizeF())
                widget.setFont(own)
            elif widget.styleSheet():
                # Qt keeps the font of a widget with a style sheet.
                widget.setStyleSheet(widget.styleSheet())

    def _follow(self) -> None:
        if self.name == "system":
            self._put()

    def _put(self) -> None:
        made = palette(self.dark)
        self._app.setPalette(made)
        if self.dark:
            # Fusion draws the edge darker than this, where nobody sees that of an empty box.
            made.setColor(_ROLES.Window, QColor(_BOX_EDGE))
            # PySide's types want bytes here; it takes text only.
            self._app.setPalette(made, "QCheckBox")  # type: ignore[arg-type]
        self.changed.emit(self.dark)
