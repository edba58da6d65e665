"""Everything the menus offer, as records: menus, toolbar, shortcut list and tests are made of them.

An action calls the method of `Commands` that carries its id as a name.
"""

from __future__ import annotations

from structmask_gui.gui.actions.edit_menu import edit_actions
from structmask_gui.gui.actions.file_menu import SAMPLE_TIP, file_actions
from structmask_gui.gui.actions.info import ActionInfo
from structmask_gui.gui.actions.measure_menu import keeping_actions, measure_actions
from structmask_gui.gui.actions.other_menus import help_actions, preset_and_compare_actions
from structmask_gui.gui.actions.view_menu import view_actions

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
