"""Coming back with the result: what the trained network left in, what it lost, what to try next.

Raw and denoised frames together show what no figure from before the training can: how much of the
noise the network copied, and how much of the picture went into the residual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.blindspot import weights
from structmask_gui.core.covariance import (
    FLAT_SHARE,
    Covariance,
    FlatPatches,
    NoiseSource,
    image_covariance,
    noise_covariance,
    spread_frames,
    unmoved,
)
from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.frames import Frames
from structmask_gui.core.lost_detail import LostDetail, lost_detail
from structmask_gui.core.mask import Mask
from structmask_gui.core.neighbours import FloatArray, mask_array
from structmask_gui.core.progress import IsCancelled, Progress, never_cancelled, no_progress
from structmask_gui.core.quality import FAR_RADIUS, RADIUS, copied_curve, figures
from structmask_gui.core.suggest import suggest
from structmask_gui.core.threads import one_blas_thread

Advice = Literal["keep", "larger", "smaller", "blurred", "offsets first", "cannot tell"]

COPIED = 0.05
"""Share of the noise that may be copied before a larger mask is advised; twice that where it was
looked for in flat patches, because what picture they hold is in raw and output alike."""

LOST = 0.2
"""Picture in the residual, in units of the noise variance, before a smaller mask is advised."""

_MUCH_SMALLER = 0.75
"""A blurred output is put down to the mask only if one of fewer than this share of its pixels would
do."""

_CHECK: dict[NoiseSource, str] = {
    "difference": "Check that nothing moves between frames, and that",
    "flat": "It was looked for in flat patches, which may hold picture, too. Check that",
}

_BLOCK = 16
"""Side of the blocks in which single frames are compared."""

_SMOOTH = 5
"""Side of the mean that takes most noise, but not the picture, out of them."""

_FEWEST_BLOCKS = 16


@dataclass(frozen=True)
class Outcome:
    """What a denoised stack tells of the mask it was trained with.

    Attributes
    ----------
    source : str
        Where the noise was looked at: "difference" or "flat"; see `noise_covariance`.
    copied : float
        Share of the noise variance that the output repeats, pixel for pixel; 0 for a perfect blind
        spot. Chance makes it slightly negative at times.
    noise_left : float
        Variance of the noise in the output, in units of the raw noise's.
    output_correlation, residual_correlation : float64 array (2 radius + 1, 2 radius + 1)
        Autocorrelation of the noise in the output and of the residual: stripes show as lines.
    lost : float
        Variance of the picture found in the residual, in units of the noise variance. In a still
        scene it is what the residuals of two frames have in common (a fixed pattern that was
        removed counts as well); in single frames, by how much the residual is stronger where the
        picture is busy, its brightness allowed for: a rough figure.
    detail : LostDetail or None
        The loss as a share of the picture's detail, beside that of a linear prediction.
    expected : float
        What a linear blind-spot network still copies with the mask.
    advice : str
        "keep", "larger", "smaller", "blurred" (more is lost than the mask accounts for), "offsets
        first" (the noise spans the line) or "cannot tell".
    next_mask : Mask or None
        The mask to try next, if it is another one.
    sentence : str
        The advice and its reason.
    """

    source: NoiseSource
    copied: float
    noise_left: float
    output_correlation: FloatArray
    residual_correlation: FloatArray
    lost: float
    detail: LostDetail | None
    expected: float
    advice: Advice
    next_mask: Mask | None
    sentence: str


@one_blas_thread
def judge(
    raw: Frames,
    denoised: Frames,
    mask: Mask | ArrayLike | None,
    *,
    source: NoiseSource | None = None,
    noise: Covariance | None = None,
    radius: int = RADIUS,
    progress: Progress = no_progress,
    cancelled: IsCancelled = never_cancelled,
) -> Outcome:
    """Compare a denoised stack with its raw frames.

    Parameters
    ----------
    raw, denoised : Frames
        Frame for frame the same, in the same grey levels.
    mask : Mask or array_like, optional
        The mask trained with; None for plain N2V, the bare centre.
    source : "difference" or "flat", optional
        Where the noise is looked at; by default "difference" where there are two frames or more,
        which is right for a still scene only.
    noise : Covariance, optional
        The noise of the raw frames where it was measured before, at least up to twice the radius;
        measured by `source` if not given.
    radius : int
        Radius of the neighbourhood; also the reach of the correlations returned.
    progress, cancelled : callable
        See `structmask_gui.core.progress`.

    Raises
    ------
    InputError
        If the stacks do not fit each other, or nothing can be measured.
    ParameterError
        If the frames are too small for the radius.
    """
    check_fit(raw, denoised)
    array = mask_array(mask)
    if source is None:
        source = "difference" if raw.n_frames > 1 else "flat"
    if noise is None:
        noise = noise_covariance(
            raw, _reach(raw, source, radius), source, progress=progress, cancelled=cancelled
        )
    image = image_covariance(raw, 2 * radius, progress=progress, cancelled=cancelled)
    sums = _Sums(radius)
    for a, b in _noise_pairs(raw, denoised, source, 2 * radius, cancelled):
        sums.add(a, b)
    if not sums.raw[radius, radius] > 0:
        raise InputError(f"{raw.name} shows no noise to compare; choose other frames.")
    variance = float(sums.raw[radius, radius])
    copied = float(sums.shared) / variance
    left = float(sums.output[radius, radius]) / variance
    lost = (
        _lost_in_still_scene(raw, denoised, cancelled)
        if source == "difference"
        else _lost_in_busy_parts(raw, denoised, cancelled)
    ) / noise.variance
    expected = figures(noise.values, array, radius).copied
    kernel = weights(image.values, array, radius)
    detail = lost_detail(raw, denoised, kernel, source, cancelled)
    advice, following, sentence = _advise(
        noise,
        image,
        array,
        radius,
        copied=copied,
        source=source,
        lost=lost,
        detail=detail,
        expected=expected,
        cancelled=cancelled,
    )
    return Outcome(
        source=source,
        copied=copied,
        noise_left=left,
        output_correlation=_normalised(sums.output),
        residual_correlation=_normalised(sums.residual),
        lost=lost,
        detail=detail,
        expected=expected,
        advice=advice,
        next_mask=following,
        sentence=sentence,
    )


class _Sums:
    """Lag products of raw noise, output noise and residual noise, summed over pieces."""

    def __init__(self, radius: int) -> None:
        side = 2 * radius + 1
        self._reach = (radius, radius)
        self.raw = np.zeros((side, side))
        self.output, self.residual = np.zeros_like(self.raw), np.zeros_like(self.raw)
        self.shared = 0.0

    def add(self, raw: FloatArray, output: FloatArray) -> None:
        from structmask_gui.core.covariance import lag_products

        numbers = lag_products(np.ones(raw.shape), self._reach)
        weight = raw.size / numbers
        self.raw += lag_products(raw, self._reach) * weight
        self.output += lag_products(output, self._reach) * weight
        self.residual += lag_products(raw - output, self._reach) * weight
        self.shared += float((raw * output).sum())


def _noise_pairs(
    raw: Frames, denoised: Frames, source: NoiseSource, reach: int, cancelled: IsCancelled
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the noise of raw and denoised frames in the same places."""
    if source == "difference":
        for frame in spread_frames(raw.n_frames - 1):
            _stop_if(cancelled)
            pair = [
                stack.read(frame).astype(np.float64) - stack.read(frame + 1).astype(np.float64)
                for stack in (raw, denoised)
            ]
            good = np.isfinite(pair[0]) & np.isfinite(pair[1])
            good &= unmoved(pair[0], good)
            if good.any():
                yield (
                    np.where(good, pair[0] - pair[0][good].mean(), 0),
                    np.where(good, pair[1] - pair[1][good].mean(), 0),
                )
        return
    patches = FlatPatches(raw, (reach, reach), cancelled=cancelled)
    for frame, y, x in patches.places:
        window = patches.cut(raw, frame, y, x), patches.cut(denoised, frame, y, x)
        if np.isfinite(window[1]).all():
            yield window


