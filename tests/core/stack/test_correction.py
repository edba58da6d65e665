"""Dark frames and even fields: what they show, whether frames hold it, and frames without it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.correction import (
    Correction,
    held,
    held_words,
    mean_frame,
    read_reference,
    said_of,
)
from structmask_gui.core.stack.frames import ArrayFrames

SHAPE = (128, 160)


def picture(rng, strength):
    """Return smooth blobs of some strength, in units of the noise."""
    blobs = np.exp(gaussian_filter(rng.normal(size=SHAPE), 5) * 8)
    return strength * blobs / blobs.std()


def pattern(kind, rng):
    """Return a pattern of unit variance."""
    if kind == "columns":
        found = np.tile(rng.normal(size=SHAPE[1]), (SHAPE[0], 1))
    elif kind == "pixels":
        found = rng.normal(size=SHAPE)
    else:
        found = gaussian_filter(rng.normal(size=SHAPE), 2)
    return found / found.std()


def reference(kind, image, rng, n=20, noise=1.0):
    return read_reference(kind, ArrayFrames(image + noise * rng.normal(size=(n, *SHAPE)), kind))


@pytest.mark.parametrize("kind", ["columns", "pixels", "clouds"])
@pytest.mark.parametrize("strength", [0.3, 3.0])
@pytest.mark.parametrize("there", [True, False])
def test_dark_frames_say_whether_frames_hold_their_pattern(kind, strength, there):
    rng = np.random.default_rng([len(kind), there])
    offsets = 0.4 * pattern(kind, rng)
    dark = reference("dark", offsets, rng)
    frames = picture(rng, strength) + there * offsets + rng.normal(size=(8, *SHAPE))
    correction = Correction(dark=dark)
    found = held(mean_frame(ArrayFrames(frames)), correction, "dark")
    assert found.pattern == pytest.approx(0.4, rel=0.2)
    assert abs(found.share - there) < 4 * found.error + 0.05
    assert found.there == there
    # Under a strong sample that is as fine as the pattern, its absence may stay unsure.
    assert found.absent == (not there) or (kind == "clouds" and strength == 3.0)
    said = held_words(found, dark)
    assert ("removes that" in said, "would add it" in said) == (there, found.absent)
    assert found.harms == found.absent


@pytest.mark.parametrize("there", [True, False])
def test_an_even_field_shows_what_gets_more_light(there):
    rng = np.random.default_rng(3)
    gain = 1 + 0.05 * pattern("clouds", rng)
    dark = reference("dark", np.full(SHAPE, 100.0), rng)
    even = reference("even", 100 + 500 * gain, rng, noise=20)
    light = 50 + picture(rng, 10)
    frames = 100 + light * (gain if there else 1) + rng.normal(size=(8, *SHAPE))
    correction = Correction(dark, even)
    found = held(mean_frame(ArrayFrames(frames)), correction, "even")
    assert (found.there, found.absent) == (there, not there)
    if there:
        corrected = correction.corrected(ArrayFrames(frames), 0)
        left = corrected - light
        assert np.abs(left - left.mean()).std() < 1.1  # the noise alone


def test_frames_are_corrected_by_both():
    rng = np.random.default_rng(4)
    offsets, gain = 100 + 5 * pattern("columns", rng), 1 + 0.2 * np.sin(np.arange(SHAPE[1]) / 9)
    light = 50 + picture(rng, 20)
    correction = Correction(
        reference("dark", offsets, rng, noise=0), reference("even", offsets + 300 * gain, rng, 2, 0)
    )
    found = correction.corrected(ArrayFrames((offsets + light * gain)[np.newaxis]), 0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found / found.mean(), light / light.mean(), rtol=1e-3)
    assert correction.words == "dark frames subtracted, divided by an even field"


def test_the_mean_weighs_every_frame_alike():
    frames = np.arange(5.0)[:, None, None] * np.ones((5, *SHAPE))
    for n in range(1, 6):
        assert read_reference("dark", ArrayFrames(frames[:n])).mean == pytest.approx((n - 1) / 2)


def test_one_frame_never_says_that_a_pattern_is_absent():
    rng = np.random.default_rng(5)
    offsets = 0.3 * pattern("pixels", rng)
    frames = ArrayFrames(offsets + rng.normal(size=(8, *SHAPE)))
    alone = Correction(dark=reference("dark", offsets, rng, n=1, noise=2.0))
    found = held(mean_frame(frames), alone, "dark")
    assert found.share < 0.25
    assert not found.there
    assert not found.absent
    assert "not sure" in held_words(found, alone.dark)
    # A mean that was saved before, in one frame, says so as well as its frames.
    saved = Correction(dark=reference("dark", offsets, rng, n=1, noise=0.05))
    assert held(mean_frame(frames), saved, "dark").there


@pytest.mark.parametrize(("strength", "left"), [(1.0, 0), (1.5, 50), (0.7, 30), (4.0, 300)])
def test_a_reference_of_other_settings_is_said_to_leave_a_part(strength, left):
    rng = np.random.default_rng(8)
    offsets = 2 * pattern("columns", rng)
    dark = reference("dark", offsets, rng)
    frames = strength * offsets + rng.normal(size=(8, *SHAPE))
    found = held(mean_frame(ArrayFrames(frames)), Correction(dark=dark), "dark")
    said = held_words(found, dark)
    assert ("other settings" in said, "removes that" in said) == (left > 0, left == 0)
    assert found.harms == (left > 100)
    if left > 100:
        assert "far too faintly" in said
        assert said.endswith("Do not correct by it.")
    elif left:
        assert 100 * found.left == pytest.approx(left, abs=3)
        assert said.endswith(f"Subtracting it leaves {100 * found.left:.0f} % of the pattern.")


@pytest.mark.parametrize("value", [0, 65535, np.nan])
@pytest.mark.parametrize("share", [0.03, 0.3])
def test_what_is_no_image_is_left_out(value, share):
    rng = np.random.default_rng(9)
    offsets = 2 * pattern("pixels", rng)
    dark = reference("dark", offsets, rng)
    frames = 300 + offsets + rng.normal(size=(8, *SHAPE))
    frames[:, :, : int(share * SHAPE[1])] = value
    found = held(mean_frame(ArrayFrames(frames)), Correction(dark=dark), "dark")
    assert found.share == pytest.approx(1, abs=0.05)
    assert found.there


def test_of_large_frames_the_middle_is_compared(monkeypatch):
    monkeypatch.setattr("structmask_gui.core.stack.correction._MIDDLE", 64)
    rng = np.random.default_rng(10)
    offsets = 2 * pattern("pixels", rng)
    frames = offsets + rng.normal(size=(8, *SHAPE))
    frames[:, :10] += 1e4 * rng.normal(size=(10, SHAPE[1]))  # would hide it
    correction = Correction(dark=reference("dark", offsets, rng))
    assert held(mean_frame(ArrayFrames(frames)), correction, "dark").share == pytest.approx(
        1, abs=0.1
    )


def test_frames_of_a_sample_are_not_praised_as_dark_ones():
    rng = np.random.default_rng(11)
    sample = picture(rng, 30)
    stack = ArrayFrames(100 + sample + rng.normal(size=(8, *SHAPE)))
    other = ArrayFrames(100 + sample + rng.normal(size=(8, *SHAPE)), "other")
    correction = Correction(dark=read_reference("dark", other, stack))
    (said,) = said_of(mean_frame(stack), correction).sentences
    assert "But structure is visible in it: make sure that other does not show your sample" in said


@pytest.mark.parametrize("kind", ["dark", "even"])
@pytest.mark.parametrize("n", [1, 8])
def test_a_copy_of_the_frames_is_no_reference(kind, n):
    rng = np.random.default_rng(13)
    frames = ArrayFrames(100 + picture(rng, 3) + rng.normal(size=(n, *SHAPE)), "stack")
    copy = ArrayFrames(frames.read(slice(None)).astype(np.float32), "copy")
    said = said_of(mean_frame(frames), Correction(**{kind: read_reference(kind, copy, frames)}))
    assert said.harms
    other = "without light" if kind == "dark" else "of an even field"
    assert said.sentences == (f"copy is a copy of your frames. Give frames {other}.",)


def test_unlit_corners_of_an_even_field_leave_the_levels_as_they_are():
    rng = np.random.default_rng(12)
    light = 1000 + 20 * rng.normal(size=SHAPE)
    light[:40, :40] = 0
    even = Correction(even=reference("even", light, rng, noise=0))
    image = np.full(SHAPE, 500.0)
    assert even.applied(image)[50:].mean() == pytest.approx(500, rel=1e-3)
    assert (even.applied(image)[:40, :40] == 500).all()


def test_noise_alone_is_no_pattern():
    rng = np.random.default_rng(6)
    dark = reference("dark", np.full(SHAPE, 7.0), rng, n=6)
    found = held(mean_frame(ArrayFrames(rng.normal(size=(6, *SHAPE)))), Correction(dark), "dark")
    assert found == (0.0, 0.0, 0.0)
    assert not found.there
    assert not found.absent
    said = held_words(found, dark)
    assert said == "dark shows no pattern beyond smooth shading. 20 frames show more."


def test_missing_pixels_stay_missing():
    rng = np.random.default_rng(7)
    frames = rng.normal(100, 5, (3, *SHAPE))
    frames[:, :9] = np.nan
    found = Correction(reference("dark", np.full(SHAPE, 9.0), rng, noise=0))
    page = found.corrected(ArrayFrames(frames), 1)
    assert np.isnan(page[:9]).all()
    np.testing.assert_allclose(page[9:], frames[1, 9:] - 9, rtol=1e-5)


def test_a_pixel_without_light_is_left_as_it_is():
    even = np.full(SHAPE, 200.0)
    even[5, 5] = 0
    found = Correction(even=read_reference("even", ArrayFrames(even[np.newaxis])))
    page = found.corrected(ArrayFrames(np.full((1, *SHAPE), 10.0)), 0)
    assert page[5, 5] == 10
    assert np.isfinite(page).all()


def test_what_does_not_fit_is_refused():
    rng = np.random.default_rng(8)
    small = read_reference("dark", ArrayFrames(rng.normal(size=(2, 64, 64)), "small.tif"))
    even = reference("even", np.full(SHAPE, 90.0), rng)
    with pytest.raises(InputError, match=r"small\.tif has frames of 64 x 64 pixels and even of"):
        Correction(small, even)
    with pytest.raises(InputError, match=r"and the array of 160 x 128; give frames of the same"):
        Correction(small).corrected(ArrayFrames(np.ones((1, *SHAPE))), 0)
    unlit = Correction(reference("dark", np.full(SHAPE, 100.0), rng), even)
    with pytest.raises(InputError, match="even holds no light beyond that of dark"):
        unlit.applied(np.ones(SHAPE))


def test_blank_frames_hold_no_pattern_and_stay_blank():
    rng = np.random.default_rng(0)
    columns = 5 * pattern("columns", rng)
    frames = 200 + picture(rng, 3.0) + columns + 3 * rng.normal(size=(8, *SHAPE))
    dark = 100 + columns + 3 * rng.normal(size=(20, *SHAPE))
    frames[1::2], dark[0] = 0, 0
    correction = Correction(dark=read_reference("dark", ArrayFrames(dark)))
    found = held(mean_frame(ArrayFrames(frames)), correction, "dark")
    assert found.share == pytest.approx(1, abs=0.05)
    assert correction.of("dark").n_frames == 19
    assert not correction.corrected(ArrayFrames(frames), 1).any()
    level = frames[0].mean() - 100 - columns.mean()
    assert correction.corrected(ArrayFrames(frames), 0).mean() == pytest.approx(level, abs=1)
