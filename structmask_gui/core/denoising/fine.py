"""Remove grain, which differs from pixel to pixel, from a prediction, but where it stands out.

Each pixel's prediction leaves out other neighbours than the next one's, so predictions differ from
pixel to pixel by the noise of their nearest visible neighbours, also where there is no structure:
a fine grain, with single bright pixels. A narrow mean removes it. What it takes away is kept where
it is more than usual, as at a spot or at an edge; a single pixel that stands out is not enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from structmask_gui.core.arrays import Float32Array

MARGIN = 5
"""How far it reaches."""
_WIDTH, _AROUND = 0.5, 1.0
"""Standard deviations, in pixels, of the mean, and of the surroundings that must stand out."""
_NONE, _ALL = 2.0, 6.0
"""Times its usual size at which nothing, or all, of what the mean takes away is kept."""


class Fine:
    """Takes the grain out of predicted images.

    Parameters
    ----------
    images : sequence of float32 array (h, w)
        Predictions, which tell how large the grain usually is.
    """

    def __init__(self, images: Sequence[Float32Array]) -> None:
        sizes = [_size(image - _mean(image)).ravel() for image in images]
        self._usual = max(float(np.median(np.concatenate(sizes))), 1e-30)

    def __call__(self, image: Float32Array) -> Float32Array:
        """Return an image without grain, continued as in a mirror beyond its borders."""
        mean = _mean(image)
        fine = image - mean
        share = np.clip((_size(fine) / self._usual - _NONE) / (_ALL - _NONE), 0, 1)
        fine *= share
        fine += mean
        return fine


def _mean(image: Float32Array) -> Float32Array:
    from scipy.ndimage import gaussian_filter

    result: Float32Array = gaussian_filter(image, _WIDTH, radius=2)
    return result


def _size(fine: Float32Array) -> Float32Array:
    """Return how large the values about each pixel are."""
    from scipy.ndimage import gaussian_filter

    result: Float32Array = np.sqrt(gaussian_filter(fine * fine, _AROUND, radius=MARGIN - 2))
    return result
