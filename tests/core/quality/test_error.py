import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import InputError, ParameterError
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import (
    estimated_error,
    ranked,
    score_mask,
    weights,
    with_room,
)
from structmask_gui.core.quality.prediction import hidden_by, square_lags
from structmask_gui.core.quality.preview import Preview, residual_correlation
from structmask_gui.core.quality.training import training_cost
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames


def decaying(reach, factor=0.9, white=0.5):
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    values = factor ** (np.abs(y) + np.abs(x)).astype(float)
    values[reach, reach] += white
    return values


def test_the_weights_of_a_markov_row_stop_at_its_neighbours():
    # Of a correlation f^|dx| only the nearest pixel on each side counts, with f / (1 + f^2).
    noise = np.zeros((9, 9))
    noise[4] = 0.5 ** np.abs(np.arange(-4, 5))
    kernel = weights(noise, None, 2)
    expected = np.zeros((5, 5))
    expected[2, 1] = expected[2, 3] = 0.5 / 1.25
    np.testing.assert_allclose(kernel, expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_hidden_lags_have_no_weight_and_the_others_solve_the_normal_equations(seed):
    image = decaying(6)
    mask = np.random.default_rng(seed).random((5, 5)) < 0.4
    mask[2, 2] = True
    kernel = weights(image, mask, 3)
    lags = square_lags(3)
    hidden = hidden_by(mask, lags)
    assert not kernel[3 + lags[hidden, 0], 3 + lags[hidden, 1]].any()
    assert kernel[3, 3] == 0
    seen = lags[~hidden]
    # The residual is not correlated with any visible neighbour.
    for lag in seen:
        left = image[6 + lag[0], 6 + lag[1]] - sum(
            kernel[3 + y, 3 + x] * image[6 + lag[0] - y, 6 + lag[1] - x] for y, x in seen
        )
        assert abs(left) < 1e-4


def test_noise_measured_too_strong_is_lowered_to_what_frames_have_room_for():
    row = np.zeros((13, 13))
    row[6, 5:8] = 0.3, 1, 0.3
    structure = 0.02 * decaying(6, white=0)
    image = row + structure
    assert with_room(row, image, 3) is row
    lowered = with_room(1.05 * row, image, 3)
    np.testing.assert_allclose(lowered / row[6, 6], row * (lowered[6, 6] / row[6, 6]))
    assert 1 < lowered[6, 6] < 1.04
    masks = {"row": np.ones((1, 3)), "block": np.ones((5, 5))}
    kernels = {name: weights(image, mask > 0, 3) for name, mask in masks.items()}

    def errors(noise):
        return {name: estimated_error(noise, image, one).total for name, one in kernels.items()}

    assert errors(row)["row"] < errors(row)["block"]
    assert errors(1.05 * row)["row"] > errors(1.05 * row)["block"]
    assert errors(lowered)["row"] < errors(lowered)["block"]
    # By so much no level is wrong: the noise has another shape.
    assert with_room(1.3 * row, image, 3)[6, 6] == 1.3


def test_a_weight_belongs_to_the_pixel_at_its_lag():
    frame = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    kernel = np.zeros((5, 7))
    kernel[2 - 1, 3 + 2] = 1.0  # one row up, two columns to the right
    predicted = Preview(frame, 3).predict(kernel)
    np.testing.assert_allclose(predicted[5:-5, 5:-5], frame[4:-6, 7:-3], atol=1e-4)


def test_an_asymmetric_mask_hides_the_side_it_names():
    # Each pixel copies its right neighbour's noise; a mask that hides the right must not see it.
    frame = np.random.default_rng(1).normal(size=(60, 60))
    frame = frame + 0.9 * np.roll(frame, 1, axis=1)
    image = image_covariance(ArrayFrames(frame), 6).values
    left_only = weights(image, [[0, 1, 1]], 3)
    assert left_only[3, 4] == 0
    assert abs(left_only[3, 2]) > 0.1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 40), st.integers(12, 40))
def test_inside_the_prediction_is_the_sum_over_the_neighbours(seed, height, width):
    random = np.random.default_rng(seed)
    frame, kernel = random.normal(size=(height, width)), random.normal(size=(5, 5))
    predicted = Preview(frame, 2).predict(kernel)
    mean = frame.mean()
    y, x = random.integers(2, height - 2), random.integers(2, width - 2)
    window = frame[y - 2 : y + 3, x - 2 : x + 3] - mean
    assert predicted[y, x] == pytest.approx((kernel * window).sum() + mean, abs=1e-3)


def test_no_pixel_sees_itself_not_even_at_the_border():
    image = decaying(20)
    kernel = weights(image, [[1, 1, 1]], 10)
    frame = np.zeros((48, 48))
    plain = Preview(frame).predict(kernel)
    for place in [(0, 0), (0, 20), (1, 1), (20, 47), (3, 3), (24, 24)]:
        poked = frame.copy()
        poked[place] = 1.0
        change = (Preview(poked).predict(kernel) - plain)[place]
        assert abs(change) < 0.03