def _lost_in_still_scene(raw: Frames, denoised: Frames, cancelled: IsCancelled) -> float:
    """Return the covariance of the residuals of consecutive frames: only the picture is in both."""
    total, count = 0.0, 0
    for frame in spread_frames(raw.n_frames - 1):
        _stop_if(cancelled)
        a, b = (_residual(raw, denoised, f) for f in (frame, frame + 1))
        change = raw.read(frame).astype(np.float64) - raw.read(frame + 1).astype(np.float64)
        good = np.isfinite(a) & np.isfinite(b)
        good &= unmoved(change, good)
        if good.any():
            total += float(((a[good] - a[good].mean()) * (b[good] - b[good].mean())).sum())
            count += int(good.sum())
    return max(0.0, total / max(1, count))


def _lost_in_busy_parts(raw: Frames, denoised: Frames, cancelled: IsCancelled) -> float:
    """Return by how much the residual's variance follows the structure of the picture.

    Over blocks, the residual's variance is fitted by a constant, the block's brightness (noise may
    follow it) and its structure, all not negative. The structure is the variance of the smoothed
    raw frame over that of the flattest tenth of the blocks: what the output lost is still in it.
    """
    from scipy.ndimage import uniform_filter
    from scipy.optimize import nnls

    rows: list[tuple[float, float, float]] = []
    for frame in spread_frames(raw.n_frames):
        _stop_if(cancelled)
        smooth = uniform_filter(raw.read(frame).astype(np.float64), _SMOOTH)
        residual = _residual(raw, denoised, frame)
        for block, part in zip(_blocks(smooth), _blocks(residual), strict=True):
            if np.isfinite(part).all() and np.isfinite(block).all():
                rows.append((float(part.var()), float(block.mean()), float(block.var())))
    if len(rows) < _FEWEST_BLOCKS:
        return 0.0
    residual_variance, brightness, structure = np.array(rows).T
    structure = np.maximum(structure - np.quantile(structure, FLAT_SHARE), 0)
    terms = np.stack([np.ones_like(structure), brightness - brightness.min(), structure], axis=1)
    # Blocks of strong residual scatter more; weighting by it keeps a few of them from deciding.
    weight = 1 / (residual_variance + residual_variance.mean())
    scale = terms.max(axis=0)
    scale[scale == 0] = 1
    found, _ = nnls(terms / scale * weight[:, np.newaxis], residual_variance * weight)
    return float(found[2] / scale[2] * structure.mean())


