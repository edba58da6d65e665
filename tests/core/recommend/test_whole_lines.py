"""The answer about offsets of whole lines, and lines that do not end."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import BARE, BARE_CENTRE
from structmask_gui.core.recommend.extract import extract_recording, with_recommendation
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.statistical.frame_diagnostics import LineCovariance
from tests.core.recommend.scenes import (
    automatic,
    with_errors,
    with_estimate,
    with_estimate_of,
    with_flags,
)

AUTOMATIC = Parameters(method="statistical", source="automatic", mask_choice="recommended")


def test_whole_lines_of_a_single_frame_may_be_the_samples():
    found = automatic("offsets")
    estimate = replace(found.measurement.correlation, base="frames", source="frames")
    told = answer(with_estimate_of(found, estimate))
    assert told.certainty == "likely"  # of many, each frame has others
    one = replace(estimate, evidence=replace(estimate.evidence, relations=()))
    told = answer(with_estimate_of(found, one))
    assert (told.certainty, told.actions[0]) == ("uncertain", "preview_removal")
    assert "The lines may be the sample's." in told.how_sure


def test_whole_lines_come_first_where_noise_cannot_be_told_from_sample():
    found = automatic("one smooth frame")
    estimate = found.measurement.correlation
    rows = LineCovariance(0.2 * estimate.lags.variance, 0.0)
    evidence = replace(estimate.evidence, frame=replace(estimate.evidence.frame, rows=rows))
    lined = with_estimate(
        with_flags(found, "cannot_tell", "whole_line", lines="rows"), evidence=evidence
    )
    told = answer(lined)
    assert (told.certainty, told.actions[0]) == ("uncertain", "preview_removal")
    assert told.what == "Whole rows are brighter or darker; a mask cannot hide that."
    safe = answer(
        with_recommendation(lined, replace(lined.recommendation, safe=True, learned=False))
    )
    assert safe.what == "Cannot tell noise from sample."
    assert safe.advice.startswith("Whole rows differ as well: remove their offsets first.")
    assert "preview_removal" in safe.actions


def test_columns_may_be_a_fixed_pattern_that_was_shifted():
    found = automatic("offsets")
    told = answer(replace(found, verdict=replace(found.verdict, lines="columns")))
    assert (told.certainty, told.actions[0]) == ("uncertain", "preview_removal")
    assert "A camera's fixed columns look the same once frames were shifted." in told.how_sure


def test_lines_beside_a_fixed_pattern_are_removed_too():
    found = with_flags(automatic("row 7"), "fixed_pattern", "whole_line", lines="rows")
    told = answer(found)
    assert told.certainty == "act first"
    assert "frame: remove the offsets of the rows; until then, hide" in told.how_sure
    assert "offsets" not in told.advice
    assert "preview_removal" in told.actions[:3]  # as many have a button


def test_faint_offsets_of_whole_lines_need_not_be_removed_first():
    found = with_flags(automatic("row 7"), "whole_line", lines="rows")
    told = answer(found)
    assert (told.certainty, told.actions[0]) == ("likely", "use_mask")
    assert told.advice.endswith("Whole rows differ faintly as well: remove their offsets first.")
    assert told.actions[-1] == "preview_removal"
    evidence = found.measurement.correlation.evidence
    rows = LineCovariance(0.2 * found.measurement.correlation.lags.variance, 0.0)
    strong = replace(evidence, frame=replace(evidence.frame, rows=rows))
    assert answer(with_estimate(found, evidence=strong)).acts_first


@pytest.mark.parametrize(("left", "first"), [(0.07, True), (0.5, False)])
def test_faint_offsets_that_one_sees_in_the_result_are_removed_first(left, first):
    found = with_flags(automatic("row 7"), "whole_line", lines="rows")
    evidence = found.measurement.correlation.evidence
    rows = LineCovariance(0.02 * found.measurement.correlation.lags.variance, 0.0)
    faint = replace(evidence, frame=replace(evidence.frame, rows=rows))
    told = answer(with_errors(with_estimate(found, evidence=faint), left=left))
    assert (told.acts_first, "preview_removal" in told.actions) == (first, True)


def test_a_part_of_lines_that_do_not_end_is_not_likely():
    found = with_flags(automatic("offsets"), lines=None)
    estimate = found.measurement.correlation
    frame = replace(
        estimate.evidence.frame, rows=LineCovariance(0.02 * estimate.lags.variance, 1e-9)
    )
    evidence = replace(estimate.evidence, frame=frame)
    faint = with_estimate(found, evidence=evidence)
    part = Mask(np.ones((1, 7), dtype=bool))
    row = replace(found.recommendation.chosen, name="part", mask=part, left=1.0)
    ledger = (row, *found.recommendation.ledger)
    recommendation = replace(found.recommendation, mask=part, choice="part", ledger=ledger)
    told = answer(with_recommendation(faint, recommendation))
    assert told.certainty == "uncertain"
    assert "may reach further than the mask" in told.advice
    # Of lines that copy next to nothing it does not matter.
    ledger = tuple(replace(row, copied=0.01) for row in ledger)
    told = answer(with_recommendation(faint, replace(recommendation, ledger=ledger)))
    assert told.certainty == "likely"


def test_the_rule_does_not_deny_lines_that_no_mask_helps_with():
    recommendation = automatic("row 7").recommendation
    ledger = tuple(
        replace(row, tied=row is recommendation.ledger[0]) for row in recommendation.ledger
    )
    bare = replace(
        recommendation, mask=BARE, choice=BARE_CENTRE, ledger=ledger, gains_next_to_nothing=True
    )
    assert bare.rule == "No mask of this size helps with lines that go on, so none is recommended."
    assert "No shared noise" in replace(bare, gains_next_to_nothing=False).rule


@pytest.mark.parametrize("take_turns", [2, 4])
def test_noise_of_converters_that_take_turns_along_a_row(take_turns):
    """Every n-th pixel of a row shares an offset, further than the figures reach."""
    rng = np.random.default_rng(0)
    shape = (6, 192, 192)
    # New ones every 64 pixels, or whole rows would differ.
    column = np.arange(shape[2])
    offsets = rng.normal(size=(*shape[:2], 3, take_turns))
    offsets = offsets[:, :, column // 64, column % take_turns]
    frames = 300 + 10 * rng.normal(size=shape) + 7 * offsets + 40 * cells(shape[1:])
    found = extract_recording(frames, AUTOMATIC)
    mask = found.mask.array
    assert mask.shape == (1, 41)
    np.testing.assert_array_equal(np.flatnonzero(mask[0]) % take_turns, 0)
    told = answer(found)
    # It goes on, and no mask of this size reaches its end.
    assert told.certainty == "uncertain"
    assert "The pattern may reach further than the mask." in told.advice


def test_an_echo_is_no_line():
    noise = NoiseModel(kernels()["echo row"], 0.3)
    frames = 300 + 20 * simulate(noise, (160, 160), n_frames=6, picture=cells((160, 160)), seed=1)
    found = extract_recording(frames, AUTOMATIC)
    assert max(found.mask.cropped().array.shape) <= 21
    assert answer(found).certainty == "likely"


def test_offsets_of_several_readouts_are_not_those_of_whole_rows():
    draw = np.random.default_rng(3)
    readouts = draw.normal(0, 4, (6, 192, 4))[:, :, np.arange(192) % 4]
    picture = 200 + 240 * gaussian_filter(draw.normal(size=(192, 192)), 4)
    frames = picture + readouts + draw.normal(0, 8, (6, 192, 192))
    told = answer(extract_recording(frames, AUTOMATIC))
    assert told.what.startswith("Whole rows are brighter or darker")
    assert told.certainty == "uncertain"
    assert "Not all pixels of a row share its offset" in told.how_sure
