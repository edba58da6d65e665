"""Frames of another kind among those of a scene."""

import numpy as np
import pytest

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, ChosenFrames, FrameRange

SHAPE = (128, 128)
AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def acquired(n=12):
    model = NoiseModel(kernels()["row 7"], 0.3, sigma=20.0)
    made = simulate(model, SHAPE, n_frames=n, picture=cells(SHAPE), strength=2, seed=9)
    return 300 + made


def changed(how):
    frames = acquired()
    if how == "channels in turn":
        frames[1::2] *= 2
    elif how == "channels in turn that bleach":
        frames[1::2] *= 2
        frames *= 0.99 ** np.arange(12)[:, None, None]
    elif how == "light off in between":
        frames[[3, 9]] = 100 + np.random.default_rng(1).normal(0, 15, frames[:2].shape)
    elif how == "light off at first":
        frames[:4] = 100 + np.random.default_rng(1).normal(0, 15, frames[:4].shape)
    elif how == "bleaching":
        frames *= 0.9 ** np.arange(12)[:, None, None]
    return frames.astype(np.float32)


@pytest.mark.parametrize(
    ("how", "flags", "certainty"),
    [
        ("channels in turn", {"alternating"}, "uncertain"),
        ("channels in turn that bleach", {"alternating"}, "uncertain"),
        ("light off at first", {"dark_frames"}, "likely"),
        ("light off in between", {"dark_frames"}, "likely"),
        ("bleaching", set(), "likely"),
        ("nothing", set(), "likely"),
    ],
)
def test_frames_of_another_kind_are_told(how, flags, certainty):
    found = extract_recording(changed(how), AUTOMATIC)
    assert {"alternating", "dark_frames"} & set(found.verdict.flags) == flags
    told = answer(found)
    assert told.certainty == certainty
    assert ("Every second frame" in told.advice) == ("alternating" in flags)
    assert ("leave them out" in told.advice) == ("dark_frames" in flags)
    assert np.array_equal(found.mask.cropped().array, np.ones((1, 13)))
    if "alternating" in flags:
        assert told.advice.startswith("Every second frame is another image")
        assert "alone. Until then, use this mask" in told.advice
        assert told.actions == ("measure_every_second", "use_mask")
    else:
        assert "measure_every_second" not in told.actions


@pytest.mark.parametrize(("step", "part"), [(2, "every second frame"), (3, "one frame of every 3")])
def test_an_answer_about_some_of_the_frames_says_so(step, part):
    frames = ChosenFrames([ArrayFrames(acquired())], FrameRange(0, 12, step))
    assert answer(extract_recording(frames, AUTOMATIC)).how_sure.endswith(
        f" Measured in {part} alone: the others may need another mask."
    )
