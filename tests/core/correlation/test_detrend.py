"""What a surface takes from the lag products is undone exactly."""

import numpy as np
import pytest

from structmask_gui.core.correlation.detrend import Surface


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_bias_is_undone_exactly_up_to_the_reach(degree):
    height, width, reach = 9, 8, 3
    random = np.random.default_rng(degree)
    covariance = random.normal(size=(2 * reach + 1, 2 * reach + 1))
    covariance += covariance[::-1, ::-1]
    pixels = [(y, x) for y in range(height) for x in range(width)]
    full = np.zeros((len(pixels), len(pixels)))
    for i, (y, x) in enumerate(pixels):
        for j, (v, u) in enumerate(pixels):
            if abs(y - v) <= reach and abs(x - u) <= reach:
                full[i, j] = covariance[reach + v - y, reach + u - x]
    # The projection as the removal itself makes it, one unit pixel at a time.
    units = np.eye(len(pixels)).reshape(-1, height, width)
    residual = Surface((height, width), degree).remove_from(units).reshape(len(pixels), -1)
    left = residual.astype(float) @ full @ residual.astype(float).T
    expected = []
    for dy in range(reach + 1):
        for dx in range(-reach, reach + 1):
            pairs = [
                left[i, (y + dy) * width + x + dx]
                for i, (y, x) in enumerate(pixels)
                if 0 <= y + dy < height and 0 <= x + dx < width
            ]
            expected.append(np.mean(pairs))
    undone = Surface((height, width), degree).bias(reach).undo(np.array(expected))
    # remove_from works in float32.
    assert np.abs(undone - covariance[reach:].ravel()).max() < 1e-4


def test_a_surface_is_gone_after_its_removal():
    y, x = np.mgrid[:20, :30] / 10.0
    patch = (1e4 + 3 * y - 2 * x + x * y - y**2)[np.newaxis]
    assert np.abs(Surface((20, 30), 2).remove_from(patch)).max() < 1e-3
    assert np.abs(Surface((20, 30), 1).remove_from(patch)).max() > 0.1
