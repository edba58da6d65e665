"""Still copied against a direct least-squares fit to simulated noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from _aims import Aim, Section
from _ranking_runs import PIXEL_SHARE

from structmask_gui.core.correlation.autocorrelation import lag_products
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.covariance import Covariance, noise_covariance
from structmask_gui.core.quality.prediction import hidden_by, square_lags
from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.core.stack.frames import ArrayFrames

RADIUS = 5
WITHIN = 0.01
TRIED = {
    "bare centre": np.ones((1, 1)),
    "horizontal 3": np.ones((1, 3)),
    "square 3": np.ones((3, 3)),
    "right half of a row of 9": np.tile([0, 0, 0, 0, 1, 1, 1, 1, 1], (1, 1)),
}


def least_squares(chosen: tuple[str, ...], seed: int) -> Section:
    """Return the table: from true and from measured covariances, against fits."""
    lines = [
        "## Still copied against a direct least-squares fit",
        "",
        f"Radius {RADIUS}, 3 frames of 320 x 320 of pure noise; the measured covariance is that of"
        " the same frames' differences. Twofold upsampled noise (bilinear) is nearly singular, and"
        " its covariance is only measured.",
        "",
        "| kernel | mask | least squares | from measured | from true |",
        "|---|---|---|---|---|",
    ]
    worst = [0.0, 0.0]
    for name in (*chosen, "upsampled"):
        for label, share, from_measured, from_true in _compared(name, seed):
            worst[0] = max(worst[0], abs(from_measured - share))
            text = "-"
            if from_true is not None:
                worst[1] = max(worst[1], abs(from_true - share))
                text = f"{from_true:.4f}"
            lines.append(f"| {name} | {label} | {share:.4f} | {from_measured:.4f} | {text} |")
    text = f"{worst[0]:.4f} from measured, {worst[1]:.4f} from true covariances"
    lines += ["", f"Largest difference: {text}."]
    aim = Aim(
        "still copied against a direct least-squares fit",
        f"within {WITHIN}",
        text,
        max(worst) <= WITHIN,
    )
    return Section(lines, [aim])


def _compared(name: str, seed: int) -> Iterator[tuple[str, float, float, float | None]]:
    """Yield mask, fitted share, share from the measured and from the true covariance."""
    lags = square_lags(RADIUS)
    model = None if name == "upsampled" else NoiseModel(kernels()[name], PIXEL_SHARE)
    random = np.random.default_rng(11 + 1000 * seed)
    noise = upsampled(random) if model is None else model.draw(random, 3, (320, 320))
    noise = noise - noise.mean(axis=(1, 2), keepdims=True)
    inner = noise[:, RADIUS:-RADIUS, RADIUS:-RADIUS]
    seen = np.stack(
        [
            noise[:, RADIUS + y : y - RADIUS or None, RADIUS + x : x - RADIUS or None].ravel()
            for y, x in lags
        ]
    )
    gram, cross = seen @ seen.T, seen @ inner.ravel()
    power = float((inner**2).sum())
    if model is None:
        measured: Covariance | np.ndarray = unfaded(noise, 2 * RADIUS)
    else:
        measured = noise_covariance(ArrayFrames(noise), 2 * RADIUS, "difference")
    for label, mask in TRIED.items():
        visible = ~hidden_by(mask.astype(bool), lags)
        w = np.linalg.lstsq(gram[np.ix_(visible, visible)], cross[visible], rcond=1e-12)[0]
        share = float(cross[visible] @ w) / power
        true = None
        if model is not None:
            true = still_copied(model.correlation(2 * RADIUS), mask, RADIUS)
        yield label, share, still_copied(measured, mask, RADIUS), true


def upsampled(random: np.random.Generator) -> np.ndarray:
    """White noise magnified twice by bilinear interpolation, at pixel centres."""
    small = random.standard_normal((3, 161, 161))
    for axis in (1, 2):
        a = np.take(small, range(small.shape[axis] - 1), axis)
        b = np.take(small, range(1, small.shape[axis]), axis)
        pair = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=axis + 1)
        shape = list(a.shape)
        shape[axis] *= 2
        small = pair.reshape(shape)
    return small


def unfaded(noise: np.ndarray, reach: int) -> np.ndarray:
    """Covariance of frames of pure noise, every lag over all its pairs of pixels."""
    numbers = lag_products(np.ones(noise.shape[1:]), (reach, reach))
    return np.mean([lag_products(frame, (reach, reach)) / numbers for frame in noise], axis=0)
