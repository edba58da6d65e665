"""What n2v and CAREamics make of a mask: accepted shapes, share of the input blanked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.masks.mask import Mask

Axes = Literal["horizontal", "vertical", "cross", "square"]

CAREAMICS_SPANS = tuple(range(3, 16, 2))
"""The full widths, centre included, that CAREamics accepts."""

MOST_BLANKED = 10.0
"""Per cent of a patch that may be blanked before the settings should be changed. Blanked pixels
are context the network misses; the bare centre at n2v's default blanks 1.5 %."""


@dataclass(frozen=True)
class Trainer:
    """A program that trains with a mask."""

    name: str
    setting: str
    """Its name for the share of pixels that are masked."""
    percent: float
    """The default of that setting."""
    with_mask: float = 0.0
    """What to set it to with a mask, at most; the default if 0."""


TRAINERS = (
    Trainer("n2v", "n2v_perc_pix", 1.5),
    # Eight centres in a patch train slowly: with 27 pixels of round noise hidden, 500 steps left
    # an error of 0.69 at 0.39 % and 0.62 at 1 %; 1500 left 0.70 at 0.38 % and 0.90 at 0.2 %.
    Trainer("CAREamics", "masked_pixel_percentage", 0.2, with_mask=1.0),
)
"""The trainers with their own defaults."""

AUTOSTRUCTN2V = Trainer("autoStructN2V 1.0", "mask_percentage", 10.0)
"""Version 1.0, whose setting is the share of prediction centres; in 0.1 it is that of all blanked
pixels, whatever the mask."""


@dataclass(frozen=True)
class Blanked:
    """How much of its input a trainer blanks with a mask."""

    trainer: Trainer
    percent: float
    """Share of the input that is blanked at the trainer's default, in per cent."""
    recommended: float
    """The setting that blanks no more than `MOST_BLANKED` per cent, at most the default or, with a
    mask, `Trainer.with_mask`."""

    @property
    def sentence(self) -> str:
        """The figure, and the setting where the default blanks too much or trains too slowly."""
        # Shares below 1 % would be rounded to none at all.
        share = f"{self.percent:.0f}" if self.percent >= 1 else f"{self.percent:.1g}"
        text = (
            f"{self.trainer.name}'s default, {self.trainer.setting} {self.trainer.percent:g},"
            f" counts centres; with their masks it blanks about {share} % of the input"
        )
        if self.recommended < self.trainer.percent:
            return f"{text}; set {self.trainer.setting} to {self.recommended:g}."
        if self.recommended > self.trainer.percent:
            return f"{text}. {self.recommended:g} is set: more centres train faster."
        return f"{text}; its default is fine."


def blanked_share(pixels: int, percent: float) -> float:
    """Return the share of the input, 0 to 1, that masks at random positions blank.

    The masks have ``pixels`` True pixels; ``percent`` of the input's pixels are their centres.
    """
    return 1.0 - (1.0 - percent / 100) ** pixels


def blanked(pixels: int, trainers: tuple[Trainer, ...] = TRAINERS) -> tuple[Blanked, ...]:
    """Return for each trainer what a mask of ``pixels`` pixels blanks, and the setting to use."""
    most = 100 * (1 - (1 - MOST_BLANKED / 100) ** (1 / pixels))
    # Two digits, rounded down, so that the recommended setting stays below the limit.
    digit = 10.0 ** (np.floor(np.log10(most)) - 1)
    rounded = float(np.floor(most / digit) * digit)
    return tuple(
        Blanked(
            t,
            100 * blanked_share(pixels, t.percent),
            min((t.with_mask if pixels > 1 else 0) or t.percent, round(rounded, 6)),
        )
        for t in trainers
    )


def careamics_mask(axes: Axes, span: int) -> Mask:
    """Return the mask that CAREamics blanks; ``span`` is its full width, odd, 3 to 15."""
    if span not in CAREAMICS_SPANS:
        raise ParameterError(f"span = {span!r} is not accepted; give an odd number from 3 to 15.")
    line = np.ones((1, span), dtype=np.bool_)
    if axes == "horizontal":
        return Mask(line)
    if axes == "vertical":
        return Mask(line.T)
    square = np.ones((span, span), dtype=np.bool_)
    if axes == "square":
        return Mask(square)
    if axes == "cross":
        centre = np.arange(span) == span // 2
        return Mask(centre[:, np.newaxis] | centre)
    raise ParameterError(
        f"axes = {axes!r} is not accepted; give horizontal, vertical, cross or square."
    )


def careamics_masks() -> dict[str, Mask]:
    """Return every mask that CAREamics accepts, by a name such as "horizontal 11"."""
    shapes: tuple[Axes, ...] = ("horizontal", "vertical", "cross", "square")
    return {
        f"{axes} {span}": careamics_mask(axes, span) for axes in shapes for span in CAREAMICS_SPANS
    }
