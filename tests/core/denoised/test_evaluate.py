import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.denoised.advice import Findings, advise
from structmask_gui.core.denoised.evaluate import evaluate
from structmask_gui.core.errors import Cancelled, InputError
from structmask_gui.core.progress import NO_TASK, Task
from structmask_gui.core.quality.assessment import basis
from structmask_gui.core.quality.covariance import given_covariance, image_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.quality.suggest import suggest
from structmask_gui.core.simulation import NoiseModel, cells, kernels, row_offsets, simulate
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames
from structmask_gui.core.statistical.estimate import SEES

SHAPE = (256, 256)


def evaluated(raw, denoised, mask, *, source=None, **given):
    """Compare as `evaluate`, where the noise of the raw frames is measured unless it is given."""
    if "measured" not in given:
        given["measured"] = basis(without_fill(raw), source=source)
    return evaluate(raw, denoised, mask, **given)


def denoised(frames, mask):
    kernel = weights(image_covariance(ArrayFrames(frames), 20).values, mask)
    return np.stack([Preview(frame).predict(kernel) for frame in frames])


@pytest.fixture(scope="module")
def rows():
    return simulate(
        NoiseModel(kernels()["row 7"], 0.3), SHAPE, n_frames=3, picture=cells(SHAPE), strength=1.5
    )


@pytest.mark.parametrize("source", ["difference", "flat"])
@pytest.mark.slow
def test_a_bare_centre_copies_and_a_larger_mask_is_advised(rows, source):
    found = evaluated(ArrayFrames(rows), ArrayFrames(denoised(rows, None)), None, source=source)
    assert found.copied == pytest.approx(0.54, abs=0.04)
    assert found.expected == pytest.approx(0.54, abs=0.04)
    assert found.noise_left == pytest.approx(0.54, abs=0.06)
    assert found.advice == "larger"
    assert found.next_mask.shape == (1, 13)
    assert "13 pixels" in found.sentence
    # The stripes left over show along the row.
    assert found.output_correlation[10, 11] > 0.8
    assert abs(found.output_correlation[11, 10]) < 0.2


@pytest.mark.parametrize("source", ["difference", "flat"])
def test_the_true_mask_is_kept(rows, source):
    mask = np.ones((1, 13))
    found = evaluated(ArrayFrames(rows), ArrayFrames(denoised(rows, mask)), mask, source=source)
    assert found.advice == "keep"
    assert found.next_mask is None
    assert found.copied < (0.01 if source == "difference" else 0.1)
    assert found.noise_left < 0.15
    assert found.residual_correlation[10, 11] > 0.5


@pytest.mark.slow
def test_one_output_of_several_raw_files_is_compared_in_the_pairs_of_each(rows):
    other = rows[::-1, ::-1]  # another scene
    raw = ChosenFrames([ArrayFrames(rows), ArrayFrames(other)])
    outputs = [ArrayFrames(denoised(frames, None)) for frames in (rows, other)]
    one = ArrayFrames(np.concatenate([stack.read(slice(None)) for stack in outputs]))
    measured = basis(ArrayFrames(rows), source="difference")
    found = [
        evaluated(raw, stack, None, measured=measured) for stack in (ChosenFrames(outputs), one)
    ]
    assert found[0].copied == found[1].copied
    assert found[0].noise_left == found[1].noise_left


def test_repeated_frames_change_nothing(rows):
    mask = np.ones((1, 13))
    out, measured = denoised(rows, mask), basis(ArrayFrames(rows))
    once = evaluate(ArrayFrames(rows), ArrayFrames(out), mask, measured=measured)
    twice = (ArrayFrames(np.repeat(stack, 2, axis=0)) for stack in (rows, out))
    again = evaluate(*twice, mask, measured=measured)
    assert again.sentence == once.sentence
    assert again.copied == pytest.approx(once.copied, abs=0.02)


