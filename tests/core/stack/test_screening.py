"""Patches that would lie, hot pixels, compression."""

import numpy as np
import pytest

from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.stack.screening import (
    CLIPPED,
    CONSTANT,
    FILLED,
    NOT_FINITE,
    Screening,
    repair_hot_pixels,
    screen,
)


def noise(count, size=64, sigma=20.0, kernel="row 7"):
    return simulate(
        NoiseModel(kernels()[kernel], sigma=sigma), (size, size), n_frames=count, seed=3
    )


def reasons(patches):
    screening = Screening()
    for start in range(0, len(patches), 3):
        screening.append(screen(patches[start : start + 3]))
    return screening.reasons()


def test_each_bad_patch_has_its_reason_and_good_ones_none():
    patches = np.rint(noise(8) + 500)
    patches[1] = np.maximum(patches[1], np.quantile(patches[1], 0.1))
    patches[1][patches[1] == patches[1].min()] = 300  # the lowest of all
    patches[2, 40:] = 0
    patches[3, 5, 5] = np.nan
    patches[4] = 510
    patches[5, 20:40] = (
        np.kron(np.random.default_rng(0).random((4, 13)) < 0.5, np.ones((5, 5)))[:, :64] * 1000
        + np.arange(20)[:, None] * 0
    )
    found = reasons(patches)
    assert found[2] == FILLED
    assert found[3] == NOT_FINITE
    assert found[4] == CONSTANT
    assert found[5] == FILLED
    assert [found[i] for i in (0, 6, 7)] == [""] * 3


def test_clipping_counts_only_at_the_stacks_own_limits():
    patches = np.clip(np.rint(noise(6) + 500), 0, 65535)
    patches[2] = np.minimum(patches[2], 520)
    assert reasons(patches) == [""] * 6
    limit = np.sort(patches[2].ravel())[-300]
    assert reasons(np.minimum(patches, limit))[2] == CLIPPED


@pytest.mark.parametrize("sigma", [0.4, 0.7, 1.5, 5.0])
def test_few_grey_levels_are_not_taken_for_text(sigma):
    patches = np.rint(noise(6, sigma=sigma, kernel="isotropic") + 100).astype(np.uint8)
    assert FILLED not in reasons(patches)


def test_hot_pixels_are_repaired_and_noise_is_not():
    patches = noise(4).astype(np.float32)
    same, count = repair_hot_pixels(patches)
    assert count == 0
    assert np.array_equal(same, patches)
    hot = patches.copy()
    hot[0, 10, 20] += 900
    hot[0, 63, 63] -= 900
    hot[2, 30, 30] += 700
    repaired, count = repair_hot_pixels(hot)
    assert count == 3
    assert np.abs(repaired - patches).max() < 100
    assert hot[0, 10, 20] > 800


def test_blurred_spots_are_no_hot_pixels():
    y, x = np.mgrid[:64, :64]
    patches = noise(1).astype(np.float32)
    patches[0] += 600 * np.exp(-((y - 30) ** 2 + (x - 30) ** 2) / 2)
    assert repair_hot_pixels(patches)[1] == 0


def test_single_photons_are_no_hot_pixels():
    """Where they are all there is, nothing of the noise would be left."""
    patches = np.random.default_rng(0).poisson(0.005, (8, 32, 32)).astype(np.float32)
    patches -= patches.mean(axis=(1, 2), keepdims=True)
    assert (np.ptp(patches, axis=(1, 2)) > 0).all()
    repaired, _ = repair_hot_pixels(patches)
    assert (np.ptp(repaired, axis=(1, 2)) > 0).all()
