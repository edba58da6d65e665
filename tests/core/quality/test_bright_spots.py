"""A few bright spots do not decide which mask is recommended."""

import numpy as np
import pytest
from scipy.ndimage import convolve1d, gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.quality.bright_spots import without_spots
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.stack.frames import ArrayFrames

SHAPE = (256, 256)
AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def recorded(n_frames=8):
    """Return frames of a smooth sample under noise that is smeared along the rows."""
    rng = np.random.default_rng(0)
    sample = gaussian_filter(rng.normal(size=SHAPE), 3)
    noise = convolve1d(rng.normal(size=(n_frames, *SHAPE)), [0.5, 0.8, 1, 0.8, 0.5], axis=2)
    return (500 + 60 * sample / sample.std() + 8 * noise / noise.std()).astype(np.float32)


def beads(count, height):
    rng, image = np.random.default_rng(7), np.zeros(SHAPE)
    for y, x in rng.integers(10, SHAPE[0] - 10, (count, 2)):
        image[y, x] = 1
    return height * gaussian_filter(image, 1.3) / gaussian_filter(image, 1.3).max()


@pytest.mark.parametrize(("count", "height"), [(1, 30_000), (8, 2000), (30, 600)])
def test_the_row_is_hidden_as_without_them(count, height):
    found = extract_recording(recorded() + beads(count, height).astype(np.float32), AUTOMATIC)
    assert found.mask.shape in ((1, 9), (1, 11))
    assert answer(found).what.startswith("Noise smeared along the rows: hide")
    assert found.recommendation.bare.error > 1.5 * found.recommendation.chosen.error


def test_an_object_of_one_frame_does_not_decide_it_either():
    frames = recorded()
    frames[2, 100:103, 100:103] += 5000
    plain, found = (extract_recording(one, AUTOMATIC) for one in (recorded(), frames))
    assert found.mask == plain.mask


@pytest.mark.parametrize("what", ["none", "faint", "edges", "one frame"])
def test_a_sample_is_left_as_it_is(what):
    frames = recorded()
    if what == "faint":
        frames += beads(30, 100)
    elif what == "edges":
        frames += 2000 * (gaussian_filter(np.random.default_rng(1).normal(size=SHAPE), 3) > 0)
    elif what == "one frame":
        frames = frames[:1] + beads(8, 2000)
    stack = ArrayFrames(frames.astype(np.float32))
    assert without_spots(stack) is stack
