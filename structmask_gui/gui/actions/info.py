"""One action of the window, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Needs = Literal["", "stack", "result", "busy", "pinned", "region", "undo", "redo", "rings"]
"""What must be there for an action to be enabled."""


@dataclass(frozen=True)
class ActionInfo:
    """One action.

    Attributes
    ----------
    id : str
        Unique; also the name of the method of `Commands` it calls.
    menu : str
        The menu it stands in, with submenus after a slash.
    text : str
        What the menu says; "…" when it asks something first.
    tip : str
        What it does, in a sentence.
    shortcut : str
        Keys, as Qt writes them portably.
    icon : str
        Name of a drawing in resources/icons.
    toolbar : bool
        Whether it stands in the toolbar too.
    needs : str
        What must be there for it to be enabled.
    gap : bool
        Whether a line is drawn before it.
    choice : str
        Actions of one menu that exclude each other share this word; the action then calls the
        method of that name with ``value``.
    value : str
        See ``choice``.
    """

    id: str
    menu: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
    toolbar: bool = False
    needs: Needs = ""
    gap: bool = False
    choice: str = ""
    value: str = ""
