"""Patterns that lags hardly show: narrow peaks in the power, and patterns in every frame.

Differences of frames are blind to what stays. It is sought in the mean over frames, where temporal
noise is small: as a regular pattern, and in the flattest parts, where structure hides nothing.

Noise that lasts is the same in part from a frame, or plane, to the next. Of frames that share
nothing, neighbouring differences have the middle frame's noise in common and so a correlation of
-1/2, whatever stays in place; of fine detail, hardly anything else changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import SIGMA_PER_MAD, BoolArray, FloatArray
from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.destripe import ENOUGH_TO_COMPARE, SPAN
from structmask_gui.core.stack.fill import clear_part
from structmask_gui.core.stack.frames import (
    CutFrames,
    Frames,
    Lines,
    apart,
    destriped_lines,
    detail_limit,
    disjoint,
    evenly,
    fine_detail,
    middle,
    runs_of,
)
from structmask_gui.core.statistical.changes import (
    Read,
    autocovariance,
    in_threes,
    without_changes,
    without_common,
)
from structmask_gui.core.statistical.source import NoiseSource
from structmask_gui.core.statistical.tiles import cut_tiles, image_power
from structmask_gui.core.threads import in_threads

_MOST_FRAMES, _MOST_DIFFERENCES = 24, 8
# Power of a peak over its surroundings, in one periodogram; share of the noise's variance in it.
_PEAK, _SHARE = 25.0, 0.01
# Power in the mean over so many frames, over that in one frame, from which a peak does not shift;
# and over that in differences, which have little of what stays.
_STAYS, _FEWEST, _FAR_MORE = 0.8, 4, 20.0
# The same below which a peak of the mean may be what shifts, as a mean of two frames has it.
_MORE_HELD = 4.0
# Width of the surroundings; bins next to an axis, where row and column offsets are.
_AROUND, _AXIS = 9, 2.5
_LOWEST_FREQUENCY, _LOWEST_BIN = 0.03, 5.0
# Bands along lines: their power over that at frequencies a little lower and higher, in one
# periodogram; the fewest across the frame; how oblique they are, and how far from theirs the other
# frequencies, in bins. What repeats within `SPAN` lines goes with their offsets.
_BANDS, _FEWEST_BANDS, _OBLIQUE = 100.0, 3, 2
_NEXT, _FAR = 3, 6
# Share of the pairs of frames that moved, from which a sample does.
_OFTEN = 0.5
_TILE = 32
# Quietest share of the tiles, and how little of the noise's variance may be the same in all frames.
_QUIETEST, _NOTHING = 0.1, 0.04
# Variance of a pattern of single pixels, over the noise's, that is told; standard errors that make
# it sure; largest correlation of fine detail with that one pixel away.
_PIXELS, _SURE_OF_PIXELS, _BESIDE_ONE = 0.1, 6.0, -0.25
# Runs of frames that are compared with their neighbours, and how far apart; lags of that.
_MOST_RUNS, _FEW_RUNS = 8, 4
_FARTHEST = 3
_REACH = 10
# Longer runs, in which the noise's whole variance is sought, and their length.
_LONG_RUNS, _LONG = 3, 8
# How far the correlation of neighbouring differences is from -1/2, and in standard errors.
_SHARED, _SURELY = 0.03, 5.0
# Difference of two correlations per lag, from which frames share other noise than they hold.
_UNLIKE, _NEAR = 0.04, 3

# Steps: rows that are averaged; distance from which on, and surroundings; largest energy, over what
# is usual in the same rows; largest deviation that counts, and least of each step; standard errors
# that make them sure, all together and without the largest; distance of the edges of blocks that
# codecs leave.
_ROWS, _CLOSEST, _BESIDE, _LOUDEST = 8, 20, 15, 9.0
_COUNTS, _EACH, _SURE_OF_STEPS, _OTHERS, _CODEC = 8.0, 1.0, 7.0, 4.0, 8
# Median of the square of a standard normal deviate.
_MEDIAN_SQUARE = 0.455


@dataclass(frozen=True, eq=False)
class Lasting:
    """The noise that neighbouring frames share."""

    beyond: float  # Correlation of neighbouring differences of fine detail, plus 1/2
    error: float  # Its standard error
    whole: float = 1.0
    """The noise's variance over half that of neighbouring differences, of fine detail."""
    rho: FloatArray | None = None
    """Shape (2, 2 r + 1, 2 r + 1); correlation with the next frame and the one after, per lag,
    taken as 0 from the third on; None where less than four frames, or nothing shared."""
    unlike: float = 0.0
    """Largest difference of the correlations per lag of near and of far frames' differences."""

    @property
    def shared(self) -> bool:
        """Whether frames share noise."""
        return abs(self.beyond) > max(_SHARED, _SURELY * self.error)

    @property
    def share(self) -> float:
        """Correlation of a frame's noise with the next one's."""
        return 1 - 1 / self.whole

    @property
    def misleads(self) -> bool:
        """Whether differences have another correlation than single frames."""
        return self.shared and self.unlike > _UNLIKE


