"""The log: a rotating file, and the lines of this run for the panel."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from logging.handlers import RotatingFileHandler

from PySide6.QtCore import QObject, QtMsgType, Signal, qInstallMessageHandler

from structmask_gui.gui.desktop import places

ROOT = "structmask_gui"
"""Name of the logger that all of the package's loggers belong to."""

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_SHORT = "%(asctime)s  %(message)s"


class _Rotating(RotatingFileHandler):
    """A rotating file that goes on where it cannot be rotated or written.

    Two windows may share the file, and a disk may be full: neither may disturb the work.
    """

    def doRollover(self) -> None:
        with contextlib.suppress(OSError):
            super().doRollover()

    def handleError(self, record: logging.LogRecord) -> None:
        """Keep silent; the panel shows the line all the same."""


class LogLines(QObject):
    """The latest log lines, and a signal for each new one, from whichever thread."""

    line = Signal(int, str)  # level and text

    def __init__(self) -> None:
        super().__init__()
        self.kept: deque[tuple[int, str]] = deque(maxlen=2000)
        self.handler = _Handler(self)


class _Handler(logging.Handler):
    def __init__(self, lines: LogLines) -> None:
        super().__init__(logging.INFO)
        self._lines = lines
        self.setFormatter(logging.Formatter(_SHORT, "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._lines.kept.append((record.levelno, text))
        # The window may be gone while a thread still writes its last line.
        with contextlib.suppress(RuntimeError):
            self._lines.line.emit(record.levelno, text)


def start(*, debug: bool = False) -> LogLines:
    """Begin to log to the file and into the lines that are returned."""
    logger = logging.getLogger(ROOT)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    lines = LogLines()
    logger.addHandler(lines.handler)
    path = places.log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _Rotating(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True)
    except OSError as error:
        logger.warning("%s cannot be written (%s); there is no log file.", path, error)
    else:
        file.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(file)
    if debug:
        stream = logging.StreamHandler()
        stream.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(stream)
    return lines


def stop() -> None:
    """Close the log's files."""
    logger = logging.getLogger(ROOT)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def log_qt_messages() -> Callable[[], object]:
    """Send Qt's own messages to the log; what is returned gives them back to who had them."""
    return partial(qInstallMessageHandler, qInstallMessageHandler(_on_qt_message))


def _on_qt_message(kind: QtMsgType, _context: object, text: str) -> None:
    if "propagateSizeHints" in text or "does not support raise" in text:
        return  # the offscreen platform says so of every window
    level = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
    }.get(kind, logging.ERROR)
    logging.getLogger(f"{ROOT}.qt").log(level, "%s", text)
