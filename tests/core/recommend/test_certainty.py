"""How sure the answer about the recommended mask is, and what makes it doubtful."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift
from scipy.signal import lfilter

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import BARE, BARE_CENTRE
from structmask_gui.core.recommend.extract import extract_recording, with_recommendation
from structmask_gui.core.recommend.readings import Structure, structure_of
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.statistical.estimate import UnlikePart
from structmask_gui.core.statistical.patterns import Patterns
from tests.core.recommend.scenes import (
    AUTOMATIC,
    automatic,
    with_estimate,
    with_estimate_of,
    with_flags,
)


def test_nothing_found_is_likely_where_what_was_not_tested_would_hardly_change_it():
    found = automatic("white")

    def looked_for(**patterns):
        estimate = found.measurement.correlation
        evidence = replace(estimate.evidence, patterns=Patterns(**patterns))
        estimate = replace(estimate, evidence=evidence)
        return replace(found, measurement=replace(found.measurement, correlation=estimate))

    told = answer(looked_for())
    assert told.what == "No pattern that changes from frame to frame (none above 5 % of the noise)."
    assert (told.certainty, told.actions) == ("likely", ("copy_plain_n2v",))
    assert "a fixed pattern would hardly change that. Fixed patterns" in told.how_sure
    # Where a pattern of the sample's strength and shape would ask for a mask, it is a doubt.
    hidden = strong(found.recommendation, 1, worst=2)
    told = answer(with_recommendation(looked_for(), hidden))
    assert (told.certainty, told.actions[0]) == ("uncertain", "what_to_record")
    assert told.advice.endswith("To be sure, record 20 dark frames or an even field.")
    tested = answer(with_flags(found, sure=True))
    assert (tested.what, tested.certainty) == ("No pattern in the noise.", "likely")
    assert tested.actions == ("copy_plain_n2v",)
    held = with_flags(looked_for(static_share=0.0), "fixed_pattern_not_tested", sure=True)
    assert answer(with_recommendation(held, hidden)).certainty == "uncertain"
    # Where frames share nothing there is no room for a fixed pattern.
    recommendation = replace(found.recommendation, structure=Structure(0.01, ()))
    told = answer(with_recommendation(held, recommendation))
    assert (told.certainty, told.actions) == ("likely", ("copy_plain_n2v",))
    assert "the same in every frame" in told.how_sure


@pytest.mark.parametrize(
    "flag", ["registered", "interpolated", "compressed", "not_uniform", "shared_frames"]
)
def test_doubts_are_said(flag):
    told = answer(with_flags(automatic("row 7"), flag))
    assert len(told.advice) > len(answer(with_flags(automatic("row 7"))).advice)
    assert (told.certainty == "uncertain") == (flag in ("interpolated", "compressed"))


@pytest.mark.parametrize(("other", "certainty"), [(0.5, "likely"), (0.2, "uncertain")])
def test_halves_that_differ_by_much_are_a_doubt(other, certainty):
    found = automatic("row 7")
    part = UnlikePart("left half", 0.7, other, (0, 1))
    evidence = replace(found.measurement.correlation.evidence, unlike=part)
    told = answer(with_flags(with_estimate(found, evidence=evidence), "not_uniform"))
    assert told.certainty == certainty


def test_how_large_a_large_mask_should_be_is_not_sure():
    found = automatic("row 7")
    assert answer(found).certainty == "likely"
    for shape, certainty in (((9, 9), "uncertain"), ((1, 81), "likely"), ((7, 7), "likely")):
        mask = Mask(np.ones(shape, dtype=bool))
        chosen = replace(found.recommendation.chosen, mask=mask, pixels=mask.statistics.true_pixels)
        ledger = tuple(
            chosen if row.name == chosen.name else row for row in found.recommendation.ledger
        )
        recommendation = replace(found.recommendation, ledger=ledger)
        told = answer(replace(found, recommendation=recommendation))
        assert told.certainty == certainty
        assert ("depends on the network" in told.how_sure) == (certainty == "uncertain")


def test_noise_that_no_mask_hides_is_not_likely_to_have_the_right_one():
    found = automatic("row 7")
    bare = replace(found.recommendation, mask=BARE, choice=BARE_CENTRE)
    level = tuple(replace(row, error=0.3, worst=1.0, worst_part=1.0) for row in bare.ledger)
    for least, certainty in ((0.27, "likely"), (0.2, "uncertain")):
        ledger = (replace(level[0], error=least), *level[1:])
        told = answer(with_recommendation(found, replace(bare, ledger=ledger)))
        assert told.certainty == certainty
        assert ("too large to train" in told.how_sure) == (certainty == "uncertain")
    # A row of ringing ends; hum goes on.
    for error, certainty in ((0.1, "likely"), (0.29, "uncertain")):
        ledger = tuple(
            replace(row, error=0.3 if row.name == BARE_CENTRE else error) for row in level
        )
        ringing = with_recommendation(found, replace(found.recommendation, ledger=ledger))
        told = answer(replace(ringing, verdict=replace(found.verdict, kind="periodic")))
        assert told.certainty == certainty
        assert ("goes on further" in told.how_sure) == (certainty == "uncertain")


def test_a_faint_sample_may_add_to_what_unlike_frames_share():
    found = automatic("row 7")
    estimate = replace(found.measurement.correlation, base="frames", source="frames")
    assert answer(with_estimate_of(found, estimate)).certainty == "likely"
    smooth = replace(found, verdict=replace(found.verdict, kind="blob"))
    told = answer(with_estimate_of(smooth, estimate))
    assert told.certainty == "uncertain"
    assert "A faint sample may add to this pattern." in told.how_sure
    # Photons alone are all noise.
    photons = replace(estimate, evidence=replace(estimate.evidence, photons=1e6))
    assert answer(with_estimate_of(smooth, photons)).certainty == "likely"


def test_a_fixed_pattern_is_a_doubt_where_it_would_ask_for_a_mask():
    found = automatic("white")
    patterns = Patterns(static_share=0.3)
    evidence = replace(found.measurement.correlation.evidence, patterns=patterns)
    found = with_flags(with_estimate(found, evidence=evidence), "fixed_pattern_not_tested")
    for share, worst, certainty in (
        (2, 1, "likely"),
        (9, 1, "likely"),
        (9, 1.3, "uncertain"),
        (30, 1, "likely"),
        # Beside next to no noise a fixed pattern may be strong.
        (300, 1, "uncertain"),
    ):
        told = answer(with_recommendation(found, strong(found.recommendation, share, worst)))
        assert (told.certainty, "copy_plain_n2v" in told.actions) == (certainty, True)


def strong(recommendation, share, worst):
    """Return a recommendation with structure of a variance, and worse with a fixed pattern."""
    ledger = tuple(replace(row, worst_fixed=worst) for row in recommendation.ledger)
    return replace(recommendation, ledger=ledger, structure=Structure(share, ()))


def test_where_no_mask_is_best_anyway_nothing_has_to_be_separated():
    found = with_flags(automatic("white"), "cannot_tell", "picture")
    recommendation = replace(found.recommendation, safe=True)
    assert answer(with_recommendation(found, recommendation)).certainty == "cannot tell"
    told = answer(with_recommendation(found, strong(recommendation, 9, 1)))
    assert (told.certainty, told.actions) == ("likely", ("copy_plain_n2v",))
    # Where every mask costs more than the noise, the estimate says nothing of masks.
    dear = strong(recommendation, 9, 1)
    dear = replace(dear, ledger=tuple(replace(row, error=row.error + 1) for row in dear.ledger))
    assert answer(with_recommendation(found, dear)).certainty == "cannot tell"
    fixed = with_flags(found, "cannot_tell", "picture", "fixed_pattern")
    told = answer(with_recommendation(fixed, strong(recommendation, 9, 1)))
    assert told.certainty == "act first"


def test_a_mask_beyond_what_was_measured_is_not_likely():
    found = automatic("row 7")
    reach = found.measurement.correlation.lags.reach
    far = Mask(np.ones((1, 2 * reach + 3), dtype=bool))
    recommendation = replace(found.recommendation, mask=far, choice="lines that do not end")
    told = answer(with_recommendation(found, recommendation))
    assert told.certainty == "uncertain"
    assert told.advice.endswith(f"more than {reach} pixels away could not be measured.")


def test_a_mask_that_hardly_gains_where_two_layers_move_apart_is_doubted():
    """What moved is smooth, was taken for noise here, and the noise is white."""
    draw = np.random.default_rng(1)
    layers = [gaussian_filter(draw.normal(size=(180, 180)), 1.5) for _ in range(2)]
    ways = [np.cumsum(draw.normal(0, step, (2, 2)), axis=0) for step in (0.8, 1.5)]
    frames = []
    for time in range(2):
        moved = [
            shift(layer / layer.std(), way[time], mode="reflect")
            for layer, way in zip(layers, ways, strict=True)
        ]
        picture = sum(moved)[10:-10, 10:-10]
        frames.append(100 + 2.9 * picture + draw.normal(0, 2.2, picture.shape))
    found = extract_recording(np.array(frames), AUTOMATIC)
    assert found.mask.statistics.true_pixels > 1
    told = answer(found)
    assert told.certainty == "uncertain"
    assert "The sample changes between these frames, and may add" in told.how_sure


@pytest.mark.parametrize(("curtains", "why"), [(2.0, "Whole columns differ as well"), (0.0, "")])
def test_curtains_across_smeared_rows_of_one_frame_are_a_doubt(curtains, why):
    draw = np.random.default_rng(2)
    noise = draw.normal(0, 10, (192, 194))
    smeared = noise[:, :-2] + noise[:, 1:-1] + noise[:, 2:]
    columns = gaussian_filter(draw.normal(size=192), 1)
    frame = 200 + smeared + curtains * columns / columns.std()
    told = answer(extract_recording(frame, AUTOMATIC))
    assert told.what.startswith("Noise smeared along the rows: hide")
    assert told.certainty == ("uncertain" if why else "likely")
    assert why in told.how_sure


def test_a_row_of_one_frame_whose_rows_were_levelled_is_doubtful():
    draw = np.random.default_rng(2)
    frame = draw.normal(size=(192, 292))
    for x in range(1, 292):  # the offset of the tip drifts along the row
        frame[:, x] = 0.8 * frame[:, x - 1] + 0.6 * frame[:, x]
    frame = 10 * (frame[:, 100:] + 0.3 * draw.normal(size=(192, 192)))
    told = answer(extract_recording(frame - frame.mean(axis=1, keepdims=True), AUTOMATIC))
    assert told.certainty == "uncertain"
    assert "Each row's mean was removed before" in told.how_sure


SHAPE = (160, 192)


def along_rows(draw, fades):
    """Return noise of variance 1 that is alike along each row, by a factor from pixel to pixel."""
    white = draw.normal(size=(SHAPE[0], SHAPE[1] + 200))
    return lfilter([np.sqrt(1 - fades**2)], [1, -fades], white, axis=-1)[:, 200:]


@pytest.mark.parametrize("strength", [0, 1])
def test_lines_in_every_frame_that_are_sharper_than_a_sample_are_a_doubt(strength):
    draw = np.random.default_rng(0)
    picture = cells(SHAPE)
    still = 0.7 * picture / picture.std() + strength * along_rows(draw, 0.7)
    found = extract_recording(still + draw.normal(100, 1, (4, *SHAPE)), AUTOMATIC)
    told = answer(found)
    assert structure_of(found.basis).lines == ("rows" if strength else None)
    assert told.certainty == ("uncertain" if strength else "likely")
    said = "In every frame, rows differ more sharply than a sample's do." in told.how_sure
    assert said == bool(strength)


def changing_frames(draw):
    """Return the smooth parts of two frames of a sample that changes."""
    smooth = [gaussian_filter(draw.normal(size=SHAPE), 5) for _ in range(3)]
    first, second, shared = (part / part.std() for part in smooth)
    return np.stack([100 + 10 * shared + 6 * part for part in (first, second)])


@pytest.mark.parametrize("strength", [0, 2])
def test_rows_that_differ_beside_a_sample_that_changes_are_told(strength):
    draw = np.random.default_rng(4)
    frames = changing_frames(draw) + draw.normal(size=(2, *SHAPE))
    frames += strength * np.stack([along_rows(draw, 0.97) for _ in frames])
    told = answer(extract_recording(frames, AUTOMATIC))
    assert told.what == "The sample changes between these frames; no mask is likely to help."
    said = "Rows differ more sharply than a sample's do, too." in told.how_sure
    assert said == bool(strength)


@pytest.mark.parametrize(("strength", "lines"), [(0.1, None), (0.5, "rows"), (1, "rows")])
def test_offsets_of_rows_count_beside_the_fine_noise_where_the_sample_changes(strength, lines):
    """They are 3 % of what differs between frames, and as strong as the noise."""
    draw = np.random.default_rng(2)
    frames = changing_frames(draw) + draw.normal(size=(2, *SHAPE))
    frames += 2 * strength * draw.normal(size=(2, SHAPE[0], 1))
    found = extract_recording(frames, AUTOMATIC)
    assert found.verdict.lines == lines
    what = answer(found).what
    assert what.startswith("Whole rows are brighter or darker" if lines else "The sample changes")


def test_a_small_image_is_not_sure():
    rows = simulate(NoiseModel(kernels()["row 7"], 0.3), (96, 96), n_frames=6, seed=3)
    assert answer(extract_recording(rows, AUTOMATIC)).certainty == "likely"
    told = answer(extract_recording(rows[:, :48, :48], AUTOMATIC))
    assert told.certainty == "uncertain"
    assert "So small an image does not say enough of the noise." in told.how_sure
