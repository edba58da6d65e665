"""Kinds of noise told from the lags alone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.verdict.kind import direction, fills_gaps, kind_of, line_with_gaps


def estimate_of(rho):
    error = np.full(rho.shape, 0.002)
    return SimpleNamespace(
        lags=LagEstimate(rho, error, np.full(rho.shape, 100.0), 1.0, 100, 100),
    )


def lags(*where, value=0.1):
    rho = np.zeros((9, 9))
    rho[4, 4] = 1.0
    for dy, dx in where:
        rho[4 + dy, 4 + dx] = rho[4 - dy, 4 - dx] = value
    return rho


def test_a_bare_centre_is_no_line():
    estimate = estimate_of(lags())
    kept = np.zeros((7, 7), dtype=bool)
    assert line_with_gaps(kept, estimate) is None
    kept[3, 3] = True
    assert line_with_gaps(kept, estimate) is None
    assert not fills_gaps(kept, estimate)


def test_lags_on_a_fainter_line_are_told_from_lone_ones():
    kept = np.zeros((7, 7), dtype=bool)
    for (dy, dx), kind in (((0, 1), "rows"), ((1, 0), "columns"), ((1, -1), "diagonal")):
        kept[:] = False
        kept[3, 3] = kept[3 + 3 * dy, 3 + 3 * dx] = kept[3 - 3 * dy, 3 - 3 * dx] = True
        steps = [(step * dy, step * dx) for step in (1, 2, 3)]
        assert line_with_gaps(kept, estimate_of(lags(*steps))) == kind
        assert fills_gaps(kept, estimate_of(lags(*steps)))
        assert line_with_gaps(kept, estimate_of(lags(steps[-1]))) is None


@pytest.mark.parametrize(
    ("shared", "kind", "found"),
    [
        ({(0, 1): 0.06}, "rows", "rows"),
        ({(0, 1): 0.06, (1, 0): 0.03}, "rows", "rows"),
        ({(0, 1): 0.06, (1, 0): -0.06}, "rows", "rows"),
        ({(0, 1): 0.055, (1, 0): 0.048}, "rows", "cross"),
        ({(1, 0): 0.055, (0, 1): 0.048}, "columns", "cross"),
        ({(0, 1): 0.055, (1, 0): 0.048, (1, 1): 0.047, (1, -1): 0.048}, "rows", "blob"),
        ({(1, 1): 0.055, (0, 1): 0.03, (1, 0): 0.03}, "diagonal", "diagonal"),
        ({(1, 1): 0.055, (0, 1): 0.048, (1, 0): 0.048}, "diagonal", "blob"),
        ({(1, -1): -0.055, (0, 1): -0.048, (1, 0): -0.048}, "diagonal", "blob"),
    ],
)
def test_a_line_that_is_one_by_chance_is_none(shared, kind, found):
    rho = lags()
    for lag, value in shared.items():
        rho += lags(lag, value=value) - lags()
    assert direction(kind, estimate_of(rho).lags) == found
    kept = lags(next(iter(shared))) != 0
    assert kind_of(kept, estimate_of(rho)) == found


def test_faint_neighbours_that_may_be_chance_turn_no_line():
    rho = lags((0, 1), (1, 0), value=0.04)
    unsure = replace(estimate_of(rho).lags, standard_error=np.full(rho.shape, 0.02))
    assert direction("rows", unsure) == "rows"
