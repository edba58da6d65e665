"""Frames that repeat an earlier one, and blank ones, are found and left out, in few readings."""

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames, Recording, runs_of
from structmask_gui.core.stack.left_out import find_left_out, kept_frames

NOISE = np.random.default_rng(0).poisson(5, (9, 40, 48)).astype(np.uint16)
AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def recorded(n_frames=6):
    model = NoiseModel(kernels()["row 7"], 0.3, sigma=10.0)
    return 500 + simulate(
        model, (96, 96), n_frames=n_frames, picture=cells((96, 96)), strength=5.0, seed=3
    )


@pytest.mark.parametrize(
    ("order", "repeated"),
    [
        ([0, 1, 2, 3, 4], None),
        ([0, 1, 1, 2, 3], (2,)),
        ([0, 1, 1, 1, 2], (2, 3)),
        ([0, 0, 1, 1, 2, 2], (1, 3, 5)),
        ([0, 1, 0, 2], None),
        ([0, 0], (1,)),
        ([0], None),
    ],
)
def test_frames_equal_to_the_one_before_are_found(order, repeated):
    found = find_left_out(ArrayFrames(NOISE[order]))
    assert (found and found.repeats) == repeated
    kept = kept_frames(ArrayFrames(NOISE[order]), found)
    assert kept.n_frames == len(order) - len(repeated or ())


@pytest.mark.parametrize("value", [0, 5, np.nan])
@pytest.mark.parametrize("blank", [(0,), (3, 4), (2, 6, 8)])
def test_blank_frames_are_found(blank, value):
    frames = NOISE.astype(np.float32)
    frames[list(blank)] = value
    found = find_left_out(ArrayFrames(frames))
    assert (found.blank, found.repeats) == (blank, ())
    assert kept_frames(ArrayFrames(frames), found).n_frames == 9 - len(blank)


def test_blank_frames_between_repeats_are_told_from_them():
    frames = NOISE[[0, 1, 1, 2, 2, 3]].copy()
    frames[3] = 0
    found = find_left_out(ArrayFrames(frames))
    assert (found.blank, found.repeats, found.kept) == ((3,), (2,), [0, 1, 4, 5])


def test_large_frames_of_which_only_the_middle_is_blank_are_kept():
    frames = np.random.default_rng(0).integers(0, 99, (4, 600, 560)).astype(np.uint8)
    frames[:, 40:560, 20:540] = 255
    assert find_left_out(ArrayFrames(frames)) is None


def test_where_all_frames_are_blank_and_of_frames_alike_in_a_row_none_is_left_out():
    assert find_left_out(ArrayFrames(np.zeros((4, 40, 48)))) is None
    alike = NOISE.copy()
    alike[:, 18:22] = 0
    assert find_left_out(ArrayFrames(alike)) is None
    missing = NOISE[[0, 0, 1]].astype(float)
    missing[:, 5] = np.nan
    assert find_left_out(ArrayFrames(missing)).repeats == (1,)


@pytest.mark.parametrize("first", [0, 1])
def test_of_a_long_stack_little_is_read(first):
    class Counted(ArrayFrames):
        rows = 0

        def read(self, frame, y0=0, y1=None):
            part = super().read(frame, y0, y1)
            self.rows += len(part)
            return part

    order = np.arange(2000) % 9
    long = Counted(NOISE[order])
    assert find_left_out(long) is None
    assert long.rows <= 5 * 32
    pairs = np.concatenate([np.arange(first), np.arange(1000).repeat(2) % 9])
    assert len(find_left_out(ArrayFrames(NOISE[pairs])).repeats) >= 1000


def test_the_runs_of_what_is_left_end_where_files_do():
    both = ChosenFrames([ArrayFrames(NOISE[[0, 1, 1, 2]]), ArrayFrames(NOISE[[3, 4, 5, 5]])])
    left = kept_frames(both, find_left_out(both))
    assert runs_of(left) == [range(3), range(3, 6)]


@pytest.mark.parametrize("order", [[0, 1, 2, 2, 3, 4, 5], np.arange(6).repeat(2)])
def test_a_stack_is_measured_as_without_its_repeats(order):
    frames = recorded()
    plain, found = (extract_recording(values, AUTOMATIC) for values in (frames, frames[order]))
    assert answer(found).lines[:2] == answer(plain).lines[:2]
    assert set(found.verdict.flags) == {*plain.verdict.flags, "repeated_frames"}
    n, of = len(order) - len(frames), len(order)
    said = f"{n} of {of} frames repeat an earlier one; they were left out."
    if n == 1:
        said = f"1 of {of} frames repeats an earlier one; it was left out."
    assert answer(found).advice == f"{answer(plain).advice} {said}"
    assert said in found.verdict.text
    # Patches are placed on the frames as they were given.
    places = found.measurement.sampling.places[:, 0]
    assert set(np.asarray(order)[places]) == {0, 2, 4}
    assert places.max() > 4
    again = found.update(AUTOMATIC.changed(rho_min=0.1))
    assert "repeated_frames" in again.verdict.flags


@pytest.mark.parametrize("blank", [(2,), (0, 7), (3, 6)])
def test_a_stack_is_measured_as_without_its_blank_frames(blank):
    frames = recorded(8 - len(blank))
    kept = sorted(set(range(8)) - set(blank))
    whole = np.zeros((8, *frames.shape[1:]), frames.dtype)
    whole[kept] = frames
    plain, found = (extract_recording(values, AUTOMATIC) for values in (frames, whole))
    assert answer(found).lines[:2] == answer(plain).lines[:2]
    said = f"{len(blank)} of 8 frames are blank; they were left out."
    if len(blank) == 1:
        said = "1 of 8 frames is blank; it was left out."
    assert answer(found).advice == f"{answer(plain).advice} {said}"
    assert said in found.verdict.text
    assert not set(found.measurement.sampling.places[:, 0]) & set(blank)


def test_frames_that_are_all_equal_are_one():
    frames = recorded(1)
    plain = extract_recording(frames, AUTOMATIC)
    found = extract_recording(np.repeat(frames, 3, axis=0), AUTOMATIC)
    assert answer(found).lines[:2] == answer(plain).lines[:2]
    assert "2 of 3 frames repeat an earlier one; they were left out." in answer(found).advice
    with pytest.raises(InputError, match="equal to each other"):
        extract_recording(np.repeat(frames, 3, axis=0), AUTOMATIC.changed(source="difference"))


def test_what_is_subtracted_from_each_is_left_out_with_it():
    frames, order = recorded(4), [0, 1, 1, 2, 3]
    still = np.arange(5)[:, None, None] + frames.mean(axis=0)
    asked = AUTOMATIC.changed(source="subtract")
    of = [
        extract_recording(Recording(ArrayFrames(one), subtract=ArrayFrames(still[kept])), asked)
        for one, kept in ((frames, [0, 1, 3, 4]), (frames[order], np.arange(5)))
    ]
    assert of[0].mask == of[1].mask
    assert set(of[1].verdict.flags) == {*of[0].verdict.flags, "repeated_frames"}


def test_where_dark_frames_are_measured_nothing_is_said_of_the_others():
    dark = ArrayFrames(recorded(6))
    twice = ArrayFrames(recorded(3).repeat(2, axis=0))
    found = extract_recording(Recording(twice, dark=dark), AUTOMATIC)
    assert "repeated_frames" not in found.verdict.flags
    assert found.measurement.sampling.places[:, 0].max() == 5
