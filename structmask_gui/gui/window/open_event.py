"""What the desktop hands to the program: files that were double-clicked, images and presets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.desktop.places import is_preset
from structmask_gui.gui.window.shell import Shell
from structmask_gui.io.files.remote import remote_address


class Application(QApplication):
    """The application. On macOS the desktop tells a running program of files by events."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._early: list[str] = []
        self._window: Shell | None = None

    def event(self, event: QEvent) -> bool:
        """Open the file the desktop tells of, or keep its name until there is a window."""
        if not isinstance(event, QFileOpenEvent):
            return super().event(event)
        if self._window is None:
            self._early.append(event.file())
        else:
            open_handed(self._window, [event.file()])
        return True

    def serve(self, window: Shell) -> list[str]:
        """Open files in a window from now on; return those that came before."""
        self._window = window
        early, self._early = self._early, []
        return early

    def leave(self) -> None:
        """Open nothing more in the window, as it is closed."""
        self._window = None


def handed_images(paths: Sequence[str]) -> list[str]:
    """Return the full paths and the addresses of what is no preset."""
    images = [path for path in paths if not is_preset(path)]
    return [path if remote_address(path) else str(Path(path).absolute()) for path in images]


def open_handed(window: Shell, paths: Sequence[str]) -> None:
    """Open images and apply presets; what is wrong with a preset goes to the headline."""
    from structmask_gui.io.presets.preset import load_preset

    images = handed_images(paths)
    if images:
        window.open_paths(images)
    for path in filter(is_preset, paths):
        try:
            preset = load_preset(path)
        except StructMaskError as error:
            window.show_error(str(error))
            continue
        window.session.edits.apply_preset(preset)
        if preset.notes:
            window.show_error(" ".join(preset.notes))
