"""What the window takes from the settings when it opens, and writes into them."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QObject, QSize, QTimer

from structmask_gui.core.errors import InputError, StructMaskError
from structmask_gui.core.progress import Task
from structmask_gui.gui.desktop import settings as settings_module
from structmask_gui.gui.desktop.settings import Settings
from structmask_gui.gui.session.engine import Edit
from structmask_gui.gui.session.worker import Job
from structmask_gui.gui.widgets.dialogs import TITLE_BAR
from structmask_gui.gui.window.docks import arrange
from structmask_gui.gui.window.shell import Shell

if TYPE_CHECKING:
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.gui.session.session import Session
    from structmask_gui.gui.session.state import OpenedAs

KEPT = 20
"""Files whose edited masks are remembered at most, beside those that are open."""

_LARGEST = 301
"""Sides of a mask that is remembered at most; larger ones belong in a file."""

log = logging.getLogger(__name__)

LAYOUT_VERSION = 2
"""Raise it when docks change so much that an old layout must not be restored."""

_SAVE_AFTER = 3000
"""Milliseconds without a change after which the session is saved."""


class Remembering(QObject):
    """Restores place, size, layout and masks, and saves them with the session."""

    def __init__(self, window: Shell) -> None:
        super().__init__(window)
        self._window = window
        self._stopped = False
        self._recent: set[str] = set()  # all that were in the lists of this window
        self._note_recent()
        self._job = Job("settings", window.session.bug.emit)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SAVE_AFTER)
        self._later.timeout.connect(self._save_meanwhile)
        session = window.session
        for changed in (
            session.mask_changed,
            session.pinned.changed,
            session.preset_changed,
            session.reference_stacks.changed,
        ):
            changed.connect(self._on_changed)

    def restore_geometry(self) -> None:
        """Give the window the place and size it had."""
        window = self._window
        if not window.restoreGeometry(_decoded(window.settings.geometry)):
            window.resize(first_size(window.screen().availableSize()))

    def restore_layout(self) -> None:
        """Put the docks, toolbar and views back to where they were."""
        window = self._window
        settings = window.settings
        layout = _decoded(settings.layout)
        if settings.layout and not window.restoreState(layout, LAYOUT_VERSION):
            log.info("The saved layout does not fit this version; the first one is used.")
            arrange(window, window.docks)
        if settings.views:
            window.views.restore_layout(settings.views)

    # --- masks --------------------------------------------------------------------------------

    def restore_masks(self, *, edited: bool, pinned: bool) -> None:
        """Have edited masks come back with their files, and pin the mask that was pinned.

        Parameters
        ----------
        edited : bool
            Whether the files that were open last get theirs back, too.
        pinned : bool
        """
        session, settings = self._window.session, self._window.settings
        for files, edit in kept_edits(settings, last=edited).items():
            session.edits_by_file.keep(files, edit)
        kept = kept_mask(settings.last_masks, "pinned") if pinned else None
        if kept is not None:
            session.pinned.keep(*kept)

    # --- saving -------------------------------------------------------------------------------

    def _on_changed(self, *_: object) -> None:
        if not self._stopped:
            self._later.start()

    def _save_meanwhile(self) -> None:
        """Save beside the work, so that a crash or a power cut loses no more than seconds."""
        window = self._window
        if window.saves_settings:
            self.save(layout=False)

    def stop(self) -> None:
        """Save no more; what is under way or waits is written first."""
        self._stopped = True
        self._later.stop()
        self._job.finish()

    def save(self, *, layout: bool) -> None:
        """Have written what is to be found again; the layout only once it is there.

        All saves are done by one thread in turn, so that none is overtaken by an older one.
        """
        self._note(layout=layout)
        self._note_recent()
        self._job.run(partial(_saved, replace(self._window.settings), frozenset(self._recent)))

    def _note_recent(self) -> None:
        settings = self._window.settings
        self._recent.update(settings.recent_files, settings.recent_folders)

    def _note(self, *, layout: bool) -> None:
        window = self._window
        settings, session = window.settings, window.session
        if layout:
            settings.geometry = _encoded(window.saveGeometry())
            settings.layout = _encoded(window.saveState(LAYOUT_VERSION))
            settings.views = window.views.save_layout()
        settings.last_files = [str(path) for path in session.state.paths]
        settings.last_choices = dict(session.state.open_choices)
        settings.last_part = session.state.part.remembered()
        settings.last_reference_stacks = session.reference_stacks.remembered()
        settings.last_parameters = session.state.parameters.model_dump()
        settings.last_preset = session.state.preset.name if session.state.preset is not None else ""
        settings.last_masks = kept_masks(session)


def first_size(available: QSize) -> QSize:
    """Return the size of the first window: most of a large screen, never more than there is."""
    room = QSize(available.width(), available.height() - TITLE_BAR)
    return QSize(1280, 800).expandedTo(room * 0.85).boundedTo(room)


def _saved(settings: Settings, known: frozenset[str], _task: Task) -> None:
    try:
        settings_module.save(settings, known=known)
    except (OSError, InputError) as error:
        log.warning("The settings were not saved: %s", error)


def _encoded(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode("ascii")


def _decoded(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return QByteArray()


def last_choices(settings: Settings) -> dict[str, Any]:
    """Return how the files that were open last were opened."""
    names = "series", "axes", "channel"
    return {name: value for name, value in settings.last_choices.items() if name in names}


def kept_masks(session: Session) -> dict[str, Any]:
    """Return the masks of a session that cannot be worked out again, for the settings."""
    kept: dict[str, Any] = {}
    state = session.state
    if state.edit is not None:
        kept["edit"] = _written(state.edit.mask, state.edit.how)
    if state.pinned is not None:
        kept["pinned"] = _written(state.pinned, state.pinned_label)
    others = [
        {"files": [str(path) for path in files], "choices": dict(choices), **written}
        for (files, choices), edit in session.edits_by_file.others(state).items()
        if (written := _written(edit.mask, edit.how))
    ]
    kept["others"] = others[-KEPT:]
    return {name: values for name, values in kept.items() if values}


def kept_edits(settings: Settings, *, last: bool) -> dict[OpenedAs, Edit]:
    """Return the edited masks that `kept_masks` wrote, of the files open ``last``, too, or not."""
    masks = settings.last_masks
    others = masks.get("others")
    kept = list(others) if isinstance(others, list) else []
    if last and isinstance(masks.get("edit"), dict):
        files = {"files": settings.last_files, "choices": last_choices(settings)}
        kept.append({**masks["edit"], **files})
    found: dict[OpenedAs, Edit] = {}
    for one in kept:
        made = kept_mask({"edit": one}, "edit")
        if made is None or not (_is_paths(one.get("files")) and _is_choices(one.get("choices"))):
            continue
        files_of = tuple(map(Path, one["files"])), tuple(sorted(one["choices"].items()))
        found[files_of] = Edit(*made, serial=0)
    return found


def _is_paths(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _is_choices(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, (int, str)) for one in value.values())


def kept_mask(values: Mapping[str, Any], name: str) -> tuple[Mask, str] | None:
    """Return a mask that `kept_masks` wrote and its label; None if it cannot be used."""
    from structmask_gui.core.masks.mask import Mask

    kept = values.get(name)
    if not isinstance(kept, dict):
        return None
    rows, word = kept.get("rows"), kept.get("word")
    if not isinstance(rows, list) or len(rows) > _LARGEST or not isinstance(word, str):
        return None
    if not all(isinstance(row, str) and len(row) <= _LARGEST for row in rows):
        return None
    try:
        made = Mask.checked([[int(cell) for cell in row] for row in rows], "the remembered mask")
    except (StructMaskError, ValueError) as error:
        log.warning("Remembered mask dropped: %s", error)
        return None
    return made, word[:200]


def _written(mask: Mask, word: str) -> dict[str, Any]:
    if max(mask.shape) > _LARGEST:
        return {}
    return {"rows": ["".join(map(str, row)) for row in mask.array.astype(int)], "word": word}
