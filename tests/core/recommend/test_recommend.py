"""The recommended mask: the least expected error, and what is safe."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import lfilter

from structmask_gui.core.errors import Cancelled
from structmask_gui.core.extraction.extraction import select
from structmask_gui.core.learned.noise import LearnedNoise
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.suggest import SEARCHED
from structmask_gui.core.quality.training import training_cost
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import (
    BARE,
    BARE_CENTRE,
    FIT_LINES,
    SIGNIFICANT,
    WHOLE_LINE,
    candidates,
    fit_lines,
    row_words,
)
from structmask_gui.core.recommend.extract import (
    RecommendedExtraction,
    extract_recording,
    looked_further,
    with_recommendation,
)
from structmask_gui.core.recommend.ledger import TIE, LedgerRow
from structmask_gui.core.recommend.readings import other_readings
from structmask_gui.core.recommend.recommend import (
    AGREED,
    CLOSE,
    DOUBTED,
    Recommendation,
    _plainer,
    agreed,
    recommend,
)
from structmask_gui.core.simulation import Kernel, NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import Recording
from structmask_gui.core.statistical.out_of_band import SpectralFit
from structmask_gui.core.statistical.patterns import Lasting, Patterns
from structmask_gui.core.verdict.wording import FAINT_GAPS, FLAG_WORDS
from tests.core.recommend.scenes import AUTOMATIC, automatic


def test_the_candidates_are_each_there_once():
    found = automatic("row 7")
    masks = candidates(found.basis, found)
    assert list(masks)[:2] == [BARE_CENTRE, SIGNIFICANT]
    assert any(name.startswith("suggested") for name in masks)
    assert len(set(masks.values())) == len(masks)
    # The significant lags are a row of 13, so that is not there a second time.
    assert "CAREamics horizontal 13" not in masks
    assert "CAREamics horizontal 11" in masks


@pytest.mark.parametrize("name", ["row 7", "column fading", "diagonal", "cross", "isotropic"])
def test_no_candidate_has_a_clearly_smaller_error(name):
    found = automatic(name)
    ledger, chosen = found.recommendation.ledger, found.recommendation.chosen
    errors = [row.error for row in ledger]
    assert errors == sorted(errors)
    assert chosen.mask == found.mask
    assert chosen.tied
    assert chosen.error < 0.5 * found.recommendation.bare.error
    for row in ledger:
        assert row.error == pytest.approx(row.left + row.lost + row.training)
        assert row.error_se > 0
        # Of ties none copies clearly less, or is smaller and as good.
        assert not row.tied or row.copied > chosen.copied - 0.01001
        assert row.tied or row.error > (1 + TIE) * errors[0]
        same = row.copied <= chosen.copied and row.error <= chosen.error
        assert not same or row.pixels >= chosen.pixels


def test_the_true_lags_of_a_row_are_recommended():
    true = Mask(NoiseModel(kernels()["row 7"], 0.3).true_mask(10)).cropped()
    assert automatic("row 7").mask == true


def test_without_correlation_there_is_no_mask():
    found = automatic("white")
    assert found.mask == BARE
    assert found.recommendation.gains_next_to_nothing
    assert not found.recommendation.safe


def test_what_cannot_be_separated_gets_a_safe_mask():
    found = automatic("cannot tell")
    assert "cannot_tell" in found.verdict.flags
    assert found.recommendation.safe
    assert found.mask == BARE
    assert fit_lines(found) is None
    assert found.recommendation.row(SIGNIFICANT).pixels > 1


def test_noise_as_smooth_as_the_sample_gets_the_mask_that_it_usually_needs():
    found = automatic("one smooth frame")
    assert "cannot_tell" in found.verdict.flags
    assert not found.recommendation.safe
    chosen, bare = found.recommendation.chosen, found.recommendation.bare
    assert chosen.error < 0.6 * bare.error
    assert chosen.worst <= AGREED
    assert chosen.pixels >= 9
    assert 0.01 < chosen.error_se < 0.5  # that of noises that are as likely
    # Another noise that is as likely may call for another mask; then nothing is concluded.
    assert isinstance(found.basis.learned, LearnedNoise)
    wide, none = found.basis.learned.draws[0], np.zeros((41, 41))
    none[20, 20] = wide[20, 20]
    torn = replace(found.basis.learned, draws=(wide, none, 0.01 * wide))
    told = recommend(replace(found.basis.measured, learned=torn), found)
    assert not told.learned
    assert told.safe


def test_of_several_kinds_of_noise_the_mask_that_is_never_far_from_the_best_is_taken():
    ledger = automatic("one smooth frame").recommendation.ledger
    bare = next(row for row in ledger if row.name == BARE_CENTRE)
    other = next(row for row in ledger if row.name == "CAREamics square 3")
    least = partial(replace, ledger[0], pixels=SEARCHED, tied=True, error=0.1)
    bare = partial(replace, bare, tied=False, error=0.5)
    other = partial(replace, other, tied=False, error=0.2, worst=2.0)

    def taken(*rows):
        found = agreed(rows)
        return None if found is None else found.name

    assert taken(least(worst=1.5), other(), bare(worst=9)) == ledger[0].name
    assert taken(least(worst=9), other(), bare(worst=9)) == other().name
    assert taken(least(worst=9), other(), bare(worst=2.1)) is None
    assert taken(least(worst=9), other(worst=4), bare(worst=9)) is None
    assert taken(least(worst=1.5), other(), bare(worst=1, tied=True)) == BARE_CENTRE
    # It gains little by what is most likely; but without it the error may be far larger.
    assert taken(least(worst=1.5, error=0.49), other(), bare(worst=9)) == ledger[0].name
    assert taken(least(worst=1.5, error=0.49), other(), bare(worst=1.6)) == BARE_CENTRE
    # None that is expected to do worse than no mask, safe as it may be.
    assert taken(least(worst=9), other(error=0.51), bare(worst=9)) is None
    assert taken(least(worst=3), other(error=0.51), bare(worst=9)) == ledger[0].name


def test_lines_of_the_fit_are_safe():
    found = automatic("one frame")
    estimate = found.measurement.correlation
    covariance = np.zeros((21, 21))
    covariance[10, 8:13] = 0.4, 0.6, 1, 0.6, 0.4

    def lines(values):
        fit = SpectralFit(values, np.full_like(values, 0.01), 0.3, 2.0)
        evidence = replace(estimate.evidence, fit=fit)
        measurement = replace(found.measurement, correlation=replace(estimate, evidence=evidence))
        return fit_lines(select(measurement, found.parameters))

    assert lines(covariance) == Mask(np.ones((1, 5), dtype=bool))
    assert lines(covariance.T) == Mask(np.ones((5, 1), dtype=bool))
    # A correlation that swings may be a periodic structure.
    covariance[10, [8, 12]] = -0.4
    assert lines(covariance) is None


def held(found, **evidence):
    """Return the same measurement with other evidence."""
    estimate = found.measurement.correlation
    estimate = replace(estimate, evidence=replace(estimate.evidence, **evidence))
    return replace(found, measurement=replace(found.measurement, correlation=estimate))


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_lines_that_cost_more_than_no_mask_are_not_safe(lines):
    found = automatic("cannot tell")
    covariance = np.zeros((21, 21))
    covariance[10, 8:13] = 0.4, 0.6, 1, 0.6, 0.4
    if lines == "columns":
        covariance = covariance.T
    fit = SpectralFit(covariance, np.full_like(covariance, 0.01), 0.3, 2.0)
    one = held(found, fit=fit)
    noise = np.zeros_like(found.basis.noise.values)
    y, x = (length // 2 for length in noise.shape)
    noise[y, x - 2 : x + 3] = 0.4, 0.6, 1, 0.6, 0.4
    correlated = replace(found.basis.noise, values=found.basis.noise.variance * noise)
    # All that the frames hold is noise of the rows; columns hide nothing of it.
    told = recommend(replace(found.basis, noise=correlated, image=correlated), one)
    assert told.safe
    assert told.choice == (FIT_LINES if lines == "rows" else BARE_CENTRE)


def test_lines_that_do_not_end_are_hidden_as_far_as_it_may_help():
    found = automatic("offsets")
    assert found.verdict.lines == "rows"
    assert found.mask == Mask(np.ones((1, 41), dtype=bool))
    assert found.recommendation.choice == WHOLE_LINE
    assert automatic("row 7").recommendation.row(WHOLE_LINE) is None


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize(("decay", "pixels"), [(3, 21), (12, 41)])
def test_ringing_that_goes_on_is_hidden_to_its_end(decay, pixels, columns):
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(6, 160, 400))
    swing, less = 2 * np.cos(np.pi / 3), np.exp(-1 / decay)
    noise = lfilter([1.0], [1.0, -swing * less, less**2], noise, axis=2)[:, :, -160:]
    noise = noise / noise.std() + 0.3 * rng.normal(size=noise.shape)
    frames = 1000 + 100 * (noise + 0.3 * cells((160, 160)))
    found = extract_recording(frames.swapaxes(1, 2) if columns else frames, AUTOMATIC)
    shape = found.mask.cropped().shape[:: -1 if columns else 1]
    assert (shape == (1, 41)) if pixels == 41 else (max(shape) <= 21)


def test_faint_lines_that_do_not_end_are_hidden_whole_too():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(6, 160, 192)) + 0.15 * rng.normal(size=(6, 160, 1))
    found = extract_recording(500 + 10 * noise + 4 * cells((160, 192)), AUTOMATIC).recommendation
    assert found.row(WHOLE_LINE) is not None
    assert found.bare.copied < 0.05
    assert found.choice == WHOLE_LINE


def moving(found, basis):
    """Recommend as if structure were left in the differences."""
    verdict = replace(found.verdict, flags=("picture", "cannot_tell"))
    return recommend(basis, replace(found, verdict=verdict))


@pytest.mark.slow
def test_where_structure_may_be_left_the_mask_is_least_bad_by_every_reading():
    found = automatic("row 7")
    told = moving(held(found, others=(found.measurement.correlation.lags,)), found.basis)
    assert told.safe
    assert told.mask.statistics.true_pixels > 1
    small = [row.worst for row in told.ledger if row.pixels <= SEARCHED]
    assert told.chosen.worst <= (1 + TIE) * min(small)
    # If the noise is white, hiding neighbours only costs detail: then no mask is less bad.
    estimate = found.measurement.correlation
    white = np.zeros_like(estimate.lags.rho)
    white[estimate.lags.reach, estimate.lags.reach] = 1.0
    other = replace(estimate.lags, rho=white, variance=0.3 * estimate.lags.variance)
    doubted = held(found, others=(other,))
    assert moving(doubted, found.basis).chosen.worst > told.chosen.worst
    plain = automatic("white")
    doubted = held(plain, others=(plain.measurement.correlation.lags,))
    assert moving(doubted, plain.basis).mask == BARE
    one = automatic("cannot tell")
    assert recommend(one.basis, one).safe


@pytest.mark.parametrize(("rho", "pixels"), [(0.05, 1), (0.2, 3)])
def test_where_structure_may_be_left_a_mask_has_to_be_clearly_less_bad_than_none(rho, pixels):
    found = automatic("white")
    lags = found.measurement.correlation.lags
    row = np.zeros_like(lags.rho)
    row[lags.reach, lags.reach - 1 : lags.reach + 2] = rho, 1, rho
    told = moving(held(found, others=(replace(lags, rho=row),)), found.basis)
    mildest = min(told.ledger, key=lambda row: row.worst)
    assert mildest.worst < told.bare.worst
    assert told.chosen.pixels == pixels


def test_another_reading_of_the_noise_makes_a_mask_doubtful():
    found = automatic("row 7")
    assert found.recommendation.chosen.worst < CLOSE
    estimate = found.measurement.correlation
    other = replace(estimate.lags, rho=estimate.lags.rho.T)
    told = recommend(found.basis, held(found, others=(other,)))
    assert told.mask == found.mask  # chosen by what was measured
    assert told.chosen.worst > DOUBTED
    said = answer(with_recommendation(found, told))
    assert said.certainty == "uncertain"
    assert "Two ways to measure this noise" in said.how_sure


def test_noise_that_frames_share_may_be_stronger_than_their_differences():
    found = automatic("row 7")
    shared = held(found, patterns=Patterns(lasting=Lasting(0.2, 0.01)))
    (other,) = other_readings(found.basis, shared)
    assert 1 < other.max() / found.basis.noise.variance <= 4


def test_where_all_may_have_moved_no_mask_is_safe():
    found = automatic("row 7")
    doubted = replace(found, verdict=replace(found.verdict, flags=("cannot_tell", "moving")))
    alone = recommend(found.basis, held(doubted, others=()))
    assert alone.safe
    assert alone.mask == BARE
    # Another estimate of the noise tells masks apart.
    other = found.measurement.correlation.lags
    assert recommend(found.basis, held(doubted, others=(other,))).mask == found.mask


def test_strong_structure_forbids_masks_whatever_is_fixed():
    structure = automatic("white").recommendation.structure
    assert structure.share == pytest.approx(1.5**2, rel=0.2)
    assert not structure.strong
    assert not structure.absent
    variances = [reading.max() for reading in structure.readings]
    assert variances == sorted(variances)
    noise = automatic("white").basis.noise.variance
    assert variances[-2] / noise == pytest.approx(2, rel=1e-6)
    # The largest is limited by the structure there is.
    assert variances[-1] / noise == pytest.approx(1 + structure.share, rel=1e-6)


@pytest.mark.slow
def test_halves_of_the_field_are_compared():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(8, 128, 192))
    smeared = (noise + np.roll(noise, 1, 2) + np.roll(noise, 2, 2)) / np.sqrt(3)
    unlike = noise.copy()
    unlike[..., :64] = smeared[..., :64]
    frames = 500 + 10 * unlike + 10 * cells((128, 192))
    chosen = extract_recording(frames, AUTOMATIC).recommendation.chosen
    alike = extract_recording(500 + 10 * smeared + 10 * cells((128, 192)), AUTOMATIC)
    assert alike.recommendation.chosen.worst_part < CLOSE < chosen.worst_part


def test_the_noise_that_frames_share_is_added_to_that_of_their_differences():
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(9, 128, 128))
    averaged = 300 + 10 * (noise[1:] + noise[:-1]) / np.sqrt(2) + 60 * cells((128, 128))
    found = extract_recording(averaged, AUTOMATIC)
    assert "shared_frames" in found.verdict.flags
    assert found.measurement.correlation.lags.variance == pytest.approx(50, rel=0.1)
    assert found.basis.noise.variance == pytest.approx(100, rel=0.1)


def test_large_masks_cost_training_and_ever_more():
    costs = [training_cost(pixels, 0.5) for pixels in (1, 25, 37, 49, 225)]
    assert costs[:2] == [0, 0]
    assert costs == sorted(costs)
    # A block of 15 x 15 estimated at 0.67 to 0.69 trained to 0.78 to 1.55.
    assert 0.78 < 0.68 + training_cost(225, 0.68) < 1.55
    # A block of 25 and a disc of 35 pixels estimated at 0.161 and 0.150 trained to 0.107 and 0.182.
    assert 1.03 * (0.161 + training_cost(25, 0.161)) < 0.150 + training_cost(35, 0.150)


def test_frames_without_structure_get_no_larger_mask_than_the_noise_needs():
    """Any mask loses nothing in them, and a large one copies a little less by chance."""
    white = np.random.default_rng(1).normal(size=(4, 96, 96))
    found = extract_recording(100 + white + 0.7 * np.roll(white, 1, axis=-1), AUTOMATIC)
    assert found.mask.shape == (1, 5)


def test_a_change_of_parameters_keeps_or_drops_the_recommendation():
    found = automatic("isotropic")
    significant = found.update(AUTOMATIC.changed(mask_choice="significant"))
    assert significant.mask == Mask(significant.selection.kept)
    assert not hasattr(significant, "recommendation")
    assert found.update(AUTOMATIC).mask == found.mask
    again = with_recommendation(significant, found.recommendation)
    assert again.mask == found.mask


def test_without_figures_the_significant_lags_are_recommended():
    found = automatic("row 7")
    alone = recommend(None, found)
    assert (alone.choice, alone.ledger, alone.chosen) == (SIGNIFICANT, (), None)
    assert alone.mask == Mask(found.selection.kept).cropped()
    assert recommend(None, automatic("one frame")).mask == BARE


def test_ring_analysis_has_its_own_mask():
    frames = np.random.default_rng(0).normal(size=(2, 64, 64))
    found = extract_recording(frames, AUTOMATIC.changed(method="ring", source="frames"))
    assert not hasattr(found, "recommendation")


def test_it_can_be_cancelled():
    found = automatic("row 7")
    asked = []

    def cancelled():
        asked.append(0)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        recommend(found.basis, found, Task(cancelled=cancelled))


def test_the_record_names_choice_and_ledger():
    record = automatic("isotropic").recommendation.record()
    names = [row["name"] for row in record["ledger"]]
    assert {record["choice"], BARE_CENTRE, SIGNIFICANT} <= set(names)
    assert any(name.startswith("CAREamics") for name in names)
    assert record["cost_of_training"] == "calibrated on small U-Nets"
    # The recommended mask comes first, with the rule by which it was chosen.
    assert names[0] == record["choice"]
    assert record["rule"] == automatic("isotropic").recommendation.rule


def test_a_row_is_taken_before_a_mask_with_gaps_that_is_hardly_better():
    gaps = Mask(np.array([[1, 0, 1, 1, 1, 0, 1]], dtype=bool))
    row = Mask(np.ones((1, 5), dtype=bool))

    def rows(error, copied):
        best = LedgerRow("gaps", gaps, 5, 0.10, 0.3, 0.1, 0.0, 0.400, 0.0, True)
        whole = LedgerRow("row", row, 5, copied, 0.3, 0.1, 0.0, error, 0.0, False)
        return best, whole

    for error, copied, taken in ((0.415, 0.03, True), (0.45, 0.03, False), (0.415, 0.2, False)):
        ledger_rows = rows(error, copied)
        assert _plainer(ledger_rows, ledger_rows[0], "irregular") is ledger_rows[int(taken)]
    found = Recommendation(row, "row", False, rows(0.415, 0.03), False)
    assert found.rule.startswith("A row, column or block without gaps is taken")


def test_a_line_is_taken_before_a_cross_that_is_hardly_better_for_noise_along_that_line():
    masks = careamics_masks()
    cross = LedgerRow("cross", masks["cross 5"], 9, 0.10, 0.3, 0.1, 0.0, 0.400, 0.0, True)
    row = LedgerRow("row", masks["horizontal 5"], 5, 0.105, 0.3, 0.1, 0.0, 0.415, 0.0, False)
    assert _plainer((cross, row), cross, "rows") is row
    assert _plainer((cross, row), cross, "columns") is cross
    assert _plainer((cross, row), cross, "cross") is cross
    worse, copies = replace(row, error=0.45), replace(row, copied=0.2)
    assert _plainer((cross, worse), cross, "rows") is cross
    assert _plainer((cross, copies), cross, "rows") is cross
    found = Recommendation(row.mask, "row", False, (cross, row), False)
    assert found.rule.startswith("A row, column or block without gaps is taken")


def test_the_rule_is_the_one_that_was_followed():
    found = automatic("row 7").recommendation
    rows = sorted(found.ledger, key=lambda row: row.name != found.choice)
    best = replace(found, ledger=tuple(rows))
    assert best.rule == "The recommended mask has the least expected error."
    second = (*rows[1:], replace(rows[0], tied=True))
    assert replace(found, ledger=second).rule == (
        "Expected errors within 3 %, or that cannot be distinguished, count as equal; of these the"
        " smallest mask is taken that copies at most 1 % more of the noise than any."
    )
    bare = (rows[0], replace(rows[1], tied=True, pixels=1))
    assert replace(found, ledger=bare, choice=rows[1].name).rule == (
        "Expected errors within 3 %, or that cannot be distinguished, count as equal; of these a"
        " mask is taken only if it copies 5 % less of the noise than no mask."
    )
    line = (*rows[1:], replace(rows[0], tied=False, error=1.0))
    # Lines that do not end are hidden so far, too.
    rule = replace(found, ledger=line).rule
    assert rule.endswith("is hidden up to its end, but at most 20 pixels either way.")
    assert "the safest" in automatic("cannot tell").recommendation.rule
    assert "simulated images" in automatic("one smooth frame").recommendation.rule
    assert replace(found, ledger=()).rule == ""


def test_the_sentence_counts_the_pixels_of_the_mask_on_display():
    found = automatic("row 7")
    assert found.sentence.startswith("Row, 13 pixels. ")
    assert automatic("white").sentence.startswith("No mask. ")
    short = with_recommendation(
        found, replace(found.recommendation, mask=Mask(np.ones((1, 3), dtype=bool)))
    )
    assert short.sentence.startswith("Row, 3 pixels. ")
    assert short.sentence.endswith(" patches used.")


def test_what_was_not_tested_is_said_once():
    found, untested = automatic("row 7"), FLAG_WORDS["fixed_pattern_not_tested"]
    assert answer(found).not_tested
    verdict = replace(found.verdict, details=("One.", untested, FAINT_GAPS))
    assert replace(found, verdict=verdict).notes == ("One.",)


def test_candidates_are_called_by_plain_words():
    assert row_words(SIGNIFICANT) == "pixels that clearly share noise"
    assert row_words("suggested, 17 pixels") == "mask of 17 pixels"
    assert row_words("CAREamics horizontal 13") == "CAREamics horizontal 13"


def test_the_notes_speak_of_no_limit_and_no_edge_that_the_recommended_mask_has_not():
    found = automatic("row 7")
    assert not any("limit of" in note or "maximum lag" in note for note in found.notes)


LONG_ROWS = NoiseModel(Kernel("row 15", "a row", np.full((1, 15), 15**-0.5)), 0.3)


@cache
def long_rows() -> RecommendedExtraction:
    """Return what is found of rows that end just beyond the largest lag."""
    frames = simulate(
        LONG_ROWS,
        (192, 192),
        n_frames=5,
        picture=cells((192, 192)),
        strength=1.5,
        seed=3,
    )
    found = extract_recording(frames, AUTOMATIC)
    assert isinstance(found, RecommendedExtraction)
    # The significant lags are looked for no further than was asked.
    asked = extract_recording(frames, AUTOMATIC.changed(mask_choice="significant"))
    assert asked.square.shape == (21, 21)
    assert "whole_line" in asked.verdict.flags
    return found


@pytest.mark.slow
def test_lines_are_looked_for_further_so_that_no_mask_hides_what_was_not_measured():
    found = long_rows()
    true = Mask(LONG_ROWS.true_mask(20)).cropped()
    # The last of them shares just 5 % of the noise.
    assert found.mask.shape[0] == 1
    assert true.shape[1] <= found.mask.shape[1] <= true.shape[1] + 2
    assert answer(found).certainty == "likely"
    assert found.parameters == AUTOMATIC
    assert found.square.shape[0] // 2 > 14
    assert "whole_line" not in found.verdict.flags
    assert found.notes[0].startswith("The lines do not end within 10 pixels (max_lag), so ")


def test_a_change_of_parameters_keeps_what_was_looked_for_further():
    found = long_rows()
    again = found.update(AUTOMATIC.changed(rho_min=0.06))
    assert again.square.shape == found.square.shape
    assert again.mask.shape[1] > 21
    tuned = found.update(AUTOMATIC.changed(mask_choice="significant"))
    assert tuned.square.shape == (21, 21)


def test_what_is_short_is_measured_once():
    found = automatic("row 7")
    nothing = Recording.of(np.zeros((1, 16, 16)))
    measurement = looked_further(found.measurement, nothing, AUTOMATIC)
    assert measurement is found.measurement


@pytest.mark.parametrize("width", [7, 31])  # lines of 31 pixels are measured twice
def test_progress_runs_once_from_the_first_patch_to_the_mask(width):
    shares = []
    white = np.random.default_rng(2).normal(size=(6, 128, 128 + width - 1))
    noise = np.lib.stride_tricks.sliding_window_view(white, width, axis=2).mean(axis=3)

    def progress(done, total, _what):
        shares.append(done / total)

    extract_recording(noise.astype(np.float32), AUTOMATIC, task=Task(progress))
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] == 1


@pytest.mark.slow
def test_the_ledger_has_the_error_that_a_masks_figures_give():
    """With bright spots a part of the pixels shifts the errors of all masks."""
    draw = np.random.default_rng(4)
    clean = np.zeros((512, 512))
    clean[draw.integers(20, 492, 60), draw.integers(20, 492, 60)] = 400
    clean = gaussian_filter(clean, 1.5)
    noise = draw.normal(0, 1, (5, 512, 514))
    frames = clean + noise[:, :, :-2] + noise[:, :, 1:-1] + noise[:, :, 2:]
    found = extract_recording(frames, AUTOMATIC)
    rows = found.recommendation.main_rows
    assert len(rows) > 1
    for row in rows:  # those that the window shows
        exact = found.basis.score(row.mask)
        assert row.left + row.lost == pytest.approx(exact.error.total, abs=1e-9)
        assert row.error == pytest.approx(exact.expected, abs=1e-9)
    errors = [row.error for row in found.recommendation.ledger]
    assert errors == sorted(errors)


def test_contrast_that_varies_through_a_z_stack_is_no_error_of_the_mask():
    """Planes of one field fade to either side; frames of another contrast say nothing of it."""
    draw = np.random.default_rng(5)
    cells = 400 * gaussian_filter(draw.normal(size=(200, 200)), 4)
    fading = np.exp(-(((np.arange(12) - 6) / 4) ** 2))[:, np.newaxis, np.newaxis]
    noise = draw.normal(0, 8, (12, 200, 206))
    smeared = sum(noise[:, :, start : start + 200] for start in range(7))
    found = extract_recording(500 + fading * cells + smeared, AUTOMATIC)
    assert found.mask == Mask(np.ones((1, 13), dtype=bool))
    assert found.recommendation.chosen.error < 0.2
