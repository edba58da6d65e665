"""What the window takes from the settings when it opens, and writes into them."""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject

from structmask_gui.core.errors import InputError
from structmask_gui.gui import settings as settings_module
from structmask_gui.gui.docks import arrange

if TYPE_CHECKING:
    from structmask_gui.gui.main_window import MainWindow

log = logging.getLogger(__name__)

LAYOUT_VERSION = 1
"""Raise it when docks change so much that an old layout must not be restored."""


class Remembering(QObject):
    """Restores place, size and layout, and saves them with the session.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def restore_geometry(self) -> None:
        """Give the window the place and size it had."""
        window = self._window
        if not window.restoreGeometry(_decoded(window.settings.geometry)):
            window.resize(1280, 800)

    def restore_layout(self) -> None:
        """Put the docks, toolbar and views back to where they were."""
        window = self._window
        settings = window.settings
        layout = _decoded(settings.layout)
        if settings.layout and not window.restoreState(layout, LAYOUT_VERSION):
            log.info("The saved layout does not fit this version; the first one is used.")
            arrange(window, window.docks)
        if settings.views:
            window.views.restore_layout(_decoded(settings.views))

    def save(self, *, layout: bool) -> None:
        """Write what is to be found again at the next start; the layout only once it is there."""
        window = self._window
        settings, session = window.settings, window.session
        if layout:
            settings.geometry = _encoded(window.saveGeometry())
            settings.layout = _encoded(window.saveState(LAYOUT_VERSION))
            settings.views = _encoded(window.views.save_layout())
        settings.last_files = [str(path) for path in session.paths]
        settings.last_choices = session.open_choices
        settings.last_part = session.part.remembered()
        settings.last_seconds = session.seconds.remembered()
        settings.last_parameters = session.parameters.model_dump()
        settings.last_preset = session.preset.name if session.preset is not None else ""
        try:
            settings_module.save(settings)
        except (OSError, InputError) as error:
            log.warning("The settings were not saved: %s", error)


def _encoded(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode("ascii")


def _decoded(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()
