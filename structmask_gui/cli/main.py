"""Entry point: choose the command, turn what goes wrong into a line and an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from structmask_gui.cli.console import (
    FAILED,
    INTERRUPTED,
    print_error,
    print_no_more,
    steady_output,
)
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
    with steady_output():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
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
    except OSError as error:
        if error.filename is not None:
            raise
        # An error without a file name comes from standard output, not from a file.
        text = f"error: the text cannot be printed ({reason(error)}); files are written whole."
        print(text, file=sys.stderr)
        print_no_more(sys.stdout)
        return FAILED
