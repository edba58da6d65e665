"""One order of folders: a file imports only from its own folder or an earlier one."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "structmask_gui"

_ORDER = """
version core core.parameters core.masks core.stack core.correlation core.learned core.statistical
core.measure core.verdict core.extraction core.quality core.recommend core.denoising core.denoised
io.files io.stack io.formats io.formats.tiff io.presets io.pictures io.results io.trainers io.report
io io.batch
cli gui.style gui.desktop gui.widgets gui.views gui.views.lags gui.views.image
gui.views.curves gui.session gui.panels gui.quality gui.export gui.batch gui.window gui gui.selftest
"""
ORDER = _ORDER.split()

QT = {"PySide6", "pyqtgraph"}
FILES = {"tifffile", "imagecodecs", "PIL", "h5py", "zarr"}
CORE = "structmask_gui.core"
TOUCHING = (
    "structmask_gui.io.files.atomic",
    "structmask_gui.io.files.json_files",
    "structmask_gui.io.open",
    "structmask_gui.io.formats.zarr",
    "structmask_gui.io.presets.library",
    "structmask_gui.io.presets.preset.load_preset",
    "structmask_gui.io.presets.preset.save_preset",
    "structmask_gui.io.presets.preset.built_in_presets",
    "structmask_gui.io.results",
)
"""What reads or writes files when it is called."""
_METHODS = """
exists is_dir is_file stat iterdir glob rglob mkdir unlink touch listdir scandir
read_text read_bytes write_text write_bytes
"""
FILE_METHODS = set(_METHODS.split())
MOST_FILES, MOST_LINES = 16, 600


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules a file imports, those inside functions and for types included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if file_of(name)]
            names.update(modules)
            if len(modules) < len(inner):
                names.add(node.module)
    return frozenset(names)


@cache
def file_of(module: str) -> Path | None:
    """Return the file of a module of the package."""
    if module.partition(".")[0] != "structmask_gui":
        return None
    path = PACKAGE.parent.joinpath(*module.split("."))
    found = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in found if file.is_file()), None)


def folder_of(path: Path) -> str:
    """Return a file's place in the order."""
    parts = path.relative_to(PACKAGE).parts[:-1]
    return ".".join(parts) or path.stem


def sources() -> list[Path]:
    """Return the files of the package but the entry points, which come after everything."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if folder_of(path) not in ENTRIES]


ENTRIES = {"__init__", "__main__"}


def arrows() -> list[tuple[Path, Path]]:
    return [
        (path, target)
        for path in sources()
        for name in sorted(imports(path))
        if (target := file_of(name)) is not None and target != path
    ]


def test_every_folder_has_its_place():
    assert {folder_of(path) for path in sources()} == set(ORDER)


def test_a_file_imports_only_from_its_own_folder_or_an_earlier_one():
    wrong = []
    for path, target in arrows():
        here, there = folder_of(path), folder_of(target)
        if there in ENTRIES or ORDER.index(there) > ORDER.index(here):
            wrong.append(f"{path.relative_to(PACKAGE)} imports {target.relative_to(PACKAGE)}")
        if here.startswith("gui") and there.startswith("cli"):
            wrong.append(f"{path.relative_to(PACKAGE)} imports the command line")
    assert not wrong, "\n".join(wrong)


def circles(edges: list[tuple[Path, Path]]) -> list[Path]:
    """Return the files from which a way leads back to themselves."""
    ahead: dict[Path, set[Path]] = {}
    for path, target in edges:
        ahead.setdefault(path, set()).add(target)
    found = []
    for start in ahead:
        seen: set[Path] = set()
        todo = set(ahead[start])
        while todo:
            step = todo.pop()
            if step not in seen:
                seen.add(step)
                todo |= ahead.get(step, set())
        if start in seen:
            found.append(start)
    return found


def test_no_file_stands_in_a_circle():
    found = [str(path.relative_to(PACKAGE)) for path in circles(arrows())]
    assert not found, found


@pytest.mark.parametrize(
    ("top", "forbidden"),
    [("core", QT | FILES), ("io", QT), ("cli", QT)],
)
def test_what_a_part_must_not_know(top, forbidden):
    place = PACKAGE / top
    paths = [place] if place.is_file() else list(place.rglob("*.py"))
    assert paths
    for path in paths:
        bad = {name for name in imports(path) if name.partition(".")[0] in forbidden}
        assert not bad, f"{path.relative_to(PACKAGE)} imports {bad}"


def test_help_text_knows_no_qt_not_even_by_what_it_imports():
    known: set[Path] = set()
    todo = [PACKAGE / "gui" / "panels" / "help_text.py"]
    while todo:
        path = todo.pop()
        if path not in known:
            known.add(path)
            bad = {name for name in imports(path) if name.partition(".")[0] in QT}
            assert not bad, f"{path.relative_to(PACKAGE)} imports {bad}"
            todo += [file for name in imports(path) if (file := file_of(name)) is not None]
    assert len(known) > 3


def test_views_know_no_session_and_compute_nothing():
    """They may import from the core what things are, but nothing that works them out."""
    for path in (PACKAGE / "gui" / "views").rglob("*.py"):
        bad = {name for name in imports(path) if name.startswith("structmask_gui.gui.session")}
        assert not bad, f"{path.relative_to(PACKAGE)} imports {bad}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(CORE):
                module = import_module(node.module or "")
                for alias in node.names:
                    known = isinstance(getattr(module, alias.name), type)
                    assert known, f"{path.relative_to(PACKAGE)} imports {alias.name}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "gui" / "panels").glob("*.py")), ids=str)
def test_panels_touch_no_files(path):
    """Files are listed, read and written by what a panel is given, or in a thread of its own."""
    at_run_time = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(at_run_time):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(at_run_time):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            assert not {name for name in names if name.startswith(TOUCHING)}, names
        elif isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & FILES
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                assert called.id != "open", f"line {node.lineno}"
            elif isinstance(called, ast.Attribute):
                assert called.attr not in FILE_METHODS, f"line {node.lineno}: {called.attr}"


def test_folders_can_be_surveyed_and_files_be_read():
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MOST_FILES, f"{folder.relative_to(PACKAGE)}: {len(files)} files"
    for path in PACKAGE.rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES, f"{path.relative_to(PACKAGE)}: {lines} lines"


def test_the_tests_can_fail():
    assert "PySide6.QtWidgets" in imports(PACKAGE / "gui" / "window" / "main_window.py")
    here = Path("a"), Path("b"), Path("c")
    assert circles([(here[0], here[1]), (here[1], here[2]), (here[2], here[1])]) == [*here[1:]]
