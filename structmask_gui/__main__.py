"""`python -m structmask_gui` and `structmask-gui [FILE…]`: open the window.

With the name of a command of the command line first, they are `structmask`.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence

from structmask_gui.version import __version__

# Those of the command line, whose parser is not worth loading before a window is shown; a test
# compares the two. A file of such a name is given as ./NAME.
COMMANDS = (
    *("extract", "batch", "compare", "quality", "check", "destripe", "correct", "denoise", "text"),
    *("presets", "info"),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="structmask-gui",
        description="Open the window of StructMask.",
        epilog=f"With {', '.join(COMMANDS)} first, this is the command structmask; a file of such a"
        " name is given as ./NAME.",
    )
    made.add_argument("files", nargs="*", metavar="FILE", help="stacks; several are averaged")
    made.add_argument(
        "--pdf",
        action="store_true",
        help="open no window, but write the reports FILE… (HTML) as PDF beside them",
    )
    made.add_argument("--version", action="version", version=f"StructMask {__version__}")
    made.add_argument("--debug", action="store_true", help="log everything, to the terminal too")
    made.add_argument(
        "--fresh",
        action="store_true",
        help="start with neither settings nor presets of one's own, and leave none behind",
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, or run a command, and return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in COMMANDS:
        from structmask_gui.cli import main as command_line

        return command_line(arguments)
    options = parser().parse_args(arguments)
    if options.pdf:
        return _write_pdf(options.files)
    # Modules are no garbage: looking for some among them takes a tenth of the start. The
    # application looks again once its window is complete.
    gc.disable()
    try:
        return _open(options)
    finally:
        gc.enable()


def _open(options: argparse.Namespace) -> int:
    from structmask_gui.gui.desktop import qt_libraries

    on_screen = qt_libraries.has_display() and qt_libraries.platform_chosen() in (
        "",
        "xcb",
        "wayland",
    )
    try:
        from structmask_gui.gui import app
    except ImportError as error:
        missing = qt_libraries.missing_libraries(screen=on_screen)
        if not missing and "lib" not in str(error):
            raise  # not a library of the system: a bug, or an incomplete installation
        qt_libraries.complain(qt_libraries.sentence(missing, str(error)))
        return 2
    if qt_libraries.platform_chosen() == "" and not qt_libraries.has_display():
        qt_libraries.complain(
            "error: there is no screen to open a window on (DISPLAY is not set). Use the command"
            " structmask, or set QT_QPA_PLATFORM=offscreen to run without one."
        )
        return 2
    if (
        on_screen
        and qt_libraries.platform_chosen() != "wayland"
        and sys.platform.startswith("linux")
    ):
        # Qt would abort the process with a message of its own.
        missing = qt_libraries.missing_libraries(screen=True)
        if missing:
            qt_libraries.complain(qt_libraries.sentence(missing))
            return 2
    return app.run(options.files, debug=options.debug, fresh=options.fresh)


def _write_pdf(files: Sequence[str]) -> int:
    from structmask_gui.gui.desktop import qt_libraries

    if not files:
        qt_libraries.complain("error: no report is given; name the HTML file of at least one.")
        return 2
    try:
        from structmask_gui.gui.export.pdf import convert
    except ImportError as error:
        missing = qt_libraries.missing_libraries(screen=False)
        if not missing and "lib" not in str(error):
            raise
        qt_libraries.complain(qt_libraries.sentence(missing, str(error)))
        return 2
    return convert(files)


if __name__ == "__main__":
    sys.exit(main())
