"""How the window says figures, times and the names of parameters; without Qt."""

from __future__ import annotations

import re

_OPTION = re.compile(r" \(--[^)]*\)")
"""What to write on the command line, which a note says beside the words for it."""


def breakable(text: str) -> str:
    """Return a text whose long names may go on in the next line, after an underscore."""
    return text.replace("_", "_\N{ZERO WIDTH SPACE}")


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def times(value: float) -> str:
    """Return a factor in three digits."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def in_labels(text: str) -> str:
    """Say a text in the words of the window: labels for parameters, no options in brackets."""
    text = _OPTION.sub("", text)
    if "_" not in text:
        return text
    from structmask_gui.core.parameters.model import parameter_infos

    for name, info in parameter_infos().items():
        if "_" in name:
            text = re.sub(rf"\b{name}\b", f"“{info.about.label}”", text)
    return text


def spoken(seconds: float) -> str:
    """Return a time as people say it, as in "12 s" and "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
