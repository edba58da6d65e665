"""The answer in three lines, one voice with the ledger."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from structmask_gui.core.extraction.extraction import cannot_separate
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.quality.basis import extraction_basis
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.automatic import automatic_answer
from structmask_gui.core.recommend.candidates import BARE, BARE_CENTRE
from structmask_gui.core.recommend.extract import extract_recording, with_recommendation
from structmask_gui.core.recommend.grounds import Grounds
from structmask_gui.core.recommend.readings import Structure
from structmask_gui.core.recommend.shapes import expected, faint, hide, of_noise
from structmask_gui.core.recommend.wording import (
    RECORDED,
    RECORDED_WRONG,
    percent,
    record_words,
)
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames, Region
from structmask_gui.core.stack.patches import Sampling
from structmask_gui.core.statistical.patterns import Patterns
from structmask_gui.core.verdict.certainty import sign_of
from tests.core.recommend.scenes import (
    AUTOMATIC,
    SCENES,
    automatic,
    frames_of,
    with_errors,
    with_estimate,
    with_estimate_of,
    with_flags,
)

QUICK = ("white", "row 7", "fixed", "offsets")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SCENES],
)
def test_answer_and_ledger_speak_with_one_voice(name):
    found = automatic(name)
    told = answer(found)
    recommendation = found.recommendation
    text = " ".join(told.lines)
    assert all(line.endswith(".") for line in told.lines)
    assert (told.certainty == "cannot tell") == recommendation.safe
    bare = found.mask == BARE
    assert ("copy_plain_n2v" in told.actions) == bare
    assert ("use_mask" in told.actions) != bare
    if bare:
        assert "hide" not in text.replace("hide that", "")
    if recommendation.ledger and recommendation.ledger[0].name == BARE_CENTRE and not bare:
        pytest.fail("plain N2V ranks first, but a mask is advised")
    assert all(int(figure) >= 5 for figure in re.findall(r"(\d+) %", text))
    assert told.record()["certainty"] == told.certainty


def test_rows():
    told = answer(automatic("row 7"))
    assert told.what == "Noise smeared along the rows: hide 6 pixels on either side."
    assert told.certainty == "likely"
    assert re.match(
        r"Likely\. Expected error after linear denoising: (about|under) \d+ % of the noise"
        r" \(without a mask: about \d+ %\)\.",
        told.how_sure,
    )
    assert told.how_sure.endswith(" were not tested.")
    assert told.not_tested[0].startswith("fixed patterns")
    assert '"horizontal", 13' in told.advice
    assert told.actions == ("use_mask", "use_trainer_shape")


def test_an_answer_about_a_part_says_so():
    found = automatic("row 7")
    inside = replace(found, measurement=replace(found.measurement, region=Region(0, 64, 0, 64)))
    whole, part = answer(found), answer(inside)
    assert part.how_sure == f"{whole.how_sure} Measured in the ROI alone."
    assert (part.what, part.advice) == (whole.what, whole.advice)


def test_what_has_to_be_done_first():
    fixed = answer(with_flags(automatic("row 7"), "fixed_pattern"))
    assert (fixed.certainty, fixed.actions[0]) == ("act first", "correct")
    assert fixed.actions[-1] == "what_to_record"
    assert fixed.what.startswith("The same pattern is in every frame")
    lines = answer(automatic("offsets"))
    # That rows have offsets is as sure as other findings; that is told apart from what to do.
    assert (lines.certainty, lines.actions[0]) == ("likely", "preview_removal")
    assert lines.what == "Whole rows are brighter or darker; a mask cannot hide that."
    assert lines.how_sure.startswith("Likely. Remove the offsets of the rows, then measure again.")
    assert "faintly" not in lines.advice
    assert fixed.acts_first
    assert lines.acts_first
    assert not answer(automatic("row 7")).acts_first


def test_what_is_to_be_done_before_training():
    assert answer(automatic("row 7")).first == ""
    lines = answer(automatic("offsets"))
    assert lines.told == "act first"
    assert lines.first.endswith("a mask cannot hide that. Remove their offsets first.")
    fixed = answer(with_flags(automatic("row 7"), "fixed_pattern"))
    assert fixed.first == f"{fixed.what} {fixed.advice}"


def test_cannot_tell():
    told = answer(automatic("cannot tell"))
    assert told.what == "Cannot tell noise from sample."
    assert "plain Noise2Void" in told.how_sure
    assert told.actions == ("what_to_record", "copy_plain_n2v")
    flags = ("cannot_tell", "interpolated")
    resampled = answer(with_flags(automatic("cannot tell"), *flags))
    assert resampled.certainty == "cannot tell"
    assert "look resampled or deconvolved. If so, use the raw data." in resampled.advice


def test_noise_is_not_learned_of_resampled_frames():
    found, frames = automatic("one smooth frame"), ArrayFrames(frames_of("one smooth frame"))
    assert extraction_basis(found, frames).learned is not None
    resampled = with_flags(found, *found.verdict.flags, "interpolated")
    assert extraction_basis(resampled, frames).learned is None


def test_what_speaks_against_a_mask_is_said_once_and_before_it_is_advised():
    found = with_flags(automatic("row 7"), "interpolated", "compressed")
    assert answer(found).advice.count("Use the raw data.") == 1
    harmful = answer(with_errors(automatic("row 7"), error=1.3))
    assert harmful.advice.startswith("If you denoise all the same, use this mask")
    assert harmful.actions[0] == "what_to_record"
    one = with_flags(automatic("one smooth frame"), "fixed_pattern_not_tested")
    told = answer(with_errors(one, worst=2.0))
    assert "ask for different masks" in told.how_sure
    assert told.advice.endswith("To decide, record 6 or more frames of one still field.")


def test_noise_that_looks_like_the_sample():
    found = automatic("one smooth frame")
    assert cannot_separate(found)
    assert found.recommendation.learned
    told = answer(found)
    assert told.certainty == "uncertain"
    assert told.what.startswith("Noise smeared over neighbouring pixels: hide")
    assert "This noise looks like the sample." in told.how_sure
    assert told.advice == (
        "Compare this mask with plain Noise2Void before you use it."
        " To decide, record 6 or more frames of one still field."
    )
    assert told.actions == ("what_to_record", "use_mask")
    rows = found.recommendation.ledger
    bare = with_recommendation(
        found, replace(found.recommendation, mask=BARE, choice=BARE_CENTRE, ledger=rows)
    )
    assert answer(bare).what.endswith("no mask is likely to help.")
    assert answer(bare).actions == ("copy_plain_n2v", "what_to_record")
    assert bare.recommendation.rule.endswith("no mask lowers the expected error by 5 %.")


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("frames", "No scene that these frames share was found. To decide, record "),
        ("difference", "The field seems to change between these frames. To decide, record "),
    ],
)
def test_several_frames_that_cannot_tell_say_why(base, why):
    found = with_estimate(automatic("cannot tell"), base=base)
    relation = automatic("white").measurement.correlation.evidence.relations[0]
    evidence = replace(found.measurement.correlation.evidence, relations=(relation,))
    found = with_estimate(found, evidence=evidence)
    # Differences are counted by pairs of frames.
    enough = 6 if base == "frames" else 3
    for frames, record in (
        (enough - 1, "6 or more frames of one still field."),
        (enough, {"frames": "one still field with more light."}.get(base, "a field that does not")),
    ):
        places = np.zeros((frames, 3), dtype=int)
        places[:, 0] = np.arange(frames)
        sampling = Sampling((64, 64), places, np.ones(frames, dtype=bool), ("",) * frames)
        asked = replace(found, measurement=replace(found.measurement, sampling=sampling))
        assert answer(asked).advice.startswith(why + record)


def test_where_harm_is_expected_meanwhile_the_raw_frames_are_named():
    single = automatic("cannot tell")
    several = with_estimate(single, base="difference")
    told = answer(with_errors(several, error=130.0, lost=129.0))
    assert told.how_sure.startswith(
        "Better not denoise yet: even plain Noise2Void is expected to cost more detail than the"
        " noise it removes (linear estimate; a network may do better)."
    )
    assert "harm" not in told.how_sure
    equal = answer(with_errors(several, error=1.0, lost=0.5)).how_sure
    assert "even plain Noise2Void is expected to cost about as much detail as the noise" in equal
    assert "keeps detail" not in told.how_sure
    assert told.how_sure.endswith("Compare any result with the raw frames.")
    # One frame does not say how strong its noise is; and noise that is left costs no detail.
    for found in (with_errors(single, error=130.0, lost=129.0), with_errors(several, error=1.0)):
        assert answer(found).how_sure.startswith("Safe meanwhile: plain Noise2Void.")


def test_noise_that_is_left_is_no_detail_that_is_lost():
    assert "it costs more detail than the noise it removes" in expected(2.5, lost=0.9)
    assert "it removes hardly any of the noise (linear" in expected(1.0, lost=0.05)


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (
            "negative",
            "Noise of opposite sign in neighbouring pixels: hide 2 pixels on either side.",
        ),
        ("lobed", "Noise smeared over neighbouring pixels: hide"),
    ],
)
def test_the_sign_of_the_noise_is_said(kernel, said):
    noise = simulate(
        NoiseModel(kernels()[kernel], 0.3),
        (160, 160),
        n_frames=6,
        picture=cells((160, 160)),
        seed=3,
    )
    found = extract_recording(500 + 25 * noise, AUTOMATIC)
    assert answer(found).what.startswith(said)


def test_a_mask_that_is_no_line_is_not_said_to_be_along_one():
    found = automatic("row 7")
    grounds = Grounds(found, found.verdict, found.recommendation)
    grounds.mask = Mask(np.ones((3, 13), bool))
    said = automatic_answer(grounds).what
    assert said == "Noise smeared mostly along the rows: hide the block of 3 x 13 pixels."


def test_the_next_neighbours_decide_the_sign_where_they_share_noise():
    found = automatic("row 7")
    lags = found.measurement.correlation.lags
    rho = lags.rho.copy()
    rho[:, [lags.reach - 2, lags.reach + 2]] *= -2
    rings = with_estimate(found, lags=replace(lags, rho=rho))
    assert answer(rings).what.startswith("Noise smeared along the rows")
    # What was measured is not the noise where that was learned.
    opposite = with_estimate(found, lags=replace(lags, rho=-lags.rho))
    assert Grounds(opposite, found.verdict, found.recommendation).opposite
    learned = replace(found.recommendation, learned=True)
    assert not Grounds(opposite, found.verdict, learned).opposite


def test_faint_noise_has_one_article():
    assert faint("detached") == "A faint echo of the noise some pixels away"
    assert faint("detached", opposite=True) == "A faint inverted echo of the noise some pixels away"
    assert faint("rows") == "Faint noise smeared along the rows"


def test_too_little_image():
    found = with_flags(automatic("row 7"), sure=False, more_patches=1)
    # In differences the lags that are open are faint.
    assert answer(found).certainty == "likely"
    told = answer(with_estimate(found, source="frames"))
    assert told.certainty == "uncertain"
    assert told.advice.endswith("One more frame may decide.")
    assert told.actions[0] == "add_files"
    many = answer(with_flags(automatic("white"), sure=False, more_patches=1000))
    assert "more frames like these would decide" in many.advice


def test_what_gains_little_is_not_said_to_fit():
    found = with_flags(automatic("white"), sure=False, more_patches=1000)
    assert answer(found).advice.startswith("Plain Noise2Void fits what was measured.")
    told = answer(with_errors(found, error=1.0, lost=1.0))
    assert "Denoising is expected to gain little" in told.how_sure
    assert told.advice.startswith("If you denoise all the same, train plain Noise2Void.")


def test_a_mask_that_gains_nothing():
    found = automatic("row 7")
    bare = replace(found.recommendation, mask=BARE, choice=BARE_CENTRE, gains_next_to_nothing=True)
    told = answer(with_recommendation(found, bare))
    assert bare.bare.copied > 0.5
    assert told.what == "Noise smeared along the rows; hiding it gains nothing."
    assert told.advice == "Plain Noise2Void does as well."
    assert told.actions == ("copy_plain_n2v",)
    ledger = tuple(replace(row, copied=min(row.copied, 0.09)) for row in bare.ledger)
    told = answer(with_recommendation(found, replace(bare, ledger=ledger)))
    assert told.what == "Faint noise smeared along the rows."
    assert told.advice == "Plain Noise2Void does as well; a mask gains nothing."
    dear = answer(with_recommendation(found, replace(bare, gains_next_to_nothing=False)))
    assert "costs more than it gains" in dear.what
    assert dear.advice == "Plain Noise2Void is best."
    assert "A network could copy about" in dear.how_sure


def test_no_share_below_five_per_cent_is_a_figure():
    assert [percent(share) for share in (0.0, 0.049, 0.05, 0.76)] == [
        "under 5 %",
        "under 5 %",
        "about 5 %",
        "about 76 %",
    ]


def test_the_same_figure_is_not_said_twice():
    found = automatic("row 7")
    recommendation = found.recommendation
    chosen = recommendation.chosen
    rows = tuple(
        replace(row, copied=0.02, error=0.081 if row.name == BARE_CENTRE else 0.076)
        for row in recommendation.ledger
    )
    same = replace(recommendation, ledger=rows)
    assert same.chosen.mask == chosen.mask
    told = answer(with_recommendation(found, same))
    assert told.how_sure.startswith(
        "Likely. Expected error after linear denoising: about 8 % of the noise (without a mask: the"
        " same)."
    )
    assert told.advice.endswith("Plain Noise2Void does nearly as well.")
    assert "nearly as well" not in answer(found).advice
    less = replace(
        same,
        ledger=tuple(
            replace(row, copied=0.045 if row.name == BARE_CENTRE else 0.02) for row in rows
        ),
    )
    assert answer(with_recommendation(found, less)).advice.endswith(
        "Plain Noise2Void does nearly as well, but copies more of this noise."
    )


def test_what_a_mask_is_for_is_said_where_it_does_not_lower_the_error():
    dear = with_errors(automatic("row 7"), copied=0.02, error=0.5)
    rows = tuple(
        replace(row, copied=0.07, error=0.4) if row.name == BARE_CENTRE else row
        for row in dear.recommendation.ledger
    )
    told = answer(with_recommendation(dear, replace(dear.recommendation, ledger=rows)))
    assert (
        "about 50 % of the noise (without a mask: about 40 %). A network could copy under 5 % of"
        " it (about 7 % without a mask)." in told.how_sure
    )
    assert "copy" not in answer(with_errors(dear, error=0.3)).how_sure


@pytest.mark.parametrize(
    ("error", "said"), [(0.99, "is expected to gain little"), (6.07, "is expected to do harm")]
)
def test_a_mask_that_does_no_good_is_not_the_first_thing_to_use(error, said):
    told = answer(with_errors(automatic("row 7"), error=error))
    assert said in told.how_sure
    assert told.actions[:2] == ("what_to_record", "use_mask")
    assert told.certainty == "likely"
    assert sign_of(told.certainty, told.actions) == "attention"
    found = automatic("row 7")
    bare = replace(found.recommendation, mask=BARE, choice=BARE_CENTRE, gains_next_to_nothing=True)
    told = answer(with_errors(with_recommendation(found, bare), error=error))
    assert said in told.how_sure
    assert "Plain Noise2Void does as well" not in told.advice
    assert told.actions == ("what_to_record", "copy_plain_n2v")


def test_one_frame_is_said_to_be_one():
    found = automatic("white")
    evidence = replace(found.measurement.correlation.evidence, patterns=Patterns())
    found = with_estimate(found, evidence=evidence, base="frames")
    assert "from frame to frame" in answer(found).what
    places = found.measurement.sampling.places.copy()
    places[:, 0] = 0
    sampling = replace(found.measurement.sampling, places=places)
    one = replace(found, measurement=replace(found.measurement, sampling=sampling))
    assert answer(one).what == "One frame only: no pattern found (none above 5 % of the noise)."
    assert answer(one).advice.endswith("To be sure, record 6 or more frames of one still field.")


@pytest.mark.parametrize(
    ("copied", "left", "said"),
    [
        (0.613, 0.5, "may leave up to 61 % of the noise"),
        (0.3, 0.7, "may leave up to 70 % of the noise"),
        (0.6, 1.1, "may remove hardly any noise"),
        (0.02, 0.7, ""),
    ],
)
def test_what_is_safe_says_what_it_leaves(copied, left, said):
    found = automatic("cannot tell")
    assert found.recommendation.safe
    told = answer(with_errors(found, copied=copied, left=left))
    assert said in told.how_sure
    assert ("keeps detail" in told.how_sure) == bool(said)


def test_an_expected_error_is_a_share_of_the_noise():
    assert of_noise(0.081) == "about 8 % of the noise"
    assert of_noise(0.031, brief=True) == "under 5 %"
    assert of_noise(15.28) == "15 times the noise"
    assert of_noise(99.7) == "100 times the noise"
    assert of_noise(281.0, brief=True) == "over 100 times the noise"


def test_what_to_hide():
    row = Mask(np.ones((1, 3), dtype=bool))
    assert hide(row) == "hide 1 pixel on either side"
    assert hide(row, alone=True) == "hide 1 pixel on either side along the row"
    assert hide(Mask(np.ones((5, 1), dtype=bool))) == "hide 2 pixels above and below"
    assert hide(Mask(np.ones((3, 3), dtype=bool))) == "hide the block of 3 x 3 pixels"
    assert hide(Mask(np.eye(3, dtype=bool))) == "hide these 3 pixels"


def test_a_regular_pattern():
    found = with_flags(automatic("row 7"), "periodic_temporal", sure=True)
    told = answer(found)
    assert (told.certainty, told.actions[0]) == ("act first", "what_to_record")
    # In one frame it may be the sample's.
    one = with_flags(automatic("cannot tell"), "periodic_temporal", sure=False)
    assert cannot_separate(one)
    assert answer(one).certainty == "cannot tell"


def test_a_regular_pattern_in_frames_that_share_nothing_may_be_hum():
    rng = np.random.default_rng(0)
    along = np.arange(192 * 192).reshape(192, 192)
    wave = np.sin(2 * np.pi * along / 8.3 + rng.uniform(0, 2 * np.pi, (10, 1, 1)))
    frames = 1000 + 40 * rng.normal(size=wave.shape) + 30 * wave
    said = answer(extract_recording(frames, AUTOMATIC))
    assert said.certainty == "act first"
    assert "as hum and interference have" in said.what
    # In fewer frames it may be the sample, which has moved.
    said = answer(extract_recording(frames[:6], AUTOMATIC))
    assert said.certainty in ("uncertain", "cannot tell")
    assert "if it is hum or interference, filter it out" in said.advice


def test_where_no_mask_helps_either_way_that_is_what_is_said():
    found = with_flags(automatic("white"), "cannot_tell", sure=False)
    strong = replace(found.recommendation, structure=Structure(9.0, ()))
    told = answer(replace(found, recommendation=strong))
    assert told.what == "No mask helps, whether this is noise or sample."
    assert told.certainty == "likely"
    assert told.actions[0] == "copy_plain_n2v"
    weak = replace(found.recommendation, structure=Structure(1.0, ()))
    assert answer(replace(found, recommendation=weak)).certainty == "cannot tell"


def test_a_stack_that_was_denoised_is_not_taken_for_a_raw_one():
    told = answer(automatic("row 7")).of_denoised()
    assert told.what == "This stack was denoised by StructMask."
    assert told.certainty == "act first"
    assert not told.actions
    assert "Open the raw stack" in told.advice


def test_a_reference_stack_that_does_not_fit_makes_the_answer_uncertain():
    told = answer(automatic("row 7"))
    doubted = told.doubted("dark.tif does not fit.")
    assert doubted.certainty == "uncertain"
    assert doubted.how_sure.startswith("Uncertain. dark.tif does not fit. Expected error")
    assert "Likely" not in doubted.how_sure
    assert told.doubted("") == told
    rings = replace(told, certainty="uncertain", how_sure="Uncertain: rings do not tell.")
    assert rings.doubted("It is.").how_sure == "Uncertain. It is. Rings do not tell."
    unknown = answer(automatic("cannot tell"))
    assert unknown.doubted("It does not fit.") == unknown


def test_the_record_that_is_told_is_the_one_that_was_measured():
    place = Path(__file__).parents[3] / "benchmarks/physics_after.json"
    measured = json.loads(place.read_text())["all"]
    assert (measured["reliable_count"], measured["wrong_count"]) == (RECORDED, RECORDED_WRONG)
    assert "right in" in record_words("likely")
    assert record_words("uncertain") == ""


def test_a_pattern_in_dark_frames_is_the_cameras():
    found = automatic("fixed")
    estimate = replace(found.measurement.correlation, source="dark", base="dark")
    told = answer(with_flags(with_estimate_of(found, estimate), "fixed_pattern", "shared_frames"))
    assert told.what == "The camera has a fixed pattern: every dark frame shows it."
    assert told.how_sure.startswith("Act first. Meanwhile, for its noise and that pattern together")
    assert told.advice.startswith("Correct your frames by these dark frames")
    assert told.actions[0] == "correct"
    assert "share noise" not in told.advice
