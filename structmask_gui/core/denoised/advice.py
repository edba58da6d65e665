"""Which mask to try next, given a denoised stack, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from structmask_gui.core.arrays import BoolArray
from structmask_gui.core.denoised.blur import LostDetail
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import allowed_turns
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import figures
from structmask_gui.core.quality.covariance import NoiseBasis
from structmask_gui.core.quality.error import score_mask
from structmask_gui.core.quality.radius_curve import FAR_RADIUS, SQUARE_RADIUS, copied_curve
from structmask_gui.core.quality.suggest import Point
from structmask_gui.core.recommend.candidates import BARE
from structmask_gui.core.recommend.ledger import TIE
from structmask_gui.core.recommend.recommend import ALIKE
from structmask_gui.core.recommend.shapes import GAINS, of_noise

Advice = Literal["keep", "larger", "smaller", "blurred", "offsets first", "faulty", "cannot tell"]

COPIED = 0.05
"""Share of the noise that may be copied before a larger mask is advised; twice that for flat
patches, whose remaining structure is in raw and output alike."""

_UNEXPLAINED = 2 * COPIED
"""Share beyond what the mask leaves, from which the training is doubted: slow changes of a scene
pass for less."""

LOST = 0.2
"""Structure in the residual, in units of the noise variance, before a smaller mask is advised."""

_NEAR = 1.25
"""Masks within this factor of the least error by the autocovariances are compared in frames of a
still scene."""

_FAR_BETTER = 0.75
"""A blurred output is attributed to the mask only if another has no more than this share of its
error."""

_CHECK: dict[NoiseBasis, str] = {
    "difference": "Check that nothing moves between frames, and that",
    "flat": "Check that",
}


@dataclass(frozen=True)
class Findings:
    """The figures that the advice rests on; see `structmask_gui.core.denoised.evaluate`."""

    source: NoiseBasis
    copied: float
    expected: float
    lost: float
    detail: LostDetail | None
    estimated: float = 0.0
    """Error that the linear model expects of the mask, in units of the noise variance."""
    here: bool = False
    """Whether the output was made by `structmask_gui.core.denoising`, not by a network."""
    almost_blank: bool = False
    """Whether hardly anything of the raw frames is in the output."""

    @property
    def more(self) -> str:
        """What may keep more detail, whatever the mask."""
        if self.here:
            return "denoise more frames together, or train a network"
        return "train longer, on more frames, or with a larger network"

    @property
    def too_much(self) -> float:
        """Share of the noise that may be copied."""
        return COPIED if self.source == "difference" else 2 * COPIED

    @property
    def blurred(self) -> bool:
        """Whether more detail is lost than the mask accounts for."""
        return self.detail is not None and self.detail.blurred

    @property
    def sure(self) -> str:
        """How sure the figures are, in a word."""
        return "Likely." if self.source == "difference" else "Uncertain."


def share_words(share: float) -> str:
    """Return a share of the noise in words; none below 5 % is given as a figure."""
    return "under 5 %" if share < COPIED else f"{100 * share:.0f} %"


def not_separated(found: Findings) -> str:
    """Return the sentence where the noise could not be separated from structure."""
    text = (
        "No fault was found in order, place, contrast and brightness of the output. How much noise"
        " it copies cannot be told: noise and structure could not be separated."
    )
    if found.detail is not None and found.detail.blurred:
        text += (
            f" It lost {100 * found.detail.share:.0f} % of the detail, or noise that passes for it;"
            f" a linear prediction loses {100 * found.detail.linear:.0f} %."
        )
    if found.almost_blank:
        text += (
            " The output is almost blank: any fine texture in the frames was taken for noise and"
            " lost."
        )
    return f"{text} Record 6 or more frames of one still field."


def advise(
    measured: Basis, mask: BoolArray, found: Findings, task: Task
) -> tuple[Advice, Mask | None, str]:
    """Return the advice, the mask to try next if there is one, and the sentence with the reason."""
    if not (found.copied > found.too_much or found.lost > LOST or found.blurred):
        # What the reservation says of the loss is in other units.
        told = found.detail is not None and found.detail.like_linear
        lost = "" if told else f", and detail worth {share_words(found.lost)} of the noise is lost"
        return (
            "keep",
            None,
            f"The output copies {share_words(found.copied)} of the noise{lost}. {found.sure}"
            f" {_keep(mask, found)}{_reservation(found)}",
        )
    # A blur keeps some noise by itself.
    of_blur = found.blurred and found.copied <= _UNEXPLAINED
    if found.copied > found.too_much and not of_blur:
        return _too_much_copied(measured, mask, found, task)
    return _too_much_lost(measured, mask, found, task)


def _keep(mask: BoolArray, found: Findings) -> str:
    """Return that the mask is right; where harm was expected, with that in mind."""
    kept = "Keep this mask" if mask.sum() > 1 else "Stay without a mask"
    if found.estimated < GAINS:
        return f"{kept}."
    return (
        f"{kept}, but compare the result with the raw frames: denoising was expected to cost as"
        " much detail as the noise it removes."
    )


def _too_much_copied(
    measured: Basis, mask: BoolArray, found: Findings, task: Task
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
        return "offsets first", None, f"{text}. {found.sure} {curve.sentence}"
    if found.copied > expected + _UNEXPLAINED:
        return (
            "cannot tell",
            None,
            f"{text}, but this mask leaves {share_words(expected)} to copy. {found.sure}"
            f" {_check(mask, found)}",
        )
    present, best = _compared(measured, mask, task)
    if best.copied < present.copied and best.error < (1 - TIE) * present.error:
        return (
            _direction(best, present),
            best.mask,
            f"{text}, and this mask leaves {share_words(expected)} to copy. {found.sure}"
            f" {_try(best, present)}",
        )
    if found.blurred:
        return (
            "blurred",
            None,
            f"{text}. {found.sure} No other mask is expected to do better: {found.more}.",
        )
    return (
        "keep",
        None,
        f"{text}, but a larger mask would cost more detail than that. {found.sure}"
        f" {_keep(mask, found)}",
    )


def _check(mask: BoolArray, found: Findings) -> str:
    """Return what may explain that more noise was copied than the mask leaves."""
    if found.here:
        if found.source == "difference":
            return "Check that nothing moves between frames."
        return "Parts taken for flat may hold structure."
    return f"{_CHECK[found.source]} the training used this mask and these frames{_turns(mask)}."


def _turns(mask: BoolArray) -> str:
    """Return which augmentation the training may have used, as the trainers' texts say it."""
    if allowed_turns(Mask(mask)).all:
        return ""
    return ", and no flips or rotations but those that leave the mask unchanged"


