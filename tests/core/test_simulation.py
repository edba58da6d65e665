"""The simulated noise has the correlation it says it has."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.simulation import (
    NoiseModel,
    cells,
    fixed_columns,
    kernels,
    row_offsets,
    simulate,
)

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"


def correlation_of(frames, reach):
    """Plain sums over pixel pairs: slow, and nothing of the program in it."""
    _, height, width = frames.shape
    rho = np.zeros((2 * reach + 1, 2 * reach + 1))
    for dy in range(reach + 1):
        for dx in range(-reach, reach + 1):
            a = frames[:, : height - dy, max(0, -dx) : width - max(0, dx)]
            b = frames[:, dy:, max(0, dx) : width - max(0, -dx)]
            rho[reach + dy, reach + dx] = rho[reach - dy, reach - dx] = np.mean(a * b)
    return rho / np.mean(frames**2)


@pytest.mark.parametrize("name", list(kernels()))
def test_noise_has_its_correlation(name):
    model = NoiseModel(kernels()[name], pixel_share=0.3, sigma=5.0)
    frames = simulate(model, (192, 192), n_frames=4, seed=3)
    assert frames.std() == pytest.approx(5.0, rel=0.06)
    assert np.abs(correlation_of(frames, 9) - model.correlation(9)).max() < 0.05


def test_there_are_sixteen_kernels_with_a_negative_one_and_white():
    masks = {name: NoiseModel(kernel).true_mask(10) for name, kernel in kernels().items()}
    assert len(masks) >= 16
    assert masks["white"].sum() == 1
    assert NoiseModel(kernels()["negative"]).correlation(2)[2, 3] < -0.05
    assert masks["row 7"][10].sum() == masks["row 7"].sum() == 13
    assert masks["column 7"][:, 10].sum() == masks["column 7"].sum() == 13
    assert masks["diagonal"][13, 13]
    assert not masks["diagonal"][13, 7]
    assert masks["antidiagonal"][13, 7]
    for mask in masks.values():
        assert np.array_equal(mask, mask[::-1, ::-1])


def test_row_offsets_are_constant_along_rows_and_new_in_every_frame():
    frames = simulate(NoiseModel(row_offsets(), pixel_share=0.0), (32, 48), n_frames=2, seed=1)
    assert np.ptp(frames, axis=2).max() == 0
    assert not np.allclose(frames[0], frames[1])
    assert NoiseModel(row_offsets(), 0.96).correlation(3)[3, 6] == pytest.approx(0.04)


def test_fixed_columns_are_the_same_in_every_frame():
    frames = simulate(NoiseModel(fixed_columns(), pixel_share=0.0), (32, 48), n_frames=3, seed=1)
    assert np.allclose(frames, frames[0, 0])


def test_picture_has_the_strength_asked_for_and_seeds_repeat():
    model = NoiseModel(kernels()["row 5"], sigma=4.0)
    picture = cells((64, 64))
    with_picture = simulate(model, (64, 64), n_frames=2, picture=picture, strength=3.0, seed=5)
    without = simulate(model, (64, 64), n_frames=2, seed=5)
    shown = with_picture - without
    assert shown[0].std() == pytest.approx(12.0)
    assert np.allclose(shown[0], shown[1])
    assert np.array_equal(without, simulate(model, (64, 64), n_frames=2, seed=5))


def test_bundled_sample_is_what_its_truth_says():
    truth = json.loads((SAMPLE / "cells_scanlines_truth.json").read_text(encoding="utf-8"))
    path = SAMPLE / "cells_scanlines.ome.tif"
    assert path.stat().st_size < 1_000_000
    with tifffile.TiffFile(path) as tif:
        assert tif.series[0].axes == truth["axes"]
        frames = tif.asarray().astype(float)
    assert frames.shape == (6, 256, 256)
    differences = frames[1::2] - frames[::2]
    rho = correlation_of(differences - differences.mean(), 10)[10, 10:]
    assert np.abs(rho - truth["rho_along_row_by_lag"]).max() < 0.03
    mask = np.array(truth["true_mask"])
    assert mask[10].sum() == mask.sum() > 5
