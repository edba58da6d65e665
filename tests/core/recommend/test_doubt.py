"""What is said against a mask that was chosen by hand."""

from dataclasses import replace

import numpy as np
import pytest

from structmask_gui.core.extraction.extraction import edited, select
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.recommend.candidates import BARE, significant
from structmask_gui.core.recommend.doubt import doubt_about
from tests.core.recommend.scenes import SCENES, automatic

SIGNIFICANT = {"mask_choice": "significant"}


@pytest.mark.parametrize("name", SCENES)
def test_the_recommended_mask_is_not_doubted(name):
    assert doubt_about(automatic(name)) == ""


def test_significant_lags_that_may_be_sample_are_doubted():
    found = automatic("cannot tell")
    assert found.recommendation.safe
    by_hand = select(found.measurement, found.parameters.changed(SIGNIFICANT))
    assert significant(by_hand) != BARE
    assert "could not be separated" in doubt_about(by_hand)
    assert "could not be separated" in doubt_about(by_hand, found.recommendation)


def test_significant_lags_of_noise_are_not():
    found = automatic("row 7")
    by_hand = select(found.measurement, found.parameters.changed(SIGNIFICANT))
    assert doubt_about(by_hand, found.recommendation) == ""


def test_a_mask_that_is_expected_to_do_worse():
    found = automatic("row 7")
    square = edited(found, Mask(np.ones((3, 5), dtype=bool)), "edited by hand")
    assert "edited by hand" in doubt_about(square)  # its error is not known
    scored = found.basis.score(square.mask)
    said = doubt_about(square, found.recommendation, scored)
    assert said.startswith("Its expected error is about ")
    assert "; the recommended mask with " in said
    # The cost of training counts, as in the answer.
    best = found.recommendation.chosen
    error = replace(scored.error, noise_left=1.04 * (best.error + best.error_se), detail_lost=0.0)
    assert doubt_about(square, found.recommendation, replace(scored, error=error)) == ""
    large = replace(scored, error=error, pixels=225)
    assert "expected error" in doubt_about(square, found.recommendation, large)
    # A difference that nobody would see.
    best = replace(best, error=0.02, error_se=0.0)
    ledger = tuple(best if row.name == best.name else row for row in found.recommendation.ledger)
    lower = replace(found.recommendation, ledger=ledger)
    for left, doubted in ((0.035, False), (0.048, False), (0.053, True)):
        error = replace(scored.error, noise_left=left, detail_lost=0.0)
        assert bool(doubt_about(square, lower, replace(scored, error=error))) == doubted
    error = replace(scored.error, noise_left=0.0, detail_lost=0.0)
    assert doubt_about(square, found.recommendation, replace(scored, error=error)) == ""
