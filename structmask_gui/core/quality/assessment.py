"""All quality figures of a mask: `basis` measures a stack once, `assess` is quick for each mask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray, crop_or_pad
from structmask_gui.core.errors import ParameterError
from structmask_gui.core.learned.noise import LearnedNoise
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import Blanked, blanked
from structmask_gui.core.names import size_text
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.bright_spots import without_spots
from structmask_gui.core.quality.copied_noise import RADIUS, Figures, figures
from structmask_gui.core.quality.covariance import (
    Covariance,
    NoiseBasis,
    image_covariance,
    noise_covariance,
)
from structmask_gui.core.quality.error import (
    EstimatedError,
    Scored,
    estimated_error,
    score_mask,
    weights,
)
from structmask_gui.core.quality.prediction import mask_array
from structmask_gui.core.quality.radius_curve import (
    FAR_RADIUS,
    SQUARE_RADIUS,
    CopiedCurve,
    copied_curve,
)
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.quality.suggest import Suggestion, suggest
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import Frames
from structmask_gui.core.stack.hot_pixels import without_rays
from structmask_gui.core.threads import one_blas_thread

NOT_SEPARATED = (
    "The noise could not be separated from structure: the figures, and the order of masks, may be"
    " wrong. Record 6 or more frames of one still field."
)
"""The warning where a basis is not trusted."""

OVER_ONE = (
    "An error over 1 means that the noise is too weak for the linear model: its prediction is"
    " further from the structure than the noisy frame is."
)


@dataclass(frozen=True, eq=False)
class Basis:
    """The measurements that the figures of every mask rest on."""

    noise: Covariance
    """Measured as far as the frames allow, up to twice `FAR_RADIUS`."""
    image: Covariance
    """Of the frames as they are, up to twice the radius."""
    radius: int
    """Radius of the neighbourhood."""
    still: StillScene | None = None
    """Frames in which errors are measured, where the noise was measured in their differences."""
    trusted: bool = True
    """False where the noise could not be separated from structure: figures may be wrong."""
    learned: LearnedNoise | None = None
    """What the noise is then likely to be."""
    measured: Basis | None = None
    """The basis as it was measured, of one whose noise is only likely; see `as_measured`."""

    @property
    def place(self) -> NoiseBasis:
        """Where the noise of an output can be compared with it: see `core.denoised.evaluate`."""
        still = self.still is not None or self.noise.source.startswith("frame differences")
        return "difference" if still else "flat"

    @property
    def where(self) -> str:
        """Where the noise was measured, a sentence."""
        doubt = "" if self.trusted else "; it may be structure"
        if self.measured is not None:
            return f"Noise estimated as learned from simulated images{doubt}."
        return f"Noise measured in {self.noise.source}{doubt}."

    def score(self, mask: Mask | ArrayLike | None) -> Scored:
        """Return what the rank of a mask depends on."""
        return score_mask(self.noise, self.image.values, mask, self.radius, self.still)

    @property
    def as_measured(self) -> Basis:
        """The basis without what is only likely."""
        return self.measured or self

    def likely(self) -> Basis:
        """Return the basis with the noise that was learned, which must be known."""
        assert self.learned is not None
        reach = 2 * self.radius
        values = crop_or_pad(self.learned.mean, (2 * reach + 1, 2 * reach + 1))
        noise = Covariance(values, 0, "an estimate learned from simulated images", None)
        return replace(self, noise=noise, still=None, trusted=False, measured=self)

    def suggest(self, task: Task = NO_TASK, *, refined: bool = True) -> Suggestion:
        """Suggest a mask; see `suggest`."""
        return suggest(
            self.noise,
            self.image.values,
            self.radius,
            pixels=self.noise.pixels,
            still=self.still,
            refined=refined,
            task=task,
        )


@dataclass(frozen=True)
class Assessment:
    """All figures of a mask."""

    figures: Figures
    curve: CopiedCurve
    error: EstimatedError
    weights: FloatArray
    """Of the blind-spot preview, for `Preview.predict`; shape (2 radius + 1, 2 radius + 1)."""
    blanked: tuple[Blanked, ...]
    pixels: int
    """True pixels of the mask, the centre included."""

    @property
    def scored(self) -> Scored:
        """What the rank of the mask depends on."""
        return Scored(self.error, self.pixels, self.figures.copied)

    def record(self) -> dict[str, Any]:
        """Return the figures as plain values, as in the JSON record."""
        return {
            "radius": self.figures.radius,
            "still_copied": self.figures.copied,
            "still_copied_error": self.figures.error,
            "chance_taken_off": self.figures.bias,
            "still_copied_bare_centre": self.figures.copied_bare,
            "needlessly_hidden": self.figures.needlessly_hidden,
            "hidden_within_radius": self.figures.judged,
            "curve": {
                "radius": self.curve.radii.tolist(),
                "still_copied": self.curve.copied.tolist(),
                "square": self.curve.square,
                "axis": self.curve.axis,
                "settled": self.curve.settled,
                "beyond": self.curve.beyond,
                "spans_the_line": self.curve.spans,
                "sentence": self.curve.sentence,
            },
            "estimated_error": {
                "what": "estimate from a linear model, in units of the noise variance",
                "noise_left": self.error.noise_left,
                "detail_lost": self.error.detail_lost,
                "training": self.scored.training,
                "total": self.scored.expected,
            },
            "blanked": [
                {
                    "trainer": item.trainer.name,
                    "setting": item.trainer.setting,
                    "default": item.trainer.percent,
                    "blanked_percent": item.percent,
                    "recommended": item.recommended,
                }
                for item in self.blanked
            ],
        }


def largest_radius(frames: Frames) -> int:
    """Return the largest radius for which frames are large enough; 0 if none fits."""
    return (min(frames.frame_shape) - 1) // 4


def basis(
    frames: Frames,
    *,
    radius: int = RADIUS,
    source: NoiseBasis | None = None,
    noise: Covariance | None = None,
    trusted: bool = True,
    task: Task = NO_TASK,
) -> Basis:
    """Measure noise and image for the quality figures.

    Parameters
    ----------
    frames : Frames
        The stack that will be trained on.
    radius : int
        Radius of the neighbourhood.
    source : "difference" or "flat", optional
        See `noise_covariance`.
    noise : Covariance, optional
        The noise, if measured before (`given_covariance`), at least up to twice the radius.
    trusted : bool
        Whether the noise could be separated from structure, where that is known.
    task : Task

    Raises
    ------
    ParameterError
        If the frames, or the noise given, are too small for the radius.
    """
    frames = without_spots(without_rays(without_fill(frames, task)), task)
    largest = largest_radius(frames)
    if noise is not None:
        largest = min(largest, noise.largest_radius)
    if not 1 <= radius <= largest:
        size = size_text(frames.frame_shape)
        raise ParameterError(
            f"A radius of {radius} pixels does not fit {frames.name} of {size} pixels"
            f"{'' if noise is None else f', with the noise measured in {noise.source}'}; "
            + (f"give 1 to {largest}." if largest else "no radius does, choose larger frames.")
        )
    if source is None:
        source = "difference" if frames.n_frames > 1 else "flat"
    parts = 1 if noise is not None else 3 if source == "difference" else 2
    image = image_covariance(frames, 2 * radius, task=task.part(0, parts))
    still = None
    if noise is None:
        # Flat patches are small; whole frames show whole lines.
        fits = (min(frames.frame_shape) - 1) // 2 if source == "difference" else 2 * radius
        reach = max(2 * radius, min(2 * FAR_RADIUS, fits))
        noise = noise_covariance(frames, reach, source, task=task.part(1, parts))
        if source == "difference":
            still = StillScene(frames, radius, task=task.part(2, parts))
    usable = still if still is not None and still.pixels else None
    return Basis(noise, image, radius, usable, trusted)


@one_blas_thread
def assess(measured: Basis, mask: Mask | ArrayLike | None) -> Assessment:
    """Return all figures of a mask, or of the bare centre; about 10 ms at radius 10."""
    array = mask_array(mask)
    noise, image = measured.noise, measured.image.values
    radius = measured.radius
    kernel = weights(image, array, radius)
    found = figures(noise, array, radius)
    pixels = int(array.sum())
    return Assessment(
        figures=found,
        curve=copied_curve(
            noise,
            array,
            max(FAR_RADIUS, radius),
            square=max(SQUARE_RADIUS, radius),
            through=(radius, found.copied),
        ),
        error=estimated_error(noise.values, image, kernel, measured.still),
        weights=kernel,
        blanked=blanked(pixels),
        pixels=pixels,
    )
