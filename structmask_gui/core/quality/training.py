"""What training with a large mask costs, beside what a linear prediction loses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray

_TRAINED, _OF_ERROR, _OF_NOISE, _LEAST = 25, 0.02, 0.003, 0.02
"""Cost of training: for every pixel beyond so many, this share of the error, or this share of the
noise's variance where that is less. An error below the last one counts as that: in frames, or a
part of them, without structure any mask loses nothing, but that is not all one trains on.
Calibrated on small U-Nets: up to 25 pixels training took nothing, and the nets did better than
estimated, by 0.05; a disc of 35 to 37 pixels estimated at 0.14 trained to 0.13 to 0.18 and one at
0.60 to 0.62, where one of 21 to 25 trained to 0.11 and 0.55; a square of 49 at 0.14 to 0.17, one of
121 at 0.16 to 0.74, one of 225 at 0.67 to 0.69 to 0.78 to 1.55."""


def training_cost(pixels: int, error: float) -> float:
    """Return what training with so many hidden pixels adds to an estimated error."""
    return float(training_costs(pixels, error))


def training_costs(pixels: ArrayLike, errors: ArrayLike) -> FloatArray:
    """Return `training_cost` of several masks."""
    each = np.minimum(_OF_ERROR * np.maximum(errors, _LEAST), _OF_NOISE)
    return np.asarray(np.maximum(np.asarray(pixels) - _TRAINED, 0) * each)
