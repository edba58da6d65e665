"""Whether the frames of an output stand in another order or place than the raw ones."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.denoised.spectra import Spectra
from structmask_gui.core.stack.frames import Frames, evenly, middle

FITS, _SIGMAS = 0.1, 3.0
"""By how much a frame must fit better, in units of the noise's variance and in standard errors."""

_SHIFTED, _SAME_SHIFT = 0.75, 0.5
"""Pixels from which an output is shifted, and by which two halves of the tiles may differ."""

_STRIPS = 8
"""Parts of the pixels from whose spread errors are estimated."""


def fitting_order(
    own: FloatArray, output: FloatArray, noise: float
) -> tuple[list[tuple[int, int]] | None, float]:
    """Return raw frames that fit other output frames, each with its own, and the residual then.

    Parameters
    ----------
    own, output : array (frames, pixels)
        Of the same places, less the mean of each frame.
    noise : float
        Its variance.

    Returns
    -------
    list of (int, int) or None
        None where frames fit best as they are.
    float
        Variance of the residual, each frame with the one that fits it best; inf for None.
    """
    count = len(own)
    if count < 2:
        return None, np.inf
    gain = float((own * output).sum()) / float((output**2).sum())
    errors = np.stack(
        [
            (a**2).mean(axis=1)[:, None] + (b**2).mean(axis=1)[None, :] - 2 * a @ b.T / a.shape[1]
            for a, b in zip(strips(own), strips(gain * output), strict=True)
        ]
    )
    best = errors.mean(axis=0).argmin(axis=1)
    better = [
        k
        for k in range(count)
        if best[k] != k and clearly(errors[:, k, k] - errors[:, k, best[k]], FITS * noise)
    ]
    if len(better) < max(2, count / 4):
        return None, np.inf
    left = float(errors.mean(axis=0)[np.arange(count), best].mean())
    return [(k, int(best[k])) for k in better], left


def shift_of(found: Spectra) -> tuple[int, int] | None:
    """Return the shift of an output (down, right), in pixels; None where there is none.

    The cross-covariance of raw frames and a sound output is symmetric, whatever the noise, so its
    squared spectrum has no phase; that of a shifted output has twice the shift's phase.
    """
    power = np.maximum(found.raw * found.output, 1e-300)
    shifts = []
    for cross in (found.cross, *found.halves):
        peak = np.fft.ifft2(cross**2 / power).real
        side = len(peak)
        at = np.array(np.unravel_index(int(peak.argmax()), peak.shape))
        shifts.append(((at + side // 2) % side - side // 2) / 2)
    if np.abs(shifts[0]).max() < _SHIFTED or np.abs(shifts[1] - shifts[2]).max() > _SAME_SHIFT:
        return None
    dy, dx = (int(np.sign(n) * np.floor(abs(n) + 0.5)) for n in shifts[0])
    return dy, dx


def left_by(shift: tuple[int, int], raw: Frames, denoised: Frames) -> float:
    """Return the variance of raw frames less their output shifted back."""
    frames = evenly(raw.n_frames, 4)
    return float(np.mean([_left(middle(raw, i), middle(denoised, i), *shift) for i in frames]))


def _left(own: FloatArray, output: FloatArray, dy: int, dx: int) -> float:
    """Return the variance of a raw frame less its output shifted back."""
    height, width = own.shape
    y, x = max(0, -dy), max(0, -dx)
    tall, wide = height - abs(dy), width - abs(dx)
    there = output[y + dy : y + dy + tall, x + dx : x + dx + wide]
    return float((own[y : y + tall, x : x + wide] - there).var())


def strips(values: FloatArray) -> list[FloatArray]:
    """Return (frames, pixels) in parts, from whose spread errors are estimated."""
    return np.array_split(values, _STRIPS, axis=1)


def clearly(values: FloatArray, least: float) -> bool:
    """Whether the mean of strips exceeds a value, and chance."""
    mean, error = float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5
    return bool(mean > max(least, _SIGMAS * error))


def shifted(shift: tuple[int, int]) -> str:
    """Say that an output is shifted (down, right), and what to do."""
    dy, dx = shift
    parts = [
        f"{abs(n)} px {words[n > 0]}"
        for n, words in ((dy, ("up", "down")), (dx, ("left", "right")))
        if n
    ]
    return (
        f"The output is shifted by {' and '.join(parts)} against the raw frames. Look for"
        " cropping or padding where it was saved; shift it back before it is used."
    )


def ordered(order: list[tuple[int, int]]) -> str:
    """Say that frames stand in another order: pairs of raw and output frame, from 0."""
    shown = ", ".join(f"raw frame {raw + 1} is frame {output + 1}" for raw, output in order[:3])
    return (
        f"The frames of the output are in another order than the raw ones: {shown}"
        f"{', …' if len(order) > 3 else ''}. Choose their order, or save them in that of the"
        " raw frames."
    )
