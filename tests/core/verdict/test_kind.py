"""Kinds of noise told from the lags alone."""

from types import SimpleNamespace

import numpy as np

from structmask_gui.core.correlation.lags import LagEstimate
from structmask_gui.core.verdict.kind import fills_gaps, line_with_gaps


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
