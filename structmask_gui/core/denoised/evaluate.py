"""Compare a denoised stack with the raw one: noise copied, detail lost, the mask to try next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.correlation.autocorrelation import lag_products
from structmask_gui.core.correlation.detrend import Surface
from structmask_gui.core.denoised.advice import (
    COPIED,
    Advice,
    Findings,
    advise,
    not_separated,
    share_words,
)
from structmask_gui.core.denoised.blur import FLAT_SHARE, LostDetail, lost_detail
from structmask_gui.core.denoised.compatibility import check_fit
from structmask_gui.core.denoised.faults import Comparison, FaultKind
from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import Basis
from structmask_gui.core.quality.copied_noise import figures
from structmask_gui.core.quality.covariance import (
    MOST_FRAMES,
    NoiseBasis,
    flat_patches,
    image_covariance,
    unmoved,
)
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.prediction import mask_array
from structmask_gui.core.stack.derived import DifferenceFrames
from structmask_gui.core.stack.fill import without_fill, without_fill_of
from structmask_gui.core.stack.frames import Frames, evenly, neighbours
from structmask_gui.core.stack.hot_pixels import find_hot_pixels, without_hot_pixels, without_rays
from structmask_gui.core.stack.left_out import find_left_out, kept_frames
from structmask_gui.core.stack.patches import read_patches
from structmask_gui.core.statistical.estimate import SEES
from structmask_gui.core.threads import one_blas_thread

_BLOCK = 16
"""Side of the blocks in which single frames are compared."""

_SMOOTH = 5
"""Side of the mean that removes most noise, but not the structure, from them."""

_LITTLE = 0.1
"""Share of the detail that may always go."""

_FEWEST_BLOCKS = 16
_AT_ONCE = 64


@dataclass(frozen=True)
class Evaluation:
    """The comparison of a denoised stack with its raw frames."""

    source: NoiseBasis
    """Where raw and denoised noise were compared; see `noise_covariance`."""
    where: str
    """Sentences: where the noise was measured, and where it was compared if that is elsewhere."""
    trusted: bool
    """False where the noise could not be separated from structure: the figures may be wrong."""
    copied: float
    """Share of the noise variance that the output copies, pixel for pixel; 0 for a perfect blind
    spot, by chance slightly negative."""
    noise_left: float
    """Variance of the noise in the output, in units of the raw noise's; in flat patches, with the
    structure that they hold."""
    output_correlation: FloatArray
    """Autocorrelation of the noise in the output, shape (2 radius + 1, 2 radius + 1)."""
    residual_correlation: FloatArray
    """The same of the residual: stripes show as lines."""
    lost: float
    """Variance of the structure in the residual, in units of the noise variance. In a still scene,
    the covariance of the residuals of two frames (removed fixed-pattern noise counts as well); in
    single frames, a rough figure: by how much the residual is stronger in structured parts."""
    detail: LostDetail | None
    """The loss as a share of the detail, beside that of a linear prediction."""
    expected: float
    """Share of the noise that a linear blind-spot network still copies with the mask."""
    fault: FaultKind | None
    """What is wrong with the output whatever mask it was trained with; the figures then say little
    of the mask."""
    advice: Advice
    next_mask: Mask | None
    """The mask to try next, if it is another one."""
    sentence: str
    """The advice and its reason."""

    def lines(self) -> list[str]:
        """Return the figures in words and whether each is good, a line each."""
        much = self.copied > max(COPIED, self.expected) + COPIED
        pattern = "More than" if much else "No more than"
        pattern += f" expected ({share_words(self.expected)})."
        lost, loss = "cannot be told, for the noise hides the detail.", ""
        if self.detail is not None:
            error = round(100 * self.detail.error)
            chance = f" ± {error}" if error else ""
            lost = f"{100 * self.detail.share:.0f}{chance} %."
            loss = self._loss(self.detail)
        if self.fault is not None:
            # Of something else than a result of this mask, no figure is good or bad.
            pattern = loss = ""
        lines = []
        if self.trusted:
            lines.append(f"Pattern still in your result: {share_words(self.copied)}. {pattern}")
        if self.trusted and self.source == "difference":
            left = f"{100 * self.noise_left:.1f} %"
            lines.append(f"Noise left: {left} of the raw noise (less is better).")
        lines.append(f"Share of the detail that is lost: {lost} {loss}")
        return [line.rstrip() for line in lines]

    def _loss(self, detail: LostDetail) -> str:
        """Return whether a loss of detail is much, in words."""
        linear = f"a plain linear estimate loses {100 * detail.linear:.0f} %"
        if detail.blurred:
            return f"Too much: {linear}."
        if detail.like_linear:
            return f"No better: {linear}."
        if detail.share <= max(_LITTLE, detail.linear):
            alike = round(100 * detail.share) == round(100 * detail.linear)
            return "Little, as by a plain linear estimate." if alike else f"Little: {linear}."
        return f"About what the mask costs: {linear}."

    def record(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        detail, following = self.detail, self.next_mask
        return {
            "sentence": self.sentence,
            "fault": self.fault,
            "advice": self.advice,
            "where": self.where,
            "noise_compared_in": self.source,
            "noise_told_from_picture": self.trusted,
            "noise_repeated": self.copied,
            "noise_repeated_linear": self.expected,
            "noise_left": self.noise_left if self.source == "difference" else None,
            "detail_lost": self.lost,
            "share_of_detail_lost": None if detail is None else detail.share,
            "share_of_detail_lost_error": None if detail is None else detail.error,
            "share_of_detail_lost_linear": None if detail is None else detail.linear,
            "blurred": None if detail is None else detail.blurred,
            "next_mask": None if following is None else following.array.astype(int).tolist(),
        }


LINEAR = "A linear estimate is the best weighted sum of the pixels that the mask leaves visible."
"""Explains that word in the figures."""

_PLACES: dict[NoiseBasis, str] = {"difference": "frame differences", "flat": "flat patches"}


@one_blas_thread
def evaluate(
    raw: Frames,
    denoised: Frames,
    mask: Mask | ArrayLike | None,
    *,
    measured: Basis,
    here: bool = False,
    task: Task = NO_TASK,
) -> Evaluation:
    """Compare a denoised stack with its raw frames.

    Parameters
    ----------
    raw, denoised : Frames
        Frame for frame the same, in the same grey levels.
    mask : Mask or array_like, optional
        The mask trained with; None for plain N2V, the bare centre.
    measured : Basis
        The noise of the raw frames, perhaps of a part of them. Raw and denoised noise are compared
        where it was measured. No mask is advised if it is not trusted.
    here : bool
        Whether the output is of `structmask_gui.core.denoising`: what is advised is then no
        training.
    task : Task

    Raises
    ------
    InputError
        If the stacks do not fit each other, or nothing can be measured.
    ParameterError
        If the frames are too small for the radius.
    """
    check_fit(raw, denoised, here=here)
    left_out = find_left_out(raw, task)  # They show no noise, or the same again.
    raw, denoised = (kept_frames(one, left_out) for one in (raw, denoised))
    hot = find_hot_pixels(raw, task)  # What became of them is neither noise nor detail.
    raw, denoised = (without_hot_pixels(one, hot) for one in (raw, denoised))
    raw = without_fill(raw, task)
    denoised = without_fill_of(raw, denoised)
    raw = without_rays(raw)
    array = mask_array(mask)
    # Bright spots, which the basis leaves out, are detail that an output may have lost.
    image = image_covariance(raw, 2 * measured.radius, task=task)
    measured = replace(measured, image=image)
    noise, radius, source = measured.noise, measured.radius, measured.place
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
    kernel = weights(measured.image.values, array, radius)
    compared = Comparison(raw, denoised, measured, kernel, task, here=here)
    fault = compared.fault()
    detail = lost_detail(raw, denoised, kernel, source, task)
    if measured.trusted:
        copied = compared.copied(copied, expected)
        detail = compared.blur() or detail
    estimated = estimated_error(noise.values, measured.image.values, kernel, measured.still).total
    blank = compared.almost_blank
    found = Findings(source, copied, expected, lost, detail, estimated, here, blank)
    following: Mask | None = None
    advice: Advice
    if fault is not None:
        advice, sentence = "faulty", fault.sentence
    elif measured.trusted:
        advice, following, sentence = advise(measured, array, found, task)
    else:
        advice, sentence = "cannot tell", not_separated(found)
    return Evaluation(
        source=source,
        where=_where(measured),
        trusted=measured.trusted,
        copied=copied,
        noise_left=left,
        output_correlation=_normalised(sums.output),
        residual_correlation=_normalised(sums.residual),
        lost=lost,
        detail=detail,
        expected=expected,
        fault=None if fault is None else fault.kind,
        advice=advice,
        next_mask=following,
        sentence=sentence,
    )


def _where(measured: Basis) -> str:
    """Return where the noise was measured, and where it was compared if that is elsewhere."""
    noise, source = measured.noise, measured.place
    same = noise.source.startswith(_PLACES[source])
    same |= source == "flat" and noise.source == SEES["flat"]
    where = measured.where
    return where if same else f"{where} The output was compared in {_PLACES[source]}."


class _Sums:
    """Lag products of raw noise, output noise and residual noise, summed over pieces."""

    def __init__(self, radius: int) -> None:
        side = 2 * radius + 1
        self._reach = (radius, radius)
        self.raw = np.zeros((side, side))
        self.output, self.residual = np.zeros_like(self.raw), np.zeros_like(self.raw)
        self.shared = 0.0

    def add(self, raw: FloatArray, output: FloatArray) -> None:
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
        both = DifferenceFrames(raw, []), DifferenceFrames(denoised, [])
        # One output of several raw files: no pair of its frames may span two of them either.
        both[1].groups = both[0].groups
        for number in evenly(both[0].n_frames, MOST_FRAMES):
            task.stop_if_cancelled()
            pair = [stack.read(number).astype(np.float64) for stack in both]
            good = np.isfinite(pair[0]) & np.isfinite(pair[1])
            good &= unmoved(pair[0], good)
            if good.any():
                yield (
                    np.where(good, pair[0] - pair[0][good].mean(), 0),
                    np.where(good, pair[1] - pair[1][good].mean(), 0),
                )
        return
    plan = flat_patches(raw, (reach, reach), task.reporting(None))
    surface = Surface(plan.patch_shape, 2)
    chunks = (read_patches(stack, plan, _AT_ONCE, task) for stack in (raw, denoised))
    for own, output in zip(*chunks, strict=True):
        good = np.isfinite(output.patches).all(axis=(1, 2))
        noise = (surface.remove_from(chunk.patches[good]) for chunk in (own, output))
        for a, b in zip(*noise, strict=True):
            yield a.astype(np.float64), b.astype(np.float64)


def _lost_in_still_scene(raw: Frames, denoised: Frames, task: Task) -> float:
    """Return the covariance of residuals of consecutive frames: both hold only structure."""
    total, count = 0.0, 0
    pairs = neighbours(raw)
    for pair in (pairs[at] for at in evenly(len(pairs), MOST_FRAMES)):
        task.stop_if_cancelled()
        a, b = (_residual(raw, denoised, frame) for frame in pair)
        one, other = (raw.read(frame).astype(np.float64) for frame in pair)
        change = one - other
        good = np.isfinite(a) & np.isfinite(b)
        good &= unmoved(change, good)
        if good.any():
            total += float(((a[good] - a[good].mean()) * (b[good] - b[good].mean())).sum())
            count += int(good.sum())
    return max(0.0, total / max(1, count))


def _lost_in_busy_parts(raw: Frames, denoised: Frames, task: Task) -> float:
    """Return the part of the residual's variance that follows the structure.

    Over blocks, the residual's variance is fitted by a constant, the block's brightness (noise may
    depend on it) and its structure, all not negative. The structure is the variance of the smoothed
    raw frame above that of the flattest tenth of the blocks; it includes what the output lost.
    """
    from scipy.ndimage import uniform_filter
    from scipy.optimize import nnls

    rows: list[tuple[float, float, float]] = []
    for frame in evenly(raw.n_frames, MOST_FRAMES):
        task.stop_if_cancelled()
        own = raw.read(frame).astype(np.float64)
        # The filter is a running sum, in which one pixel that is not finite would spread.
        finite = np.isfinite(own)
        share = uniform_filter(finite.astype(np.float64), _SMOOTH)
        smooth = uniform_filter(np.where(finite, own, 0.0), _SMOOTH) / np.maximum(share, 1e-6)
        residual = _residual(raw, denoised, frame)
        for block, part in zip(_blocks(smooth), _blocks(residual), strict=True):
            if np.isfinite(part).all() and np.isfinite(block).all():
                rows.append((float(part.var()), float(block.mean()), float(block.var())))
    if len(rows) < _FEWEST_BLOCKS:
        return 0.0
    residual_variance, brightness, structure = np.array(rows).T
    structure = np.maximum(structure - np.quantile(structure, FLAT_SHARE), 0)
    terms = np.stack([np.ones_like(structure), brightness - brightness.min(), structure], axis=1)
    # Blocks of strong residual scatter more; the weights keep a few of them from deciding.
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


def _normalised(products: FloatArray) -> FloatArray:
    centre = products[products.shape[0] // 2, products.shape[1] // 2]
    return products / centre if centre > 0 else products
