"""Frames of noise made from frames: differences, residuals, and how frames relate."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from structmask_gui.core.errors import InputError
from structmask_gui.core.extraction.extraction import extract_array
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.simulation import NoiseModel, cells, fixed_columns, kernels, simulate
from structmask_gui.core.stack import derived
from structmask_gui.core.stack.derived import (
    DifferenceFrames,
    EvenFrames,
    SubtractedFrames,
    fourier_shift,
)
from structmask_gui.core.stack.frames import (
    ArrayFrames,
    ChosenFrames,
    FrameRange,
    WrappedFrames,
    runs_of,
)
from structmask_gui.core.stack.registration import PairRelation, relate, relate_frames
from structmask_gui.core.stack.scaled import ScaledFrames
from structmask_gui.core.statistical.patterns import find_lasting

PICTURE = 300 * gaussian_filter(np.random.default_rng(0).normal(size=(180, 180)), 3)


def whole(frames):
    return np.stack([frames.read(number) for number in range(frames.n_frames)])


@pytest.mark.parametrize(("count", "expected"), [(2, 1), (3, 2), (6, 3), (7, 4)])
def test_differences_keep_the_variance_and_use_no_frame_twice(count, expected):
    model = NoiseModel(kernels()["row 7"], sigma=5.0)
    picture = cells((128, 128))
    frames = simulate(model, (128, 128), n_frames=count, picture=picture, strength=3.0, seed=1)
    differences = DifferenceFrames(ArrayFrames(frames))
    values = whole(differences)
    assert len(values) == expected
    assert values.std() == pytest.approx(5.0, rel=0.1)
    used = [set(group.members) for group in differences.groups]
    assert set().union(*used) == set(range(count))
    for group in differences.groups:
        assert np.sum(np.square(group.weights)) == pytest.approx(1)
        assert abs(np.sum(group.weights)) < 0.1
    if count == 3:
        # The second contrast shares frames with the first, but no noise.
        assert abs(np.corrcoef(values[0].ravel(), values[1].ravel())[0, 1]) < 0.03


def test_differences_follow_a_moving_and_bleaching_scene():
    picture = PICTURE - PICTURE.min()
    moved = shift(picture, (0.4, -0.5), order=5)[20:-20, 20:-20]
    noise = np.random.default_rng(1).normal(size=(2, 140, 140))
    frames = np.stack([picture[20:-20, 20:-20], 0.9 * moved]) + noise
    (relation,) = relate_frames(ArrayFrames(frames))
    assert relation.still
    assert relation.moved
    assert relation.shift == pytest.approx((0.4, -0.5), abs=0.05)
    assert relation.gain == pytest.approx(0.9, abs=0.02)
    assert relation.brightness == pytest.approx(0.9, abs=0.02)
    difference = DifferenceFrames(ArrayFrames(frames)).read(0)[4:-4, 4:-4]
    assert difference.std() == pytest.approx(1.0, rel=0.05)
    plain = (frames[0] - frames[1])[4:-4, 4:-4] / np.sqrt(2)
    assert plain.std() > 3


def test_moved_differences_are_made_once_as_far_as_memory_is_set_aside(monkeypatch):
    frames = np.random.default_rng(0).normal(size=(8, 40, 50))
    relations = [PairRelation(first, 1.0, 0.01, 1.0, 1.0, (0.5, 0.0), 0.01) for first in range(7)]
    made = []

    def counted(values, *args, **keywords):
        made.append(values)
        return fourier_shift(values, *args, **keywords)

    monkeypatch.setattr(derived, "fourier_shift", counted)
    counts = []
    for kept in (4, 3, 0):
        monkeypatch.setattr(derived, "_KEPT_BYTES", kept * 40 * 50 * 4)
        differences = DifferenceFrames(ArrayFrames(frames), relations)
        made.clear()
        read = [whole(differences), whole(differences)]
        np.testing.assert_array_equal(*read)
        counts.append(len(made) // 2)
        np.testing.assert_array_equal(differences.read(3, 5, 9), read[0][3, 5:9])
        assert len(made) // 2 == counts[-1]
    assert counts == [4, 6, 8]


def test_unlike_fields_and_pure_noise_are_not_still():
    one, other = PICTURE[:120, :120], PICTURE[60:, 60:]
    assert not relate(0, one, other).still
    noise = np.random.default_rng(3).normal(size=(2, 120, 120))
    assert not relate(0, *noise).still
    assert relate(0, one, one + noise[0]).still
    assert not relate(0, one, one + noise[0]).moved


def test_fixed_columns_cancel_in_differences():
    model = NoiseModel(fixed_columns(), 0.3)
    frames = simulate(model, (96, 96), n_frames=4, seed=2)
    values = whole(DifferenceFrames(ArrayFrames(frames)))
    assert values.std() == pytest.approx(np.sqrt(0.3), rel=0.05)
    assert values.mean(axis=1).std() < 0.1


def test_fourier_shift_moves_right_and_keeps_noise():
    noise = np.random.default_rng(4).normal(size=(200, 200))
    moved = fourier_shift(noise, 0.5, 0.25)[8:-8, 8:-8]
    assert moved.std() == pytest.approx(1.0, rel=0.02)
    neighbours = (moved[:, 1:] * moved[:, :-1]).mean()
    assert abs(neighbours) < 0.03
    whole_pixels = fourier_shift(PICTURE, 2, -3)
    assert np.allclose(whole_pixels[20:-20, 20:-20], PICTURE[18:-22, 23:-17], atol=0.05)


def test_subtracted_frames():
    frames = np.arange(2 * 20 * 30, dtype=np.uint16).reshape(2, 20, 30)
    once = SubtractedFrames(ArrayFrames(frames), ArrayFrames(frames[0]))
    assert np.allclose(whole(once), [np.zeros((20, 30)), np.full((20, 30), 600.0)])
    each = SubtractedFrames(ArrayFrames(frames), ArrayFrames(frames))
    assert not whole(each).any()
    assert np.allclose(once.read(1, 3, 7), 600.0)
    with pytest.raises(InputError, match="same size"):
        SubtractedFrames(ArrayFrames(frames), ArrayFrames(frames[:, :10]))
    with pytest.raises(InputError, match="as many"):
        SubtractedFrames(ArrayFrames(frames), ArrayFrames(np.zeros((3, 20, 30))))


def test_one_frame_has_no_difference():
    with pytest.raises(InputError, match="one frame"):
        DifferenceFrames(ArrayFrames(np.zeros((20, 20))))


@pytest.mark.parametrize("shape", [(2, 16, 16), (3, 16, 40)])
def test_the_smallest_frames_are_compared(shape):
    frames = np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)
    parameters = Parameters.checked(method="statistical", source="automatic", patch_size=16)
    assert not extract_array(frames, parameters).mask.array.sum() > 1


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 4, 60), (2, 3, 3)])
def test_frames_too_small_to_be_measured_are_a_sentence(shape):
    frames = np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)
    with pytest.raises(InputError, match="too small to measure"):
        extract_array(frames, Parameters.checked(method="statistical", source="automatic"))


def test_differences_over_the_noise_that_their_brightness_predicts_are_alike():
    rng = np.random.default_rng(6)
    light = 20 + 30 * (PICTURE - PICTURE.min()) / PICTURE.std()
    frames = ArrayFrames(5 + 3.0 * rng.poisson(light, (6, *light.shape)))
    plain = DifferenceFrames(frames)
    even = whole(EvenFrames(plain, frames))
    dark, bright = light < np.quantile(light, 0.1), light > np.quantile(light, 0.9)
    differences = whole(plain)
    assert differences[:, bright].std() > 1.3 * differences[:, dark].std()
    assert even[:, bright].std() == pytest.approx(even[:, dark].std(), rel=0.05)
    assert even.std() == pytest.approx(1, rel=0.05)


def bright_spots():
    """Return the light of five bright spots on next to none, in photons."""
    y, x = np.mgrid[:128, :128]
    places = np.random.default_rng(7).uniform(15, 113, (5, 2))
    return 0.2 + sum(150 * np.exp(-((y - v) ** 2 + (x - u) ** 2) / 18) for v, u in places)


def test_differences_of_few_photons_are_alike_where_it_is_dark_and_bright():
    light = bright_spots()
    frames = ArrayFrames(np.random.default_rng(6).poisson(light, (6, *light.shape)))
    even = whole(EvenFrames(DifferenceFrames(frames), frames))
    for part in (light < 0.21, light > 5):
        assert even[:, part].std() == pytest.approx(1, rel=0.25)


def test_noise_of_photons_at_bright_places_is_no_shift():
    light = bright_spots()
    rng = np.random.default_rng(8)
    pairs = [relate(0, *rng.poisson(light, (2, *light.shape)).astype(float)) for _ in range(20)]
    assert not any(pair.moved for pair in pairs)
    spread = np.sqrt(np.mean([np.square(pair.shift).mean() for pair in pairs]))
    assert 0.4 < spread / np.median([pair.shift_error for pair in pairs]) < 1.6


def test_differences_of_frames_that_hardly_change_stay_finite():
    # Most pixels are alike in all frames.
    frames = np.full((4, 64, 64), 100.0, dtype=np.float32)
    frames[:, 20:24, 20:24] += np.random.default_rng(0).normal(0, 5, (4, 4, 4))
    stored = ArrayFrames(frames)
    even = whole(EvenFrames(DifferenceFrames(stored, []), stored))
    np.testing.assert_allclose(even.std(), 1, rtol=0.5)


def files_of(*lengths):
    """Return files of so many frames, each of a scene of its own."""
    files = []
    for number, length in enumerate(lengths):
        scene = simulate(
            NoiseModel(kernels()["row 5"], 0.3, sigma=10.0),
            (96, 96),
            n_frames=length,
            picture=cells((96, 96), seed=number, n_cells=20),
            strength=6.0,
            seed=number,
        )
        files.append(ArrayFrames(scene, f"file {number}"))
    return files


def in_one_row(*lengths):
    return ChosenFrames(files_of(*lengths))


def test_frames_of_two_files_are_no_neighbours():
    frames = in_one_row(3, 1, 1, 2, 1, 5)
    assert runs_of(frames) == [range(3), range(3, 5), range(5, 7), range(7, 8), range(8, 13)]
    assert runs_of(ScaledFrames(frames, 1)) == runs_of(frames)
    assert runs_of(ChosenFrames([frames, frames], FrameRange(0, 3))) == [range(3)]
    pairs = [(0, 1), (3, 4), (5, 6), (8, 9), (10, 11)]
    assert [relation.first for relation in relate_frames(frames)] == [first for first, _ in pairs]
    differences = DifferenceFrames(frames, [])
    members = [group.members for group in differences.groups]
    assert members == [(0, 1), (0, 1, 2), *pairs[1:], (10, 11, 12)]
    assert runs_of(differences) == [range(7)]


def test_the_scenes_of_several_files_do_not_get_into_their_differences():
    found = extract_array(
        in_one_row(3, 3, 3, 3),
        Parameters.checked(method="statistical", source="difference", mask_choice="significant"),
    )
    y, x = np.nonzero(found.mask.array)
    assert set(y) == {found.mask.array.shape[0] // 2}
    assert len(x) == 9


def test_comparisons_of_a_still_scene_stay_within_a_file():
    seen = []

    class Watched(WrappedFrames):
        def read(self, frame, y0=0, y1=None):
            seen.append(frame)
            return self._frames.read(frame, y0, y1)

    both = StillScene(in_one_row(5, 5), 4)
    one, other = (StillScene(ChosenFrames([file]), 4) for file in files_of(5, 5))
    assert both.pixels == one.pixels + other.pixels
    lasting = find_lasting(Watched(in_one_row(2, 4)).read, [range(2), range(2, 6)], NO_TASK)
    assert lasting is not None
    assert set(seen) == {2, 3, 4, 5}
    assert find_lasting(Watched(in_one_row(2, 2)).read, [range(2), range(2, 4)], NO_TASK) is None


@pytest.mark.parametrize("lag", [0.0, 0.3])
def test_unlike_fields_of_unlike_detail_share_only_noise_that_lasts(lag):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(3, 128, 128))
    for number in range(1, 3):
        noise[number] = lag * noise[number - 1] + np.sqrt(1 - lag**2) * noise[number]
    spots = gaussian_filter((rng.random(noise.shape) > 0.99).astype(float), (0, 1, 1))
    detail = np.array([1.0, 0.2, 1.0])[:, None, None] * 2 * spots / spots.std()
    frames = noise + (detail if lag == 0 else 0)
    found = find_lasting(frames.__getitem__, [range(3)], NO_TASK, still=False)
    assert found is not None
    assert found.shared == (lag > 0)
    if lag == 0:
        # A still scene would be in all of them.
        assert find_lasting(frames.__getitem__, [range(3)], NO_TASK).shared


@pytest.mark.parametrize("shared", [True, False])
def test_small_frames_are_still_if_all_pairs_together_say_so(shared):
    rng = np.random.default_rng(5)
    scenes = [gaussian_filter(rng.normal(size=(30, 40)), 2) for _ in range(20)]
    scenes = [scenes[0]] * 20 if shared else scenes
    frames = np.stack(scenes) * 10 + rng.normal(size=(20, 30, 40))
    relations = relate_frames(ArrayFrames(frames))
    assert np.mean([one.still for one in relations]) == pytest.approx(float(shared), abs=0.2)
