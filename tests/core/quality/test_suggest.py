import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import Cancelled, ParameterError
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.progress import Task
from structmask_gui.core.quality import suggest as suggesting
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.quality.copied_noise import figures, still_copied
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.quality.suggest import suggest
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames


def picture(reach, strength=1.0, length=6.0):
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return strength**2 * np.exp(-(y**2 + x**2) / (2 * length**2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("white", 1),
        ("row 7", 13),
        ("row 5", 9),
        ("column 7", 13),
        ("diagonal", 13),
        ("block 3", 25),
    ],
)
def test_the_true_lags_are_suggested(name, pixels):
    model = NoiseModel(kernels()[name], 0.3)
    noise = model.correlation(20)
    found = suggest(noise, noise + picture(20))
    assert found.mask == Mask(np.abs(model.correlation(10)) > 1e-9).cropped()
    assert found.mask.statistics.true_pixels == pixels


def test_a_weak_long_row_is_found():
    # 0.04 at every lag of the row: below any floor per lag.
    noise = 0 * picture(20)
    noise[20] = 0.04
    noise[20, 20] = 1
    found = suggest(noise, noise + picture(20, 1.0, 8.0))
    assert found.mask.statistics.shape_class == "horizontal"
    assert found.mask.statistics.extent == (1, 21)
    assert found.points[found.knee].copied < 0.001 < 0.01 < found.points[0].copied
    # Where the error does not decide "still copied" must show it, growing along the row.
    alone = suggest(noise, noise + picture(20, 60.0, 1.0), refined=False)
    assert not alone.by_error
    for point in alone.points[:11]:
        assert point.mask.shape[0] == 1


def test_a_detached_echo_is_found():
    noise = NoiseModel(kernels()["echo slanted"], 0.3).correlation(20)
    mask = suggest(noise, noise + picture(20)).mask
    assert [tuple(lag) for lag in mask.lags()] == [(-4, -5), (0, 0), (4, 5)]


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.sampled_from(sorted(kernels())), st.floats(0.3, 3))
def test_the_points_are_nested_masks_with_their_own_figures(name, strength):
    noise = NoiseModel(kernels()[name], 0.3).correlation(12)
    image = noise + picture(12, strength)
    found = suggest(noise, image, 6)
    last = np.zeros((13, 13), dtype=bool)
    copied = [point.copied for point in found.points]
    assert copied == sorted(copied, reverse=True)
    for i, point in enumerate(found.points):
        mask = point.mask
        padded = mask.padded((13, 13)).array
        assert not (last & ~padded).any()
        last = padded
        assert point.pixels == mask.statistics.true_pixels == 2 * i + 1
        assert mask.statistics.symmetric
        if i % 20 == 3:
            assert point.copied == pytest.approx(still_copied(noise, mask, 6), abs=1e-5)
            error = estimated_error(noise, image, weights(image, mask, 6))
            assert point.noise_left == pytest.approx(error.noise_left, abs=1e-4)
            assert point.detail_lost == pytest.approx(error.detail_lost, abs=1e-4)
    if found.by_error:
        least = min(point.error for point in found.points)
        assert found.points[found.knee].error <= 1.02 * least + 1e-9


def test_no_other_simple_mask_is_estimated_better():
    noise = NoiseModel(kernels()["isotropic"], 0.3).correlation(20)
    image = noise + picture(20, 2.0, 3.0)
    found = suggest(noise, image)
    best = found.points[found.knee].error
    for span in (1, 3, 5, 7, 9):
        error = estimated_error(noise, image, weights(image, np.ones((span, span)))).total
        assert best <= 1.02 * error


def test_chance_correlation_makes_no_mask():
    pixels = 40_000
    random = np.random.default_rng(0)
    noise = random.normal(size=(41, 41)) / np.sqrt(pixels)
    noise = (noise + noise[::-1, ::-1]) / np.sqrt(2)
    noise[20, 20] = 1
    found = suggest(noise, noise + picture(20), pixels=pixels)
    assert found.mask.statistics.true_pixels == 1
    assert "Keep only the centre" in found.sentence


def test_the_noise_must_reach_twice_as_far():
    with pytest.raises(ParameterError, match="measured up to"):
        suggest(NoiseModel(kernels()["row 5"], 0.3).correlation(9), picture(9), 5)


def test_where_every_prediction_is_worse_than_the_frame_only_the_noise_decides():
    noise = NoiseModel(kernels()["row 5"], 0.3).correlation(20)
    rough = picture(20, 60.0, 1.0)
    found = suggest(noise, noise + rough)
    assert min(point.error for point in found.points) > 1
    assert not found.by_error
    assert found.mask.statistics.shape_class == "horizontal"
    assert found.points[found.knee].copied <= 0.005 + 1e-9
    assert suggest(noise, noise + picture(20)).by_error
    assert "detail" not in found.sentence


def test_it_can_be_cancelled_at_any_step():
    noise = NoiseModel(kernels()["isotropic"], 0.3).correlation(20)
    image = noise + 2 * np.exp(-np.add.outer(*2 * [np.arange(-20.0, 21) ** 2]) / 72)
    asked = []
    suggest(noise, image, task=Task(cancelled=lambda: bool(asked.append(None))))
    # Every step asks; the longest between two takes a few milliseconds.
    assert len(asked) > 4 * 220
    for stop_after in (0, len(asked) // 2, len(asked) - 1):
        left = iter(range(stop_after))
        with pytest.raises(Cancelled):
            suggest(noise, image, task=Task(cancelled=lambda left=left: next(left, None) is None))


def test_it_can_be_cancelled_while_a_curve_is_worked_out(monkeypatch):
    noise = NoiseModel(kernels()["isotropic"], 0.3).correlation(20)
    solved, original = [], suggesting._in_order

    def once(*arguments):
        assert not solved, "a second system was solved after the first should have been the last"
        solved.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(suggesting, "_in_order", once)
    with pytest.raises(Cancelled):
        suggest(noise, noise + picture(20), task=Task(cancelled=lambda: bool(solved)))


def test_frames_of_a_still_scene_choose_the_knee():
    model = NoiseModel(kernels()["isotropic"], 0.3)
    shown = cells((200, 200))
    stack = ArrayFrames(simulate(model, (200, 200), n_frames=5, picture=shown, strength=1, seed=2))
    measured = basis(stack)
    noise, image, still = measured.noise.values, measured.image.values, measured.still
    by_sums = suggest(noise, image, pixels=measured.noise.pixels)
    compared = suggest(noise, image, pixels=measured.noise.pixels, still=still)
    assert [p.mask for p in compared.points] == [p.mask for p in by_sums.points]
    assert compared.knee != by_sums.knee
    errors = [still.error(weights(image, found.mask)) for found in (compared, by_sums)]
    assert errors[0] < 0.99 * errors[1]


@pytest.mark.slow
def test_a_suggestion_hides_nothing_needlessly_or_says_why():
    shown = cells((160, 160))
    for name in ("row fading", "isotropic", "lobed", "long-tailed"):
        model = NoiseModel(kernels()[name], 0.3)
        stack = ArrayFrames(
            simulate(model, (160, 160), n_frames=3, picture=shown, strength=1, seed=1)
        )
        measured = basis(stack)
        found = suggest(measured.noise, measured.image.values, still=measured.still)
        needless = figures(measured.noise, found.mask).needlessly_hidden
        assert found.kept == needless
        assert ("hide hardly any noise" in found.sentence) == bool(needless)
        sizes = [point.pixels for point in found.points]
        assert sizes == list(range(1, 2 * len(sizes), 2))
