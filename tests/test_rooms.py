"""The direction of imports: gui -> io -> core, cli -> io -> core, never back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "structmask_gui"

FORBIDDEN = {
    "core": ("structmask_gui.io", "structmask_gui.cli", "structmask_gui.gui",
             "PySide6", "pyqtgraph", "superqt", "tifffile", "imagecodecs", "PIL"),
    "io": ("structmask_gui.cli", "structmask_gui.gui", "PySide6", "pyqtgraph", "superqt"),
    "cli": ("structmask_gui.gui", "PySide6", "pyqtgraph", "superqt"),
    "gui": ("structmask_gui.cli",),
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Return the modules a file imports, those inside functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_import_goes_back(room):
    files = list((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        bad = [
            name
            for name in imports(path)
            if any(name == top or name.startswith(f"{top}.") for top in FORBIDDEN[room])
        ]
        assert not bad, f"{path.relative_to(PACKAGE)} imports {bad}"


def test_the_test_can_fail():
    assert "PySide6.QtWidgets" in imports(PACKAGE / "gui" / "session.py") or any(
        name.startswith("PySide6") for name in imports(PACKAGE / "gui" / "session.py")
    )
