"""Measurement of the spine method: the autocorrelation of background tiles of raw frames.

After the documentation of autoStructN2V 1.0. The background of a frame is the flat side of an Otsu
split of the logarithm of its gradient, on the side of intensity that is asked for; tiles of it, the
purest first, are detrended, and their autocorrelations, not zero-padded, are averaged. The
formulas, and what the documentation leaves open, are in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from structmask_gui.core.arrays import AnyArray, BoolArray, Float32Array, FloatArray
from structmask_gui.core.correlation.autocorrelation import Autocorrelation
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.measure.measurement import Background, Measurement
from structmask_gui.core.names import size_text
from structmask_gui.core.parameters.model import BackgroundSide, Parameters
from structmask_gui.core.progress import Task
from structmask_gui.core.stack.frames import CutFrames, Frames, Recording, cuts, evenly
from structmask_gui.core.stack.patches import Sampling
from structmask_gui.core.stack.scaled import check_single
from structmask_gui.core.stack.screening import CONSTANT

# As the documentation has them: sides of tiles, least shares of background, tiles that are enough.
TILE_SIZES = (64, 48, 32, 24)
PURITIES = (0.95, 0.85, 0.75, 0.6)
_LEAST_TILES = 4
# Range of the scale of gradient and trend, in pixels.
_SIGMA = (4.0, 12.0)

# Otsu's split of one class explains 0.62 to 0.64 of the variance: of the log gradient of noise
# alone, whatever its correlation, and of a Gaussian intensity. Below this there are no two classes.
_TWO_CLASSES = 0.7

# Side of the pieces of frames that are held at once; pixels that are searched in all; pieces in
# which the scale is measured.
_PIECE = 1024
_MOST_PIXELS = 2**27
_ROUGH = 16


class _Place(NamedTuple):
    """A piece of a frame: all of it, unless it is large."""

    frame: int
    y: int
    x: int
    height: int
    width: int


@dataclass(frozen=True)
class _Search:
    """The pieces of frames that are searched for background, and how."""

    frames: Frames
    side: BackgroundSide
    task: Task
    places: list[_Place]

    def read(self, place: _Place) -> tuple[Float32Array, BoolArray]:
        """Return a piece, and where it holds numbers."""
        self.task.stop_if_cancelled()
        rows = self.frames.read(place.frame, place.y, place.y + place.height)
        piece = rows[:, place.x : place.x + place.width].astype(np.float32)
        good: BoolArray = np.isfinite(piece)
        if not good.all():
            piece[~good] = piece[good].mean() if good.any() else 0.0
        return piece, good

    def background(self, piece: Float32Array, good: BoolArray, sigma: float) -> BoolArray:
        """Return the background of a piece."""
        from scipy import ndimage

        gradient = np.zeros_like(piece)
        for order in ((1, 0), (0, 1)):
            self.task.stop_if_cancelled()
            gradient += ndimage.gaussian_filter(piece, sigma, order=order) ** 2
        # Without any gradient there is no noise: border fill, or clipped pixels.
        noisy = good & (gradient > 0)
        if not noisy.any():
            return noisy
        found = noisy.copy()
        found[noisy] &= _lower(0.5 * np.log(gradient[noisy]))
        if self.side != "off":
            self.task.stop_if_cancelled()
            smooth = ndimage.gaussian_filter(piece, sigma)
            values = smooth[noisy] if self.side == "dark" else -smooth[noisy]
            found[noisy] &= _lower(values)
        eroded: BoolArray = ndimage.binary_erosion(found, border_value=1)
        return eroded


def measure_background(recording: Recording, parameters: Parameters, task: Task) -> Measurement:
    """Measure the averaged autocorrelation of the background tiles of a stack.

    Raises
    ------
    InputError
        If the frames are too small or have too little background.
    ParameterError
        If another source than the frames is asked for.
    Cancelled
    """
    name = recording.frames.name
    if parameters.source != "frames":
        raise ParameterError(
            f"source = {parameters.source} does not work with the spine method, which measures"
            " background tiles of the frames; give frames."
        )
    region = recording.region
    frames = recording.frames if region is None else CutFrames(recording.frames, region)
    if min(frames.frame_shape) < TILE_SIZES[-1]:
        raise InputError(
            f"{name} is {size_text(frames.frame_shape)} pixels, too small for the spine method;"
            f" give at least {TILE_SIZES[-1]} x {TILE_SIZES[-1]}."
        )
    check_single(frames)
    search = _Search(frames, parameters.background_side, task, _places(frames))
    sigma = _scale(search)
    chosen = _choose_tiles(search, sigma)
    if chosen is None:
        raise InputError(
            f"{name} has too little background for the spine method; choose another"
            " background_side, draw an ROI around a flat part, or take the preset automatic."
        )
    size, purity, tiles = chosen
    reach = min(parameters.max_lag, size // 2 - 1)
    mean, used = _average(search, tiles, size, sigma, reach)
    if not used.any():
        raise InputError(f"{name} has no tile to measure: they are all constant.")
    places = np.concatenate(
        [[(place.frame, place.y + y, place.x + x) for y, x in at] for place, at in tiles]
    ).astype(np.intp)
    if region is not None:
        places += (0, region.y0, region.x0)
    reasons = tuple("" if one else CONSTANT for one in used.tolist())
    return Measurement(
        name=name,
        parameters=parameters,
        region=region,
        sampling=Sampling((size, size), places, used, reasons),
        autocorrelation=Autocorrelation(mean),
        background=Background(sigma, purity),
    )


def _places(frames: Frames) -> list[_Place]:
    """Return the pieces to search, of frames evenly spread."""
    height, width = frames.frame_shape
    chosen = evenly(frames.n_frames, max(1, _MOST_PIXELS // (height * width)))
    rows, columns = (cuts(side, -(-side // _PIECE)) for side in (height, width))
    return [
        _Place(frame, y0, x0, y1 - y0, x1 - x0)
        for frame in chosen
        for y0, y1 in rows
        for x0, x1 in columns
    ]


def _lower(values: AnyArray) -> BoolArray:
    """Return which values are in the lower class of Otsu's split; all where there is one class."""
    everything = np.ones(values.shape, dtype=bool)
    values = values.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return everything
    counts, edges = np.histogram(values, bins=256)
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    # The first and the last bin hold a value, so neither class is ever empty.
    apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
    between = below * above * apart**2 / values.size**2
    best = int(np.argmax(between))
    if between[best] < _TWO_CLASSES * values.var():
        return everything
    lower: BoolArray = values < edges[best + 1]
    return lower


