"""The answer about masks of one's own, and those of the published methods."""

import re
from dataclasses import replace

import numpy as np
import pytest

from structmask_gui.core.extraction.extraction import edited
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.doubt import doubt_about
from structmask_gui.core.recommend.extract import extract_recording
from tests.core.recommend.scenes import (
    AUTOMATIC,
    automatic,
    frames_of,
    with_errors,
)


def test_a_mask_of_ones_own_gets_no_likely():
    found = automatic("row 7")
    other = Mask(found.mask.array[:, 2:-2])
    scored = found.basis.score(other)
    told = answer(edited(found, other, "edited by hand"), found.recommendation, scored)
    assert told.what == "Your mask: 9 pixels, 4 fewer than recommended."
    assert told.certainty == "uncertain"
    assert told.actions[0] == "back_to_recommended"
    assert "A network could copy about" in told.how_sure
    # Pixels elsewhere are not counted as more of the same.
    across = Mask(np.ones((15, 1), dtype=bool))
    told = answer(edited(found, across, "from a file"), found.recommendation)
    assert told.what == "Your mask: 15 pixels, without 12 of the 13 recommended ones."
    tuned = found.update(AUTOMATIC.changed(mask_choice="significant", rho_min=0.4))
    assert answer(tuned, found.recommendation).what.startswith("Your settings: ")
    # Equal to the recommended mask it is no other one.
    same = found.update(AUTOMATIC.changed(mask_choice="significant"))
    assert answer(same, found.recommendation).lines == answer(found).lines


def test_rings():
    ring = extract_recording(
        frames_of("row 7"), AUTOMATIC.changed(method="ring", source="difference")
    )
    told = answer(ring)
    assert "(ring analysis, autoStructN2V 0.1)." in told.what
    # Its figures were not worked out: it may do harm.
    assert told.advice == "Compare with the preset automatic."
    assert told.actions == ("compare_with_automatic", "use_mask")
    found = automatic("row 7")
    compared = answer(ring, found.recommendation, found.basis.score(ring.mask))
    assert re.search(
        r"Expected error after linear denoising: \D+\d+ % of the noise \(automatic, 13 pixels: ",
        compared.how_sure,
    )
    alone = answer(ring, None, found.basis.score(ring.mask))
    assert alone.advice == "Use this mask, or compare it with the preset automatic."
    # What is asked before it is saved is what the answer advises.
    assert compared.advice == "Compare with the preset automatic: it expects a smaller error."
    assert compared.actions == alone.actions[::-1] == ("compare_with_automatic", "use_mask")
    assert doubt_about(ring, found.recommendation, found.basis.score(ring.mask))


def test_a_mask_drawn_on_that_of_rings_can_be_compared():
    ring = extract_recording(
        frames_of("row 7"), AUTOMATIC.changed(method="ring", source="difference")
    )
    told = answer(edited(ring, Mask(np.ones((3, 5), dtype=bool)), "edited by hand"))
    assert told.what == "Your mask: 15 pixels."
    assert told.advice == "Use it, or compare it with the preset automatic."
    assert told.actions == ("use_mask", "compare_with_automatic")
    found = automatic("row 7")
    told = answer(edited(ring, found.mask, "edited by hand"), found.recommendation)
    assert told.what == "Your mask: 13 pixels, as recommended."


@pytest.mark.parametrize(
    ("error", "advice", "first"),
    [
        (0.1, "Train plain Noise2Void: automatic expects no smaller error.", "copy_plain_n2v"),
        (0.2, "Compare with the preset automatic.", "compare_with_automatic"),
    ],
)
def test_rings_that_found_nothing_are_no_mask_to_use(error, advice, first):
    found = with_errors(automatic("white"), error=0.1)
    ring = extract_recording(frames_of("white"), AUTOMATIC.changed(method="ring", source="frames"))
    assert ring.rings_found_nothing
    scored = found.basis.score(ring.mask)
    scored = replace(scored, error=replace(scored.error, noise_left=error, detail_lost=0.0))
    told = answer(ring, found.recommendation, scored)
    assert told.advice.endswith(advice)
    assert told.actions[0] == first
    assert "use_mask" not in told.actions


def test_spines_that_found_nothing_are_no_mask_to_use():
    spine = extract_recording(frames_of("white"), Parameters(method="spine"))
    assert spine.mask.statistics.true_pixels == 1
    found = with_errors(automatic("white"), error=0.1)
    told = answer(spine, found.recommendation, found.basis.score(spine.mask))
    assert "Use this mask" not in told.advice
    assert "copy_plain_n2v" in told.actions
    assert "use_mask" not in told.actions


def test_rings_that_do_harm_are_not_the_first_thing_to_use():
    """Also before automatic is known."""
    ring = extract_recording(
        frames_of("row 7"), AUTOMATIC.changed(method="ring", source="difference")
    )
    scored = automatic("row 7").basis.score(ring.mask)
    scored = replace(scored, error=replace(scored.error, noise_left=2.0))
    told = answer(ring, None, scored)
    assert "do harm" in told.how_sure
    assert told.advice == "Compare with the preset automatic."
    assert told.actions[0] == "compare_with_automatic"


@pytest.mark.parametrize(
    ("error", "said", "first"),
    [
        (0.05, "Use it: it is better than the recommended mask.", "use_mask"),
        (0.098, "It is as good as the recommended mask.", "use_mask"),
        # Its figure reads the same.
        (0.104, "It is as good as the recommended mask.", "use_mask"),
        (0.2, "The recommended mask is better.", "back_to_recommended"),
    ],
)
def test_an_edited_mask_is_better_only_by_more_than_a_tie(error, said, first):
    found = with_errors(automatic("row 7"), error=0.1, error_se=0.001)
    other = Mask(np.ones((3, 5), dtype=bool))  # no candidate, so its error is the one given
    scored = found.basis.score(other)
    scored = replace(scored, error=replace(scored.error, noise_left=error, detail_lost=0.0))
    told = answer(edited(found, other, "edited by hand"), found.recommendation, scored)
    assert told.advice == said
    assert told.actions[0] == first
