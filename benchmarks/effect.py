"""What the quality figures are worth, measured on noise and pictures whose truth is known.

Run ``python benchmarks/effect.py``; ``--write`` puts the tables into docs/quality-figures.md,
``--quick`` takes a few kernels only. Fixed seeds; times are given as shares of their limits and
beside a transform of a frame, so that they can be read on any machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from structmask_gui.core.assessment import basis
from structmask_gui.core.blindspot import Preview, estimated_error, rank_masks, weights
from structmask_gui.core.covariance import image_covariance, noise_covariance
from structmask_gui.core.destripe import destriped
from structmask_gui.core.frames import ArrayFrames
from structmask_gui.core.mask import Mask
from structmask_gui.core.neighbours import hidden_by, square_lags
from structmask_gui.core.quality import copied_curve, figures, still_copied
from structmask_gui.core.simulation import NoiseModel, cells, kernels, row_offsets, simulate
from structmask_gui.core.still_scene import StillScene
from structmask_gui.core.suggest import suggest
from structmask_gui.core.trainers import careamics_mask, careamics_masks
from structmask_gui.io.scoring import automatic_basis

TARGET = Path(__file__).resolve().parents[1] / "docs" / "quality-figures.md"
QUICK = ("row 7", "isotropic", "echo slanted")
PIXEL_SHARE = 0.3
STRENGTHS = (1, 3)
FRAMES = 5
FEWER = (3, 2)
OFFSET_FRAMES = 3
TIE = 0.05


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


def true_error(frames: np.ndarray, clean: np.ndarray, kernel: np.ndarray) -> float:
    found = [np.mean((Preview(frame).predict(kernel) - clean) ** 2) for frame in frames[:2]]
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


@dataclass
class Run:
    """One kernel under one picture: rank correlations, wrong pairs, errors of the suggestion."""

    kernel: str
    picture: str
    strength: int
    masks: int
    rank: float
    wrong: float
    covariances: float
    ratio: float
    pixels: int
    suggested: float
    best: float


@dataclass
class Single:
    """The same with the first frame alone."""

    kernel: str
    picture: str
    strength: int
    source: str
    trusted: bool
    rank: float
    wrong: float
    flat: float


def scene(name: str, clean: np.ndarray, strength: int, n_frames: int) -> np.ndarray:
    model = NoiseModel(kernels()[name], PIXEL_SHARE)
    return simulate(
        model, clean.shape, n_frames=n_frames, picture=clean, strength=strength, seed=strength
    )


def one_run(name: str, picture: str, clean: np.ndarray, strength: int, n_frames: int) -> Run:
    model = NoiseModel(kernels()[name], PIXEL_SHARE)
    frames = scene(name, clean, strength, n_frames)
    measured = basis(ArrayFrames(frames), source="difference")
    noise, image = measured.noise.values, measured.image.values
    suggestion = suggest(noise, image, pixels=measured.noise.pixels, still=measured.still)
    tried = masks_to_try(model) | {"suggested": suggestion.mask}
    found = [weights(image, mask) for mask in tried.values()]
    true = np.array([true_error(frames, clean * strength, kernel) for kernel in found])
    estimates = [estimated_error(noise, image, kernel, measured.still).total for kernel in found]
    sums = [estimated_error(noise, image, kernel).total for kernel in found]
    return Run(
        name,
        picture,
        strength,
        len(tried),
        float(spearmanr(true, estimates).statistic),
        wrong_pairs(true, np.array(estimates)),
        float(spearmanr(true, sums).statistic),
        float(true[-1] / true.min()),
        suggestion.mask.statistics.true_pixels,
        float(true[-1]),
        float(true.min()),
    )


def one_single(name: str, picture: str, clean: np.ndarray, strength: int) -> Single:
    frames = scene(name, clean, strength, 1)
    stack = ArrayFrames(frames)
    measured = automatic_basis(stack)
    noise, image = measured.noise.values, measured.image.values
    flat = noise_covariance(stack, 2 * measured.radius, "flat").values
    tried = masks_to_try(NoiseModel(kernels()[name], PIXEL_SHARE))
    found = [weights(image, mask, measured.radius) for mask in tried.values()]
    true = np.array([true_error(frames, clean * strength, kernel) for kernel in found])
    estimates = np.array([estimated_error(noise, image, kernel).total for kernel in found])
    patches = [estimated_error(flat, image, kernel).total for kernel in found]
    return Single(
        name,
        picture,
        strength,
        measured.noise.source,
        measured.trusted,
        float(spearmanr(true, estimates).statistic),
        wrong_pairs(true, estimates),
        float(spearmanr(true, patches).statistic),
    )


def errors(quick: bool) -> Iterator[str]:
    chosen = QUICK if quick else tuple(kernels())
    specs = [
        (name, picture, clean, strength)
        for name in chosen
        for picture, clean in pictures().items()
        for strength in STRENGTHS
    ]
    runs: dict[int, list[Run]] = {}
    for n_frames in (FRAMES, *FEWER):
        runs[n_frames] = [one_run(*spec, n_frames) for spec in specs]
        print(f"  {n_frames} frames", file=sys.stderr)
    yield "## Estimated against true error, and the suggested mask"
    yield ""
    main = runs[FRAMES]
    yield (
        f"{len(main)} runs: {len(chosen)} kernels x 4 pictures x strengths {STRENGTHS},"
        f" {PIXEL_SHARE:.0%} of the variance in independent pixel noise, {FRAMES} frames of a still"
        f" scene, {min(r.masks for r in main)} to {max(r.masks for r in main)} masks each. The"
        " error is estimated by predicting frames and comparing them with the others; beside it"
        " stands what the covariances alone would say. Rank correlation is Spearman's; wrong pairs"
        " are those of two masks whose true errors differ by more than 5 %."
    )
    yield ""
    yield (
        "| kernel | rank correlation: mean, least | wrong pairs | by covariances: mean, least"
        " | suggested / best: mean, most | pixels |"
    )
    yield "|---|---|---|---|---|---|"
    for name in chosen:
        yield _row(name, [r for r in main if r.kernel == name])
    for picture in dict.fromkeys(r.picture for r in main):
        for strength in STRENGTHS:
            some = [r for r in main if (r.picture, r.strength) == (picture, strength)]
            yield _row(f"*all under {picture} x {strength}*", some)
    yield _row("**all**", main)
    yield ""
    yield (
        "| frames | rank correlation: mean, least | at least 0.95 | wrong pairs"
        " | suggested mask within 5 % of the best |"
    )
    yield "|---|---|---|---|---|"
    for n_frames, found in runs.items():
        ranks = np.array([r.rank for r in found])
        yield (
            f"| {n_frames} | {ranks.mean():.3f}, {ranks.min():.3f} | {np.sum(ranks >= 0.95)} of"
            f" {len(found)} | {np.mean([r.wrong for r in found]):.2%} |"
            f" {sum(r.ratio <= 1.05 for r in found)} of {len(found)} |"
        )
    for n_frames, found in runs.items():
        yield from _listed(n_frames, found)
    yield ""
    yield from singles([one_single(*spec) for spec in specs])


def _listed(n_frames: int, runs: list[Run]) -> Iterator[str]:
    """Name the runs that fell short."""
    below = sorted((r for r in runs if r.rank < 0.95), key=lambda r: r.rank)
    if below:
        yield ""
        yield f"Below 0.95 with {n_frames} frames (rank correlation, wrong pairs): " + "; ".join(
            f"{r.kernel} under {r.picture} x {r.strength} ({r.rank:.2f}, {r.wrong:.1%})"
            for r in below
        )
    above = [r for r in runs if r.ratio > 1.05]
    if above:
        yield ""
        yield f"Suggested mask more than 5 % above the best tried, {n_frames} frames: " + "; ".join(
            f"{r.kernel} under {r.picture} x {r.strength} ({r.suggested:.4f} against {r.best:.4f})"
            for r in above
        )


def singles(runs: list[Single]) -> Iterator[str]:
    yield "## The same from a single frame"
    yield ""
    yield (
        "The noise is looked for where the statistical method finds it, in the spectrum or in flat"
        " parts; beside it what the flattest patches alone would say. Where noise and picture"
        " cannot be told apart, window and command line say so, and show the order without ranks:"
        " *withheld*. The other columns are of what is shown."
    )
    yield ""
    yield (
        "| picture | withheld | rank correlation: mean, least | at least 0.95 | wrong pairs"
        " | flattest patches: mean, least | of the withheld: mean, least |"
    )
    yield "|---|---|---|---|---|---|---|"
    groups = [
        (f"{picture} x {strength}", [r for r in runs if (r.picture, r.strength) == key])
        for picture, strength in dict.fromkeys((r.picture, r.strength) for r in runs)
        for key in [(picture, strength)]
    ]
    for name, some in [*groups, ("**all**", runs)]:
        shown = [r for r in some if r.trusted]
        held = [r for r in some if not r.trusted]
        yield (
            f"| {name} | {len(held)} of {len(some)} | {_least([r.rank for r in shown])} |"
            f" {sum(r.rank >= 0.95 for r in shown)} of {len(shown)} |"
            f" {np.mean([r.wrong for r in shown] or [0]):.1%} |"
            f" {_least([r.flat for r in shown])} | {_least([r.rank for r in held])} |"
        )
    below = sorted((r for r in runs if r.trusted and r.rank < 0.9), key=lambda r: r.rank)
    if below:
        yield ""
        yield "Shown with a rank correlation below 0.9: " + "; ".join(
            f"{r.kernel} under {r.picture} x {r.strength} ({r.rank:.2f}, noise measured in"
            f" {r.source})"
            for r in below
        )


def _least(values: list[float]) -> str:
    return f"{np.mean(values):.3f}, {min(values):.3f}" if values else "-"


def _row(name: str, runs: list[Run]) -> str:
    def pick(field: str) -> np.ndarray:
        return np.array([getattr(r, field) for r in runs])

    ratio, pixels = pick("ratio"), pick("pixels")
    return (
        f"| {name} | {_least([r.rank for r in runs])} | {pick('wrong').mean():.1%} |"
        f" {_least([r.covariances for r in runs])} | {ratio.mean():.3f}, {ratio.max():.3f} |"
        f" {pixels.min()} to {pixels.max()} |"
    )


def offsets() -> Iterator[str]:
    yield "## Row offsets of 3 % of the variance"
    yield ""
    yield (
        "True error in units of the noise variance (after destriping: of the same pixel noise)."
        " The verdict asked for is that the line offsets must go first."
    )
    yield ""
    yield (
        "| picture | strength | bare centre | suggested | pixels | destriped, then bare centre"
        " | verdict |"
    )
    yield "|---|---|---|---|---|---|---|"
    model = NoiseModel(row_offsets(), 0.97)
    for picture, clean in pictures().items():
        for strength in STRENGTHS:
            target = clean * strength
            frames = simulate(
                model,
                target.shape,
                n_frames=OFFSET_FRAMES,
                picture=target,
                strength=strength,
                seed=5,
            )
            stack = ArrayFrames(frames)
            image = image_covariance(stack, 20).values
            noise = noise_covariance(stack, (24, 96))
            still = StillScene(stack, 10)
            found = suggest(noise.values, image, pixels=noise.pixels, still=still)
            better = np.stack([destriped(frame, "rows") for frame in frames])
            flat = weights(image_covariance(ArrayFrames(better), 20).values, None)
            bare = true_error(frames, target, weights(image, None))
            taken = true_error(frames, target, weights(image, found.mask))
            gone = true_error(better, target, flat)
            verdict = "offsets first" if copied_curve(noise.values, found.mask).spans else "none"
            yield (
                f"| {picture} | {strength} | {bare:.4f} | {taken:.4f} ({taken / bare - 1:+.0%}) |"
                f" {found.mask.statistics.true_pixels} | {gone:.4f} ({gone / bare - 1:+.0%}) |"
                f" {verdict} |"
            )


def least_squares(quick: bool) -> Iterator[str]:
    """Still copied, from true and from measured covariances, against fits to simulated noise."""
    radius = 5
    yield "## Still copied against a direct least-squares fit"
    yield ""
    yield (
        f"Radius {radius}, 3 frames of 320 x 320 of pure noise; the measured covariance is that of"
        " the same frames' differences. Twofold upsampled noise (bilinear) is nearly singular, and"
        " its covariance is only measured."
    )
    yield ""
    yield "| kernel | mask | least squares | from measured | from true |"
    yield "|---|---|---|---|---|"
    lags = square_lags(radius)
    worst = [0.0, 0.0]
    chosen = list(QUICK if quick else kernels())
    for name in [*chosen, "upsampled"]:
        model = None if name == "upsampled" else NoiseModel(kernels()[name], PIXEL_SHARE)
        random = np.random.default_rng(11)
        noise = upsampled(random) if model is None else model.draw(random, 3, (320, 320))
        noise = noise - noise.mean(axis=(1, 2), keepdims=True)
        inner = noise[:, radius:-radius, radius:-radius]
        seen = np.stack(
            [
                noise[:, radius + y : y - radius or None, radius + x : x - radius or None].ravel()
                if (y, x) != (0, 0)
                else inner.ravel()
                for y, x in lags + 0
            ]
        )
        gram, cross = seen @ seen.T, seen @ inner.ravel()
        power = float((inner**2).sum())
        measured = noise_covariance(ArrayFrames(noise), 2 * radius, "difference").values
        same = image_covariance_unfaded(noise, 2 * radius) if model is None else measured
        tried = {
            "bare centre": np.ones((1, 1)),
            "horizontal 3": np.ones((1, 3)),
            "square 3": np.ones((3, 3)),
            "right half of a row of 9": np.tile([0, 0, 0, 0, 1, 1, 1, 1, 1], (1, 1)),
        }
        for label, mask in tried.items():
            visible = ~hidden_by(mask.astype(bool), lags)
            w = np.linalg.lstsq(gram[np.ix_(visible, visible)], cross[visible], rcond=1e-12)[0]
            share = float(cross[visible] @ w) / power
            from_measured = still_copied(same, mask, radius)
            text = "-"
            worst[0] = max(worst[0], abs(from_measured - share))
            if model is not None:
                from_true = still_copied(model.correlation(2 * radius), mask, radius)
                worst[1] = max(worst[1], abs(from_true - share))
                text = f"{from_true:.4f}"
            yield f"| {name} | {label} | {share:.4f} | {from_measured:.4f} | {text} |"
    yield ""
    yield f"Largest difference: {worst[0]:.4f} from measured, {worst[1]:.4f} from true covariances."


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


def image_covariance_unfaded(noise: np.ndarray, reach: int) -> np.ndarray:
    """Covariance of frames of pure noise, every lag over all its pairs of pixels."""
    from structmask_gui.core.covariance import lag_products

    numbers = lag_products(np.ones(noise.shape[1:]), (reach, reach))
    return np.mean([lag_products(frame, (reach, reach)) / numbers for frame in noise], axis=0)


def times() -> Iterator[str]:
    yield "## Times"
    yield ""
    yield "Medians of 9, the thread's own time; the limits are those of the issue."
    yield ""
    yield "| what | ms | of the limit | of one rfft2 and back of a 512 x 512 float32 frame |"
    yield "|---|---|---|---|"
    from scipy.fft import irfft2, rfft2

    random = np.random.default_rng(0)
    frame = random.standard_normal((512, 512)).astype(np.float32)
    transform = median(lambda: irfft2(rfft2(frame)))
    model = NoiseModel(kernels()["isotropic"], PIXEL_SHARE)
    noise = model.correlation(20)
    far = NoiseModel(kernels()["row 7"], PIXEL_SHARE).correlation(96)
    image = noise + 2 * np.exp(-np.add.outer(*2 * [np.arange(-20.0, 21) ** 2]) / 72)
    preview = Preview(frame)
    true = model.true_mask(10)
    askew = true.copy()
    askew[:10] = False
    stack = ArrayFrames(np.stack([frame, frame[::-1]]))
    still, kernel = (
        StillScene(ArrayFrames(random.normal(size=(3, 512, 512))), 10),
        weights(image, true),
    )
    spans: list[tuple[str, Callable[[], object], float | None]] = [
        ("both figures, radius 10", lambda: figures(noise, true), 20),
        ("both figures, radius 10, asymmetric mask", lambda: figures(noise, askew), 20),
        (
            "both figures, radius 10, full 21 x 21 mask",
            lambda: figures(noise, np.ones((21, 21))),
            20,
        ),
        (
            "preview of 512 x 512 after a mask change",
            lambda: preview.predict(weights(image, true)),
            100,
        ),
        (
            "the same, asymmetric mask",
            lambda: preview.predict(weights(image, askew)),
            100,
        ),
        ("opening a 512 x 512 frame for the preview", lambda: Preview(frame), None),
        ("curve over the radius up to 48", lambda: copied_curve(far, true), None),
        (
            "ranking all 28 CAREamics shapes",
            lambda: rank_masks(noise, image, careamics_masks()),
            None,
        ),
        (
            "estimated error of a mask, three frames of 512 x 512 compared",
            lambda: estimated_error(noise, image, kernel, still),
            None,
        ),
        ("suggestion, with the picture", lambda: suggest(noise, image), None),
        ("covariance of two 512 x 512 frames", lambda: image_covariance(stack, 20), None),
    ]
    for what, work, limit in spans:
        ms = 1000 * median(work)
        share = f"{ms / limit:.0%}" if limit else "-"
        yield f"| {what} | {ms:.1f} | {share} | {ms / 1000 / transform:.1f} |"


def median(work: Callable[[], object]) -> float:
    work()
    found = []
    for _ in range(9):
        start = time.thread_time()
        work()
        found.append(time.thread_time() - start)
    return float(np.median(found))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    chosen = arguments.parse_args()
    lines = [
        "# What the quality figures are worth",
        "",
        "Made by `benchmarks/effect.py`; the comparison with trained networks by"
        " `benchmarks/trained.py`. Errors are mean squared errors in units of the noise variance.",
    ]
    for part in (errors(chosen.quick), offsets(), least_squares(chosen.quick), times()):
        lines.append("")
        for line in part:
            lines.append(line)
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
