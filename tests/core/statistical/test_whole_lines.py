"""Offsets of whole lines are seen first, and are not taken for a picture."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.simulation import NoiseModel, cells, kernels
from structmask_gui.core.stack.derived import LevelFrames
from structmask_gui.core.stack.frames import ArrayFrames, Region
from structmask_gui.core.stack.registration import relate
from structmask_gui.core.statistical.estimate import in_grey_levels
from structmask_gui.core.statistical.frame_diagnostics import LineCovariance, with_lines
from structmask_gui.core.statistical.measure import measure_correlation

AUTOMATIC = Parameters(method="statistical", source="automatic")


def with_rows(count, share, seed=0, size=256):
    """White noise, of whose variance whole rows hold a share."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(scale=np.sqrt(share / (1 - share)), size=(count, size, 1))
    return 100 + rows + rng.normal(size=(count, size, size))


@pytest.mark.parametrize("count", [1, 2, 6])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.6])
def test_strong_rows_are_no_picture(count, share):
    verdict, mask = judged(with_rows(count, share))
    assert verdict.sentence.startswith("Rows that do not end, 21 pixels. Sure.")
    assert set(verdict.flags) <= {"whole_line", "fixed_pattern_not_tested"}
    assert verdict.lines == "rows"
    assert "Remove the row offsets first" in verdict.text
    assert mask.shape == (1, 21)


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_strong_columns_are_no_picture(share):
    verdict, mask = judged(with_rows(6, share).transpose(0, 2, 1))
    assert verdict.sentence.startswith("Columns that do not end, 21 pixels. Sure.")
    assert verdict.lines == "columns"
    assert mask.shape == (21, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.2, 0.6])
def test_strong_rows_over_a_still_scene_do_not_move_it(share, seed):
    frames = with_rows(6, share, seed=seed) + cells((256, 256))
    verdict, mask = judged(frames)
    assert verdict.sentence.startswith("Rows that do not end, 21 pixels. Sure.")
    assert "moving" not in verdict.flags
    assert mask.shape == (1, 21)


def test_what_is_beside_strong_rows_is_measured_too():
    model = NoiseModel(kernels()["column 7"], 0.3)
    frames = with_rows(6, 0.2) + model.draw(np.random.default_rng(1), 6, (256, 256))
    verdict, mask = judged(frames)
    assert verdict.kind == "cross"
    assert verdict.sentence.startswith("Cross, ")
    assert ", and rows that do not end. Sure." in verdict.sentence
    assert mask.shape[0] in (11, 13)
    assert mask.shape[1] == 21


def test_a_picture_beside_strong_rows_stays_a_picture():
    pictures = np.stack([3 * cells((256, 256), seed=seed) for seed in range(2)])
    estimate = measure_correlation(ArrayFrames(with_rows(2, 0.2) + pictures), AUTOMATIC)
    assert estimate.source != "frames"
    assert estimate.evidence.rest is None


def test_very_small_values_change_nothing():
    frames = with_rows(2, 0.4)
    plain, small = (
        measure_correlation(ArrayFrames(frames * scale), AUTOMATIC) for scale in (1, 2.0**-80)
    )
    assert plain.evidence.rest is not None
    assert small.evidence.rest is not None
    assert small.evidence.rest.variance == pytest.approx(
        plain.evidence.rest.variance * 2.0**-160, rel=1e-5
    )
    assert in_grey_levels(plain, 1).evidence.rest.variance < plain.evidence.rest.variance


def judged(frames):
    extraction = extract_array(frames.astype(np.float32), AUTOMATIC)
    return extraction.verdict, extraction.mask.cropped().array


def test_level_frames_have_no_means_of_lines():
    frames = np.random.default_rng(0).normal(size=(2, 30, 40)) + np.arange(30)[:, None]
    level = LevelFrames(ArrayFrames(frames), True, False)
    np.testing.assert_allclose(level.read(1).mean(axis=1), 0, atol=1e-6)
    np.testing.assert_array_equal(level.read(1, 5, 9), level.read(1)[5:9])
    box = Region(4, 20, 8, 32)
    both = LevelFrames(ArrayFrames(frames), True, True, box).read(0)[4:20, 8:32]
    np.testing.assert_allclose(both.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(both - both.mean(axis=0), both, atol=1e-6)
    assert level.name == ArrayFrames(frames).name
    assert (level.n_frames, level.frame_shape, level.dtype) == (2, (30, 40), np.float32)


def test_lines_are_added_to_what_was_measured_without_them():
    rho = np.zeros((5, 5))
    rho[2, 2] = 1.0
    error = np.where(rho, 0.0, 0.01)
    without = LagEstimate(rho, error, np.full((5, 5), 50.0), 3.0, 100, 10)
    both = with_lines(without, LineCovariance(1.0, 0.1), LineCovariance(0.0, 0.0))
    assert both.variance == 4.0
    np.testing.assert_allclose(both.rho[2], [0.25, 0.25, 1.0, 0.25, 0.25])
    assert both.rho[1, 2] == 0
    assert both.standard_error[2, 3] == pytest.approx(np.hypot(0.03, 0.1) / 4)
    assert both.standard_error[2, 2] == 0


def test_rows_that_jump_neither_move_nor_brighten_a_scene():
    picture = 2 * cells((256, 256))
    shifts, gains = [], []
    for seed in range(6):
        a, b = with_rows(2, 0.5, seed=seed) + picture
        relation = relate(0, a, b)
        assert not relation.moved
        shifts.append(np.abs(relation.shift).max() / relation.shift_error)
        gains.append(relation.gain)
    assert np.median(shifts) < 3
    assert np.abs(np.log(gains)).max() < 0.1


def test_a_scene_that_moves_under_rows_that_jump_is_seen_to_move():
    picture = 8 * cells((256, 260))
    a, b = with_rows(2, 0.5)
    relation = relate(0, a + picture[:, :256], b + picture[:, 2:258])
    assert relation.moved
    assert relation.shift[1] == pytest.approx(-2, abs=0.3)


def test_the_contrast_of_a_faint_picture_under_rows_is_left_alone():
    a, b = with_rows(2, 0.6) + cells((256, 256))
    relation = relate(0, a, b)
    assert relation.still
    assert relation.gain == 1.0
