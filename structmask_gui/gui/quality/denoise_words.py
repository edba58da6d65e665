"""What the window *Denoise here* says of how far it has come, and of what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structmask_gui.core.denoising.spots import sentences
from structmask_gui.core.denoising.wording import (
    DOUBTS,
    WHAT_IT_IS,
    Doubt,
    called,
    cautions,
    learned,
)

if TYPE_CHECKING:
    from structmask_gui.core.arrays import BoolArray
    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.gui.quality.denoise_work import Denoised
    from structmask_gui.gui.quality.denoising import Denoising

_SMALL = "Small, rare objects lose more than the whole does: look for them in the raw stack."
"""Where the test with spots found that they fade."""

_WHOLE = "The whole frame is denoised; the ROI limits only where the noise is measured."

_PHASES = {
    "checking": "Looking at {}…",
    "asking": "{}: denoise it anyway?",
    "learning": "Learning from {}; the image gets better.",
    "paused": "Paused; what was learned from {} is kept.",
}


def title(denoising: Denoising, name: str) -> str:
    """Return what is being done with the file of a name."""
    if denoising.phase == "learning" and denoising.made is not None:
        return f"Denoising {name} without a mask, to compare."
    if denoising.made is not None:
        text = f"{name}, denoised with {called(denoising.made.mask)}."
        return text if denoising.current else f"{text} The present mask is another."
    if denoising.paused_with_other:
        return f"{_PHASES['paused'].format(name)} The present mask is another."
    otherwise = "Denoise the open stack with the present mask."
    return _PHASES.get(denoising.phase, otherwise).format(name)


def figures(denoising: Denoising) -> str:
    """Return the figures of the result, and of what it is compared with."""
    made, bare = denoising.made, denoising.bare
    if made is None:
        return ""
    spots = sentences(denoising.spots)
    lines = [*_evaluated(made, spots=spots), "", learned(made.record.denoiser)]
    if bare is not None:
        lines += ["", "Without a mask, the same frames:", *_evaluated(bare, advice=False)]
    if spots:
        # What fades was said in the first sentence already.
        told = spots[int(_fade(spots)) :]
        lines += ["", "Of objects put into the frames (test with spots):", *told]
    return "\n".join(lines)


def _evaluated(made: Denoised, *, advice: bool = True, spots: tuple[str, ...] = ()) -> list[str]:
    """Return the figures of a result, a line each; ``spots``: what the test with them said."""
    if made.evaluation is None:
        return [f"It could not be evaluated: {made.problem}"]
    lines = made.evaluation.lines()
    if not advice:
        return lines
    sentence = made.evaluation.sentence
    if _fade(spots):
        # What is sure of the image as a whole, and the advice on its mask, stay true.
        return [f"As a whole: {sentence}", "", f"{_SMALL} {spots[0]}", "", *lines]
    return [sentence, "", *lines]


def _fade(spots: tuple[str, ...]) -> bool:
    """Whether the test with spots found objects that fade."""
    return any("fade" in said for said in spots[:1])


def said_beside(made: Denoised | None, mask: Mask | None, *, roi: bool) -> str:
    """Return the cautions: of the result, or of what the present mask will make.

    ``roi``: whether an ROI is drawn, inside which the noise is measured.
    """
    if made is not None:
        lines = made.record.cautions
    else:
        lines = (WHAT_IT_IS,) if mask is None else cautions(mask)
    return "\n\n".join([_WHOLE, *lines] if roi else lines)


def share_of_frame(marks: BoolArray) -> str:
    """Return how much of a frame is marked."""
    share = 100 * float(marks.mean())
    if share == 0:
        return "nowhere in this frame"
    return f"{share:.1f} % of this frame" if share >= 0.1 else "under 0.1 % of this frame"


def asked_about(doubt: Doubt) -> str:
    """Return what is to be accepted, a sentence."""
    text = DOUBTS[doubt]
    return f"{text[0].upper()}{text[1:]}."
