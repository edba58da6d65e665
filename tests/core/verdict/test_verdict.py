"""The whole measurement, and what is said about it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import (
    NoiseModel,
    cells,
    fixed_columns,
    kernels,
    row_offsets,
    simulate,
)
from structmask_gui.core.stack.frames import ArrayFrames, Recording, Region
from structmask_gui.core.stack.screening import CONSTANT
from structmask_gui.core.statistical.measure import measure_correlation
from structmask_gui.core.statistical.selection import select_lags
from structmask_gui.core.verdict.verdict import judge

AUTOMATIC = Parameters(method="statistical", source="automatic")
REACH = 10


def measured(array, parameters=AUTOMATIC, task=NO_TASK, **parts):
    recording = Recording(ArrayFrames(array, "cells.tif"), **parts)
    estimate = measure_correlation(recording, parameters, task=task)
    selection = select_lags(estimate.lags, parameters)
    return estimate, selection, judge(estimate, selection, parameters)


def frames_of(name, size=192, n_frames=4, **more):
    model = NoiseModel(kernels()[name], 0.3, sigma=20.0)
    return 500 + simulate(model, (size, size), n_frames=n_frames, seed=9, **more), model


def f1(mask, truth):
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("white", "none"),
        ("row 7", "rows"),
        ("column 7", "columns"),
        ("diagonal", "diagonal"),
        ("antidiagonal", "diagonal"),
        ("cross", "cross"),
        ("isotropic", "blob"),
        ("periodic", "periodic"),
        ("echo row", "detached"),
        ("echo slanted", "detached"),
    ],
)
def test_kinds_of_noise_in_a_still_scene(name, kind):
    frames, model = frames_of(name, picture=cells((192, 192)), strength=3.0)
    estimate, selection, verdict = measured(frames)
    assert estimate.source == "difference"
    assert verdict.kind == kind
    # Where nothing is found, a fixed pattern may hide under cells that are everywhere.
    assert verdict.sure == (kind != "none")
    assert verdict.flags == ("fixed_pattern_not_tested",)
    assert f1(selection.kept, model.true_mask(REACH)) > 0.9


def test_sentence_comes_first_and_in_plain_words():
    frames, _ = frames_of("row 7", picture=cells((192, 192)), strength=2.0)
    _, selection, verdict = measured(frames)
    assert verdict.sentence == (
        f"Rows, {selection.kept.sum()} pixels. Sure. 32 of 32 patches used."
    )
    assert verdict.text.startswith(verdict.sentence)
    assert "fixed pattern" in verdict.text


def test_noise_under_pictures_of_which_no_two_are_alike():
    pictures = np.stack([cells((192, 192), seed=seed) for seed in range(4)])
    frames, model = frames_of("column 7", picture=pictures, strength=3.0)
    estimate, selection, verdict = measured(frames)
    assert estimate.source in ("spectrum", "flat")
    assert verdict.kind == "columns"
    assert f1(selection.kept, model.true_mask(REACH)) > 0.9
    as_they_are = measured(frames, AUTOMATIC.changed(source="frames"))
    assert "picture" in as_they_are[2].flags
    assert not as_they_are[2].sure


def test_smooth_noise_in_a_texture_is_not_claimed_to_be_known():
    random = np.random.default_rng(5)
    # Everywhere alike, but no Gaussian noise: a field of blobs of unlike brightness.
    texture = gaussian_filter((random.random((3, 192, 192)) < 0.004).astype(float), (0, 3, 3))
    frames, _ = frames_of("isotropic", n_frames=3, picture=texture, strength=3.0)
    _, _, verdict = measured(frames)
    assert {"cannot_tell", "picture"} & set(verdict.flags)
    assert not verdict.sure
    assert "Record 6 or more frames of one still field." in verdict.text


def test_whole_rows_are_told_from_rows():
    frames, _ = frames_of("white", picture=cells((192, 192)), strength=1.0)
    lines = row_offsets().draw(np.random.default_rng(1), 4, (192, 192))
    _, selection, verdict = measured(frames + 20 * np.sqrt(0.03) * lines)
    assert "whole_line" in verdict.flags
    assert verdict.kind == "rows"
    assert selection.kept.sum() == 1
    assert verdict.sentence.startswith("Weak whole rows.")


def test_fixed_columns_are_seen_though_they_cancel():
    frames, _ = frames_of("row 7", picture=cells((192, 192)), strength=1.0)
    lines = fixed_columns().draw(np.random.default_rng(1), 4, (192, 192))
    _, _, verdict = measured(frames + 10 * lines)
    assert "fixed_pattern" in verdict.flags
    assert verdict.kind == "rows"


def test_enlarged_images_are_recognised():
    frames, _ = frames_of("white", size=96, picture=cells((96, 96)), strength=1.0)
    large = np.stack([zoom(f, 2, order=1, grid_mode=True, mode="nearest") for f in frames])
    _, _, verdict = measured(large)
    assert "interpolated" in verdict.flags
    assert not verdict.sure


def test_pixels_that_are_repeated_are_to_be_binned():
    frames, _ = frames_of("white", size=96, picture=cells((96, 96)), strength=1.0)
    for large in (frames, frames[:1]):
        large = np.kron(large, np.ones((1, 3, 3)))
        said = "Pixels were enlarged 3 x 3 by repetition"
        assert f"{said}: bin them, or open the original." in measured(large)[2].text
        told = answer(extract_recording(large, AUTOMATIC.changed(mask_choice="recommended")))
        assert (told.what, told.told) == (f"{said}.", "act first")
        assert told.advice.startswith("Bin them, or open the original")


def test_a_segmentation_is_told_as_none_of_a_recording():
    y, x = np.indices((96, 96)) // 16
    labels = ((y + x) % 2) * (6 * y + x)
    bars = np.zeros((96, 96))
    bars[20:50, 10:60], bars[60:90, 50:80] = 200, 90
    for frame in (labels, bars):
        for n_frames in (1, 3):
            frames = np.repeat(frame[np.newaxis], n_frames, axis=0)
            told = answer(extract_recording(frames, AUTOMATIC.changed(mask_choice="recommended")))
            assert told.what == "This is no raw recording: most pixels equal those around them."
            assert (told.told, told.advice) == ("act first", "Open the raw image.")


def test_noise_that_follows_brightness_is_shown_by_brightness():
    random = np.random.default_rng(2)
    light = 30 + 800 * cells((256, 256))
    rows = simulate(NoiseModel(kernels()["row 7"], 0.0, 15.0), (256, 256), n_frames=6, seed=3)
    estimate, _, verdict = measured(random.poisson(light, (6, 256, 256)) + rows)
    assert "brightness" in verdict.flags
    dark, bright = estimate.brightness[0], estimate.brightness[-1]
    assert dark.brightness < bright.brightness
    middle = estimate.lags.reach
    assert dark.lags.rho[middle, middle + 1] > bright.lags.rho[middle, middle + 1] + 0.05


def test_dark_stack_is_measured_instead():
    frames, _ = frames_of("white", picture=cells((192, 192)), strength=3.0)
    dark, model = frames_of("column 7")
    estimate, selection, verdict = measured(frames, dark=ArrayFrames(dark, "dark.tif"))
    assert estimate.source == "dark"
    assert verdict.kind == "columns"
    assert f1(selection.kept, model.true_mask(REACH)) > 0.9


def test_subtracting_a_denoised_stack_is_warned_about():
    frames, model = frames_of("row 7", picture=cells((192, 192)), strength=2.0)
    mean = frames.mean(axis=0)
    estimate, selection, _ = measured(frames, subtract=ArrayFrames(mean, "mean.tif"))
    assert estimate.source == "subtract"
    assert f1(selection.kept, model.true_mask(REACH)) > 0.85
    assert not estimate.warnings
    denoised = np.stack([gaussian_filter(frame, 2) for frame in frames])
    estimate, _, verdict = measured(frames, subtract=ArrayFrames(denoised, "n2v.tif"))
    assert "denoiser" in estimate.warnings[0]
    assert estimate.warnings[0] in verdict.details


def test_left_out_patches_are_placed_and_counted():
    frames, model = frames_of("row 7", picture=cells((192, 192)), strength=1.0)
    frames = np.rint(frames)
    # A bar as microscopes burn it in: neither the lowest nor the highest value of the image.
    frames[:, 150:] = 480
    frames[:, 0, 0] = 0
    estimate, selection, verdict = measured(frames)
    sampling = estimate.sampling
    assert len(sampling.used) == len(sampling.reasons) == len(sampling.places)
    side = sampling.patch_shape[0]
    touched = sampling.places[:, 1] + side > 150
    assert not sampling.used[touched].any()
    assert sampling.used[~touched].all()
    assert "with many equal pixels" in verdict.sentence
    assert f1(selection.kept, model.true_mask(REACH)) > 0.85


def test_region_is_kept():
    frames, _ = frames_of("row 7")
    estimate, _, _ = measured(frames, region=Region(30, 130, 40, 190))
    y, x = estimate.sampling.places[:, 1], estimate.sampling.places[:, 2]
    side = estimate.sampling.patch_shape[0]
    assert y.min() >= 30
    assert (y + side).max() <= 130
    assert x.min() >= 40
    assert (x + side).max() <= 190


def test_larger_lag_enlarges_patches_and_fits_smaller_lags():
    frames, _ = frames_of("row fading", size=256)
    far = AUTOMATIC.changed(max_lag=30)
    estimate, selection, _ = measured(frames, far)
    assert selection.kept.shape == (61, 61)
    assert estimate.sampling.patch_shape[0] >= 60
    assert estimate.fits(AUTOMATIC)
    assert not measured(frames)[0].fits(far)
    assert not estimate.fits(far.changed(source="frames"))


def test_tiny_frames_and_few_patches():
    frames, _ = frames_of("white", size=64, n_frames=2)
    estimate, _, verdict = measured(frames)
    assert estimate.sampling.patch_shape[0] < 64
    assert verdict.kind == "none"


def test_covariances_for_the_quality_figures():
    frames, _ = frames_of("row 7", picture=cells((192, 192)), strength=2.0)
    estimate, _, _ = measured(frames)
    assert estimate.lags.variance == pytest.approx(400, rel=0.1)
    image = estimate.image_covariance
    assert image.shape == (41, 41)
    assert image[20, 20] > 1.3 * 400
    assert np.allclose(image, image[::-1, ::-1], rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "words"),
    [("difference", "one frame"), ("dark", "dark stack"), ("subtract", "subtract")],
)
def test_sources_that_need_more_say_so(source, words):
    with pytest.raises(InputError, match=words) as error:
        measured(np.zeros((64, 64)), AUTOMATIC.changed(source=source))
    assert "cells.tif" in str(error.value)


def test_nothing_to_measure_is_one_sentence():
    with pytest.raises(InputError, match="holds no noise"):
        measured(np.full((3, 128, 128), 7))


def test_what_leaves_nothing_is_one_sentence():
    noise, _ = frames_of("row 7", size=128)
    frames = ArrayFrames(noise)
    with pytest.raises(InputError, match="nothing beside what is subtracted"):
        measure_correlation(Recording(frames, subtract=frames), AUTOMATIC)
    twice = ArrayFrames(np.repeat(noise[:1], 2, axis=0))
    with pytest.raises(InputError, match="equal to each other"):
        measure_correlation(twice, AUTOMATIC)


def test_a_repeated_frame_is_left_out():
    frames, _ = frames_of("row 7", size=128, n_frames=6)
    frames[3] = frames[2]
    estimate, selection, _ = measured(frames, AUTOMATIC.changed(source="difference"))
    assert estimate.sampling.left_out[CONSTANT] == estimate.sampling.n_used // 2
    assert int(selection.kept.sum()) == 13


def test_differences_of_unlike_fields_that_were_asked_for_are_doubted():
    frames, _ = frames_of("white", size=192)
    asked = AUTOMATIC.changed(source="difference")
    fields = gaussian_filter(np.random.default_rng(2).normal(size=frames.shape), (0, 1.5, 1.5))
    fields[:, :, :96] = 0
    for shown, doubted in ((fields[:1], False), (fields, True)):
        estimate, _, verdict = measured(frames + 60 * shown / fields.std(), asked)
        assert estimate.source == "difference"
        assert verdict.sure is not doubted
        assert ("differ by more than noise" in verdict.text) == doubted


def test_a_drawing_without_noise_is_measured_and_doubted():
    drawing = np.kron(np.random.default_rng(0).integers(0, 90, (64, 64)), np.ones((4, 4)))
    _, _, verdict = measured(drawing[None])
    assert not verdict.sure


def test_chunks_without_a_used_patch():
    # In most chunks not a patch is used.
    frames, _ = frames_of("row 7", size=256, n_frames=6)
    frames[1:] = 0
    estimate, _, _ = measured(frames, AUTOMATIC.changed(source="frames"))
    assert estimate.sampling.n_used == 16


def test_cancel_stops_and_progress_runs_to_its_end():
    frames, _ = frames_of("row 7")
    with pytest.raises(Cancelled):
        measured(frames, task=Task(cancelled=lambda: True))
    steps = []
    measured(frames, task=Task(lambda done, total, what: steps.append((done, total, what))))
    assert all(0 <= done <= total for done, total, _ in steps)
    assert steps[-1][0] == steps[-1][1]


def test_many_reasons_stand_in_the_details():
    frames, _ = frames_of("row 7")
    frames = np.rint(frames)
    frames[:, :60, :60] = np.nan
    frames[:, 150:] = 480
    _, _, verdict = measured(frames)
    assert verdict.sentence.endswith("patches used.")
    assert any(text.startswith("Patches left out: ") for text in verdict.details)


def test_lines_of_noise_over_a_texture_that_is_alike_everywhere():
    random = np.random.default_rng(4)
    fine = random.normal(size=(6, 256, 256))
    texture = gaussian_filter(fine, (0, 1.4, 1.4)) - gaussian_filter(fine, (0, 3.2, 3.2))
    frames, model = frames_of("row 7", size=256, n_frames=6, picture=texture, strength=1.0)
    estimate, selection, verdict = measured(frames)
    assert estimate.source == "spectrum"
    assert verdict.kind == "rows"
    assert f1(selection.kept, model.true_mask(REACH)) > 0.9


@pytest.mark.slow
def test_noise_without_an_independent_part():
    for name in ("row 5", "antidiagonal", "lobed"):
        model = NoiseModel(kernels()[name], 0.0, sigma=20.0)
        _, selection, verdict = measured(model.draw(np.random.default_rng(5), 6, (256, 256)))
        assert f1(selection.kept, model.true_mask(REACH)) > 0.9
        assert verdict.kind in ("rows", "diagonal", "blob")


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_lines_every_few_rows_that_jump_between_frames_are_seen(strength):
    random = np.random.default_rng(3)
    frames = random.normal(size=(8, 256, 256))
    for frame in frames:
        frame[np.arange(256) % 8 == random.integers(8)] += 2 * strength
    _, _, verdict = measured(frames)
    assert verdict.kind == "rows"
    assert "whole_line" in verdict.flags


def test_what_is_to_be_corrected_comes_first_and_what_was_left_out_reads_well():
    frames, _ = frames_of("white", picture=cells((192, 192)), strength=1.0)
    frames += 20 * fixed_columns().draw(np.random.default_rng(1), 4, (192, 192))
    _, _, verdict = measured(frames)
    assert verdict.details[0].startswith("Fixed-pattern noise: correct offset and gain")
    pictures = np.stack([cells((192, 192), seed=seed) for seed in range(4)])
    frames, _ = frames_of("isotropic", picture=pictures, strength=3.0)
    _, _, verdict = measured(frames)
    assert "with structure" in verdict.text
    frames, _ = frames_of("row 7", picture=cells((192, 192)), strength=1.0)
    _, _, verdict = measured(frames)
    assert verdict.text.index("fixed pattern") > verdict.text.index("Measured from")


@pytest.mark.slow
def test_a_texture_that_is_alike_everywhere_is_not_taken_for_noise():
    random = np.random.default_rng(3)
    grains = gaussian_filter((random.random((6, 256, 256)) < 0.06).astype(float), (0, 1.6, 1.6))
    model = NoiseModel(kernels()["isotropic"], 0.3)
    shown = {"picture": grains, "strength": 1.0}
    _, _, verdict = measured(simulate(model, (256, 256), n_frames=6, seed=12, **shown))
    assert "cannot_tell" in verdict.flags
    # Without the texture the same noise is known.
    _, selection, verdict = measured(simulate(model, (256, 256), n_frames=6, seed=1))
    assert verdict.sure
    assert f1(selection.kept, model.true_mask(REACH)) > 0.9


@pytest.mark.slow
def test_weak_smooth_noise_under_pictures_is_not_called_a_line_nor_white():
    pictures = np.stack([cells((256, 256), seed=seed) for seed in range(6)])
    for name in ("cross", "lobed"):
        model = NoiseModel(kernels()[name], 0.7, sigma=20.0)
        frames = simulate(model, (256, 256), n_frames=6, seed=33, picture=pictures, strength=1.0)
        _, selection, verdict = measured(500 + frames)
        doubted = {"cannot_tell", "picture"} & set(verdict.flags)
        assert doubted or f1(selection.kept, model.true_mask(REACH)) > 0.9


def test_in_many_frames_that_share_nothing_photons_are_not_taken_for_a_texture():
    random = np.random.default_rng(3)
    spots = gaussian_filter(random.poisson(1.0, (12, 192, 192)).astype(float), (0, 1.6, 1.6))
    frames = 1000 + 100 * spots / spots.std() + 30 * random.normal(size=spots.shape)
    _, _, few = measured(frames[:6])
    assert "cannot_tell" in few.flags  # six may be six pictures of grains
    estimate, _, many = measured(frames)
    assert "cannot_tell" not in many.flags
    assert (estimate.source, many.kind, many.settled) == ("frames", "blob", False)


def test_a_smooth_picture_in_one_frame_is_not_taken_for_noise():
    random = np.random.default_rng(1)
    picture = gaussian_filter(random.normal(size=(112, 112)), 3)
    noisy = 100 + 40 * picture / picture.std() + 4 * random.normal(size=picture.shape)
    _, selection, verdict = measured(noisy[np.newaxis])
    assert selection.kept.sum() > 1
    assert "cannot_tell" in verdict.flags


def test_what_moved_between_two_frames_is_not_taken_for_noise():
    for name, doubted in (("isotropic", True), ("row 7", False)):
        frames, _ = frames_of(name, n_frames=2, picture=cells((192, 192)), strength=1.0)
        estimate, selection, _ = measured(frames)
        (relation,) = estimate.evidence.relations
        moved = replace(relation, shift=(0.0, 3.0))
        uneven = np.full_like(estimate.evidence.unevenness, 1.5)
        for seen, flagged in (((moved,), doubted), ((moved, moved), False), ((relation,), False)):
            evidence = replace(
                estimate.evidence,
                relations=seen,
                unevenness=uneven,
                unevenness_error=np.full_like(uneven, 0.3),
            )
            found = judge(replace(estimate, evidence=evidence), selection, AUTOMATIC)
            assert ("cannot_tell" in found.flags) == flagged


def test_noise_that_is_stronger_in_some_places_is_not_taken_for_what_moved():
    random = np.random.default_rng(7)
    # As of few electrons, each of another energy: unlike from place to place in every frame.
    stronger = random.normal(size=(24, 8, 8)).repeat(32, axis=1).repeat(32, axis=2)
    noise = gaussian_filter(random.normal(size=stronger.shape), (0, 1.2, 1.2))
    frames = 500 + 60 * cells((256, 256)) + 20 * np.exp(0.06 * stronger) * noise / noise.std()
    estimate, _, verdict = measured(frames)
    assert estimate.source == "difference"
    assert ("cannot_tell" in verdict.flags, verdict.kind) == (False, "blob")
    # What moves does so in coarse detail alone.
    beads = gaussian_filter((random.random(noise.shape) < 0.003).astype(float), (0, 4, 4))
    beads[:, :, 128:] = 0
    estimate, _, _ = measured(frames + 8000 * beads)
    assert estimate.source != "difference"


def test_uneven_noise_that_is_alike_everywhere_is_measured_and_doubted():
    random = np.random.default_rng(7)
    noise = gaussian_filter(random.normal(size=(12, 256, 256)), (0, 1.2, 1.2))
    stronger = 1 + (np.hypot(*(np.mgrid[:256, :256] - 128)) < 60)
    frames = 500 + 60 * cells((256, 256)) + 20 * stronger * noise / noise.std()
    estimate, _, verdict = measured(frames)
    assert (estimate.source, verdict.kind) == ("difference", "blob")
    assert not verdict.sure
    assert not verdict.settled
    # A sample that is another in every frame is correlated otherwise where it is.
    white = 500 + 60 * cells((256, 256)) + 20 * random.normal(size=noise.shape)
    spots = gaussian_filter((random.random(noise.shape) < 0.001).astype(float), (0, 1.5, 1.5))
    estimate, _, verdict = measured(white + 6000 * spots)
    assert estimate.source != "difference"
