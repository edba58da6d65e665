"""Menus and toolbar of the window, made of the table of actions, and what of them is enabled."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from structmask_gui.gui.export.use_mask import use_mask_menu
from structmask_gui.gui.style.icons import icon
from structmask_gui.gui.widgets.wording import plain
from structmask_gui.gui.window.actions import ACTIONS, MENUS, ActionInfo
from structmask_gui.gui.window.commands import Commands

TOOLBAR = ("open_files", "open_sample", "tune", "", "denoise", "help", "details")
"""The buttons at the top, those at the right after the empty name."""

_SHORT = {"open_sample": "Try sample"}
"""What a button says if not the first words of its menu entry."""


class Menus(QObject):
    """Builds menus and toolbar; `actions` holds what it made by the id in `ACTIONS`."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands.window)
        self._commands = commands
        self._window = commands.window
        self.actions: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        self._groups: dict[str, QActionGroup] = {}
        self._icons_drawn = False
        self._there: dict[str, bool] = {}
        self._build()
        self._connect()
        self.update_enabled()

    def _build(self) -> None:
        window = self._window
        self.toolbar = bar = QToolBar("Toolbar")
        bar.setObjectName("toolbar")
        bar.setIconSize(QSize(20, 20))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.setMovable(False)
        for title in MENUS:
            self._menus[title] = window.menuBar().addMenu(title)
            self._menus[title].aboutToShow.connect(self._draw_menu_icons)
        self.presets = self.menu("&Presets/&Load")
        self.presets.aboutToShow.connect(self._fill_presets)
        for info in ACTIONS:
            action = self._make_action(info)
            self.actions[info.id] = action
            menu = self.menu(info.menu)
            if info.gap:
                menu.addSeparator()
            menu.addAction(action)
            if info.id == "open_address":
                self.recent = menu.addMenu("Open re&cent")
                self.recent.aboutToShow.connect(self.fill_recent)
        self.use_mask = use_mask_menu(self.actions, window)
        for name in TOOLBAR:
            if name:
                self._add_button(bar, name)
            else:
                gap = QWidget()
                gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(gap)
        window.addToolBar(bar)

    def _add_button(self, bar: QToolBar, name: str) -> None:
        action = self.actions[name]
        action.setIcon(icon(_icon_of(name)))
        action.setIconText(_SHORT.get(name, action.iconText()))
        bar.addAction(action)
        button = bar.widgetForAction(action)
        if name == "help" and isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def _make_action(self, info: ActionInfo) -> QAction:
        action = QAction(info.text, self._window)
        action.setObjectName(info.id)
        action.setIconText(plain(info.text))
        keys = f" ({info.shortcut})" if info.shortcut else ""
        action.setToolTip(info.tip + keys)
        action.setStatusTip(info.tip)
        if info.shortcut:
            action.setShortcut(info.shortcut)
        action.setCheckable(bool(info.group) or info.switch)
        if info.group:
            if info.group not in self._groups:
                self._groups[info.group] = QActionGroup(self._window)
            self._groups[info.group].addAction(action)
        action.triggered.connect(partial(self._run, info))
        return action

    def menu(self, path: str) -> QMenu:
        """Return a menu, or a submenu after a slash, made when it is first asked for."""
        if path not in self._menus:
            parent, _, title = path.rpartition("/")
            self._menus[path] = self.menu(parent).addMenu(title)
        return self._menus[path]

    def _connect(self) -> None:
        session = self._window.session
        for signal in (
            session.stack_changed,
            session.extraction_changed,
            session.mask_changed,
            session.busy_changed,
            session.pinned.changed,
            session.region_changed,
            session.parameters_changed,
            session.history.changed,
        ):
            signal.connect(self.update_enabled)
        # When the menu opens: another text has all of the window laid out anew.
        self._menus["&Edit"].aboutToShow.connect(self._update_history_texts)
        session.colormap_changed.connect(self._on_colormap)
        self._on_colormap(session.state.colormap)
        self._check(f"text_size_{self._window.settings.text_size}")
        self.check_switch("keep_measurements", session.keeps_measurements)

    # --- following the session ----------------------------------------------------------------

    def update_enabled(self, *_: object) -> None:
        """Enable the actions that have what they need."""
        session = self._window.session
        there = {
            "": True,
            "stack": session.state.stack is not None,
            "result": session.state.extraction is not None,
            "edit": session.state.edit is not None,
            "busy": session.state.busy,
            "pinned": session.state.pinned is not None,
            "region": session.state.region is not None,
            "undo": session.history.can_undo,
            "redo": session.history.can_redo,
            "rings": session.state.uses_rings,
        }
        if there == self._there:
            return  # asked at every step of a slider
        self._there = there
        for info in ACTIONS:
            self.actions[info.id].setEnabled(there[info.needs])

    def _update_history_texts(self) -> None:
        history = self._window.session.history
        for name, word, what in (
            ("undo", "&Undo", history.undo_text),
            ("redo", "&Redo", history.redo_text),
        ):
            self.actions[name].setText(f"{word} {what}".strip())
            self.actions[name].setIconText(plain(word))

    def _run(self, info: ActionInfo, _checked: bool = False) -> None:
        info.run(self._commands)

    def _on_colormap(self, name: str) -> None:
        self._window.settings.colormap = name
        self._check(f"colormap_{name}")

    def check_theme(self, name: str) -> None:
        """Check the appearance that is chosen."""
        self._check(f"theme_{name}")

    def check_switch(self, name: str, on: bool) -> None:
        """Show whether a switch is on."""
        self.actions[name].setChecked(on)

    def _check(self, name: str) -> None:
        if name in self.actions:
            self.actions[name].setChecked(True)

    def _fill_presets(self) -> None:
        self._window.panel("presets").fill_menu(self.presets)

    # --- recent files -------------------------------------------------------------------------

    def fill_recent(self) -> None:
        """Put the recent files and folders into their menu."""
        settings, menu = self._window.settings, self.recent
        menu.clear()
        for path in [*settings.recent_files, *settings.recent_folders]:
            action = menu.addAction(path)
            action.setData(path)
            action.triggered.connect(self._on_recent)
        if menu.isEmpty():
            menu.addAction("Nothing yet").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Clear this list").triggered.connect(self._clear_recent)

    def _on_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._window.open_paths([action.data()])

    def _clear_recent(self) -> None:
        self._window.settings.recent_files = []
        self._window.settings.recent_folders = []

    # --- icons --------------------------------------------------------------------------------

    def restyle(self) -> None:
        """Draw the icons again in the colours of a new palette."""
        self._icons_drawn = False
        for info in ACTIONS:
            if info.id in TOOLBAR:
                self.actions[info.id].setIcon(icon(info.icon))

    def _draw_menu_icons(self) -> None:
        """Draw the icons of the menus before one is seen for the first time."""
        if not self._icons_drawn:
            self._icons_drawn = True
            for info in ACTIONS:
                if info.icon and info.id not in TOOLBAR:
                    self.actions[info.id].setIcon(icon(info.icon))


def _icon_of(name: str) -> str:
    return next(info.icon for info in ACTIONS if info.id == name)
