"""Whether a denoised stack has the frames and grey levels of a raw one."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.errors import InputError
from structmask_gui.core.names import counted, size_text
from structmask_gui.core.stack.frames import Frames

_OTHER_LEVELS = 4.0
"""Slope of the raw frames over the denoised ones from which their grey levels differ.

The best prediction of a raw pixel has a slope of 1, however little is predictable; a Gaussian blur
of noise alone has 2, networks 1 after a hundred steps of training, before that perhaps more. Their
standard deviations are no criterion: that of the output is small where noise was strong."""

_RELATED, _INVERTED = 0.1, -0.5
"""Correlation of raw and denoised frames from which the slope is meaningful: an almost constant
output can have any."""

_BY_NETWORK = "Save the output without normalising it; if it is not normalised, train longer."
_MADE_HERE = (
    "Give the raw stack that it was made of; if this is it, subtract a constant from that and"
    " denoise it again."
)


def check_fit(raw: Frames, denoised: Frames, *, here: bool = False) -> None:
    """Raise InputError unless the stacks fit each other.

    ``here``: whether `structmask_gui.core.denoising` made the output, and no network.
    """
    if (raw.n_frames, raw.frame_shape) != (denoised.n_frames, denoised.frame_shape):
        what = f"{denoised.name} has {_size(denoised)}, but {raw.name} has {_size(raw)}"
        if denoised.n_frames == 1 and raw.frame_shape == denoised.frame_shape:
            # Copied noise cannot be separated from structure if one output stands for all frames.
            raise InputError(
                f"{what}; give the output of every frame, or open only the frame that this was made"
                " of."
            )
        raise InputError(f"{what}; give the output of these frames.")
    products, means, count, same = np.zeros((2, 2)), np.zeros(2), 0, True
    for frame in sorted({0, raw.n_frames // 2, raw.n_frames - 1}):
        pair = raw.read(frame), denoised.read(frame)
        same = same and np.array_equal(*pair)
        values = np.stack([one.astype(np.float64).ravel() for one in pair])
        values = values[:, np.isfinite(values).all(axis=0)]
        if values.size:
            products += np.cov(values, bias=True) * values.shape[1]
            means += values.sum(axis=1)
            count += values.shape[1]
    if same:
        raise InputError(
            f"{denoised.name}: this is the raw stack, pixel for pixel that of {raw.name}; give the"
            " output of the network."
        )
    if not count:
        raise InputError(f"{raw.name} and {denoised.name} have no finite pixel in common.")
    if not products[0, 0] > 0:
        raise InputError(f"{raw.name} shows no noise to compare; choose other frames.")
    how = _other_levels(products / count, means / count)
    if how:
        raise InputError(
            f"{denoised.name} is not in the grey levels of {raw.name}: {how}."
            f" {_MADE_HERE if here else _BY_NETWORK}"
        )


def _other_levels(covariance: FloatArray, means: FloatArray) -> str:
    """Return how the grey levels of raw and denoised frames differ; empty if they do not."""
    spread, own = np.sqrt(np.diag(covariance))
    shared = float(covariance[0, 1])
    slope = shared / covariance[1, 1] if own > 0 else 0.0
    correlation = shared / (spread * own) if own > 0 else 0.0
    if correlation > _RELATED and slope > _OTHER_LEVELS:
        return f"where it rises by 1, the raw frames rise by {_number(slope)}"
    if correlation < _INVERTED:
        return f"where it rises by 1, the raw frames fall by {_number(-slope)}"
    if own > 2 * spread:
        return f"it varies by {_number(own)}, and the raw frames only by {_number(spread)}"
    if abs(means[0] - means[1]) > spread:
        # Two means would be the same number where both are large.
        apart = f"{_number(abs(means[1] - means[0]))} {'above' if means[1] > means[0] else 'below'}"
        return f"its mean is {apart} that of the raw frames, which vary by {_number(spread)}"
    return ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _size(frames: Frames) -> str:
    """Return the size of a stack in words."""
    return f"{counted(frames.n_frames, 'frame')} of {size_text(frames.frame_shape)} pixels"
