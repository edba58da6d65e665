"""The licences of everything the program is made of, for the About dialog."""

from __future__ import annotations

import re
from importlib import metadata

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.locations import resource

FILE = "licences/third-party.txt"
"""Resource that the packaged program carries; `packaging/licences.py` writes it."""

RULE = "=" * 100
"""The line above and below the heading of each part in that text."""

_PARTS = (
    *("numpy", "scipy", "scikit-image", "tifffile", "imagecodecs", "pillow", "pydantic"),
    *("platformdirs", "threadpoolctl", "tqdm", "PySide6-Essentials", "shiboken6", "pyqtgraph"),
)


def own_text() -> str:
    """Return the licence of StructMask; InputError if the installation lacks it."""
    try:
        return resource("licences/LICENSE").read_text(encoding="utf-8")
    except InputError:
        found = metadata.distribution("structmask-gui").read_text("licenses/LICENSE")
        if found is None:
            raise
        return found


def third_party_text() -> str:
    """Return the licences of all other parts.

    In the packaged program these are the full texts of everything in the bundle, libraries
    included. From source the parts are installed beside StructMask with their own licence files,
    and the text names each with its licence.
    """
    try:
        return resource(FILE).read_text(encoding="utf-8")
    except InputError:
        return "\n".join(_line(name) for name in _PARTS)


def headings(text: str) -> list[tuple[str, int]]:
    """Return the name of each part of a text, and where its heading begins."""
    return [
        (found.group(1).partition(" (")[0], found.start())
        for found in re.finditer(rf"^{RULE}\n(.+)\n{RULE}$", text, re.MULTILINE)
    ]


def _line(name: str) -> str:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return f"{name}: not installed"
    fields = [about[field] for field in ("License-Expression", "License") if field in about]
    licence = next((field.splitlines()[0] for field in fields if field), "see its own files")
    return f"{name} {about['Version']}: {licence}"
