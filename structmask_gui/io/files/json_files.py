"""JSON files of our own formats: read without trusting them, written to be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.paths import read_small, shown

LARGEST_JSON = 16_000_000
_LONGEST_SHOWN = 60


def read_json(path: Path, limit: int, what: str) -> Any:
    """Return the contents of a JSON file; ``what`` it should be, as in "a preset"."""
    raw = read_small(path, limit, what)
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError(f"{shown(path)} is not {what}: it holds no valid JSON.") from None


def check_format(data: Any, path: Path, format_name: str, version: int, what: str) -> None:
    """Refuse data of another format, or of a newer version than the one that is read here."""
    name = shown(path)
    if not isinstance(data, dict) or data.get("format") != format_name:
        raise InputError(f'{name} is not {what}; its "format" should be "{format_name}".')
    found = data.get("version")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(f'{name} is not {what} that can be read: its "version" is no number.')
    if found > version:
        raise InputError(
            f"{name} was made by a newer StructMask (version {short(found)} of this kind of file,"
            f" this program reads up to {version}); update the program."
        )


def json_bytes(data: Any) -> bytes:
    """Return data as indented JSON in UTF-8, with lists of plain values on one line each."""
    text = _indented(data, "") + "\n"
    # A path may hold bytes that are no text; they become the escapes JSON has for them.
    return text.encode(errors="backslashreplace")


def _indented(data: Any, margin: str) -> str:
    inner = margin + "  "
    if isinstance(data, dict) and data:
        parts = [f"{_plain(str(key))}: {_indented(value, inner)}" for key, value in data.items()]
        opening, closing = "{", "}"
    elif isinstance(data, list | tuple) and any(isinstance(v, dict | list | tuple) for v in data):
        parts = [_indented(value, inner) for value in data]
        opening, closing = "[", "]"
    else:
        return _plain(data)
    lines = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{lines}\n{margin}{closing}"


def _plain(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def short(value: Any) -> str:
    """Return a value as messages show it: on one line and not too long."""
    text = ascii(value) if not isinstance(value, str) else f'"{value}"'
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
