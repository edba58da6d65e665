"""Where the built guide is, so that the Help menu opens it without a network."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from structmask_gui.core.errors import InputError

GUIDE_FOLDER = "guide"
"""Name of the folder beside the other resources into which a package puts the built guide."""


def guide_page(name: str = "index.html") -> Path:
    """Return the path of a page of the guide.

    A packaged program has the guide in its resources, under `GUIDE_FOLDER`; a source checkout has
    it in ``build/site`` once ``make docs`` has built it.

    Parameters
    ----------
    name : str
        Name of the page, as in "trouble.html".

    Raises
    ------
    InputError
        If the guide was not built or has no such page.
    """
    package = Path(str(files("structmask_gui")))
    folders = (
        package / "resources" / GUIDE_FOLDER,
        package.parent / "resources" / GUIDE_FOLDER,
        package.parent / "build" / "site",
    )
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{name}: the guide is not there; in a source checkout `make docs` builds it.")
