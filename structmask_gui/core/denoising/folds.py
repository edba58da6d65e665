"""Two folds of a stack, so that nothing is predicted by perceptrons fitted to it or to its noise.

Two models are each fitted to one fold and predict the other. The folds are halves of the frames, in
which frames that alternate are alike. Of a single frame, or where frames share noise, they are
stripes; neither model is fitted to the pixels near a border between stripes.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from structmask_gui.core.arrays import BoolArray, FloatArray
from structmask_gui.core.denoising.features import REACH
from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import Region
from structmask_gui.core.stack.left_out import LeftOut

TILE = 96
"""Largest side of the blocks that samples are drawn from."""

FEWEST = 3000
"""Pixels that each fold needs."""


@dataclass(frozen=True)
class Block:
    """A rectangle of a frame: rows y0 to y1 and columns x0 to x1, the ends not included."""

    frame: int
    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def size(self) -> int:
        """Number of pixels."""
        return (self.y1 - self.y0) * (self.x1 - self.x0)


class Folds:
    """Which fold a pixel is in, and which pixels a model may be fitted to.

    Parameters
    ----------
    n_frames : int
    shape : (int, int)
        Height and width of the frames.
    mask : bool array
    shared : bool
        Whether frames share noise: the folds are then stripes.
    runs : sequence of range, optional
        Frames that follow one another, as from `core.stack.frames.runs_of`.
    left_out : LeftOut, optional
        Repeats are in the fold of the frame before; no model is fitted to blank frames.
    """

    def __init__(
        self,
        n_frames: int,
        shape: tuple[int, int],
        mask: BoolArray,
        *,
        shared: bool = False,
        runs: Sequence[range] | None = None,
        left_out: LeftOut | None = None,
    ) -> None:
        self.n_frames, self.shape = n_frames, shape
        runs = [range(n_frames)] if runs is None else runs
        blank = set() if left_out is None else set(left_out.blank)
        self.shown = [number for number in range(n_frames) if number not in blank]
        again = blank if left_out is None else blank.union(left_out.repeats)
        self._of_frame = {}
        for number, run in enumerate(runs):
            place = -1
            for frame in run:
                place += frame not in again
                self._of_frame[frame] = _fold_of(place, number)
        self.by_frames = n_frames - len(again) > 1 and not shared
        half = mask.shape[0] // 2, mask.shape[1] // 2
        # Cut across the direction in which the noise is correlated less far.
        self.axis = 0 if half[0] <= half[1] else 1
        self.gap = REACH + half[self.axis]
        self._cut(2 * max(1, round(shape[self.axis] / (12 * self.gap))))

    def halves(self) -> Folds:
        """Return the same with two stripes at most."""
        other = copy(self)
        other._cut(2)
        return other

    def _cut(self, stripes: int) -> None:
        side = self.shape[self.axis]
        self._edges = [round(i * side / stripes) for i in range(stripes + 1)]

    @property
    def sentence(self) -> str:
        """How the data were divided, for a methods paragraph."""
        if self.by_frames:
            return "The perceptrons for each frame were trained on the other half of the frames."
        return (
            f"The perceptrons for each stripe of {self._edges[1]} pixels were trained on the"
            f" others, {self.gap} pixels at each border left out."
        )

    def frames(self, fold: int) -> list[int]:
        """Return the numbers of the frames that the model of a fold may be fitted to."""
        return [n for n in self.shown if not self.by_frames or self._of_frame[n] == fold]

    def blocks(self, fold: int) -> list[Block]:
        """Return all blocks that the model of a fold may be fitted to.

        Raises
        ------
        InputError
            If they hold too few pixels.
        """
        blocks = [
            Block(frame, y0, y1, x0, x1)
            for frame in self.frames(fold)
            for top, bottom, left, right in self.zones(fold)
            for (y0, y1), (x0, x1) in product(pieces(top, bottom, TILE), pieces(left, right, TILE))
        ]
        found = sum(block.size for block in blocks)
        if found < FEWEST:
            # Two stripes of a square frame, the gap left out of each.
            side = int(np.ceil(self.gap + np.sqrt(self.gap**2 + 2 * FEWEST)))
            raise InputError(
                f"There are too few pixels to denoise: {found} in each half, and {FEWEST} are"
                f" needed; give more frames, or frames of {side} x {side} pixels."
            )
        return blocks

    def shares(self, frame: int) -> FloatArray:
        """Return the share of the second fold's model in the prediction, along `axis`.

        A frame is predicted by one model. At the borders of stripes the two are blended, where
        neither was fitted to the pixels or to noise they share.
        """
        side = self.shape[self.axis]
        if self.by_frames:
            return np.full(side, float(self._of_frame[frame] == 0))
        at = np.arange(side) + 0.5
        # Distance from the nearest border between stripes, positive inside those of fold 0.
        inner = np.array(self._edges[1:-1], dtype=np.float64)
        distance = np.abs(at[:, np.newaxis] - inner).min(axis=1)
        fold = (np.searchsorted(self._edges, at) - 1) % 2
        # Stripes of fold 0 are predicted by the model of fold 1.
        signed = np.where(fold == 0, distance, -distance)
        shares: FloatArray = np.clip(0.5 + signed / (2 * (REACH - 1)), 0, 1)
        return shares

    def zones(self, fold: int) -> list[Region]:
        """Return the parts of its frames that the model of a fold may be fitted to."""
        if self.by_frames:
            return [Region(0, self.shape[0], 0, self.shape[1])]
        return [self._zone(*stripe) for stripe in list(pairwise(self._edges))[fold::2]]

    def _zone(self, first: int, last: int) -> Region:
        """Return the part of a stripe that is fitted to."""
        side = self.shape[self.axis]
        first += self.gap if first > 0 else 0
        last = max(first, last - (self.gap if last < side else 0))
        height, width = self.shape
        lines = (first, last, 0, width) if self.axis == 0 else (0, height, first, last)
        return Region(*lines)


def _fold_of(place: int, run: int) -> int:
    """Return the fold of a frame by its place in a run, and the run's number.

    Neither wavelengths that come in turn nor planes fall into one half (Thue-Morse sequence).
    """
    return (place.bit_count() + run.bit_count()) % 2


def pieces(first: int, last: int, longest: int) -> list[tuple[int, int]]:
    """Cut a range into pieces of nearly equal length, none longer than ``longest``."""
    count = -(-(last - first) // longest)
    edges = [first + round(i * (last - first) / max(1, count)) for i in range(count + 1)]
    return list(pairwise(edges))
