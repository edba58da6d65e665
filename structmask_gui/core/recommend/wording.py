"""What an answer is made of: its three lines, how sure it is, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from structmask_gui.core.recommend.recommend import COPIED_MORE

Sureness = Literal["likely", "reliable", "act first", "uncertain", "cannot tell"]
Action = Literal[
    "use_mask",
    "copy_plain_n2v",
    "what_to_record",
    "preview_removal",
    "correct",
    "add_files",
    "measure_every_second",
    "back_to_recommended",
    "map",
    "compare_with_automatic",
    "use_trainer_shape",
]

WORDS: dict[Sureness, str] = {
    "likely": "Likely.",
    "reliable": "Reliable.",
    "act first": "Act first.",
    "uncertain": "Uncertain.",
    "cannot tell": "Cannot tell.",
}
"""What begins the second line."""


@dataclass(frozen=True)
class Answer:
    """The answer about one mask."""

    what: str  # the noise, and what to hide
    certainty: Sureness
    how_sure: str  # certainty and figures in words
    advice: str  # what to do
    not_tested: tuple[str, ...] = ()  # what the measurement could not see, as "fixed patterns"
    actions: tuple[Action, ...] = ()  # the main one first

    @property
    def lines(self) -> tuple[str, str, str]:
        """What, how sure, what to do."""
        return self.what, self.how_sure, self.advice

    @property
    def acts_first(self) -> bool:
        """Whether something has to be done before a mask is of use."""
        return self.certainty == "act first" or self.actions[:1] == ("preview_removal",)

    @property
    def first(self) -> str:
        """What has to be done before training, and why; empty for nothing."""
        if not self.acts_first:
            return ""
        removed = self.actions[:1] == ("preview_removal",)
        return f"{self.what} {'Remove their offsets first.' if removed else self.advice}"

    @property
    def told(self) -> Sureness:
        """The word for a table: how sure, or that something has to be done first."""
        return "act first" if self.acts_first else self.certainty

    def doubted(self, why: str) -> Answer:
        """Return the answer as uncertain, for a reason that the measurement does not know."""
        if not why or self.certainty == "cannot tell":
            return self
        # "Likely. …", or "Uncertain: …" where its reason follows.
        sure = self.how_sure.removeprefix(WORDS[self.certainty].rstrip(".")).lstrip(".: ")
        sure = sure[:1].upper() + sure[1:]
        return replace(
            self, certainty="uncertain", how_sure=f"{WORDS['uncertain']} {why} {sure}".rstrip()
        )

    def of_denoised(self) -> Answer:
        """Return what is said instead of a stack that StructMask has denoised."""
        return Answer(
            "This stack was denoised by StructMask.",
            "act first",
            f"{WORDS['act first']} The noise that a mask would hide is no longer in it.",
            "Open the raw stack. To see how good this one is, judge it beside the raw one (Judge a"
            " denoised stack…).",
        )

    def record(self) -> dict[str, Any]:
        """Return it as plain values, as in JSON."""
        return {
            "what": self.what,
            "certainty": self.certainty,
            "how_sure": self.how_sure,
            "advice": self.advice,
            "not_tested": list(self.not_tested),
            "actions": list(self.actions),
        }


RECORDED, RECORDED_WRONG = 172, 5
"""Answers called likely on the acquisitions of `benchmarks/physics.py` that nothing was tuned on,
and how many of them were wrong."""


def record_words(certainty: Sureness) -> str:
    """Return how often answers like this were right; empty where that was not counted."""
    if certainty not in ("likely", "reliable"):
        return ""
    return (
        f"Answers called “{certainty.capitalize()}” were right in {RECORDED - RECORDED_WRONG} of"
        f" {RECORDED} simulated acquisitions that nothing was tuned on."
    )


def percent(share: float) -> str:
    """Return a share of the noise in words; none below 5 % is given as a figure."""
    return "under 5 %" if share < COPIED_MORE else f"about {100 * share:.0f} %"


def untested(what: Iterable[str]) -> str:
    """Return what was not tested as a sentence; empty for nothing."""
    listed = list(what)
    names = " and ".join([*([", ".join(listed[:-1])] if len(listed) > 1 else []), *listed[-1:]])
    verb = "was" if names.endswith(("noise", "brightness")) and " and " not in names else "were"
    return f"{names[0].upper()}{names[1:]} {verb} not tested." if names else ""
