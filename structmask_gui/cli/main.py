"""Entry point: choose the command, turn what goes wrong into a line and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from structmask_gui.cli.console import FAILED, INTERRUPTED, print_error
from structmask_gui.cli.parser import make_parser
from structmask_gui.core.errors import StructMaskError
from structmask_gui.io.files.paths import reason


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if not given.

    Returns
    -------
    int
        0: all done. 1: some of several files failed, the others are done. 2: nothing could be done,
        or wrong arguments. 130: interrupted.
    """
    # Libraries report a file's flaws as they read it; what matters is in our own sentences.
    logging.basicConfig(level=logging.CRITICAL)
    # A name that the terminal cannot show must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = make_parser().parse_args(argv)
    try:
        code = int(arguments.run(arguments))
        if sys.stdout is not None:
            # Flushed here: an error at exit would end the process with a code of its own.
            sys.stdout.flush()
        return code
    except StructMaskError as error:
        print_error(error)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has closed it; nothing more can be printed.
        _print_no_more()
        return 0
    except OSError as error:
        if error.filename is not None:
            raise
        # An error without a file name comes from standard output, not from a file.
        text = f"error: the text cannot be printed ({reason(error)}); files are written whole."
        print(text, file=sys.stderr)
        _print_no_more()
        return FAILED


def _print_no_more() -> None:
    """Discard buffered output; some Pythons end with code 120 if it cannot be flushed."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
