"""`make run`: open the window on the sample, or on a file, and extract its mask.

Without a display the same window runs offscreen, extracts through its own worker, writes what it
shows and what it found to build/demo, and ends.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QEventLoop

    from structmask_gui.gui.session.quality import Quality

FOLDER = Path("build") / "demo"
_TIMEOUT = 600_000
_PATIENCE = 60_000
_SIZE = (1280, 800)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    from structmask_gui.gui.desktop import places, qt_libraries

    if not arguments:
        sample = places.sample_stack()
        if sample is None:
            qt_libraries.complain(
                "error: the sample is missing from this installation; install it again."
            )
            return 2
        arguments = [str(sample)]
    if qt_libraries.has_display() or qt_libraries.platform_chosen() not in ("", "offscreen"):
        from structmask_gui.__main__ import main as open_window

        return open_window(arguments)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from structmask_gui.gui import app  # noqa: F401  # is Qt there?
    except ImportError as error:
        missing = qt_libraries.missing_libraries(screen=False)
        if not missing:
            raise
        qt_libraries.complain(qt_libraries.sentence(missing, str(error)))
        return 2
    return run_offscreen(arguments, FOLDER)


def _wait_for_figures(quality: Quality, loop: QEventLoop, answers: Sequence[str]) -> None:
    """Wait, up to a limit, until the figures of the mask that the picture shows are measured."""
    from PySide6.QtCore import QDeadlineTimer, QTimer

    if quality.state != "measuring":
        return
    patience = QDeadlineTimer(_PATIENCE)
    QTimer.singleShot(_PATIENCE, loop, loop.quit)
    quality.changed.connect(loop.quit)
    while not answers and quality.state == "measuring" and not patience.hasExpired():
        loop.exec()


def run_offscreen(files: Sequence[str], folder: Path) -> int:
    """Make the window without a screen, extract, and write window and mask into a folder.

    Returns
    -------
    int
        0, or 2 with a sentence on standard error when the file cannot be used.
    """
    from PySide6.QtCore import QEventLoop, QTimer

    from structmask_gui.gui import app
    from structmask_gui.gui.desktop import logs, qt_libraries
    from structmask_gui.gui.desktop.settings import Settings

    application = app.make_application()
    # No settings of the user: the picture shows the program's defaults.
    lines = logs.LogLines()
    logging.getLogger(logs.ROOT).addHandler(lines.handler)
    logs.log_qt_messages()
    window = app.make_window(application, Settings(), lines)
    window.saves_settings = False
    window.resize(*_SIZE)
    window.show()
    window.complete()
    loop = QEventLoop()
    answers: list[str] = []

    def end(answer: str) -> None:
        answers.append(answer)
        loop.quit()

    def look(*_: object) -> None:
        session = window.session
        if (
            session.state.extraction is not None
            and not session.state.stale
            and not session.state.busy
        ):
            loop.quit()

    limit = QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(lambda: end("it took longer than ten minutes"))
    limit.start(_TIMEOUT)
    window.session.failed.connect(end)
    window.session.bug.connect(end)
    reporter = app.CrashReporter()
    reporter.install()
    reporter.caught.connect(end)
    window.session.extraction_changed.connect(look)
    window.session.busy_changed.connect(look)
    app.begin(window, files)
    loop.exec()
    if not answers:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            answers.append(f"{folder}: cannot be made ({error.strerror}).")
    paths = {
        form: folder / name
        for form, name in (("npy", "mask.npy"), ("png", "mask.png"), ("json", "mask.json"))
    }
    if not answers:
        window.exporter.written.connect(lambda _names: loop.quit())
        window.exporter.export(paths)
        loop.exec()
    if not answers:
        _wait_for_figures(window.session.quality, loop, answers)
    if not answers:
        # One turn of the loop, so that everything the result changed has been laid out and drawn.
        QTimer.singleShot(300, loop, loop.quit)
        loop.exec()
        picture = folder / "window.png"
        if not window.grab().save(str(picture)):
            answers.append(f"{picture}: cannot be written.")
    sentence = window.headline.sentence.text()
    window.close()
    reporter.remove()
    if answers:
        qt_libraries.complain(f"error: {answers[0]}")
        return 2
    print(sentence)
    print("Written:")
    for path in (folder / "window.png", *paths.values()):
        print(f"  {path.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
