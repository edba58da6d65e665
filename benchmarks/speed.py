"""How fast an extraction is, as ratios within one run.

Each pair times both sides one after the other, in turn; the median of the ratios counts, so that a
machine that slows down slows both sides. Prints a table; exits with 1 if an aim is missed.

    python benchmarks/speed.py [--pairs N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.fft
from scipy.signal import fftconvolve

from structmask_gui.core.correlation.autocorrelation import LagKernel, average_patches
from structmask_gui.core.extraction.extraction import extract_array, select
from structmask_gui.core.measure.measure import measure
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.assessment import assess
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.stack.frames import ArrayFrames, Recording
from structmask_gui.core.stack.patches import plan_patches, read_patches
from structmask_gui.io.open import open_stack

SAMPLE = Path(__file__).resolve().parents[1] / "resources/sample/cells_scanlines.ome.tif"


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pairs(
    ours: Callable[[], object], theirs: Callable[[], object], count: int
) -> list[list[float]]:
    ours()
    theirs()
    return [[seconds(ours), seconds(theirs)] for _ in range(count)]


def per_patch(patches: np.ndarray) -> None:
    for patch in patches:
        values = patch.astype(np.float64)
        values -= values.mean()
        fftconvolve(values, values[::-1, ::-1], mode="full")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9, help="pairs to take the median of")
    count = parser.parse_args().pairs
    rng = np.random.default_rng(0)
    failed = False
    print(f"{os.cpu_count()} cores, {count} pairs each; seconds are medians")
    print(f"{'case':58}{'ours':>10}{'other':>10}{'ratio':>8}  aim")
    cases = [
        ("100 patches of 64 x 64, center_size 21", (100, 64, 64), 21, 5.0),
        ("1000 patches of 64 x 64, center_size 21", (1000, 64, 64), 21, 10.0),
        ("20 frames of 1024 x 1024, each one patch, center_size 41", (20, 1024, 1024), 41, 20.0),
    ]
    for title, shape, center_size, aim in cases:
        stack = rng.normal(1000, 50, size=shape).astype(np.uint16)
        layout = "whole" if len(stack) == 20 else "grid"
        parameters = Parameters(center_size=center_size, layout=layout)
        frames = ArrayFrames(stack)
        plan = plan_patches(frames, parameters)
        patches = np.concatenate([chunk.patches for chunk in read_patches(frames, plan, 1000)])

        times = pairs(
            lambda p=parameters, f=frames: extract_array(f, p),
            lambda x=patches: per_patch(x),
            count,
        )
        failed |= report(f"extraction / fftconvolve: {title}", times, aim, faster=True)

        kernel = LagKernel(plan.patch_shape, (center_size // 2, center_size // 2))
        padded = np.zeros((len(patches), *kernel.padded_shape), dtype=np.float32)
        padded[:, : plan.patch_shape[0], : plan.patch_shape[1]] = patches
        times = pairs(
            lambda x=list(patches), r=center_size // 2: average_patches(
                x, r, normalise=True, logarithm=True
            ),
            lambda x=padded: scipy.fft.rfft2(x, workers=1),
            count,
        )
        failed |= report(f"autocorrelation / bare rfft2: {title[:25]}", times, 1.6, faster=False)
    failed |= recommended(count)
    return int(failed)


def recommended(count: int) -> bool:
    """Time the recommended mask of the sample beside its measurement and one mask's figures."""
    recording = Recording(open_stack(SAMPLE))
    parameters = Parameters(method="statistical", source="automatic", mask_choice="recommended")

    def measured() -> None:
        extraction = select(measure(recording, parameters), parameters)
        assess(extraction_basis(extraction, recording.frames), extraction.mask)

    times = pairs(lambda: extract_recording(recording, parameters), measured, count)
    return report("recommended mask / measurement and figures: sample", times, 1.5, faster=False)


def report(title: str, times: list[list[float]], aim: float, *, faster: bool) -> bool:
    """Print a row and return whether the aim was missed."""
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = [b / a if faster else a / b for a, b in times]
    ratio = statistics.median(ratios)
    missed = ratio < aim if faster else ratio > aim
    sign = ">=" if faster else "<="
    print(
        f"{title:58}{ours:10.4f}{theirs:10.4f}{ratio:8.2f}  {sign} {aim:g}"
        f"{'  MISSED' if missed else ''}"
    )
    return missed


if __name__ == "__main__":
    sys.exit(main())
