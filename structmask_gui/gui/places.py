"""Where things lie: the program's own resources, and the person's settings, presets and logs."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "STRUCTMASK_HOME"
"""Environment variable that puts settings, presets and logs into a folder of one's choice."""

_PACKAGE = Path(__file__).resolve().parents[1]


def resource(*parts: str) -> Path:
    """Return the path of a resource, in an installed package or in the source tree."""
    installed = _PACKAGE / "resources"
    root = installed if installed.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)


def home() -> Path:
    """Return the folder of settings and logs; it need not exist yet."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("StructMask", appauthor=False)


def settings_file() -> Path:
    """Return the file of the settings."""
    return home() / "settings.json"


def log_file() -> Path:
    """Return the file of the log."""
    return home() / "logs" / "structmask.log"


def sample_stack() -> Path | None:
    """Return the bundled sample stack, if the installation has one."""
    return next(iter(sorted(resource("sample").glob("*.ome.tif"))), None)
