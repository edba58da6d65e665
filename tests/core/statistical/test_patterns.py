"""Patterns that are in every frame, and those that shift from frame to frame."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import cells
from structmask_gui.core.statistical.patterns import _Periodogram

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")
Y, X = np.indices((160, 192))


def waves(period, phase=0.0, angle=0.9):
    """Return waves of unit amplitude that run obliquely."""
    return np.cos(2 * np.pi * (np.sin(angle) * Y + np.cos(angle) * X) / period + phase)


@pytest.mark.parametrize("n_frames", [4, 8])
@pytest.mark.parametrize("period", [4.0, 11.0])
def test_a_still_regular_sample_does_not_shift(n_frames, period):
    """Too fine for a look at the scene, the shorter one is alone in telling that it is still."""
    rng = np.random.default_rng(0)
    crossed = sum(waves(period, angle=np.pi * k / 3 + 0.3) for k in range(3))
    frames = rng.poisson(5 + 5 * (crossed + 1.5), (n_frames, *Y.shape)).astype(np.float32)
    flags = extract_recording(frames, AUTOMATIC).verdict.flags
    assert "periodic_temporal" not in flags
    assert "fixed_pattern" in flags


@pytest.mark.parametrize("n_frames", [4, 8])
def test_waves_of_a_new_phase_shift(n_frames):
    rng = np.random.default_rng(1)
    frames = np.stack([waves(7.0, phase) for phase in rng.uniform(0, 2 * np.pi, n_frames)])
    frames += 6 * cells(Y.shape) + rng.normal(size=frames.shape)
    assert "periodic_temporal" in extract_recording(frames, AUTOMATIC).verdict.flags


def banded(period, oblique, n_frames=5):
    """Return cells under bands along the rows, of a new phase in every frame."""
    rng = np.random.default_rng(3)
    y, x = np.indices((192, 192))
    phases = rng.uniform(0, 2 * np.pi, (n_frames, 1, 1))
    frames = np.sin(2 * np.pi * (y / period + oblique * x / 192) + phases)
    return frames + 6 * cells(y.shape) + rng.normal(0, 1.5, frames.shape)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("period", [13.3, 19.4, 45])
def test_bands_along_lines_go_with_their_offsets(period, turned):
    """As mains hum along the slow axis of a scan."""
    frames = banded(period, 0.05)
    found = extract_recording(np.swapaxes(frames, 1, 2) if turned else frames, AUTOMATIC)
    lines = "columns" if turned else "rows"
    assert found.measurement.correlation.evidence.patterns.bands == lines
    assert found.verdict.lines == lines
    assert answer(found).what == f"Whole {lines} are brighter or darker; a mask cannot hide that."


@pytest.mark.parametrize(
    ("period", "oblique", "n_frames"), [(31, 1.6, 8), (12.3, 1.6, 8), (19.4, 0, 2)]
)
def test_other_bands_are_a_pattern_that_shifts(period, oblique, n_frames):
    """Oblique ones, and those of so few frames that nothing tells them from the sample."""
    found = extract_recording(banded(period, oblique, n_frames), AUTOMATIC)
    assert found.measurement.correlation.evidence.patterns.bands is None
    assert "periodic_temporal" in found.verdict.flags


@pytest.mark.parametrize(("strength", "walks"), [(0.5, False), (0.2, True)])
def test_offsets_of_rows_and_a_sample_that_changes_are_no_bands(strength, walks):
    rng = np.random.default_rng(3)
    offsets = strength * rng.normal(size=(6, 192, 1))
    offsets = np.cumsum(offsets, axis=1) if walks else offsets
    sample = gaussian_filter(rng.normal(size=(6, 192, 192)), (1, 6, 6))
    frames = 2 * sample / sample.std() + offsets + rng.normal(size=(6, 192, 192))
    found = extract_recording(frames, AUTOMATIC)
    assert found.measurement.correlation.evidence.patterns.bands is None
    assert "periodic_temporal" not in found.verdict.flags


def test_where_all_frames_may_be_alike_their_mean_is_as_rough_as_one():
    power = np.ones((40, 40))
    power[8, 10] = power[-8, -10] = 14
    spectrum = _Periodogram(power, 8)
    assert spectrum.peak(off_axes=True)
    assert not spectrum.peak(off_axes=True, alike=np.ones(power.shape, dtype=bool))
    power[8, 10] = power[-8, -10] = 40
    assert spectrum.peak(off_axes=True, alike=np.ones(power.shape, dtype=bool))
