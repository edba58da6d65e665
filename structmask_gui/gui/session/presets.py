"""The presets: those built in, and the user's own, which are files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from structmask_gui.core.errors import StructMaskError
from structmask_gui.gui.desktop.places import PRESET_SUFFIX
from structmask_gui.io.presets.preset import Preset

if TYPE_CHECKING:
    from structmask_gui.gui.desktop.settings import Settings
    from structmask_gui.gui.session.session import Session
    from structmask_gui.io.presets.library import PresetFolder

log = logging.getLogger(__name__)


class Presets(QObject):
    """Lists, applies, keeps and shares presets; the chosen one is the session's.

    Files of a few hundred bytes are read and written at once, without a thread.
    """

    changed = Signal()  # the presets, or the one at start, may be others
    said = Signal(str)  # what was done, for the status bar

    def __init__(
        self,
        session: Session,
        settings: Settings,
        folder: PresetFolder,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._folder = session, settings, folder
        self._problems: list[str] = []

    # --- what there is ------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder of the user's presets."""
        return self._folder.path

    @property
    def at_start(self) -> str:
        """The name of the preset that the next start begins with; empty if none was chosen."""
        return self._settings.default_preset

    @property
    def shared_folder(self) -> Path:
        """The folder in which one looks for files of presets at first."""
        return Path(self._settings.browser_folder or Path.home())

    @property
    def proposed(self) -> Path:
        """The file into which the present one is exported, if no other is chosen."""
        name = self._folder.export_name(self._present())
        return self.shared_folder / f"{name}{PRESET_SUFFIX}"

    def all(self) -> list[Preset]:
        """Return all presets, built-in ones first."""
        presets, problems = self._folder.all()
        for problem in problems:
            if problem not in self._problems:
                log.warning("%s", problem)
        self._problems = problems
        return presets

    def own_named(self, name: str) -> Preset | None:
        """Return the user's preset of a name, in capitals or not."""
        wanted = name.strip().casefold()
        return next((p for p in self._folder.read()[0] if p.name.casefold() == wanted), None)

    def _named(self, name: str) -> Preset | None:
        return next((preset for preset in self.all() if preset.name == name), None)

    def _present(self) -> Preset:
        preset = self._session.state.preset
        if preset is None or self._session.state.preset_modified:
            name = f"{preset.name} modified" if preset is not None else "my preset"
            return Preset.of(name, self._session.state.parameters)
        return preset

    # --- acts ---------------------------------------------------------------------------------

    def apply(self, preset: Preset) -> None:
        """Set the parameters of a preset."""
        self._session.edits.apply_preset(preset)
        if preset.notes:
            self._session.report_error(" ".join(preset.notes))

    def apply_named(self, name: str) -> bool:
        """Apply the preset of a name; False if there is none."""
        preset = self._named(name)
        if preset is None:
            self.said.emit(f"There is no preset {name} any more.")
            return False
        self.apply(preset)
        return True

    def remember_named(self, name: str) -> None:
        """Say that the present parameters came from the preset of a name, if it still exists."""
        self._session.edits.set_preset(self._named(name))

    def save(self, name: str, description: str = "") -> None:
        """Keep the present parameters under a name, in place of a preset that has it."""

        def act() -> str:
            preset = Preset.of(name, self._session.state.parameters, description)
            saved = self._folder.save(preset, overwrite=True)
            self._session.edits.set_preset(saved)
            return f"Saved as preset {saved.name}."

        self._attempt(act)

    def rename(self, name: str) -> None:
        """Give the chosen preset another name."""

        def act(preset: Preset) -> str:
            renamed = self._folder.rename(preset, name)
            if self.at_start == preset.name:
                self._settings.default_preset = renamed.name
            self._session.edits.set_preset(renamed)
            return f"{preset.name} is now called {renamed.name}."

        self._with_chosen(act)

    def duplicate(self) -> None:
        """Copy the chosen preset, so that it can be changed."""

        def act(preset: Preset) -> str:
            copy = self._folder.duplicate(preset)
            self._session.edits.set_preset(copy)
            return f"Copied as {copy.name}."

        self._with_chosen(act)

    def delete(self) -> None:
        """Delete the chosen preset without asking."""

        def act(preset: Preset) -> str:
            self._folder.delete(preset)
            if self.at_start == preset.name:
                self._settings.default_preset = ""
            self._session.edits.set_preset(None)
            return f"Deleted {preset.name}."

        self._with_chosen(act)

    def import_files(self, paths: Sequence[str]) -> None:
        """Add presets from files and apply the last."""
        for path in paths:

            def act(path: str = path) -> str:
                preset = self._folder.import_file(path)
                self.apply(preset)
                return f"Imported {preset.name}."

            self._attempt(act)

    def export(self, path: str, _filter: str = "") -> None:
        """Write the chosen preset, or the present parameters, into a file."""

        def act() -> str:
            self._folder.export(self._present(), Path(path), self._session.inputs)
            return f"Saved {path}"

        self._attempt(act)

    def use_at_start(self, on: bool) -> None:
        """Start with the chosen preset from now on, or no longer."""
        preset = self._session.state.preset
        self._settings.default_preset = preset.name if on and preset is not None else ""
        self.changed.emit()

    def _with_chosen(self, act: Callable[[Preset], str]) -> None:
        preset = self._session.state.preset
        if preset is not None:
            self._attempt(lambda: act(preset))

    def _attempt(self, act: Callable[[], str]) -> None:
        try:
            text = act()
        except StructMaskError as error:
            self._session.report_error(str(error))
        else:
            log.info("%s", text)
            self.said.emit(text)
        self.changed.emit()
