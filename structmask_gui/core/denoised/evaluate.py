"""Coming back with the result: what the trained network left in, what it lost, what to try next.

Raw and denoised frames together show what no figure from before the training can: how much of the
noise the network copied, and how much of the picture went into the residual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.denoised.advice import Advice, advise, not_to_be_relied_on
from structmask_gui.core.denoised.blur import LostDetail, lost_detail
from structmask_gui.core.denoised.compatibility import check_fit
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import measured_in
from structmask_gui.core.quality.copied_noise import RADIUS, figures
from structmask_gui.core.quality.covariance import (
    FLAT_SHARE,
    Covariance,
    FlatPatches,
    NoiseBasis,
    image_covariance,
    noise_covariance,
    spread_frames,
    unmoved,
)
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.prediction import mask_array
from structmask_gui.core.quality.radius_curve import FAR_RADIUS
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.stack.frames import Frames
from structmask_gui.core.statistical.source import SEES
from structmask_gui.core.threads import one_blas_thread

_BLOCK = 16
"""Side of the blocks in which single frames are compared."""

_SMOOTH = 5
"""Side of the mean that takes most noise, but not the picture, out of them."""

_FEWEST_BLOCKS = 16


@dataclass(frozen=True)
class Evaluation:
    """What a denoised stack tells of the mask it was trained with.

    Attributes
    ----------
    source : str
        Where the noise was looked at: "difference" or "flat"; see `noise_covariance`.
    where : str
        Where the noise was measured, a sentence, and where it was looked at if that is elsewhere.
    trusted : bool
        False where the noise could not be told from the picture: the figures may be wrong.
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

    source: NoiseBasis
    where: str
    trusted: bool
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

    def lines(self) -> list[str]:
        """Return the figures in words, a line each."""
        lines = [
            f"Noise repeated: {100 * max(0.0, self.copied):.1f} %"
            f" (linear: {100 * self.expected:.1f} %)",
            f"Noise left: {100 * self.noise_left:.1f} % of the raw noise",
            f"Detail lost: {100 * self.lost:.1f} % of the noise",
        ]
        if self.detail is not None:
            lines.append(
                f"or {100 * self.detail.share:.0f} % of the detail"
                f" (linear: {100 * self.detail.linear:.0f} %)"
            )
        return lines

    def record(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        detail, following = self.detail, self.next_mask
        return {
            "sentence": self.sentence,
            "advice": self.advice,
            "where": self.where,
            "noise_compared_in": self.source,
            "noise_told_from_picture": self.trusted,
            "noise_repeated": self.copied,
            "noise_repeated_linear": self.expected,
            "noise_left": self.noise_left,
            "detail_lost": self.lost,
            "share_of_detail_lost": None if detail is None else detail.share,
            "share_of_detail_lost_linear": None if detail is None else detail.linear,
            "blurred": None if detail is None else detail.blurred,
            "next_mask": None if following is None else following.array.astype(int).tolist(),
        }


LINEAR = "Linear: what the best linear prediction with this mask leaves and loses."
"""What is meant by that word in the figures."""

_PLACES: dict[NoiseBasis, str] = {"difference": "frame differences", "flat": "flat patches"}


@one_blas_thread
def evaluate(
    raw: Frames,
    denoised: Frames,
    mask: Mask | ArrayLike | None,
    *,
    source: NoiseBasis | None = None,
    noise: Covariance | None = None,
    still: StillScene | None = None,
    trusted: bool = True,
    radius: int = RADIUS,
    task: Task = NO_TASK,
) -> Evaluation:
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
    still : StillScene, optional
        Frames of a still scene in which the mask to try next is chosen, as it is suggested before
        the training. Opened here where the noise is measured here, by "difference".
    trusted : bool
        Whether that noise could be told from the picture. Where it could not, no mask is advised,
        and the sentence says so first.
    radius : int
        Radius of the neighbourhood; also the reach of the correlations returned.
    task : Task

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
        noise = noise_covariance(raw, _reach(raw, source, radius), source, task=task)
        if source == "difference" and still is None:
            still = StillScene(raw, radius, task=task)
    image = image_covariance(raw, 2 * radius, task=task)
    sums = _Sums(radius)
    for a, b in _noise_pairs(raw, denoised, source, 2 * radius, task):
        sums.add(a, b)
    if not sums.raw[radius, radius] > 0:
        raise InputError(f"{raw.name} shows no noise to compare; choose other frames.")
    variance = float(sums.raw[radius, radius])
    copied = float(sums.shared) / variance
    left = float(sums.output[radius, radius]) / variance
    lost = (
        _lost_in_still_scene(raw, denoised, task)
        if source == "difference"
        else _lost_in_busy_parts(raw, denoised, task)
    ) / noise.variance
    expected = figures(noise, array, radius).copied
    kernel = weights(image.values, array, radius)
    detail = lost_detail(raw, denoised, kernel, source, task)
    if trusted:
        advice, following, sentence = advise(
            noise,
            image,
            array,
            radius,
            copied=copied,
            source=source,
            lost=lost,
            detail=detail,
            expected=expected,
            still=still if still is not None and still.pixels else None,
            task=task,
        )
    else:
        advice, following = "cannot tell", None
        sentence = not_to_be_relied_on(source, copied, detail)
    return Evaluation(
        source=source,
        where=_where(noise, source, trusted),
        trusted=trusted,
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


def _where(noise: Covariance, source: NoiseBasis, trusted: bool) -> str:
    """Return where the noise was measured, and where it was looked at if that is elsewhere."""
    said = measured_in(noise, trusted)
    direct = noise.source.startswith(_PLACES[source])
    direct |= source == "flat" and noise.source == SEES["flat"]
    return said if direct else f"{said} What the output repeats: in {_PLACES[source]}."


class _Sums:
    """Lag products of raw noise, output noise and residual noise, summed over pieces."""

    def __init__(self, radius: int) -> None:
        side = 2 * radius + 1
        self._reach = (radius, radius)
        self.raw = np.zeros((side, side))
        self.output, self.residual = np.zeros_like(self.raw), np.zeros_like(self.raw)
        self.shared = 0.0

    def add(self, raw: FloatArray, output: FloatArray) -> None:
        from structmask_gui.core.quality.covariance import lag_products

        numbers = lag_products(np.ones(raw.shape), self._reach)
        weight = raw.size / numbers
        self.raw += lag_products(raw, self._reach) * weight
        self.output += lag_products(output, self._reach) * weight
        self.residual += lag_products(raw - output, self._reach) * weight
        self.shared += float((raw * output).sum())


def _noise_pairs(
    raw: Frames, denoised: Frames, source: NoiseBasis, reach: int, task: Task
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the noise of raw and denoised frames in the same places."""
    if source == "difference":
        for frame in spread_frames(raw.n_frames - 1):
            task.stop_if_cancelled()
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
    patches = FlatPatches(raw, (reach, reach), task=task.reporting(None))
    for frame, y, x in patches.places:
        window = patches.cut(raw, frame, y, x), patches.cut(denoised, frame, y, x)
        if np.isfinite(window[1]).all():
            yield window


def _lost_in_still_scene(raw: Frames, denoised: Frames, task: Task) -> float:
    """Return the covariance of the residuals of consecutive frames: only the picture is in both."""
    total, count = 0.0, 0
    for frame in spread_frames(raw.n_frames - 1):
        task.stop_if_cancelled()
        a, b = (_residual(raw, denoised, f) for f in (frame, frame + 1))
        change = raw.read(frame).astype(np.float64) - raw.read(frame + 1).astype(np.float64)
        good = np.isfinite(a) & np.isfinite(b)
        good &= unmoved(change, good)
        if good.any():
            total += float(((a[good] - a[good].mean()) * (b[good] - b[good].mean())).sum())
            count += int(good.sum())
    return max(0.0, total / max(1, count))


def _lost_in_busy_parts(raw: Frames, denoised: Frames, task: Task) -> float:
    """Return by how much the residual's variance follows the structure of the picture.

    Over blocks, the residual's variance is fitted by a constant, the block's brightness (noise may
    follow it) and its structure, all not negative. The structure is the variance of the smoothed
    raw frame over that of the flattest tenth of the blocks: what the output lost is still in it.
    """
    from scipy.ndimage import uniform_filter
    from scipy.optimize import nnls

    rows: list[tuple[float, float, float]] = []
    for frame in spread_frames(raw.n_frames):
        task.stop_if_cancelled()
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


def _reach(raw: Frames, source: NoiseBasis, radius: int) -> int:
    """Return how far to measure: flat patches are small, differences show whole lines."""
    if source == "flat":
        return 2 * radius
    return max(2 * radius, min(2 * FAR_RADIUS, (min(raw.frame_shape) - 1) // 2))


def _normalised(products: FloatArray) -> FloatArray:
    centre = products[products.shape[0] // 2, products.shape[1] // 2]
    return products / centre if centre > 0 else products
