"""Collects the licences of everything in the bundle into one text.

Python packages bring theirs in their metadata, those of the libraries inside their wheels included.
Qt's wheels bring none, so the texts of the LGPL and GPL lie beside this file; so do those of the
scripts in the guide's theme. Libraries of the Linux system that the bundle carries have theirs in
/usr/share/doc.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path, PurePath

from structmask_gui.gui.desktop.licences import RULE

HERE = Path(__file__).parent
_NAMES = ("licen", "copying", "notice", "authors")
_THEME = "mkdocs-material"
_GUIDE = (_THEME, "mkdocstrings-python")
"""What the pages of the guide take their looks, scripts and icons from."""
_QT = ("PySide6_Essentials", "PySide6-Essentials", "shiboken6", "pyside6_essentials")

_HEAD = """\
StructMask is free software under the BSD 3-Clause licence. The packaged program carries the parts
below, each under its own licence.

Qt and PySide6 are used under the GNU Lesser General Public License, version 3, as separate shared
libraries in the folder _internal (on macOS: Contents/Frameworks): they may be replaced by other
builds of the same version. The Qt project offers their source, under the names qt-everywhere-src
and pyside-setup, in the version named below. What Qt itself contains of others is listed with its
licences in Qt's documentation, under "Licenses Used in Qt".

pylibCZIrw with libCZI, the reader of CZI files, is used under the same licence: it is one library
in that folder, _pylibCZIrw, and may be replaced likewise; Zeiss offers its source under that name.
"""


def distributions_of(modules: Iterable[str]) -> list[metadata.Distribution]:
    """Return the installed distributions that modules come from, by name."""
    tops = {name.partition(".")[0] for name in modules}
    homes = metadata.packages_distributions()
    names = {home for top in tops for home in homes.get(top, ())}
    return [metadata.distribution(name) for name in sorted(names, key=str.casefold)]


def licence_files(distribution: metadata.Distribution) -> list[Path]:
    """Return the licence files of a distribution."""
    found = []
    for file in distribution.files or ():
        inside = PurePath(file)
        of_metadata = inside.parts[0].endswith(".dist-info")
        named = any(inside.name.lower().startswith(n) for n in _NAMES)
        if of_metadata and (named or "licenses" in inside.parts):
            found.append(Path(str(distribution.locate_file(file))))
    return [path for path in found if path.is_file()]


def package_text(distribution: metadata.Distribution) -> str:
    """Return the part of the text about one distribution.

    Raises
    ------
    LookupError
        If no licence text is found for it: then it must not be shipped.
    """
    about = distribution.metadata
    named = [about[field] for field in ("License-Expression", "License") if field in about]
    first = next((value.splitlines()[0] for value in named if value), "")
    head = f"{about['Name']} {about['Version']}" + (f" ({first})" if first else "")
    files = licence_files(distribution)
    if about["Name"] in _QT:
        files = sorted((HERE / "licences").glob("*GPL*.txt"), reverse=True)
        if about["Name"] == "shiboken6":
            return part(head, "As PySide6 above.")
    if not files:
        raise LookupError(f"{about['Name']}: no licence text found; it cannot be shipped")
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
    return part(head, "\n\n".join(texts))


def part(head: str, text: str) -> str:
    """Return one part of the text under its heading."""
    return f"{RULE}\n{head}\n{RULE}\n\n{text.strip()}\n"


def python_text() -> str:
    """Return the licence of Python itself."""
    version = ".".join(map(str, sys.version_info[:2]))
    for path in (
        Path(sys.base_prefix) / "LICENSE.txt",
        Path(sys.base_prefix) / "lib" / f"python{version}" / "LICENSE.txt",
        Path(sys.base_prefix) / "Resources" / "LICENSE.txt",
        Path(f"/usr/share/doc/python{version}/copyright"),
    ):
        if path.is_file():
            return part(f"Python {sys.version.split()[0]}", path.read_text(encoding="utf-8"))
    raise LookupError(f"no licence text of Python found under {sys.base_prefix}")


def system_text(libraries: Iterable[str]) -> str:
    """Return the licences of the libraries that were taken from a Debian-like system."""
    packages: dict[str, str] = {}
    for library in libraries:
        path = Path(library).resolve()
        # Debian has moved /lib to /usr/lib; its database still has either.
        for name in (str(path), str(path).removeprefix("/usr")):
            answer = subprocess.run(
                ["dpkg", "-S", name], capture_output=True, text=True, check=False
            )
            if answer.returncode == 0:
                package = answer.stdout.partition(":")[0]
                packages[package] = str(path)
                break
    parts = []
    for package in sorted(packages):
        copyright_file = Path("/usr/share/doc") / package / "copyright"
        if copyright_file.is_file():
            text = copyright_file.read_text(encoding="utf-8", errors="replace")
            parts.append(part(f"{package} (library of the system)", text))
    return "\n".join(parts)


def guide_text() -> str:
    """Return the licences of what is in the pages of the guide beside our own words."""
    parts = [package_text(metadata.distribution(name)) for name in _GUIDE]
    icons = Path(str(metadata.distribution(_THEME).locate_file("material/templates/.icons")))
    for path in sorted(icons.glob("*/LICENSE*")):
        name = f"{path.parent.name} (icons of the guide)"
        parts.append(part(name, path.read_text(encoding="utf-8")))
    names = ("guide-scripts.txt", "Apache-2.0.txt")
    texts = [(HERE / "licences" / name).read_text(encoding="utf-8") for name in names]
    parts.append(part("Scripts of the guide", "\n".join(texts)))
    return "\n".join(parts)


def everything(modules: Iterable[str], libraries: Iterable[str]) -> str:
    """Return the whole text for the modules and the system's libraries of a bundle."""
    shipped = [
        found
        for found in distributions_of(modules)
        if found.metadata["Name"] not in ("structmask-gui", "pyinstaller-hooks-contrib")
    ]
    parts = [_HEAD, python_text(), *(package_text(found) for found in shipped)]
    bootloader = metadata.distribution("pyinstaller")
    if all(found.metadata["Name"] != "pyinstaller" for found in shipped):
        # The small program that starts Python; its exception to the GPL covers what it starts.
        parts.append(package_text(bootloader))
    parts.append(guide_text())
    if sys.platform.startswith("linux"):
        parts.append(system_text(libraries))
    return "\n".join(parts)
