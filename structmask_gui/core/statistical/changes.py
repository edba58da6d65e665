"""Whether what differs between frames is noise, or a sample that changes.

Noise that is new in every frame is as strong in differences of frames one apart as of frames two
apart. A sample that changes, as from plane to plane of a z-stack, has changed more over two. What
changed is only as fine as the optics resolve, so it looks like smooth noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray, crop_or_pad
from structmask_gui.core.correlation.autocorrelation import LagKernel
from structmask_gui.core.correlation.lags import LagEstimate, pixel_pairs, unfold
from structmask_gui.core.progress import Task
from structmask_gui.core.threads import in_threads

Read = Callable[[int], NDArray[np.float64]]
"""Returns a frame, shape (y, x)."""

_NEAR = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))
"""Lags whose correlation is compared."""

_GROWS, _SURELY = 0.1, 5.0
"""Growth of their correlation, or of the variance, and standard errors of it, from which the sample
changes."""

_LEAST = 0.05
"""Share of the variance that is noise, at least, however much of it is the sample's."""

_ALIKE, _FURTHEST, _SEEN, _ROUND = 0.75, 5, 0.025, 0.6
"""Likeness, from -1 to 1, of the correlation of what two frames differ in to that of what they
share, from which the sample changes; largest lag that is compared; the mean correlation up to it,
at least; and of rows and columns the smaller over the larger one.
"""

_SO_FAR = 0.6
"""Change over one frame, over that from one to two: 1/3 of what moves evenly, 1 of what is another
after two frames."""


def without_changes(
    read: Read,
    threes: list[range],
    lags: LagEstimate,
    task: Task,
    *,
    shared: bool = False,
) -> LagEstimate | None:
    """Return the noise without what a changing sample adds; None if it does not change.

    Parameters
    ----------
    read : Read
    threes : list of range
        Three frames that follow one another, each.
    lags : LagEstimate
        Of differences of neighbouring frames.
    task : Task
    shared : bool
        Whether frames share noise, so that the variance grows without a sample that changes.
    """
    pairs = np.concatenate(list(in_threads(_near_covariances, in_threes(read, threes, task))))
    if len(pairs) < 2:
        return None
    variance = pairs[:, :, 0]
    once, twice = pairs[:, 0, 1:] / variance[:, :1], pairs[:, 1, 1:] / variance[:, 1:]
    usual = once.mean(axis=0)
    correlation = (twice - once) @ usual / max(float(usual @ usual), 1e-12)
    # The correlation of what is all sample cannot grow, but its variance does.
    stronger = not shared and _grows(variance[:, 1] / variance[:, 0] - 1)
    if not (stronger or _grows(correlation)):
        return None
    pieces = in_threads(partial(_covariances, reach=lags.reach), in_threes(read, threes, task))
    near, far = np.sum(list(pieces), axis=0)
    middle = near.shape[0] // 2
    change = (far - near) / near[middle, middle]
    side = 2 * lags.reach + 1
    noise = lags.rho - _SO_FAR * crop_or_pad(change, (side, side))
    share = float(noise[lags.reach, lags.reach])
    if share < _LEAST:
        noise = np.zeros_like(noise)
        share = noise[lags.reach, lags.reach] = _LEAST
    return replace(lags, rho=noise / share, variance=lags.variance * share)