def _residual(raw: Frames, denoised: Frames, frame: int) -> FloatArray:
    return raw.read(frame).astype(np.float64) - denoised.read(frame).astype(np.float64)


def _blocks(frame: FloatArray) -> Iterator[FloatArray]:
    for y in range(0, frame.shape[0] - _BLOCK + 1, _BLOCK):
        for x in range(0, frame.shape[1] - _BLOCK + 1, _BLOCK):
            yield frame[y : y + _BLOCK, x : x + _BLOCK]


def _advise(
    noise: Covariance,
    image: Covariance,
    mask: NDArray[np.bool_],
    radius: int,
    *,
    copied: float,
    source: NoiseSource,
    lost: float,
    detail: LostDetail | None,
    expected: float,
    cancelled: IsCancelled,
) -> tuple[Advice, Mask | None, str]:
    """Return the advice, the mask to try next and the sentence that says why."""
    too_much = COPIED if source == "difference" else 2 * COPIED
    blurred = detail is not None and detail.blurred
    curve = copied_curve(noise.values, mask)
    best = suggest(
        noise.values, image.values, radius, pixels=noise.pixels, cancelled=cancelled
    ).mask
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
        if figures(noise.values, best, radius).copied < expected:
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
        needless = figures(noise.values, mask, radius).needless
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
                f"{what}. Try {slim.statistics.true_pixels} pixels instead of"
                f" {present.statistics.true_pixels}.",
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


def _reach(raw: Frames, source: NoiseSource, radius: int) -> int:
    """Return how far to measure: flat patches are small, differences show whole lines."""
    if source == "flat":
        return 2 * radius
    return max(2 * radius, min(2 * FAR_RADIUS, (min(raw.frame_shape) - 1) // 2))


def check_fit(raw: Frames, denoised: Frames) -> None:
    """Raise InputError unless the stacks fit each other."""
    if (raw.n_frames, raw.frame_shape) != (denoised.n_frames, denoised.frame_shape):
        what = f"{denoised.name} has {_size(denoised)}, but {raw.name} has {_size(raw)}"
        if denoised.n_frames == 1 and raw.frame_shape == denoised.frame_shape:
            # What it repeats of the noise of several frames cannot be told from the picture.
            raise InputError(
                f"{what}; give the output of every frame, or open only the frame that this was made"
                " of."
            )
        raise InputError(f"{what}; give the output of these frames.")
    if all(
        np.array_equal(raw.read(frame), denoised.read(frame))
        for frame in {0, raw.n_frames // 2, raw.n_frames - 1}
    ):
        raise InputError(
            f"{denoised.name}: this is the raw stack, pixel for pixel that of {raw.name}; give the"
            " output of the network."
        )
    a, b = (stack.read(0).astype(np.float64) for stack in (raw, denoised))
    good = np.isfinite(a) & np.isfinite(b)
    if not good.any():
        raise InputError(f"{raw.name} and {denoised.name} have no finite pixel in common.")
    spread = a[good].std()
    if spread == 0 or abs(a[good].mean() - b[good].mean()) > spread or b[good].std() > 2 * spread:
        raise InputError(
            f"{denoised.name} is not in the grey levels of {raw.name}; save the output without"
            " normalising it."
        )


def _size(frames: Frames) -> str:
    """Return the size of a stack in words."""
    count = "1 frame" if frames.n_frames == 1 else f"{frames.n_frames} frames"
    return f"{count} of {frames.frame_shape[0]} x {frames.frame_shape[1]} pixels"


def _normalised(products: FloatArray) -> FloatArray:
    centre = products[products.shape[0] // 2, products.shape[1] // 2]
    return products / centre if centre > 0 else products


def _stop_if(cancelled: IsCancelled) -> None:
    if cancelled():
        raise Cancelled
