"""The application around the window: start, restore, reports of bugs, end."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from structmask_gui.core.errors import StructMaskError
from structmask_gui.core.stack.reference_fit import KINDS
from structmask_gui.gui.desktop import logs
from structmask_gui.gui.desktop import settings as settings_module
from structmask_gui.gui.desktop.logs import LogLines
from structmask_gui.gui.desktop.places import is_preset
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.session import worker
from structmask_gui.gui.session.opening import Part
from structmask_gui.gui.session.session import Session
from structmask_gui.gui.style.app_theme import AppTheme
from structmask_gui.gui.window.main_window import MainWindow
from structmask_gui.gui.window.open_event import Application, handed_images, open_handed
from structmask_gui.gui.window.restore import last_choices
from structmask_gui.io.files.locations import HOME_VARIABLE, config_home
from structmask_gui.io.files.remote import remote_address
from structmask_gui.version import __version__

if TYPE_CHECKING:
    from structmask_gui.core.parameters.model import Parameters

log = logging.getLogger(__name__)

FIRST_PRESET = "automatic"
"""Applied where nothing is to be restored; docs/accuracy.md says why this one."""


def make_application() -> QApplication:
    """Return the one application, with the names that Qt and the desktop want."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = Application(["structmask-gui"])
    app.setApplicationName("StructMask")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("structmask")
    import pyqtgraph

    # Pictures are (y, x) everywhere; pyqtgraph would turn them over its diagonal.
    pyqtgraph.setConfigOptions(imageAxisOrder="row-major", antialias=False)
    return app


class CrashReporter(QObject):
    """Catches what nobody caught, in whichever thread, and hands it to the window."""

    caught = Signal(str)  # the traceback

    def install(self) -> None:
        """Take the place of Python's hooks."""
        self._old = sys.excepthook, threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def remove(self) -> None:
        """Put Python's hooks back."""
        sys.excepthook, threading.excepthook = self._old

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        log.error("not caught:\n%s", text)
        self.caught.emit(text)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)


class Interrupt(QObject):
    """Ctrl+C in the terminal: quits, as if the window had been closed.

    Nothing is raised. A KeyboardInterrupt can come up wherever Python code runs: where Qt or a
    finaliser has called it, it is lost, and within the making of a window it ends the process.
    """

    _EVERY = 200
    """Milliseconds after which it is seen at the latest; Python only hears where Python runs."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._old: Any = None
        self._ticking = QTimer(self)
        self._ticking.setInterval(self._EVERY)
        self._ticking.timeout.connect(self._look)

    def install(self) -> None:
        """Take the place of Python's handler."""
        self._old = signal.signal(signal.SIGINT, self._on_signal)
        self._ticking.start()

    def remove(self) -> None:
        """Put Python's handler back."""
        self._ticking.stop()
        signal.signal(signal.SIGINT, self._old)

    def _on_signal(self, *_: object) -> None:
        # Any Qt call may be under way.
        self._asked = True

    def _look(self) -> None:
        if self._asked:
            # A window that is still writing closes later.
            self._asked = False
            QApplication.quit()


class RunningMark:
    """A lock file that lies there while the window is open; one left over tells of a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: QLockFile | None = None

    def begin(self) -> bool:
        """Lay the mark and tell whether an earlier run ended without taking its own away."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        unclean = False
        for path in self._folder.glob("running-*.lock"):
            old = QLockFile(str(path))
            old.setStaleLockTime(0)
            # Qt takes over the lock of a process that is no more, never that of a living one.
            if old.tryLock(0):
                unclean = True
                old.unlock()
        self._lock = QLockFile(str(self._folder / f"running-{os.getpid()}.lock"))
        self._lock.setStaleLockTime(0)
        self._lock.tryLock(0)
        return unclean

    def end(self) -> None:
        """Take the mark away."""
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None


