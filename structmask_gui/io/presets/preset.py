"""Presets: named sets of parameter values in JSON files, built in or the user's own.

A preset file holds ``{"format": "structmask-preset", "version": 1, "name": …, "description": …,
"parameters": {…}}``. It may name only some parameters; the others stay as they are when it is
applied.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.parameters.model import Parameters, parameter_infos
from structmask_gui.core.parameters.rules import changed_together
from structmask_gui.io.files.atomic import write_atomic
from structmask_gui.io.files.json_files import check_format, json_bytes, read_json, short
from structmask_gui.io.files.locations import resource
from structmask_gui.io.files.paths import shown

FORMAT = "structmask-preset"
VERSION = 1

_LARGEST = 1_000_000
LONGEST_NAME = 100
_MOST_NOTES = 20
_BUILT_IN = (
    "automatic",
    *("default", "fine", "coarse", "weak", "strong"),
    *("conservative", "moderate", "aggressive"),
    "spine",
)


class Preset(BaseModel):
    """A named set of parameter values."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=LONGEST_NAME)  # on one line, not empty
    description: str = Field(default="", max_length=10_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    path: Path | None = Field(default=None, exclude=True)
    # Comes with the program and cannot be changed.
    built_in: bool = Field(default=False, exclude=True)
    # What was ignored or replaced when it was read, one sentence each.
    notes: tuple[str, ...] = Field(default=(), exclude=True)

    @field_validator("name", mode="before")
    @classmethod
    def _on_one_line(cls, value: object) -> object:
        return cleaned(value) if isinstance(value, str) else value

    @field_validator("parameters")
    @classmethod
    def _valid(cls, values: dict[str, Any]) -> dict[str, Any]:
        checked = Parameters.checked(values)
        return {name: getattr(checked, name) for name in values}

    @classmethod
    def of(cls, name: str, parameters: Parameters, description: str = "") -> Self:
        """Make a preset of the present parameters."""
        name = checked_name(name)
        return cls(name=name, description=description, parameters=parameters.model_dump())

    def apply(self, parameters: Parameters | None = None) -> Parameters:
        """Return parameters with the preset's values; those it does not name stay as they are.

        A source that the preset's method cannot take does not stay.
        """
        values = self.parameters
        if "method" in values:
            # Presets of before knew only the significant lags.
            values = {"mask_choice": Parameters().mask_choice, **values}
        return changed_together(parameters or Parameters(), values)

    def named(self, parameters: Parameters) -> str:
        """Return its name, and whether the parameters are others."""
        return self.name if self.apply(parameters) == parameters else f"{self.name}, modified"

    def renamed(self, name: str) -> Preset:
        """Return a copy under another name, not yet in a file."""
        update = {"name": checked_name(name), "path": None, "built_in": False, "notes": ()}
        return self.model_copy(update=update)

    def as_json(self) -> bytes:
        """Return the contents of a preset file."""
        return json_bytes({"format": FORMAT, "version": VERSION, **self.model_dump(mode="json")})


def cleaned(text: str) -> str:
    """Return a text without line breaks and other unprintable characters, trimmed."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()


def checked_name(name: str) -> str:
    """Return a preset's name on one line, or raise `InputError` if it cannot be a name."""
    name = cleaned(name)
    if not name:
        raise InputError("A preset needs a name; give one.")
    if len(name) > LONGEST_NAME:
        raise InputError(
            f"A preset's name may have {LONGEST_NAME} characters, this one has {len(name)}; give a"
            " shorter one."
        )
    return name


def load_preset(path: str | os.PathLike[str]) -> Preset:
    """Read a preset file.

    Unknown parameters are ignored and invalid values replaced by their defaults; the preset's notes
    say so.

    Raises
    ------
    InputError
        If the file cannot be read, is no preset, or is of a newer version.
    """
    path = Path(path)
    data = read_json(path, _LARGEST, "a preset")
    check_format(data, path, FORMAT, VERSION, "a preset")
    given = data.get("parameters")
    if not isinstance(given, dict):
        raise InputError(f'{shown(path)} is not a preset: it has no table of "parameters".')
    values, notes = _usable(given)
    name = data.get("name")
    name = cleaned(name)[:LONGEST_NAME] if isinstance(name, str) else ""
    description = data.get("description")
    return Preset(
        name=name or cleaned(path.stem)[:LONGEST_NAME] or "preset",
        description=_whole(description[:10_000]) if isinstance(description, str) else "",
        parameters=values,
        path=path,
        notes=notes,
    )


def _whole(text: str) -> str:
    """Put the sign for an unknown character in place of halves of one, which JSON can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def save_preset(preset: Preset, path: str | os.PathLike[str], *, force: bool = False) -> Preset:
    """Write a preset to a file and return it with that path.

    Raises
    ------
    InputError
        If the file exists and `force` is False, or cannot be written.
    """
    path = Path(path)
    write_atomic(path, preset.as_json(), force=force)
    return preset.model_copy(update={"path": path, "built_in": False, "notes": ()})


@cache
def built_in_presets() -> tuple[Preset, ...]:
    """Return the presets that come with the program: automatic, the published guide's, spine."""
    return tuple(
        load_preset(resource(f"presets/{name}.json")).model_copy(update={"built_in": True})
        for name in _BUILT_IN
    )


def built_in_preset(name: str) -> Preset:
    """Return the preset of this name that comes with the program."""
    return next(preset for preset in built_in_presets() if preset.name == name)


def _usable(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Sort the values of a preset file into valid ones and notes about the others."""
    infos = parameter_infos()
    values: dict[str, Any] = {}
    notes = []
    for name, value in given.items():
        info = infos.get(name)
        if info is None:
            notes.append(f"The preset's parameter {short(name)} is unknown here and is ignored.")
            continue
        try:
            # True would pass as the number 1.
            if isinstance(value, bool) and info.kind != "bool":
                raise ParameterError
            values[name] = getattr(Parameters.checked({name: value}), name)
        except ParameterError:
            values[name] = info.default
            notes.append(
                f"The preset's {name} = {short(value)} is not accepted ({info.accepted}); its"
                f" default, {info.default}, is used."
            )
    if len(notes) > _MOST_NOTES:
        more = len(notes) - _MOST_NOTES
        notes = [*notes[:_MOST_NOTES], f"{more} more of its parameters are unknown or invalid."]
    return values, tuple(notes)
