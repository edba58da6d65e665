"""The command `structmask`."""

from __future__ import annotations

from structmask_gui.cli.main import main

__all__ = ["main"]
