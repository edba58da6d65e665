"""What the window remembers between two starts: one JSON file, read field by field.

A field that is nonsense is dropped and said in the log; the others stay. Writing is atomic, so a
crash or a full disk leaves the old file. (A plain dataclass, because it is needed before the first
paint, and pydantic takes as long to import as the window to build.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from structmask_gui.gui.desktop import places
from structmask_gui.gui.style.app_theme import ThemeName
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.remote import remote_address

log = logging.getLogger(__name__)

TEXT_SIZES = (100, 115, 130, 150)
"""Sizes of the text, in per cent of the system's."""

RECENT = 12
"""How many files and folders are remembered."""


def _text(longest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= longest


def _paths(most: int) -> Callable[[Any], bool]:
    one = _text(4096)
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(one, value))


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _theme(value: Any) -> bool:
    return value in ("system", "light", "dark")


def _text_size(value: Any) -> bool:
    return value in TEXT_SIZES


def _choices(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(v, (int, str)) and not isinstance(v, bool) for v in value.values()
    )


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _table(value: Any) -> bool:
    return isinstance(value, dict) and len(value) < 200


@dataclass
class Settings:
    """The remembered values; `_GOOD` tells what is accepted for each."""

    theme: ThemeName = "system"
    text_size: int = 100  # per cent of the system's
    colormap: str = "viridis"
    keep_measurements: bool = True
    tune: bool = False
    details: bool = False
    file_list: bool = True  # shown where the folder holds several files
    geometry: str = ""
    layout: str = ""
    views: str = ""
    browser_folder: str = ""
    recent_files: list[str] = field(default_factory=list)
    recent_folders: list[str] = field(default_factory=list)
    default_preset: str = ""
    last_preset: str = ""
    last_files: list[str] = field(default_factory=list)
    last_choices: dict[str, int | str] = field(default_factory=dict)
    last_part: dict[str, Any] = field(default_factory=dict)
    last_reference_stacks: dict[str, str] = field(default_factory=dict)
    last_masks: dict[str, Any] = field(default_factory=dict)
    last_parameters: dict[str, Any] = field(default_factory=dict)

    def remember_file(self, path: str | Path) -> None:
        """Put a file at the head of the recent files."""
        self.recent_files = _first(remote_address(path) or str(path), self.recent_files)

    def remember_folder(self, path: str | Path) -> None:
        """Put a folder at the head of the recent folders."""
        self.recent_folders = _first(str(path), self.recent_folders)


_GOOD: dict[str, Callable[[Any], bool]] = {
    "theme": _theme,
    "text_size": _text_size,
    "colormap": _text(40),
    "keep_measurements": _flag,
    "tune": _flag,
    "details": _flag,
    "file_list": _flag,
    "geometry": _text(100_000),
    "layout": _text(100_000),
    "views": _text(100_000),
    "browser_folder": _text(4096),
    "recent_files": _paths(200),
    "recent_folders": _paths(200),
    "default_preset": _text(200),
    "last_preset": _text(200),
    "last_files": _paths(100_000),
    "last_choices": _choices,
    "last_part": _table,
    "last_reference_stacks": _texts,
    "last_masks": _table,
    "last_parameters": _table,
}

_NAMES_BEFORE = {"last_seconds": "last_reference_stacks"}
"""Names in settings written by earlier versions, and their present ones."""


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
    for before, name in _NAMES_BEFORE.items():
        if before in values:
            values.setdefault(name, values[before])
    good = {name: values[name] for name, is_good in _GOOD.items() if is_good(values.get(name))}
    bad = [name for name in _GOOD if name in values and name not in good]
    if bad:
        log.warning("%s: not usable and put back to default: %s.", path, ", ".join(bad))
    return Settings(**good)


def save(settings: Settings, path: Path | None = None, known: Collection[str] = ()) -> None:
    """Write the settings, keeping recent files that another window has added meanwhile.

    Those in ``known`` were in this window's lists: where they are no longer, they were taken out.

    Raises
    ------
    InputError, OSError
        If it cannot be written; the old file is then untouched.
    """
    path = path or places.settings_file()
    if path.exists():
        other = load(path)
        settings = replace(
            settings,
            recent_files=_joined(settings.recent_files, other.recent_files, known),
            recent_folders=_joined(settings.recent_folders, other.recent_folders, known),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": 1, **asdict(settings)}, indent=1)
    write_atomic(path, text.encode(), force=True)


def _joined(mine: list[str], theirs: list[str], known: Collection[str]) -> list[str]:
    added = (one for one in theirs if one not in known)
    return list(dict.fromkeys([*mine, *added]))[:RECENT]
