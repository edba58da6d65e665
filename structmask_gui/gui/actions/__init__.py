"""Everything the menus offer, as records: menus, toolbar, shortcut list and tests are made of them.

An action calls the method of `Commands` that carries its id as a name.
"""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo
from structmask_gui.gui.actions.table import (
    SAMPLE_TIP,
    edit_actions,
    file_actions,
    help_actions,
    keeping_actions,
    measure_actions,
    preset_and_compare_actions,
    view_actions,
)

__all__ = ["ACTIONS", "MENUS", "SAMPLE_TIP", "ActionInfo"]

MENUS = ("&File", "&Edit", "&View", "&Measure", "&Presets", "&Compare", "&Help")

ACTIONS: tuple[ActionInfo, ...] = (
    *file_actions(),
    *edit_actions(),
    *view_actions(),
    *measure_actions(),
    *keeping_actions(),
    *preset_and_compare_actions(),
    *help_actions(),
)
"""All actions in the order of the menus."""