def test_the_border_is_predicted_not_much_worse_than_the_middle():
    model = NoiseModel(kernels()["row 7"], 0.3)
    picture = cells((128, 128))
    frame = simulate(model, (128, 128), picture=picture, strength=2.0)[0]
    clean = (picture - picture.mean()) / picture.std() * 2
    kernel = weights(image_covariance(ArrayFrames(frame), 20).values, np.ones((1, 13)))
    error = (Preview(frame).predict(kernel) - clean) ** 2
    border = np.ones_like(error, dtype=bool)
    border[10:-10, 10:-10] = False
    assert error[border].mean() < 3 * error[~border].mean()
    assert error[border].mean() < 0.25


def test_a_constant_and_a_ramp_come_through():
    image = decaying(20, 0.97, 0.05)
    kernel = weights(image, None)
    np.testing.assert_allclose(Preview(np.full((30, 30), 7.0)).predict(kernel), 7.0, atol=1e-4)


def test_pixels_that_are_not_finite_are_left_out():
    frame = np.random.default_rng(0).normal(100, 1, size=(40, 40))
    frame[10, 10], frame[11, 30] = np.nan, np.inf
    preview = Preview(frame)
    predicted = preview.predict(weights(decaying(20), None))
    assert np.isfinite(predicted).all()
    assert abs(predicted - 100).max() < 5
    residual = preview.residual(predicted)
    assert np.isnan(residual[10, 10])
    assert np.isfinite(residual_correlation(residual)).all()


def test_the_error_of_a_mean_of_two_pixels_is_hand_worked():
    # K takes half of each neighbour in the row. Noise: white, variance 2. Picture: 0.8^|dx| in a
    # row. Noise left: 2 * (1/4 + 1/4) = 1, half the noise variance. Picture lost:
    # 1 + (1/4 + 1/4) + 2 * (1/4) * 0.64 - 2 * (1/2 + 1/2) * 0.8 = 0.22.
    noise, picture = np.zeros((3, 9)), np.zeros((3, 9))
    noise[1, 4] = 2
    picture[1] = 0.8 ** np.abs(np.arange(-4, 5))
    error = estimated_error(noise, noise + picture, [[0.5, 0, 0.5]])
    assert error.noise_left == pytest.approx(0.5)
    assert error.detail_lost == pytest.approx(0.22 / 2)
    assert error.total == pytest.approx(0.61)


def test_the_estimate_is_the_true_error_where_the_covariances_are_true():
    model = NoiseModel(kernels()["row 5"], 0.3)
    frames = simulate(model, (256, 256), n_frames=2, picture=cells((256, 256)), strength=1.0)
    clean = cells((256, 256))
    clean = (clean - clean.mean()) / clean.std()
    image = image_covariance(ArrayFrames(frames), 20).values
    kernel = weights(image, np.ones((1, 9)))
    estimate = estimated_error(model.correlation(20), image, kernel).total
    true = np.mean([(Preview(frame).predict(kernel) - clean) ** 2 for frame in frames])
    assert estimate == pytest.approx(true, rel=0.2)


def test_masks_are_ranked_with_near_ties():
    model = NoiseModel(kernels()["row 7"], 0.3)
    noise = model.correlation(20)
    y, x = np.mgrid[-20:21, -20:21]
    image = noise + 2 * np.exp(-(y**2 + x**2) / (2 * 6.0**2))
    masks = {
        "bare": None,
        "row 5": np.ones((1, 5)),
        "row 13": np.ones((1, 13)),
        "row 15": np.ones((1, 15)),
        "column": np.ones((13, 1)),
    }
    found = ranked({label: score_mask(noise, image, mask) for label, mask in masks.items()})
    assert [item.label for item in found[:2]] == ["row 13", "row 15"]
    assert {item.label: item.rank for item in found} == {
        "row 13": 1,
        "row 15": 1,
        "row 5": 3,
        "bare": 4,
        "column": 4,
    }
    assert {item.label for item in found if item.near_tie} == set(masks) - {"row 5"}
    assert found[0].pixels == 13
    assert [item.expected - item.error.total for item in found] == [0] * 5  # none is large
    block = score_mask(noise, image, np.ones((7, 7)))
    assert block.expected == block.error.total + training_cost(49, block.error.total)
    assert block.training > 0


def test_the_residual_of_white_noise_is_white_and_stripes_show():
    random = np.random.default_rng(0)
    white = residual_correlation(random.normal(size=(128, 128)))
    assert white[10, 10] == pytest.approx(1)
    white[10, 10] = 0
    assert np.abs(white).max() < 0.05
    stripes = residual_correlation(random.normal(size=(128, 1)) + np.zeros((128, 128)))
    assert stripes[10].min() > 0.9
    assert np.abs(np.delete(stripes, 10, axis=0)).max() < 0.4
    flat = residual_correlation(np.zeros((30, 30)), 3)
    assert flat.sum() == flat[3, 3] == 1


def test_bad_arguments_are_answered_by_a_sentence():
    with pytest.raises(InputError, match="2-D"):
        Preview(np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match="finite"):
        Preview(np.full((5, 5), np.nan))
    with pytest.raises(InputError, match="made for 2"):
        Preview(np.zeros((9, 9)), 2).predict(np.zeros((7, 7)))
    with pytest.raises(ParameterError, match="measured up to"):
        weights(decaying(5), None, 3)
    with pytest.raises(InputError, match="end at"):
        estimated_error(decaying(2), decaying(2), np.zeros((5, 5)))
