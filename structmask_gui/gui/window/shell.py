"""What commands, menus, docks and the restoring of a session may ask of the window."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow

if TYPE_CHECKING:
    from structmask_gui.gui.desktop.logs import LogLines
    from structmask_gui.gui.desktop.settings import Settings
    from structmask_gui.gui.export.exporter import Exporter
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.style.app_theme import AppTheme
    from structmask_gui.gui.widgets.find_command import Command
    from structmask_gui.gui.window.view_area import ViewArea


class Shell(QMainWindow):
    """The window as its parts see it; `MainWindow` fills it in."""

    session: Session
    settings: Settings
    theme: AppTheme
    log_lines: LogLines
    exporter: Exporter
    views: ViewArea
    batch_progress: QLabel
    docks: dict[str, QDockWidget]
    actions_by_id: dict[str, QAction]
    saves_settings: bool

    @abstractmethod
    def open_paths(self, paths: Sequence[str]) -> None:
        """Open files and Zarr folders; another folder among them is shown in the file browser."""

    @abstractmethod
    def show_panel(self, name: str) -> Any:
        """Bring a panel to the front and return it."""

    @abstractmethod
    def panel(self, name: str) -> Any:
        """Return a panel, made when it is first wanted."""

    @abstractmethod
    def set_tune(self, tune: bool) -> None:
        """Show the screen to tune the parameters, or the calm one."""

    @abstractmethod
    def set_details(self, details: bool) -> None:
        """Show the panels of details, or close them."""

    @abstractmethod
    def act(self, action: str) -> None:
        """Do what a button of the answer says."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Say something in the status bar for a while."""

    @abstractmethod
    def show_error(self, text: str) -> None:
        """Put a sentence on what went wrong into the headline."""

    @abstractmethod
    def shortcuts(self) -> list[tuple[str, str, str]]:
        """Return keys, name and text of all actions that have keys."""

    @abstractmethod
    def all_commands(self) -> list[Command]:
        """Return every action of the window, to be found by its words."""

    @abstractmethod
    def focus_next_panel(self) -> None:
        """Move the keyboard on to the next visible panel, or to the views."""

    @abstractmethod
    def reset_layout(self) -> None:
        """Put docks, toolbar and views back to where they were first."""
