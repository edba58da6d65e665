"""The scripts of packaging/ are imported by their own names, as they import each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
sys.path.append(str(PACKAGING))


@pytest.fixture(scope="session")
def qapp() -> Any:
    """Give pytest-qt the application as the program makes it: there is one for all tests."""
    from structmask_gui.gui.app import make_application

    return make_application()
