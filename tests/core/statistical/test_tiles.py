"""The statistical method takes a bounded number of patches, and its memory with it."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack import patches
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical import tiles

PARAMETERS = Parameters(method="statistical", source="frames", patch_size=32, max_lag=8)


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    white = np.random.default_rng(seed).normal(size=(*shape[:-1], shape[-1] + 1))
    return (1000 + 50 * (white[..., 1:] + 0.6 * white[..., :-1])).astype(np.uint16)


class Endless:
    """Frames made when they are read: only what is measured takes memory."""

    name = "endless"
    dtype = np.dtype(np.uint16)
    frame_shape = (256, 256)

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self._some = noise((3, 256, 256))

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> np.ndarray[Any, Any]:
        return np.roll(self._some[frame % 3], 31 * frame, axis=1)[y0:y1]


def test_a_large_stack_gives_a_share_of_its_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = ArrayFrames(noise((20, 128, 128)))
    whole = extract_array(frames, PARAMETERS)
    assert "by chance" not in " ".join(whole.notes)
    monkeypatch.setattr(patches, "MOST_PIXELS", 100 * 32 * 32)
    part = extract_array(frames, PARAMETERS)
    assert len(part.measurement.sampling.places) == 100
    assert part.measurement.sampling.n_frames > 15
    assert "Of 320 patches, 100 were taken by chance" in " ".join(part.notes)
    assert part.mask == whole.mask
    assert np.array_equal(
        part.measurement.autocorrelation.mean,
        measure(frames, PARAMETERS.changed(patches=100)).autocorrelation.mean,
    )
    # Who asks for more gets more.
    more = measure(frames, PARAMETERS.changed(patches=200))
    assert len(more.sampling.places) == 200


def test_just_enough_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = ArrayFrames(noise((20, 128, 128)))
    monkeypatch.setattr(patches, "MOST_PIXELS", 320 * 32 * 32)
    assert len(measure(frames, PARAMETERS).sampling.places) == 320


@pytest.mark.slow
@pytest.mark.parametrize("source", ["frames", "spectrum", "flat"])
def test_memory_does_not_grow_with_the_stack(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "MOST_PIXELS", 2**20)
    parameters = PARAMETERS.changed(source=source)
    measure(Endless(8), parameters)
    peaks = []
    for n_frames in (32, 256):
        frames = Endless(n_frames)
        tracemalloc.start()
        measure(frames, parameters)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_tiles_on_a_grid_are_thinned_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = np.arange(50), np.arange(0, 64, 4), np.arange(0, 80, 4)
    whole = tiles.grid_places(*axes, 8)
    grid = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    assert np.array_equal(whole, grid)
    monkeypatch.setattr(patches, "MOST_PIXELS", 1000 * 64)
    thin = tiles.grid_places(*axes, 8)
    assert 3000 < len(thin) <= 4000
    assert np.array_equal(thin, tiles.grid_places(*axes, 8))
    places = [tuple(place) for place in thin.tolist()]
    assert places == sorted(set(places))
    assert set(places) <= set(map(tuple, grid.tolist()))
    assert len(np.unique(thin[:, 0])) == 50


def test_the_mean_power_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = np.random.default_rng(0).normal(size=(1000, 8, 8)).astype(np.float32)
    whole = tiles.mean_power(blocks)
    monkeypatch.setattr(tiles, "_AT_ONCE", 128)
    np.testing.assert_allclose(tiles.mean_power(blocks), whole, rtol=1e-5)
