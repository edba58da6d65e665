"""Which flips and turns leave a mask unchanged, and so may be used to augment the training.

A trainer that turns or flips its patches turns their noise with them. The mask does not turn, so it
hides the right pixels only if it looks the same after that turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.masks.mask import Mask

LagArray = NDArray[np.intp]

_REST = 4
"""Pixels that keep their place for each that forbids the flips, to call those few."""

_NAMED = 4
"""Up to so many are named."""


@dataclass(frozen=True)
class Turns:
    """What a mask allows.

    Attributes
    ----------
    flip_x : bool
        Left and right may be exchanged (the X axis is reversed).
    flip_y : bool
        Top and bottom may be exchanged.
    quarter : bool
        Turns by 90 degrees are allowed.
    half : bool
        Turns by 180 degrees are allowed; true of every mask made from an autocorrelation.
    """

    flip_x: bool
    flip_y: bool
    quarter: bool
    half: bool

    @property
    def all(self) -> bool:
        """Whether every flip and turn is allowed, as trainers with a single switch need it."""
        return self.flip_x and self.flip_y and self.quarter

    @property
    def sentence(self) -> str:
        """What is allowed, in one sentence."""
        if self.all:
            return (
                "All flips and quarter turns leave this mask unchanged: any augmentation is fine."
            )
        allowed = [
            text
            for text, good in (
                ("flips left to right", self.flip_x),
                ("flips top to bottom", self.flip_y),
                ("quarter turns", self.quarter),
                ("half turns", self.half),
            )
            if good
        ]
        if not allowed:
            return "Every flip and turn changes this mask: train without augmentation."
        forbidden = [
            text
            for text, good in (
                ("flips left to right", self.flip_x),
                ("flips top to bottom", self.flip_y),
                ("quarter turns", self.quarter),
            )
            if not good
        ]
        return (
            f"Unchanged by {_joined(allowed)}; train without {_joined(forbidden)}, which would turn"
            " the noise away from the mask."
        )


def allowed_turns(mask: Mask) -> Turns:
    """Return which flips and turns leave a mask unchanged."""
    height, width = mask.shape
    side = max(height, width)
    array = mask.padded((side, side)).array
    return Turns(
        flip_x=np.array_equal(array, array[:, ::-1]),
        flip_y=np.array_equal(array, array[::-1]),
        quarter=np.array_equal(array, np.rot90(array)),
        half=np.array_equal(array, array[::-1, ::-1]),
    )


def flip_strays(mask: Mask) -> LagArray:
    """Return the lags (dy, dx) that have no mirror image in the mask: they forbid the flips.

    Of a mask made from an autocorrelation, which equals its half turn, they are the same for flips
    left to right and top to bottom.
    """
    lags = mask.lags()
    there = {tuple(lag) for lag in lags.tolist()}
    alone = [(dy, -dx) not in there or (-dy, dx) not in there for dy, dx in lags.tolist()]
    strays: LagArray = lags[np.array(alone, dtype=np.bool_)]
    return strays


def without_strays(mask: Mask) -> Mask:
    """Return the mask without the pixels that have no mirror image in it."""
    array = mask.array.copy()
    places = flip_strays(mask) + np.array(mask.centre)
    array[places[:, 0], places[:, 1]] = False
    return Mask(array)


def strays_sentence(mask: Mask) -> str:
    """Say which pixels forbid the flips, if they are so few that it may be by chance."""
    strays = flip_strays(mask)
    left = mask.statistics.true_pixels - len(strays)
    if not len(strays) or left < _REST * len(strays):
        return ""
    if len(strays) <= _NAMED:
        named = _joined([f"({dy:+d}, {dx:+d})" for dy, dx in strays.tolist()])
        where = f", at lag (dy, dx) {named},"
    else:
        where = ""
    return (
        f"Only {len(strays)} of the {mask.statistics.true_pixels} pixels{where} forbid the flips:"
        " flipped, they fall beside the mask. Without them flips are allowed; if they look like"
        " chance, erase them in the mask."
    )


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
