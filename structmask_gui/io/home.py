"""The folders of the person: settings, presets and logs, and what is kept of measurements."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "STRUCTMASK_HOME"
"""Environment variable that puts all of them into a folder of one's choice."""


def config_home() -> Path:
    """Return the folder of settings, presets and logs; it need not exist yet."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("StructMask", appauthor=False)


def cache_home() -> Path:
    """Return the folder of what can be made again; it need not exist yet."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("StructMask", appauthor=False)
