"""Which channel of a stack is measured: one of its channels, one colour, or the luminance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.stack.axes import Axes
from structmask_gui.io.stack.store import Contents

WEIGHTS = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue in the luminance (ITU-R BT.601)."""

Channel = int | Literal["luminance"]
LUMINANCE: Literal["luminance"] = "luminance"

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Channels:
    """The channels of a stack and the choice made of them."""

    n: int
    chosen: Channel | None  # the choice; None if the file has neither channels nor colours
    luminance: bool  # the samples of the colour dimension are to be read together and weighted
    index: dict[int, int]  # for the channel and colour dimensions: which element is read
    # Value and name of what can be chosen; empty if there is no choice.
    choices: tuple[tuple[Channel, str], ...]
    notes: tuple[str, ...]  # choices that were made by default, a sentence each


def choose_channel(axes: Axes, contents: Contents, wanted: Channel | None) -> Channels:
    """Check the choice of a channel, or make it.

    Where a file has both channels and colours, the channel is chosen and its luminance taken.
    """
    if axes.channel is None and axes.colour is None:
        if wanted not in (None, 0):
            raise InputError(f"has no channel {wanted}; it has one channel, 0.")
        return Channels(1, None, False, {}, (), ())
    samples, is_colour = _samples(axes, contents)
    choices: list[tuple[Channel, str]]
    if axes.channel is not None:
        n = axes.shape[axes.channel]
        names = contents.channel_names if len(contents.channel_names) == n else ()
        choices = [(i, f"{i}: {names[i]}" if names else f"channel {i}") for i in range(n)]
    else:
        n = samples
        choices = [(i, _COLOURS[i] if is_colour and i < 3 else f"channel {i}") for i in range(n)]
        if is_colour:
            choices.insert(0, (LUMINANCE, "luminance"))
    chosen = choices[0][0] if wanted is None else wanted
    if isinstance(chosen, bool) or chosen not in [value for value, _ in choices]:
        if chosen == LUMINANCE:
            raise InputError(
                f"has no colours to take the luminance of; choose a channel from 0 to {n - 1}."
            )
        there = f"channels 0 to {n - 1}" if n > 1 else "one channel, 0"
        raise InputError(f"has no channel {chosen}; it has {there}.")
    luminance = is_colour and (axes.channel is not None or chosen == LUMINANCE)
    index = {}
    if axes.channel is not None and isinstance(chosen, int):
        index[axes.channel] = chosen
    if axes.colour is not None and not luminance:
        index[axes.colour] = chosen if axes.channel is None and isinstance(chosen, int) else 0
    notes = []
    if wanted is None and n > 1:
        notes.append(
            "The luminance of the colours is used; a single colour can be chosen."
            if chosen == LUMINANCE
            else f"The file has {n} channels; channel {chosen} is used, another can be chosen."
        )
    return Channels(
        n, chosen, luminance, index, tuple(choices) if len(choices) > 1 else (), tuple(notes)
    )


def with_channel(name: str, channel: int | str | None) -> str:
    """Return a file's name as messages show it with its channel, if it has several."""
    if channel is None:
        return name
    return f"{name} ({channel if channel == LUMINANCE else f'channel {channel}'})"


def _samples(axes: Axes, contents: Contents) -> tuple[int, bool]:
    """Return how many colour samples count, and whether they are red, green and blue."""
    if axes.colour is None:
        return 0, False
    n = axes.shape[axes.colour]
    if axes.colour == contents.axes.find("S"):
        return min(n, contents.n_samples or n), contents.is_colour
    # The user called this dimension colour.
    return (min(n, 3), True) if n in (3, 4) else (n, False)


def luminance(samples: AnyArray) -> AnyArray:
    """Return the brightness of red, green and blue in the last dimension (ITU-R BT.601)."""
    wide = (samples.dtype.kind in "iu" and samples.dtype.itemsize > 2) or samples.dtype.itemsize > 4
    weights = WEIGHTS.astype(np.float64 if wide else np.float32)
    result: AnyArray = np.empty(samples.shape[:-1], weights.dtype)
    # Some rows at a time: as floats, a large image would take four times its memory.
    step = max(1, 2**20 // max(1, math.prod(samples.shape[1:-1])))
    for start in range(0, len(samples), step):
        rows = samples[start : start + step, ..., :3]
        np.matmul(rows.astype(weights.dtype), weights, out=result[start : start + step])
    return result


def luminance_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type `luminance` gives for samples of a type."""
    return luminance(np.zeros((1, 3), dtype)).dtype
