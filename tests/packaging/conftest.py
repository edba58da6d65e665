"""The scripts of packaging/ are imported by their own names, as they import each other."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGING = Path(__file__).parents[2] / "packaging"
sys.path.append(str(PACKAGING))
