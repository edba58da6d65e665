"""Why a mask should not leave the window without a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session


def doubt_of(session: Session) -> str:
    """Return what speaks against using the present mask, in sentences; empty if nothing does."""
    if session.state.result is None:
        return ""
    stale = "The settings were changed since this mask was measured." if session.state.stale else ""
    return f"{stale} {session.doubt}".strip()
