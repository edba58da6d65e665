from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.correlation.autocorrelation import (
    LagKernel,
    average_patches,
    centred,
    lag_products,
    patches_per_chunk,
    transform,
)
from structmask_gui.core.correlation.lags import unfold
from structmask_gui.core.errors import InputError

# Each a shape, with the largest lag in y and x: square, odd, unlike sides, lags to the very edge.
SHAPES = [((16, 16), (5, 5)), ((17, 23), (16, 3)), ((32, 20), (31, 19)), ((21, 64), (1, 40))]


def full(patch: np.ndarray, reach: tuple[int, int]) -> np.ndarray:
    """The direct sum over pixel pairs, cut to the lags wanted."""
    from scipy.signal import correlate  # takes long to import

    patch = patch.astype(float) - patch.mean()
    plane = correlate(patch, patch, mode="full", method="direct")
    y, x = plane.shape[0] // 2, plane.shape[1] // 2
    return plane[y - reach[0] : y + reach[0] + 1, x - reach[1] : x + reach[1] + 1]


@pytest.mark.parametrize(("shape", "reach"), SHAPES)
def test_lag_products_are_the_direct_sums(shape, reach):
    patches = np.random.default_rng(1).normal(size=(3, *shape)) * 7 + 1000
    scaled, scale = centred(patches)
    lags = unfold(LagKernel(shape, reach).half_plane(scaled)) * (scale**2)[:, None, None]
    expected = np.stack([full(patch, reach) for patch in patches])
    np.testing.assert_allclose(lags, expected, atol=2e-6 * expected.max())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 9), st.integers(3, 9))
def test_lag_products_of_an_image_are_the_written_out_sums(seed, height, width):
    image = np.random.default_rng(seed).normal(size=(height, width))
    found = lag_products(image, (2, 1))
    assert found.shape == (5, 3)
    for dy in range(3):
        for dx in range(-1, 2):
            a = image[: height - dy, max(0, -dx) : width - max(0, dx)]
            b = image[dy:, max(0, dx) : width + min(0, dx)]
            assert found[2 + dy, 1 + dx] == pytest.approx((a * b).sum())
            assert found[2 - dy, 1 - dx] == found[2 + dy, 1 + dx]


def test_lag_sign_is_rows_down_columns_right():
    # One bright pixel and a second one, 1 row down and 3 columns right.
    patch = np.zeros((1, 16, 16))
    patch[0, 5, 5] = patch[0, 6, 8] = 1
    scaled, _ = centred(patch)
    lags = unfold(LagKernel((16, 16), (4, 4)).half_plane(scaled))[0]
    lags[4, 4] = 0
    assert lags[5, 7] == pytest.approx(lags[3, 1])
    assert lags[5, 7] == lags.max() > lags[5, 1] + 0.5


@pytest.mark.parametrize(("shape", "reach"), SHAPES)
def test_the_result_is_exactly_symmetric(shape, reach):
    patches = np.random.default_rng(2).normal(size=(5, *shape))
    mean = average_patches(list(patches), None, normalise=True, logarithm=True).mean
    assert (mean == mean[::-1, ::-1]).all()
    assert mean.shape == (2 * shape[0] - 1, 2 * shape[1] - 1)


def test_nothing_wraps_around():
    # A gradient correlates with itself across the edge if the FFT is not padded.
    patch = np.zeros((16, 16))
    patch[:, 0] = patch[:, -1] = 1
    mean = average_patches([patch], 3, normalise=True, logarithm=False).mean
    expected = full(patch, (3, 3))
    np.testing.assert_allclose(mean, expected / expected[3, 3], atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.float16, np.float32, bool])
def test_pixel_types(kind):
    patches = np.random.default_rng(3).integers(0, 2, size=(4, 20, 20)).astype(kind)
    mean = average_patches(list(patches), 5, normalise=True, logarithm=False).mean
    singles = [full(p.astype(float), (5, 5)) for p in patches]
    np.testing.assert_allclose(mean, np.mean([s / s[5, 5] for s in singles], axis=0), atol=1e-5)


@pytest.mark.parametrize("factor", [1e-30, 1e-6, 1.0, 1e30, 1e200])
def test_normalised_values_do_not_depend_on_the_unit(factor):
    patches = np.random.default_rng(4).normal(size=(3, 16, 16))
    one = average_patches(list(patches), 4, normalise=True, logarithm=True).mean
    other = average_patches(list(patches * factor), 4, normalise=True, logarithm=True).mean
    if factor < 1e-4:
        # The published offset of 1e-10 on the zero lag is felt by very small numbers.
        zero_lag = np.mean(
            [
                np.log1p((p * factor).var() * 256 / ((p * factor).var() * 256 + 1e-10))
                for p in patches
            ]
        )
        assert other[4, 4] == pytest.approx(zero_lag, rel=1e-5)
    else:
        np.testing.assert_allclose(other, one, atol=1e-6)


def test_a_large_offset_costs_no_precision():
    noise = np.random.default_rng(5).integers(0, 50, size=(1, 32, 32))
    near, _ = centred(noise.astype(np.float64))
    far, _ = centred(noise + 2.0**40)
    np.testing.assert_array_equal(near, far)


def test_constant_patch_gives_zeros():
    patches = np.full((1, 16, 16), 0.1)
    scaled, scale = centred(patches)
    assert scale.tolist() == [0]
    half = LagKernel((16, 16), (3, 3)).half_plane(scaled)
    for normalise in (True, False):
        assert not transform(half, scale, normalise=normalise, logarithm=True).any()


def test_not_normalised_keeps_the_unit():
    patch = np.random.default_rng(6).normal(size=(16, 16)) * 3
    mean = average_patches([patch], 2, normalise=False, logarithm=False).mean
    np.testing.assert_allclose(mean, full(patch, (2, 2)), rtol=1e-5, atol=1e-3)


def test_unlike_shapes_are_averaged_about_their_centres():
    rng = np.random.default_rng(7)
    small, wide = rng.normal(size=(16, 18)), rng.normal(size=(20, 17))
    both = average_patches([small, wide], None, normalise=True, logarithm=False)
    assert both.mean.shape == (31, 33)
    planes = [full(patch, (15, 16)) for patch in (small, wide)]
    expected = np.mean([plane / plane[15, 16] for plane in planes], axis=0)
    np.testing.assert_allclose(both.mean, expected, atol=1e-6)


def test_no_patches():
    with pytest.raises(InputError, match="at least one"):
        average_patches([], 3, normalise=True, logarithm=True)


def test_chunks_are_bounded():
    small, large = LagKernel((16, 16), (2, 2)), LagKernel((4096, 4096), (10, 10))
    assert patches_per_chunk(small, 100_000) == 512
    assert patches_per_chunk(large, 100_000) == 1
    assert patches_per_chunk(small, 100) == 256
    middle = LagKernel((64, 64), (10, 10))
    assert patches_per_chunk(middle, 100) == 56
    assert patches_per_chunk(middle, 1000) == 63
    assert patches_per_chunk(middle, 100_000) == 113
    assert patches_per_chunk(large, 1) == 1
