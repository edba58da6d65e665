"""What a mask will do, computed from the noise: noise still copied, and pixels needlessly hidden.

A blind-spot network predicts each pixel from the neighbours that the mask leaves visible. Whatever
of the noise those neighbours predict, the network learns to copy. For a best linear prediction that
share is b' C^-1 b / G(0), with C the noise covariance between the visible neighbours, b between
them and the centre, G(0) the noise variance. Of a measured covariance, what chance has of
it is taken off; see `structmask_gui.core.quality.small_sample`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, FloatArray, LagArray
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.covariance import Covariance
from structmask_gui.core.quality.prediction import (
    RIDGE,
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
    MOST_CHANCE,
    chance_of,
    chances,
    copied_by,
    copied_error,
    known,
)
from structmask_gui.core.threads import one_blas_thread

RADIUS = 10
"""Radius of the neighbourhood for the live figures."""

NEEDLESS_RISE = 0.001
"""A hidden pixel is needless if freeing it raises "still copied" by no more than this."""


@dataclass(frozen=True)
class Figures:
    """How a mask stands towards the noise.

    Attributes
    ----------
    radius : int
        Radius of the square of neighbours looked at.
    copied : float
        Share of the noise variance that the visible neighbours predict, 0 to 1.
    copied_bare : float
        The same for the bare centre: what there is to hide.
    needless : bool array
        Of the mask's shape: the hidden pixels that could be freed, all together, without raising
        `copied` by more than `NEEDLESS_RISE`. The centre is never one. Nor are pixels beyond the
        radius, which are not judged.
    judged : int
        Number of hidden pixels, without the centre, within the radius.
    error : float
        Standard error of `copied`; 0 where it is not known in how many pixels it was measured.
    chance : float
        What the visible neighbours seem to predict by chance, which was taken off; 0 as above.
    """

    radius: int
    copied: float
    copied_bare: float
    needless: BoolArray
    judged: int
    error: float = 0.0
    chance: float = 0.0

    @property
    def needlessly_hidden(self) -> int:
        """Number of needless pixels."""
        return int(self.needless.sum())

    @property
    def note(self) -> str:
        """What is to be said where the measurement is small for the radius; else empty."""
        if self.chance < MOST_CHANCE:
            return ""
        return (
            f"So few pixels hardly carry a radius of {self.radius}: chance seemed to predict"
            f" {100 * self.chance:.0f} % of the noise. It was taken off; take a smaller radius."
        )


@one_blas_thread
def figures(
    noise: Covariance | ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = RADIUS,
    *,
    ridge: float = RIDGE,
) -> Figures:
    """Return "still copied" and "needlessly hidden" of a mask; a few milliseconds at radius 10.

    Parameters
    ----------
    noise : Covariance or array_like (2 Ry + 1, 2 Rx + 1)
        Autocovariance (or autocorrelation) of the noise, at least up to twice the radius. Of an
        array it is not known in how many pixels it was measured; nothing is put down to chance.
    mask : Mask or array_like, optional
        Any mask, asymmetric ones too; None is the bare centre.
    radius : int
        Neighbours within max(|dy|, |dx|) <= radius are looked at.
    ridge : float
        See `predictor`.

    Raises
    ------
    InputError
        If the noise is no autocovariance or the mask no mask.
    ParameterError
        If the noise was not measured far enough for the radius.
    """
    values, samples = known(noise)
    array = mask_array(mask)
    lags = square_lags(radius)
    hidden = hidden_by(array, lags)
    bare = predictor(values, lags, ridge=ridge)
    visible = predictor(values, lags[~hidden], ridge=ridge) if hidden.any() else bare
    free = _needless(values, samples, visible, lags[hidden])
    needless = np.zeros(array.shape, dtype=np.bool_)
    half = (array.shape[0] // 2, array.shape[1] // 2)
    needless[free[:, 0] + half[0], free[:, 1] + half[1]] = True
    copied_bare = copied_by(bare, samples)
    return Figures(
        radius=radius,
        # Chance may say otherwise: hiding pixels never lets more be copied.
        copied=min(copied_by(visible, samples), copied_bare),
        copied_bare=copied_bare,
        needless=needless,
        judged=int(hidden.sum()),
        error=copied_error(visible, samples),
        chance=chance_of(samples, visible),
    )


@one_blas_thread
def still_copied(
    noise: Covariance | ArrayLike,
    mask: Mask | ArrayLike | None,
    radius: int = RADIUS,
    *,
    ridge: float = RIDGE,
) -> float:
    """Return the share of the noise variance that the visible neighbours predict; see `figures`."""
    values, samples = known(noise)
    lags = square_lags(radius)
    visible = predictor(values, lags[~hidden_by(mask_array(mask), lags)], ridge=ridge)
    return copied_by(visible, samples)


def _needless(
    noise: FloatArray, samples: FloatArray | None, visible: Predictor, hidden: LagArray
) -> LagArray:
    """Return the hidden lags that can be freed together, the least telling first.

    What a hidden pixel would add is the square of its covariance with the centre, divided by its
    variance, both given the visible ones; less what chance adds. After each that is freed, both
    are updated.
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
    chance = chances(samples, used) * max(0.0, 1 - visible.explained) * visible.variance
    free = used[freeing_order(given, centre, most, chance)[0]]
    return free if half is None else np.concatenate((free, -free))


def freeing_order(
    covariance: FloatArray,
    centre: FloatArray,
    most: float = np.inf,
    chance: FloatArray | None = None,
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return in which order hidden pixels are best freed, each time the one that tells least.

    Parameters
    ----------
    covariance : float64 array (n, n)
        Covariance of the hidden pixels, given those visible; changed.
    centre : float64 array (n,)
        Their covariance with the centre, given those visible.
    most : float
        Stop before the explained variance has risen by more than this.
    chance : float64 array (n,), optional
        By how much it rises with each by chance alone, which does not count.

    Returns
    -------
    order : int array (k,)
        Indices, the first to free first.
    rises : float64 array (k,)
        By how much the explained variance rises with each.
    """
    n = len(centre)
    s, left = centre.copy(), np.ones(n, dtype=np.bool_)
    # A pixel that the visible ones determine tells nothing more, whatever rounding leaves of it.
    least = 1e-12 * float(np.diagonal(covariance).max(initial=1e-300))
    order: list[int] = []
    rises: list[float] = []
    total = 0.0
    by_chance = np.zeros(n) if chance is None else chance
    for _ in range(n):
        diagonal = np.maximum(np.diagonal(covariance), least)
        rise = np.where(left, np.maximum(s * s / diagonal - by_chance, 0), np.inf)
        j = int(rise.argmin())
        total += float(rise[j])
        if total > most:
            break
        order.append(j)
        rises.append(float(rise[j]))
        left[j] = False
        row = covariance[j] / diagonal[j]
        s -= row * s[j]
        covariance -= np.outer(row, covariance[j])
    return np.array(order, dtype=np.intp), np.array(rises)