@dataclass(frozen=True)
class Patterns:
    """Patterns in whole frames, beside the correlation."""

    periodic: bool = False
    """Whether the noise, or a frame if there is but one, has a narrow peak off the axes."""
    regular: bool = False  # Whether the mean over frames has a narrow peak, which the noise lacks
    steps: bool = False  # Whether it has steps along whole rows or columns, at equal distances
    static_share: float | None = None
    """Variance that is the same in every frame over that of the noise, in the flattest parts; None
    where that was not measured."""
    static_error: float = 0.0  # Its standard error
    lasting: Lasting | None = None  # What neighbouring frames share of their noise
    pixels: float = 0.0
    """Variance, over that of the noise, of a pattern of single pixels that is the same in every
    frame, in fine detail; 0 where there is none."""
    bands: Lines | None = None
    """The lines along which there are regular bands that shift from frame to frame, and that go
    with the offsets of these lines."""

    @property
    def shared(self) -> bool:
        """Whether neighbouring frames share noise."""
        return self.lasting is not None and self.lasting.shared

    @property
    def misleads(self) -> bool:
        """Whether what frames seem to share is of another shape than what they differ in."""
        return self.lasting is not None and self.lasting.misleads

    @property
    def fixed_excluded(self) -> bool:
        """Whether the flattest parts hold no fixed pattern."""
        share, seen = self.static_share, self.regular or self.steps
        return not seen and share is not None and share < _NOTHING + 2 * self.static_error


def find_patterns(source: NoiseSource) -> Patterns:
    """Look for patterns in the middle of the frames, at most 512 pixels wide and high."""
    lasting = find_lasting(
        lambda number: _inside(source, source.raw, number),
        runs_of(source.raw),
        source.task,
        still=source.base == "difference",
    )
    noise = _Periodogram.of(source, source.frames)
    if source.raw.n_frames == 1:
        return Patterns(periodic=noise.peak(off_axes=True), lasting=lasting)
    halves, counts = _half_means(source)
    count = sum(counts)
    mean = (halves[0] * counts[0] + halves[1] * counts[1]) / count
    steps = steps_at_equal_distances(mean, noise.variance) or steps_at_equal_distances(
        mean.T, noise.variance
    )
    held = _Periodogram(image_power(mean), 1)
    if source.base != "difference":
        # The mean over a few frames holds by chance what shifts, too.
        most = _STAYS if count >= _FEWEST else np.inf
        periodic = noise.peak(off_axes=True, unless=held.power > most * noise.power)
        stays = not periodic and noise.peak(off_axes=True)
        return Patterns(periodic=periodic, regular=stays, steps=steps, lasting=lasting)
    # Row and column offsets that are new in every frame are in the mean as well.
    lines = noise.peak(off_axes=False)
    # A regular sample shows in differences by the noise that follows its brightness.
    # And one whose brightness changes differs by the same image again and again.
    ratio = held.power / np.maximum(noise.power, 1e-300)
    as_held = ratio > _FAR_MORE
    periodic = noise.peak(off_axes=True, unless=as_held, alike=ratio > 1)
    bands = noise.bands(as_held)
    if bands == "oblique" or (bands is not None and not _goes_with_offsets(source, bands)):
        periodic, bands = True, None
    regular = not periodic and held.peak(
        off_axes=lines, variance=noise.variance, unless=ratio < _MORE_HELD
    )
    share, error = _static_share(source, mean, count)
    if lasting is not None and lasting.shared:
        # The noise does not average out in the mean as if frames were independent.
        return Patterns(periodic, steps=steps, lasting=lasting, bands=bands)
    pixels = pattern_of_pixels(*halves, *counts)
    return Patterns(periodic, regular, steps, share, error, lasting, pixels, bands)


