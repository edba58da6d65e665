"""What the packaged program runs: the window, a command of the command line, or the self-test.

StructMask [FILE…]            the window
StructMask extract FILE…      as `structmask extract`; likewise the other commands
StructMask --self-test FOLDER hidden: what the test of the bundle runs; likewise --first-paint and
                              --open-guide, and the process that reads CZI files and HDF5 texts
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

READER_PROCESS = "structmask_gui.io.formats.process"
"""What reads CZI files, and texts of HDF5 files, in a process of its own."""


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments ask for and return the exit code."""
    provide_streams()
    restore_library_path()
    if arguments and arguments[0] in ("--self-test", "--first-paint", "--open-guide"):
        from structmask_gui.gui.selftest import selftest

        return selftest.main(arguments)
    if list(arguments) == ["-m", READER_PROCESS]:
        # A Python is asked for a module so; the packaged program is asked for this one only.
        import runpy

        runpy.run_module(READER_PROCESS, run_name="__main__")
        return 0
    from structmask_gui.__main__ import main as window_or_command
    from structmask_gui.core.errors import StructMaskError

    try:
        return window_or_command(arguments)
    except StructMaskError as error:
        # No action of the user leads here: a file of the program itself is missing.
        show_error(str(error))
        return 2


def restore_library_path() -> None:
    """Let what the program starts, a browser or a file manager, look for libraries as ever.

    On Linux PyInstaller's small program names the folder of the bundle there for this process,
    which has read it by now; others would find the bundle's libraries before the system's.
    """
    if getattr(sys, "frozen", False):
        before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
        if before is not None:
            os.environ["LD_LIBRARY_PATH"] = before
        else:
            os.environ.pop("LD_LIBRARY_PATH", None)


def show_error(sentence: str) -> None:
    """Say on standard error and on the screen why the program does not start."""
    print(f"error: {sentence}", file=sys.stderr)
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtWidgets import QApplication, QMessageBox

    if isinstance(QApplication.instance(), QApplication):
        box = QMessageBox(QMessageBox.Icon.Critical, "StructMask", sentence)
        if QGuiApplication.platformName() != "offscreen":
            box.exec()


def provide_streams() -> None:
    """Give the program streams to write to where the system gives it none.

    A windowed program on Windows has no console of its own: `sys.stdout` and `sys.stderr` are None.
    Started from a terminal it may write to that one; otherwise what it says goes nowhere, and the
    exit code and the written files tell how it went.
    """
    if sys.stdout is not None and sys.stderr is not None:
        return
    name = os.devnull
    if sys.platform == "win32":
        import ctypes

        parent_process = -1
        if ctypes.windll.kernel32.AttachConsole(parent_process):
            name = "CONOUT$"
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:
            # A device, no path; open until the process ends.
            setattr(sys, stream, open(name, "w", encoding="utf-8", errors="backslashreplace"))  # noqa: PTH123, SIM115


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
