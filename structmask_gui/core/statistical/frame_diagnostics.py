"""Evidence from whole frames: row and column offsets, fixed patterns, resampling, photons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.stack.fill import clear_part
from structmask_gui.core.stack.frames import (
    CutFrames,
    Frames,
    Region,
    detail_limit,
    evenly,
    fine_detail,
    finite,
    middle,
)
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.statistical.tiles import image_power
from structmask_gui.core.threads import in_threads

_MOST_FRAMES = 24
# Pixels of a frame that are processed together.
_BAND_PIXELS = 2**19
# Frequencies next to the highest a pixel grid holds; resampling empties them.
_EDGE, _FINE = 0.46, 0.2
# Frequencies just below; power at the highest over that, below which it still falls.
_NEAR, _FALLS = 0.4, 0.4
# Each row is cut into so many stretches; those at least so many pixels apart are compared.
_STRETCHES, _APART = 8, 24
_BEYOND_CHANCE = 4.5
# Share by which the variance of counts may differ from their mean: structure of that share makes no
# correlation that is asked for.
_SHOT_NOISE = 0.02

# Blocks of codecs, the grey levels that they write, and how near whole numbers scaling leaves them.
_BLOCK, _LEVELS, _ROUNDED = 8, 256, 0.01
# Pixels of a side in which they are sought; waves of some fineness, of which codecs keep enough and
# samples have little; and steps, of which most larger ones are multiples.
_CODED = 256
_WAVES = [(u, v) for u in range(1, 5) for v in range(1, 5) if 3 <= u + v <= 5]
_STEPS = range(2, 9)
# Edges of blocks of equal pixels along each side, from which these are no chance.
_FEWEST_EDGES = 8
# Of the pixels that do not have the commonest value, share that equal three of their neighbours,
# from which noise has been taken out; of so many at least. Dim images of 8 bits reach 0.5.
_PLATEAUS, _FEWEST_PIXELS = 0.7, 50
# Frequencies off the axes, and of fine detail; see `_finest_along`.
_OFF_AXIS, _MIDDLE = 0.05, 0.3
# Frames that are looked at for signs of registration; the factor between them of what is finest
# along rows over what is along columns; that by chance, in logarithms, times the root of the number
# of waves (the most in 1000 stacks of noise); and the share of fine detail below which
# nothing is compared.
_SOME, _OTHERWISE, _CHANCE, _HARDLY_ANY = 6, 3.0, 20.0, 0.1

LINE_SHARE = 0.01
"""Share of the variance from which line offsets count."""

BLOCKY = 0.1
"""`blockiness` of compressed frames: these had 0.2 to 0.9 in simulations, others up to 0.04."""


@dataclass(frozen=True)
class LineCovariance:
    """Covariance of far apart parts of the same rows, or columns."""

    value: float  # In squared grey levels: the variance of offsets that run from edge to edge
    error: float  # Its standard error

    @property
    def sure(self) -> bool:
        """Whether it is beyond chance."""
        return self.value > _BEYOND_CHANCE * self.error


_NO_LINES = LineCovariance(0.0, 0.0)


@dataclass(frozen=True)
class FrameEvidence:
    """Evidence from whole frames."""

    rows: LineCovariance  # Lines from edge to edge in the noise that was measured
    columns: LineCovariance
    fixed_rows: LineCovariance | None
    fixed_columns: LineCovariance | None
    """The same between different frames: lines that are the same in every frame."""
    fixed_tested: bool  # Whether fixed-pattern noise of any shape could be tested
    fixed_sure: bool  # Whether different frames share fine detail beyond chance
    edge_power: float
    """Power at the highest frequencies over the power of fine detail, in the direction where it is
    less; near 0 in images that were resampled. Where it falls no further, over the power just
    below, which is the noise's own."""

    def lines(self, variance: float, least: float) -> tuple[LineCovariance, LineCovariance]:
        """Return the rows and columns that hold at least a share of a variance; else 0."""
        rows, columns = (
            lines if lines.sure and lines.value >= least * variance else _NO_LINES
            for lines in (self.rows, self.columns)
        )
        return rows, columns


