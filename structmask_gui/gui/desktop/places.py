"""Where things lie: the sample, the user's settings and logs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.locations import config_home, resource
from structmask_gui.io.files.paths import is_folder
from structmask_gui.io.files.remote import remote_address

PRESET_SUFFIX = ".structmask-preset"
"""Ending of preset files that desktops open with StructMask; the contents are those of any preset
file. Presets may as well end in .json, which desktops leave to editors."""

_MOST_ENTRIES = 2000
"""Of a folder, looked through before the window says what it holds."""


def settings_file() -> Path:
    """Return the file of the settings."""
    return config_home() / "settings.json"


def log_file() -> Path:
    """Return the file of the log."""
    return config_home() / "logs" / "structmask.log"


def beside(paths: Sequence[Path]) -> Path:
    """Return the folder of the first of some files, to write to.

    Home if there is none, it is an address, or it is the sample's within the program.
    """
    if not paths or remote_address(paths[0]) is not None:
        return Path.home()
    sample = sample_stack()
    folder = paths[0].parent
    return Path.home() if sample is not None and folder == sample.parent else folder


def sample_stack() -> Path | None:
    """Return the bundled sample stack, if the installation has one."""
    try:
        return next(iter(sorted(resource("sample").glob("*.ome.tif"))), None)
    except InputError:
        return None


def is_preset(path: str) -> bool:
    """Tell whether a path is that of a preset for the desktop."""
    return path.lower().endswith(PRESET_SUFFIX)


def is_image(path: str) -> bool:
    """Tell an image, which a Zarr folder is too, from another folder."""
    from structmask_gui.io.formats.zarr import is_zarr_folder

    return not is_folder(path) or is_zarr_folder(path)


def is_own_mask(path: str) -> bool:
    """Tell a mask that was written beside its image."""
    from structmask_gui.io.results.files import is_result

    return "_mask" in path and is_result(Path(path))


def holds_several(paths: Sequence[Path]) -> bool:
    """Tell whether the folder of the first of some files holds more than one that can be opened."""
    from structmask_gui.io.formats.known import ALL_EXTENSIONS

    if not paths or remote_address(paths[0]) is not None:
        return False
    endings = tuple(ending for ones in ALL_EXTENSIONS.values() for ending in ones)
    found = 0
    try:
        with os.scandir(paths[0].parent) as entries:
            for entry in itertools.islice(entries, _MOST_ENTRIES):
                image = entry.name.lower().endswith(endings)
                found += image and not is_own_mask(entry.path)
                if found > 1:
                    return True
    except OSError:
        pass
    return False
