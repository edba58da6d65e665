"""Autocovariance of images and of their noise.

Unlike the averaged autocorrelation of the extraction, these keep the scale (squared grey levels)
and extend to twice the radius of the neighbourhood, the largest distance of two neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import lag_products
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.prediction import checked_covariance, reach_of
from structmask_gui.core.stack.derived import DifferenceFrames
from structmask_gui.core.stack.frames import Frames, cuts, evenly
from structmask_gui.core.stack.patches import Plan, read_patches
from structmask_gui.core.stack.screening import extremes, unusable
from structmask_gui.core.statistical.tiles import grid_places
from structmask_gui.core.threads import in_threads

NoiseBasis = Literal["difference", "flat"]

TILE = 1024
"""Side of the tiles in which frames are transformed; bounds the memory."""

_SMALL = 2**19
"""Pixels of a frame up to which all cores measure, each a tile; with larger ones that would take
memory for each core."""

MOST_FRAMES = 16
"""Frames measured, spread evenly over the stack; more change the result by less than its error."""

_FLAT_SHARE = 0.1
"""Share of the patches, those that vary least, that count as flat."""

_FEWEST_FLAT = 8

_MOVED, _AROUND = 2.5, 33
"""Mean absolute difference, over a square of so many pixels, from which something may have moved
there, in units of that of the quietest quarter."""

_ACROSS = 0.1
"""Correlation of differences with the next line, both of rows and of columns, beyond that of quiet
places, from which something moved: what moves came through the optics, which spread it alike in all
directions. Noise that is stronger in bright parts is correlated there as elsewhere."""

_NARROWEST = 48
"""Least side of the flat patches."""


@dataclass(frozen=True)
class Covariance:
    """An autocovariance and its source."""

    values: FloatArray
    """Covariance of two pixels by lag (dy, dx), in squared grey levels, symmetric, lag zero in the
    centre; shape (2 Ry + 1, 2 Rx + 1)."""
    pixels: int
    """Number of pixels it was measured in; 0 if not known."""
    source: str
    """What it was measured in, in words."""
    samples: FloatArray | None = None
    """Number of independent pixels of each lag, like `values`; None if not known."""
    sides: tuple[int, int] | None = None
    """Height and width of the frames, the length of a line; None if not known."""
    destriped: str | None = None
    """The lines, "rows" or "columns", whose offsets were removed according to the metadata."""

    @property
    def variance(self) -> float:
        """The value at lag zero."""
        half = reach_of(self.values)
        return float(self.values[half])

    @property
    def correlation(self) -> FloatArray:
        """The values divided by the variance."""
        return self.values / self.variance

    @property
    def largest_radius(self) -> int:
        """The largest square neighbourhood for which it holds every lag."""
        return min(reach_of(self.values)) // 2


def given_covariance(
    correlation: FloatArray,
    variance: float,
    source: str = "given",
    samples: FloatArray | None = None,
) -> Covariance:
    """Make an autocovariance of a correlation per lag measured elsewhere."""
    values = checked_covariance(np.asarray(correlation) * variance, f"the correlation ({source})")
    return Covariance(values, 0, source, samples)


def image_covariance(
    frames: Frames,
    reach: int | tuple[int, int],
    *,
    task: Task = NO_TASK,
) -> Covariance:
    """Measure the autocovariance of the frames as they are, structure and noise.

    Each tile is tapered to its borders. That makes the result positive definite, which a sum of lag
    products divided by their numbers is not; without it the weights of smooth structure would be
    arbitrary. The price is a fall with the square of the lag: 5 % at lag 20 of 512, 0.3 % at 5.

    Parameters
    ----------
    frames : Frames
        The stack. Pixels that are not finite are left out.
    reach : int or (int, int)
        Largest lag down and right, below half the frame's sides.
    task : Task
    """
    reach = _checked_reach(frames, reach)

    def sums(stored: AnyArray) -> tuple[FloatArray, float, int] | None:
        task.stop_if_cancelled()
        tile = stored.astype(np.float64)
        good = np.isfinite(tile)
        if not good.any():
            return None
        window = good * np.outer(_taper(tile.shape[0], reach[0]), _taper(tile.shape[1], reach[1]))
        mean = float((window * np.where(good, tile, 0)).sum() / window.sum())
        products = lag_products(window * np.where(good, tile - mean, 0), reach)
        return products, float((window**2).sum()), int(good.sum())

    tiles = _tiles(frames, reach, "Measuring the image", task)
    zero = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1)), 0.0, 0
    total, weight, pixels = _added(frames, sums, tiles, zero)
    return _covariance(total, np.full_like(total, weight), pixels, "frames as they are", frames)


def noise_covariance(
    frames: Frames,
    reach: int | tuple[int, int],
    source: NoiseBasis | None = None,
    *,
    task: Task = NO_TASK,
) -> Covariance:
    """Measure the autocovariance of the noise.

    Parameters
    ----------
    frames : Frames
        The stack.
    reach : int or (int, int)
        Largest lag down and right, below half the frame's sides.
    source : "difference" or "flat", optional
        "difference": the covariance of neighbouring frames' differences, where they differ by no
        more than noise; right for a still scene, blind to fixed-pattern noise.
        "flat": the tenth of the patches with the least variance, a quadratic surface removed. By
        default "difference" where there are two frames or more.
    task : Task
    """
    reach = _checked_reach(frames, reach)
    if source is None:
        source = "difference" if frames.n_frames > 1 else "flat"
    measure = _of_differences if source == "difference" else _of_flat_patches
    return measure(frames, reach, task)


def _of_differences(frames: Frames, reach: tuple[int, int], task: Task) -> Covariance:
    differences = DifferenceFrames(frames, [], task)

    def sums(tile: AnyArray) -> tuple[FloatArray, FloatArray, int, int] | None:
        task.stop_if_cancelled()
        difference = tile.astype(np.float64)
        finite = np.isfinite(difference)
        good = finite & unmoved(difference, finite)
        if not good.any():
            return None
        difference = np.where(good, difference - difference[good].mean(), 0)
        of_pixels = lag_products(good.astype(np.float64), reach)
        return lag_products(difference, reach), of_pixels, int(good.sum()), int(finite.sum())

    tiles = _tiles(differences, reach, "Measuring the noise", task)
    none = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1))
    products, numbers, pixels, seen = _added(frames, sums, tiles, (none, none, 0, 0))
    source = "frame differences"
    if seen > 1.01 * pixels:
        source += f", {1 - pixels / seen:.0%} of the pixels left out because they changed"
    found = _covariance(products, numbers, pixels, source, frames)
    return replace(found, samples=numbers)


def unmoved(difference: FloatArray, finite: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where nothing moved between frames.

    The mean absolute difference around a pixel is at most `_MOVED` times that of the quietest
    quarter there, or differences are correlated as there. Places without any difference, as the
    fill around a turned image, are no measure.
    """
    from scipy.ndimage import uniform_filter

    if not finite.any():
        return finite
    size = uniform_filter(np.where(finite, np.abs(difference), 0.0), _AROUND)
    share = uniform_filter(finite.astype(np.float64), _AROUND)
    around = np.divide(size, share, out=np.zeros_like(size), where=share > 1e-6)
    # Sums that run along the frame leave rounding errors where nothing differs.
    noisy = around[finite & (around > 1e-9 * around.max())]
    if not noisy.size:
        return finite
    unmoved: NDArray[np.bool_] = around <= _MOVED * np.quantile(noisy, 0.25)
    if unmoved[finite].all():
        return unmoved
    values = np.where(finite, difference, 0.0)
    power = uniform_filter(values**2, _AROUND)
    quiet = finite & unmoved
    for axis in (0, 1):
        beside = uniform_filter(np.roll(values, 1, axis), (3, 1) if axis else (1, 3))
        shared = uniform_filter(values * beside, _AROUND)
        usual = float(shared[quiet].sum()) / max(float(power[quiet].sum()), 1e-300)
        unmoved = unmoved | (shared <= (max(usual, 0.0) + _ACROSS) * power)
    return unmoved


