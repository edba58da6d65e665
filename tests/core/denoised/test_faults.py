"""Faults of an output that no mask explains, each told by its sentence; sound ones have none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter, uniform_filter

from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames
from tests.core.denoised.test_evaluate import evaluated

SHAPE = (160, 192)
MASK = np.ones((1, 13))
CLEAN = cells(SHAPE, seed=4)
CLEAN = (CLEAN - CLEAN.mean()) / CLEAN.std() * 3


def noisy(clean, seed=1):
    noise = NoiseModel(kernels()["row 7"], 0.3)
    return clean + simulate(noise, SHAPE, n_frames=len(clean), seed=seed)


STILL = noisy(np.repeat(CLEAN[None], 4, axis=0))
MOVING_TRUTH = np.stack([np.roll(CLEAN, 3 * i, axis=1) for i in range(4)])
MOVING = noisy(MOVING_TRUTH)
TRUTH = np.repeat(CLEAN[None], 4, axis=0)


def linear(raw):
    kernel = weights(image_covariance(ArrayFrames(raw), 20).values, MASK)
    return np.stack([Preview(frame).predict(kernel) for frame in raw]).astype(float)


def told(output, raw=STILL, *, here=False):
    found = evaluated(ArrayFrames(raw), ArrayFrames(output), MASK, here=here)
    return found.fault, found.sentence, found.advice


def texture(n_frames):
    made = gaussian_filter(np.random.default_rng(3).normal(size=(n_frames, *SHAPE)), (0, 0.8, 0.8))
    return np.sqrt(0.5) * made / made.std()


@pytest.mark.parametrize("output", [TRUTH, linear(STILL), TRUTH + 0.2, 1.08 * TRUTH])
def test_sound_outputs_have_no_fault(output):
    fault, sentence, advice = told(output)
    assert fault is None
    assert advice == "keep"
    assert "Keep this mask." in sentence


@pytest.mark.slow
def test_sound_outputs_of_frames_that_move_have_no_fault():
    for output in (MOVING_TRUTH, linear(MOVING)):
        found = evaluated(ArrayFrames(MOVING), ArrayFrames(output), MASK)
        assert found.fault is None
        assert found.copied < 0.05


@pytest.mark.parametrize("n_frames", [1, 4])
def test_texture_that_was_never_there_is_told(n_frames):
    fault, sentence, advice = told(TRUTH + texture(n_frames))
    assert (fault, advice) == ("invented", "faulty")
    share = int(sentence.split(" worth ")[1].split(" %")[0])
    assert 40 <= share <= 60


@pytest.mark.parametrize(
    ("dy", "dx", "words"), [(0, 1, "1 px right"), (-2, 0, "2 px up"), (1, -1, "1 px down and 1 px")]
)
@pytest.mark.parametrize("output", [TRUTH, linear(STILL)])
def test_a_shift_is_told(output, dy, dx, words):
    fault, sentence, _ = told(np.roll(output, (dy, dx), axis=(1, 2)))
    assert fault == "shift"
    assert words in sentence


def test_another_order_is_told():
    fault, sentence, _ = told(MOVING_TRUTH[::-1], MOVING)
    assert fault == "order"
    assert "raw frame 1 is frame 4" in sentence


@pytest.mark.slow
def test_contrast_and_brightness_are_told():
    fault, sentence, _ = told(0.8 * linear(STILL))
    assert fault == "contrast"
    assert re.search(r"has 0\.(79|80|81) times the contrast", sentence)
    fault, sentence, _ = told(1.25 * TRUTH + 0.7)
    assert fault == "contrast"
    assert "1.25 times the contrast of the raw frames, and its brightness is 0.7" in sentence
    fault, sentence, _ = told(TRUTH - 0.7)
    assert fault == "brightness"
    assert "is 0.7 of the noise's standard deviation below" in sentence


@pytest.mark.slow
def test_means_over_time_are_told():
    fault, sentence, _ = told(np.repeat(STILL.mean(axis=0)[None], 4, axis=0))
    assert fault == "average"
    assert "copies 25 % of the noise" in sentence
    two = (STILL + np.roll(STILL, -1, axis=0)) / 2
    assert told(two)[0] == "average"
    assert told(np.repeat(MOVING_TRUTH.mean(axis=0)[None], 4, axis=0), MOVING)[0] == "average"


@pytest.mark.parametrize("n_frames", [8, 60, 120])
def test_a_running_mean_of_two_frames_is_told(n_frames):
    raw = noisy(np.repeat(CLEAN[None], n_frames + 1, axis=0))
    fault, sentence, _ = told((raw[:-1] + raw[1:]) / 2, raw[:-1])
    assert fault == "average"
    assert "as a mean of two or more frames does" in sentence


def test_few_grey_levels_are_told():
    low, high = TRUTH.min(), TRUTH.max()
    levels = low + np.round((TRUTH - low) / (high - low) * 7) / 7 * (high - low)
    fault, sentence, _ = told(levels)
    assert fault == "few levels"
    assert sentence.startswith("The output has only 8 grey levels")


@pytest.mark.parametrize(
    ("limits", "words"),
    [((-np.inf, 4.0), "exactly 4, where the raw frames lie above"), ((-1.0, np.inf), "lie below")],
)
def test_a_clipped_output_is_told(limits, words):
    fault, sentence, _ = told(np.clip(TRUTH, *limits))
    assert fault == "clipped"
    assert words in sentence


def test_an_output_of_raw_frames_with_the_same_limit_is_not_called_clipped():
    assert told(np.clip(TRUTH, -2, 4), np.clip(STILL, -2, 4))[0] is None


@pytest.mark.parametrize(
    ("where", "share"),
    [((1,), "25 %"), ((3, slice(0, 80)), "12 %"), ((slice(None), slice(4)), "2.5 %")],
)
def test_an_output_without_values_is_told(where, share):
    gone = TRUTH.copy()
    gone[where] = np.nan
    fault, sentence, advice = told(gone)
    assert (fault, advice) == ("missing", "faulty")
    assert sentence.startswith(f"{share} of the output holds no values.")


@pytest.mark.parametrize("where", [(1,), (slice(None), slice(4))])
def test_what_raw_frames_have_no_values_for_is_not_asked_of_the_output(where):
    raw, gone = STILL.copy(), TRUTH.copy()
    raw[where] = gone[where] = np.nan
    assert told(gone, raw)[0] is None


def test_a_mean_of_three_neighbours_copies_though_differences_do_not_show_it():
    raw = noisy(np.repeat(CLEAN[None], 8, axis=0))
    three = (np.roll(raw, 1, axis=0) + raw + np.roll(raw, -1, axis=0)) / 3
    found = evaluated(ArrayFrames(raw), ArrayFrames(three), MASK)
    assert found.fault == "average" or found.copied > 0.2
    assert "Keep this mask" not in found.sentence


@pytest.mark.parametrize("raw", [STILL, MOVING])
@pytest.mark.parametrize("width", [0.8, 2, 4])
def test_a_blur_of_the_raw_frames_is_no_result(raw, width):
    fault, sentence, advice = told(gaussian_filter(raw, (0, width, width)), raw)
    assert (fault, advice) == ("filter", "faulty")
    assert f"a Gaussian blur of sigma {width:.1f} px of the raw frames" in sentence
    assert "Keep this mask" not in sentence


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (uniform_filter(STILL, (0, 5, 5)), "a mean over 25 pixels"),
        (median_filter(STILL, (1, 3, 3)), "a median over 9 pixels"),
        (np.round(100 * gaussian_filter(STILL, (0, 2, 2))) / 100, "sigma 2.0 px"),
    ],
)
def test_filters_are_named(output, words):
    fault, sentence, _ = told(output)
    assert fault == "filter"
    assert words in sentence
    # What the program made itself is no wrong file.
    assert told(output, here=True)[0] != "filter"


def test_a_blurred_result_of_a_network_is_not_taken_for_a_filter_of_the_raw_frames():
    assert told(gaussian_filter(linear(STILL), (0, 1, 1)))[0] is None


@pytest.mark.slow
@pytest.mark.parametrize("raw", [STILL, MOVING])
def test_the_result_of_another_stack_is_told(raw):
    other = np.repeat(cells(SHAPE, seed=9)[None], 4, axis=0)
    other = (other - other.mean()) / other.std() * 3
    for output in (other, linear(raw)[:, ::-1], gaussian_filter(noisy(other, 5), (0, 2, 2))):
        fault, sentence, advice = told(output, raw)
        assert (fault, advice) == ("other frames", "faulty")
        assert "belongs to another stack, channel or region" in sentence
        assert "Keep this mask" not in sentence


@pytest.mark.slow
def test_lines_say_whether_a_loss_is_good_or_bad():
    def loss(output):
        return evaluated(ArrayFrames(STILL), ArrayFrames(output), MASK).lines()[-1]

    assert "Little: a plain linear estimate loses" in loss(TRUTH)
    assert "No better: a plain linear estimate" in loss(linear(STILL)) or "Little" in loss(
        linear(STILL)
    )
    assert "Too much: a plain linear" in loss(gaussian_filter(TRUTH, (0, 9, 9)))


def test_sound_outputs_of_smooth_noise_are_of_these_frames():
    """Such noise has next to no power at most frequencies."""
    rng = np.random.default_rng(4)
    smooth = gaussian_filter(rng.normal(size=TRUTH.shape), (0, 1, 1))
    raw = TRUTH + smooth / smooth.std()
    left = gaussian_filter(rng.normal(size=TRUTH.shape), (0, 1, 1))
    for output in (TRUTH, TRUTH + 0.15 * left / left.std()):
        assert told(output, raw)[0] is None
    assert told(TRUTH[:, ::-1], raw)[0] == "other frames"


def test_a_few_bright_pixels_do_not_make_it_another_stack():
    spots = np.random.default_rng(1).random(STILL[:1].shape) < 0.001
    assert told(TRUTH[:1] / 6 + 3 * spots, STILL[:1] - TRUTH[:1] * 5 / 6)[0] is None


def test_a_blank_output_is_told():
    fault, sentence, _ = told(np.full_like(TRUTH, TRUTH.mean()))
    assert fault == "blank"
    assert sentence.startswith("The output is blank, but the raw frames show more than noise.")


@pytest.mark.parametrize("raw", [STILL, STILL[:1]], ids=["still", "one frame"])
@pytest.mark.parametrize(
    ("pattern", "period"),
    [
        (np.sin(2 * np.pi * np.arange(SHAPE[1]) / 4), "every 4 pixels"),
        ((-1.0) ** np.indices(SHAPE).sum(axis=0), "every 2 pixels"),
    ],
    ids=["stripes", "chessboard"],
)
def test_a_pattern_that_a_network_stamped_on_is_told(raw, pattern, period):
    fault, sentence, _ = told(TRUTH[: len(raw)] + 0.5 * pattern, raw)
    assert fault == "invented"
    assert f"a regular pattern, {period}, that is not in the raw frames" in sentence


def test_a_regular_sample_was_not_stamped_on():
    grating = np.repeat(np.sin(2 * np.pi * np.arange(SHAPE[1]) / 4)[None, None], 4, axis=0)
    clean = np.broadcast_to(2 * grating, TRUTH.shape)
    assert told(clean, clean + np.random.default_rng(0).normal(size=clean.shape))[0] is None


def test_spots_that_were_never_there_are_told():
    rng = np.random.default_rng(5)
    spots = np.zeros(SHAPE)
    spots[rng.integers(10, 150, 12), rng.integers(10, 180, 12)] = 1
    spots = gaussian_filter(spots, 1.5)
    invented = TRUTH + 5 * spots / spots.max()
    fault, sentence, _ = told(invented)
    assert fault == "invented"
    assert "spots that are not in the raw frames" in sentence
    # Where the sample has them, they are none.
    assert told(invented, STILL + 5 * spots / spots.max())[0] is None
