"""Z-stacks over several times: neighbouring frames are one plane at two times, not two planes."""

import numpy as np
import pytest

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK
from structmask_gui.core.quality.still_scene import StillScene
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.derived import (
    DifferenceFrames,
    LevelFrames,
    SubtractedFrames,
    stored_places,
)
from structmask_gui.core.stack.fill import filled_part, without_fill
from structmask_gui.core.stack.frames import (
    ArrayFrames,
    ChosenFrames,
    CutFrames,
    FrameRange,
    Region,
    apart,
    disjoint,
    neighbours,
    runs_by_plane,
    runs_of,
)
from structmask_gui.core.stack.patches import Plan
from structmask_gui.core.stack.registration import relate_frames
from structmask_gui.core.stack.scaled import ScaledFrames
from structmask_gui.core.statistical.patterns import find_lasting, successions
from tests.core.denoised.test_evaluate import evaluated

SHAPE = (96, 96)
N_PLANES = 3
AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


class OverTimes(ArrayFrames):
    """An array of shape (times, planes, y, x), as a file of axes TZYX is read."""

    def __init__(self, array):
        n_times, n_planes, *shape = np.shape(array)
        super().__init__(np.reshape(array, (n_times * n_planes, *shape)), "tz.tif")
        self.runs = runs_by_plane(np.arange(self.n_frames) % n_planes)


def recorded(n_times=8, n_planes=N_PLANES, kernel="row 7", seed=0):
    """Return planes that share half of what they show, with noise, shape (times, planes, y, x)."""
    common, *own = (cells(SHAPE, seed=50 + number, n_cells=15) for number in range(n_planes + 1))
    pictures = [common + one for one in own]
    model = NoiseModel(kernels()[kernel], 0.3, sigma=10.0)
    made = [
        simulate(model, SHAPE, n_frames=n_times, picture=picture, strength=5.0, seed=seed + plane)
        for plane, picture in enumerate(pictures)
    ]
    return 500 + np.stack(made, axis=1)


STACK = OverTimes(recorded())
RUNS = [range(0, 24, 3), range(1, 24, 3), range(2, 24, 3)]


def flat(array):
    return ArrayFrames(array.reshape(-1, *array.shape[2:]), "tz.tif")


@pytest.mark.parametrize(
    ("planes", "runs"),
    [
        ([], []),
        ([0, 0, 0], [range(3)]),
        ([0, 1, 0, 1, 0], [range(0, 5, 2), range(1, 4, 2)]),
        # Begun amid the planes of a time.
        ([2, 0, 1, 2, 0], [range(0, 4, 3), range(1, 5, 3), range(2, 3)]),
        # Two positions of a stage, one after the other.
        (
            [0, 1, 0, 1, 2, 3, 2, 3],
            [range(0, 3, 2), range(1, 4, 2), range(4, 7, 2), range(5, 8, 2)],
        ),
        # Taken at unequal distances.
        ([0, 1, 0, 1, 1, 0, 0], [range(0, 3, 2), range(1, 4, 2), range(4, 5), range(5, 7)]),
        # A single time, and hardly more.
        ([0, 1, 2, 3], [range(4)]),
        ([0, 1, 2, 3, 0], [range(5)]),
    ],
)
def test_frames_of_a_plane_follow_one_another(planes, runs):
    assert runs_by_plane(planes) == runs


@pytest.mark.parametrize(
    "frames",
    [
        STACK,
        ScaledFrames(STACK, 1),
        SubtractedFrames(STACK, ArrayFrames(np.zeros(SHAPE))),
        LevelFrames(STACK, True, False),
        CutFrames(STACK, Region(10, 70, 0, 96)),
        ChosenFrames([STACK]),
        ChosenFrames([ChosenFrames([STACK])], FrameRange(0, 24)),
    ],
)
def test_frames_made_of_them_keep_the_runs(frames):
    assert runs_of(frames) == RUNS
    assert apart(frames) == 3
    assert neighbours(frames)[:2] == [(0, 3), (3, 6)]
    assert disjoint(frames)[:5] == [(0, 3), (6, 9), (12, 15), (18, 21), (1, 4)]


def test_frames_without_fill_keep_the_runs():
    array = recorded()
    array[..., :20, :30] = 0
    frames = without_fill(OverTimes(array))
    assert filled_part(frames) is not None
    assert runs_of(frames) == RUNS


@pytest.mark.parametrize(
    ("chosen", "runs"),
    [
        (FrameRange(4, 12), [range(0, 7, 3), range(1, 8, 3), range(2, 6, 3)]),
        # Every second frame: the planes in turn, at every second time each.
        (FrameRange(0, 24, 2), [range(0, 12, 3), range(1, 12, 3), range(2, 12, 3)]),
        (FrameRange(1, 24, 3), [range(8)]),
        # One time alone, or hardly more, is a z-stack as any other.
        (FrameRange(6, 9), [range(3)]),
        (FrameRange(6, 10), [range(4)]),
        ([0, 1, 3, 4, 9], [range(0, 5, 2), range(1, 4, 2)]),
    ],
)
def test_chosen_frames_keep_their_planes_apart(chosen, runs):
    assert ChosenFrames([STACK], chosen).runs == runs


