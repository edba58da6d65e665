from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter

from structmask_gui.core.denoised.compatibility import check_fit
from structmask_gui.core.errors import InputError
from structmask_gui.core.quality.covariance import image_covariance
from structmask_gui.core.quality.error import weights
from structmask_gui.core.quality.preview import Preview
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames

SHAPE = (200, 200)


def made(strength, level, scale):
    """Return frames of a picture that is `strength` times as strong as the noise along rows."""
    picture = cells(SHAPE) if strength else None
    model = NoiseModel(kernels()["row 7"], 0.3)
    frames = simulate(model, SHAPE, n_frames=3, picture=picture, strength=strength or 1, seed=7)
    return level + scale * frames.astype(np.float64)


# Like a camera's, a phase contrast's whose mean is less than its spread, an energy loss spectrum's
# below 0, and pictures far below the noise, and none.
STACKS = {
    "camera": made(2, 500, 5),
    "wide": made(4, 1000, 400),
    "below 0": made(2, -143, 90),
    "faint": made(0.3, 100, 40),
    "noise": made(0, 100, 40),
}


def predicted(frames):
    kernel = weights(image_covariance(ArrayFrames(frames), 20).values, np.ones((1, 13)))
    return np.stack([Preview(frame).predict(kernel) for frame in frames])


def blurred(frames, sigma=1.5):
    return np.stack([gaussian_filter(frame, sigma) for frame in frames])


DENOISERS = {
    "light blur": lambda frames: blurred(frames, 0.7),
    "strong blur": lambda frames: blurred(frames, 8),
    "median": lambda frames: np.stack([median_filter(frame, 5) for frame in frames]),
    "linear prediction": predicted,
    "mean of frames": lambda frames: np.repeat(frames.mean(axis=0, keepdims=True), 3, axis=0),
    "constant": lambda frames: np.full(frames.shape, frames.mean()),
    "constant but for rounding": lambda frames: (
        frames.mean() * (1 + 1e-7 * np.random.default_rng(1).standard_normal(frames.shape))
    ),
    "half the contrast": lambda frames: (frames + frames.mean()) / 2,
}

LEVELS = {
    "standardised": lambda output: (output - output.mean()) / output.std(),
    "standardised by frame": lambda output: np.stack([(o - o.mean()) / o.std() for o in output]),
    "0 to 1": lambda output: (output - output.min()) / np.ptp(output),
    "16 bits": lambda output: (output - output.min()) / np.ptp(output) * 65535,
    "offset": lambda output: output + 5000,
    "inverted": lambda output: output.max() - output,
}


@pytest.mark.parametrize("how", DENOISERS)
@pytest.mark.parametrize("stack", STACKS)
def test_the_right_grey_levels_are_accepted_however_much_is_taken_away(stack, how):
    frames = STACKS[stack]
    check_fit(ArrayFrames(frames, "raw.tif"), ArrayFrames(DENOISERS[how](frames), "out.tif"))


@pytest.mark.parametrize("how", LEVELS)
@pytest.mark.parametrize("stack", [name for name in STACKS if name != "noise"])
def test_other_grey_levels_are_refused(stack, how):
    frames = STACKS[stack]
    output = LEVELS[how](blurred(frames))
    with pytest.raises(InputError, match=r"^out\.tif is not in the grey levels of raw\.tif: "):
        check_fit(ArrayFrames(frames, "raw.tif"), ArrayFrames(output, "out.tif"))


def test_the_sentence_says_how_the_levels_differ():
    frames = STACKS["wide"]

    def said(output):
        with pytest.raises(InputError) as refused:
            check_fit(ArrayFrames(frames, "raw.tif"), ArrayFrames(output, "out.tif"))
        return str(refused.value)

    output = blurred(frames)
    assert "where it rises by 1, the raw frames rise by 10" in said(output / 1000)
    assert "where it rises by 1, the raw frames fall by 1." in said(-output)
    assert "its mean is " in said(output + 5000)
    assert "it varies by " in said(10 * (output - output.mean()) + output.mean())
    assert said(output / 1000).endswith(
        "Save the output without normalising it; if it is not normalised, train longer."
    )


@pytest.mark.parametrize("level", [0, 1e9])
def test_means_differ_in_what_is_said_of_them(level):
    frames = level + STACKS["wide"]
    raw, output = ArrayFrames(frames), ArrayFrames(blurred(frames) - 5000)
    with pytest.raises(InputError, match=r"its mean is 5\d{3} below .* which vary by \d{4}\. Save"):
        check_fit(raw, output)
    with pytest.raises(InputError, match=r"\d{4}\. Give the raw stack that it was made of"):
        check_fit(raw, output, here=True)


def test_pixels_that_are_not_finite_are_left_out():
    frames = STACKS["camera"].copy()
    output = blurred(frames)
    frames[0, :5], output[1, 7] = np.nan, np.inf
    check_fit(ArrayFrames(frames), ArrayFrames(output))
    with pytest.raises(InputError, match="finite"):
        check_fit(ArrayFrames(frames), ArrayFrames(output * np.nan))


def test_raw_frames_without_noise_are_said_to_have_none():
    flat = np.full((1, 40, 40), 7.0)
    with pytest.raises(InputError, match="shows no noise"):
        check_fit(ArrayFrames(flat), ArrayFrames(flat + 1))
