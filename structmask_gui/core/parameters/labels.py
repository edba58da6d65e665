"""Texts with the labels of parameters in place of their names, as window and pages show them."""

from __future__ import annotations

import re

_OPTION = re.compile(r" \(--[^)]*\)")
"""What to write on the command line, which a note says beside the words for it."""


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
