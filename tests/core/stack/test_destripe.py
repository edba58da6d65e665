import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.quality.covariance import noise_covariance
from structmask_gui.core.quality.radius_curve import copied_curve
from structmask_gui.core.simulation import NoiseModel, cells, row_offsets, simulate
from structmask_gui.core.stack.destripe import Destriping, destriped, line_offsets
from structmask_gui.core.stack.frames import ArrayFrames, CutFrames, Region


def test_a_single_raised_row_is_found_and_the_slow_part_stays():
    frame = np.add.outer(np.linspace(0, 50, 101), np.zeros(40))
    frame[50] += 2.0
    offsets = line_offsets(frame, "rows")
    assert offsets[50] == pytest.approx(2 * 8 / 9)
    assert np.abs(np.delete(offsets, 50)[8:-8]).max() == pytest.approx(2 / 9)
    np.testing.assert_allclose(destriped(frame, "rows").mean(), frame.mean(), atol=0.01)


def test_destriping_brings_noise_under_a_picture_down_and_ends_the_line():
    picture = cells((256, 256))
    frames = simulate(
        NoiseModel(row_offsets(), 0.9), (256, 256), n_frames=2, picture=picture, strength=2.0
    )
    clean = (picture - picture.mean()) / picture.std() * 2
    for lines in ("rows", "columns"):
        stack = frames if lines == "rows" else frames.swapaxes(1, 2)
        truth = clean if lines == "rows" else clean.T
        raw = ArrayFrames(stack)
        better = ArrayFrames(np.stack([destriped(frame, lines) for frame in stack]))
        assert np.mean((better.read(0) - truth) ** 2) < 0.95 * np.mean((stack[0] - truth) ** 2)
        reach = (20, 96) if lines == "rows" else (96, 20)
        before = copied_curve(noise_covariance(raw, reach).values, None)
        after = copied_curve(noise_covariance(better, reach).values, None)
        assert (before.spans, after.spans) == (True, False)
        assert before.axis == lines


def test_pixels_that_are_not_finite_are_left_out():
    frame = np.zeros((30, 10))
    frame[5] = 3
    frame[5, 2], frame[7] = np.nan, np.nan
    offsets = line_offsets(frame, "rows")
    assert offsets[7] == 0
    assert offsets[5] > 2
    assert np.isfinite(offsets).all()


def test_a_bar_of_writing_is_left_out_and_stays():
    rng = np.random.default_rng(0)
    frame = (120 + 5 * rng.normal(size=(1, 90, 80)) + 8 * rng.normal(size=(1, 90, 1))).round()
    alone = Destriping(ArrayFrames(frame[:, :70].copy()), "rows").frame(0)
    frame[0, 70:] = 0
    for x in range(10, 70, 8):
        frame[0, 76:84, x] = frame[0, 83, x : x + 5] = 255
    found = Destriping(ArrayFrames(frame), "rows").frame(0)
    np.testing.assert_array_equal(found[70:], frame[0, 70:])
    # At its edge the mean is of fewer lines.
    np.testing.assert_allclose(found[:61], alone[:61], atol=1e-4)
    assert np.abs(found[:70] - alone).max() < 4


def test_marks_of_missing_pixels_stay():
    frame = np.random.default_rng(0).normal(100, 5, (1, 64, 64)).astype(np.float32)
    frame[0, 20, 30] = -3.4e38
    found = Destriping(ArrayFrames(frame), "rows").frame(0)
    assert found[20, 30] == frame[0, 20, 30]
    assert np.isfinite(found).all()


def test_a_region_of_destriped_frames_is_known_as_such():
    stack = ArrayFrames(np.random.default_rng(0).normal(size=(2, 60, 50)))
    stack.destriped = "rows"
    part = CutFrames(stack, Region(5, 55, 0, 50))
    assert noise_covariance(part, 4).destriped == noise_covariance(stack, 4).destriped == "rows"


def test_an_array_without_lines_is_answered_by_a_sentence():
    with pytest.raises(InputError, match="2-D"):
        line_offsets(np.zeros(5), "rows")


def test_constant_rows_beside_an_image_do_not_spoil_its_offsets():
    frame = np.zeros((128, 128))
    frame[20:] = np.random.default_rng(0).normal(100, 5, (108, 128))
    assert np.abs(line_offsets(frame, "rows")[40:]).max() < 3


def banded(n_frames=8, seed=0):
    """Return cells, and these under slow bands along the rows and noise, a new phase each frame."""
    rng = np.random.default_rng(seed)
    clean = cells((160, 192))
    clean = np.repeat(3 * (clean - clean.mean())[None] / clean.std(), n_frames, axis=0)
    phases = rng.uniform(0, 2 * np.pi, (n_frames, 1, 1))
    bands = np.sin(2 * np.pi * np.arange(160)[:, None] / 19.4 + phases)
    return clean, clean + bands, rng.normal(size=clean.shape)


def error(found, truth):
    return float(
        np.mean(
            [
                (one - one.mean() - two + two.mean()).var()
                for one, two in zip(found, truth, strict=True)
            ]
        )
    )


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_slow_bands_go_where_the_sample_lies_still(lines):
    clean, striped, noise = banded()
    turn = (0, 1, 2) if lines == "rows" else (0, 2, 1)
    frames = ArrayFrames((striped + noise).transpose(turn))
    without = Destriping(frames, lines)
    found = [without.frame(number) for number in range(8)]
    beside = [destriped(frame, lines) for frame in frames.read(slice(None))]
    truth = (clean + noise).transpose(turn)
    assert error(beside, truth) > 0.2
    # A mean over so many frames holds an eighth of their variance.
    assert error(found, truth) < 0.5 / 8 + 0.04


def test_offsets_are_told_by_the_lines_beside_where_the_sample_moves():
    _, striped, noise = banded()
    moving = np.stack([np.roll(frame, 9 * at, axis=1) for at, frame in enumerate(striped)]) + noise
    without = Destriping(ArrayFrames(moving), "rows")
    np.testing.assert_array_equal(without.frame(3), destriped(moving[3], "rows"))


def test_two_frames_are_not_told_apart():
    _, striped, noise = banded(2)
    frames = striped + noise
    np.testing.assert_array_equal(
        Destriping(ArrayFrames(frames), "rows").frame(1), destriped(frames[1], "rows")
    )
