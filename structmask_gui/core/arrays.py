"""Array types, and the helpers that the rest of the engine shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LagArray = NDArray[np.int64]

BoolArray = NDArray[np.bool_]

FloatArray = NDArray[np.float64]

Float32Array = NDArray[np.float32]

AnyArray = NDArray[Any]

SIGMA_PER_MAD = 1.4826
"""Standard deviation of a Gaussian over its median absolute deviation."""


def crop_or_pad(array: AnyArray, shape: tuple[int, ...]) -> AnyArray:
    """Crop, or pad with zeros, an array of odd sides to ``shape`` about its centre.

    Returns a view, or the array itself, where nothing is padded.
    """
    for axis, side in enumerate(shape):
        extra = (side - array.shape[axis]) // 2
        if extra < 0:
            array = array[-extra:extra] if axis == 0 else array[:, -extra:extra]
    missing = [(side - now) // 2 for side, now in zip(shape, array.shape, strict=True)]
    return np.pad(array, [(n, n) for n in missing]) if any(missing) else array
