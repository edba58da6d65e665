"""The docks: which there are, what panel each holds, and how they lie at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, Qt, Signal
from PySide6.QtGui import QCloseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QMainWindow,
    QStyle,
    QStyleOptionDockWidget,
    QTabBar,
    QWidget,
)
from shiboken6 import delete

from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.window.commands import apply_remedy
from structmask_gui.gui.window.shell import Shell

_BUTTONS = (
    ("qt_dockwidget_floatbutton", "float", "Detach it from the window, or put it back"),
    ("qt_dockwidget_closebutton", "close", "Hide it; View > Panels shows it again"),
)
"""Qt's names of the buttons in the title, and what they get: drawing and tooltip."""


@dataclass(frozen=True)
class DockInfo:
    """One dock."""

    id: str
    title: str
    module: str  # below structmask_gui.gui
    panel: str


DOCKS = (
    DockInfo("files", "Files", "panels.file_browser", "FileBrowser"),
    DockInfo("parameters", "Parameters", "panels.parameters", "ParametersPanel"),
    DockInfo("quality", "What the mask will do", "quality.panel", "QualityPanel"),
    DockInfo("rings", "Neighbours", "panels.decisions", "DecisionsTable"),
    DockInfo("curves", "Profiles", "", ""),
    DockInfo("compare", "Compare", "panels.compare", "ComparePanel"),
    DockInfo("result", "Denoised result", "quality.denoised_panel", "DenoisedPanel"),
    DockInfo("log", "Log", "panels.log", "LogPanel"),
    DockInfo("help", "Help", "panels.help_panel", "HelpPanel"),
)
"""In the order of the menu and of the keys Alt+1, Alt+2, …, Alt+9; each made when first shown."""

PRESETS = DockInfo("presets", "Presets", "panels.presets", "PresetsPanel")
"""No dock of its own: it stands above the parameters."""

DETAILS = ("quality", "rings", "curves", "result", "log")
"""What *Details* shows."""

WIDTHS = {"files": 180, "parameters": 300, "help": 330}
_USUAL = 1280
"""Width of the window that has the docks so wide; in a wider one the file list has more."""
_FILES_SHARE = 6
"""The file list takes no more than this part of the window for large text."""
HEIGHT = 236
"""Of the docks at first, in pixels; those below the views are of one height."""

_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