def _scale(search: _Search) -> float:
    """Return the scale of gradient and trend: four half-widths of the noise's correlation.

    It is measured in the tiles that vary least, and with the longest scale.
    """
    side = TILE_SIZES[-1]
    parts = []
    for number in evenly(len(search.places), _ROUGH):
        piece, good = search.read(search.places[number])
        windows = np.lib.stride_tricks.sliding_window_view(piece, (side, side))[::side, ::side]
        whole = np.lib.stride_tricks.sliding_window_view(good, (side, side))[::side, ::side]
        parts.append(windows[whole.all(axis=(2, 3))])
    tiles = np.concatenate(parts)
    spread = tiles.std(axis=(1, 2))
    tiles, spread = tiles[spread > 0], spread[spread > 0]
    if not len(tiles):
        return _SIGMA[0]
    flattest = tiles[np.argsort(spread, kind="stable")[: max(_LEAST_TILES, len(tiles) // 4)]]
    correlations = _correlations(_detrended(flattest, _SIGMA[1]), 10)
    size = np.abs(np.nanmean(correlations, axis=0))
    middle = size.shape[0] // 2
    size[middle, middle] = 0.0
    if size.max() < 0.05:
        return _SIGMA[0]
    y, x = np.nonzero(size >= 0.5 * size.max())
    return float(np.clip(4 * np.hypot(y - middle, x - middle).max(), *_SIGMA))


def _choose_tiles(
    search: _Search, sigma: float
) -> tuple[int, float, list[tuple[_Place, list[tuple[int, int]]]]] | None:
    """Return size, purity and places of the tiles: the purest there are enough of, the largest."""
    shares: list[dict[int, FloatArray]] = []
    what = "Finding background"
    for number, place in enumerate(search.places):
        search.task.report(number, len(search.places), what)
        piece, good = search.read(place)
        shares.append(_shares(search.background(piece, good, sigma)))
    for purity in PURITIES:
        for size in TILE_SIZES:
            found = [np.argwhere(one[size] >= purity) for one in shares]
            if sum(map(len, found)) >= _LEAST_TILES:
                step = size // 2
                tiles = [
                    (place, [(y * step, x * step) for y, x in at.tolist()])
                    for place, at in zip(search.places, found, strict=True)
                    if len(at)
                ]
                return size, purity, tiles
    return None


def _shares(background: BoolArray) -> dict[int, FloatArray]:
    """Return the share of background in each tile of each size; tiles overlap by half."""
    sums = np.cumsum(np.cumsum(background, axis=0, dtype=np.int64), axis=1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    shares = {}
    for size in TILE_SIZES:
        at = [np.arange(0, side - size + 1, size // 2) for side in background.shape]
        y, x = at[0][:, np.newaxis], at[1]
        inside = sums[y + size, x + size] - sums[y, x + size] - sums[y + size, x] + sums[y, x]
        shares[size] = inside / size**2
    return shares


def _average(
    search: _Search,
    tiles: list[tuple[_Place, list[tuple[int, int]]]],
    size: int,
    sigma: float,
    reach: int,
) -> tuple[FloatArray, BoolArray]:
    """Return the mean autocorrelation of the tiles, and which of them hold noise."""
    total = np.zeros((2 * reach + 1, 2 * reach + 1))
    used: list[bool] = []
    for number, (place, at) in enumerate(tiles):
        search.task.report(number, len(tiles), "Measuring tiles")
        piece, _ = search.read(place)
        for values in _in_parts(piece, at, size):
            search.task.stop_if_cancelled()
            correlations = _correlations(_detrended(values, sigma), reach)
            good = np.isfinite(correlations[:, 0, 0])
            total += correlations[good].sum(axis=0)
            used += [bool(one) for one in good]
    # Equal to its 180-degree rotation but for rounding.
    mean = (total + total[::-1, ::-1]) / (2 * max(1, sum(used)))
    return mean, np.array(used, dtype=np.bool_)


def _in_parts(piece: Float32Array, at: list[tuple[int, int]], size: int) -> Iterator[Float32Array]:
    for first in range(0, len(at), 64):
        yield np.stack([piece[y : y + size, x : x + size] for y, x in at[first : first + 64]])


def _detrended(tiles: Float32Array, sigma: float) -> FloatArray:
    """Subtract from each tile a Gaussian mean of it."""
    from scipy import ndimage

    values = tiles.astype(np.float64)
    values -= ndimage.gaussian_filter(values, (0, sigma, sigma))
    detrended: FloatArray = values - values.mean(axis=(1, 2), keepdims=True)
    return detrended


def _correlations(tiles: FloatArray, reach: int) -> FloatArray:
    """Return the autocorrelation of each tile, not padded, 1 at the zero lag; NaN of a constant."""
    from scipy import fft

    shape = tiles.shape[1:]
    lags = fft.irfft2(np.abs(fft.rfft2(tiles)) ** 2, s=shape)
    peak = lags[:, :1, :1].copy()
    near = np.arange(-reach, reach + 1)
    square = lags[:, near[:, np.newaxis], near]
    # The peak of a constant tile is rounding error, not noise.
    floor = 1e-12 * np.square(tiles).max(initial=0.0)
    result: FloatArray = np.divide(
        square, peak, out=np.full(square.shape, np.nan), where=peak > max(floor, 0.0)
    )
    return result
