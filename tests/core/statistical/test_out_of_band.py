"""Noise from the frequencies that the optics do not pass."""

import numpy as np
import pytest
from scipy.ndimage import convolve1d, gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, kernels
from structmask_gui.core.statistical import out_of_band
from structmask_gui.core.statistical.out_of_band import SpectralFit, fit_spectrum
from structmask_gui.core.statistical.structure import spectrum_kind
from structmask_gui.core.statistical.tiles import SpectrumSum

SIDE, REACH = 64, 16
AUTOMATIC = Parameters(method="statistical", source="automatic")


def fitted(frames):
    total = SpectrumSum(SIDE)
    count, height, width = frames.shape
    shape = (count, height // SIDE, SIDE, width // SIDE, SIDE)
    tiles = frames.reshape(shape).swapaxes(2, 3).reshape(-1, SIDE, SIDE).astype(np.float32)
    total.append(total.power_of(tiles), len(tiles))
    return fit_spectrum(total, REACH, 1.0)


def fit_of(lags):
    rho = np.zeros((2 * REACH + 1, 2 * REACH + 1))
    rho[REACH, REACH] = 1.0
    for (dy, dx), value in lags.items():
        rho[REACH + dy, REACH + dx] = rho[REACH - dy, REACH - dx] = value
    return SpectralFit(rho, np.zeros_like(rho), 0.2, 3.0)


@pytest.mark.parametrize("name", ["row 7", "diagonal", "echo slanted"])
def test_lines_are_known_under_a_picture(name):
    model = NoiseModel(kernels()[name], 0.3)
    random = np.random.default_rng(2)
    picture = gaussian_filter(random.normal(size=(6, 256, 256)), (0, 1.5, 1.5))
    fit = fitted(model.draw(random, 6, (256, 256)) + 3 * picture / picture.std())
    assert np.abs(fit.correlation - model.correlation(REACH)).max() < 0.08
    assert spectrum_kind(fit, AUTOMATIC) == "lines"
    assert fit.excess > 1.25


@pytest.mark.parametrize(("name", "found"), [("column 7", True), ("isotropic", False)])
def test_a_fit_stuck_in_the_corners_gives_way_to_a_line_that_predicts_more(name, found):
    total, random = SpectrumSum(SIDE), np.random.default_rng(4)
    frames = NoiseModel(kernels()[name], 0.3).draw(random, 6, (256, 256))
    shape = (6, 256 // SIDE, SIDE, 256 // SIDE, SIDE)
    tiles = frames.reshape(shape).swapaxes(2, 3).reshape(-1, SIDE, SIDE).astype(np.float32)
    total.append(total.power_of(tiles), len(tiles))
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    twice = np.full(radius.shape, 2.0)
    twice[:, [0, -1]] = 1.0
    lags = out_of_band._candidates(REACH)
    design = out_of_band._design(SIDE, lags, total.window_lags(REACH))
    # As if the corners had been explained by many lags that predict nothing.
    stuck = out_of_band._SparseFit(design, total.power, twice * total.count / 2, NO_TASK)
    spectrum = out_of_band._Spectrum(total.power, twice, total.count, radius)
    fit, cutoff = out_of_band._along_a_line(stuck, 0.42, spectrum, design, lags, NO_TASK)
    assert (fit is not stuck) == found
    assert (cutoff < 0.2) == found
    if found:
        held = [lag for lag, rho in zip(lags, fit.weights[1:], strict=True) if abs(rho) > 0.01]
        assert len(held) >= 3
        assert all(dx == 0 for _, dx in held)


def test_faint_lags_beside_a_few_large_ones_are_no_line():
    assert spectrum_kind(fit_of({}), AUTOMATIC) == "none"
    assert spectrum_kind(fit_of({(1, 1): 0.06}), AUTOMATIC) == "lines"
    # As a weak cross shows beyond the optics' band: one lag above the floor, many below.
    weak = {(1, 1): 0.052, (1, -1): 0.049, (2, 2): 0.04, (2, -2): 0.04, (1, 3): -0.04, (2, 0): 0.04}
    assert spectrum_kind(fit_of(weak), AUTOMATIC) == "other"
    assert spectrum_kind(fit_of(dict.fromkeys(weak, 0.045)), AUTOMATIC) == "other"
    assert spectrum_kind(fit_of(dict.fromkeys(weak, 0.004)), AUTOMATIC) == "none"


@pytest.mark.parametrize("seed", [0, 3])
def test_rows_and_columns_are_fitted_alike(seed):
    noise = np.random.default_rng(seed).normal(size=(256, 256))
    noise = convolve1d(noise, [0.5, 0.8, 1, 0.8, 0.5], axis=1)
    picture = gaussian_filter(np.random.default_rng(seed + 100).normal(size=(256, 256)), 4)
    frame = noise / noise.std() + 3 * picture / picture.std()
    asked = AUTOMATIC.changed(source="spectrum")
    rows, columns = (extract_recording(one, asked) for one in (frame, frame.T.copy()))
    assert np.array_equal(columns.mask.array, rows.mask.array.T)
    assert rows.verdict.kind == "rows"
    assert np.abs(columns.measurement.correlation.lags.rho).max() <= 1