def without_common(
    read: Read, pairs: Sequence[tuple[int, int]], lags: LagEstimate, task: Task
) -> LagEstimate | None:
    """Return the noise if all that is correlated is the sample's; None if it does not look so.

    For frames of which it cannot be tested whether they differ more the further apart they are:
    planes, channels and moments of one sample differ by what is correlated as the sample is.

    Parameters
    ----------
    read : Read
    pairs : sequence of (int, int)
        Two frames each, of one field.
    lags : LagEstimate
        Of their differences.
    task : Task
    """
    shared = []
    for first, second in pairs:
        task.stop_if_cancelled()
        a, b = read(first), read(second)
        # Noise is as strong in the sum as in the difference.
        shared.append(autocovariance(a + b, lags.reach) - autocovariance(a - b, lags.reach))
    common = np.mean(shared, axis=0)
    middle = common.shape[0] // 2
    if common[middle, middle] <= 0:
        return None
    common = crop_or_pad(common / common[middle, middle], lags.rho.shape)
    n = min(lags.reach, _FURTHEST)
    near = slice(lags.reach - n, lags.reach + n + 1)
    centre = n * (2 * n + 2)
    own, theirs = (np.delete(one[near, near].ravel(), centre) for one in (lags.rho, common))
    likeness = float(own @ theirs) / max(float(np.linalg.norm(own) * np.linalg.norm(theirs)), 1e-12)
    # Lines in the noise reach further along than across; few samples do.
    further = slice(lags.reach + 1, lags.reach + n + 1)
    along, down = lags.rho[lags.reach, further], lags.rho[further, lags.reach]
    sides = sorted((float(along.mean()), float(down.mean())))
    if likeness < _ALIKE or sides[0] < max(_SEEN, _ROUND * sides[1]):
        return None
    # What is left of the correlation is hardly noise either: planes differ in how sharp they are.
    share = min(float(own @ theirs) / float(theirs @ theirs), 1 - _LEAST)
    white = np.zeros_like(lags.rho)
    white[lags.reach, lags.reach] = 1.0
    return replace(lags, rho=white, variance=(1 - share) * lags.variance)


def in_threes(
    read: Read, threes: Sequence[range], task: Task
) -> Iterator[list[NDArray[np.float64]]]:
    """Yield frames that follow one another, three at a time."""
    for numbers in threes:
        task.stop_if_cancelled()
        yield [read(number) for number in numbers]


def _grows(values: FloatArray) -> bool:
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    return bool(values.mean() > max(_GROWS, _SURELY * error))


def _near_covariances(frames: list[NDArray[np.float64]]) -> FloatArray:
    """Return covariances at no lag and at near ones, shape (quarters, 2, lags).

    Of differences of frames one and two apart.
    """
    first, second, third = frames
    height, width = (side // 2 for side in first.shape)
    found = []
    for rows in (slice(0, height), slice(height, None)):
        for columns in (slice(0, width), slice(width, None)):
            a, b, c = (frame[rows, columns] for frame in (first, second, third))
            found.append([(_at_lags(b - a) + _at_lags(c - b)) / 2, _at_lags(c - a)])
    values = np.array(found)
    there = np.isfinite(values).all(axis=(1, 2)) & (values[:, :, 0] > 0).all(axis=1)
    return np.asarray(values[there])


def _at_lags(image: NDArray[np.float64]) -> FloatArray:
    """Return the covariance at no lag and at near ones."""
    image = image - image.mean()
    height, width = image.shape
    products = [float((image * image).mean())]
    for dy, dx in _NEAR:
        left = max(0, -dx)
        part = image[: height - dy, left : width - max(0, dx)]
        other = image[dy:, left + dx : left + dx + part.shape[1]]
        products.append(float((part * other).mean()))
    return np.array(products)


def _covariances(frames: list[NDArray[np.float64]], reach: int) -> FloatArray:
    """Return autocovariances of differences of frames one and two apart, shape (2, lags, lags)."""
    first, second, third = frames
    once = [autocovariance(one, reach) for one in (second - first, third - second)]
    return np.stack([np.mean(once, axis=0), autocovariance(third - first, reach)])


def autocovariance(values: NDArray[np.float64], reach: int) -> FloatArray:
    """Return the autocovariance of an image up to a lag, or as far as it allows."""
    reach = min(reach, min(values.shape) // 2 - 1)
    kernel = LagKernel((values.shape[0], values.shape[1]), (reach, reach))
    half = kernel.half_plane((values - values.mean()).astype(np.float32)[np.newaxis])[0]
    return np.asarray(unfold(half / pixel_pairs(kernel.patch_shape, reach)))
