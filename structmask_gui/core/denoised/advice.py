"""Which mask to try next after a result, and why."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.denoised.blur import LostDetail
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.copied_noise import figures
from structmask_gui.core.quality.covariance import Covariance, NoiseBasis
from structmask_gui.core.quality.radius_curve import FAR_RADIUS, SQUARE_RADIUS, copied_curve
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.quality.suggest import suggest

Advice = Literal["keep", "larger", "smaller", "blurred", "offsets first", "cannot tell"]

COPIED = 0.05
"""Share of the noise that may be copied before a larger mask is advised; twice that where it was
looked for in flat patches, because what picture they hold is in raw and output alike."""

LOST = 0.2
"""Picture in the residual, in units of the noise variance, before a smaller mask is advised."""

_MUCH_SMALLER = 0.75
"""A blurred output is put down to the mask only if one of fewer than this share of its pixels would
do."""

_CHECK: dict[NoiseBasis, str] = {
    "difference": "Check that nothing moves between frames, and that",
    "flat": "It was looked for in flat patches, which may hold picture, too. Check that",
}

_MAY: dict[NoiseBasis, str] = {
    "difference": "what changes between frames may be picture",
    "flat": "flat patches may hold picture, which raw frames and output share",
}
"""Why noise that was not told from the picture says nothing of an output."""


def not_to_be_relied_on(source: NoiseBasis, copied: float, detail: LostDetail | None) -> str:
    """Return what is said of a result where the noise could not be told from the picture."""
    said = (
        "Do not rely on this result: noise and picture could not be told apart, and"
        f" {_MAY[source]}. Of what passes for noise the output repeats"
        f" {100 * max(0.0, copied):.0f} %"
    )
    if detail is not None and detail.blurred:
        said += (
            f"; of the picture's detail it lost {100 * detail.share:.0f} %, where a linear"
            f" prediction loses {100 * detail.linear:.0f} %"
        )
    return f"{said}. Record 20 dark frames, or 6 frames of a still scene."


def advise(
    noise: Covariance,
    image: Covariance,
    mask: NDArray[np.bool_],
    radius: int,
    *,
    copied: float,
    source: NoiseBasis,
    lost: float,
    detail: LostDetail | None,
    expected: float,
    still: StillScene | None,
    task: Task,
) -> tuple[Advice, Mask | None, str]:
    """Return the advice, the mask to try next and the sentence that says why.

    What is given is as in `structmask_gui.core.denoised.evaluate.Outcome`.
    """
    too_much = COPIED if source == "difference" else 2 * COPIED
    blurred = detail is not None and detail.blurred
    curve = copied_curve(
        noise,
        mask,
        max(FAR_RADIUS, radius),
        square=max(SQUARE_RADIUS, radius),
        through=(radius, expected),
    )
    best = suggest(noise, image.values, radius, pixels=noise.pixels, still=still, task=task).mask
    present = Mask(mask)
    if copied > too_much:
        what = f"The output repeats {100 * copied:.0f} % of the noise"
        if blurred:
            what += ", and is blurred"
        if curve.spans:
            return "offsets first", None, f"{what}. {curve.sentence}"
        if copied > expected + too_much:
            return (
                "cannot tell",
                None,
                f"{what}, although this mask leaves only {100 * expected:.1f} % to be copied."
                f" {_CHECK[source]} the training used this mask and these frames, without turns and"
                " flips.",
            )
        if figures(noise, best, radius).copied < expected:
            return (
                "larger",
                best,
                f"{what}; this mask leaves {100 * expected:.0f} % of it to be copied. Try the"
                f" suggested mask of {best.statistics.true_pixels} pixels.",
            )
        return (
            "keep",
            None,
            f"{what}, but a mask that hides more of it would cost more detail than that.",
        )
    if lost > LOST or blurred:
        what = f"Detail worth {100 * lost:.0f} % of the noise went into the residual"
        if detail is not None and blurred:
            what = (
                f"Detail was lost; the output is blurred. {100 * detail.share:.0f} % of the"
                " picture's detail went into the residual; a linear prediction with this mask would"
                f" lose {100 * detail.linear:.0f} %"
            )
        slim = present
        needless = figures(noise, mask, radius).needless
        if needless.any():
            slim = Mask(mask & ~needless).cropped()
        if best.statistics.true_pixels < slim.statistics.true_pixels:
            slim = best
        # What is lost beyond the mask's share a slightly smaller mask does not bring back.
        most = (_MUCH_SMALLER if blurred else 1) * present.statistics.true_pixels
        if slim.statistics.true_pixels < most:
            return (
                "smaller",
                slim,
                f"{what}. Try {_few(slim)} instead of {present.statistics.true_pixels}.",
            )
        if blurred:
            return (
                "blurred",
                None,
                f"{what}. The mask is not the reason: train longer, on more frames, or with a"
                " larger network.",
            )
        return (
            "keep",
            None,
            f"{what}, but no smaller mask hides this noise. Train longer, or on more frames.",
        )
    return (
        "keep",
        None,
        f"The output repeats {100 * max(0.0, copied):.1f} % of the noise and the residual holds"
        f" detail worth {100 * lost:.1f} % of it. Keep this mask.{_reservation(detail)}",
    )


def _few(mask: Mask) -> str:
    count = mask.statistics.true_pixels
    return "1 pixel, the bare centre," if count == 1 else f"{count} pixels"


def _reservation(detail: LostDetail | None) -> str:
    """Return what is to be said of a mask that is kept, though the output may not be good."""
    if detail is None:
        return " Whether it is blurred cannot be told: too little detail stands out of the noise."
    if detail.like_linear:
        return (
            f" But {100 * detail.share:.0f} % of the picture's detail is lost, and a linear"
            f" prediction loses {100 * detail.linear:.0f} %: a network should do better. Train"
            " longer, on more frames, or with a larger one."
        )
    return ""
