"""How far a verdict can be relied on, in one of four steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

Certainty = Literal["sure", "attention", "not sure", "cannot tell"]

SIGN_OF: Mapping[str, Certainty] = {
    "likely": "sure",
    "reliable": "sure",
    "act first": "attention",
    "uncertain": "not sure",
    "cannot tell": "cannot tell",
}
"""The sign for the certainty of an answer."""


def sign_of(certainty: str, actions: Sequence[str] = ()) -> Certainty:
    """Return the sign for the certainty of an answer and what it advises first."""
    first = actions[0] if actions else ""
    # However sure or unsure the mask is, lines are to be removed before it is of use.
    if first == "preview_removal":
        return "attention"
    sign = SIGN_OF.get(certainty, "not sure")
    # However sure it is that denoising does harm, a tick would mean that all is well.
    return "attention" if sign == "sure" and first == "what_to_record" else sign


_FIRST = {"whole_line", "fixed_pattern", "periodic_temporal"}
"""Flags of what has to be corrected before a mask is of use."""


class HasVerdict(Protocol):
    """A verdict, or the record of one."""

    @property
    def sure(self) -> bool:
        """Whether it can be relied on."""
        ...

    @property
    def flags(self) -> Collection[str]:
        """See `structmask_gui.core.verdict.wording.FLAG_WORDS`."""
        ...


def certainty_of(verdict: HasVerdict) -> Certainty:
    """Return how far a verdict can be relied on.

    Returns "sure"; "attention": sure, but no mask alone will do; "not sure"; "cannot tell": noise
    and structure could not be separated.
    """
    if "cannot_tell" in verdict.flags:
        return "cannot tell"
    if not verdict.sure:
        return "not sure"
    # However sure it is, a tick would mean that the mask will do.
    return "attention" if _FIRST & set(verdict.flags) else "sure"
