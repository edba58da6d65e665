"""Rows that jump: what a mask can do against them, and what is said."""

from __future__ import annotations

import numpy as np
from _aims import Aim, Section
from _ranking_runs import STRENGTHS, Truth, pictures

from structmask_gui.core.quality.covariance import image_covariance, noise_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.radius_curve import copied_curve
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.quality.suggest import suggest
from structmask_gui.core.simulation import NoiseModel, row_offsets, simulate
from structmask_gui.core.stack.destripe import destriped
from structmask_gui.core.stack.frames import ArrayFrames

FRAMES = 3
BETTER = 0.2


def offsets(seed: int) -> Section:
    """Return the table."""
    lines = [
        "## Row offsets of 3 % of the variance",
        "",
        "True error in units of the noise variance (after destriping: of the same pixel noise)."
        " The verdict asked for is that the line offsets must go first.",
        "",
        "| picture | strength | bare centre | suggested | pixels | destriped, then bare centre"
        " | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    model = NoiseModel(row_offsets(), 0.97)
    met = better = said = 0
    for picture, clean in pictures().items():
        for strength in STRENGTHS:
            target = clean * strength
            frames = simulate(
                model,
                target.shape,
                n_frames=FRAMES,
                picture=target,
                strength=strength,
                seed=5 + 1000 * seed,
            )
            stack = ArrayFrames(frames)
            image = image_covariance(stack, 20).values
            noise = noise_covariance(stack, (24, 96))
            still = StillScene(stack, 10)
            found = suggest(noise.values, image, pixels=noise.pixels, still=still)
            without = np.stack([destriped(frame, "rows") for frame in frames])
            flat = weights(image_covariance(ArrayFrames(without), 20).values, None)
            truth = Truth(frames, target)
            bare = truth.error(weights(image, None))
            taken = truth.error(weights(image, found.mask))
            gone = Truth(without, target).error(flat)
            spans = copied_curve(noise.values, found.mask).spans
            good = taken <= (1 - BETTER) * bare
            met, better, said = met + (good or spans), better + good, said + spans
            verdict = "offsets first" if spans else "none"
            lines.append(
                f"| {picture} | {strength} | {bare:.4f} | {taken:.4f} ({taken / bare - 1:+.0%}) |"
                f" {found.mask.statistics.true_pixels} | {gone:.4f} ({gone / bare - 1:+.0%}) |"
                f" {verdict} |"
            )
    runs = len(pictures()) * len(STRENGTHS)
    aim = Aim(
        "row offsets of 3 % of the variance",
        "20 % better than the bare centre, or said that they must go first",
        f"{met} of {runs} ({better} better, {said} said)",
        met == runs,
    )
    return Section(lines, [aim])
