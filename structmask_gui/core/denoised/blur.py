"""Whether an output is blurred: it lost more detail than its mask accounts for.

In units of the noise variance a loss looks small where the noise is strong or the detail faint. It
is therefore compared with the detail itself, and with the loss of a linear blind-spot prediction
with the same mask: a well-trained network loses less than that, a blurred output more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.covariance import NoiseBasis, unmoved
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.stack.frames import Frames, evenly, neighbours

_BLOCK = 32
"""Side of the blocks that give the error."""

_COARSE = 33
"""Width in pixels from which structure is no detail, as a blur leaves it."""

FLAT_SHARE = 0.1
"""Share of the blocks, those that vary least, that count as flat."""

_MOST = 4
"""Frames, or pairs of frames, compared."""

_FEWEST = 16
"""Blocks that are needed."""

_SIGMAS = 4.0
"""Standard errors from which detail, and its loss, are significant."""

_TIMES, _MORE = 1.25, 0.05
"""The loss must exceed that of the linear prediction by this factor and this share together."""

_NEARLY, _SEEN = 0.9, 0.1
"""A loss is like that of the linear prediction if it is at least this share of it, and visible."""


@dataclass(frozen=True)
class LostDetail:
    """The share of the detail that was lost."""

    share: float
    """Share of the variance of the detail that the output lost, 0 to 1."""
    linear: float
    """The share that the linear prediction with the same mask loses."""
    blurred: bool
    """Whether the output lost significantly more."""
    like_linear: bool
    """Whether the output lost a visible share, about that of the linear prediction or more, as a
    wide blur of noisy frames does, or a network trained too little."""
    error: float = 0.0
    """Standard error of the share, if it is known."""


def lost_detail(
    raw: Frames,
    denoised: Frames,
    kernel: FloatArray,
    source: NoiseBasis,
    task: Task,
) -> LostDetail | None:
    """Compare the detail that an output lost with the loss of a linear prediction by ``kernel``.

    In a still scene ("difference"), structure is what two frames have in common, and the loss is
    what their residuals have. In single frames ("flat"), both are the excess of structured blocks
    over flat ones; noise that depends on brightness counts as detail there, in output and
    prediction alike. None if there is too little detail.
    """
    blocks = list(_blocks(raw, denoised, kernel, source, task))
    if len(blocks) < _FEWEST:
        return None
    found = np.array(blocks)
    mean = _above_flat if source == "flat" else _plain_mean
    whole, chance = mean(found, (1.0, 0.0, 0.0))
    if whole <= _SIGMAS * chance:
        return None
    share, by_line = (mean(found, what)[0] / whole for what in ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    error = mean(found, (-share, 1.0, 0.0))[1] / whole
    more, chance = mean(found, (0.0, 1.0, -1.0))
    blurred = more > _SIGMAS * chance and share > _TIMES * max(by_line, 0.0) + _MORE
    like_linear = share > _SEEN and share > _NEARLY * by_line
    share, by_line = (min(max(lost, 0.0), 1.0) for lost in (share, by_line))
    return LostDetail(share, by_line, blurred, like_linear, error)


def _plain_mean(found: FloatArray, what: tuple[float, ...]) -> tuple[float, float]:
    """Return the mean of a sum of products over all blocks, and its standard error."""
    values = found.mean(axis=1) @ what
    return float(values.mean()), _squared_error(values) ** 0.5


def _above_flat(found: FloatArray, what: tuple[float, ...]) -> tuple[float, float]:
    """Return by how much the mean over all blocks exceeds that over the flattest, and its error.

    One half of each block decides which are flattest, the other half gives the excess: of pure
    noise, the blocks that happen to be quiet do not represent the rest. The error is that of the
    noise in the flattest blocks; the spread of the blocks is no part of it, because all structure
    may be in a few.
    """
    means, squared = [], []
    for chosen, other in ((0, 1), (1, 0)):
        structure = found[:, chosen, 0]
        flat = structure <= np.quantile(structure, FLAT_SHARE)
        values = found[:, other] @ what
        means.append(float(values.mean() - values[flat].mean()))
        squared.append(_squared_error(values[flat]) * (1 + FLAT_SHARE))
    return sum(means) / 2, max(squared) ** 0.5


def _squared_error(values: FloatArray) -> float:
    return float(values.var()) / len(values)


def _blocks(
    raw: Frames, denoised: Frames, kernel: FloatArray, source: NoiseBasis, task: Task
) -> Iterator[FloatArray]:
    """Yield for each block the products of its detail and of what output and prediction lost of it.

    Shape (2, 3): for two quarters of the block that touch at their corners, and for the others.
    """
    still = source == "difference"
    pairs = neighbours(raw) if still else [(frame, frame) for frame in range(raw.n_frames)]
    for first, second in (pairs[at] for at in evenly(len(pairs), _MOST)):
        task.stop_if_cancelled()
        one = _details(raw, denoised, kernel, first)
        other = _details(raw, denoised, kernel, second) if still else one
        good = np.isfinite(one[0] + one[1] + other[0] + other[1])
        if still:
            change = raw.read(first).astype(np.float64) - raw.read(second).astype(np.float64)
            good &= unmoved(change, good)
        products = (
            one[0] * other[0],
            # In one frame the square of the loss holds all noise that was rightly removed; its
            # product with the frame does as well, but noise and structure add there.
            one[1] * (other[1] if still else other[0]),
            one[2] * (other[2] if still else other[0]),
        )
        height, width = good.shape
        for y in range(0, height - _BLOCK + 1, _BLOCK):
            for x in range(0, width - _BLOCK + 1, _BLOCK):
                place = np.s_[y : y + _BLOCK, x : x + _BLOCK]
                if good[place].all():
                    yield np.array([_halves(product[place]) for product in products]).T


def _halves(block: FloatArray) -> tuple[float, float]:
    """Return the mean of two quarters of a block that touch at their corners, and of the others."""
    n = _BLOCK // 2
    means = block.reshape(2, n, 2, n).mean(axis=(1, 3))
    return float(means[0, 0] + means[1, 1]) / 2, float(means[0, 1] + means[1, 0]) / 2


def _details(
    raw: Frames, denoised: Frames, kernel: FloatArray, frame: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the detail of a frame, of its residual and of that of the prediction."""
    own = raw.read(frame).astype(np.float64)
    predicted = Preview(own, max(kernel.shape) // 2).predict(kernel)
    output = denoised.read(frame).astype(np.float64)
    return _fine(own), _fine(own - output), _fine(own - predicted)


def _fine(frame: FloatArray) -> FloatArray:
    from scipy.ndimage import uniform_filter

    # One pixel that is not finite must not spread over the whole frame.
    finite = np.isfinite(frame)
    filled = np.where(finite, frame, frame[finite].mean() if finite.any() else 0.0)
    made: FloatArray = np.where(finite, frame, np.nan) - uniform_filter(filled, _COARSE)
    return made
