"""Readers that may not be installed, imported when a file needs them."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

from structmask_gui.core.errors import InputError


def needed(module: str, extra: str, what: str) -> ModuleType:
    """Import the reader of a file format; ``what`` is the file, as in "an ND2 file"."""
    try:
        return importlib.import_module(module)
    except ImportError:
        way = (
            "export the images as OME-TIFF, or use the Python package with"
            if getattr(sys, "frozen", False)
            else "install it with"
        )
        raise InputError(
            f"is {what}, and its reader is not installed; {way}"
            f" pip install 'structmask-gui[{extra}]'."
        ) from None


@contextlib.contextmanager
def refused(what: str, close: Callable[[], object] | None = None) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one sentence; ``what`` is read."""
    try:
        yield
    except BaseException as error:
        if close is not None:
            with contextlib.suppress(Exception):
                close()
        if isinstance(error, InputError) or not isinstance(error, Exception):
            raise
        if isinstance(error, MemoryError):
            raise InputError(
                f"{what} does not fit into memory; save it in smaller parts."
            ) from None
        raise InputError(
            f"{what} cannot be read, so the file is damaged or of an unknown kind; copy or"
            " export it again."
        ) from error
