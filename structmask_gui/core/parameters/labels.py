"""Parameters and their values in words, as window and pages show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structmask_gui.core.parameters.info import ParameterInfo

_OPTION = re.compile(r" \(--[^)]*\)")
"""What to write on the command line, which a note says beside the words for it."""

LONGEST_NAME = 34
"""What stands before the colon of a choice's help is its name if it is no longer."""


def in_labels(text: str) -> str:
    """Say a text in the words of the window: labels for parameters, no options in brackets."""
    text = _OPTION.sub("", text)
    if "_" not in text:
        return text
    # The model takes a while to import, which a window that just opens need not wait for.
    from structmask_gui.core.parameters.model import parameter_infos

    for name, info in parameter_infos().items():
        if "_" in name:
            text = re.sub(rf"\b{name}\b", f"“{info.about.label}”", text)
    return text


def value_text(info: ParameterInfo, value: Any) -> str:
    """Return a value as the window says it."""
    if value is None:
        return "no limit"
    if info.kind == "bool":
        return "on" if value else "off"
    if info.kind == "choice":
        return choice_text(info, value)
    if info.about.lowest_word and value == info.lowest:
        return info.about.lowest_word
    return f"{value:g} {info.about.unit}".strip()


def choice_text(info: ParameterInfo, value: str) -> str:
    """Return the short name of a choice: what stands before the colon of its help, or its value."""
    meaning = dict(info.about.choices)[value]
    name, colon, _ = meaning.partition(":")
    return name if colon and len(name) <= LONGEST_NAME else value.replace("-", " ").capitalize()
