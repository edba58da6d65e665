"""The autocovariance of the frames as they are, noise and picture, beside that of the noise."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from structmask_gui.core.arrays import AnyArray, FloatArray
from structmask_gui.core.correlation.autocorrelation import LagKernel, patches_per_chunk
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.pooling import Pooled
from structmask_gui.core.progress import IsCancelled, stop_if
from structmask_gui.core.stack import screening
from structmask_gui.core.stack.frames import Frames
from structmask_gui.core.stack.patches import Chunk, Plan, read_patches
from structmask_gui.core.threads import in_threads

# Patches in which it is measured, where it takes a reading of its own.
_MOST_PATCHES = 240


def image_reach(plan: Plan, max_lag: int) -> int:
    """Return the largest lag up to which it is measured."""
    return max(1, min(2 * max_lag, plan.patch_shape[0] - 4))


def worth_sharing(plan: Plan, reach: int, far: int) -> bool:
    """Whether a reach of ``far`` for all patches costs less than a second look at some."""
    side = plan.patch_shape[0]
    more = ((side + far) / (side + reach)) ** 2 - 1
    return far > reach and more * len(plan) < min(len(plan), _MOST_PATCHES)


def image_covariance(
    stored: Frames,
    shape: tuple[int, int],
    places: AnyArray,
    far: int,
    pooled: Pooled,
    cancelled: IsCancelled,
) -> FloatArray:
    """Return the autocovariance of the frames as stored.

    Parameters
    ----------
    stored : Frames
        The frames.
    shape : (int, int)
        Height and width of the patches.
    places : ndarray of int, shape (n, 3)
        Frame, y and x of the patches that are measured.
    far : int
        Largest lag.
    pooled : Pooled
        The reading for the noise; it may have the lag products already.
    cancelled : callable
        Asked while patches are read.

    Returns
    -------
    ndarray of float64, shape (2 far + 1, 2 far + 1)
    """
    total, count = pooled.image, pooled.pool.n_patches
    if total is None:
        total, count = _some_products(stored, shape, places, far, cancelled)
    rows = shape[0] - np.arange(far + 1)
    columns = shape[1] - np.abs(np.arange(-far, far + 1))
    mean = total / (np.outer(rows, columns) * max(count, 1))
    return np.concatenate([mean[:0:-1, ::-1], mean], axis=0)


def _some_products(
    stored: Frames, shape: tuple[int, int], places: AnyArray, far: int, cancelled: IsCancelled
) -> tuple[FloatArray, int]:
    """Return the lag products of some of the patches as stored, summed, and their number."""
    if len(places) > _MOST_PATCHES:
        index = np.linspace(0, len(places) - 1, _MOST_PATCHES).round().astype(int)
        places = places[index]
    places = places[np.lexsort((places[:, 2], places[:, 1], places[:, 0]))]
    surface = Surface(shape, 0)
    kernel = LagKernel(shape, (far, far))
    chosen = Plan(shape, places)

    def products(chunk: Chunk) -> FloatArray:
        stop_if(cancelled)
        patches, _ = screening.repair_hot_pixels(surface.remove_from(chunk.patches))
        scale = float(np.abs(patches).max(initial=0.0)) or 1.0
        half = kernel.half_plane(np.asarray(patches / scale, dtype=np.float32))
        return np.asarray(half.sum(axis=0, dtype=np.float64) * scale**2)

    total = np.zeros(kernel.half_shape)
    chunks = read_patches(stored, chosen, patches_per_chunk(kernel, len(chosen)))
    with closing(in_threads(products, chunks)) as parts:
        for part in parts:
            stop_if(cancelled)
            total += part
    return total, len(chosen)
