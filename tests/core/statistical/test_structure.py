"""Which flat parts of an image are relied on."""

import numpy as np
from scipy.ndimage import gaussian_filter

from structmask_gui.core.statistical.flat_tiles import FlatTiles
from structmask_gui.core.statistical.structure import flat_parts_alike
from structmask_gui.core.statistical.tiles import TileStatistics

SIDE = 32


def judged(frames, steps=4):
    tiles = frames.reshape(-1, 8, SIDE, 8, SIDE).swapaxes(2, 3).reshape(-1, SIDE, SIDE)
    statistics = TileStatistics(SIDE)
    statistics.append(statistics.power_of(tiles.astype(np.float32)))
    flat = FlatTiles(np.ones(len(tiles), dtype=bool), float(statistics.energy.mean()), steps)
    return flat_parts_alike(flat, statistics)


def test_flat_parts_that_are_lopsided_are_not_relied_on():
    # A seed by which no band is uneven by chance, as one often is by the one error that is allowed.
    random = np.random.default_rng(13)
    grains = (random.random((6, 256, 256)) < 0.06).astype(float)
    grains = gaussian_filter(grains, (0, 1.6, 1.6))
    grains = (grains - grains.mean()) / grains.std()
    frames = random.normal(size=grains.shape) + grains / 2
    # Of the same power, tile by tile; only that bright is as often as dark is another thing.
    turned = frames * np.array([1, -1, 1, -1, 1, -1])[:, None, None]
    assert judged(turned)
    assert not judged(frames)


def test_few_flat_parts_and_those_found_at_once_are_not_relied_on():
    frames = np.random.default_rng(0).normal(size=(6, 256, 256))
    assert judged(frames)
    assert not judged(frames[:1])
    assert not judged(frames, steps=3)
    frames[:, :, :128] *= 1.2
    assert not judged(frames)
