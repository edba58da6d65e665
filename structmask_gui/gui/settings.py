"""What the window remembers between two starts: one JSON file, read field by field.

A field that is nonsense is dropped and said in the log; the others stay. Writing is atomic, so a
crash or a full disk leaves the old file.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from structmask_gui.gui import places
from structmask_gui.io.atomic import write_atomic

log = logging.getLogger(__name__)

RECENT = 12
"""How many files and folders are remembered."""

ThemeName = Literal["system", "light", "dark"]


class Settings(BaseModel):
    """The remembered values; every field has a default."""

    model_config = ConfigDict(validate_assignment=True, extra="ignore")

    version: Literal[1] = 1
    theme: ThemeName = "system"
    colormap: str = Field("viridis", max_length=40)
    restore_session: bool = True
    geometry: str = Field("", max_length=100_000)
    layout: str = Field("", max_length=100_000)
    views: str = Field("", max_length=100_000)
    browser_folder: str = Field("", max_length=4096)
    recent_files: list[str] = Field(default_factory=list, max_length=200)
    recent_folders: list[str] = Field(default_factory=list, max_length=200)
    default_preset: str = Field("", max_length=200)
    last_preset: str = Field("", max_length=200)
    last_files: list[str] = Field(default_factory=list, max_length=1000)
    last_choices: dict[str, int | str] = Field(default_factory=dict)
    last_parameters: dict[str, Any] = Field(default_factory=dict)

    def remember_file(self, path: str | Path) -> None:
        """Put a file at the head of the recent files."""
        self.recent_files = _first(str(path), self.recent_files)

    def remember_folder(self, path: str | Path) -> None:
        """Put a folder at the head of the recent folders."""
        self.recent_folders = _first(str(path), self.recent_folders)


def _first(item: str, items: list[str]) -> list[str]:
    return [item, *(other for other in items if other != item)][:RECENT]


def load(path: Path | None = None) -> Settings:
    """Read the settings; what cannot be used is replaced by its default."""
    path = path or places.settings_file()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read (%s); the defaults are used.", path, error)
        return Settings()
    if not isinstance(values, dict):
        log.warning("%s does not hold settings; the defaults are used.", path)
        return Settings()
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        bad = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        log.warning("%s: not usable and put back to default: %s.", path, ", ".join(sorted(bad)))
        return Settings.model_validate({k: v for k, v in values.items() if k not in bad})


def save(settings: Settings, path: Path | None = None) -> None:
    """Write the settings, keeping recent files that another window has added meanwhile.

    Raises
    ------
    InputError, OSError
        If it cannot be written; the old file is then untouched.
    """
    path = path or places.settings_file()
    if path.exists():
        other = load(path)
        settings = settings.model_copy(
            update={
                name: _joined(getattr(settings, name), getattr(other, name))
                for name in ("recent_files", "recent_folders")
            }
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, settings.model_dump_json(indent=1).encode(), force=True)


def _joined(mine: list[str], theirs: list[str]) -> list[str]:
    return list(dict.fromkeys([*mine, *theirs]))[:RECENT]