def _of_flat_patches(frames: Frames, reach: tuple[int, int], task: Task) -> Covariance:
    plan = flat_patches(frames, reach, task)
    side, surface = plan.patch_shape[0], Surface(plan.patch_shape, 2)
    products = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1))
    for chunk in read_patches(frames, plan, 1, task):
        products += lag_products(surface.remove_from(chunk.patches)[0].astype(np.float64), reach)
    numbers = lag_products(np.ones(plan.patch_shape), reach) * len(plan)
    found = _covariance(products, numbers, len(plan) * side**2, "flat patches", frames)
    return replace(found, samples=numbers)


def flat_patches(frames: Frames, reach: tuple[int, int], task: Task = NO_TASK) -> Plan:
    """Return the tenth of the patches with the least variance over a quadratic surface.

    Patches that hold pixels not finite, or do not vary, are left out.
    """
    # Wider patches are less flat; in narrower ones the surface removes more of the noise.
    side = min(max(_NARROWEST, 2 * max(reach)), *frames.frame_shape)
    rows, columns = (np.arange(0, length - side + 1, side) for length in frames.frame_shape)
    numbers = np.array(evenly(frames.n_frames, MOST_FRAMES))
    plan = Plan((side, side), grid_places(numbers, rows, columns, side))
    surface = Surface(plan.patch_shape, 2)
    variance = np.zeros(len(plan))
    for chunk in read_patches(frames, plan, len(rows) * len(columns), task):
        task.report(chunk.indices.stop, len(plan), "Measuring the noise")
        good = [i for i, why in enumerate(unusable(*extremes(chunk.patches))) if not why]
        left = surface.remove_from(chunk.patches[good])
        variance[chunk.indices][good] = left.var(axis=(1, 2), dtype=np.float64)
    usable = np.flatnonzero(variance > 0)
    if not len(usable):
        raise InputError(f"{frames.name} has no part that holds noise; choose other frames.")
    kept = max(_FEWEST_FLAT, round(_FLAT_SHARE * len(usable)))
    flattest = usable[np.argsort(variance[usable], kind="stable")[:kept]]
    return Plan(plan.patch_shape, plan.places[np.sort(flattest)])


