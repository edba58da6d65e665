import numpy as np
import pytest

from structmask_gui.core.errors import Cancelled, InputError, ParameterError
from structmask_gui.core.progress import Task
from structmask_gui.core.quality import covariance
from structmask_gui.core.quality.covariance import (
    MOST_FRAMES,
    flat_patches,
    given_covariance,
    image_covariance,
    noise_covariance,
)
from structmask_gui.core.quality.prediction import predictor, square_lags
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, evenly


def test_differences_give_the_noise_whatever_the_picture():
    model = NoiseModel(kernels()["row 7"], 0.3, sigma=4.0)
    frames = simulate(model, (256, 256), n_frames=4, picture=cells((256, 256)), strength=3.0)
    found = noise_covariance(ArrayFrames(frames), (6, 20))
    assert found.source == "frame differences"
    assert found.values.shape == (13, 41)
    assert found.variance == pytest.approx(16, rel=0.02)
    np.testing.assert_allclose(found.correlation, model.correlation(20)[14:27], atol=0.02)


def test_flat_patches_give_the_noise_of_a_single_frame():
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = simulate(model, (384, 384), picture=cells((384, 384)), strength=2.0)
    found = noise_covariance(ArrayFrames(frames), 10)
    assert found.source == "flat patches"
    assert found.largest_radius == 5
    assert found.variance == pytest.approx(1, rel=0.1)
    np.testing.assert_allclose(found.correlation, model.correlation(10), atol=0.06)


def test_a_surface_is_no_noise():
    y, x = np.mgrid[:128, :128] / 32.0
    frame = 5 * x * x - 3 * x * y + 7 * y + np.random.default_rng(0).normal(size=(128, 128))
    found = noise_covariance(ArrayFrames(frame), 5)
    assert found.variance == pytest.approx(1, rel=0.05)
    assert abs(found.correlation[5, 8]) < 0.02


def test_the_flattest_patches_are_taken():
    frame = np.random.default_rng(0).normal(size=(640, 640))
    frame[:, 48:] *= 5
    places = flat_patches(ArrayFrames(frame), (10, 10)).places
    assert len(places) == 17
    assert (places[:, 2] == 0).sum() == 13


def test_the_image_covariance_is_positive_definite_and_nearly_unbiased():
    frame = cells((256, 256)) * 100
    found = image_covariance(ArrayFrames(frame + 1000), 20)
    assert found.variance == pytest.approx(frame.var(), rel=0.15)
    # A smooth picture without noise is the hardest case: nearly singular.
    assert predictor(found.values, square_lags(10)).ridge <= 1e-5
    white = np.random.default_rng(0).normal(size=(256, 256))
    assert image_covariance(ArrayFrames(white), 10).variance == pytest.approx(1, rel=0.05)


def test_pixels_that_are_not_finite_are_left_out():
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = simulate(model, (128, 128), n_frames=3)
    frames[np.random.default_rng(0).random(frames.shape) < 0.05] = np.nan
    stack = ArrayFrames(frames)
    for found in (noise_covariance(stack, 8), image_covariance(stack, 8)):
        assert np.isfinite(found.values).all()
    np.testing.assert_allclose(
        noise_covariance(stack, 8).correlation, model.correlation(8), atol=0.05
    )


def test_tiles_give_what_the_whole_frame_gives(monkeypatch):
    frames = simulate(NoiseModel(kernels()["row 5"], 0.3), (200, 300), n_frames=2)
    whole = noise_covariance(ArrayFrames(frames), 8)
    monkeypatch.setattr(covariance, "TILE", 64)
    tiled = noise_covariance(ArrayFrames(frames), 8)
    assert tiled.pixels == whole.pixels
    np.testing.assert_allclose(tiled.correlation, whole.correlation, atol=0.02)
    image = image_covariance(ArrayFrames(frames), 8)
    assert image.variance == pytest.approx(1, rel=0.1)


def test_integers_are_measured_as_numbers():
    frames = np.random.default_rng(0).integers(0, 255, (2, 64, 64)).astype(np.uint8)
    assert noise_covariance(ArrayFrames(frames), 4).variance == pytest.approx(
        frames.var(), rel=0.05
    )


def test_a_given_correlation_is_scaled():
    values = np.zeros((5, 5))
    values[2, 2] = 1
    found = given_covariance(values, 9.0, "dark stack")
    assert found.variance == 9.0
    assert found.source == "dark stack"
    assert found.largest_radius == 1
    with pytest.raises(InputError, match="dark stack"):
        given_covariance(values[:4], 1.0, "dark stack")


def test_frames_are_spread_over_the_stack():
    assert evenly(3, MOST_FRAMES) == [0, 1, 2]
    chosen = evenly(1000, MOST_FRAMES)
    assert len(chosen) == 16
    assert (chosen[0], chosen[-1]) == (0, 999)


def test_bad_input_is_answered_by_a_sentence():
    one = ArrayFrames(np.random.default_rng(0).normal(size=(64, 64)), "one.tif")
    with pytest.raises(InputError, match=r"one\.tif has one frame"):
        noise_covariance(one, 5, "difference")
    with pytest.raises(ParameterError, match="give 1 to 31"):
        image_covariance(one, 32)
    with pytest.raises(InputError, match="does not vary"):
        image_covariance(ArrayFrames(np.ones((40, 40)), "flat.tif"), 5)
    for measure in (image_covariance, noise_covariance):
        with pytest.raises(InputError, match="finite"):
            measure(ArrayFrames(np.full((2, 40, 40), np.nan), "nan.tif"), 5)
    with pytest.raises(InputError, match="does not vary"):
        noise_covariance(ArrayFrames(np.ones((2, 40, 40)), "still.tif"), 5)


@pytest.mark.parametrize("n_frames", [1, 3])
def test_measuring_reports_and_stops(n_frames):
    stack = ArrayFrames(np.random.default_rng(0).normal(size=(n_frames, 64, 64)))
    reports = []
    noise_covariance(stack, 5, task=Task(lambda *report: reports.append(report)))
    assert reports[-1][0] == reports[-1][1]
    for measure in (image_covariance, noise_covariance):
        with pytest.raises(Cancelled):
            measure(stack, 5, task=Task(cancelled=lambda: True))


def test_what_moved_is_left_out_of_the_differences():
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = simulate(model, (256, 256), n_frames=3)
    for frame in range(3):
        frames[frame, 100:150, 60 + 9 * frame : 100 + 9 * frame] += 40
    found = noise_covariance(ArrayFrames(frames), 10)
    assert "left out because they changed" in found.source
    assert found.variance == pytest.approx(1, rel=0.05)
    np.testing.assert_allclose(found.correlation, model.correlation(10), atol=0.03)
    still = noise_covariance(ArrayFrames(simulate(model, (256, 256), n_frames=3)), 10)
    assert still.source == "frame differences"


def test_brighter_noise_is_not_taken_for_motion():
    random = np.random.default_rng(0)
    frames = random.poisson(20 + 30 * cells((256, 256)), size=(2, 256, 256)).astype(float)
    assert noise_covariance(ArrayFrames(frames), 10).source == "frame differences"