def test_several_files_of_planes_over_times_are_kept_apart():
    other = OverTimes(recorded(2))
    runs = [*RUNS, range(24, 28, 3), range(25, 29, 3), range(26, 30, 3)]
    assert ChosenFrames([STACK, other]).runs == runs
    assert ChosenFrames([flat(recorded(2)), other]).runs == [
        range(6),
        *(range(run.start - 18, run.stop - 18, 3) for run in runs[3:]),
    ]


def test_differences_are_those_of_one_plane():
    frames = OverTimes(recorded(3))
    assert [(r.first, r.step) for r in relate_frames(frames)] == [(0, 3), (1, 3), (2, 3)]
    differences = DifferenceFrames(frames)
    members = [group.members for group in differences.groups]
    assert members == [(0, 3), (0, 3, 6), (1, 4), (1, 4, 7), (2, 5), (2, 5, 8)]
    values = np.stack([differences.read(number) for number in range(6)])
    assert values.std() == pytest.approx(10, rel=0.1)
    plan = Plan((8, 8), np.array([(number, 0, 0) for number in range(6)]))
    assert stored_places(plan, differences)[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_comparisons_stay_within_a_plane():
    seen = []

    def read(number):
        seen.append(number)
        return STACK.read(number).astype(float)

    lasting = find_lasting(read, successions(RUNS[1:2], 3), NO_TASK)
    assert lasting is not None
    assert not lasting.shared
    assert {number % 3 for number in seen} == {1}
    # Pictures that differ would leave no pixel to compare.
    scene = StillScene(STACK, 4)
    assert scene.pixels > 0.9 * 3 * 3 * 96 * 96


@pytest.mark.parametrize("n_times", [2, 3, 8])
def test_the_mask_is_that_of_the_noise(n_times):
    array = recorded(n_times, n_planes=10 if n_times < 8 else N_PLANES)
    found = extract_recording(OverTimes(array), AUTOMATIC)
    assert found.measurement.correlation.base == "difference"
    assert np.array_equal(found.mask.cropped().array, np.ones((1, 13)))
    assert answer(found).certainty in ("likely", "sure")
    assert found.measurement.correlation.lags.variance == pytest.approx(100, rel=0.1)
    if n_times == 8:
        # From plane to plane, differences hold the sample.
        across = extract_recording(flat(array), AUTOMATIC)
        assert not np.array_equal(across.mask.cropped().array, np.ones((1, 13)))


def test_copies_of_a_time_are_told():
    array = np.repeat(recorded(1), 3, axis=0)
    found = extract_recording(OverTimes(array), AUTOMATIC)
    assert "6 of 9 frames repeat an earlier one" in answer(found).advice
    assert found.mask == extract_recording(array[0], AUTOMATIC).mask
    # One plane alone that was not recorded anew is left out.
    array = recorded(6)
    array[1::2, 0] = array[::2, 0]
    found = extract_recording(OverTimes(array), AUTOMATIC)
    assert "3 of 18 frames repeat an earlier one" in answer(found).advice
    assert np.array_equal(found.mask.cropped().array, np.ones((1, 13)))


def test_noise_that_lasts_over_times_is_told_of_times():
    array = recorded(9, kernel="white")
    mean = array.mean(axis=0)
    averaged = mean + (array[1:] - mean + array[:-1] - mean) / np.sqrt(2)
    found = extract_recording(OverTimes(averaged), AUTOMATIC)
    assert "shared_frames" in found.verdict.flags
    for text in (found.verdict.text, answer(found).advice):
        assert "Frames of neighbouring times share noise" in text
        assert "train frame by frame" in text
        assert "plane" not in text


def test_channels_in_turn_are_told_of_times():
    array = recorded(12)
    assert "alternating" not in extract_recording(OverTimes(array), AUTOMATIC).verdict.flags
    array[1::2] *= 2
    found = extract_recording(OverTimes(array), AUTOMATIC)
    assert "alternating" in found.verdict.flags
    assert "Every second time is another image" in found.verdict.text
    told = answer(found)
    assert told.advice.startswith("Every second time is another image")
    assert "measure_every_second" not in told.actions  # other frames than every second one


def test_an_output_that_averages_times_is_told():
    array = recorded(6, kernel="white")
    averaged = array.copy()
    averaged[1:] = (array[1:] + array[:-1]) / 2
    found = evaluated(OverTimes(array), flat(averaged), np.ones((1, 1)))
    assert found.fault == "average"