def make_window(
    app: QApplication,
    settings: Settings,
    lines: LogLines | None = None,
    session: Session | None = None,
) -> MainWindow:
    """Make a window that is not shown yet."""
    theme = AppTheme(app, settings.theme)
    theme.set_text_size(settings.text_size)
    return MainWindow(settings, theme, lines or LogLines(), session)


def begin(window: MainWindow, files: Sequence[str]) -> None:
    """Open what was asked for, or what was open last; at a first start, take the first preset."""
    settings, session = window.settings, window.session
    presets = window.panel("presets").presets
    if settings.last_parameters and not settings.default_preset:
        session.edits.restore_parameters(usable(settings.last_parameters))
        presets.remember_named(settings.last_preset)
    else:
        if not settings.default_preset or not presets.apply_named(settings.default_preset):
            presets.apply_named(FIRST_PRESET)
        session.history.clear()
    here = not any(map(remote_address, settings.last_files))
    images = handed_images(files)
    again = not images and bool(settings.last_files) and here
    window.remembering.restore_masks(
        edited=not settings.default_preset and not any(map(is_preset, files)),
        pinned=again or images == settings.last_files != [],
    )
    if again:
        part = Part.of(settings.last_part)
        for kind in KINDS:
            # Nothing is fetched unless someone asks for it now.
            last = settings.last_reference_stacks.get(kind)
            if last is not None and not remote_address(last):
                session.reference_stacks.choose(kind, last)
        session.open(settings.last_files, **last_choices(settings), part=part)
    open_handed(window, files)


def usable(values: dict[str, object]) -> Parameters:
    """Make parameters from remembered values, leaving out what is nonsense."""
    from structmask_gui.core.parameters.model import Parameters, parameter_infos
    from structmask_gui.core.parameters.rules import changed_together

    good: dict[str, object] = {}
    for name, value in values.items():
        if name in parameter_infos():
            try:
                Parameters.checked({name: value})
            except StructMaskError as error:
                log.warning("Remembered parameter dropped: %s", error)
            else:
                good[name] = value
    return changed_together(Parameters(), good)


def run(files: Sequence[str] = (), *, debug: bool = False, fresh: bool = False) -> int:
    """Open the window and work until it is closed; return the exit code."""
    temporary = tempfile.mkdtemp(prefix="structmask-fresh-") if fresh else ""
    if temporary:
        os.environ[HOME_VARIABLE] = temporary
    app = make_application()
    interrupt = Interrupt()
    interrupt.install()
    lines = logs.start(debug=debug)
    restore_qt_messages = logs.log_qt_messages()
    log.info("StructMask %s starts", __version__)
    reporter = CrashReporter()
    reporter.install()
    mark = RunningMark(config_home())
    unclean = mark.begin()
    window = make_window(app, settings_module.load(), lines)
    from pyqtgraph.util.garbage_collector import GarbageCollector

    # Only this thread looks for garbage: Qt crashes where a worker's thread deletes a widget.
    collector = GarbageCollector()
    collector.timer.stop()
    reporter.caught.connect(window.show_bug)
    window.show()

    def start() -> None:
        begin(window, [*files, *(app.serve(window) if isinstance(app, Application) else ())])
        # What is there now stays. Looking through it for garbage took 60 ms under a slider.
        gc.freeze()
        collector.timer.start()
        if unclean:
            log.warning("StructMask did not end properly last time.")
            window.say(
                "StructMask did not end properly last time. Your presets are as they were; the log"
                " (Help menu) may say why."
            )

    window.completed.connect(start)
    code = app.exec()
    collector.timer.stop()
    gc.unfreeze()
    if isinstance(app, Application):
        app.leave()
    window.close()
    reporter.remove()
    interrupt.remove()
    log.info("StructMask ends")
    mark.end()
    restore_qt_messages()
    logs.stop()
    if temporary:
        shutil.rmtree(temporary, ignore_errors=True)
    if worker.abandoned():
        # A thread hangs in the system; Qt would abort the process while tearing it down.
        os._exit(code)
    return code
