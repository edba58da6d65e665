"""One mask for several files, and whether it fits each."""

from dataclasses import replace

import numpy as np
import pytest

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.trainers import careamics_masks
from structmask_gui.core.recommend import shared
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.candidates import BARE
from structmask_gui.core.recommend.extract import Judged
from structmask_gui.core.recommend.shared import FileNoise, Fit, shared_answer, shared_mask
from structmask_gui.core.verdict.certainty import sign_of
from tests.core.recommend.scenes import automatic


def noise_of(name):
    found = automatic(name)
    return FileNoise.of(Judged(found, found.recommendation, found.basis))


@pytest.mark.slow
def test_a_files_own_mask_fits_and_that_of_other_noise_does_not():
    rows = noise_of("row 7")
    own = automatic("row 7").mask
    assert rows.fit(own).word == "fits"
    assert rows.fit(own).certainty == answer(automatic("row 7")).certainty
    # The figure of the file's own answer, with or without its frames.
    told = automatic("row 7").recommendation.chosen.error
    assert rows.fit(own).error == rows.without_frames().fit(own).error == told
    columns = rows.fit(automatic("column fading").mask)
    assert columns.word == "does not fit"
    assert columns.error > 1.25 * columns.own_error
    assert f"(its own {columns.own_pixels} pixels: " in columns.sentence


def test_a_mask_a_little_too_short_fits_worse():
    words = {
        axes_span: noise_of("row 7").fit(mask).word
        for axes_span, mask in careamics_masks().items()
        if axes_span.startswith("horizontal")
    }
    assert words["horizontal 13"] == "fits"
    assert words["horizontal 5"] == "does not fit"
    assert words["horizontal 11"] == "fits worse"


def test_the_shared_mask_is_that_of_most_files():
    rows, columns = noise_of("row 7"), noise_of("column fading")
    wanted = automatic("row 7").mask.cropped()
    assert shared_mask([rows, rows, columns]) == wanted
    fits = [one.fit(wanted) for one in (rows, rows, columns)]
    told = shared_answer(wanted, ["a.tif", "b.tif", "c.tif"], fits)
    assert told.what == "One mask for 3 files: hide 6 pixels on either side along the row."
    assert told.certainty == "uncertain"
    assert told.how_sure == "Uncertain. It fits 2 of the 3 files. Does not fit: c.tif."
    assert "give the others masks of their own" in told.advice
    alike = shared_answer(wanted, ["a.tif", "b.tif"], fits[:2])
    assert alike.certainty == "likely"
    assert alike.actions == ("use_mask",)


def test_what_was_not_tested_in_some_file_is_said_once():
    rows = noise_of("row 7")
    fits = [rows.fit(rows.own)] * 2
    missing = [("fixed patterns", "broad, smooth noise"), ("fixed patterns under the sample",)]
    told = shared_answer(rows.own, ["a", "b"], fits, [*missing, ("noise that follows brightness",)])
    assert told.how_sure.endswith(
        "Fixed patterns, broad, smooth noise and noise that follows brightness were not tested."
    )
    told = shared_answer(
        rows.own, ["a", "b"], fits, [("fixed patterns",), ("other fixed patterns",)]
    )
    assert told.how_sure.endswith("Fixed patterns were not tested.")


def test_a_mask_that_fits_no_file_is_not_advised():
    rows = noise_of("row 7")
    short = careamics_masks()["horizontal 11"]
    told = shared_answer(short, ["a", "b"], [rows.fit(short)] * 2)
    assert told.how_sure == "Uncertain. It fits none of the 2 files."
    assert told.advice == "Every file has a better mask: compare with the preset automatic."


def test_files_without_correlation_share_no_mask():
    white = noise_of("white")
    assert shared_mask([white, white]) == BARE
    told = shared_answer(BARE, ["a", "b"], [white.fit(BARE)] * 2)
    assert told.actions == ("copy_plain_n2v",)


def test_a_file_that_cannot_tell_has_no_say():
    rows = noise_of("row 7")
    blind = replace(rows, own=BARE, recommendation=replace(rows.recommendation, safe=True))
    wanted = automatic("row 7").mask.cropped()
    assert shared_mask([blind, blind, rows]) == wanted
    assert blind.fit(wanted).word == "cannot tell"
    assert shared_mask([blind]) == BARE


