"""What a report needs to say of the program and the machine."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from textwrap import wrap

from structmask_gui.io.files.locations import config_home
from structmask_gui.version import __version__

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-image",
    "tifffile",
    "imagecodecs",
    "pydantic",
    "PySide6-Essentials",
    "pyqtgraph",
)


def system_text() -> str:
    """Return versions and system, a line each."""
    from PySide6.QtCore import qVersion
    from PySide6.QtGui import QGuiApplication

    lines = [
        f"StructMask {__version__}" + (" (packaged)" if getattr(sys, "frozen", False) else ""),
        f"Python {platform.python_version()}, Qt {qVersion()}",
        f"{platform.platform()}, {platform.machine()}",
        *wrap(", ".join(f"{name} {_version(name)}" for name in _PACKAGES), 78),
    ]
    screen = QGuiApplication.primaryScreen()
    if screen is not None:
        size = screen.size()
        lines.append(
            f"Screen {size.width()} x {size.height()} at {screen.devicePixelRatio():g},"
            f" platform {QGuiApplication.platformName()}"
        )
    lines.append(f"Settings and log: {config_home()}")
    return "\n".join(lines)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"
