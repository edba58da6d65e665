"""Hot pixels are found and replaced; spots, lines, edges and photons are none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from structmask_gui.core.denoising.denoiser import Denoiser
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.assessment import assess
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.fill import without_fill
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames, FrameRange, every_nth
from structmask_gui.core.stack.hot_pixels import find_hot_pixels, without_hot_pixels, without_rays

SHAPE = (128, 128)
AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def recorded(n_frames=6, kernel="row 7", picture=None):
    model = NoiseModel(kernels()[kernel], 0.3, sigma=10.0)
    picture = cells(SHAPE) if picture is None else picture
    made = simulate(model, SHAPE, n_frames=n_frames, picture=picture, strength=3.0, seed=3)
    return (500 + made).astype(np.float32)


def places(count, seed=0):
    flat = np.random.default_rng(seed).choice(SHAPE[0] * SHAPE[1], count, replace=False)
    return np.stack(np.divmod(np.sort(flat), SHAPE[1]), axis=1)


def with_hot(frames, hot, value):
    frames = frames.copy()
    frames[:, hot[:, 0], hot[:, 1]] += value
    return frames


@pytest.mark.parametrize("value", [150, -150, 3500])
@pytest.mark.parametrize("count", [1, 40])
def test_hot_and_dead_pixels_are_found(value, count):
    hot = places(count)
    found = find_hot_pixels(ArrayFrames(with_hot(recorded(), hot, value)))
    assert np.array_equal(found, hot)


def test_those_of_unlike_strengths_are_found():
    hot, draw = places(60), np.random.default_rng(2)
    strengths = np.exp(draw.normal(5.0, 1.0, 60))
    found = {
        tuple(one) for one in find_hot_pixels(ArrayFrames(with_hot(recorded(), hot, strengths)))
    }
    assert found <= {tuple(one) for one in hot}
    assert found >= {tuple(one) for one in hot[strengths > 200]}


@pytest.mark.parametrize("place", [(0, 0), (0, 60), (127, 127), (64, 0), (1, 126)])
def test_those_at_the_border_and_side_by_side_are_found(place):
    frames = with_hot(recorded(), np.array([place]), 900)
    assert find_hot_pixels(ArrayFrames(frames)).tolist() == [list(place)]
    some = np.array([(9, 9), (20, 90), (40, 50), (40, 51), (60, 70), (80, 20), (99, 30), (110, 80)])
    assert find_hot_pixels(ArrayFrames(with_hot(recorded(), some, 900))).tolist() == some.tolist()


@pytest.mark.parametrize("value", [0, np.nan])
@pytest.mark.parametrize("number", [0, 3, 5])
def test_those_beside_a_blank_frame_are_found(number, value):
    hot = places(12)
    frames = with_hot(recorded(), hot, 900)
    frames[number] = value
    assert np.array_equal(find_hot_pixels(ArrayFrames(frames)), hot)
    assert Denoiser(frames, None).n_hot == 12


@pytest.mark.parametrize("first", [0, 1023, 1024, 1025])
def test_large_frames_are_looked_at_in_bands(first):
    noise = np.random.default_rng(0).normal(100, 5, (4, 1100, 1024)).astype(np.float32)
    noise[:, [first, 1099], [7, 500]] = 400
    assert find_hot_pixels(ArrayFrames(noise)).tolist() == [[first, 7], [1099, 500]]


def spots(width):
    picture = np.zeros(SHAPE)
    picture[tuple(places(60, 5).T)] = 1.0
    return gaussian_filter(picture, width) / gaussian_filter(picture, width).max()


def points(width):
    """Return beads anywhere between pixels, which are far larger than they are."""
    draw, at = np.random.default_rng(3), np.arange(SHAPE[0] + 1) - 0.5
    picture = np.zeros(SHAPE)
    for y, x in draw.uniform(4, SHAPE[0] - 5, (60, 2)):
        down, across = (np.diff(ndtr((at - place) / width)) for place in (y, x))
        picture += draw.uniform(0.5, 1) * np.outer(down, across)
    return picture


def lines():
    picture = np.zeros(SHAPE)
    picture[::17], picture[:, 5::23] = 1.0, 0.7
    return picture


@pytest.mark.parametrize(
    "what",
    ["spots", "points", "tiny", "lines", "bad phase", "steps", "speckle", "new", "photons", "two"],
)
def test_what_else_stands_out_is_no_hot_pixel(what):
    rng = np.random.default_rng(1)
    frames = recorded()
    if what == "spots":  # as narrow as optics draw them on pixels that sample them well
        frames = 100 + 900 * spots(0.85) + rng.normal(0, 10, (6, *SHAPE))
    elif what in ("points", "tiny"):
        width = 0.45 if what == "points" else 0.25
        frames = 100 + 900 * points(width) + rng.normal(0, 10, (6, *SHAPE))
    elif what == "bad phase":  # every second line of a scan begins too late
        frames[:, 20:60:2, :2] += 400
    elif what == "lines":
        frames = 100 + 900 * lines() + rng.normal(0, 10, (6, *SHAPE))
    elif what == "steps":
        frames[:, 30:, 70:] += 800
    elif what == "speckle":  # static, of a laser
        waves = rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE)
        frames = 200 * np.abs(waves) ** 2 + rng.normal(0, 10, (6, *SHAPE))
    elif what == "new":  # in every frame others, as of cosmic rays
        for number, frame in enumerate(frames):
            frame[tuple(places(40, number).T)] += 2000
    elif what == "photons":
        frames = rng.poisson(0.02, (4, *SHAPE)).astype(np.uint16)
    else:
        frames = with_hot(frames, places(20), 900)[:2]
    assert not len(find_hot_pixels(ArrayFrames(frames)))


def test_where_many_pixels_stand_out_it_is_the_picture():
    assert not len(find_hot_pixels(ArrayFrames(with_hot(recorded(), places(400), 900))))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_each_is_replaced_by_what_is_around_it(dtype):
    frames = recorded().astype(dtype)
    hot = np.array([(0, 0), (40, 50), (40, 51), (127, 3)])
    clean = without_hot_pixels(ArrayFrames(with_hot(frames, hot, 2000).astype(dtype)), hot)
    assert clean.dtype == dtype
    for y, x in hot:
        around = frames[2, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        assert around.min() <= clean.read(2)[y, x] <= around.max()
    elsewhere = np.ones(SHAPE, bool)
    elsewhere[tuple(hot.T)] = False
    assert np.array_equal(clean.read(2)[elsewhere], frames[2][elsewhere])
    whole = clean.read(3)
    for rows in ((0, 1), (39, 41), (40, 41), (41, 60), (120, None)):
        assert np.array_equal(clean.read(3, *rows), whole[slice(*rows)])
    assert without_hot_pixels(clean, None) is clean


def test_what_is_known_of_the_frames_stays():
    every = ChosenFrames([ArrayFrames(recorded(8))], FrameRange(0, 8, 2))
    clean = without_hot_pixels(every, places(3))
    assert every_nth(clean) == 2
    assert clean.runs == every.runs


@pytest.mark.parametrize("value", [150, 3500])
def test_a_stack_is_measured_as_without_them(value):
    frames, hot = recorded(), places(30)
    stacks = frames, with_hot(frames, hot, value)
    plain, found = (extract_recording(stack, AUTOMATIC) for stack in stacks)
    told, of_plain = answer(found), answer(plain)
    assert told.lines[0] == of_plain.lines[0]
    assert told.certainty == of_plain.certainty
    said = "30 hot pixels, far brighter or darker in every frame, were replaced."
    assert said in found.verdict.text
    assert told.advice == f"{of_plain.advice} {said} Dark frames can correct them."
    assert "correct" in told.actions
    errors = [
        assess(extraction_basis(made, ArrayFrames(stack)), made.mask).error.total
        for made, stack in zip((plain, found), stacks, strict=True)
    ]
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


def test_a_stack_is_denoised_as_without_them():
    frames, hot = recorded(4), places(30)
    mask = np.ones((1, 13), bool)
    plain, made = Denoiser(frames, mask), Denoiser(with_hot(frames, hot, 3500), mask)
    assert (plain.n_hot, made.n_hot) == (0, 30)
    for one in (plain, made):
        one.fit()
    # Of the mean of a frame they are a part; else nothing of them is left around their places.
    away = made.predict(1) - plain.predict(1)
    assert np.abs(away - np.median(away)).max() < 10


def test_missing_pixels_and_marks_of_them_are_not_hot():
    frames = recorded()
    frames[:, 40, 50], frames[:, 60, 70] = np.nan, 3000
    assert find_hot_pixels(ArrayFrames(frames)).tolist() == [[60, 70]]
    frames[:, 40, 50] = -3.4e38
    assert find_hot_pixels(without_fill(ArrayFrames(frames))).tolist() == [[60, 70]]


def with_rays(frames, count, most=1):
    """Return frames in which each has others of so many rays, which hit up to `most` pixels."""
    frames, draw = frames.copy(), np.random.default_rng(4)
    for frame in frames:
        for y, x in draw.integers(5, SHAPE[0] - 10, (count, 2)):
            along = np.arange(draw.integers(1, most + 1))
            frame[y + along, x + along] += draw.uniform(300, 4000)
    return frames


@pytest.mark.parametrize("most", [1, 4])
def test_where_rays_hit_frames_are_as_around(most):
    frames = recorded()
    mended = without_rays(ArrayFrames(with_rays(frames, 4, most)))
    for number in range(len(frames)):
        away = mended.read(number) - frames[number]
        assert np.abs(away).max() < 80
        assert np.array_equal(mended.read(number, 40, 90), mended.read(number)[40:90])


def test_what_is_in_other_frames_as_well_is_no_ray():
    frames = recorded()
    dots = with_hot(frames, places(20), 900)  # a sample of points, or hot pixels
    assert np.array_equal(without_rays(ArrayFrames(dots)).read(2), dots[2])
    photons = np.random.default_rng(0).poisson(0.05, (4, *SHAPE)).astype(np.uint16)
    assert np.array_equal(without_rays(ArrayFrames(photons)).read(1), photons[1])


def test_a_stack_is_measured_as_without_rays():
    frames = recorded()
    plain, hit = (extract_recording(one, AUTOMATIC) for one in (frames, with_rays(frames, 4, 3)))
    assert hit.mask == plain.mask
    assert answer(hit).lines[:2] == answer(plain).lines[:2]
    assert hit.basis.noise.variance == pytest.approx(plain.basis.noise.variance, rel=0.03)
