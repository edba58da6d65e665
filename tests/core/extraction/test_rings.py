"""The documented convention against values worked out by hand, and single decisions of both.

The program's own answers (as implemented) are in test_reference.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.extraction.rings import adapt, analyse_rings
from structmask_gui.core.masks.postprocess import centre_component, strongest_pairs
from structmask_gui.core.parameters.model import Parameters

DOCUMENTED = Parameters(convention="as-documented", center_size=5)

# Symmetric about the centre, which is 1. Ring 1 has 8 pixels, ring 2 has 16.
SQUARE = np.array(
    [
        [0.02, 0.04, 0.06, 0.08, 0.10],
        [0.12, 0.20, 0.30, 0.22, 0.14],
        [0.40, 0.60, 1.00, 0.60, 0.40],
        [0.14, 0.22, 0.30, 0.20, 0.12],
        [0.10, 0.08, 0.06, 0.04, 0.02],
    ]
)


def test_documented_threshold_by_hand():
    # threshold(d) = 50 / (1 + 0.95 d) per cent of 1: at d = 1: 0.2564, sqrt 2: 0.2133,
    # 2: 0.1724, sqrt 5: 0.1601, sqrt 8: 0.1356.
    adapted = adapt(SQUARE, DOCUMENTED)
    expected = np.array(
        [
            [0.00, 0.00, 0.00, 0.00, 0.00],
            [0.00, 0.00, 0.30, 0.22, 0.00],
            [0.40, 0.60, 1.00, 0.60, 0.40],
            [0.00, 0.22, 0.30, 0.00, 0.00],
            [0.00, 0.00, 0.00, 0.00, 0.00],
        ]
    )
    np.testing.assert_array_equal(adapted, expected)


def test_documented_scaling_is_done_with_the_adaptive_step_off_too():
    adapted = adapt(SQUARE + 1, DOCUMENTED.changed(adapt_autocorr=False))
    np.testing.assert_allclose(adapted, (SQUARE - 0.02) / 0.98)


def test_documented_rings_by_hand():
    parameters = DOCUMENTED.changed(use_center_proximity=False, base_percentile=60)
    analysis = analyse_rings(adapt(SQUARE, parameters), parameters)
    first, second = analysis.rings
    # Ring 1 sorted: 0, 0, .22, .22, .30, .30, .60, .60. Percentile 60 * 1.15 = 69, at
    # 0.69 * 7 = 4.83: between .30 and .30.
    assert first.pixels == 8
    assert first.threshold == pytest.approx(0.30)
    assert first.maximum == first.ratio == 0.6
    assert first.considered
    assert first.kept == 4
    # Ring 2: fourteen zeros and two .40. Percentile 60 * 1.15^2 = 79.35, at 11.9: zero. Pixels at
    # or above it are all of them, but only those above 0 count.
    assert second.pixels == 16
    assert second.threshold == 0
    assert second.kept == 2
    assert analysis.selected.astype(int).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [1, 1, 1, 1, 1],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_documented_percentile_is_at_most_100():
    parameters = DOCUMENTED.changed(
        use_center_proximity=False, base_percentile=70, percentile_decay=2
    )
    analysis = analyse_rings(adapt(SQUARE, parameters), parameters)
    assert [ring.threshold for ring in analysis.rings] == [0.6, 0.4]
    assert [ring.kept for ring in analysis.rings] == [2, 2]


def test_documented_ratio_must_be_exceeded():
    parameters = DOCUMENTED.changed(use_center_proximity=False, center_ratio_threshold=0.4)
    analysis = analyse_rings(adapt(SQUARE, parameters), parameters)
    assert [ring.considered for ring in analysis.rings] == [True, False]


def test_documented_proximity_takes_away():
    parameters = DOCUMENTED.changed(center_proximity_threshold=0.5)
    analysis = analyse_rings(adapt(SQUARE, parameters), parameters)
    assert [ring.kept for ring in analysis.rings] == [2, 0]
    assert [ring.dropped_by_proximity for ring in analysis.rings] == [2, 2]
    nothing_left = analyse_rings(adapt(SQUARE, DOCUMENTED), DOCUMENTED)
    assert nothing_left.selected.sum() == 1


def test_implemented_rings_by_hand():
    parameters = Parameters(center_size=5, adapt_autocorr=False, use_center_proximity=False)
    first, second = analyse_rings(adapt(SQUARE, parameters), parameters).rings
    # Ring 1: from .20 to .60, half of the range: .40. Ring 2: .02 to .40, 57.5 %: .2385.
    assert first.threshold == pytest.approx(0.40)
    assert second.threshold == pytest.approx(0.2385)
    assert (first.kept, second.kept) == (2, 2)
    assert (first.added_by_proximity, second.added_by_proximity) == (0, 0)


def test_implemented_ratio_must_be_reached():
    parameters = Parameters(center_size=5, adapt_autocorr=False, center_ratio_threshold=0.4)
    rings = analyse_rings(SQUARE, parameters).rings
    assert [ring.considered for ring in rings] == [True, True]
    parameters = parameters.changed(center_ratio_threshold=0.41)
    assert [ring.considered for ring in analyse_rings(SQUARE, parameters).rings] == [True, False]


def test_implemented_proximity_adds():
    parameters = Parameters(
        center_size=5, adapt_autocorr=False, base_percentile=60, center_proximity_threshold=0.29
    )
    first, _ = analyse_rings(SQUARE, parameters).rings
    # Above the threshold .44: the two .60; as high as .29 of the centre: the two .30 as well.
    assert (first.kept, first.added_by_proximity) == (4, 2)


def test_base_threshold_cancels_as_implemented():
    # Stated in the help: it has no effect unless the median is 0 or negative.
    one = adapt(SQUARE, Parameters(center_size=5, adapt_CB=5))
    other = adapt(SQUARE, Parameters(center_size=5, adapt_CB=100))
    np.testing.assert_allclose(one, other, atol=1e-12)
    turned = adapt(SQUARE - 0.5, Parameters(center_size=5))
    assert turned[2, 2] > one[2, 2]


def test_constant_square_has_no_rings():
    for convention in ("as-implemented", "as-documented"):
        parameters = Parameters(convention=convention, center_size=5)
        square = np.zeros((5, 5))
        analysis = analyse_rings(adapt(square, parameters), parameters)
        assert analysis.selected.sum() == 1
        assert np.isnan(analysis.rings[0].ratio)


def test_whole_plane_that_is_not_square():
    square = np.zeros((5, 9))
    square[2] = [1, 2, 3, 4, 9, 4, 3, 2, 1]
    parameters = Parameters(crop_autocorr=False)
    analysis = analyse_rings(adapt(square, parameters), parameters)
    assert [ring.pixels for ring in analysis.rings] == [8, 16, 10, 10]
    assert analysis.selected.shape == (5, 9)


def test_centre_component_counts_diagonals():
    selected = np.eye(5, dtype=bool)
    selected[0, 4] = selected[4, 0] = True
    np.testing.assert_array_equal(centre_component(selected), np.eye(5, dtype=bool))


@pytest.mark.parametrize(("limit", "left"), [(9, 9), (8, 7), (7, 7), (2, 1), (1, 1)])
def test_pairs_are_never_split(limit, left):
    kept = strongest_pairs(np.ones((3, 3), dtype=bool), SQUARE[1:4, 1:4], limit)
    assert kept.sum() == left
    assert kept[1, 1]
    assert (kept == kept[::-1, ::-1]).all()


def test_the_strongest_pairs_stay():
    kept = strongest_pairs(np.ones((3, 3), dtype=bool), SQUARE[1:4, 1:4], 5)
    assert kept.astype(int).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]


@pytest.mark.parametrize("convention", ["as-implemented", "as-documented"])
def test_a_thousand_rings_stay_in_range(convention: str):
    centre = np.random.default_rng(0).normal(size=(701, 701)) * 0.1
    centre = centre + centre[::-1, ::-1]
    centre[350, 350] = 1
    parameters = Parameters(convention=convention, percentile_decay=10, crop_autocorr=False)
    rings = analyse_rings(centre, parameters).rings
    assert all(np.isfinite(ring.threshold) for ring in rings)
    assert not any(ring.kept > ring.added_by_proximity for ring in rings[-300:])
