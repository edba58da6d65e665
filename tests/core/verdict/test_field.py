"""Kinds of recordings that were once answered surely and wrongly, made anew."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d, shift, uniform_filter1d

from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import cells
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.patterns import steps_at_equal_distances
from structmask_gui.core.verdict.certainty import certainty_of
from structmask_gui.io.open import open_stack

AUTOMATIC = Parameters(method="statistical", source="automatic")


def said(frames):
    """Return the verdict, how certain it is, and the mask as an array."""
    extraction = extract_array(frames, AUTOMATIC)
    verdict = extraction.verdict
    return verdict, certainty_of(verdict), extraction.mask.cropped().array


def picture_of(size, seed, n_cells=14):
    return cells((size, size), seed=seed, n_cells=n_cells)


def hum(n_frames, size, period, line, rng):
    """A wave along the raster, its phase new in every frame."""
    at = np.arange(size)[:, None] * (size + line) + np.arange(size)
    phase = rng.uniform(0, 2 * np.pi, (n_frames, 1, 1))
    return np.sqrt(2) * np.cos(2 * np.pi * at / period + phase)


def test_hum_is_periodic_and_has_to_be_removed_first():
    rng = np.random.default_rng(31)
    frames = 500 + 60 * picture_of(128, 3) + 20 * rng.normal(size=(6, 128, 128))
    frames += 14 * hum(6, 128, 7.37, 41, rng)
    verdict, certainty, _ = said(frames)
    assert "periodic_temporal" in verdict.flags
    assert certainty != "sure"
    assert "hum and interference" in verdict.text


def test_interference_with_a_new_phase_in_each_of_two_frames():
    rng = np.random.default_rng(32)
    y, x = np.mgrid[:256, :256]
    phase = rng.uniform(0, 2 * np.pi, (2, 1, 1))
    frames = 400 + 15 * rng.normal(size=(2, 256, 256)) + 50 * picture_of(256, 4)
    frames += 6 * np.cos(2 * np.pi * (0.031 * y + 0.057 * x) + phase)
    verdict, certainty, _ = said(frames)
    assert "periodic_temporal" in verdict.flags
    assert "fixed_pattern" not in verdict.flags
    assert certainty == "attention"


def honeycomb(size, period):
    y, x = np.mgrid[:size, :size].astype(float)
    waves = (
        np.cos(2 * np.pi * (y * np.sin(turn) + x * np.cos(turn)) / period)
        for turn in (0.2, 0.2 + np.pi / 3, 0.2 + 2 * np.pi / 3)
    )
    return sum(waves) / np.sqrt(1.5)


def test_a_honeycomb_is_the_same_in_every_frame():
    rng = np.random.default_rng(33)
    light = 120 + 80 * picture_of(256, 5)
    frames = rng.poisson(light * (1 + 0.06 * honeycomb(256, 4.7)), (2, 256, 256)).astype(float)
    verdict, certainty, _ = said(frames)
    assert "fixed_pattern" in verdict.flags
    assert certainty == "attention"
    assert "in every frame" in verdict.details[0]
    # The same cells without it.
    verdict, _, _ = said(rng.poisson(light, (2, 256, 256)).astype(float))
    assert "fixed_pattern" not in verdict.flags


def tiles_of_unlike_gain(shape, side, spread, rng):
    count = (shape[0] // side + 2, shape[1] // side + 2)
    whole = np.kron(1 + spread * rng.normal(size=count), np.ones((side, side)))
    y, x = rng.integers(0, side, 2)
    return whole[y : y + shape[0], x : x + shape[1]]


@pytest.mark.parametrize("side", [24, 40, 61])
def test_tiles_of_unlike_gain_are_the_same_in_every_frame(side):
    rng = np.random.default_rng(side)
    shape = (160, 192)
    scene = 200 * tiles_of_unlike_gain(shape, side, 0.04, rng) + 80 * cells(shape, seed=3)
    verdict, certainty, _ = said(rng.poisson(scene, (8, *shape)).astype(float))
    assert "fixed_pattern" in verdict.flags
    assert certainty != "sure"
    assert "The same regular pattern is in every frame" in verdict.text


def test_steps_are_neither_cells_nor_the_blocks_of_a_codec():
    rng = np.random.default_rng(2)
    shape = (160, 192)
    scene = 200 + 80 * cells(shape, seed=3)
    assert not steps_at_equal_distances(rng.poisson(scene, (8, *shape)).mean(axis=0), 200)
    tiles = rng.poisson(200 * tiles_of_unlike_gain(shape, 40, 0.04, rng), (8, *shape))
    assert steps_at_equal_distances(tiles.mean(axis=0), 200)
    assert not steps_at_equal_distances(tiles.mean(axis=0), 100 * 200)
    # Without any noise a step is more than a number can hold.
    steps_at_equal_distances(np.kron(np.arange(4.0) * 1e6, np.ones((64, 48))), 1.0)
    blocks = 200 * tiles_of_unlike_gain(shape, 8, 0.03, rng)
    assert not steps_at_equal_distances(rng.poisson(blocks, (8, *shape)).mean(axis=0), 200)


def test_no_fixed_pattern_is_surely_absent_only_where_flat_parts_show_none():
    rng = np.random.default_rng(34)
    noise = 10 * rng.normal(size=(8, 256, 256))
    verdict, certainty, _ = said(200 + 60 * picture_of(256, 6, n_cells=5) + noise)
    assert (verdict.kind, certainty) == ("none", "sure")
    speckle = gaussian_filter(np.random.default_rng(2).normal(size=(256, 256)), 1.5)
    verdict, certainty, _ = said(
        200 + 60 * picture_of(256, 6, n_cells=5) + noise + 6 * speckle / speckle.std()
    )
    assert (verdict.kind, certainty) == ("none", "not sure")
    assert "could be ruled out" in verdict.text


def test_a_grating_in_one_frame_is_not_surely_noise():
    rng = np.random.default_rng(35)
    y, x = np.mgrid[:192, :192]
    frame = 300 + 12 * rng.normal(size=(192, 192)) + 8 * np.cos(0.61 * x + 0.83 * y)
    verdict, certainty, _ = said(frame)
    assert "periodic_temporal" in verdict.flags
    assert certainty in ("not sure", "cannot tell")


def test_photon_counts_are_not_clipped():
    counts = np.random.default_rng(36).poisson(0.8, (10, 128, 128)).astype(np.uint8)
    verdict, certainty, mask = said(counts)
    assert "clipped" not in verdict.flags
    assert (certainty, int(mask.sum())) == ("sure", 1)


def photons(mean, shape, reach, seed=37):
    """Counts of which each photon is counted in several neighbours, ``reach`` (y, x) pixels."""
    counts = np.random.default_rng(seed).poisson(mean, shape)
    rows, columns = reach
    return sum(np.roll(counts, (y, x), (1, 2)) for y in range(rows) for x in range(columns))


@pytest.mark.parametrize("reach", [(1, 3), (2, 2), (3, 3)])
@pytest.mark.parametrize("mean", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("frames", [1, 8])
def test_photons_that_are_counted_in_several_neighbours_are_measured(mean, reach, frames):
    extraction = extract_array(photons(mean, (frames, 160, 160), reach), AUTOMATIC)
    wanted = np.ones([2 * side - 1 for side in reach])
    assert np.array_equal(extraction.mask.cropped().array, wanted)
    assert not {"picture", "cannot_tell", "interpolated"} & set(extraction.verdict.flags)
    told = answer(extraction)
    assert "Cannot tell" not in told.what


def test_structure_among_photons_is_not_taken_for_noise():
    picture = 1 + 2 * picture_of(160, 5)
    counts = np.random.default_rng(38).poisson(picture / picture.mean(), (1, 160, 160))
    estimate = extract_array(counts, AUTOMATIC).measurement.correlation
    assert estimate.evidence.photons == 0


@pytest.mark.parametrize(("count", "few"), [(30, True), (1000, False)])
def test_so_few_photons_decide_nothing(count, few):
    counts = photons(count / (6 * 128 * 128), (6, 128, 128), (1, 1))
    told = answer(extract_array(counts, AUTOMATIC))
    assert ("Too few photons to decide." in told.how_sure) == few
    assert ("more frames like these would decide" in told.advice) == few
    assert (told.certainty == "uncertain") == few


def test_frames_with_a_black_level_below_zero_are_measured_all_the_same():
    rng = np.random.default_rng(37)
    noise = uniform_filter1d(rng.normal(size=(2, 256, 262)), 3, axis=2)[:, :, 3:-3]
    frames = 3 + 20 * picture_of(256, 7) + 25 * noise
    verdict, _, mask = said(np.clip(np.round(frames), 0, 255).astype(np.uint8))
    assert "clipped" in verdict.flags
    assert "clipped, at its darkest" in verdict.text
    assert verdict.kind == "rows"
    assert mask.shape[0] == 1


def test_white_noise_under_a_strong_picture_is_not_resampled():
    rng = np.random.default_rng(38)
    picture = gaussian_filter(rng.normal(size=(256, 256)), 1.6)
    verdict, certainty, _ = said(
        1000 + 400 * picture / picture.std() + 10 * rng.normal(size=(256, 256))
    )
    assert "interpolated" not in verdict.flags
    assert certainty != "sure"


def test_positions_with_a_smooth_picture_that_moves_are_not_sure():
    rng = np.random.default_rng(39)
    y, x = np.mgrid[:192, :192]
    picture = np.stack([np.cos(2 * np.pi * (x / 160 + shift)) for shift in (0.0, 0.11, 0.2)])
    frames = 500 + 200 * picture + 2 * y + 10 * rng.normal(size=(3, 192, 192))
    _, certainty, _ = said(frames)
    assert certainty != "sure"


def test_rows_in_planes_with_points_keep_only_the_lags_of_the_rows():
    rng = np.random.default_rng(40)
    noise = uniform_filter1d(rng.normal(size=(2, 320, 330)), 5, axis=2)[:, :, 5:-5] * np.sqrt(5)
    points = (rng.random((320, 320)) < 0.004) * 1.0
    planes = np.stack([gaussian_filter(points, sigma) * sigma for sigma in (2.0, 2.3)])
    frames = 300 + 10 * noise + 60 * planes / planes[0].max()
    verdict, _, mask = said(frames)
    assert verdict.kind == "rows"
    assert mask.shape == (1, 9)


def test_a_faint_picture_in_one_frame_is_left_out_and_doubted():
    rng = np.random.default_rng(41)
    picture = gaussian_filter(rng.normal(size=(512, 512)), 4)
    noise = uniform_filter1d(rng.normal(size=(512, 520)), 2, axis=1)[:, 4:-4] * np.sqrt(2)
    frame = 100 + 10 * noise + 4.5 * picture / picture.std()
    _, certainty, mask = said(frame)
    assert certainty != "sure"
    assert mask.shape == (1, 3) or certainty == "cannot tell"


def test_line_noise_without_pixel_noise_under_a_picture_is_right_or_doubted():
    rng = np.random.default_rng(42)
    noise = uniform_filter1d(rng.normal(size=(256, 270)), 5, axis=1)[:, 7:-7] * np.sqrt(5)
    frame = 500 + 10 * noise + 60 * picture_of(256, 8)
    _, certainty, mask = said(frame)
    assert certainty != "sure" or mask.shape == (1, 9)


def test_frames_of_a_running_mean_share_noise():
    rng = np.random.default_rng(43)
    noise = rng.normal(size=(9, 128, 128))
    averaged = 300 + 40 * picture_of(128, 9) + 10 * (noise[1:] + noise[:-1]) / np.sqrt(2)
    extraction = extract_array(averaged, AUTOMATIC)
    assert "shared_frames" in extraction.verdict.flags
    lasting = extraction.measurement.correlation.evidence.patterns.lasting
    assert lasting.share == pytest.approx(0.5, abs=0.02)
    said_share = f"share noise ({lasting.share:.2f}): train plane by plane"
    assert said_share in extraction.verdict.text
    assert lasting.rho[:, 10, 10] == pytest.approx([0.5, 0.0], abs=0.03)
    assert np.abs(np.delete(lasting.rho[0].ravel(), 220)).max() < 0.05
    # No still scene: what it is then measured in is said.
    assert not extraction_basis(extraction, ArrayFrames(averaged)).still
    verdict, _, _ = said(300 + 40 * picture_of(128, 9) + 10 * noise)
    assert "shared_frames" not in verdict.flags


@pytest.mark.parametrize(("sigma", "whole"), [(1.0, 4.5), (1.5, 9.5)])
def test_all_the_noise_of_planes_that_share_it_is_known(sigma, whole):
    rng = np.random.default_rng(45)
    noise = gaussian_filter1d(rng.normal(size=(16, 160, 160)), sigma, axis=0, mode="wrap")
    planes = 300 + 10 * noise / noise.std()
    extraction = extract_array(planes, AUTOMATIC)
    lasting = extraction.measurement.correlation.evidence.patterns.lasting
    # Differences of neighbours hold a part of the noise only, and those of the next ones as well.
    true = 1 / (1 - np.exp(-1 / (4 * sigma**2)))
    assert true == pytest.approx(whole, rel=0.1)
    assert lasting.whole == pytest.approx(true, rel=0.1)
    assert lasting.share == pytest.approx(1 - 1 / true, abs=0.03)


def test_planes_that_share_other_noise_than_they_hold_are_not_sure():
    rng = np.random.default_rng(44)
    noise = rng.normal(size=(9, 160, 170))
    near = uniform_filter1d(noise, 5, axis=2)[:, :, 5:-5] * np.sqrt(5)
    planes = 200 + 6 * (near[:-1] + near[1:]) + 8 * rng.normal(size=(8, 160, 160))
    verdict, certainty, _ = said(planes)
    assert "shared_frames" in verdict.flags
    assert certainty != "sure"


@pytest.mark.parametrize(("smear", "least", "most"), [(0.8, 0.2, 2), (1.2, 0.3, 3)])
def test_smeared_photons_are_noise_that_follows_brightness(smear, least, most):
    rng = np.random.default_rng(1)
    light = least + most * cells((160, 160), seed=1, n_cells=20)
    photons = 100.0 * rng.poisson(light, (20, 160, 160))
    frames = gaussian_filter(photons, (0, smear, smear)) + rng.normal(0, 3, photons.shape)
    found = extract_array(frames, AUTOMATIC)
    assert found.measurement.correlation.source == "difference"
    assert not {"cannot_tell", "picture", "moving"} & set(found.verdict.flags)


def test_frames_shifted_by_fractions_of_a_pixel_have_noise_of_their_own():
    rng = np.random.default_rng(0)
    scene = 100 * gaussian_filter(cells((168, 168), seed=0, n_cells=20), 1)
    frames = []
    for _ in range(8):
        drift = rng.uniform(-0.5, 0.5, 2)
        recorded = shift(scene, -drift, order=3, mode="nearest") + rng.normal(0, 10, scene.shape)
        frames.append(shift(recorded, drift, order=1, mode="nearest")[4:-4, 4:-4])
    found = extract_array(np.array(frames), AUTOMATIC)
    assert found.measurement.correlation.source == "difference"
    assert not {"cannot_tell", "picture", "moving"} & set(found.verdict.flags)


def test_noise_that_differs_between_the_halves_of_the_field_is_told():
    rng = np.random.default_rng(45)
    white = rng.normal(size=(6, 128, 266))
    smooth = (white + 0.35 * np.roll(white, 1, axis=2)) / np.sqrt(1 + 0.35**2)
    scene = 100 + 40 * cells((128, 256), seed=10)
    frames = scene + 10 * np.where(np.arange(266) < 133, white, smooth)[:, :, 5:-5]
    verdict, _, _ = said(frames)
    assert "not_uniform" in verdict.flags
    assert "correlated more in the right half" in verdict.text
    verdict, _, _ = said(scene + 10 * smooth[:, :, 5:-5])
    assert "not_uniform" not in verdict.flags


def test_fixed_columns_under_a_stage_that_drifts():
    rng = np.random.default_rng(46)
    wide = picture_of(224, 11)
    frames = np.stack([wide[:160, 3 * i : 3 * i + 160] for i in range(8)])
    frames = 400 + 120 * frames + 15 * rng.normal(size=frames.shape) + 12 * rng.normal(size=160)
    verdict, certainty, _ = said(frames)
    assert "fixed_pattern" in verdict.flags
    assert certainty != "sure"


def test_weak_offsets_of_whole_rows_in_planes_with_points():
    rng = np.random.default_rng(47)
    points = np.stack([gaussian_filter((rng.random((256, 256)) < 0.003) * 1.0, 1.5)] * 8)
    fades = np.linspace(1, 0.5, 8)[:, None, None]
    frames = 300 + 3000 * points * fades + 10 * rng.normal(size=points.shape)
    frames += 10 * np.sqrt(0.035) * rng.normal(size=(8, 256, 1))
    verdict, certainty, _ = said(frames)
    assert certainty != "sure" or verdict.lines == "rows"


def test_slices_that_share_noise_with_opposite_neighbours_along_the_row():
    rng = np.random.default_rng(48)
    white = rng.normal(size=(11, 192, 210))
    kernel = np.array([1, 0, -0.13, -0.09, -0.06])
    rows = sum(weight * np.roll(white, lag, axis=2) for lag, weight in enumerate(kernel))
    slices = 0.9 * rows[1:-1] + 0.2 * (rows[:-2] + rows[2:])
    slices = slices[:, :, 9:-9] * 20 + 500 + 15 * picture_of(192, 12)
    verdict, certainty, mask = said(slices)
    assert "shared_frames" in verdict.flags
    assert certainty != "sure" or mask.astype(int).tolist() == [[1, 1, 1, 0, 1, 0, 1, 1, 1]]


def test_a_small_field_of_active_cells_under_white_noise():
    rng = np.random.default_rng(49)
    cells_ = np.stack([gaussian_filter(rng.normal(size=(32, 48)), 2.5) ** 2 for _ in range(6)])
    cells_ /= cells_.max(axis=(1, 2), keepdims=True)
    active = gaussian_filter(rng.normal(size=(60, 6)), (2, 0)) > 0.15
    frames = (
        200 + 60 * np.einsum("tc,cyx->tyx", active, cells_) + 10 * rng.normal(size=(60, 32, 48))
    )
    _, certainty, mask = said(frames)
    assert certainty != "sure" or mask.sum() == 1


FILES = Path(os.environ.get("STRUCTMASK_FIELD", "not-there"))
"""Folder of small files from the field, which are not part of this repository."""


def of_file(name):
    with open_stack(FILES / name) as stack:
        return said(stack)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("line_noise_box5_white00_single.tif", ""),
        ("hum_third_of_variance.tif", "periodic_temporal"),
        ("demo_positions_white10.tif", ""),
        ("tomogram_slices_B.tif", ""),
        ("zstack_crop_c6.tif", ""),
        ("fixed_columns_drift3.tif", "fixed_pattern"),
        ("white_under_strong_picture.tif", ""),
        ("small_field_active_white.tif", ""),
        ("09_honeycomb_fixed.tif", "fixed_pattern"),
        ("03_interference_2frames.tif", "periodic_temporal"),
    ],
)
def test_files_from_the_field_are_doubted_or_corrected_first(name, least):
    if not (FILES / name).exists():
        pytest.skip("the files from the field are not here; set STRUCTMASK_FIELD")
    verdict, certainty, _ = of_file(name)
    assert certainty != "sure"
    assert not least or least in verdict.flags


def test_files_from_the_field_that_are_answered_rightly():
    if not (FILES / "05_zstack_points_rows.tif").exists():
        pytest.skip("the files from the field are not here; set STRUCTMASK_FIELD")
    with open_stack(FILES / "05_zstack_points_rows.tif") as stack:
        planes = np.stack([stack.read(number) for number in range(stack.n_frames)])
    asked = AUTOMATIC.changed(mask_choice="recommended")
    for turned in (planes, planes[:, :, ::-1], planes[:, ::-1], planes[:, 8:, 8:]):
        # Some lags of the points may be significant beside those of the rows, which alone help.
        found = extract_recording(np.ascontiguousarray(turned), asked)
        assert found.mask.cropped().shape == (1, 9)
    assert answer(extract_recording(planes, asked)).certainty == "likely"
    _, _, mask = of_file("05_zstack_points_rows.tif")
    assert mask.shape == (1, 9)
    _, certainty, mask = of_file("photon_counts_mean1_white.tif")
    assert (certainty, mask.shape) == ("sure", (1, 1))
    verdict, _, _ = of_file("13_zero_offset_refused.tif")
    assert verdict.kind == "rows"
