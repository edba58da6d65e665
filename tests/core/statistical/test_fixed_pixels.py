"""A pattern of single pixels that is the same in every frame."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui import Parameters, extract
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.wording import untested
from structmask_gui.core.statistical.patterns import pattern_of_pixels

AUTOMATIC = Parameters.checked(method="statistical", source="automatic", mask_choice="recommended")


def acquired(share, sigma):
    """Return frames of a scene, with a pattern of single pixels of a share of the noise."""
    rng = np.random.default_rng(6)
    picture = gaussian_filter(rng.normal(size=(160, 160)), sigma)
    frames = 500 + 300 * picture / picture.std() + 100 * rng.normal(size=(8, 160, 160))
    return frames + 100 * np.sqrt(share) * rng.normal(size=(160, 160))


@pytest.mark.parametrize("sigma", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_it_is_told_from_what_optics_drew(share, sigma):
    frames = acquired(share, sigma)
    found = pattern_of_pixels(frames[::2].mean(axis=0), frames[1::2].mean(axis=0), 4, 4)
    if share == 0:
        assert found == 0
    elif sigma > 2 or share == sigma / 2:  # fine detail may hide a faint one
        assert found == pytest.approx(share, abs=0.1)


def test_the_answer_says_so():
    found = extract(acquired(1.0, 4.0), AUTOMATIC)
    told = answer(found)
    assert "Some pixels are brighter or darker in every frame" in told.advice
    assert "Other fixed patterns were not tested." in told.how_sure
    # Not in other words in Why?, which names what the lines do not.
    assert untested(told.not_tested) == "Other fixed patterns were not tested."
    assert not any("a fixed pattern" in note for note in found.notes)
    assert told.actions.count("correct") == 1
    told = answer(extract(acquired(0.0, 4.0), AUTOMATIC))
    assert "Single pixels" not in told.advice
    assert "Other" not in told.how_sure


@pytest.mark.parametrize("still", [True, False])
def test_it_counts_as_noise_and_not_as_detail_that_a_mask_costs(still):
    """No network predicts it from neighbours, so that it is denoised as other noise is."""
    found = extract(acquired(1.0, 8.0), AUTOMATIC)
    basis = found.basis if still else replace(found.basis, still=None)
    assert found.basis.still is not None
    assert basis.noise.variance == pytest.approx(2 * 100**2, rel=0.1)
    error = basis.score(None).error
    assert error.total < 0.1
    without = extract(acquired(0.0, 8.0), AUTOMATIC).basis.score(None).error
    assert error.detail_lost == pytest.approx(without.detail_lost, abs=0.03)
