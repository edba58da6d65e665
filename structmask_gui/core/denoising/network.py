"""A small perceptron in NumPy: from a pixel's features to the residual of the linear prediction.

Batches are drawn by seed and step, and BLAS uses one thread, so the result is the same on any
number of cores and after a pause. Training can be stopped between any two steps.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from structmask_gui.core.arrays import Float32Array
from structmask_gui.core.progress import NO_TASK, Task

HIDDEN = (32, 32)
"""Units of the hidden layers."""
BATCH = 1024
"""Pixels of a batch."""
_RUN = 16
"""Samples that lie beside each other and are drawn together: single ones, from all over the memory,
take as long to fetch as to train with."""
_RATE = 3e-3
"""Learning rate (Adam)."""
_LEAK = np.float32(0.01)
"""Slope of the leaky rectifier below zero."""
_KEPT = 0.998
"""Decay of the moving average of the weights, which is predicted with: the noise of single batches
averages out, so it is usable at any time."""
_LARGEST = 8.0
"""Standard deviations at which features are clipped, so that nothing is extrapolated."""
_CHUNK = 2**13


class Standard:
    """Mean and spread by which features are standardised, and the scale of the target."""

    def __init__(self, mean: Float32Array, spread: Float32Array, scale: float) -> None:
        self.mean, self.spread, self.scale = mean, spread, scale

    @classmethod
    def of(cls, features: Float32Array, target: Float32Array) -> Standard:
        """Measure them in samples (n, count) and their targets (n,)."""
        mean = features.mean(axis=0, dtype=np.float64)
        spread = features.std(axis=0, dtype=np.float64)
        spread[spread <= 1e-6 * max(float(spread.max(initial=0)), 1e-30)] = 1
        scale = float(target.std(dtype=np.float64)) or 1.0
        return cls(mean.astype(np.float32), spread.astype(np.float32), scale)

    def apply(self, features: Float32Array) -> Float32Array:
        """Standardise samples (n, count) in place."""
        features -= self.mean
        features /= self.spread
        np.clip(features, -_LARGEST, _LARGEST, out=features)
        return features

    def planes(self, features: Float32Array) -> Float32Array:
        """Return features (count, n) standardised."""
        x = features - self.mean[:, np.newaxis]
        x /= self.spread[:, np.newaxis]
        np.clip(x, -_LARGEST, _LARGEST, out=x)
        return x


def predict(
    weights: list[Float32Array], standard: Standard, features: Float32Array, task: Task = NO_TASK
) -> Float32Array:
    """Return the mean of some perceptrons' predictions for features (count, n)."""
    sizes = _sizes(len(standard.mean))
    networks = [_layers(each, sizes) for each in weights]
    result = np.zeros(features.shape[1], np.float32)
    for start in range(0, len(result), _CHUNK):
        task.stop_if_cancelled()
        first = standard.planes(features[:, start : start + _CHUNK])
        for layers in networks:
            result[start : start + _CHUNK] += _forward(first, layers)
    result *= np.float32(standard.scale / len(weights))
    return result


def _forward(x: Float32Array, layers: list[tuple[Float32Array, Float32Array]]) -> Float32Array:
    """Return the output for standardised features (count, n)."""
    for matrix, bias in layers[:-1]:
        x = matrix.T @ x
        x += bias[:, np.newaxis]
        np.maximum(x, _LEAK * x, out=x)
    matrix, bias = layers[-1]
    result: Float32Array = (matrix.T @ x)[0] + bias
    return result


