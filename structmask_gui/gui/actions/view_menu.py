"""The menu of looks: frames, colours, panels."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo
from structmask_gui.gui.views.colormaps import COLORMAPS

_THEMES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


def view_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&View"
    return [
        ActionInfo(
            "previous_frame",
            menu,
            "&Previous frame",
            "Show the frame before.",
            "Alt+Left",
            "previous",
            needs="stack",
        ),
        ActionInfo(
            "next_frame",
            menu,
            "&Next frame",
            "Show the frame after.",
            "Alt+Right",
            "next",
            needs="stack",
        ),
        *(
            ActionInfo(
                f"colormap_{name}",
                f"{menu}/&Colours",
                label,
                f"Draw all views in the colours {label}.",
                choice="choose_colormap",
                value=name,
            )
            for name, label in COLORMAPS.items()
        ),
        *(
            ActionInfo(
                f"theme_{name}",
                f"{menu}/&Appearance",
                text,
                "Follow the light or dark of the system."
                if name == "system"
                else f"Always {name}.",
                choice="choose_theme",
                value=name,
            )
            for name, text in _THEMES.items()
        ),
        ActionInfo(
            "next_panel",
            menu,
            "Go to the next &panel",
            "Move the keyboard to the next panel.",
            "F6",
            gap=True,
        ),
        ActionInfo("full_screen", menu, "&Full screen", "Fill the screen, or stop.", "F11"),
        ActionInfo(
            "reset_layout",
            menu,
            "&Reset layout",
            "Put all panels back to where they were first.",
            "",
            "layout",
        ),
    ]