def _goes_with_offsets(source: NoiseSource, lines: Lines) -> bool:
    """Whether slow bands go with the offsets of lines, as those of a sample that lies still do."""
    removed = destriped_lines(source.raw) == lines
    # Bands that shift may be taken for a sample that moves, now and then.
    moved = np.mean([relation.moved for relation in source.relations] or [False]) > _OFTEN
    return not removed and not moved and source.raw.n_frames >= ENOUGH_TO_COMPARE


@dataclass(frozen=True, eq=False)
class _Periodogram:
    """The mean power spectrum of whole frames."""

    power: FloatArray
    count: int

    @classmethod
    def of(cls, source: NoiseSource, frames: Frames) -> _Periodogram:
        numbers = evenly(frames.n_frames, _MOST_DIFFERENCES)
        total = sum(in_threads(image_power, _all_inside(source, frames, numbers)), np.zeros(()))
        return cls(total / len(numbers), len(numbers))

    @property
    def variance(self) -> float:
        return float(self.power.mean())

    def peak(
        self,
        *,
        off_axes: bool,
        variance: float | None = None,
        unless: BoolArray | None = None,
        alike: BoolArray | None = None,
    ) -> bool:
        """Whether there is a narrow peak that holds enough of a variance, or of its own.

        ``unless``: frequencies at which a peak does not count.
        ``alike``: those at which all frames may have the same, so that their mean is as rough as
        one of them.
        """
        from scipy.ndimage import uniform_filter

        height, width = self.power.shape
        fy, fx = np.abs(np.fft.fftfreq(height))[:, None], np.abs(np.fft.fftfreq(width))[None]
        lowest = max(_LOWEST_FREQUENCY, _LOWEST_BIN / min(height, width))
        sought: BoolArray = np.hypot(fy, fx) > lowest
        if unless is not None:
            sought = sought & ~unless
        if off_axes:
            sought = sought & (fy > _AXIS / height) & (fx > _AXIS / width)
        floor = 1e-12 * max(self.variance, 1e-300)
        level = uniform_filter(np.log(np.maximum(self.power, floor)), _AROUND, mode="wrap")
        # The mean logarithm of one periodogram is lower than that of the mean.
        around = np.exp(level) * (1.0 + 0.78 / self.count)
        limit = np.full(self.power.shape, 1.0 + (_PEAK - 1.0) / np.sqrt(self.count))
        if alike is not None:
            limit[alike] = _PEAK
        held = 9 * uniform_filter(self.power, 3, mode="wrap") / self.power.size
        # A real frame has each peak twice.
        enough = 2 * held > _SHARE * (self.variance if variance is None else variance)
        return bool((sought & enough & (self.power > limit * around)).any())

    def bands(self, unless: BoolArray) -> Lines | Literal["oblique"] | None:
        """Return along which lines there are regular bands, or that they are oblique by a little.

        ``unless``: frequencies at which they do not count.
        """
        limit = max(_BANDS / np.sqrt(self.count), 1.0)
        near = np.arange(-_OBLIQUE, _OBLIQUE + 1)
        found: list[tuple[float, Lines | Literal["oblique"]]] = []
        ways: tuple[tuple[Lines, FloatArray, BoolArray], ...] = (
            ("rows", self.power, unless),
            ("columns", self.power.T, unless.T),
        )
        for lines, power, stays in ways:
            at = np.arange(_FEWEST_BANDS, len(power) // SPAN)
            sums = _sums(power[:, near])
            lowest, low = np.maximum(at - _FAR, 1), np.maximum(at - _NEXT, 1) + 1
            lower = (sums[low] - sums[lowest]) / (low - lowest)[:, np.newaxis]
            higher = (sums[at + _FAR + 1] - sums[at + _NEXT]) / (_FAR + 1 - _NEXT)
            shifting = np.where(stays[:, near], 0.0, power[:, near])
            counted = _sums(shifting)
            # A real frame has each frequency twice.
            held = 2 * (counted[at + 2] - counted[at - 1])
            there = shifting[at] > limit * np.maximum(lower, higher)
            there &= held > _SHARE * float(power.sum())
            if there.any():
                best = int(np.argmax(np.where(there, held, -np.inf))) // len(near)
                # Under the window, straight bands have a quarter beside their frequency.
                peak = power[at[best]]
                straight = 2 * max(peak[1], peak[-1]) < peak[0]
                found.append((float(held[there].max()), lines if straight else "oblique"))
        return max(found)[1] if found else None


def _sums(values: FloatArray) -> FloatArray:
    """Return the sums of the first 0, 1, 2 … rows."""
    return np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])