def test_blank_frames_change_nothing(rows):
    mask = np.ones((1, 13))
    out, measured = denoised(rows, mask), basis(ArrayFrames(rows))
    once = evaluate(ArrayFrames(rows), ArrayFrames(out), mask, measured=measured)
    with_blank = [np.insert(stack, (1, 1, 3), 0, axis=0) for stack in (rows, out)]
    again = evaluate(*map(ArrayFrames, with_blank), mask, measured=measured)
    assert again.sentence == once.sentence
    assert again.copied == pytest.approx(once.copied, abs=0.02)


def test_detail_lost_is_measured_within_each_raw_file():
    white = NoiseModel(kernels()["white"], 0.3)
    frames = simulate(white, SHAPE, n_frames=2, picture=cells(SHAPE), strength=3)
    files = [ArrayFrames(frames), ArrayFrames(frames[:, ::-1, ::-1])]
    output = gaussian_filter(frames, (0, 3, 3))
    both = ArrayFrames(np.concatenate([output, output[:, ::-1, ::-1]]))
    measured = basis(files[0])
    alone = evaluated(files[0], ArrayFrames(output), None, measured=measured)
    found = evaluated(ChosenFrames(files), both, None, measured=measured)
    assert found.lost == pytest.approx(alone.lost)
    assert found.detail.share == pytest.approx(alone.detail.share)


def test_lost_detail_is_measured_and_a_smaller_mask_advised(rows):
    mask = np.ones((15, 15))
    clean = cells(SHAPE)
    clean = (clean - clean.mean()) / clean.std() * 1.5
    coarse = gaussian_filter(clean, 20)
    output = np.repeat((rows.mean() + coarse)[None], 3, axis=0)
    found = evaluated(ArrayFrames(rows), ArrayFrames(output), mask)
    assert found.lost == pytest.approx((clean - coarse).var(), rel=0.02)
    assert found.advice == "smaller"
    assert found.next_mask.statistics.true_pixels < 225


def test_noise_over_the_whole_row_asks_for_the_offsets_first():
    frames = simulate(
        NoiseModel(row_offsets(), 0.8), SHAPE, n_frames=3, picture=cells(SHAPE), strength=1.0
    )
    found = evaluated(ArrayFrames(frames), ArrayFrames(denoised(frames, [[1, 1, 1]])), [[1, 1, 1]])
    assert found.advice == "offsets first"
    assert "row offsets first" in found.sentence


@pytest.mark.slow
def test_an_output_that_copies_what_the_mask_hides_cannot_be_explained(rows):
    found = evaluated(ArrayFrames(rows), ArrayFrames(denoised(rows, None)), np.ones((1, 15)))
    assert found.advice == "cannot tell"
    # As the texts for the trainers, which allow the flips of a row.
    allowed = "no flips or rotations but those that leave the mask unchanged."
    assert found.sentence.endswith(f"used this mask and these frames, and {allowed}")
    square = evaluated(ArrayFrames(rows), ArrayFrames(denoised(rows, None)), np.ones((15, 15)))
    assert "flips" not in square.sentence


def test_stacks_that_do_not_fit_are_refused(rows):
    raw = ArrayFrames(rows, "raw.tif")
    with pytest.raises(InputError, match=r"out\.tif has 2 frames of 256 x 256 pixels"):
        evaluated(raw, ArrayFrames(rows[:2], "out.tif"), None)
    with pytest.raises(InputError, match="grey levels"):
        evaluated(raw, ArrayFrames(rows * 10, "out.tif"), None)
    with pytest.raises(InputError, match="finite"):
        evaluated(raw, ArrayFrames(rows * np.nan, "out.tif"), None)
    with pytest.raises(Cancelled):
        evaluated(raw, ArrayFrames(rows * 0.9), None, task=Task(cancelled=lambda: True))


@pytest.fixture(scope="module")
def faint():
    """Return noise so strong, along rows, that all of the picture's detail is little of it."""
    return simulate(
        NoiseModel(kernels()["row 7"], 0.1), SHAPE, n_frames=5, picture=cells(SHAPE), strength=0.5
    )


