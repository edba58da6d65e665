"""Presets: named sets of parameter values in JSON files, built in or the user's own.

A preset file holds ``{"format": "structmask-preset", "version": 1, "name": …, "description": …,
"parameters": {…}}``. It may name only some parameters; the others stay as they are when it is
applied.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from structmask_gui.core.effects import changed_together
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.parameters import Parameters, parameter_infos
from structmask_gui.io.atomic import write_atomic
from structmask_gui.io.json_files import check_format, json_bytes, read_json, short
from structmask_gui.io.paths import reason, shown
from structmask_gui.io.resources import resource

FORMAT = "structmask-preset"
VERSION = 1
HOME_VARIABLE = "STRUCTMASK_HOME"

_LARGEST = 1_000_000
_LONGEST_NAME = 100
_MOST_NOTES = 20
_BUILT_IN = (
    "automatic",
    *("default", "fine", "coarse", "weak", "strong"),
    *("conservative", "moderate", "aggressive"),
)
# Names that Windows keeps for devices.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}


class Preset(BaseModel):
    """A named set of parameter values.

    Attributes
    ----------
    name : str
        On one line, not empty.
    description : str
        What it is for.
    parameters : dict
        Values of some or all parameters, by name; all valid.
    path : Path or None
        The file it was read from or written to.
    built_in : bool
        It comes with the program and cannot be changed.
    notes : tuple of str
        What had to be ignored or replaced when it was read, one sentence each.
    """

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=_LONGEST_NAME)
    description: str = Field(default="", max_length=10_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    path: Path | None = Field(default=None, exclude=True)
    built_in: bool = Field(default=False, exclude=True)
    notes: tuple[str, ...] = Field(default=(), exclude=True)

    @field_validator("name", mode="before")
    @classmethod
    def _on_one_line(cls, value: object) -> object:
        return one_line(value) if isinstance(value, str) else value

    @field_validator("parameters")
    @classmethod
    def _valid(cls, values: dict[str, Any]) -> dict[str, Any]:
        checked = Parameters.checked(values)
        return {name: getattr(checked, name) for name in values}

    @classmethod
    def of(
        cls,
        name: str,
        parameters: Parameters,
        description: str = "",
        only: Iterable[str] | None = None,
    ) -> Self:
        """Make a preset of the present parameters, all of them or only some.

        Raises
        ------
        InputError
            If the name is empty or too long.
        """
        name = checked_name(name)
        values = parameters.model_dump(include=None if only is None else set(only))
        return cls(name=name, description=description, parameters=values)

    def apply(self, parameters: Parameters | None = None) -> Parameters:
        """Return parameters with the preset's values; those it does not name stay as they are.

        A source that the preset's method cannot take does not stay.
        """
        return changed_together(parameters or Parameters(), self.parameters)

    def renamed(self, name: str) -> Preset:
        """Return a copy under another name, not yet in a file."""
        update = {"name": checked_name(name), "path": None, "built_in": False, "notes": ()}
        return self.model_copy(update=update)

    def as_json(self) -> bytes:
        """Return the contents of a preset file."""
        return json_bytes({"format": FORMAT, "version": VERSION, **self.model_dump(mode="json")})


def one_line(text: str) -> str:
    """Return a text without line breaks and other unprintable characters, trimmed."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()


