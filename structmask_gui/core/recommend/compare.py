"""Which of two masks is better, and by what, in words."""

from __future__ import annotations

from dataclasses import dataclass

from structmask_gui.core.quality.error import NEAR_TIE, Ranked, Scored
from structmask_gui.core.recommend.recommend import ALIKE
from structmask_gui.core.recommend.shapes import GAINS, of_noise


@dataclass(frozen=True)
class Expected:
    """What is expected of a mask; shares of the noise's variance."""

    pixels: int
    copied: float  # of the noise, by a network
    lost: float  # detail
    error: float  # after denoising, with the cost of training

    @classmethod
    def of(cls, scored: Scored | Ranked) -> Expected:
        """Return what the figures of a mask amount to."""
        lost = scored.error.detail_lost
        return cls(scored.pixels, scored.copied, lost, scored.expected)


def better(a: Expected, b: Expected, names: tuple[str, str], doubt: str | None = None) -> str:
    """Say which of two masks is better, and why.

    ``doubt``: "structure" where noise and structure could not be separated, "weak" where the noise
    is too weak for an estimate, None where the figures hold.
    """
    if doubt == "structure":
        return "Which is better cannot be told: noise and structure could not be separated."
    if doubt == "weak" or min(a.error, b.error) >= GAINS:
        return (
            "Neither gains much: each costs about as much as the noise it removes. Train plain"
            " Noise2Void, or keep the raw frames."
        )
    first, second, name, other = (a, b, *names) if a.error <= b.error else (b, a, *names[::-1])
    if second.error <= (1 + NEAR_TIE) * first.error:
        # As the recommended mask is chosen: of ties that which copies less, then the smaller one.
        alike = abs(a.copied - b.copied) <= ALIKE
        take = min(
            (a, names[0]), (b, names[1]), key=lambda one: one[0].pixels if alike else one[0].copied
        )[1]
        why = "hides fewer pixels" if alike else "lets less noise be copied"
        advice = "" if a.pixels == b.pixels else f" Take {take}, which {why}."
        return f"{names[0]} and {names[1]} are equally good.{advice}"
    copies, loses = second.copied - first.copied, second.lost - first.lost
    if copies <= 0 and loses <= 0:
        why = f"{other} hides more pixels than training bears"
    elif copies >= loses:
        why = f"with {other} a network copies more noise"
    else:
        why = f"{other} loses more detail"
    figure = of_noise(first.error)
    if figure == of_noise(second.error):
        return f"{name} is slightly better: {why}. Expected error {figure} with both."
    return (
        f"{name} is better: {why}. Expected error {figure} with {name},"
        f" {of_noise(second.error, brief=True)} with {other}."
    )


def figures(mask: Expected) -> tuple[tuple[str, str], ...]:
    """Return the figures of a mask, shares of the noise, with their names."""
    return (
        ("Expected error", of_noise(mask.error, brief=True)),
        ("Noise copied", of_noise(mask.copied, brief=True)),
        ("Detail lost", of_noise(mask.lost, brief=True)),
    )
