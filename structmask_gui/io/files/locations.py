"""The user's folders: settings, presets, logs and cached measurements; resources and guide."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from structmask_gui.core.errors import InputError

GUIDE_FOLDER = "guide"
"""Folder of the built guide among a package's resources."""


HOME_VARIABLE = "STRUCTMASK_HOME"
"""Environment variable that moves all user folders to one place."""


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


def resource(name: str = "") -> Path:
    """Return the path of a file or folder that comes with the program.

    In an installed wheel and in the packaged app they are in ``structmask_gui/resources``; in a
    source checkout in ``resources`` at the top.

    Parameters
    ----------
    name : str
        Path below the resources folder with forward slashes, as in "presets/default.json".

    Raises
    ------
    InputError
        If it is not there: the installation is incomplete.
    """
    package = Path(str(files("structmask_gui")))
    for folder in (package / "resources", package.parent / "resources"):
        path = folder.joinpath(*name.split("/")) if name else folder
        if path.exists():
            return path
    raise InputError(f"{name or 'resources'} is missing from the installation; install it again.")


def guide_page() -> Path:
    """Return the path of the guide's first page.

    A packaged program has the guide in its resources, under `GUIDE_FOLDER`; a source checkout has
    it in ``build/site`` once ``make docs`` has built it.
    """
    package = Path(str(files("structmask_gui")))
    folders = (
        package / "resources" / GUIDE_FOLDER,
        package.parent / "resources" / GUIDE_FOLDER,
        package.parent / "build" / "site",
    )
    for folder in folders:
        if (page := folder / "index.html").is_file():
            return page
    raise InputError(
        "index.html: the guide is not there; in a source checkout `make docs` builds it."
    )