def checked_name(name: str) -> str:
    """Return a preset's name on one line, or raise `InputError` if it cannot be a name."""
    name = one_line(name)
    if not name:
        raise InputError("A preset needs a name; give one.")
    if len(name) > _LONGEST_NAME:
        raise InputError(
            f"A preset's name may have {_LONGEST_NAME} characters, this one has {len(name)}; give a"
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
        raise InputError(f'{shown(path)}: is not a preset: it has no table of "parameters".')
    values, notes = _usable(given)
    name = data.get("name")
    name = one_line(name)[:_LONGEST_NAME] if isinstance(name, str) else ""
    description = data.get("description")
    return Preset(
        name=name or one_line(path.stem)[:_LONGEST_NAME] or "preset",
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
    """Return the presets that come with the program: automatic, then the published guide's."""
    return tuple(
        load_preset(resource(f"presets/{name}.json")).model_copy(update={"built_in": True})
        for name in _BUILT_IN
    )


def find_preset(name_or_file: str) -> Preset:
    """Return a preset by its name (built-in ones first) or by the path of its file.

    Raises
    ------
    InputError
        If there is none; the sentence lists the names there are.
    """
    own, _ = PresetFolder().read()
    known = [*built_in_presets(), *own]
    for preset in known:
        if preset.name.casefold() == one_line(name_or_file).casefold():
            return preset
    path = Path(name_or_file)
    if path.suffix.lower() == ".json" or len(path.parts) > 1:
        return load_preset(path)
    names = ", ".join(preset.name for preset in known)
    raise InputError(
        f"There is no preset {short(name_or_file)}; give the path of a preset file or one of:"
        f" {names}."
    )


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


def user_folder() -> Path:
    """Return the folder of the user's own presets; it need not exist yet."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / "presets"
    from platformdirs import user_config_path

    return user_config_path("StructMask", appauthor=False) / "presets"


class PresetFolder:
    """The user's presets, one file each; several running programs may share the folder.

    Nothing is remembered between calls, so that what another program did is seen.

    Parameters
    ----------
    path : Path, optional
        The folder; by default `user_folder`. It is made when the first preset is saved.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_folder()

    def read(self) -> tuple[list[Preset], list[str]]:
        """Return the presets, sorted by name, and a sentence for each file that is none."""
        presets, problems = [], []
        try:
            files = sorted(self.path.glob("*.json"))
        except OSError as error:
            return [], [f"{shown(self.path)}: cannot be listed ({reason(error)})."]
        for file in files:
            try:
                presets.append(load_preset(file))
            except InputError as error:
                problems.append(str(error))
        return sorted(presets, key=lambda preset: preset.name.casefold()), problems

    def save(self, preset: Preset, *, overwrite: bool = False) -> Preset:
        """Write a preset to the folder under a file name made from its name.

        Parameters
        ----------
        preset : Preset
            What to save.
        overwrite : bool
            Replace the user's preset of the same name, if there is one.

        Raises
        ------
        InputError
            If the name is that of a built-in preset, or taken and `overwrite` is False, or if the
            file cannot be written.
        """
        name = checked_name(preset.name)
        present = self._named(name)
        if present is not None and not overwrite:
            raise InputError(
                f"There is a preset {short(name)} already; choose another name or replace it."
            )
        if present is not None and present.path is not None:
            return save_preset(preset, present.path, force=True)
        return self._save_new(preset)

    def rename(self, preset: Preset, name: str) -> Preset:
        """Give one of the user's presets another name.

        Raises
        ------
        InputError
            If the preset is built in, or the name is taken.
        """
        path = self._own(preset)
        name = checked_name(name)
        present = self._named(name)
        if present is not None and present.path != path:
            raise InputError(f"There is a preset {short(name)} already; choose another name.")
        saved = self._save_new(preset.renamed(name))
        _delete(path)
        return saved

    def duplicate(self, preset: Preset, name: str | None = None) -> Preset:
        """Save a copy of any preset, by default under its name with "copy" added.

        Raises
        ------
        InputError
            If the name is taken.
        """
        if name is None:
            taken = {p.name.casefold() for p in (*built_in_presets(), *self.read()[0])}
            stem = preset.name[: _LONGEST_NAME - 10]
            names = (f"{stem} copy", *(f"{stem} copy {i}" for i in range(2, len(taken) + 3)))
            name = next(n for n in names if n.casefold() not in taken)
        return self.save(preset.renamed(name))

    def delete(self, preset: Preset) -> None:
        """Delete the file of one of the user's presets.

        Raises
        ------
        InputError
            If the preset is built in, or its file cannot be deleted.
        """
        _delete(self._own(preset))

    def import_file(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Preset:
        """Copy a preset file into the folder; the notes say what was wrong with it.

        Raises
        ------
        InputError
            If it is no preset, or its name is taken and `overwrite` is False.
        """
        preset = load_preset(path)
        saved = self.save(preset, overwrite=overwrite)
        return saved.model_copy(update={"notes": preset.notes})

    def _named(self, name: str) -> Preset | None:
        if any(preset.name.casefold() == name.casefold() for preset in built_in_presets()):
            raise InputError(
                f"{short(name)} is the name of a built-in preset; choose another name."
            )
        presets, _ = self.read()
        return next((p for p in presets if p.name.casefold() == name.casefold()), None)

    def _save_new(self, preset: Preset) -> Preset:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{shown(self.path)}: the folder of presets cannot be made ({reason(error)})."
            ) from error
        stem = file_stem(preset.name)
        for number in range(1, 1000):
            path = self.path / (f"{stem}-{number}.json" if number > 1 else f"{stem}.json")
            if path.exists():
                continue
            try:
                return save_preset(preset, path)
            except InputError:
                # Another program may have taken the file name in between; then the next one is
                # tried. Any other failure would happen again.
                if not path.exists():
                    raise
        raise InputError(
            f"There are too many presets called {short(preset.name)}; choose another name."
        )

    def _own(self, preset: Preset) -> Path:
        if preset.built_in or preset.path is None:
            raise InputError(
                f"The preset {short(preset.name)} is built in and stays as it is; duplicate it and"
                " change the copy."
            )
        return preset.path


def file_stem(name: str) -> str:
    """Return a file name (without extension) for a preset's name that every system accepts."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(c if c.isalnum() or c in " -_." else "_" for c in text).strip(" .")
    # File systems limit bytes, not letters.
    text = text.encode()[:150].decode(errors="ignore").strip(" .")
    if not text or text.split(".")[0].casefold() in _RESERVED:
        text = f"preset {text}".strip()
    return text


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be deleted ({reason(error)}).") from error
