"""How long the figures of a mask take."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from _aims import Aim, Section
from _ranking_runs import PIXEL_SHARE
from scipy.fft import irfft2, rfft2

from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.quality.copied_noise import figures
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import estimated_error, ranked, score_mask, weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.quality.radius_curve import copied_curve
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.quality.suggest import suggest
from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.core.stack.frames import ArrayFrames


def times() -> Section:
    """Return the table; of times with a limit, the aims."""
    lines = [
        "## Times",
        "",
        "Medians of 9, the thread's own time.",
        "",
        "| what | ms | of the limit | of one rfft2 and back of a 512 x 512 float32 frame |",
        "|---|---|---|---|",
    ]
    aims = []
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
    spans: list[tuple[str, Callable[[], object], int | None]] = [
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
            lambda: ranked({k: score_mask(noise, image, m) for k, m in careamics_masks().items()}),
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
        lines.append(f"| {what} | {ms:.1f} | {share} | {ms / 1000 / transform:.1f} |")
        if limit:
            aims.append(Aim(what, f"under {limit} ms", f"{ms:.1f} ms", ms < limit))
    return Section(lines, aims)


def median(work: Callable[[], object]) -> float:
    work()
    found = []
    for _ in range(9):
        start = time.thread_time()
        work()
        found.append(time.thread_time() - start)
    return float(np.median(found))
