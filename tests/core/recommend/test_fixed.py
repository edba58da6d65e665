"""A fixed pattern that fills the field evenly counts as noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from structmask_gui import Parameters, extract
from structmask_gui.core.errors import Cancelled
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.fixed import with_fixed
from structmask_gui.core.recommend.recommend import recommend
from structmask_gui.core.stack.frames import ArrayFrames

AUTOMATIC = Parameters.checked(method="statistical", source="automatic", mask_choice="recommended")


def grains(share, where=1.0):
    """Return frames with grains two pixels wide in every frame, of a share of the noise's variance.

    ``where``: amplitude of the grains, by column.
    """
    rng = np.random.default_rng(4)
    pattern = gaussian_filter(rng.normal(size=(160, 160)), 1.0) * where
    pattern *= 100 * np.sqrt(share) / pattern.std()
    return 1000 + pattern + 100 * rng.normal(size=(8, 160, 160))


def spots():
    """Return frames of a sample as strong as the grains, in a part of the field."""
    return grains(0.5, np.where(np.arange(160) < 60, 1.0, 0.05))


def measured(frames):
    found = extract(frames, AUTOMATIC)
    return found, extraction_basis(found, ArrayFrames(frames))


def test_grains_all_over_the_field_get_a_mask_and_no_certainty():
    found = extract(grains(0.5), AUTOMATIC)
    recommendation = found.recommendation
    assert recommendation.fixed
    assert recommendation.chosen.pixels > 5
    assert recommendation.chosen.error < 0.7 * recommendation.bare.error
    assert "in every frame" in recommendation.rule
    assert recommendation.record()["fixed_pattern_is_noise"]
    told = answer(found)
    assert told.certainty == "uncertain"
    assert "If it is your sample, train plain Noise2Void" in told.how_sure
    assert told.actions == ("what_to_record", "use_mask")
    regular = replace(found, verdict=replace(found.verdict, flags=("fixed_pattern",)))
    told = answer(regular)
    assert told.certainty == "act first"
    assert "To keep less of the pattern meanwhile: hide" in told.how_sure


def test_what_fills_a_part_of_the_field_may_be_the_sample():
    found, basis = measured(spots())
    assert with_fixed(basis, found) is None
    assert not found.recommendation.fixed
    assert found.mask.statistics.true_pixels == 1


@pytest.mark.parametrize("share", [0.02, 10.0])
def test_faint_patterns_do_not_matter_and_strong_ones_may_be_the_sample(share):
    found, basis = measured(grains(share))
    assert with_fixed(basis, found) is None
    assert not found.recommendation.fixed


def test_the_noise_is_what_changes_and_the_pattern():
    found, basis = measured(grains(0.5))
    for held in with_fixed(basis, found):
        assert held.noise.variance == pytest.approx(1.5 * 100**2, rel=0.1)
        # Of grains, neighbours share exp(-1 / 4).
        middle = held.noise.values.shape[0] // 2
        shared = np.exp(-0.25) * (held.noise.variance - 100**2)
        assert held.noise.values[middle, middle + 1] == pytest.approx(shared, rel=0.1)
        assert held.still is None


def test_a_mask_has_to_help_against_what_the_flattest_parts_hold():
    smooth = gaussian_filter(np.random.default_rng(2).normal(size=(160, 160)), 2.0)
    found, basis = measured(grains(0.5) + 70 * smooth / smooth.std())
    assert recommend(basis, found).fixed
    estimate = found.measurement.correlation
    # As if the grains were the sample's, and the flattest parts held a broad pattern alone.
    y, x = np.mgrid[-10:11, -10:11]
    patterns = replace(estimate.evidence.patterns, static_rho=np.exp(-(y**2 + x**2) / 576))
    evidence = replace(estimate.evidence, patterns=patterns)
    correlation = replace(estimate, evidence=evidence)
    broad = replace(found, measurement=replace(found.measurement, correlation=correlation))
    assert not recommend(basis, broad).fixed


def test_a_mask_that_the_noise_needs_anyway_is_left():
    rng = np.random.default_rng(1)
    smeared = uniform_filter(300 * rng.normal(size=(8, 160, 160)), (0, 0, 3))
    found = extract(grains(0.5) + smeared, AUTOMATIC)
    assert not found.recommendation.fixed
    assert found.mask.statistics.true_pixels > 1


def test_the_search_for_it_can_be_cancelled():
    found, basis = measured(grains(0.5))
    asked = []
    recommend(basis, found, Task(cancelled=lambda: bool(asked.append(0))))
    most, asked = len(asked) * 3 // 4, []

    def cancelled():
        asked.append(0)
        return len(asked) > most

    with pytest.raises(Cancelled):
        recommend(basis, found, Task(cancelled=cancelled))
