"""System libraries that Qt needs on Linux, and the sentence when one is missing.

Imports nothing of Qt: it is what runs when Qt cannot be loaded.
"""

from __future__ import annotations

import ctypes
import os
import sys

# Library file -> Debian and Ubuntu package.
_ALWAYS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
_SCREEN = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libX11-xcb.so.1": "libx11-xcb1",
}


def has_display() -> bool:
    """Tell whether there is a screen to open a window on."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def platform_chosen() -> str:
    """Return the Qt platform the environment asks for, or nothing."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]


def missing_libraries(*, screen: bool) -> dict[str, str]:
    """Return the libraries that cannot be loaded, each with its package; X11's if for a screen."""
    if not sys.platform.startswith("linux"):
        return {}
    wanted = {**_ALWAYS, **(_SCREEN if screen else {})}
    return {name: package for name, package in wanted.items() if not _loads(name)}


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def sentence(missing: dict[str, str], reason: str = "") -> str:
    """Say which libraries are missing and the one line that brings them."""
    if not missing:
        return f"error: Qt cannot start: {reason}"
    packages = " ".join(dict.fromkeys(missing.values()))
    return (
        f"error: Qt needs system libraries that are missing here: {', '.join(missing)}.\n"
        f"Install them, on Debian or Ubuntu with\n"
        f"    sudo apt-get install -y {packages}\n"
        "and start again."
    )


def complain(text: str) -> None:
    """Write to standard error, if the program has one (a packaged window has none)."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)
