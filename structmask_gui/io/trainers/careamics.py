"""What CAREamics makes of a mask: the shape it takes that serves best, and the axes it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.extraction.extraction import counted
from structmask_gui.core.masks.mask import Mask, compare_masks
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.quality.copied_noise import RADIUS, still_copied
from structmask_gui.core.quality.error import rank_masks

_MOST_PIXELS = 49
"""Of larger shapes the default of CAREamics would blank more than a tenth of the input, so they are
no better place for a smaller mask, whatever a linear model says."""

Chosen = Literal["error", "overlap"]

_BARE = "none 1"

_AS_LITTLE = 0.005
"""Shapes that leave no more of the noise to be copied than this above the least are alike in it."""


@dataclass(frozen=True)
class NearestShape:
    """The shape that CAREamics takes that serves best in place of a mask.

    Attributes
    ----------
    axes, span
        As CAREamics calls them; axes is "none" and span 1 for the bare centre, which is plain N2V.
    mask : Mask
        What CAREamics then blanks.
    left_visible : int
        Pixels of the mask it does not blank.
    hidden_more : int
        Pixels it blanks beside the mask.
    copied, copied_by_mask : float
        Share of the noise that each leaves to be copied; NaN where the noise was not given.
    chosen_by : "error" or "overlap"
        By what it was chosen: the estimated error and the noise still copied, or the pixels it has
        in common with the mask.
    """

    axes: str
    span: int
    mask: Mask
    left_visible: int
    hidden_more: int
    copied: float
    copied_by_mask: float
    chosen_by: Chosen = "overlap"

    @property
    def exact(self) -> bool:
        """Whether CAREamics blanks just the mask."""
        return self.left_visible == 0 and self.hidden_more == 0

    @property
    def sentence(self) -> str:
        """What the shape is, how it was chosen and what it leaks."""
        name = "plain N2V" if self.axes == "none" else f"{self.axes} with span {self.span}"
        if self.exact:
            return f"CAREamics blanks just this mask: {name}."
        if self.chosen_by == "error":
            text = (
                f"CAREamics has no such mask; by the estimated error and the noise still copied,"
                f" {name} serves best."
            )
        else:
            text = (
                f"CAREamics has no such mask; nearest in shape is {name} (by overlap: the noise is"
                " not measured here)."
            )
        parts = []
        if self.left_visible:
            parts.append(f"leaves {counted(self.left_visible, 'pixel')} of the mask visible")
        if self.hidden_more:
            parts.append(f"hides {counted(self.hidden_more, 'pixel')} more")
        if np.isfinite(self.copied):
            parts.append(
                f"lets {100 * self.copied:.1f} % of the noise be copied where the mask lets"
                f" {100 * self.copied_by_mask:.1f} %"
            )
        words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"{text} It {words}."


def nearest_careamics(
    mask: Mask, noise: ArrayLike | None = None, image: ArrayLike | None = None
) -> NearestShape:
    """Return the CAREamics shape that serves best in place of a mask.

    A mask that CAREamics can blank as it is stays as it is. Else the shape is chosen by the
    estimated error, as masks are ranked in the window, and of near ties only such are taken that
    leave little more of the noise to be copied than the best of them; a shape that hides far more
    than the mask, so that the default blanks too much, is left out, and none is advised that does
    not beat plain N2V. Without noise and image it
    is the shape with most pixels in common.

    Parameters
    ----------
    mask : Mask
    noise : array_like (2 R + 1, 2 R + 1), optional
        Autocovariance of the noise; with it the answer says how much of it each lets be copied.
    image : array_like (2 R + 1, 2 R + 1), optional
        Autocovariance of the frames as they are, in the same units.

    Raises
    ------
    InputError
        If one of them is no autocovariance.
    """
    shapes = {_BARE: Mask(np.ones((1, 1), dtype=np.bool_)), **careamics_masks()}
    compared = {name: compare_masks(mask, other) for name, other in shapes.items()}
    # Of two that are equally near, the smaller one keeps more of the detail.
    best = max(compared, key=lambda name: (compared[name].jaccard, -compared[name].pixels_b))
    chosen_by: Chosen = "overlap"
    radius = _radius(noise)
    if noise is not None and image is not None and compared[best].jaccard < 1:
        common = min(radius, _radius(image))
        if common:
            most = max(mask.statistics.true_pixels, _MOST_PIXELS)
            fit = {name: m for name, m in shapes.items() if compared[name].pixels_b <= most}
            best, chosen_by = _best_by_error(noise, image, fit, common), "error"
    copied = copied_by_mask = float("nan")
    if noise is not None and radius:
        copied = still_copied(noise, shapes[best], radius)
        copied_by_mask = still_copied(noise, mask, radius)
    axes, span = best.split()
    left, more = compared[best].only_in_a, compared[best].only_in_b
    return NearestShape(
        axes, int(span), shapes[best], left, more, copied, copied_by_mask, chosen_by
    )


def _best_by_error(noise: ArrayLike, image: ArrayLike, shapes: dict[str, Mask], radius: int) -> str:
    ranked = rank_masks(noise, image, dict(shapes), radius)
    # A linear model does not tell near ties apart, but what is copied may.
    ties = [item for item in ranked if item.rank == 1]
    least = min(item.copied for item in ties)
    best = next(item for item in ties if item.copied <= least + _AS_LITTLE)
    bare = next(item for item in ranked if item.label == _BARE)
    # A shape is advised only where it beats plain N2V.
    return best.label if best.error.total < bare.error.total else _BARE


def _radius(covariance: ArrayLike | None) -> int:
    return 0 if covariance is None else min(RADIUS, min(np.shape(covariance)) // 4)


@dataclass(frozen=True)
class CareamicsAxes:
    """The axes of a file as CAREamics is told them."""

    axes: str  # letters of STCZYX; planes are trained one by one, so depth goes as T or S
    channel: int | None  # the one to train on
    comment: str

    @classmethod
    def of(cls, letters: str, channel: int | str | None = None) -> CareamicsAxes:
        """Translate the axes of a file."""
        if not letters:
            return cls("YX", None, "of single images; TYX for stacks")
        planes = [letter for letter in letters if letter not in "YXCS"]
        several = len(planes) > 2 or len(set(planes)) < len(planes)
        if several or not ("YX" in letters or "XY" in letters):
            axes = "SYX" if planes else "YX"
            return cls(axes, None, f"the file has {letters}: bring it into this order first")
        comments = []
        names = dict.fromkeys(planes, "T")
        if len(planes) == 2:
            first = "T" if planes[0] == "T" or planes[1] != "T" else "S"
            names = {planes[0]: first, planes[1]: "S" if first == "T" else "T"}
        if any(letter != name for letter, name in names.items()):
            comments.append(f"the file has {letters}; planes are trained one by one")
        colours = "".join(letter for letter in letters if letter in "CS")
        takes = isinstance(channel, int) and len(colours) == 1
        if colours and not takes:
            comments.append("for the mean of its colours: make grey images first")
            letters = "".join(letter for letter in letters if letter not in "CS")
        axes = "".join("C" if letter in "CS" else names.get(letter, letter) for letter in letters)
        number = channel if takes and isinstance(channel, int) else None
        return cls(axes, number, "; ".join(comments))

    @property
    def lines(self) -> str:
        """The lines of the text that say them."""
        comment = f"  # {self.comment}" if self.comment else ""
        chosen = "" if self.channel is None else f"    channels=[{self.channel}],\n"
        return f'    axes="{self.axes}",{comment}\n{chosen}'
