"""What is left out of the bundle is not asked for by our own code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from excludes import EXCLUDES, excluded
from readers import READERS

from structmask_gui.io.formats.known import ALL_EXTENSIONS

PACKAGE = Path(__file__).parents[2] / "structmask_gui"


def imports(text: str) -> set[str]:
    """Return the modules that a text imports, those inside functions included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_no_file_of_ours_imports_an_excluded_module():
    files = list(PACKAGE.rglob("*.py"))
    assert len(files) > 50
    for path in files:
        bad = [name for name in imports(path.read_text(encoding="utf-8")) if excluded(name)]
        assert not bad, f"{path.relative_to(PACKAGE)} imports {bad}; see packaging/excludes.py"


def test_the_readers_are_shipped_but_for_one_of_another_licence():
    assert not [name for names in READERS.values() for name in names if excluded(name)]
    assert set(READERS) - set(ALL_EXTENSIONS) == {"Zarr at an address"}
    assert set(ALL_EXTENSIONS) - set(READERS) == {
        *("TIFF", "PNG", "JPEG", "JPEG 2000", "WebP", "NPY", "MRC", "NIfTI"),
        "Electron microscopy",
    }
    assert excluded("rsciio.mrc")


def test_imports_inside_functions_are_seen():
    assert imports("def f():\n    from tkinter import ttk\n") == {"tkinter.ttk"}
    assert excluded("tkinter.ttk")


@pytest.mark.parametrize("name", ["tkinterx", "PySide6", "PySide6.QtCore", "pydantic", "PIL.Image"])
def test_names_are_compared_as_wholes(name: str):
    assert not excluded(name)


def test_no_name_is_listed_twice():
    assert len(set(EXCLUDES)) == len(EXCLUDES)
