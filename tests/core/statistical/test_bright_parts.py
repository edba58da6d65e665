"""Noise of few photons, which is far stronger in bright parts than in a black background."""

import numpy as np
import pytest
from scipy.signal import lfilter

from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.covariance import noise_covariance, unmoved
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import cells
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.structure import not_through_optics, one_way

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")
SHAPE = (192, 208)


def photons(n_frames, smear=0.5, seed=0):
    """Return a photomultiplier's frames of a few cells on black, as 8 bits, and their variance."""
    rng = np.random.default_rng(seed)
    scene = np.where(np.hypot(*(np.indices(SHAPE) - 90)) < 70, 25 * cells(SHAPE), 0) + 0.05

    def recorded(count):
        counted = rng.poisson(scene, (count, *SHAPE))
        smeared = lfilter([1 - smear], [1, -smear], counted, axis=-1)
        values = 9 * smeared + rng.normal(0, 1, smeared.shape)
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    return recorded(n_frames), float(recorded(24).astype(float).var(axis=0, ddof=1).mean())


@pytest.mark.parametrize("n_frames", [1, 4])
def test_noise_is_as_strong_and_as_correlated_as_in_the_bright_parts(n_frames):
    frames, variance = photons(n_frames)
    found = extract_recording(frames, AUTOMATIC)
    lags = found.measurement.correlation.lags
    assert lags.variance == pytest.approx(variance, rel=0.35)
    # Smeared by half a pixel each; in the dark, white noise of the readout hides that.
    assert lags.rho[lags.reach, lags.reach + 1] == pytest.approx(0.5, abs=0.1)
    height, width = found.mask.array.shape
    assert height == 1
    assert width >= 5
    told = answer(found)
    assert told.certainty == ("likely" if n_frames > 1 else "uncertain")
    assert "harm" not in told.how_sure


def test_a_smear_of_the_bright_third_of_a_frame_is_measured_there():
    rng = np.random.default_rng(0)
    shape = (384, 384)
    frame = rng.normal(0, 1, shape)
    smeared = lfilter([1], [1, -0.6], rng.normal(size=(shape[0], shape[1] + 50)), axis=-1)[:, 50:]
    bright = np.indices(shape)[0] > 250
    frame = 100 + np.where(bright, 12 * smeared + 40 * cells(shape), frame)
    found = extract_recording(frame.astype(np.float32), AUTOMATIC)
    lags = found.measurement.correlation.lags
    assert lags.rho[lags.reach, lags.reach + 1] == pytest.approx(0.6, abs=0.12)
    assert found.mask.array.shape[0] == 1
    assert found.mask.array[0, found.mask.array.shape[1] // 2 + 1]


def test_differences_stay_noise_where_it_is_stronger_and_not_where_something_moved():
    rng = np.random.default_rng(1)
    noise = lfilter([1], [1, -0.6], rng.normal(size=SHAPE), axis=-1)
    noise[60:120, 60:120] *= 6
    finite = np.ones(SHAPE, dtype=bool)
    assert unmoved(noise, finite).all()
    y, x = np.indices(SHAPE) - 90
    moved = rng.normal(size=SHAPE) + 40 * x * np.exp(-(x**2 + y**2) / 200) / 10
    still = unmoved(moved, finite)
    assert not still[85:95, 82:98].any()
    assert still[:40].all()


def test_the_noise_of_bright_parts_counts():
    frames, variance = photons(4)
    measured = noise_covariance(ArrayFrames(frames), 8)
    assert measured.variance == pytest.approx(variance, rel=0.2)


def lags_of(rho, error=0.005):
    full = np.zeros((21, 21))
    for (dy, dx), value in rho.items():
        full[10 + dy, 10 + dx] = full[10 - dy, 10 - dx] = value
    full[10, 10] = 1.0
    errors = np.full(full.shape, error)
    return LagEstimate(full, errors, np.full(full.shape, 100.0), 1.0, 100)


def test_what_came_through_the_optics_is_correlated_in_both_directions():
    row, column = {(0, 1): 0.6, (0, 2): 0.3}, {(1, 0): -0.2}
    sample = {(0, 1): 0.4, (1, 0): 0.4, (1, 1): 0.3, (1, -1): 0.3}
    for rho in ({}, row, column):
        assert not_through_optics(lags_of(rho))
        assert not not_through_optics(lags_of({**rho, **sample}))
        # Too few pixels to tell.
        assert not not_through_optics(lags_of(rho, error=0.1))
    parameters = Parameters(method="statistical")
    assert one_way(lags_of(row), parameters)
    assert one_way(lags_of(column), parameters)
    assert not one_way(lags_of({}), parameters)
    assert not one_way(lags_of({**row, **column}), parameters)