class Trainer:
    """Trains one perceptron, some steps at a time (Adam).

    Parameters
    ----------
    features : float32 array (n, count)
        Standardised, in an order by chance.
    target : float32 array (n,)
        Divided by its scale.
    seed : int
    noisy : slice
        Features that start with small weights: the noise that random weights pass has to be
        unlearned.
    """

    def __init__(
        self, features: Float32Array, target: Float32Array, seed: int, noisy: slice = slice(0)
    ) -> None:
        count = len(features) // _RUN
        self._x = features[: count * _RUN].reshape(count, -1)
        self._y = target[: count * _RUN].reshape(count, _RUN)
        self._seed = seed
        self._size = _sizes(features.shape[1])
        weights = _initial(self._size, np.random.default_rng(seed), noisy)
        # Weights, their average, first and second moment of the gradient.
        self.state: Float32Array = np.stack((weights, weights, 0 * weights, 0 * weights))
        self.steps = 0

    @property
    def averaged(self) -> Float32Array:
        """The weights to predict with."""
        weights: Float32Array = self.state[1].copy()
        return weights

    def train(self, steps: int, task: Task = NO_TASK) -> None:
        """Train for some more steps."""
        weights, averaged, first, second = self.state
        gradient = np.empty_like(weights)
        layers, slopes = _layers(weights, self._size), _layers(gradient, self._size)
        for _ in range(steps):
            task.stop_if_cancelled()
            draw = np.random.default_rng((self._seed, self.steps))
            runs = draw.integers(0, len(self._x), BATCH // _RUN)
            x = self._x.take(runs, axis=0).reshape(BATCH, -1)
            _slopes(x, self._y.take(runs, axis=0).ravel(), layers, slopes)
            self.steps += 1
            t = self.steps
            first += np.float32(0.1) * (gradient - first)
            second += np.float32(0.01) * (gradient * gradient - second)
            step = first / np.float32(1 - 0.9**t)
            step /= np.sqrt(second / np.float32(1 - 0.99**t)) + np.float32(1e-8)
            weights -= np.float32(_RATE) * step
            # At first the average is that of the last tenth of all steps.
            averaged += np.float32(1 - min(_KEPT, t / (t + 10))) * (weights - averaged)

    def check(self, features: Float32Array) -> Float32Array:
        """Return the prediction for standardised samples (n, count), in units of the scale."""
        layers = _layers(self.averaged, self._size)
        parts = [
            _forward(features[i : i + _CHUNK].T, layers) for i in range(0, len(features), _CHUNK)
        ]
        return np.concatenate(parts)


def _sizes(count: int) -> tuple[int, ...]:
    return (count, *HIDDEN, 1)


def _initial(sizes: tuple[int, ...], draw: np.random.Generator, noisy: slice) -> Float32Array:
    weights = np.zeros(sum((a + 1) * b for a, b in pairwise(sizes)), np.float32)
    layers = _layers(weights, sizes)
    for matrix, _ in layers:
        matrix[:] = draw.normal(size=matrix.shape) * np.sqrt(2 / len(matrix))
    layers[0][0][noisy] *= np.float32(0.1)
    # The output starts near zero, so that training starts from the linear prediction.
    layers[-1][0][:] *= np.float32(0.01)
    return weights


def _layers(
    weights: Float32Array, sizes: tuple[int, ...]
) -> list[tuple[Float32Array, Float32Array]]:
    """Return views of each layer's matrix (inputs, outputs) and bias."""
    layers, at = [], 0
    for a, b in pairwise(sizes):
        layers.append((weights[at : at + a * b].reshape(a, b), weights[at + a * b :][:b]))
        at += (a + 1) * b
    return layers


def _slopes(
    x: Float32Array,
    y: Float32Array,
    layers: list[tuple[Float32Array, Float32Array]],
    slopes: list[tuple[Float32Array, Float32Array]],
) -> None:
    """Write the gradient of the mean squared error of a batch (n, count) into ``slopes``."""
    activities, ones = [x], np.ones(len(x), np.float32)
    for matrix, bias in layers[:-1]:
        x = x @ matrix
        x += bias
        activities.append(np.maximum(x, _LEAK * x, out=x))
    matrix, bias = layers[-1]
    error = (activities[-1] @ matrix + bias - y[:, np.newaxis]) * np.float32(2 / len(y))
    for i in reversed(range(len(layers))):
        np.matmul(activities[i].T, error, out=slopes[i][0])
        np.matmul(ones, error, out=slopes[i][1])
        if i:
            error = error @ layers[i][0].T
            # 1 above zero and the leak below; np.where takes four times as long.
            slope = (activities[i] > 0).astype(np.float32)
            slope *= 1 - _LEAK
            slope += _LEAK
            error *= slope
