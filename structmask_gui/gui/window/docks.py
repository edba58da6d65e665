"""The docks: which there are, what panel each holds, and how they lie at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QWidget

from structmask_gui.gui.desktop import places
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
    late: bool = False  # behind another at first; made when it is first wanted


DOCKS = (
    DockInfo("files", "Files", "panels.file_browser", "FileBrowser"),
    DockInfo("presets", "Presets", "panels.presets", "PresetsPanel"),
    DockInfo("parameters", "Parameters", "panels.parameters", "ParametersPanel"),
    DockInfo("rings", "Rings and lags", "panels.decisions", "DecisionsTable"),
    DockInfo("statistics", "Statistics", "panels.statistics", "StatisticsPanel"),
    DockInfo("compare", "Compare", "panels.compare", "ComparePanel", late=True),
    DockInfo("log", "Log", "panels.log", "LogPanel", late=True),
    DockInfo("help", "Help", "panels.help_panel", "HelpPanel", late=True),
    DockInfo("quality", "What the mask will do", "quality.panel", "QualityPanel"),
    DockInfo("result", "Denoised result", "quality.denoised_panel", "DenoisedPanel", late=True),
)
"""In the order of the menu and of the keys Alt+1, Alt+2, …, Alt+0."""

_FILES_WIDTH = 27
"""Least width of the file browser, in letters."""

_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


def build_panel(info: DockInfo, window: Shell) -> QWidget:
    """Make the panel of a dock; its module is imported only now."""
    made: Any = getattr(import_module(f"structmask_gui.gui.{info.module}"), info.panel)
    if info.id == "log":
        panel = made(window.log_lines)
    elif info.id == "files":
        panel = made(window.session, window.settings, places.is_folder, places.is_image)
        panel.open_requested.connect(window.open_paths)
        # Narrower, it would have a letter in each line once the window was small.
        panel.setMinimumWidth(panel.fontMetrics().horizontalAdvance("x") * _FILES_WIDTH)
    elif info.id == "presets":
        from structmask_gui.io.presets.library import PresetFolder

        remedy = partial(apply_remedy, window)
        panel = made(window.session, window.settings, PresetFolder(), remedy)
        panel.said.connect(window.say)
    else:
        panel = made(window.session)
    if info.id == "parameters":
        panel.drag_started.connect(window.session.edits.begin_drag)
        panel.drag_ended.connect(window.session.edits.end_drag)
    assert isinstance(panel, QWidget)
    return panel


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Put all docks to where they are at first."""
    for dock in docks.values():
        if dock.isFloating():
            dock.setFloating(False)
        if window.dockWidgetArea(dock) != Qt.DockWidgetArea.NoDockWidgetArea:
            window.removeDockWidget(dock)
    window.addDockWidget(_LEFT, docks["files"])
    window.addDockWidget(_RIGHT, docks["presets"])
    window.splitDockWidget(docks["presets"], docks["parameters"], Qt.Orientation.Vertical)
    window.tabifyDockWidget(docks["parameters"], docks["help"])
    window.addDockWidget(_BOTTOM, docks["rings"])
    window.splitDockWidget(docks["rings"], docks["statistics"], Qt.Orientation.Horizontal)
    window.tabifyDockWidget(docks["statistics"], docks["quality"])
    window.tabifyDockWidget(docks["statistics"], docks["compare"])
    window.tabifyDockWidget(docks["statistics"], docks["result"])
    window.tabifyDockWidget(docks["statistics"], docks["log"])
    for dock in docks.values():
        dock.show()
    docks["parameters"].raise_()
    docks["quality"].raise_()
    window.resizeDocks([docks["files"], docks["parameters"]], [230, 330], Qt.Orientation.Horizontal)
    window.resizeDocks([docks["presets"], docks["parameters"]], [130, 560], Qt.Orientation.Vertical)
    window.resizeDocks([docks["rings"]], [215], Qt.Orientation.Vertical)
    window.resizeDocks([docks["rings"], docks["statistics"]], [398, 542], Qt.Orientation.Horizontal)


class Dock(QDockWidget):
    """A dock that draws the buttons of its title in the colours of the palette.

    Qt has them drawn by the style, in greys for a light window.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._draw_buttons()
        # Qt puts its own drawings back each time.
        for moved in (self.topLevelChanged, self.dockLocationChanged, self.visibilityChanged):
            moved.connect(self._draw_buttons)

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
