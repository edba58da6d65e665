"""Error of a prediction measured directly in the frames of a still scene.

A frame a is predicted and compared with another one, b, of the same scene with other noise:

    mean((K a - b)^2) - G_noise(0)  ->  K' G_noise K + (delta - K)' (G_image - G_noise) (delta - K)

That is the definition in `core.quality.error`, without covariances: these need tapered frames,
through whose borders the low frequencies of strong structure leak, and ignore the borders. Both
matter where masks are nearly equally good. The price is a transform of some frames for each mask
instead of a sum over lags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, Float32Array, FloatArray, LagArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.covariance import unmoved
from structmask_gui.core.quality.prediction import mirrored_half, square_lags
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.stack.frames import Frames, cuts, evenly, runs_of
from structmask_gui.core.stack.scaled import ScaledFrames, exponent_for
from structmask_gui.core.threads import begin, in_threads

_WHOLE = 2**20
"""Pixels, of all frames compared, up to which whole frames are used; of larger ones tiles."""

_OF_LARGE = 2**21
"""Pixels compared in stacks of larger frames."""

_TILE = 256
_TOGETHER = 8
"""Consecutive frames that are compared; further apart more of the scene moves."""

_PREDICTED = 3
"""Of them so many are predicted, and compared with the mean of the others."""

_FEWEST = 1024
"""Unmoved pixels that a comparison needs."""

_SAMPLED = 2**14
"""Pixels whose neighbourhoods give the error of many masks: each mask then takes no transform."""

Place = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class _Comparison:
    """One frame prepared for prediction, and the mean of others to compare it with."""

    preview: Preview
    other: Float32Array  # mean of the others minus that of the frame; 0 where not compared
    compared: Float32Array  # 1 where pixels are compared, else 0
    pixels: int  # number of those
    noise: float  # noise variance of `other`

    def error(self, kernel: ArrayLike) -> float:
        """Return the mean squared error of a prediction, in squared grey levels."""
        wrong = self.preview.predict(kernel)
        wrong -= np.float32(self.preview.mean)
        wrong *= self.compared
        wrong -= self.other
        mean = float(wrong.sum(dtype=np.float64)) / self.pixels
        # A change of brightness between frames is no error of the prediction.
        return float(np.square(wrong).sum(dtype=np.float64)) / self.pixels - mean**2 - self.noise

    def _some(self, most: int) -> tuple[NDArray[np.intp], FloatArray]:
        """Return places of pixels compared, and how many each stands for.

        All of the most detailed ones, of which a few may make most of the error, and others at
        random: even steps would meet some columns only.
        """
        from scipy.ndimage import uniform_filter

        places = np.flatnonzero(self.compared)
        if len(places) <= most:
            return places, np.ones(len(places))
        detail = np.abs(self.other - uniform_filter(self.other, 5)).ravel()[places]
        loud = most // 2
        # A partial order would be another on other processors, and with it what is drawn.
        order = _stable_order(detail)
        rest = np.random.default_rng(0).choice(order[:-loud], most - loud, replace=False)
        weights = np.ones(most)
        weights[loud:] = (len(places) - loud) / (most - loud)
        return places[np.concatenate([order[-loud:], rest])], weights

    def products(self, half: LagArray, most: int) -> tuple[FloatArray, FloatArray]:
        """Return mean products in each quarter of the frame, and the share of pixels in it.

        Of the sums of mirrored pairs of neighbours and, last, the frames compared with; shapes
        (4, n + 1, n + 1) and (4,). ``half``: shape (n, 2); a lag of each pair.
        """
        padded, radius = self.preview.padded, self.preview.radius
        places, weights = self._some(most)
        y, x = np.divmod(places, self.compared.shape[1])
        width, flat = padded.shape[1], padded.ravel()
        at = ((y + radius) * width + x + radius)[:, np.newaxis]
        away = half[:, 0] * width + half[:, 1]
        values = np.empty((len(places), len(half) + 1), dtype=np.float32)
        values[:, :-1] = flat[at + away]
        values[:, :-1] += flat[at - away]
        values[:, -1] = self.other.ravel()[places]
        # A change of brightness between frames is no error of the prediction.
        values -= np.average(values, axis=0, weights=weights).astype(np.float32)
        values *= np.sqrt(weights)[:, np.newaxis].astype(np.float32)
        quarter = 2 * (2 * y >= self.compared.shape[0]) + (2 * x >= self.compared.shape[1])
        found, shares = np.zeros((4, *2 * (len(half) + 1,))), np.zeros(4)
        for number in range(4):
            inside, share = values[quarter == number], float(weights[quarter == number].sum())
            if share:
                found[number] = inside.T @ inside / share
                shares[number] = share / float(weights.sum())
        found[:, -1, -1] -= self.noise
        return found, shares


class StillScene:
    """Two or more frames of a still scene in which the error of predictions is measured.

    ``radius`` is the largest of the weights. `pixels` are compared, 0 if none can be: not those
    that are not finite, or where something moved.
    """

    def __init__(
        self,
        frames: Frames,
        radius: int,
        *,
        task: Task = NO_TASK,
    ) -> None:
        self._comparisons: list[_Comparison] = []
        self._radius = radius
        # Squares of very large or small values would not fit float32.
        exponent = exponent_for(frames)
        self._square = 2.0 ** (-2 * exponent)
        if exponent:
            frames = ScaledFrames(frames, exponent)
        units = _units(runs_of(frames), frames.frame_shape)
        for done, (numbers, place) in enumerate(units):
            task.report(done, len(units), "Comparing frames")
            self._comparisons += _compared(frames, numbers, place, radius, task)
        task.report(len(units), len(units), "Comparing frames")
        self.pixels = sum(one.pixels for one in self._comparisons)

    def without_pixels(self, variance: float) -> StillScene:
        """Return the scene where a fixed pattern of single pixels is noise, not scene.

        ``variance``: Of that pattern, in squared grey levels.
        """
        scene, scaled = copy(self), variance / self._square
        scene._comparisons = [replace(one, noise=one.noise + scaled) for one in self._comparisons]
        return scene

    def error(self, kernel: ArrayLike) -> float:
        """Return the mean squared error of a prediction with weights, in squared grey levels.

        By chance slightly negative where there is next to no error.
        """
        errors = in_threads(lambda one: one.pixels * one.error(kernel), self._comparisons)
        total = sum(errors)
        return total / self.pixels * self._square

    def prepare(self) -> None:
        """Begin with what `error_of_pairs` needs, on other cores, and return at once."""
        _ = self._begun

    @cached_property
    def _begun(self) -> Callable[[], list[tuple[FloatArray, FloatArray]]]:
        half = mirrored_half(square_lags(self._radius))
        assert half is not None  # a square holds the mirror image of each lag
        most = _SAMPLED // len(self._comparisons)
        return begin(lambda one: one.products(half, most), self._comparisons)

    def _products(self) -> tuple[FloatArray, FloatArray]:
        """Return mean products in each part, a quarter of a frame, and the share of each part."""
        parts = self._begun()
        shares = [
            one.pixels / self.pixels * part[1]
            for one, part in zip(self._comparisons, parts, strict=True)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate(shares)

    def errors_by_half(self, weights: FloatArray) -> FloatArray:
        """Return the error in the halves of the field, shape (4,); else as `error_of_pairs`.

        Of the upper and the lower one, the left and the right one.
        """
        values = np.append(weights, -1.0)
        return np.array([values @ one @ values for one in self._half_products]) * self._square

    @cached_property
    def _half_products(self) -> FloatArray:
        products, shares = self._products()
        quarters, pixels = shares.reshape(-1, 4), shares.reshape(-1, 4).sum(axis=0)
        sums = np.einsum("fq,fqij->qij", quarters, products.reshape(-1, 4, *products.shape[1:]))
        halves = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]])
        whole = np.maximum(halves @ pixels, 1e-300)[:, np.newaxis, np.newaxis]
        return np.asarray(np.tensordot(halves, sums, axes=1) / whole)

    def error_of_pairs(self, weights: FloatArray) -> float:
        """Return the error as `error` does, from some of the pixels.

        ``weights``: shape (n,); of a lag of each mirrored pair of the square, both having the same.
        """
        values = np.append(weights, -1.0)
        return float(values @ self._mean_products @ values) * self._square

    @cached_property
    def _mean_products(self) -> FloatArray:
        products, shares = self._products()
        return np.asarray(np.einsum("p,pij->ij", shares, products))


def _stable_order(values: Float32Array) -> NDArray[np.intp]:
    """Return the order of values from 0 up, equal ones as they come: a quick stable `argsort`."""
    # The bits of such floats are in their order; below them the places, which thus are sorted too.
    keys = values.view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= np.arange(len(values), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(2**32 - 1)).astype(np.intp)


def _units(runs: Sequence[range], shape: tuple[int, int]) -> list[tuple[range, Place]]:
    """Return the consecutive frames and rectangles to compare, evenly spread."""
    together = min(_TOGETHER, max(map(len, runs)))
    predicted = min(_PREDICTED, together)
    every = [run[i : i + together] for run in runs for i in range(len(run) - together + 1)]
    area = shape[0] * shape[1]
    if predicted * area <= _WHOLE:
        most = sum(len(run) // together for run in runs)
        count = min(most, _WHOLE // (predicted * area))
        whole = (0, shape[0], 0, shape[1])
        return [(every[index], whole) for index in _spread(len(every) - 1, count)]
    down, across = (cuts(side, max(1, round(side / _TILE))) for side in shape)
    tiles = [(*y, *x) for y in down for x in across]
    count = min(len(tiles), _OF_LARGE // (predicted * _TILE**2))
    first = np.linspace(0, len(every) - 1, count).round().astype(int)
    chosen = _spread(len(tiles) - 1, count)
    return [(every[index], tiles[tile]) for index, tile in zip(first, chosen, strict=True)]


def _spread(last: int, count: int) -> list[int]:
    """Return whole numbers from 0 to the last, evenly spread; of one, the middle."""
    if count == 1:
        return [last // 2]
    return [int(i) for i in np.linspace(0, last, count).round()]


def _compared(
    frames: Frames, numbers: range, place: Place, radius: int, task: Task
) -> list[_Comparison]:
    """Return some of the consecutive frames, each with the mean of the others."""
    height, width = frames.frame_shape
    # The prediction sees beyond a tile, as it does within a whole frame.
    y0, y1 = max(0, place[0] - radius), min(height, place[1] + radius)
    x0, x1 = max(0, place[2] - radius), min(width, place[3] + radius)
    good = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    good[place[0] - y0 : place[1] - y0, place[2] - x0 : place[3] - x0] = True
    parts = [_numbers(frames.read(frame, y0, y1)[:, x0:x1]) for frame in numbers]

    def still(pair: tuple[FloatArray, FloatArray]) -> BoolArray:
        task.stop_if_cancelled()
        difference = pair[0] - pair[1]
        finite = np.isfinite(difference)
        return finite & unmoved(difference, finite)

    # A frame without any pixel, as one that was dropped, must not end the comparison.
    parts = [part for part in parts if np.isfinite(part).any()]
    together = len(parts)
    if together < 2:
        return []
    for found in in_threads(still, pairwise(parts)):
        good &= found
    pixels = int(good.sum())
    if pixels < _FEWEST:
        return []
    compared = good.astype(np.float32)

    def comparison(index: int) -> _Comparison:
        task.stop_if_cancelled()
        others = np.stack([part for i, part in enumerate(parts) if i != index])
        mean = others.mean(axis=0)
        if together > 2:
            spread = float((others - mean)[:, good].var(axis=1).sum()) / (together - 2)
            noise = spread / (together - 1)
        else:
            noise = float((parts[0] - parts[1])[good].var()) / 2
        preview = Preview(parts[index], radius)
        other = np.where(good, mean - preview.mean, 0.0).astype(np.float32)
        return _Comparison(preview, other, compared, pixels, noise)

    return list(in_threads(comparison, evenly(together, _PREDICTED)))


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return pixels as float64, those not finite as NaN, so that differences raise no warning."""
    image = values.astype(np.float64)
    image[~np.isfinite(image)] = np.nan
    return image