def first_size(name: str, across: int, text: int) -> int:
    """Return the width, or for those below the views the height, that a dock has at first.

    ``across`` is the width of the window, ``text`` the size of the text in per cent.
    """
    size = WIDTHS.get(name, HEIGHT)
    if name != "files":
        return size
    wanted = size * max(text, 100) // 100
    # Large text does not take the room of the views.
    return max(size, size * across // _USUAL, min(wanted, across // _FILES_SHARE))


def build_panel(info: DockInfo, window: Shell) -> QWidget:
    """Make the panel of a dock; its module is imported only now."""
    if info.id == "curves":
        return window.views.tabs
    made: Any = getattr(import_module(f"structmask_gui.gui.{info.module}"), info.panel)
    if info.id == "log":
        panel = made(window.log_lines)
    elif info.id == "files":
        panel = made(window.session, window.settings)
        panel.open_requested.connect(window.open_paths)
        panel.setMinimumWidth(WIDTHS["files"])
    elif info.id == "presets":
        from structmask_gui.gui.session.presets import Presets
        from structmask_gui.io.presets.library import PresetFolder

        remedy = partial(apply_remedy, window)
        presets = Presets(window.session, window.settings, PresetFolder(), window)
        panel = made(window.session, presets, remedy, window)
        panel.hide()  # until it stands above the parameters
        presets.said.connect(window.say)
    else:
        panel = made(window.session)
    if info.id == "parameters":
        panel.set_narrowest(WIDTHS["parameters"])
        panel.add_presets(window.panel("presets"))
        panel.narrowed.connect(partial(_narrow, window))
        panel.drag_started.connect(window.session.edits.begin_drag)
        panel.drag_ended.connect(window.session.edits.end_drag)
    if info.id == "quality":
        panel.removal_asked.connect(partial(window.act, "preview_removal"))
    if info.id == "help":
        panel.setMinimumWidth(WIDTHS["parameters"])  # beside which it is a tab
    assert isinstance(panel, QWidget)
    return panel


def _narrow(window: Shell, width: int) -> None:
    """Give back the room that larger text had taken."""
    window.resizeDocks([window.docks["parameters"]], [width], Qt.Orientation.Horizontal)


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Put all docks to where they are at first, closed."""
    for dock in docks.values():
        if dock.isFloating():
            dock.setFloating(False)
        if window.dockWidgetArea(dock) != Qt.DockWidgetArea.NoDockWidgetArea:
            window.removeDockWidget(dock)
    window.addDockWidget(_LEFT, docks["files"])
    window.addDockWidget(_RIGHT, docks["parameters"])
    window.tabifyDockWidget(docks["parameters"], docks["help"])
    window.addDockWidget(_BOTTOM, docks["rings"])
    for name in ("quality", "curves", "compare", "result", "log"):
        window.tabifyDockWidget(docks["rings"], docks[name])
    for dock in docks.values():
        dock.hide()


class TabBarEnd(QObject):
    """Lets the tab bars of docks end in order.

    Qt moves each by an animation of its own. One that is still there when its tab bar is deleted
    reports its end to a layout that then shows the half deleted bar, and the program crashes
    (Qt 6.11).
    """

    def watch(self, child: QObject) -> None:
        """Watch a new child of the window, if it is a tab bar."""
        if isinstance(child, QTabBar):
            child.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """End what moves a tab bar just before it is deleted."""
        if event.type() == QEvent.Type.DeferredDelete:
            for animation in watched.findChildren(QPropertyAnimation):
                animation.setParent(None)
                delete(animation)
        return False


class Dock(QDockWidget):
    """A dock that draws the buttons of its title in the colours of the palette.

    Qt has them drawn by the style, in greys for a light window.
    """

    switched = Signal(bool)  # opened or closed by hand, by its button or its menu entry

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._draw_buttons()
        self.toggleViewAction().triggered.connect(self.switched)
        # Qt puts its own drawings back each time.
        for moved in (self.topLevelChanged, self.dockLocationChanged, self.visibilityChanged):
            moved.connect(self._draw_buttons)
        self._has_keyboard = False
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        has = now is not None and self.isAncestorOf(now)
        if has != self._has_keyboard:
            self._has_keyboard = has
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a line above the title while the keyboard is here; not every widget shows that."""
        super().paintEvent(event)
        painter = QPainter(self)
        option = QStyleOptionDockWidget()
        super().initStyleOption(option)
        text = QStyle.SubElement.SE_DockWidgetTitleBarText
        room = self.style().subElementRect(text, option, self)
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_DockWidgetTitleMargin)
        room.adjust(2 * margin, 0, 0, 0)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elided = Qt.TextElideMode.ElideRight
        title = self.fontMetrics().elidedText(self.windowTitle(), elided, room.width())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(room, left, title)
        if self._has_keyboard:
            painter.fillRect(0, 0, self.width(), 2, self.palette().highlight())

    def initStyleOption(self, option: QStyleOptionDockWidget) -> None:
        """Leave the title to us: Qt draws it in the font of when the dock was made."""
        super().initStyleOption(option)
        option.title = ""

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say that it is closed by hand; the program hides it."""
        super().closeEvent(event)
        self.switched.emit(False)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw_buttons()

    def _draw_buttons(self, *_: object) -> None:
        for name, drawing, tip in _BUTTONS:
            button = self.findChild(QAbstractButton, name)
            if button is not None:
                button.setIcon(icon(drawing))
                button.setToolTip(tip)
