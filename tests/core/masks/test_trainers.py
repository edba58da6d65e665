import numpy as np
import pytest

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.masks.trainers import (
    blanked,
    blanked_share,
    careamics_mask,
    careamics_masks,
)


def test_the_known_shares():
    assert 100 * blanked_share(25, 1.5) == pytest.approx(31, abs=0.6)
    assert 100 * blanked_share(25, 0.2) == pytest.approx(5, abs=0.2)
    assert blanked_share(1, 1.5) == pytest.approx(0.015)


@pytest.mark.parametrize("pixels", [1, 2, 7, 13, 25, 100, 441])
def test_what_is_recommended_blanks_no_more_than_a_tenth(pixels):
    for item in blanked(pixels):
        assert item.percent == pytest.approx(100 * blanked_share(pixels, item.trainer.percent))
        most = max(item.trainer.with_mask if pixels > 1 else 0, item.trainer.percent)
        assert 0 < item.recommended <= most
        assert 100 * blanked_share(pixels, item.recommended) <= 10 + 1e-9
        if item.recommended < item.trainer.percent:
            assert 100 * blanked_share(pixels, item.recommended) > 9
            assert f"set {item.trainer.setting} to {item.recommended:g}" in item.sentence
        elif item.recommended > item.trainer.percent:
            assert f"{item.recommended:g} is set: more centres train faster." in item.sentence
        else:
            assert "default is fine" in item.sentence


def test_careamics_hides_more_places_with_a_mask_as_far_as_a_tenth_is_blanked():
    found = {n: next(one for one in blanked(n) if one.trainer.name == "CAREamics") for n in (1, 27)}
    assert {n: one.recommended for n, one in found.items()} == {1: 0.2, 27: 0.38}


def test_careamics_shapes_are_full_width_with_the_centre():
    np.testing.assert_array_equal(careamics_mask("horizontal", 5).array, np.ones((1, 5)))
    np.testing.assert_array_equal(careamics_mask("vertical", 3).array, np.ones((3, 1)))
    np.testing.assert_array_equal(
        careamics_mask("cross", 3).array, [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    )
    assert careamics_mask("square", 15).statistics.true_pixels == 225
    masks = careamics_masks()
    assert len(masks) == 28
    assert masks["cross 15"].statistics.true_pixels == 29


@pytest.mark.parametrize("span", [1, 4, 17])
def test_other_spans_are_refused(span):
    with pytest.raises(ParameterError, match="3 to 15"):
        careamics_mask("square", span)


def test_other_shapes_are_refused():
    with pytest.raises(ParameterError, match="horizontal, vertical"):
        careamics_mask("diagonal", 5)


def test_the_share_that_is_blanked_does_not_contradict_the_setting():
    (share,) = (one for one in blanked(5) if one.trainer.name == "CAREamics")
    assert share.sentence == (
        "CAREamics's default, masked_pixel_percentage 0.2, counts centres; with their masks it"
        " blanks about 1 % of the input. 1 is set: more centres train faster."
    )