class Changes(NamedTuple):
    """Whether it was tested that a sample changes, and the noise without that if it does."""

    tested: bool = False
    noise: LagEstimate | None = None


def sample_changes(source: NoiseSource, lags: LagEstimate, *, shared: bool) -> Changes:
    """Return the noise without what a changing sample adds to differences.

    Whether frames differ more the further apart they are (`without_changes`); where they were
    shifted or scaled to match, or no three follow one another, whether what they differ in is
    like what they share (`without_common`).
    """

    def read(number: int) -> NDArray[np.float64]:
        return _inside(source, source.raw, number)

    threes = successions(runs_of(source.raw), 3, _FEW_RUNS)
    if threes and all(relation.fits for relation in source.relations):
        return Changes(True, without_changes(read, threes, lags, source.task, shared=shared))
    pairs = disjoint(source.raw)
    pairs = [pairs[index] for index in evenly(len(pairs), _FEW_RUNS)]
    return Changes(noise=without_common(read, pairs, lags, source.task))


def _inside(source: NoiseSource, frames: Frames, number: int) -> NDArray[np.float64]:
    region = source.region or clear_part(source.raw)
    return middle(frames if region is None else CutFrames(frames, region), number)


def _all_inside(
    source: NoiseSource, frames: Frames, numbers: Iterable[int]
) -> Iterator[NDArray[np.float64]]:
    for number in numbers:
        source.task.stop_if_cancelled()
        yield _inside(source, frames, number)


