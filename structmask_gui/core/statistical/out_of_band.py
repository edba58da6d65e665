"""Noise under structure, from the frequencies beyond the optical cut-off.

Beyond the optical cut-off the mean power spectrum is noise alone. A correlation that is zero
at most lags is fitted to it there (sparse Bayesian learning, after Tipping 2001 and MacKay 1992)
and thereby known at all frequencies. Starting in the corners of the spectrum, the fit goes inward
as long as it predicts the power it meets; where there is more, structure begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.arrays import FloatArray
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.statistical.tiles import SpectrumSum
from structmask_gui.core.threads import one_blas_thread

_START, _STEP, _END = 0.42, 0.03, 0.03
# Cut-off from which a fit predicted next to nothing; and misfit, over chance, up to which one along
# a line replaces it.
_STUCK, _WELL = 0.37, 1.5
# Share by which the power must exceed the prediction, beyond chance, to be structure.
_TOLERANCE = 0.04
_BOX = 12
# Correlation from which a lag counts as found; number of found lags above which they are no lines.
_FOUND = 0.02
_MOST_FOUND = 60
# Share of the largest prior variance below which a lag is dropped from the fit.
_FADED = 1e-9


@dataclass(frozen=True, eq=False)
class SpectralFit:
    """A correlation fitted beyond the optical cut-off."""

    covariance: FloatArray  # shape (2 reach + 1, 2 reach + 1); in squared grey levels
    standard_error: FloatArray
    """Of the correlation (covariance over its middle), from the fit's posterior."""
    cutoff: float  # Frequency, in cycles per pixel, beyond which the spectrum was used
    excess: float
    """Power within the cut-off over what the fit predicts there; 1 if the fit explains all."""
    misfit: float = 1.0
    """Mean squared deviation of the spectrum from the fit beyond the cut-off, over chance."""

    @property
    def correlation(self) -> FloatArray:
        """Correlation per lag."""
        middle = self.covariance.shape[0] // 2
        return np.asarray(self.covariance / self.covariance[middle, middle])