@pytest.mark.slow
@pytest.mark.parametrize("source", ["difference", "flat"])
def test_a_blurred_output_lost_detail_however_strong_the_noise_is(rows, source):
    mask = np.ones((1, 13))
    output = np.stack([gaussian_filter(frame, (6, 7)) for frame in rows.astype(float)])
    found = evaluated(ArrayFrames(rows), ArrayFrames(output), mask, source=source)
    assert found.detail.blurred
    assert found.detail.share > 1.5 * found.detail.linear
    assert "blurred" in found.sentence
    assert found.advice != "keep"


@pytest.mark.slow
def test_a_loss_that_is_little_of_the_noise_is_seen(faint):
    mask = np.ones((1, 13))
    output = np.stack([gaussian_filter(frame, (6, 12)) for frame in faint.astype(float)])
    found = evaluated(ArrayFrames(faint), ArrayFrames(output), mask)
    assert found.lost < 0.2
    assert found.advice == "blurred"
    assert found.sentence.startswith("Detail was lost; the output is blurred.")


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [1, 2, 6])
def test_no_blur_passes_for_a_good_output(rows, sigma):
    output = np.stack([gaussian_filter(frame, sigma) for frame in rows.astype(float)])
    found = evaluated(ArrayFrames(rows), ArrayFrames(output), np.ones((1, 13)))
    assert "Keep this mask" not in found.sentence


@pytest.mark.slow
def test_the_mean_of_many_frames_and_the_linear_prediction_are_kept():
    frames = simulate(
        NoiseModel(kernels()["row 7"], 0.3), SHAPE, n_frames=40, picture=cells(SHAPE), strength=1.5
    ).astype(float)
    mask, few = np.ones((1, 13)), frames[:3]
    mean = np.repeat(frames.mean(axis=0)[np.newaxis], 3, axis=0)
    for output in (mean, denoised(few, mask)):
        found = evaluated(ArrayFrames(few), ArrayFrames(output), mask)
        assert not found.detail.blurred
        assert found.sentence.endswith("Keep this mask.")


def test_one_frame_and_the_raw_stack_itself_are_refused_in_words(rows):
    raw = ArrayFrames(rows, "raw.tif")
    mean = ArrayFrames(rows.mean(axis=0)[np.newaxis], "mean.tif")
    with pytest.raises(InputError, match=r"mean\.tif has 1 frame of 256 x 256 pixels.*every frame"):
        evaluated(raw, mean, None)
    with pytest.raises(InputError, match=r"same\.tif: this is the raw stack"):
        evaluated(raw, ArrayFrames(rows.copy(), "same.tif"), None)


@pytest.mark.slow
def test_a_bare_centre_to_try_next_is_named():
    white = simulate(
        NoiseModel(kernels()["white"], 1.0), SHAPE, n_frames=3, picture=cells(SHAPE), strength=4
    )
    mask = np.ones((13, 13))
    found = evaluated(ArrayFrames(white), ArrayFrames(denoised(white, mask)), mask)
    assert found.advice == "smaller"
    assert found.next_mask.statistics.true_pixels == 1
    assert "Try plain Noise2Void, without a mask, instead of 169 pixels: the " in found.sentence


@pytest.mark.parametrize("source", ["difference", "flat"])
def test_a_doubted_basis_comes_first_and_advises_nothing(rows, source):
    raw, copied = ArrayFrames(rows), ArrayFrames(denoised(rows, None))
    doubted = basis(raw, source=source, trusted=False)
    found = evaluated(raw, copied, np.ones((1, 15)), measured=doubted)
    assert found.sentence.startswith("No fault was found in order, place, contrast and brightness")
    assert "noise and structure could not be separated" in found.sentence
    assert "Check that" not in found.sentence
    assert (found.advice, found.next_mask, found.trusted) == ("cannot tell", None, False)
    # What cannot be told has no figures.
    assert [line.split(":")[0] for line in found.lines()] == ["Share of the detail that is lost"]
    assert "should be" not in " ".join(found.lines())
    assert found.where.endswith("; it may be structure.")


