"""Settings for every test: no display, no one's own settings, one thread for BLAS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def fresh_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own folder for settings, presets and logs."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("STRUCTMASK_HOME", str(home))
    return home
