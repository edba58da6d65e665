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
    return f"{stale} {doubt_of_result(session)}".strip()


def doubt_of_result(session: Session) -> str:
    """Return what speaks against the present mask, be it up to date or not."""
    from structmask_gui.core.recommend.doubt import doubt_about

    state = session.state
    if state.result is None:
        return ""
    found = []
    for kind, misfit in session.reference_stacks.misfits.items():
        used = session.reference_stacks.used(state.parameters.source).get(kind)
        if used is not None:
            found.append(f"The noise was measured with {used.name}, but {misfit}.")
    found.append(doubt_about(state.result, session.recommendation, session.quality.scored))
    return " ".join(text for text in found if text)