@pytest.mark.parametrize(("height", "blank"), [(0.1, True), (1, False)])
def test_an_almost_blank_output_of_a_doubted_frame_is_told(height, blank):
    # What the noise leaves visible of a slow wave, in standard deviations of the noise.
    wave = height * np.sin(np.arange(128) / 8) * np.ones((128, 1))
    raw = ArrayFrames((wave + np.random.default_rng(0).normal(size=wave.shape))[np.newaxis])
    doubted = basis(raw, source="flat", trusted=False)
    found = evaluated(raw, ArrayFrames(wave[np.newaxis]), np.ones((3, 3)), measured=doubted)
    assert ("almost blank" in found.sentence) == blank


def test_a_doubted_result_still_says_how_much_detail_was_lost(rows):
    output = np.stack([gaussian_filter(frame, (6, 4)) for frame in rows.astype(float)])
    raw = ArrayFrames(rows)
    doubted = basis(raw, trusted=False)
    found = evaluated(raw, ArrayFrames(output), np.ones((1, 13)), measured=doubted)
    assert found.detail.blurred
    assert f"It lost {100 * found.detail.share:.0f} % of the detail" in found.sentence


@pytest.mark.slow
@pytest.mark.parametrize("source", ["difference", "flat"])
def test_a_small_offset_changes_no_figure(rows, source):
    output = denoised(rows, None)
    found, moved = (
        evaluated(ArrayFrames(rows), ArrayFrames(output + offset), None, source=source)
        for offset in (0, 0.1)
    )
    assert moved.lines() == found.lines()
    assert moved.sentence == found.sentence


@pytest.mark.slow
def test_where_the_noise_was_measured_and_looked_at_is_named(rows):
    raw, output = ArrayFrames(rows), ArrayFrames(denoised(rows, None))
    assert evaluated(raw, output, None).where == "Noise measured in frame differences."
    assert evaluated(raw, output, None, source="flat").where == "Noise measured in flat patches."
    measured = basis(raw).noise
    fine = given_covariance(measured.correlation, measured.variance, SEES["spectrum"])
    assert evaluated(raw, output, None, measured=basis(raw, noise=fine)).where == (
        f"Noise measured in {SEES['spectrum']}. The output was compared in flat patches."
    )
    flattest = given_covariance(measured.correlation, measured.variance, SEES["flat"])
    assert evaluated(raw, output, None, measured=basis(raw, noise=flattest)).where == (
        f"Noise measured in {SEES['flat']}."
    )


@pytest.mark.slow
def test_only_differences_are_told_that_something_may_move(rows):
    copied = ArrayFrames(denoised(rows, None))
    mask = np.ones((1, 15))
    assert "moves" in evaluated(ArrayFrames(rows), copied, mask, source="difference").sentence
    assert "moves" not in evaluated(ArrayFrames(rows), copied, mask, source="flat").sentence


@pytest.mark.slow
def test_a_blur_as_lossy_as_the_linear_prediction_is_not_praised():
    grains = gaussian_filter(np.random.default_rng(2).standard_normal(SHAPE), 2)
    frames = simulate(
        NoiseModel(kernels()["white"], 1.0), SHAPE, n_frames=5, picture=grains, strength=0.35
    )
    blurred = np.stack([gaussian_filter(frame, (2, 2.5)) for frame in frames.astype(float)])
    found = evaluated(ArrayFrames(frames), ArrayFrames(blurred), None)
    assert not found.detail.blurred
    assert found.detail.like_linear
    assert "Stay without a mask. But" in found.sentence
    assert "detail worth" not in found.sentence
    assert "a network should do better. Train longer" in found.sentence
    ours = evaluated(ArrayFrames(frames), ArrayFrames(blurred), None, here=True)
    assert "a network may keep more. Denoise more frames together" in ours.sentence
    assert "longer" not in ours.sentence


