"""The user's own presets in their folder, and presets by their name."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from structmask_gui.core.errors import InputError
from structmask_gui.io.files.atomic import check_no_input
from structmask_gui.io.files.json_files import short
from structmask_gui.io.files.locations import config_home
from structmask_gui.io.files.paths import is_file, reason, shown
from structmask_gui.io.presets.preset import (
    LONGEST_NAME,
    Preset,
    built_in_presets,
    checked_name,
    cleaned,
    load_preset,
    save_preset,
)

# Names that Windows keeps for devices.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}


def find_preset(name_or_file: str) -> Preset:
    """Return a preset by its name (built-in ones first) or by the path of its file."""
    known, _ = PresetFolder().all()
    for preset in known:
        if preset.name.casefold() == cleaned(name_or_file).casefold():
            return preset
    path = Path(name_or_file)
    if path.suffix.lower() == ".json" or len(path.parts) > 1 or is_file(path):
        return load_preset(path)
    names = ", ".join(preset.name for preset in known)
    raise InputError(
        f"There is no preset {short(name_or_file)}; give the path of a preset file or one of:"
        f" {names}."
    )


def user_folder() -> Path:
    """Return the folder of the user's own presets; it need not exist yet."""
    return config_home() / "presets"


class PresetFolder:
    """The user's presets, one file each; several running programs may share the folder.

    Nothing is remembered between calls, so that what another program did is seen.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_folder()

    def read(self) -> tuple[list[Preset], list[str]]:
        """Return the presets, sorted by name, and a sentence for each file that is none."""
        presets, problems = [], []
        try:
            files = sorted(self.path.glob("*.json"))
        except OSError as error:
            return [], [f"{shown(self.path)} cannot be listed ({reason(error)})."]
        for file in files:
            try:
                presets.append(load_preset(file))
            except InputError as error:
                problems.append(str(error))
        return sorted(presets, key=lambda preset: preset.name.casefold()), problems

    def all(self) -> tuple[list[Preset], list[str]]:
        """Return the built-in presets and the user's, and a sentence for each file that is none."""
        own, problems = self.read()
        return [*built_in_presets(), *own], problems

    def export_name(self, preset: Preset) -> str:
        """Return a file name, without ending, that every system accepts."""
        return file_stem(preset.name)

    def export(self, preset: Preset, path: Path, inputs: Iterable[Path] = ()) -> None:
        """Write a preset to a file outside the folder, in place of one that is there.

        Raises
        ------
        InputError
            If the file cannot be written, or is one of the inputs.
        """
        check_no_input(path, inputs)
        save_preset(preset, path, force=True)

    def save(self, preset: Preset, *, overwrite: bool = False) -> Preset:
        """Write a preset to the folder; the name of a built-in one is refused."""
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
        """Give one of the user's presets another name."""
        path = self._own(preset)
        name = checked_name(name)
        present = self._named(name)
        if present is not None and present.path != path:
            raise InputError(f"There is a preset {short(name)} already; choose another name.")
        saved = self._save_new(preset.renamed(name))
        _delete(path)
        return saved

    def duplicate(self, preset: Preset) -> Preset:
        """Save a copy of any preset under its name with "copy" added."""
        taken = {one.name.casefold() for one in self.all()[0]}
        stem = preset.name[: LONGEST_NAME - 10]
        names = (f"{stem} copy", *(f"{stem} copy {i}" for i in range(2, len(taken) + 3)))
        name = next(n for n in names if n.casefold() not in taken)
        return self.save(preset.renamed(name))

    def delete(self, preset: Preset) -> None:
        """Delete the file of one of the user's presets."""
        _delete(self._own(preset))

    def import_file(self, path: str | os.PathLike[str]) -> Preset:
        """Copy a preset file into the folder; the notes say what was wrong with it."""
        preset = load_preset(path)
        saved = self.save(preset)
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
        raise InputError(f"{shown(path)} cannot be deleted ({reason(error)}).") from error
