"""The window. Imports core and io; only the entry points import it.

Modules that are imported at once bring neither pydantic nor scipy nor file formats, so that the
window is on the screen early.
"""

from __future__ import annotations

import os

# pydantic would search all installed packages for plugins of its own, which takes as long as
# reading it; none of ours is one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# PySide6 reads the source of every module that is imported after it, so numpy comes before it.
import numpy  # noqa: F401