def _too_much_lost(
    measured: Basis, mask: BoolArray, found: Findings, task: Task
) -> tuple[Advice, Mask | None, str]:
    text = f"Detail worth {100 * found.lost:.0f} % of the noise went into the residual"
    if found.detail is not None and found.blurred:
        text = (
            f"Detail was lost; the output is blurred. {100 * found.detail.share:.0f} % of the"
            " detail went into the residual; a linear prediction would lose"
            f" {100 * found.detail.linear:.0f} %"
        )
    present, best = _compared(measured, mask, task)
    # A slightly better mask does not restore what is lost beyond the mask's share.
    if best.error < (_FAR_BETTER if found.blurred else 1 - TIE) * present.error:
        return (
            _direction(best, present),
            best.mask,
            f"{text}. {found.sure} {_try(best, present)}",
        )
    if found.blurred:
        return (
            "blurred",
            None,
            f"{text}. {found.sure} The mask is not the reason: {found.more}.",
        )
    return (
        "keep",
        None,
        f"{text}, but no other mask is expected to do better. {found.sure}"
        f" {found.more[0].upper()}{found.more[1:]}.",
    )


@dataclass(frozen=True)
class _Candidate:
    mask: Mask
    error: float
    """Expected, with the cost of training."""
    copied: float

    @property
    def pixels(self) -> int:
        return self.mask.statistics.true_pixels


def _compared(measured: Basis, mask: BoolArray, task: Task) -> tuple[_Candidate, _Candidate]:
    """Return the present mask and the best one.

    The best is the one with the least expected error; of ties those that copy least, and of these
    the smallest.
    """
    own, curve = Mask(mask).cropped(), measured.suggest(task)
    slim = Mask(mask & ~figures(measured.noise, mask, measured.radius).needless).cropped()
    every = [own, slim, BARE, curve.mask, *careamics_masks().values()]
    every += [point.mask for point in curve.points if point.error <= _NEAR * _least(curve.points)]
    scored = []
    for one in dict.fromkeys(candidate.cropped() for candidate in every):
        task.stop_if_cancelled()
        scored.append(_scored(one, measured, compared=False))
    if measured.still is not None:
        limit = _NEAR * min(one.error for one in scored)
        near = [one.mask for one in scored if one.error <= limit or one.mask == own]
        scored = [_scored(one, measured, compared=True) for one in near]
    least = min(one.error for one in scored)
    tied = [one for one in scored if one.error <= (1 + TIE) * least]
    copied = min(one.copied for one in tied)
    best = min(
        (one for one in tied if one.copied <= copied + ALIKE),
        key=lambda one: (one.pixels, one.error),
    )
    return next(one for one in scored if one.mask == own), best


def _least(points: tuple[Point, ...]) -> float:
    return float(min(point.error for point in points))


def _scored(mask: Mask, measured: Basis, *, compared: bool) -> _Candidate:
    still = measured.still if compared else None
    found = score_mask(measured.noise, measured.image.values, mask, measured.radius, still)
    return _Candidate(mask, found.expected, found.copied)


def _direction(best: _Candidate, present: _Candidate) -> Advice:
    return "smaller" if best.pixels < present.pixels else "larger"


def _try(best: _Candidate, present: _Candidate) -> str:
    count = best.pixels
    instead = f"{count} pixels instead of {present.pixels}"
    if count == 1:
        instead = f"plain Noise2Void, without a mask, instead of {present.pixels} pixels"
    return (
        f"Try {instead}: the expected error is {of_noise(best.error)}, not"
        f" {of_noise(present.error, brief=True)}."
    )


def _reservation(found: Findings) -> str:
    """Return a caution for a mask that is kept though the output may be poor; else ""."""
    detail = found.detail
    if detail is None:
        return " Blur cannot be assessed: the noise hides the detail."
    if detail.like_linear:
        better = "a network may keep more" if found.here else "a network should do better"
        return (
            f" But {100 * detail.share:.0f} % of the detail is lost, and a linear prediction loses"
            f" {100 * detail.linear:.0f} %: {better}. {found.more[0].upper()}{found.more[1:]}."
        )
    return ""