def test_where_harm_was_expected_no_mask_is_praised():
    """The answer before says so; the judge has no other voice."""
    found = Findings("difference", 0.01, 0.01, 0.05, None, 2.8)
    for mask, kept in ((np.ones((1, 1), bool), "Stay without"), (np.ones((1, 3), bool), "Keep")):
        advice, _, sentence = advise(None, mask, found, NO_TASK)
        assert advice == "keep"
        assert f"Likely. {kept}" in sentence
        assert "compare the result with the raw frames" in sentence


def test_in_noise_alone_no_detail_is_found():
    frames = simulate(NoiseModel(kernels()["white"], 1.0), SHAPE, n_frames=4, seed=3)
    blurred = np.stack([gaussian_filter(frame, (3, 4)) for frame in frames.astype(float)])
    found = evaluated(ArrayFrames(frames), ArrayFrames(blurred), None, source="flat")
    assert found.detail is None
    assert found.sentence.endswith("Blur cannot be assessed: the noise hides the detail.")


@pytest.mark.slow
def test_a_blur_of_unlike_single_frames_is_seen():
    fields = [cells(SHAPE, seed=seed) for seed in range(6)]
    frames = np.concatenate(
        [
            simulate(NoiseModel(kernels()["white"], 1.0), SHAPE, picture=one, strength=2, seed=seed)
            for seed, one in enumerate(fields)
        ]
    )
    blurred = np.stack([gaussian_filter(frame, (4, 5)) for frame in frames.astype(float)])
    found = evaluated(ArrayFrames(frames), ArrayFrames(blurred), None, source="flat")
    assert found.detail.blurred
    assert "Keep this mask" not in found.sentence


@pytest.mark.slow
def test_the_next_mask_is_as_good_as_the_one_suggested_before_the_training():
    shape = (200, 200)
    frames = simulate(
        NoiseModel(kernels()["isotropic"], 0.3),
        shape,
        n_frames=5,
        picture=cells(shape),
        strength=1,
        seed=2,
    )
    raw, output = ArrayFrames(frames), ArrayFrames(denoised(frames, None))
    measured = basis(raw)
    noise, image = measured.noise, measured.image.values
    found = evaluated(raw, output, None, measured=measured)
    assert found.advice == "larger"
    panel = suggest(noise.values, image, pixels=noise.pixels, still=measured.still).mask
    errors = [measured.score(mask).expected for mask in (found.next_mask, panel, None)]
    assert errors[0] <= 1.05 * errors[1] < 0.3 * errors[2]
    # Where nothing was measured before, the frames are compared here.
    assert evaluated(raw, output, None).next_mask == found.next_mask


@pytest.mark.slow
def test_a_block_for_diagonal_noise_is_answered_with_the_diagonal():
    frames = simulate(
        NoiseModel(kernels()["diagonal"], 0.3), SHAPE, n_frames=3, picture=cells(SHAPE), strength=4
    )
    mask = np.ones((7, 7))
    found = evaluated(ArrayFrames(frames), ArrayFrames(denoised(frames, mask)), mask)
    assert found.advice == "smaller"
    assert found.next_mask.statistics.true_pixels == 13
    assert np.trace(found.next_mask.array) == 13


def test_the_error_of_the_lost_share_is_its_spread():
    picture = cells((160, 192), seed=3)
    clean = (picture - picture.mean()) / picture.std()
    output = ArrayFrames(np.repeat(gaussian_filter(clean, 1.5)[None], 4, axis=0))
    white, found = NoiseModel(kernels()["white"], 1.0), []
    for seed in range(10):
        frames = simulate(white, clean.shape, n_frames=4, picture=picture, strength=1, seed=seed)
        result = evaluated(ArrayFrames(frames), output, None)
        found.append((result.detail.share, result.detail.error))
    shares, errors = np.array(found).T
    assert 0.4 < np.median(errors) / shares.std() < 2.5
    told = f"{100 * shares[-1]:.0f} ± {100 * errors[-1]:.0f} %"
    assert f"Share of the detail that is lost: {told}" in " ".join(result.lines())