def test_without_figures_only_the_own_mask_is_known_to_fit():
    rows = replace(noise_of("row 7"), basis=None)
    assert rows.fit(rows.own).word == "fits"
    assert rows.fit(BARE).word == "cannot tell"
    assert shared_mask([rows, rows]) == rows.own


@pytest.mark.parametrize("name", ["row 7", "column fading", "isotropic", "white"])
def test_what_is_recommended_for_a_file_fits_it(name):
    assert noise_of(name).fit(automatic(name).mask).word == "fits"


def test_a_file_without_a_pattern_is_said_to_need_no_mask():
    told = noise_of("white").fit(Mask(np.ones((1, 3), dtype=bool)))
    assert told.needless
    if told.word == "fits":
        assert told.sentence.startswith("Fits, but this file needs no mask: expected error")
    assert "(no mask: " in told.sentence


@pytest.mark.parametrize(
    ("error", "word", "does"),
    [(2.9, "does harm", "do harm"), (1.0, "gains little", "gain little")],
)
def test_a_mask_that_gains_nothing_does_not_just_fit(monkeypatch, error, word, does):
    rows, ledger = noise_of("row 7"), shared.ledger

    def poor(*asked):
        return [replace(row, error=error) for row in ledger(*asked)]

    monkeypatch.setattr(shared, "ledger", poor)
    fit = rows.fit(rows.own)
    assert fit.word == word
    assert fit.sentence.startswith(
        f"No other mask is better, but denoising is expected to {does}: expected error "
    )
    good = Fit("fits", "likely", 13, 0.1, 0.1)
    told = shared_answer(rows.own, ["a.tif", "b.tif"], [fit, good])
    assert told.how_sure == (
        "Likely. It fits 1 of the 2 files."
        f" No other mask is better, but denoising is expected to {does}: a.tif."
    )
    assert told.advice.startswith("Use it for the file that it fits. Compare any result with the")
    assert sign_of(told.certainty, told.actions) == "attention"
    alone = shared_answer(BARE, ["a.tif", "b.tif"], [fit, fit])
    assert alone.how_sure == (
        f"Likely. No other mask is better, but denoising is expected to {does}."
    )
    assert alone.advice.startswith("A mask does no better than plain Noise2Void.")


def test_a_file_whose_own_mask_gains_nothing_either_says_so():
    worse = Fit("fits worse", "likely", 13, 2.9, 2.8)
    assert worse.sentence == (
        "Fits worse: expected error 2.9 times the noise (its own 13 pixels: 2.8 times the noise)."
        " Denoising is expected to do harm with either. Likely."
    )


def test_it_is_advised_for_all_files_only_where_it_fits_all():
    own, good = careamics_masks()["horizontal 13"], Fit("fits", "likely", 13, 0.1, 0.1)
    worse, untold = Fit("fits worse", "likely", 13, 0.2, 0.15), Fit("cannot tell", "cannot tell", 1)
    fits = [good] * 4 + [worse, untold, untold]
    told = shared_answer(own, [*"abcdefg"], fits)
    assert told.how_sure.startswith("Uncertain. It fits 4 of the 7 files. Fits worse: e.")
    assert told.advice == "Use it for the 4 files that it fits."
    assert shared_answer(own, [*"abcd"], fits[:4]).advice == "Use it for all of them."
    told = shared_answer(BARE, [*"abcdefg"], fits)
    assert told.advice == "Train plain Noise2Void on the 4 files that it fits."


def test_files_that_need_something_first_are_named():
    good, first = Fit("fits", "likely", 13, 0.1, 0.1), Fit("fits", "act first", 13, 0.1, 0.1)
    own = careamics_masks()["horizontal 13"]
    told = shared_answer(own, [*"abcdef"], [good] * 2 + [first] * 4)
    assert told.certainty == "act first"
    told = shared_answer(own, [*"abcdefghi"], [good] * 5 + [first] * 4)
    assert told.how_sure == "Likely. It fits all 9 files. Act first: f, g, h and 1 more."


def test_who_chose_among_the_masks_of_a_published_method_is_said():
    own, good = careamics_masks()["horizontal 13"], Fit("fits", "likely", 13, 0.1, 0.1)
    told = shared_answer(own, ["a", "b"], [good] * 2, among="the masks of ring analysis")
    assert told.how_sure.startswith(
        "Likely. Automatic chose it among the masks of ring analysis and no mask. It fits all"
    )
