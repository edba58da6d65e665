import time

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core import threads
from structmask_gui.core.denoising import denoiser, surroundings
from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.denoising.folds import Folds
from structmask_gui.core.denoising.spots import Recovered, recovered_objects, sentences
from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.simulation import NoiseModel, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.stack.left_out import LeftOut
from tests.core.denoised.test_evaluate import evaluated

ROW = np.ones((1, 13), dtype=bool)
SHAPE = (112, 104)


def squares(shape=SHAPE, seed=3):
    """Sparse bright squares: what no linear prediction serves well."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape)
    for _ in range(25):
        y, x = rng.integers(0, shape[0] - 9), rng.integers(0, shape[1] - 9)
        image[y : y + 9, x : x + 9] = rng.uniform(4, 8)
    return image


def frames(n_frames, picture, shape=SHAPE):
    noise = simulate(NoiseModel(kernels()["row 7"], 0.3), shape, n_frames=n_frames)
    return (picture + noise + 100).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    clean = squares()
    made = Denoiser(frames(2, clean), ROW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(denoiser, "_ROUNDS", 5)
        patch.setattr(denoiser, "_ROUND", 60)
        made.fit()
    return made, clean + 100


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(denoiser, "_ROUNDS", 3)
    monkeypatch.setattr(denoiser, "_ROUND", 30)


def error(denoised, clean):
    return float(np.mean((denoised - clean) ** 2))


@pytest.mark.slow
def test_much_better_than_linear_where_the_structure_is_not_gaussian(fitted):
    made, clean = fitted
    assert made.stage.name == "done"
    for frame in (0, 1):
        linear = error(made.linear(frame), clean)
        assert error(made.predict(frame), clean) < 0.8 * linear
        assert made.predict(frame).mean() == pytest.approx(made.frames.read(frame).mean(), abs=0.1)


def test_the_first_stage_is_the_preview_or_better(fitted):
    made, clean = fitted
    kernel = weights(image_covariance(made.frames, 20).values, ROW)
    preview = Preview(made.frames.read(1)).predict(kernel)
    assert error(made.linear(1), clean) < 1.01 * error(preview, clean)
    # Strong structure needs hardly any ridge.
    np.testing.assert_allclose(made.linear(1), preview, atol=0.5)


@pytest.mark.parametrize("shape", [(2, 128, 128), (1, 96, 120)])
def test_where_neighbours_tell_nothing_the_mean_is_left(shape):
    noise = np.random.default_rng(1).normal(100, 1, shape).astype(np.float32)
    made = Denoiser(noise, None)
    next(made.stages())
    assert made.linear(0).var() < 0.01
    assert made.linear(0).mean() == pytest.approx(noise[0].mean(), abs=1e-3)


@pytest.mark.parametrize("n_frames", [1, 4])
def test_weights_for_few_pixels_are_held_back(n_frames):
    y, x = np.mgrid[:96, :104]
    clean = 0.7 * np.sin(x / 20) * np.cos(y / 17)
    stack = frames(n_frames, clean, clean.shape)
    made = Denoiser(stack, ROW)
    next(made.stages())
    kernel = weights(image_covariance(made.frames, 20).values, ROW)
    preview = Preview(stack[0]).predict(kernel)
    assert error(made.linear(0), clean + 100) < 0.9 * error(preview, clean + 100)


@pytest.mark.parametrize("n_frames", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_nothing_is_added_where_the_linear_prediction_is_the_best(n_frames, short):
    shape = (150, 120)
    made = Denoiser(frames(n_frames, 0, shape), ROW)
    made.fit()
    np.testing.assert_array_equal(made.predict(0), made.linear(0))
    assert made.stage.added == 0


@pytest.mark.slow
def test_one_frame_is_denoised_without_seams(monkeypatch, short):
    clean = squares((176, 120))
    made = Denoiser(frames(1, clean, (176, 120)), ROW)
    made.fit()
    assert made.stage.added > 0
    result = made.predict(0)
    assert error(result, clean + 100) < error(made.linear(0), clean + 100)
    # In other bands: the same but for rounding.
    monkeypatch.setattr(surroundings, "BAND", 50)
    monkeypatch.setattr(denoiser, "_TILE", 33)
    np.testing.assert_allclose(made.predict(0), result, atol=2e-3)


@pytest.mark.slow
def test_the_same_on_any_number_of_cores(monkeypatch, short):
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(threads, "WORKERS", workers)
        made = Denoiser(frames(2, squares()), ROW)
        made.fit()
        assert made.stage.added > 0
        results.append(made.predict(1))
    np.testing.assert_array_equal(*results)


@pytest.mark.slow
def test_after_a_pause_it_goes_on_as_if_there_had_been_none(short):
    stack = frames(2, squares())
    whole = Denoiser(stack, ROW)
    whole.fit()
    first = Denoiser(stack, ROW)
    stages = first.stages()
    while next(stages).name != "learning":
        pass
    second = Denoiser(stack, ROW)
    names = [stage.name for stage in second.stages(state=first.state())]
    assert names == ["learning", "learning", "learning", "done"]
    np.testing.assert_array_equal(second.predict(0), whole.predict(0))
    other = Denoiser(frames(2, squares()), np.ones((9, 9)))
    with pytest.raises(InputError, match="not of this stack"):
        list(other.stages(state={**first.state(), "trainers": np.zeros((2, 4, 4, 7))}))


def test_stages_begin_with_the_linear_prediction_and_end_done(short):
    made = Denoiser(frames(2, squares()), ROW)
    names, errors = [], []
    for stage in made.stages():
        names.append(stage.name)
        errors.append(error(made.predict(0), squares() + 100))
    assert names == ["linear", "learning", "learning", "learning", "done"]
    assert errors[-1] < errors[0]


@pytest.mark.parametrize(
    "after", [0.3, *(pytest.param(late, marks=pytest.mark.slow) for late in (1.0, 2.0))]
)
def test_cancelled_soon(after):
    stack = frames(3, squares((300, 300)), (300, 300))
    made = Denoiser(stack, ROW)
    asked = []
    end = time.monotonic() + after

    def cancelled():
        now = time.monotonic()
        if now > end:
            asked.append(now)
        return now > end

    with pytest.raises(Cancelled):
        made.fit(Task(None, cancelled))
    # Machines that do other work too are given time.
    assert time.monotonic() - asked[0] < 1
    assert made.linear(0).shape == (300, 300)


@pytest.mark.slow
def test_pixels_that_are_not_finite_are_filled_in(short):
    stack = frames(2, squares())
    stack[0, 40:43, 50] = np.nan
    made = Denoiser(stack, ROW)
    made.fit()
    assert np.isfinite(made.predict(0)).all()


def test_a_mark_in_a_single_frame_spoils_no_other(short):
    stack = frames(16, squares())
    stack[3, 40, 50] = -3.4e38
    made = Denoiser(stack, ROW)
    made.fit()
    assert all(np.isfinite(made.predict(frame)).all() for frame in (0, 3))


def test_a_frame_without_pixels_stays_without(short):
    stack = frames(3, squares())
    stack[1] = np.nan
    made = Denoiser(stack, ROW)
    made.fit()
    assert np.isfinite(made.predict(0)).all()
    assert np.isnan(made.predict(1)).all()


@pytest.mark.parametrize("value", [0, 100.3])
def test_a_blank_frame_stays_exactly_as_it_is(short, value):
    stack = frames(3, squares())
    stack[1] = value
    made = Denoiser(stack, ROW)
    made.fit()
    np.testing.assert_array_equal(made.predict(1), stack[1])


@pytest.mark.parametrize("value", [0, np.nan])
def test_fill_is_kept_and_changes_nothing_beside_it(short, value):
    clean = squares()
    stack = frames(2, clean)
    whole = Denoiser(stack, ROW)
    whole.fit()
    fill = np.hypot(*(np.indices(SHAPE) - 52)) > 50
    fill[40:60, 40:60] = True
    stack[:, fill] = value
    made = Denoiser(stack, ROW)
    made.fit()
    found = made.predict(1)
    np.testing.assert_array_equal(found[fill], np.float32(value))
    truth = clean + 100
    assert error(found[~fill], truth[~fill]) < 1.25 * error(whole.predict(1)[~fill], truth[~fill])


def test_fill_is_judged_by_nothing():
    stack = frames(4, squares())
    fill = np.hypot(*(np.indices(SHAPE) - 52)) > 50
    stack[:, fill] = 0
    made = Denoiser(stack, ROW)
    next(iter(made.stages()))
    answers = np.stack([made.predict(number) for number in range(4)])
    found = evaluated(ArrayFrames(stack), ArrayFrames(answers), ROW, here=True)
    stack[:, fill] = answers[:, fill] = np.nan
    expected = evaluated(ArrayFrames(stack), ArrayFrames(answers), ROW, here=True)
    assert found.lines() == expected.lines()


@pytest.mark.parametrize("n_frames", [4, 6, 9])
def test_frames_that_alternate_fall_into_both_halves(n_frames):
    folds = Folds(n_frames, (96, 96), ROW, shared=False)
    halves = [{block.frame for block in folds.blocks(fold)} for fold in (0, 1)]
    assert halves[0] | halves[1] == set(range(n_frames))
    for half in halves:
        assert {frame % 2 for frame in half} == {0, 1}
    for frame in range(n_frames):
        other = int(folds.shares(frame)[0])
        assert frame not in halves[other]


def test_each_plane_over_times_falls_into_both_halves():
    # Multiples of three have mostly an even number of ones.
    planes = [range(plane, 15, 3) for plane in range(3)]
    folds = Folds(15, (96, 96), ROW, runs=planes)
    halves = [set(folds.frames(fold)) for fold in (0, 1)]
    assert halves[0] | halves[1] == set(range(15))
    for plane in planes:
        assert all(half & set(plane) for half in halves)
    alone = Folds(4, (96, 96), ROW, runs=[range(n, n + 1) for n in range(4)])
    assert len(alone.frames(0)) == len(alone.frames(1)) == 2


def test_a_repeated_frame_is_in_the_half_of_the_one_it_repeats():
    once = Folds(6, (96, 96), ROW)
    twice = Folds(12, (96, 96), ROW, left_out=LeftOut(tuple(range(1, 12, 2)), (), 12))
    for fold in (0, 1):
        both = [2 * frame + more for frame in once.frames(fold) for more in (0, 1)]
        assert twice.frames(fold) == both
    # All frames are one: nothing but stripes tells them apart.
    assert not Folds(4, (96, 96), ROW, left_out=LeftOut((1, 2, 3), (), 4)).by_frames


def test_blank_frames_stay_and_change_nothing_in_the_others():
    stack = frames(6, 0.0)
    blank = np.insert(stack, (2, 4, 4), 0, axis=0)
    once, again = Denoiser(stack, ROW), Denoiser(blank, ROW)
    assert again.folds.shown == [0, 1, 3, 4, 7, 8]
    for made in (once, again):
        made.fit()
    assert np.array_equal(again.predict(2), blank[2])
    for of_all, of_six in zip(again.folds.shown, range(6), strict=True):
        # Which half a frame falls into is decided among those that are shown.
        assert np.abs(again.predict(of_all) - once.predict(of_six)).max() < 1.0


def test_a_stack_with_every_frame_twice_gains_as_little_as_once():
    noise = np.random.default_rng(0).normal(100, 20, (4, 96, 96)).astype(np.float32)
    gains = []
    for frames in (noise, np.repeat(noise, 2, axis=0)):
        made = Denoiser(frames, np.ones((1, 1), bool))
        made.fit()
        gains.append(made.stage.gain)
    assert max(gains) < 2  # percent; of noise alone there is nothing to be learned


def test_the_ridge_is_crossed_over_frames_that_alternate():
    texture = gaussian_filter(np.random.default_rng(1).normal(size=SHAPE), 1)
    texture *= 3 / texture.std()
    stack = frames(8, 0.0)
    stack[1::2] += texture
    assert error(Denoiser(stack, ROW).linear(1), texture + 100) < 0.8 * texture.var()


@pytest.mark.slow
def test_shared_noise_divides_frames_into_stripes(short):
    stack = frames(3, squares((176, 120)), (176, 120))
    made = Denoiser(stack, ROW, shared_noise=True)
    made.fit()
    assert not made.folds.by_frames
    assert made.predict(2).shape == (176, 120)


def test_small_and_weak_objects_are_lost_first(fitted):
    made, _ = fitted
    found = {(one.size, one.level): one for one in recovered_objects(made, 1.0, shape="spot")}
    assert found[4.0, 10.0].share > found[1.0, 1.0].share + 0.2
    assert found[4.0, 10.0].share > 0.5
    lines = sentences(tuple(found.values()))
    assert len(lines) == 6
    assert lines[0].startswith("Objects 1 x as bright as the noise ")
    shares = [f"{100 * max(0, found[4.0, level].share):.0f} %" for level in (1.0, 3.0, 10.0)]
    assert lines[4] == f"  4 px wide: {', '.join(shares)}"
    few = recovered_objects(made, 1.0, shape="line", sizes=(2.0,), levels=(0.5, 5.0))
    assert [(one.size, one.level) for one in few] == [(2.0, 0.5), (2.0, 5.0)]
    assert sentences(few)[1].endswith("at 0.5, 5 x the noise:")


class MeanAlone:
    """Denoises like one that leaves nothing but the mean of a frame."""

    def __init__(self, frames):
        self.frames = frames
        self.folds = Folds(frames.n_frames, frames.frame_shape, np.ones((1, 1), bool))

    def over(self, frames):
        return MeanAlone(frames)

    def predict(self, frame, task):
        return np.full(self.frames.frame_shape, self.frames.read(frame).mean())


@pytest.mark.parametrize("shape", ["spot", "line", "step"])
def test_nothing_is_kept_of_objects_by_the_mean_of_a_frame(shape):
    made = MeanAlone(ArrayFrames(frames(2, 0.0, (160, 160))))
    assert [one.share for one in recovered_objects(made, 1.0, shape=shape)] == pytest.approx(
        [0] * 12, abs=1e-9
    )


def test_objects_are_put_into_frames_that_are_not_blank():
    stack = np.random.default_rng(0).normal(100, 1, (4, 160, 160))
    shares = []
    for blank in (False, True):
        if blank:
            stack[[0, 3]] = np.nan
        made = Denoiser(stack, None)
        made.fit()
        (found,) = recovered_objects(made, 1.0, sizes=(4.0,), levels=(10.0,))
        shares.append(found.share)
    assert shares[1] == pytest.approx(shares[0], abs=0.15)


def test_what_is_kept_of_spots_is_said_in_a_sentence_first():
    def told(*shares: float) -> str:
        sizes = (1.0, 2.0, 4.0)
        found = zip(sizes, shares, strict=True)
        return sentences(tuple(Recovered("spot", s, 3.0, share, 0, 9) for s, share in found))[0]

    assert told(0.9, 0.8, 0.95) == (
        "Objects 3 x as bright as the noise are kept, 80 % of their height or more."
    )
    assert "keep 80 % of their height or more from 2 px in width; narrower" in told(0.3, 0.8, 0.9)
    assert "fade or vanish: at most 30 %" in told(0.1, 0.3, -0.1)
    assert "are kept in part, 10 to 90 %" in told(0.9, 0.1, 0.2)
    shares = {1.0: 0.28, 3.0: 0.47, 10.0: 0.71, 30.0: 0.9}
    of_all = [Recovered("spot", 4.0, level, share, 0, 9) for level, share in shares.items()]
    assert sentences(tuple(of_all))[0] == (
        "Objects up to 10 x as bright as the noise fade or vanish: at most 71 % of their height is"
        " kept. Objects 30 x as bright as the noise are kept, 90 % of their height or more."
    )


def test_frames_too_small_for_the_test_with_spots():
    made = Denoiser(frames(2, 0, (64, 64)), ROW)
    with pytest.raises(InputError, match="have no room for the test with spots"):
        recovered_objects(made, 1.0)


def test_arrays_that_do_not_vary_are_refused():
    with pytest.raises(InputError, match="does not vary"):
        Denoiser(ArrayFrames(np.ones((2, 80, 80))), ROW).fit()


@pytest.mark.parametrize(
    ("factor", "offset", "said"),
    [
        (1e-3, 1e9, "differ too little"),
        (1e300, 0, "too large"),
        (1e21, 0, "too large"),
        (1e-300, 0, "too small"),
    ],
)
def test_values_that_single_precision_does_not_hold_are_refused(factor, offset, said):
    array = offset + factor * frames(2, 0.0).astype(np.float64)
    with pytest.raises(InputError, match=said):
        Denoiser(array, ROW).fit()


def test_answers_that_are_kept_are_not_predicted_again(fitted):
    made = fitted[0].over(fitted[0].frames)
    answers = np.stack([made.predict(frame) for frame in (0, 1)])
    linear, half = made.linear(0), made.by_half(0, 0)
    made.keep(answers + 1)
    np.testing.assert_array_equal(made.predict(1), answers[1] + 1)
    np.testing.assert_array_equal(made.linear(0), linear)
    np.testing.assert_array_equal(made.by_half(0, 0), half)
    np.testing.assert_array_equal(made.over(made.frames).predict(1), answers[1])
    found = evaluated(made.frames, ArrayFrames(answers), ROW)
    assert found.copied < 0.1
    assert found.noise_left < 0.5


@pytest.mark.slow
def test_every_frame_keeps_its_mean(short, monkeypatch):
    # Unlike frames: one is far brighter than what the other models were fitted to.
    stack = frames(4, np.stack([scale * squares(seed=s) for s, scale in enumerate((1, 3, 1, 1))]))
    stack[2, :9] = np.nan
    made = Denoiser(stack, ROW)
    made.fit()
    assert made.stage.added > 0
    for number in range(4):
        kept = np.isfinite(stack[number])
        expected = stack[number][kept].mean(dtype=np.float64)
        assert made.predict(number)[kept].mean(dtype=np.float64) == pytest.approx(
            expected, abs=0.02
        )
    whole = made.predict(1)
    monkeypatch.setattr(denoiser, "_HELD", 1)
    in_bands = made.predict(1)
    assert np.ptp(whole - in_bands) < 1e-3
    assert abs(np.mean(whole - in_bands)) > 1e-3


@pytest.mark.slow
def test_a_half_that_does_not_vary_is_no_reason_to_refuse(short):
    stack = frames(4, squares())
    stack[1::2] = 100
    made = Denoiser(stack, ROW)
    made.fit()
    assert np.isfinite(made.predict(0)).all()
    np.testing.assert_allclose(made.predict(1), 100, atol=1e-3)