def with_lines(lags: LagEstimate, rows: LineCovariance, columns: LineCovariance) -> LagEstimate:
    """Return a correlation with row and column offsets added to it.

    ``rows``, ``columns``: Their variance, in squared grey levels; 0 where none were removed.
    """
    covariance, middle = lags.covariance, lags.reach
    error = (lags.standard_error * lags.variance) ** 2
    covariance[middle] += rows.value
    covariance[:, middle] += columns.value
    # The centre lies in both.
    error[middle] += rows.error**2
    error[:, middle] += columns.error**2
    total = float(covariance[middle, middle])
    error[middle, middle] = 0.0
    return replace(
        lags, rho=covariance / total, standard_error=np.sqrt(error) / total, variance=total
    )


def diagnose_frames(source: NoiseSource, power: FloatArray) -> FrameEvidence:
    """Gather what whole frames show.

    ``power``: shape (side, side // 2 + 1); the mean spectrum of the measured patches.
    """
    frames = _WholeFrames(source)
    row_products, column_products = [], []
    numbers = evenly(source.frames.n_frames, _MOST_FRAMES)
    for lines in frames.lines([((source.frames, number),) for number in numbers]):
        row_products.append(_far_products(lines.rows[0], lines.rows[0]))
        column_products.append(_far_products(lines.columns[0], lines.columns[0]))
    fixed_rows = fixed_columns = None
    tested = sure = False
    if source.raw.n_frames > 1:
        fixed_rows, fixed_columns, share, error = frames.fixed()
        tested = not any(source.still)
        sure = tested and share > 0.01 and share > 5 * error
    return FrameEvidence(
        rows=_covariance(row_products),
        columns=_covariance(column_products),
        fixed_rows=fixed_rows,
        fixed_columns=fixed_columns,
        fixed_tested=tested,
        fixed_sure=sure,
        edge_power=_edge_power(power),
    )


