"""Pixels to train on: their features, and the residual of the linear prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import Float32Array
from structmask_gui.core.denoising.features import REACH
from structmask_gui.core.denoising.folds import Block
from structmask_gui.core.denoising.surroundings import Surroundings
from structmask_gui.core.progress import Task
from structmask_gui.core.threads import in_threads

_MOST = 160_000
"""Pixels of each fold that are trained on."""
_BLOCKS = 48
"""Blocks they are drawn from."""
_UNIT = 24
"""Side of the squares that count as independent in standard errors."""


@dataclass(frozen=True)
class Samples:
    """Pixels of one fold."""

    x: Float32Array
    """Features (n, count)."""
    y: Float32Array
    """Residual of the linear prediction (n,)."""
    unit: NDArray[np.int64]
    """Which square of _UNIT pixels each is in (n,); pixels of one square share noise."""


def draw_samples(
    blocks: Sequence[Block],
    around: Surroundings,
    features: Callable[[Float32Array], Float32Array],
    seed: tuple[int, int],
    task: Task,
) -> Samples:
    """Draw pixels from the blocks of a fold, in an order by chance.

    Parameters
    ----------
    blocks : sequence of Block
    around : Surroundings
    features : callable
        Returns the features (count, h, w) of a block that is given with REACH pixels around it.
    seed : (int, int)
    task : Task
    """
    draw = np.random.default_rng(seed)
    if len(blocks) > _BLOCKS:
        chosen = draw.choice(len(blocks), _BLOCKS, replace=False)
        blocks = [blocks[i] for i in sorted(chosen)]
    share = min(1.0, _MOST / sum(block.size for block in blocks))
    seeds = draw.integers(0, 2**32, len(blocks))

    def work(
        item: tuple[int, Block, Float32Array],
    ) -> tuple[Float32Array, Float32Array, NDArray[np.int64]]:
        number, block, padded = item
        values = features(padded)
        values = values.reshape(len(values), -1)
        centre = padded[REACH:-REACH, REACH:-REACH].ravel()
        rows = np.flatnonzero(
            np.random.default_rng(seeds[number]).random(block.size, np.float32) < share
        )
        return (
            np.ascontiguousarray(values[:, rows].T),
            centre[rows] - values[0, rows],
            np.int64(number << 32) + _unit(block, rows),
        )

    def read() -> Iterator[tuple[int, Block, Float32Array]]:
        for number, block in enumerate(blocks):
            task.stop_if_cancelled()
            yield number, block, around.block(block, task)

    x, y, units = zip(*in_threads(work, read()), strict=True)
    _, number = np.unique(np.concatenate(units), return_inverse=True)
    order = draw.permutation(len(number))
    return Samples(np.concatenate(x)[order], np.concatenate(y)[order], number[order])


def _unit(block: Block, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for the square of _UNIT pixels that each pixel of a block lies in."""
    y, x = np.divmod(rows, block.x1 - block.x0)
    numbers: NDArray[np.int64] = y // _UNIT * 2**16 + x // _UNIT
    return numbers
