"""Profiles and the brightness curve of a measured correlation."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import stdtrit

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.estimate import CorrelationEstimate
from structmask_gui.core.statistical.measure import measure_correlation
from structmask_gui.core.statistical.profiles import (
    ALONG_X,
    ALONG_Y,
    brightness_curve,
    main_direction,
    profile,
)


@cache
def row_estimate() -> CorrelationEstimate:
    white = np.random.default_rng(2).normal(size=(6, 128, 132))
    rows = white[..., :-4] + 0.8 * white[..., 2:-2] + 0.5 * white[..., 4:]
    frames = ArrayFrames(rows.astype(np.float32))
    parameters = Parameters(method="statistical", source="frames", patch_size=32, max_lag=6)
    return measure_correlation(frames, parameters)


def test_a_profile_runs_through_the_middle_with_its_band() -> None:
    estimate = row_estimate()
    lags, middle = estimate.lags, estimate.lags.reach
    half = stdtrit(lags.degrees, 0.975) * lags.standard_error
    low, high = lags.rho - half, lags.rho + half
    along = profile(estimate, ALONG_X, 6)
    assert along.lags.tolist() == list(range(-6, 7))
    assert (along.rho == lags.rho[middle, middle - 6 : middle + 7]).all()
    assert (along.low == low[middle, middle - 6 : middle + 7]).all()
    assert (along.high == high[middle, middle - 6 : middle + 7]).all()
    assert along.rho[6] == pytest.approx(1)
    down = profile(estimate, ALONG_Y, 6)
    assert (down.rho == lags.rho[middle - 6 : middle + 7, middle]).all()
    knight = profile(estimate, (1, -2), 5)
    assert knight.lags.tolist() == [-4, -2, 0, 2, 4]
    assert knight.rho[3] == lags.rho[middle + 1, middle - 2]
    assert len(profile(estimate, ALONG_X, 500).lags) == 2 * middle + 1


@pytest.mark.parametrize("direction", [(0, 1), (1, 0), (1, 1), (1, -1), (2, 1), (1, -3)])
def test_the_main_direction(direction: tuple[int, int]) -> None:
    rho = np.zeros((21, 21))
    rho[10, 10] = 1.0
    dy, dx = direction
    for step in (1, 2, 3):
        rho[10 + step * dy, 10 + step * dx] = rho[10 - step * dy, 10 - step * dx] = -0.5 / step
    assert main_direction(rho) == direction
    rho[10, 10] = 0.0


def test_no_main_direction_without_correlation() -> None:
    rho = np.zeros((7, 7))
    rho[3, 3] = 1.0
    assert main_direction(rho) is None
    assert main_direction(np.ones((1, 1))) is None


def binned(*levels: float) -> SimpleNamespace:
    """An estimate whose correlation at lag (0, 1) is as given, bin by bin."""
    bins = []
    for number, level in enumerate(levels):
        rho = np.zeros((5, 5))
        rho[2, 2], rho[2, 1], rho[2, 3] = 1.0, level, level
        lags = SimpleNamespace(rho=rho, reach=2, standard_error=np.full((5, 5), 0.02))
        bins.append(SimpleNamespace(brightness=100.0 * number, lags=lags))
    mean = np.mean([one.lags.rho for one in bins], axis=0) if bins else np.zeros((5, 5))
    return SimpleNamespace(brightness=tuple(bins), lags=SimpleNamespace(rho=mean, reach=2))


def test_the_brightness_curve() -> None:
    curve = brightness_curve(binned(-0.2, -0.3, -0.4), 0.05)
    assert curve is not None
    assert curve.n_lags == 2
    assert curve.rho == pytest.approx([0.2, 0.3, 0.4])  # the sign is turned
    assert curve.brightness.tolist() == [0, 100, 200]
    assert curve.error == pytest.approx([0.02] * 3)


def test_no_brightness_curve_where_there_is_nothing_to_see() -> None:
    assert brightness_curve(binned(), 0.05) is None
    assert brightness_curve(binned(0.01, 0.01, 0.0), 0.05) is None
    assert brightness_curve(binned(0.0, 0.0), 0.0) is None
