from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.masks.mask import Mask


@pytest.fixture
def row_noise() -> np.ndarray:
    """Return 3 frames of 96 x 96 pixels with noise that is correlated along the rows."""
    white = np.random.default_rng(0).normal(size=(3, 96, 102))
    rows = np.lib.stride_tricks.sliding_window_view(white, 7, axis=2).mean(axis=3)
    return (rows * 500 + 2000).astype(np.uint16)


@pytest.fixture
def folder(tmp_path: Path, row_noise: np.ndarray) -> Path:
    """Return a folder with two good images, a bad one and a text."""
    images = tmp_path / "images"
    images.mkdir()
    tifffile.imwrite(
        images / "a.tif", row_noise, metadata={"axes": "TYX"}, photometric="minisblack"
    )
    tifffile.imwrite(
        images / "b.ome.tif", row_noise[::-1], metadata={"axes": "TYX"}, photometric="minisblack"
    )
    (images / "bad.tif").write_bytes(b"nonsense")
    (images / "notes.md").write_text("none")
    return images


def random_masks(count: int, seed: int = 0, largest: int = 12) -> list[Mask]:
    """Return masks of random odd shape, fill and symmetry."""
    random = np.random.default_rng(seed)
    masks = []
    for _ in range(count):
        shape = 2 * random.integers(0, largest, size=2) + 1
        array = random.random(tuple(shape)) < random.uniform(0, 0.7)
        if random.random() < 0.7:
            array |= array[::-1, ::-1]
        array[shape[0] // 2, shape[1] // 2] = True
        masks.append(Mask(array))
    return masks
