"""The menu of measurements: again, stop, remedies, what is kept on disk."""

from __future__ import annotations

from structmask_gui.gui.actions.info import ActionInfo

# Those of core.remedies, repeated here because these records are needed before the first paint.
_REMEDIES = {
    "mask_too_small": "Mask too small",
    "mask_too_large": "Mask too large",
    "no_pattern_found": "No pattern found",
    "random_noise_caught": "Random noise caught",
}


def measure_actions() -> list[ActionInfo]:
    """Return the actions of the menu."""
    menu = "&Measure"
    return [
        ActionInfo(
            "measure_again",
            menu,
            "&Measure again",
            "Read the pixels and measure them again.",
            "Ctrl+M",
            "measure",
            toolbar=True,
            needs="stack",
        ),
        ActionInfo(
            "cancel",
            menu,
            "&Cancel",
            "Stop opening or measuring; the last result stays.",
            "Esc",
            "cancel",
            toolbar=True,
            needs="busy",
        ),
        ActionInfo(
            "whole_image",
            menu,
            "Measure the &whole image",
            "Forget the rectangle; measure everywhere.",
            "Ctrl+Shift+A",
            "fit",
            needs="region",
        ),
        *(
            ActionInfo(
                name,
                menu,
                text,
                "One of the published remedies; its button says what it changes, undo takes it"
                " back.",
                f"Ctrl+{number}",
                needs="rings",
                gap=number == 1,
            )
            for number, (name, text) in enumerate(_REMEDIES.items(), 1)
        ),
    ]


def keeping_actions() -> list[ActionInfo]:
    """Return the actions of its submenu."""
    menu = "&Measure/&Kept measurements"
    return [
        *(
            ActionInfo(
                f"keeping_{value}",
                menu,
                text,
                tip,
                gap=value == "on",
                choice="choose_keeping",
                value=value,
            )
            for value, text, tip in (
                ("on", "&Keep on disk", "Show a file that was measured before at once."),
                ("off", "Keep &none", "Measure every time; write nothing to disk."),
            )
        ),
        ActionInfo(
            "forget_measurements",
            menu,
            "&Forget those kept",
            "Take the kept measurements off the disk.",
            gap=True,
        ),
    ]