class _WholeFrames:
    """Reads whole frames, at most 24 of them, a band of rows at a time."""

    def __init__(self, source: NoiseSource) -> None:
        self._stored, self._task = source.raw, source.task
        height, width = source.raw.frame_shape
        self._region = source.region or Region(0, height, 0, width)

    def fixed(self) -> tuple[LineCovariance, LineCovariance, float, float]:
        rows, columns, shares = [], [], []
        half = self._stored.n_frames // 2
        # Frames far apart in time have only a fixed pattern in common.
        pairs = [
            ((self._stored, number), (self._stored, number + half))
            for number in evenly(half, _MOST_FRAMES)
        ]
        for lines in self.lines(pairs):
            rows.append(_far_products(*lines.rows))
            columns.append(_far_products(*lines.columns))
            shares.append(lines.share)
        height, width = self._region.shape
        error = 1 / np.sqrt(len(pairs) * (height - 2) * (width - 2) / 9)
        error = max(float(error), _between(shares))
        return _of_pairs(rows), _of_pairs(columns), float(np.mean(shares)), error

    def lines(self, groups: Sequence[_Group]) -> Iterator[_Lines]:
        """Yield the means of the lines of each group of frames, the groups in order."""
        bands = (band for number, group in enumerate(groups) for band in self._read(number, group))
        with closing(in_threads(self._sums, bands)) as parts:
            for _, same in groupby(parts, key=lambda part: part.number):
                yield _joined(list(same), self._region.shape)

    def _read(self, number: int, group: _Group) -> Iterator[_Band]:
        """Yield the frames of a group a band of rows at a time, and a row more on either side."""
        box = self._region
        height, width = box.shape
        step = max(_STRETCHES, _BAND_PIXELS // width)
        for y0 in range(0, height, step):
            self._task.stop_if_cancelled()
            y1 = min(y0 + step, height)
            first, last = max(y0 - 1, 0), min(y1 + 1, height)
            values = [
                finite(frames.read(frame, box.y0 + first, box.y0 + last)[:, box.x0 : box.x1])
                for frames, frame in group
            ]
            yield _Band(number, y0, y1, first, values)

    def _sums(self, band: _Band) -> _Sums:
        height, width = self._region.shape
        down, across = height // _STRETCHES, width // _STRETCHES
        rows, columns = [], []
        for values in band.frames:
            self._task.stop_if_cancelled()
            inside = values[band.y0 - band.first : band.y1 - band.first]
            cut = inside[:, : across * _STRETCHES].reshape(len(inside), _STRETCHES, across)
            rows.append(cut.mean(axis=2))
            sums = np.zeros((_STRETCHES, width))
            for stretch in range(_STRETCHES):
                low, high = (max(edge * down - band.y0, 0) for edge in (stretch, stretch + 1))
                sums[stretch] = inside[low:high].sum(axis=0)
            columns.append(sums)
        products = np.zeros(3)
        if len(band.frames) == 2:
            a, b = (fine_detail(values) for values in band.frames)
            for values in (a, b):
                # Limited, so that hot pixels and edges do not decide.
                limit = detail_limit(values)
                np.clip(values, -limit, limit, out=values)
            self._task.stop_if_cancelled()
            products = np.array([np.vdot(a, b), np.vdot(a, a), np.vdot(b, b)])
        return _Sums(band.number, rows, columns, products)


_Group = tuple[tuple[Frames, int], ...]


class _Band(NamedTuple):
    """Rows ``y0`` to ``y1`` of the frames of a group; their arrays begin at row ``first``."""

    number: int
    y0: int
    y1: int
    first: int
    frames: list[FloatArray]


class _Sums(NamedTuple):
    """Of each frame of a band: means of the stretches of rows, sums of those of columns.

    And the products of the fine detail of two frames: with each other, and each with itself.
    """

    number: int
    rows: list[FloatArray]
    columns: list[FloatArray]
    products: FloatArray


class _Lines(NamedTuple):
    """Of each frame of a group: the stretches of its rows, and of its columns.

    And the share of the fine detail's variance that two frames have in common.
    """

    rows: list[_Stretches]
    columns: list[_Stretches]
    share: float


def _joined(parts: list[_Sums], shape: tuple[int, int]) -> _Lines:
    """Join the bands of a group of frames."""
    down, across = (side // _STRETCHES for side in shape)
    frames = range(len(parts[0].rows))
    rows = [np.concatenate([part.rows[frame] for part in parts]) for frame in frames]
    columns = [np.sum([part.columns[frame] for part in parts], axis=0) for frame in frames]
    both, first, other = np.sum([part.products for part in parts], axis=0)
    norm = float(np.sqrt(first * other))
    return _Lines(
        [_Stretches(means, across) for means in rows],
        [_Stretches(sums.T / down, down) for sums in columns],
        float(both) / norm if norm > 0 else 0.0,
    )


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Means of stretches of each line, shape (lines, stretches), and the length of a stretch."""

    means: FloatArray
    length: int


def _far_products(a: _Stretches, b: _Stretches) -> FloatArray:
    """Mean product, row by row, of means of far apart stretches of the row, slow changes removed.

    Second differences from row to row leave little structure, and raise the variance of offsets
    that are independent from row to row by 1.5.
    """
    first, other = (
        lines.means[1:-1] - (lines.means[:-2] + lines.means[2:]) / 2 for lines in (a, b)
    )
    index = np.arange(_STRETCHES)
    # Farther apart than any correlation of finite range that a mask could hide.
    gap = min(1 + -(-_APART // a.length), _STRETCHES // 2)
    far = (np.abs(index[:, None] - index[None]) >= gap).astype(np.float64)
    products = np.einsum("yj,yj->y", first @ far, other)
    return np.asarray(products / far.sum() / 1.5)


def _covariance(products: list[FloatArray]) -> LineCovariance:
    values = np.concatenate(products)
    # Second differences of neighbouring rows overlap: about every second one counts.
    error = float(values.std()) / np.sqrt(max(values.size / 2, 1))
    return LineCovariance(float(values.mean()), error)


def _of_pairs(products: list[FloatArray]) -> LineCovariance:
    """Return the same of pairs of frames, each of which may have much in common by chance."""
    found = _covariance(products)
    means = [float(one.mean()) for one in products]
    return LineCovariance(found.value, max(found.error, _between(means)))


def _between(values: list[float]) -> float:
    """Return the standard error of a mean by how its values spread; 0 of less than three."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 2 else 0.0


def _edge_power(power: AnyArray) -> float:
    side = power.shape[0]
    y, x = np.abs(np.fft.fftfreq(side))[:, None], np.fft.rfftfreq(side)[None]
    fine = float(power[np.hypot(y, x) > _FINE].mean())
    if fine <= 0:
        return 1.0
    edges = []
    for edge, near in (
        (power[:, x[0] >= _EDGE], power[:, (x[0] >= _NEAR) & (x[0] < _EDGE)]),
        (power[y[:, 0] >= _EDGE], power[(y[:, 0] >= _NEAR) & (y[:, 0] < _EDGE)]),
    ):
        least = float(edge.mean())
        # White noise under a strong structure has little there beside it, but falls no further.
        even = least > _FALLS * float(near.mean())
        edges.append(least / (float(near.mean()) if even else fine))
    return min(edges)


def photons_alone(
    pixels: FloatArray, lags: LagEstimate, brightness: FloatArray, area: int
) -> float:
    """Return the number of photons in frames that vary by no more than chance makes them; else 0.

    The variance of counts is their mean, also where each photon is counted in several neighbours;
    any structure adds to it. Then all that varies is noise, however correlated.

    ``pixels``: shape (n, y, x); some of the frames as stored.
    ``brightness``: shape (patches,); mean of each patch that was pooled into ``lags``.
    ``area``: pixels of a patch.
    """
    if pixels.min() != 0 or not pixels.any():
        return 0.0
    photon = float(pixels[pixels > 0].min())
    if np.remainder(pixels, photon).any():
        return 0.0
    mean = float(brightness.mean()) / photon
    ratio = lags.variance / photon**2 / max(mean, 1e-300)
    # The fourth cumulant of counts is their mean.
    spread = (1 / max(mean, 1e-300) + 2) * float((lags.rho**2).sum())
    error = float(np.sqrt(spread / (len(brightness) * area)))
    found = abs(ratio - 1) < _SHOT_NOISE + 3 * error
    return mean * len(brightness) * area if found else 0.0


def enlargement(frames: AnyArray) -> tuple[int, int] | None:
    """Return the height and width of the blocks of equal pixels that frames consist of, if any.

    ``frames``: shape (n, height, width); as stored. In both directions, lines differ from the next
    at the edges of blocks alone, and at most of these: one pixel of noise elsewhere is enough to
    show that there are none.
    """
    sides = []
    for axis in (1, 2):
        differ = np.diff(frames, axis=axis).any(axis=(0, 3 - axis))
        edges = np.flatnonzero(differ)
        side = int(np.gcd.reduce(np.diff(edges))) if len(edges) >= _FEWEST_EDGES else 1
        # Few edges at equal distances may be the sample's.
        if side < 2 or len(edges) < np.ptp(edges) / side / 2:
            return None
        sides.append(side)
    return sides[0], sides[1]


def drawn(frame: AnyArray) -> bool:
    """Whether a frame consists of areas of one value, as a segmentation or a drawing does.

    ``frame``: shape (height, width); as stored.
    """
    levels, counts = np.unique(frame, return_counts=True)
    inner = frame[1:-1, 1:-1]
    around = (frame[:-2, 1:-1], frame[2:, 1:-1], frame[1:-1, :-2], frame[1:-1, 2:])
    equal = sum((inner == other).astype(np.int8) for other in around)
    # The commonest value may be fill, or the dark of an image of single photons.
    there = inner != levels[counts.argmax()]
    return bool(there.sum() >= _FEWEST_PIXELS and (equal >= 3)[there].mean() > _PLATEAUS)


def registered(frames: Frames) -> bool:
    """Whether frames were moved, each by other parts of a pixel, to match each other.

    A shift by half a pixel takes what is finest along it, one by whole pixels nothing. What a
    camera records is as fine along rows, beside along columns, in one frame as in the next.
    """
    numbers = evenly(frames.n_frames, _SOME)
    part = clear_part(frames)
    inside = frames if part is None else CutFrames(frames, part)
    if min(inside.frame_shape) < 2 * _BLOCK or len(numbers) < 2:
        return False
    found = [_finest_along(middle(inside, number)) for number in numbers]
    ratios = np.sort(np.log([ratio for ratio, _ in found]))
    by_chance = _CHANCE / np.sqrt(found[0][1])
    # Of frames of two kinds, as in the dark and in light, those of either are alike.
    spread = np.ptp(ratios) - np.diff(ratios).max()
    return bool(min(np.ptp(ratios), 2 * spread) > max(np.log(_OTHERWISE), by_chance))


def _finest_along(frame: NDArray[np.float64]) -> tuple[float, int]:
    """Return the power of what is finest along rows over that along columns, of how many waves.

    Offsets of whole lines, and what is as fine along both, are left out.
    """
    power = image_power(frame)
    y, x = (np.abs(np.fft.fftfreq(side)) for side in frame.shape)
    y = y[:, np.newaxis]
    fine = power[(np.hypot(y, x) > _MIDDLE) & (np.hypot(y, x) < _NEAR)].mean()
    along, down = (
        power[(a > _EDGE) & (b > _OFF_AXIS) & (b < _MIDDLE)] for a, b in ((x, y), (y, x))
    )
    least = max(_HARDLY_ANY * float(fine), 1e-300)
    ratio = (float(along.mean()) + least) / (float(down.mean()) + least)
    return ratio, min(along.size, down.size)


def blockiness(frame: FloatArray) -> float:
    """Return how far 8 x 8 blocks whose waves have few sizes stand out, as a codec leaves them.

    JPEG and video round the weight of each wave (DCT) of each block to multiples of a step. Where
    the blocks begin, weights lie near these multiples; at the 63 other places they do not, whatever
    is in the frame. 0 to 1, from the place where they do most to the next; 0 for frames of more
    than 256 grey levels, which no such codec writes. Qualities above 96 round too little to show.

    ``frame``: shape (height, width); as stored. Grey levels may be any multiples of a step.
    """
    height, width = frame.shape
    y0, x0 = (max(0, side - _CODED) // 2 for side in frame.shape)
    levels = _grey_levels(frame[y0 : y0 + _CODED, x0 : x0 + _CODED])
    if levels is None or min(height, width) < 8 * _BLOCK:
        return 0.0
    order = np.arange(_BLOCK)
    waves = np.cos(np.pi / 2 / _BLOCK * np.outer(order, 2 * order + 1)) * np.sqrt(2 / _BLOCK)
    rows, columns = ((side - _BLOCK + 1) // _BLOCK * _BLOCK for side in levels.shape)
    alike = np.zeros((_BLOCK, _BLOCK))
    down = np.lib.stride_tricks.sliding_window_view(levels, _BLOCK, axis=0) @ waves.T
    for u, v in _WAVES:
        blocks = np.lib.stride_tricks.sliding_window_view(down[:rows, :, u], _BLOCK, axis=1)
        weights = blocks[:, :columns] @ waves[v]
        alike += np.max([_gathered(weights / step) for step in _STEPS], axis=0)
    following, most = np.sort(alike, axis=None)[-2:] / len(_WAVES)
    return float(most - following)


def _gathered(weights: FloatArray) -> FloatArray:
    """Return how close to whole numbers, plus any constant, the weights of blocks are.

    0 to 1, by where the blocks begin, shape (8, 8). ``weights``: shape (y, x); by the first pixel.
    """
    turns = (2 * np.pi * weights).astype(np.float32)
    height, width = turns.shape
    shape = (height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    parts = [part.reshape(shape).mean(axis=(0, 2)) for part in (np.cos(turns), np.sin(turns))]
    return np.asarray(np.hypot(*parts))


def _grey_levels(values: FloatArray) -> FloatArray | None:
    """Return values as whole numbers from 0 to 255, if their least distance is a unit of all."""
    found = np.unique(values)
    if not 2 <= len(found) <= _LEVELS:
        return None
    step = np.diff(found).min()
    if np.ptp(found) > (_LEVELS - 0.5) * step:
        return None
    levels = (values - found[0]) / step
    whole = np.rint(levels)
    return whole if np.abs(levels - whole).max() < _ROUNDED else None
