import numpy as np
import pytest

from structmask_gui.core.errors import Cancelled
from structmask_gui.core.progress import Task
from structmask_gui.core.quality import still_scene
from structmask_gui.core.quality.covariance import image_covariance, noise_covariance
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames

MODEL = NoiseModel(kernels()["row 5"], 0.3, sigma=10.0)


def scene(n_frames, shape=(200, 240), strength=2.0):
    picture = cells(shape)
    clean = picture - picture.mean()
    clean *= strength * MODEL.sigma / clean.std()
    frames = simulate(MODEL, shape, n_frames=n_frames, picture=picture, strength=strength, seed=3)
    return 500 + frames, 500 + clean


def kernel(frames, width=9):
    return weights(image_covariance(ArrayFrames(frames), 20).values, np.ones((1, width), bool))


def true_error(frames, clean, found):
    return np.mean([np.mean((Preview(f).predict(found) - clean) ** 2) for f in frames])


@pytest.mark.parametrize("n_frames", [2, 3, 5, 9])
def test_it_is_the_true_error(n_frames):
    frames, clean = scene(n_frames)
    found = kernel(frames)
    measured = StillScene(ArrayFrames(frames), 10).error(found)
    assert measured == pytest.approx(true_error(frames, clean, found), abs=0.02 * MODEL.sigma**2)


@pytest.mark.parametrize("bad", [0, 2, 4])
def test_a_frame_without_pixels_does_not_end_the_comparison(bad):
    frames, clean = scene(5)
    found = kernel(frames)
    expected = true_error(frames, clean, found)
    frames[bad] = np.nan
    still = StillScene(ArrayFrames(frames), 10)
    assert still.pixels > 0
    assert still.error(found) == pytest.approx(expected, abs=0.03 * MODEL.sigma**2)


def test_only_frames_of_one_file_are_compared():
    frames, _ = scene(14, (120, 140))
    first, other = ArrayFrames(frames[:8]), ArrayFrames(2 * frames[8:, ::-1])
    found = kernel(frames)
    alone = StillScene(first, 10).error(found)
    for files in ([first, other], [other, first]):
        assert StillScene(ChosenFrames(files), 10).error(found) == alone


def test_it_is_the_definition_by_covariances():
    frames, _ = scene(3)
    stack = ArrayFrames(frames)
    noise, image = noise_covariance(stack, 20).values, image_covariance(stack, 20).values
    still = StillScene(stack, 10)
    for width in (1, 5, 9):
        found = kernel(frames, width)
        by_sums = estimated_error(noise, image, found)
        measured = estimated_error(noise, image, found, still)
        assert measured.total == pytest.approx(by_sums.total, abs=0.05)
        assert measured.noise_left == pytest.approx(by_sums.noise_left, abs=0.02)


@pytest.mark.slow
def test_near_ties_are_told_apart():
    # Masks that differ by a percent: the covariances' windows blur that, the comparison does not.
    model = NoiseModel(kernels()["isotropic"], 0.3)
    frames = simulate(model, (300, 300), n_frames=5, picture=cells((300, 300)), strength=3, seed=1)
    clean = cells((300, 300))
    clean = 3 * (clean - clean.mean()) / clean.std()
    stack = ArrayFrames(frames)
    image = image_covariance(stack, 20).values
    still = StillScene(stack, 10)
    kernels_ = [weights(image, np.ones((1, n), bool)) for n in (1, 3, 5, 9)]
    kernels_ += [weights(image, np.ones((n, n), bool)) for n in (3, 5, 7)]
    true = [true_error(frames, clean, found) for found in kernels_]
    assert np.array_equal(np.argsort([still.error(found) for found in kernels_]), np.argsort(true))


def test_a_change_of_brightness_is_no_error():
    frames, _ = scene(3)
    found = kernel(frames)
    before = StillScene(ArrayFrames(frames), 10).error(found)
    brighter = frames + np.array([0.0, 30.0, -50.0])[:, None, None]
    after = StillScene(ArrayFrames(brighter), 10).error(found)
    assert after == pytest.approx(before, rel=0.01)


def test_what_moved_or_is_no_number_is_not_compared():
    frames, clean = scene(3)
    found = kernel(frames)
    frames[1, 60:120, 60:120] += 400
    frames[2, 5:9] = np.nan
    frames[0, 20, 20] = np.inf
    still = StillScene(ArrayFrames(frames), 10)
    assert 0 < still.pixels < 3 * (200 * 240 - 60 * 60)
    assert still.error(found) < 1.3 * true_error(scene(3)[0], clean, found)


def test_of_large_frames_tiles_are_compared(monkeypatch):
    frames, _ = scene(4)
    found = kernel(frames)
    whole = StillScene(ArrayFrames(frames), 10).error(found)
    monkeypatch.setattr("structmask_gui.core.quality.still_scene._WHOLE", 0)
    monkeypatch.setattr("structmask_gui.core.quality.still_scene._TILE", 60)
    still = StillScene(ArrayFrames(frames), 10)
    # Four tiles by three, all of them: the same frame without what lies beyond any tile's border.
    assert still.pixels == 3 * 200 * 240
    assert still.error(found) == pytest.approx(whole, rel=0.02)


def test_nothing_to_compare_is_said():
    frames = np.full((2, 40, 40), np.nan)
    assert StillScene(ArrayFrames(frames), 5).pixels == 0


def test_it_reports_and_stops():
    frames, _ = scene(3)
    reports = []
    StillScene(ArrayFrames(frames), 10, task=Task(lambda *report: reports.append(report)))
    assert reports[-1] == (1, 1, "Comparing frames")
    with pytest.raises(Cancelled):
        StillScene(ArrayFrames(frames), 10, task=Task(cancelled=lambda: True))


@pytest.mark.parametrize("factor", [2.0**60, 2.0**-80])
def test_very_large_and_small_values(factor):
    frames, _clean = scene(4)
    plain = StillScene(ArrayFrames(frames), 10).error(kernel(frames))
    scaled = (frames * factor).astype(np.float32)
    # The weights are the same, for a power of two changes no digit.
    found = StillScene(ArrayFrames(scaled), 10).error(kernel(frames))
    assert found / factor**2 == pytest.approx(plain, rel=1e-4)


def test_pixels_are_drawn_in_the_order_of_a_stable_sort():
    detail = np.abs(np.random.default_rng(0).normal(size=5000).astype(np.float32)).round(2)
    detail[7] = 0.0
    assert len(np.unique(detail)) < len(detail) / 10
    expected = np.argsort(detail, kind="stable")
    np.testing.assert_array_equal(still_scene._stable_order(detail), expected)
