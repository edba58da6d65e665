"""The sentences on a denoised stack: what it is, what it is for, and what it is not for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from structmask_gui.core.names import counted, lengths_text

if TYPE_CHECKING:
    # The parser takes its words from here, and is not to wait for what denoises.
    from structmask_gui.core.denoising.denoiser import Denoiser
    from structmask_gui.core.masks.mask import Mask

WHAT_IT_IS = (
    "A fast estimate by StructN2V's rule: each pixel was estimated from its neighbours, by a linear"
    " prediction and small neural networks; a larger one, well trained, may keep more detail."
)
SHARED_FITS = (
    "files that share a mask are fitted together, others each by itself; do not compare these"
    " between conditions"
)
"""What is said of the option of a batch that denoises, and of its box in the window."""

WHAT_FOR = (
    "For viewing and segmentation. Measure intensities, ratios, colocalisation, fluctuations,"
    " resolution and localisations in the raw stack, and average particles from the raw stack too."
)
KEEP_RAW = "Keep the raw data, and show them beside it."

Doubt = Literal[
    "cannot_tell",
    "no_gain",
    "whole_line",
    "fixed_pattern",
    "periodic_temporal",
    "shared_frames",
    "alternating",
    "compressed",
    "processed",
    "eight_bits",
    "denoised",
]
"""Reasons to ask before a stack is denoised."""

DOUBTS: dict[Doubt, str] = {
    "cannot_tell": "noise and structure could not be separated, so the choice of mask may be wrong",
    "no_gain": "denoising is expected to gain little or to do harm, for it costs as much as it"
    " removes, or more",
    "whole_line": "whole rows or columns are brighter or darker: remove their offsets first",
    "fixed_pattern": "a fixed pattern is in every frame and would be kept as structure",
    "periodic_temporal": "a regular pattern shifts from frame to frame, as of hum or interference,"
    " and would be kept",
    "shared_frames": "neighbouring frames or planes share noise",
    "alternating": "every second frame is another image, as of two channels",
    "compressed": "the images were compressed with loss",
    "processed": "the images look resampled, registered, deconvolved or drawn",
    "eight_bits": "the images have 8 bits, so they may have been scaled or processed before",
    "denoised": "the stack was denoised before",
}


def called(mask: Mask) -> str:
    """Return what a sentence calls a mask."""
    pixels = mask.statistics.true_pixels
    return "no mask" if pixels == 1 else f"the mask of {pixels} pixels"


def small_objects(mask: Mask, pixel_size: tuple[float, float] | None = None) -> str:
    """Return what happens to objects smaller than the mask; pixel size (y, x) in µm."""
    if mask.statistics.true_pixels == 1:
        size = "a pixel or two"
    else:
        height, width = mask.statistics.extent
        size = f"the mask ({height} x {width} pixels"
        if pixel_size is not None:
            size += f", {lengths_text(height * pixel_size[0], width * pixel_size[1], by='x')}"
        size += ")"
    return f"Objects smaller than {size} are weakened or lost, and faint single events may vanish."


def cautions(mask: Mask, pixel_size: tuple[float, float] | None = None) -> tuple[str, ...]:
    """Return the sentences shown with a result, when it is saved, and in the file."""
    return WHAT_IT_IS, WHAT_FOR, small_objects(mask, pixel_size), KEEP_RAW


def refusal(doubts: tuple[Doubt, ...]) -> str:
    """Return why a stack is not denoised without ``--yes``, one sentence."""
    reasons = "; ".join(DOUBTS[doubt] for doubt in doubts)
    return f"not denoised: {reasons}; give --yes to denoise it all the same"


def learned(denoiser: Denoiser) -> str:
    """Return what was done beside the linear prediction: by small neural networks, and before."""
    hot = hot_pixels(denoiser.n_hot)
    words = "The neural networks improved on the linear prediction, also of pixels new to them."
    if denoiser.stage.added == 0:
        words = (
            "The neural networks added nothing to the linear prediction, which is what is shown."
        )
    return f"{words} {hot}".rstrip()


def hot_pixels(count: int) -> str:
    """Return that hot pixels were replaced, a sentence; empty if there are none."""
    if not count:
        return ""
    one = f"{counted(count, 'hot pixel')} {'was' if count == 1 else 'were'} replaced first"
    return f"{one}, each by the median of those around it."


@dataclass(frozen=True)
class Method:
    """The figures of a methods paragraph."""

    mask: Mask
    mask_from: str
    folds: str
    version: str
    n_hot: int = 0  # Hot pixels that were replaced


def methods_paragraph(method: Method) -> str:
    """Return a paragraph to copy into a paper's methods."""
    from structmask_gui.core.recommend.shapes import hide

    pixels = method.mask.statistics.true_pixels
    which = hide(method.mask, alone=True).removeprefix("hide ")
    if which.startswith("these"):
        height, width = method.mask.statistics.extent
        which = f"within {height} x {width} pixels"
    hidden = (
        "the pixel itself (the rule of Noise2Void, Krull et al. 2019)"
        if pixels == 1
        else f"a mask of {pixels} pixels about it ({which}; {method.mask_from}), whose noise is"
        " correlated with the pixel's (the rule of StructN2V, Broaddus et al. 2020)"
    )
    hot = hot_pixels(method.n_hot)
    return (
        f"Images were denoised for display with StructMask {method.version}. Each pixel was"
        f" estimated from its neighbours within 10 pixels, leaving out {hidden}: by the best linear"
        " prediction (its ridge chosen across halves of the images), and by four perceptrons (two"
        " hidden layers of 32) trained on the images themselves to predict what it left, scaled by"
        " what held-out pixels supported, and kept to the spatial frequencies at which there is"
        " structure. Grain that does not stand out was smoothed (Gaussian of 0.5 pixels)."
        f" {method.folds} {hot}"
    ).rstrip()