def fit_spectrum(
    total: SpectrumSum, reach: int, overlap: float, task: Task = NO_TASK
) -> SpectralFit:
    """Fit a sparse correlation to the spectrum beyond the optical cut-off.

    ``overlap``: How many tiles count as one independent tile.
    """
    side = total.side
    reach = min(reach, side // 2 - 1)
    power = total.power
    count = max(total.count / overlap, 1.0)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    twice = np.full(radius.shape, 2.0)
    twice[:, 0] = 1.0
    twice[:, -1] = 1.0
    lags = _candidates(reach)
    design = _design(side, lags, total.window_lags(reach))
    return _fit(_Spectrum(power, twice, count, radius), design, lags, reach, task)


class _Spectrum(NamedTuple):
    """The half plane of a measured power spectrum."""

    power: FloatArray
    twice: FloatArray  # How often each frequency counts: 1 or 2
    tiles: float  # How many independent ones
    radius: FloatArray  # Cycles per pixel


@one_blas_thread
def _fit(
    spectrum: _Spectrum,
    design: FloatArray,
    lags: list[tuple[int, int]],
    reach: int,
    task: Task,
) -> SpectralFit:
    power, twice, count, radius = spectrum
    fitter = _SparseFit(design, power, twice * count / 2, task)
    cutoff = _inward(fitter, spectrum)
    if cutoff > _STUCK:
        fitter, cutoff = _along_a_line(fitter, cutoff, spectrum, design, lags, task)
    on_lines = _lines_through(lags, fitter.weights[1:] / fitter.weights[0])
    if on_lines.any():
        fitter.refit(radius >= cutoff, on_lines)
    inside = (radius < cutoff) & (radius > 0)
    if inside.any():
        predicted = float((fitter.predicted * twice)[inside].sum())
        excess = float((power * twice)[inside].sum()) / max(predicted, 1e-30)
    else:
        excess = 1.0
    covariance = np.zeros((2 * reach + 1, 2 * reach + 1))
    error = np.zeros_like(covariance)
    zero = float(fitter.weights[0])
    covariance[reach, reach] = zero
    for (dy, dx), value, sigma in zip(lags, fitter.weights[1:], fitter.errors[1:], strict=True):
        for sign in (1, -1):
            covariance[reach + sign * dy, reach + sign * dx] = value
            error[reach + sign * dy, reach + sign * dx] = sigma / zero
    # Lags that were no candidates are taken as zero, with the error of the others.
    error[error == 0] = float(np.median(fitter.errors[1:])) / zero
    error[reach, reach] = 0.0
    misfit = fitter.misfit(radius >= cutoff)
    return SpectralFit(covariance, error, cutoff, excess, misfit)


def _inward(fitter: _SparseFit, spectrum: _Spectrum) -> float:
    """Fit from the corners of the spectrum inward; return the frequency at which that ended."""
    power, twice, count, radius = spectrum
    cutoff = _START
    fitter.fit(radius >= cutoff, 40)
    while cutoff - _STEP > _END:
        ring = (radius >= cutoff - _STEP) & (radius < cutoff)
        if ring.any():
            predicted = float((fitter.predicted * twice)[ring].sum())
            met = float((power * twice)[ring].sum())
            chance = 3 * np.sqrt(2 / (count * twice[ring].sum()))
            if met > predicted * (1 + _TOLERANCE + chance):
                break
        cutoff -= _STEP
        if ring.any():
            fitter.fit(radius >= cutoff, 8)
    fitter.fit(radius >= cutoff, 30)
    return cutoff


def _along_a_line(
    fitter: _SparseFit,
    cutoff: float,
    spectrum: _Spectrum,
    design: FloatArray,
    lags: list[tuple[int, int]],
    task: Task,
) -> tuple[_SparseFit, float]:
    """Return the fit of one line of lags, and its cut-off, if it predicts far more.

    Few frequencies lie in the corners; there, many lags can stand in for a line that is strong. A
    structure only adds power, so of two fits the one that predicts further inward is better.
    """
    best, far = fitter, cutoff
    for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = _SparseFit(design, spectrum.power, spectrum.twice * spectrum.tiles / 2, task)
        other.leave(np.array([True, *(step_to(lag) == step for lag in lags)]))
        end = _inward(other, spectrum)
        inside = spectrum.radius >= end
        if end < min(far, cutoff - 3 * _STEP) and other.misfit(inside) < _WELL:
            best, far = other, end
    return best, far


def step_to(lag: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest lag on the line from the centre through a lag."""
    divisor = math.gcd(*lag)
    return lag[0] // divisor, lag[1] // divisor


def _candidates(reach: int) -> list[tuple[int, int]]:
    """Half plane of lags: all near the centre, and lines along the axes and diagonals beyond."""
    box = min(reach, _BOX)
    lags = [(dy, dx) for dy in range(box + 1) for dx in range(-box, box + 1) if dy > 0 or dx > 0]
    for far in range(box + 1, reach + 1):
        lags += [(0, far), (far, 0), (far, far), (far, -far)]
    return lags


def _lines_through(lags: list[tuple[int, int]], rho: FloatArray) -> NDArray[np.bool_]:
    """Mark the lags to fit without sparseness: those found, and the lines they lie on.

    Two found lags on one line through the centre, in different distances, speak for a line. A
    sparse fit drops the faint ends of lines; once a line is there, all its lags are asked for.
    """
    ways = [step_to(lag) for lag in lags]
    found = np.abs(rho) >= _FOUND
    wanted = found.copy()
    if not found.any() or found.sum() > _MOST_FOUND:
        return np.zeros(len(lags), dtype=bool)
    for way in {way for way, there in zip(ways, found.tolist(), strict=True) if there}:
        same = np.array([other == way for other in ways])
        if int((same & found).sum()) >= 2:
            wanted |= same
    return wanted


def _design(side: int, lags: list[tuple[int, int]], window: FloatArray) -> FloatArray:
    """Power at each frequency of a unit covariance at each lag, shape (side, side // 2 + 1, n)."""
    reach = window.shape[0] // 2
    dy, dx = np.array(lags).T
    angle_y = 2 * np.pi * np.fft.fftfreq(side)[:, None] * dy
    angle_x = 2 * np.pi * np.fft.rfftfreq(side)[:, None] * dx
    wave = np.cos(angle_y)[:, None] * np.cos(angle_x)[None]
    wave -= np.sin(angle_y)[:, None] * np.sin(angle_x)[None]
    wave *= 2 * window[reach + dy, reach + dx]
    return np.concatenate([np.ones((*wave.shape[:2], 1)), wave], axis=2)


class _SparseFit:
    """Sparse Bayesian regression of a power spectrum on cosines; each lag has its own prior."""

    def __init__(
        self, design: FloatArray, power: FloatArray, count: FloatArray, task: Task
    ) -> None:
        self._design, self._power, self._count = design, power, count
        self._task = task
        lags = design.shape[2]
        # At the highest frequencies of an axis; noise smeared along it has next to no power there.
        level = float(max(power[power.shape[0] // 2].mean(), power[:, -1].mean()))
        self._prior = np.full(lags, (0.3 * level) ** 2)
        # The zero lag is never dropped.
        self._prior[0] = (100 * level) ** 2
        self.weights = np.zeros(lags)
        self.errors = np.zeros(lags)
        self.predicted = np.full_like(power, level)

    def leave(self, lags: NDArray[np.bool_]) -> None:
        """Leave only these lags in the fit, the zero lag first."""
        self._prior[~lags] = 0.0

    def misfit(self, inside: NDArray[np.bool_]) -> float:
        """Return the mean squared deviation of the spectrum from the fit, over chance."""
        away = (self._power / self.predicted - 1.0)[inside]
        return float((away**2 * self._count[inside]).mean())

    def fit(self, inside: NDArray[np.bool_], steps: int) -> None:
        """Fit to the frequencies ``inside``, going on from the last fit."""
        power, count = self._power[inside], self._count[inside]
        whole = self._design[inside]
        lowest = 0.03 * float(power.mean())
        for step in range(steps):
            self._task.stop_if_cancelled()
            if step % 8 == 0:
                # Lags whose prior has faded are dropped. The standard deviation of a power is the
                # expected power itself.
                active = np.flatnonzero(self._prior > _FADED * self._prior[1:].max(initial=0.0))
                active = np.union1d([0], active)
                design = whole[:, active]
                weighted = (
                    design * (count / np.maximum(self.predicted[inside], lowest) ** 2)[:, None]
                )
                information = weighted.T @ design
                projected = weighted.T @ power
            prior = self._prior[active]
            root = np.sqrt(prior)
            system = root[:, None] * information * root
            system[np.diag_indices_from(system)] += 1.0
            posterior = root[:, None] * np.linalg.inv(system) * root
            mean = posterior @ projected
            spread = np.diag(posterior)
            determined = np.clip(1 - spread / np.maximum(prior, 1e-300), 1e-6, 1.0)
            after = np.maximum(mean**2 / determined, 1e-16 * mean[0] ** 2)
            # Lags that the data hardly determine fade.
            after[determined < 1e-4] *= 0.1
            after[0] = prior[0]
            self._prior[active] = after
            if step % 8 == 7 or step == steps - 1:
                self.predicted = np.maximum(self._design[:, :, active] @ mean, lowest)
        self.weights = np.zeros_like(self.weights)
        self.weights[active] = mean
        weight = count / np.maximum(self.predicted[inside], lowest) ** 2
        alone = 1 / np.sqrt(np.einsum("fl,fl,f->l", whole, whole, weight, optimize=True))
        self.errors = alone
        # Rounding can leave a faded lag a spread just below 0.
        self.errors[active] = np.maximum(np.sqrt(np.maximum(spread, 0)), alone[active])

    def refit(self, inside: NDArray[np.bool_], lags: NDArray[np.bool_]) -> None:
        """Fit the zero lag and ``lags`` alone, by least squares, to the same frequencies."""
        chosen = np.concatenate([[0], np.flatnonzero(lags) + 1])
        design = self._design[inside][:, chosen]
        power, count = self._power[inside], self._count[inside]
        lowest = 0.03 * float(power.mean())
        for _ in range(3):
            self._task.stop_if_cancelled()
            weighted = design * (count / np.maximum(self.predicted[inside], lowest) ** 2)[:, None]
            information = weighted.T @ design
            # A small ridge, for lags that only frequencies within the cut-off would separate.
            information[np.diag_indices_from(information)] *= 1 + 1e-3
            covariance = np.linalg.inv(information)
            values = covariance @ (weighted.T @ power)
            self.predicted = np.maximum(self._design[:, :, chosen] @ values, lowest)
        self.weights = np.zeros_like(self.weights)
        self.weights[chosen] = values
        self.errors[chosen] = np.sqrt(np.maximum(np.diag(covariance), 0))
