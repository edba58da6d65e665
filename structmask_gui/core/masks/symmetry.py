"""Flips and rotations that leave a mask unchanged, and so may be used to augment the training.

A trainer that flips or rotates its patches does so with their noise. The mask stays as it is, so it
hides the right pixels only if it is the same after that flip or rotation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import LagArray
from structmask_gui.core.masks.mask import Mask

# Other pixels of the mask for each one that forbids flips, from which those may be chance.
_REST = 4
# Pixels that are listed by their lags at most.
_NAMED = 4


@dataclass(frozen=True)
class Turns:
    """The flips and rotations that leave a mask unchanged."""

    flip_x: bool
    """Left and right may be exchanged (the X axis is reversed)."""
    flip_y: bool
    """Top and bottom may be exchanged."""
    quarter: bool
    """Rotation by 90 degrees."""
    half: bool
    """Rotation by 180 degrees; true of every mask made from an autocorrelation."""

    @property
    def all(self) -> bool:
        """Whether every flip and turn is allowed, as trainers with a single switch need it."""
        return self.flip_x and self.flip_y and self.quarter

    @property
    def sentence(self) -> str:
        """What is allowed, in one sentence."""
        if self.all:
            return "All flips and quarter turns leave this mask unchanged, so all are allowed."
        turns = {
            "flips left to right": self.flip_x,
            "flips top to bottom": self.flip_y,
            "quarter turns": self.quarter,
        }
        allowed = [text for text, good in {**turns, "half turns": self.half}.items() if good]
        if not allowed:
            return "Every flip and turn changes this mask: train without augmentation."
        forbidden = [text for text, good in turns.items() if not good]
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
    """Return the lags (dy, dx) whose mirror image is not in the mask: they forbid the flips."""
    lags = mask.lags()
    present = {tuple(lag) for lag in lags.tolist()}
    alone = [(dy, -dx) not in present or (-dy, dx) not in present for dy, dx in lags.tolist()]
    strays: LagArray = lags[np.array(alone, dtype=np.bool_)]
    return strays


def without_strays(mask: Mask) -> Mask:
    """Return the mask without its `flip_strays`."""
    array = mask.array.copy()
    pixels = flip_strays(mask) + np.array(mask.centre)
    array[pixels[:, 0], pixels[:, 1]] = False
    return Mask(array)


def strays_sentence(mask: Mask) -> str:
    """Return which pixels forbid the flips, if they are few enough to be chance; else ""."""
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