def _covariance(
    products: FloatArray, numbers: FloatArray, pixels: int, source: str, frames: Frames
) -> Covariance:
    values = np.divide(products, numbers, out=np.zeros_like(products), where=numbers > 0.5)
    half = reach_of(values)
    if pixels == 0:
        raise InputError(f"{frames.name} has no finite pixels to measure; choose other frames.")
    if not values[half] > 0:
        raise InputError(f"{frames.name} does not vary ({source}); choose frames that hold noise.")
    destriped = getattr(frames, "destriped", None)
    return Covariance(values, pixels, source, sides=frames.frame_shape, destriped=destriped)


def _checked_reach(frames: Frames, reach: int | tuple[int, int]) -> tuple[int, int]:
    pair = (reach, reach) if isinstance(reach, int) else (int(reach[0]), int(reach[1]))
    for lag, side in zip(pair, frames.frame_shape, strict=True):
        if lag < 1 or 2 * lag >= side:
            raise ParameterError(
                f"A reach of {lag} pixels does not fit {frames.name} of"
                f" {size_text(frames.frame_shape)} pixels; give 1 to"
                f" {(side - 1) // 2}."
            )
    return pair


def _added(
    frames: Frames,
    sums: Callable[[AnyArray], tuple[Any, ...] | None],
    tiles: Iterable[AnyArray],
    zero: tuple[Any, ...],
) -> tuple[Any, ...]:
    """Add up the sums of all tiles, on all cores where these are small; None adds nothing."""
    height, width = frames.frame_shape
    spread = in_threads if height * width <= _SMALL else map
    for part in spread(sums, tiles):
        if part is not None:
            zero = tuple(one + more for one, more in zip(zero, part, strict=True))
    return zero


def _tiles(frames: Frames, reach: tuple[int, int], what: str, task: Task) -> Iterator[AnyArray]:
    """Yield some frames in tiles of nearly equal size, of the type as stored.

    Their sides are up to TILE or, if larger, four reaches.
    """
    height, width = frames.frame_shape
    chosen = evenly(frames.n_frames, MOST_FRAMES)
    for done, frame in enumerate(chosen):
        task.report(done, len(chosen), what)
        for y0, y1 in cuts(height, -(-height // max(TILE, 4 * reach[0]))):
            band = frames.read(frame, y0, y1)
            for x0, x1 in cuts(width, -(-width // max(TILE, 4 * reach[1]))):
                yield band[:, x0:x1]
    task.report(len(chosen), len(chosen), what)


def _taper(side: int, reach: int) -> FloatArray:
    """Return a window that is 1 and falls as a squared sine at both ends, over one reach.

    A longer taper would distort the covariance less, but leave out more of the frame; one reach
    was best in the benchmark.
    """
    length = max(1, min(side // 2, reach))
    rise = np.sin(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2
    window = np.ones(side)
    window[:length] = rise
    window[side - length :] = rise[::-1]
    return window
