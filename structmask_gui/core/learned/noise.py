"""Noise that is as smooth as the sample, by what samples and noise usually look like.

Where both end at the same optical cut-off, no frequency holds noise alone, and empty parts of the
field are never quite empty. What tells them apart is that noise is alike everywhere and samples are
not. Small networks, trained on simulated samples and round noise (``benchmarks/train_learned.py``),
estimate from the power of tiles, in rings of frequency, how much of it is noise; noise of many
shapes is then weighted by how well it agrees with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.learned.features import FEWEST, RINGS, SIDE, features, ring_power
from structmask_gui.core.learned.shapes import correlations_of, log_ring_power, round_power
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.stack.frames import Frames, evenly, middle_as_is
from structmask_gui.core.stack.scaled import ScaledFrames, exponent_for

REACH = 20
"""Largest lag of the covariances."""

_FRAMES = 4
"""Frames whose tiles are taken together."""

_BOUND = 6.0
"""Standard deviations beyond which a feature says no more."""

_ALONE, _WIDER, _LEAST = 0.25, 1.2, 0.01
"""Share of the error of a ring that no other ring has; factor on the variance that the networks
say, and the least of it: real samples are not the simulated ones."""

_DRAWS = 16
_MISFIT = 6.0
"""Squared deviation from the best noise, beyond which the noise is of no shape that was learned."""

_FAINTEST = 1 / 11
"""Share of the frames' variance below which noise is too faint: of samples with more than ten times
the variance of the noise, fine textures pass for it."""

_DROPPED = 1e-4
"""Weight, over the largest, up to which a shape does not count."""


@dataclass(frozen=True, eq=False)
class LearnedNoise:
    """What the noise is likely to be."""

    misfit: float
    """Squared deviation of the noise that fits best, over its variance; see `fits`."""
    mean: FloatArray
    """Shape (2 REACH + 1, 2 REACH + 1); the expected autocovariance."""
    draws: tuple[FloatArray, ...]
    """Autocovariances as likely as the data leave them."""
    share: float  # its expected variance over that of the frames

    @property
    def fits(self) -> bool:
        """Whether it is of a shape that was learned, no line or period, and not too faint."""
        return self.misfit < _MISFIT and self.share > _FAINTEST


def learned_noise(frames: Frames, task: Task = NO_TASK) -> LearnedNoise | None:
    """Estimate the noise of frames, each with a sample of its own.

    Parameters
    ----------
    frames : Frames
        The middle of some of them is used, but for tiles where pixels are missing (NaN).
    task : Task

    Returns
    -------
    LearnedNoise or None
        None where frames are too small, or too much of them is missing.
    """
    # Squares of very large or small values would not be finite.
    exponent = exponent_for(frames)
    if exponent:
        return _in_grey_levels(learned_noise(ScaledFrames(frames, exponent), task), exponent)
    images = []
    for number in evenly(frames.n_frames, _FRAMES):
        task.stop_if_cancelled()
        images.append(np.asarray(middle_as_is(frames, number), dtype=np.float64))
    if min(images[0].shape) < 2 * SIDE:
        return None
    powers = [ring_power(image) for image in images]
    task.stop_if_cancelled()
    if sum(int(np.isfinite(power[:, :, 0]).sum()) for power in powers) < FEWEST:
        return None
    values, level = features(powers)
    power, variance = _networks().read(values)
    return _weighted(power + level, variance, max(map(_variance, images)))


def _variance(image: FloatArray) -> float:
    values = image[np.isfinite(image)]
    return float(values.var()) if values.size else 0.0


def _in_grey_levels(noise: LearnedNoise | None, exponent: int) -> LearnedNoise | None:
    """Return noise of frames that were scaled by 2**exponent in the grey levels as stored."""
    if noise is None:
        return None
    square = 2.0 ** (-2 * exponent)
    return replace(
        noise, mean=noise.mean * square, draws=tuple(one * square for one in noise.draws)
    )


def _weighted(power: FloatArray, variance: FloatArray, most: float) -> LearnedNoise:
    """Weight noise of all shapes by its agreement with an estimate.

    ``power``, ``variance``: of the logarithm of the power in each ring; ``most``: largest variance
    that the noise may have.
    """
    known = _networks()
    spread = np.sqrt(_WIDER * variance + _LEAST)
    alike = (1 - _ALONE) * known.errors + _ALONE * np.eye(RINGS)
    precision = np.linalg.inv(alike * np.outer(spread, spread))
    apart = power - known.ring_power
    total = precision.sum()
    # The variance of the noise is open; it is the one that fits best.
    strength = apart @ precision.sum(axis=0) / total
    rest = apart - strength[:, None]
    misfit = np.einsum("ij,jk,ik->i", rest, precision, rest)
    weight = np.exp(-0.5 * (misfit - misfit.min()))
    weight = np.where(weight > _DROPPED, weight, 0.0)
    weight /= weight.sum()
    counted = np.flatnonzero(weight)
    planes = np.roll(correlations_of(round_power(known.shapes[counted])), REACH, axis=(1, 2))
    planes = planes[:, : 2 * REACH + 1, : 2 * REACH + 1]
    variances = np.minimum(np.exp(strength[counted]), most)
    mean = np.tensordot(weight[counted] * variances, planes, axes=1)
    # Drawn evenly, so that the same frames give the same noise.
    steps = (np.arange(_DRAWS) + 0.5) / _DRAWS
    chosen = np.searchsorted(np.cumsum(weight[counted]), steps).clip(max=len(counted) - 1)
    normal = np.random.default_rng(0).standard_normal(_DRAWS) / np.sqrt(total)
    draws = [
        min(float(variances[one] * np.exp(off)), most) * planes[one]
        for one, off in zip(chosen, normal, strict=True)
    ]
    share = float(mean[REACH, REACH]) / most if most > 0 else 0.0
    return LearnedNoise(float(misfit.min()), mean, tuple(draws), share)


class _Networks:
    """Networks of two hidden layers, and what belongs to them."""

    def __init__(self) -> None:
        found = resources.files(__package__).joinpath("learned.npz")
        with found.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name].astype(np.float64) for name in file.files}
        self._mean, self._scale = arrays["mean"], arrays["scale"]
        self._layers = [(arrays[f"weights{n}"], arrays[f"biases{n}"]) for n in range(3)]
        self.errors = arrays["errors"]
        """Shape (RINGS, RINGS); correlation of the errors of the rings."""
        self.shapes = arrays["shapes"]
        """Shape (n, 5); see `round_power`."""
        self.ring_power = log_ring_power(round_power(self.shapes))

    def read(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the logarithm of the noise's power in each ring and its variance."""
        hidden = np.clip((values - self._mean) / self._scale, -_BOUND, _BOUND)
        hidden = np.broadcast_to(hidden, (len(self._layers[0][0]), len(hidden)))
        for number, (weights, biases) in enumerate(self._layers):
            if number:
                hidden = hidden / (1 + np.exp(-hidden))
            hidden = np.einsum("noi,ni->no", weights, hidden) + biases
        power, log_variance = hidden[:, :RINGS], np.clip(hidden[:, RINGS:], -5, 3)
        # How much the networks differ is a part of what they do not know.
        variance = np.exp(log_variance).mean(axis=0) + power.var(axis=0)
        return power.mean(axis=0), variance


@cache
def _networks() -> _Networks:
    return _Networks()
