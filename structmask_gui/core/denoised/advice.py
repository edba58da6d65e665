"""Which mask to try next after a denoised stack, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from structmask_gui.core.arrays import BoolArray
from structmask_gui.core.denoised.blur import LostDetail
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import figures
from structmask_gui.core.quality.covariance import NoiseBasis
from structmask_gui.core.quality.radius_curve import FAR_RADIUS, SQUARE_RADIUS, copied_curve
from structmask_gui.core.quality.suggest import suggest

Advice = Literal["keep", "larger", "smaller", "blurred", "offsets first", "cannot tell"]

COPIED = 0.05
"""Share of the noise that may be copied before a larger mask is advised; twice that for flat
patches, whose remaining structure is in raw and output alike."""

LOST = 0.2
"""Structure in the residual, in units of the noise variance, before a smaller mask is advised."""

_MUCH_SMALLER = 0.75
"""A blurred output is attributed to the mask only if this share of its pixels would do."""

_CHECK: dict[NoiseBasis, str] = {
    "difference": "Check that nothing moves between frames, and that",
    "flat": "Flat patches may hold structure as well. Check that",
}

_MAY: dict[NoiseBasis, str] = {
    "difference": "what changes between frames may be structure",
    "flat": "flat patches may hold structure, which raw frames and output share",
}


@dataclass(frozen=True)
class Findings:
    """The figures that the advice rests on; see `structmask_gui.core.denoised.evaluate`."""

    source: NoiseBasis
    copied: float
    expected: float
    lost: float
    detail: LostDetail | None

    @property
    def too_much(self) -> float:
        """Share of the noise that may be copied."""
        return COPIED if self.source == "difference" else 2 * COPIED

    @property
    def blurred(self) -> bool:
        """Whether more detail is lost than the mask accounts for."""
        return self.detail is not None and self.detail.blurred


def not_to_be_relied_on(found: Findings) -> str:
    """Return the sentence where the noise could not be separated from structure."""
    text = (
        "Do not rely on this result: noise and structure could not be separated, and"
        f" {_MAY[found.source]}. Of what passes for noise the output copies"
        f" {100 * max(0.0, found.copied):.0f} %"
    )
    if found.detail is not None and found.detail.blurred:
        text += (
            f"; it lost {100 * found.detail.share:.0f} % of the detail, a linear prediction loses"
            f" {100 * found.detail.linear:.0f} %"
        )
    return f"{text}. Record 20 dark frames, or 6 frames of a still scene."


def advise(
    measured: Basis, mask: BoolArray, found: Findings, task: Task
) -> tuple[Advice, Mask | None, str]:
    """Return the advice, the mask to try next if there is one, and the sentence with the reason."""
    if not (found.copied > found.too_much or found.lost > LOST or found.blurred):
        return (
            "keep",
            None,
            f"The output copies {100 * max(0.0, found.copied):.1f} % of the noise, and the residual"
            f" holds detail worth {100 * found.lost:.1f} % of it. Keep this mask."
            f"{_reservation(found.detail)}",
        )
    noise, image, radius = measured.noise, measured.image.values, measured.radius
    still = measured.still
    best = suggest(noise, image, radius, pixels=noise.pixels, still=still, task=task).mask
    if found.copied > found.too_much:
        return _too_much_copied(measured, mask, found, best)
    needless = figures(noise, mask, radius).needless
    return _too_much_lost(Mask(mask), Mask(mask & ~needless), found, best)


def _too_much_copied(
    measured: Basis, mask: BoolArray, found: Findings, best: Mask
) -> tuple[Advice, Mask | None, str]:
    noise, radius, expected = measured.noise, measured.radius, found.expected
    text = f"The output copies {100 * found.copied:.0f} % of the noise"
    if found.blurred:
        text += ", and is blurred"
    curve = copied_curve(
        noise,
        mask,
        max(FAR_RADIUS, radius),
        square=max(SQUARE_RADIUS, radius),
        through=(radius, expected),
    )
    if curve.spans:
        return "offsets first", None, f"{text}. {curve.sentence}"
    if found.copied > expected + found.too_much:
        return (
            "cannot tell",
            None,
            f"{text}, but this mask leaves only {100 * expected:.1f} % to copy."
            f" {_CHECK[found.source]} the training used this mask and these frames, without flips"
            " and rotations.",
        )
    if figures(noise, best, radius).copied < expected:
        return (
            "larger",
            best,
            f"{text}; this mask leaves {100 * expected:.0f} % to copy. Try the suggested mask of"
            f" {best.statistics.true_pixels} pixels.",
        )
    return "keep", None, f"{text}, but a larger mask would cost more detail than that."


def _too_much_lost(
    present: Mask, slim: Mask, found: Findings, best: Mask
) -> tuple[Advice, Mask | None, str]:
    text = f"Detail worth {100 * found.lost:.0f} % of the noise went into the residual"
    if found.detail is not None and found.blurred:
        text = (
            f"Detail was lost; the output is blurred. {100 * found.detail.share:.0f} % of the"
            " detail went into the residual; a linear prediction with this mask would lose"
            f" {100 * found.detail.linear:.0f} %"
        )
    pixels = present.statistics.true_pixels
    slim = present if slim == present else slim.cropped()
    if best.statistics.true_pixels < slim.statistics.true_pixels:
        slim = best
    # A slightly smaller mask does not restore what is lost beyond the mask's share.
    if slim.statistics.true_pixels < (_MUCH_SMALLER if found.blurred else 1) * pixels:
        return "smaller", slim, f"{text}. Try {_few(slim)} instead of {pixels}."
    if found.blurred:
        return (
            "blurred",
            None,
            f"{text}. The mask is not the reason: train longer, on more frames, or with a larger"
            " network.",
        )
    return (
        "keep",
        None,
        f"{text}, but no smaller mask hides this noise. Train longer, or on more frames.",
    )


def _few(mask: Mask) -> str:
    count = mask.statistics.true_pixels
    return "1 pixel, the bare centre," if count == 1 else f"{count} pixels"


def _reservation(detail: LostDetail | None) -> str:
    """Return a caution for a mask that is kept though the output may be poor; else ""."""
    if detail is None:
        return " Blur cannot be assessed: the noise hides the detail."
    if detail.like_linear:
        return (
            f" But {100 * detail.share:.0f} % of the detail is lost, and a linear prediction loses"
            f" {100 * detail.linear:.0f} %: a network should do better. Train longer, on more"
            " frames, or with a larger one."
        )
    return ""
