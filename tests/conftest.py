"""Settings for every test: no display, no one's own settings, one thread for BLAS."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(__file__).resolve().parents[2] / "shared"

SLOW = ("fuzz", "packaging", "tools")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole folders as slow; single tests elsewhere carry the mark themselves."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Leave the modules and the tests themselves out of every search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def garbage_is_looked_for() -> None:
    """Undo what tests of windows change."""
    gc.enable()


@pytest.fixture(autouse=True)
def fresh_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own folder for settings, presets and logs."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("STRUCTMASK_HOME", str(home))
    return home


@pytest.fixture(scope="session", autouse=True)
def figures_are_kept() -> Iterator[None]:
    """Work out the figures of the same stack once, whichever tests ask for them."""
    from tests.kept import figures_kept

    with figures_kept():
        yield
