"""Which patches the statistical method leaves out."""

from __future__ import annotations

import numpy as np

from structmask_gui.core.statistical.measure import outlying


def test_outlying_variance_is_left_out_only_when_rare():
    log_variance = np.random.default_rng(1).normal(0, 0.1, 50)
    log_variance[7] += 2
    assert np.flatnonzero(outlying(log_variance)).tolist() == [7]
    log_variance[20:45] += 2
    assert not outlying(log_variance).any()
