"""Noise still copied with a mask, and pixels that it hides needlessly.

A blind-spot network predicts each pixel from the neighbours that the mask leaves visible, and
learns to copy the noise that those neighbours predict. For the best linear prediction that share is
b' C^-1 b / G(0), with C the noise covariance between the visible neighbours, b between them and the
centre, G(0) the noise variance. Of a measured covariance, the small-sample bias is subtracted; see
`structmask_gui.core.quality.small_sample`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray, LagArray
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import (
    Predictor,
    at_lags,
    covariances,
    folded_covariances,
    hidden_by,
    mask_array,
    mirrored_half,
    predictor,
    square_lags,
)
from structmask_gui.core.quality.small_sample import (
    LARGE_BIAS,
    bias_of,
    bias_per_lag,
    copied_by,
    copied_error,
    with_samples,
)
from structmask_gui.core.threads import one_blas_thread

RADIUS = 10
"""Radius of the neighbourhood for the live figures."""

NEEDLESS_RISE = 0.001
"""A hidden pixel is needless if freeing it raises "still copied" by no more than this."""


@dataclass(frozen=True)
class Figures:
    """Noise still copied with a mask, and its needless pixels."""

    radius: int
    """Radius of the square of neighbours considered."""
    copied: float
    """Share of the noise variance that the visible neighbours predict, 0 to 1."""
    copied_bare: float
    """The same for the bare centre."""
    needless: BoolArray
    """Of the mask's shape: the hidden pixels that could be freed, all together, without raising
    `copied` by more than `NEEDLESS_RISE`; never the centre, nor a pixel beyond the radius."""
    judged: int
    """Number of hidden pixels, without the centre, within the radius."""
    error: float = 0.0
    """Standard error of `copied`; 0 where the number of pixels measured is not known."""
    bias: float = 0.0
    """Small-sample bias that was subtracted; 0 as above."""

    @property
    def needlessly_hidden(self) -> int:
        """Number of needless pixels."""
        return int(self.needless.sum())

    @property
    def note(self) -> str:
        """A warning where the measurement is small for the radius; else empty."""
        if self.bias < LARGE_BIAS:
            return ""
        return (
            f"Few pixels for a radius of {self.radius}: {100 * self.bias:.0f} % of the noise seemed"
            " predictable by chance, which was subtracted. Use a smaller radius."
        )


@one_blas_thread
def figures(
    noise: Covariance | ArrayLike, mask: Mask | ArrayLike | None, radius: int = RADIUS
) -> Figures:
    """Return "still copied" and "needlessly hidden" of a mask; a few milliseconds at radius 10.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance (or autocorrelation) of the noise, at least up to twice the radius. Of an
        array the number of pixels measured is not known, and no bias is subtracted.
    mask : Mask or array_like, optional
        Any mask, asymmetric ones too; None is the bare centre.
    radius : int
        Neighbours within max(|dy|, |dx|) <= radius are considered.

    Raises
    ------
    InputError
        If the noise is no autocovariance or the mask no mask.
    ParameterError
        If the noise was not measured far enough for the radius.
    """
    values, samples = with_samples(noise)
    array = mask_array(mask)
    lags = square_lags(radius)
    hidden = hidden_by(array, lags)
    bare = predictor(values, lags)
    visible = predictor(values, lags[~hidden]) if hidden.any() else bare
    free = _needless(values, samples, visible, lags[hidden])
    needless = np.zeros(array.shape, dtype=np.bool_)
    half = (array.shape[0] // 2, array.shape[1] // 2)
    needless[free[:, 0] + half[0], free[:, 1] + half[1]] = True
    copied_bare = copied_by(bare, samples)
    return Figures(
        radius=radius,
        # Hiding pixels never lets more be copied; estimates may differ by chance.
        copied=min(copied_by(visible, samples), copied_bare),
        copied_bare=copied_bare,
        needless=needless,
        judged=int(hidden.sum()),
        error=copied_error(visible, samples),
        bias=bias_of(samples, visible),
    )


@one_blas_thread
def still_copied(
    noise: Covariance | ArrayLike, mask: Mask | ArrayLike | None, radius: int = RADIUS
) -> float:
    """Return the share of the noise variance that the visible neighbours predict; see `figures`."""
    values, samples = with_samples(noise)
    lags = square_lags(radius)
    visible = predictor(values, lags[~hidden_by(mask_array(mask), lags)])
    return copied_by(visible, samples)


def _needless(
    noise: FloatArray, samples: FloatArray | None, visible: Predictor, hidden: LagArray
) -> LagArray:
    """Return the hidden lags that can be freed together, the least predictive first.

    A hidden pixel would add the square of its covariance with the centre, divided by its variance,
    both given the visible ones; less the bias. Both are updated after each that is freed.
    """
    from scipy.linalg.lapack import dtrtrs

    if not len(hidden):
        return hidden
    # Mirrored pairs are freed together, so that a symmetric mask stays symmetric.
    half = mirrored_half(hidden) if visible.folded else None
    used = hidden if half is None else half
    if half is None:
        given = covariances(noise, used, used)
        cross = covariances(noise, visible.lags, used)
    else:
        given = folded_covariances(noise, used)
        cross = covariances(noise, visible.lags, used) + covariances(noise, visible.lags, -used)
    centre = at_lags(noise, used)
    if len(visible.lags):
        known, _ = dtrtrs(visible.factor, cross, lower=1)
        given = given - known.T @ known
        centre = centre - known.T @ visible.part
    given[np.diag_indices_from(given)] += visible.ridge * visible.variance
    most = NEEDLESS_RISE * visible.variance / visible.pairs
    bias = bias_per_lag(samples, used) * max(0.0, 1 - visible.explained) * visible.variance
    free = used[_freed(given, centre, most, bias)]
    return free if half is None else np.concatenate((free, -free))


def _freed(
    covariance: FloatArray, centre: FloatArray, most: float, bias: FloatArray
) -> NDArray[np.intp]:
    """Return the hidden pixels that can be freed, each time the one that predicts least.

    ``covariance`` is that of the hidden pixels and ``centre`` theirs with the centre, given those
    visible; the first is changed. The explained variance rises by no more than ``most``, beyond the
    ``bias`` of each.
    """
    n = len(centre)
    s, left = centre.copy(), np.ones(n, dtype=np.bool_)
    # A pixel that the visible ones determine adds nothing; its variance is rounding error.
    least = 1e-12 * float(np.diagonal(covariance).max(initial=1e-300))
    order: list[int] = []
    total = 0.0
    for _ in range(n):
        diagonal = np.maximum(np.diagonal(covariance), least)
        rise = np.where(left, np.maximum(s * s / diagonal - bias, 0), np.inf)
        j = int(rise.argmin())
        total += float(rise[j])
        if total > most:
            break
        order.append(j)
        left[j] = False
        row = covariance[j] / diagonal[j]
        s -= row * s[j]
        covariance -= np.outer(row, covariance[j])
    return np.array(order, dtype=np.intp)
