"""Where the files that come with the program are: icons, presets, the sample stack, help texts."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from structmask_gui.core.errors import InputError


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
    raise InputError(f"{name or 'resources'}: is missing from the installation; install it again.")
