"""Why a mask should not leave the window without a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structmask_gui.gui.session.session import Session

_WORSE = 1.05
"""Factor on the least expected error from which a mask is worse than another."""


def doubt_of(session: Session) -> str:
    """Return what speaks against using the present mask, in sentences; empty if nothing does."""
    state = session.state
    if state.result is None:
        return ""
    found = []
    if state.stale:
        found.append("The settings were changed since this mask was measured.")
    for kind, misfit in session.reference_stacks.misfits.items():
        used = session.reference_stacks.used(state.parameters.source).get(kind)
        if used is not None:
            found.append(f"The noise was measured with {used.name}, but {misfit}.")
    recommendation = session.recommendation
    recommended = recommendation is not None and state.mask == recommendation.mask
    verdict = state.result.verdict
    if not recommended and verdict is not None and "cannot_tell" in verdict.flags:
        found.append(
            "Noise and sample could not be separated, so this mask may hide what is sample."
        )
    if state.edit is not None and not recommended:
        found.append(f"The mask was {state.edit.how}; it is not the one that was measured.")
    better = _better(session)
    if better:
        found.append(better)
    return " ".join(found)


def _better(session: Session) -> str:
    """Say which mask is better than the present one, if one is known to be."""
    scored, recommendation = session.quality.scored, session.recommendation
    best = None if recommendation is None else recommendation.chosen
    if scored is None or best is None:
        return ""
    error, least = scored.error.total, best.error + best.error_se
    if error <= _WORSE * least or session.state.mask == best.mask:
        return ""
    return (
        f"Its expected error is {error:.2f}; the recommended mask with {best.pixels} pixels has"
        f" {best.error:.2f}."
    )
