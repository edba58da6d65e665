"""Kernels x pictures x masks: true error of the preview, estimated error, the suggested mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_mask
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.quality.basis import automatic_basis
from structmask_gui.core.quality.covariance import noise_covariance
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.quality.suggest import suggest
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames

PIXEL_SHARE = 0.3
STRENGTHS = (1, 3)
FRAMES = (5, 3, 2)
TIE = 0.05


@cache
def pictures() -> dict[str, np.ndarray]:
    """Pictures of zero mean and unit variance, blurred as by an optics of sigma 1 pixel."""
    from skimage import data

    drawn = {
        "cells": cells((384, 384)),
        "camera": gaussian_filter(data.camera().astype(float), 1)[64:448, 64:448],
        "coins": gaussian_filter(data.coins().astype(float), 1)[:303, :384],
        "brick": gaussian_filter(data.brick().astype(float), 1)[:384, :384],
    }
    return {name: (p - p.mean()) / p.std() for name, p in drawn.items()}


def masks_to_try(model: NoiseModel) -> dict[str, Mask]:
    tried = {
        "bare centre": Mask(np.ones((1, 1), dtype=bool)),
        "true lags": Mask(model.true_mask(10)),
        "true lags over 0.2": Mask(model.true_mask(10, 0.2)),
        "true lags over 0.02": Mask(model.true_mask(10, 0.02)),
    }
    for axes in ("horizontal", "vertical", "cross", "square"):
        for span in (3, 5, 9, 13):
            tried[f"{axes} {span}"] = careamics_mask(axes, span)
    distinct: dict[Mask, str] = {}
    for name, mask in tried.items():
        distinct.setdefault(mask.cropped(), name)
    return {name: mask for mask, name in distinct.items()}


class Truth:
    """True errors of predictions, over all frames; those are opened once."""

    def __init__(self, frames: np.ndarray, clean: np.ndarray) -> None:
        self._previews = [Preview(frame) for frame in frames]
        self._clean = clean

    def error(self, kernel: np.ndarray) -> float:
        """Return the mean squared error of a prediction by these weights."""
        found = [np.mean((one.predict(kernel) - self._clean) ** 2) for one in self._previews]
        return float(np.mean(found))


def wrong_pairs(true: np.ndarray, estimated: np.ndarray) -> float:
    """Share of the pairs of masks, more than a near tie apart in truth, in the wrong order."""
    wrong = count = 0
    for i in range(len(true)):
        for j in range(i):
            low, high = sorted((true[i], true[j]))
            if high > low * (1 + TIE):
                count += 1
                wrong += (true[i] - true[j]) * (estimated[i] - estimated[j]) < 0
    return wrong / max(1, count)


@dataclass(frozen=True)
class Spec:
    """One run: a kernel under a picture, in some frames; with one frame `Single` comes of it."""

    kernel: str
    picture: str
    strength: int
    frames: int
    seed: int

    @property
    def name(self) -> str:
        """What the tables call it."""
        return f"{self.kernel} under {self.picture} x {self.strength}"

    def scene(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the frames, and the picture under their noise."""
        clean = pictures()[self.picture]
        frames = simulate(
            NoiseModel(kernels()[self.kernel], PIXEL_SHARE),
            clean.shape,
            n_frames=self.frames,
            picture=clean,
            strength=self.strength,
            seed=1000 * self.seed + self.strength,
        )
        return frames, clean * self.strength

    def masks(self) -> dict[str, Mask]:
        """Return the masks to try."""
        return masks_to_try(NoiseModel(kernels()[self.kernel], PIXEL_SHARE))


@dataclass(frozen=True)
class Run:
    """One kernel under one picture: rank correlations, wrong pairs, errors of the suggestion."""

    spec: Spec
    masks: int
    rank: float
    wrong: float
    covariances: float
    ratio: float
    pixels: int
    suggested: float
    best: float


@dataclass(frozen=True)
class Single:
    """The same with the first frame alone."""

    spec: Spec
    source: str
    trusted: bool
    rank: float
    wrong: float
    flat: float


def work(spec: Spec) -> Run | Single:
    """Do one run."""
    return _single(spec) if spec.frames == 1 else _run(spec)


def _run(spec: Spec) -> Run:
    frames, clean = spec.scene()
    measured = basis(ArrayFrames(frames), source="difference")
    noise, image = measured.noise.values, measured.image.values
    given = measured.noise
    suggestion = suggest(given, image, pixels=given.pixels, still=measured.still)
    tried = spec.masks() | {"suggested": suggestion.mask}
    found = [weights(image, mask) for mask in tried.values()]
    truth = Truth(frames, clean)
    true = np.array([truth.error(kernel) for kernel in found])
    estimates = [estimated_error(noise, image, kernel, measured.still).total for kernel in found]
    sums = [estimated_error(noise, image, kernel).total for kernel in found]
    return Run(
        spec,
        len(tried),
        float(spearmanr(true, estimates).statistic),
        wrong_pairs(true, np.array(estimates)),
        float(spearmanr(true, sums).statistic),
        float(true[-1] / true.min()),
        suggestion.mask.statistics.true_pixels,
        float(true[-1]),
        float(true.min()),
    )


def _single(spec: Spec) -> Single:
    frames, clean = spec.scene()
    stack = ArrayFrames(frames)
    measured = automatic_basis(stack)
    noise, image = measured.noise.values, measured.image.values
    flat = noise_covariance(stack, 2 * measured.radius, "flat").values
    found = [weights(image, mask, measured.radius) for mask in spec.masks().values()]
    truth = Truth(frames, clean)
    true = np.array([truth.error(kernel) for kernel in found])
    estimates = np.array([estimated_error(noise, image, kernel).total for kernel in found])
    patches = [estimated_error(flat, image, kernel).total for kernel in found]
    return Single(
        spec,
        measured.noise.source,
        measured.trusted,
        float(spearmanr(true, estimates).statistic),
        wrong_pairs(true, estimates),
        float(spearmanr(true, patches).statistic),
    )
