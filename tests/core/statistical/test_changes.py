"""Whether what differs between frames is noise, or a sample that changes."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.extract import extract_recording
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def planes(along, across, n=6, side=160, seed=0, photons=30):
    """Return planes of a volume as an objective sees it, with white noise."""
    rng = np.random.default_rng(seed)
    volume = gaussian_filter(rng.normal(size=(n + 8, side, side)), (along, across, across))[4:-4]
    image = photons * np.clip(0.4 + 0.25 * volume / volume.std(), 0, None) + 3
    return rng.poisson(image) + 1.6 * rng.normal(size=image.shape) + 100


@pytest.mark.parametrize(
    ("along", "across", "photons", "certainty"),
    [
        (0.7, 1.3, 30, "uncertain"),
        (1.0, 1.3, 30, "uncertain"),
        (2.5, 1.3, 30, "uncertain"),
        (2.5, 1.3, 1000, "uncertain"),
        # A fixed pattern would not change that.
        (2.5, 2.5, 300, "likely"),
    ],
)
def test_planes_of_a_volume_with_white_noise(along, across, photons, certainty):
    found = extract_recording(planes(along, across, photons=photons), AUTOMATIC)
    assert found.mask.statistics.true_pixels == 1
    told = answer(found)
    assert told.certainty == certainty
    no_mask = "no mask helps" if certainty == "likely" else "no mask is likely to help"
    assert told.what == f"The sample changes between these frames; {no_mask}."
    assert told.actions[0] == "copy_plain_n2v"
    assert "the safest, whether the pattern is noise or sample" in found.recommendation.rule


@pytest.mark.parametrize("along", [0.7, 1.0, 2.5])
def test_two_planes_of_a_volume_with_white_noise(along):
    found = extract_recording(planes(along, 1.3, n=2), AUTOMATIC)
    assert found.mask.statistics.true_pixels == 1
    assert answer(found).certainty != "likely"


@pytest.mark.parametrize("n_frames", [2, 6])
@pytest.mark.parametrize("kernel", ["isotropic", "row 7", "white"])
def test_noise_that_is_new_in_every_frame_does_not_grow(kernel, n_frames):
    model, shape = NoiseModel(kernels()[kernel], 0.3), (160, 160)
    frames = 500 + 25 * simulate(model, shape, n_frames=n_frames, picture=cells(shape), seed=3)
    found = extract_recording(frames.astype(np.float32), AUTOMATIC)
    assert not found.measurement.correlation.evidence.changing


def test_noise_of_rows_is_hidden_although_the_sample_changes():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(6, 160, 166)).cumsum(axis=2)
    rows = (rows[:, :, 6:] - rows[:, :, :-6]) / 6**0.5
    found = extract_recording(planes(1.0, 1.3) + 5 * rows, AUTOMATIC)
    assert found.measurement.correlation.evidence.changing
    mask = found.mask.cropped().array
    assert mask.shape[0] == 1
    assert mask.shape[1] >= 7