def _half_means(
    source: NoiseSource,
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], tuple[int, int]]:
    """Return the means of every other frame, as they are, and of the rest, and their numbers."""
    numbers = evenly(source.raw.n_frames, _MOST_FRAMES)
    if apart(source.raw) > 1:
        # Both halves have each plane as often, so that they differ in noise alone.
        pairs = disjoint(source.raw)
        chosen = evenly(len(pairs), _MOST_FRAMES // 2)
        numbers = [number for index in chosen for number in pairs[index]]
    sums = [np.zeros(()), np.zeros(())]
    for place, number in enumerate(numbers):
        source.task.stop_if_cancelled()
        sums[place % 2] = sums[place % 2] + _inside(source, source.raw, number)
    counts = len(numbers[::2]), len(numbers[1::2])
    return (sums[0] / counts[0], sums[1] / counts[1]), counts


def pattern_of_pixels(
    first: NDArray[np.float64], second: NDArray[np.float64], n_first: int, n_second: int
) -> float:
    """Return the variance of a pattern of single pixels over the noise's, 0 if there is none.

    Fine detail of such a pattern has a correlation of -0.4 with that one pixel away; of what an
    optical system drew it is positive.

    ``first``, ``second``: shape (y, x); means of so many frames each, none in both.
    """
    if min(first.shape) < _TILE:
        return 0.0
    a, b = (part - part.mean() for part in (_fine(first), _fine(second)))
    noise = float(np.square(a - b).mean()) / (1 / n_first + 1 / n_second)
    if noise <= 0:
        return 0.0
    shared = a * b
    held, error = float(shared.mean()), float(shared.std()) / np.sqrt(shared.size)
    beside = float(
        np.mean([(one[:, 1:] * two[:, :-1]).mean() for one, two in ((a, b), (b, a))])
        + np.mean([(one[1:] * two[:-1]).mean() for one, two in ((a, b), (b, a))])
    )
    if held < max(_PIXELS * noise, _SURE_OF_PIXELS * error) or beside / 2 > _BESIDE_ONE * held:
        return 0.0
    return held / noise


def steps_at_equal_distances(image: NDArray[np.float64], variance: float) -> bool:
    """Whether columns at equal distances, 20 pixels or more, begin with a step that matters.

    So do stitched fields, the blocks of a detector or its amplifiers. What is narrower than the
    optics resolve, and straight over the whole image, is hardly the sample's.

    ``image``: shape (y, x); where temporal noise is small, as in a mean over frames.
    ``variance``: The noise's, of which a pattern that matters has some share.
    """
    from scipy.ndimage import median_filter

    height, width = image.shape
    if height < _ROWS or width < 2 * _CLOSEST:
        return False
    rows = image[: height // _ROWS * _ROWS].reshape(-1, _ROWS, width).mean(axis=1)
    slope = np.diff(rows, axis=1)
    energy = np.square(slope[:, 1:-1] - (slope[:, :-2] + slope[:, 2:]) / 2)
    usual = np.maximum(np.median(energy, axis=1, keepdims=True) / _MEDIAN_SQUARE, 1e-300)
    # Between parts that do not depend on each other, a step has twice their variance.
    pattern = (energy - usual).mean(axis=0) / 2
    loud = np.minimum(energy, _LOUDEST * usual) / usual
    energy = np.log(np.maximum(loud.mean(axis=0), 1e-6))
    away = energy - median_filter(energy, _BESIDE, mode="reflect")
    spread = SIGMA_PER_MAD * float(np.median(np.abs(away)))
    if spread <= 0:
        return False
    away = np.clip(away / spread, -_COUNTS / 2, _COUNTS)
    for distance in range(_CLOSEST, len(away) // 2 + 1):
        # Row k: what is k distances from each first column; the last row may be short.
        teeth = np.full((-(-len(away) // distance), distance), np.nan)
        teeth.flat[: len(away)] = away
        there = np.isfinite(teeth)
        counts, total = there.sum(axis=0), np.where(there, teeth, 0.0).sum(axis=0)
        sure = (total > _SURE_OF_STEPS * np.sqrt(counts)) & (np.fmin.reduce(teeth) > _EACH)
        # One bright column alone is no pattern, whatever else is at a distance from it.
        others = total - np.fmax.reduce(teeth)
        sure &= others > _OTHERS * np.sqrt(counts - 1)
        for first in np.flatnonzero(sure).tolist():
            enough = pattern[first::distance].mean() > _SHARE * variance
            if enough and (distance % _CODEC or not _every_block(away, first, distance)):
                return True
    return False


def _every_block(away: FloatArray, first: int, distance: int) -> bool:
    """Whether there are such columns at the edges of all blocks of a codec between these, too."""
    at = np.arange(first % _CODEC, len(away), _CODEC)
    between = away[at[(at - first) % distance != 0]]
    return bool(between.mean() * np.sqrt(len(between)) > _SURELY)


def _static_share(
    source: NoiseSource, mean: NDArray[np.float64], count: int
) -> tuple[float | None, float]:
    """Return what the flattest tiles of the mean frame hold beside temporal noise, and its error.

    Each tile is compared with the differences there, so that brighter parts may be noisier.
    """
    if min(mean.shape) < 2 * _TILE:
        return None, 0.0
    numbers = evenly(source.frames.n_frames, _MOST_FRAMES)
    inside = _all_inside(source, source.frames, numbers)
    noise = np.mean(list(in_threads(_tile_variances, inside)), axis=0)
    there = noise > 0
    if not there.any():
        return None, 0.0
    share = _tile_variances(mean)[there] / noise[there] - 1 / count
    error = float(np.sqrt(2 / _TILE**2 * (1 / count**2 + 1 / (count**2 * len(numbers)))))
    return float(np.quantile(share, _QUIETEST)), error


def _tile_variances(image: NDArray[np.float64]) -> FloatArray:
    values = image - image.mean()
    tiles = cut_tiles(values[np.newaxis].astype(np.float32), _TILE)
    return np.asarray(tiles.reshape(len(tiles), -1).var(axis=1, ddof=1), dtype=np.float64)


def find_lasting(
    read: Read, runs: Sequence[range], task: Task, *, still: bool = True
) -> Lasting | None:
    """Compare up to eight times three frames that follow one another; None where there are none.

    ``runs`` are as `structmask_gui.core.stack.frames.runs_of` has them; ``still``: whether frames
    show the same scene, which differences lack, or each its own, with as much detail as it has.
    """
    threes = successions(runs, 3)
    if not threes:
        return None

    def products(frames: list[NDArray[np.float64]]) -> list[float]:
        a, b, c = map(_fine, frames)
        found = _by_quarter(b - a, c - b)
        # What two differences have in common, if frames share nothing, is the frame between.
        shared = [0.5] * 4 if still else _by_quarter(b - a, c - b, between=b)
        return [one + other for one, other in zip(found, shared, strict=True)]

    values = np.concatenate(list(in_threads(products, in_threes(read, threes, task))))
    values = values[np.isfinite(values)]
    if len(values) < 4:
        return None
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    found = Lasting(float(values.mean()), error)
    if not found.shared:
        return found
    found = replace(found, whole=_whole_variance(read, runs, task))
    longer = successions(runs, _FARTHEST + 1)
    return _per_lag(read, longer, found, task) if longer else found


def successions(runs: Sequence[range], length: int, most: int = _MOST_RUNS) -> list[range]:
    """Return frames that follow one another, so many each, evenly spread."""
    every = [run[i : i + length] for run in runs for i in range(len(run) - length + 1)]
    return [every[index] for index in evenly(len(every), most)]


def _whole_variance(read: Read, runs: Sequence[range], task: Task) -> float:
    """Return the noise's variance over half that of neighbouring differences, at least 1.

    Differences of frames further apart have more of it, until they share none; of fine detail,
    what changes in the scene adds little.
    """
    length = min(_LONG, max(len(run) for run in runs))
    sums = np.zeros(length - 1)
    for numbers in successions(runs, length, _LONG_RUNS):
        task.stop_if_cancelled()
        frames = [_fine(read(number)) for number in numbers]
        for away in range(1, length):
            pairs = zip(frames, frames[away:], strict=False)
            sums[away - 1] += np.mean([np.square(a - b).mean() for a, b in pairs])
    return max(1.0, float(sums.max() / sums[0])) if sums[0] > 0 else 1.0


def _per_lag(read: Read, runs: list[range], found: Lasting, task: Task) -> Lasting:
    """Return the same with the correlation per lag, from differences of frames 1 to 3 apart."""
    sums: list[FloatArray] = []
    for away in range(1, _FARTHEST + 1):
        total = np.zeros(())
        for first, *later in runs:
            task.stop_if_cancelled()
            total = total + autocovariance(read(later[away - 1]) - read(first), _REACH)
        sums.append(np.asarray(total))
    middle = sums[0].shape[0] // 2
    variance = float(sums[-1][middle, middle])
    if variance <= 0:
        return found
    near = slice(middle - _NEAR, middle + _NEAR + 1)
    first, last = (part / part[middle, middle] for part in (sums[0], sums[-1]))
    unlike = float(np.abs(first - last)[near, near].max())
    rho = np.stack([(sums[-1] - part) / variance for part in sums[:-1]])
    return replace(found, rho=rho, unlike=unlike)


def _by_quarter(
    first: FloatArray, other: FloatArray, between: FloatArray | None = None
) -> list[float]:
    """Return the correlation of images in each quarter, or the share in it of one between them."""
    height, width = (side // 2 for side in first.shape)
    found = []
    for rows in (slice(0, height), slice(height, None)):
        for columns in (slice(0, width), slice(width, None)):
            a, b = first[rows, columns], other[rows, columns]
            norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
            common = a * b if between is None else between[rows, columns] ** 2
            found.append(float(common.sum()) / norm if norm > 0 else np.nan)
    return found


def _fine(frame: NDArray[np.float64]) -> FloatArray:
    """Return the fine detail of a frame, limited so that edges do not decide."""
    values = fine_detail(frame)
    limit = detail_limit(values)
    return np.clip(values, -limit, limit) if limit > 0 else values
