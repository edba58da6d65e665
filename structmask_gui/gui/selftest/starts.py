"""Starts of the finished program that end at once: when it is painted, or has opened the guide."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from structmask_gui.gui import app
from structmask_gui.gui.window.main_window import MainWindow


def main_window() -> MainWindow:
    """Return the open window."""
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))


class _FirstPaint(QObject):
    """Prints the time at which the window has painted itself for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self._window: MainWindow | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the first paint event of the window."""
        if (
            self._window is None
            and event.type() == QEvent.Type.Paint
            and isinstance(watched, MainWindow)
        ):
            self._window = watched
            # The children paint in the same turn of the event loop.
            QTimer.singleShot(0, self, self._end)
        return False

    def _end(self) -> None:
        print(f"painted {time.time():.4f}", flush=True)
        assert self._window is not None
        self._window.saves_settings = False
        self._window.close()


def first_paint() -> int:
    """Start as always, say when the window is painted, and end."""
    application = app.make_application()
    watcher = _FirstPaint()
    application.installEventFilter(watcher)
    return app.run()


def open_guide() -> int:
    """Start as always, open the guide as the Help menu does, and end."""
    application = app.make_application()

    def act() -> None:
        window = main_window()
        window.saves_settings = False
        window.complete()
        window.actions_by_id["guide"].trigger()
        print(window.statusBar().currentMessage(), flush=True)
        window.close()

    QTimer.singleShot(0, application, act)
    return app.run()
