"""What the spec takes out of the folder after PyInstaller has collected it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

Entry = tuple[str, str, str]
"""Name in the bundle, file it is copied from, type, as in PyInstaller's tables."""

UNWANTED = (
    # The program speaks English; Qt's own buttons then do too.
    "PySide6/Qt/translations/*",
    "PySide6/translations/*",
    # Screens without a window system, touch screens without one, themes that load all of GTK.
    *(f"*/plugins/platforms/*{name}*" for name in ("vnc", "linuxfb", "eglfs", "vkkhr", "egl")),
    "*/plugins/platforms/*direct2d*",
    *(f"*/plugins/{name}/*" for name in ("egldeviceintegrations", "generic", "networkinformation")),
    *("*/plugins/tls/*", "*/plugins/platformthemes/*gtk3*"),
    # Pictures are read by our own readers; Qt draws PNG by itself and SVG by its plugin.
    *(
        f"*/plugins/imageformats/*q{name}*"
        for name in ("webp", "tiff", "tga", "wbmp", "icns", "gif", "jpeg", "pdf")
    ),
    # Software OpenGL and shader compilers of Windows: no view uses OpenGL.
    *("*opengl32sw.dll", "*d3dcompiler*.dll"),
)

# Of what these bring nine tenths are symbols that no running program needs.
_WITH_SYMBOLS = (
    *("libpython", "lib-dynload", "imagecodecs/", "PIL/", "numcodecs/"),
    *("aiohttp/", "yarl/", "multidict/", "frozenlist/", "propcache/"),
)


def wanted(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that match no pattern of `UNWANTED`."""
    return [
        entry
        for entry in entries
        if not any(fnmatch(entry[0].replace("\\", "/"), pattern) for pattern in UNWANTED)
    ]


def needed(library: str) -> set[str]:
    """Return the file names of the libraries that an ELF file names as needed."""
    answer = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=False)
    return set(re.findall(r"^\s+NEEDED\s+(\S+)", answer.stdout, re.MULTILINE))


def reachable(entries: list[Entry]) -> list[Entry]:
    """Leave out Linux libraries that nothing in the bundle needs any more.

    Extension modules, Qt's plugins and Python itself are what is started from; the libraries they
    name, and those that these name, stay.
    """
    by_file: dict[str, list[Entry]] = {}
    for entry in entries:
        by_file.setdefault(Path(entry[0]).name, []).append(entry)
    todo = [e for e in entries if e[2] == "EXTENSION" or "plugins/" in e[0] or "libpython" in e[0]]
    kept = {entry[0] for entry in todo}
    while todo:
        for name in needed(todo.pop()[1]):
            for entry in by_file.get(name, ()):
                if entry[0] not in kept:
                    kept.add(entry[0])
                    todo.append(entry)
    names = {Path(name).name for name in kept}
    # Links stand for a library under the name it is asked for.
    return [e for e in entries if e[0] in kept or (e[2] == "SYMLINK" and Path(e[0]).name in names)]


def stripped(entries: list[Entry], folder: Path) -> list[Entry]:
    """Take the debugging symbols out of files that come with them."""
    if shutil.which("strip") is None:
        return entries
    result = []
    for name, source, kind in entries:
        if kind != "SYMLINK" and any(part in name for part in _WITH_SYMBOLS):
            # Modules of unlike packages may have the same name.
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copy.chmod(0o755)
            subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
            source = str(copy)
        result.append((name, source, kind))
    return result
