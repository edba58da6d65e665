"""What is measured, and which patches are left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.statistical.measure import measure_correlation, outlying


def test_outlying_variance_is_left_out_only_when_rare():
    log_variance = np.random.default_rng(1).normal(0, 0.1, 50)
    log_variance[7] += 2
    assert np.flatnonzero(outlying(log_variance)).tolist() == [7]
    log_variance[20:45] += 2
    assert not outlying(log_variance).any()


@pytest.mark.parametrize("tuned", [{"max_pixels": 1}, {"rho_min": 0.3}, {"q": 0.5}])
@pytest.mark.parametrize("seed", [1, 2])
def test_tuning_the_significant_lags_changes_nothing_that_is_measured(tuned, seed):
    random = np.random.default_rng(seed)
    scene = gaussian_filter(random.normal(size=(128, 144)), 2)
    frame = ArrayFrames(200 + 60 * scene / scene.std() + 20 * random.normal(size=scene.shape))
    asked = Parameters(method="statistical", source="automatic")
    plain, found = (measure_correlation(frame, p) for p in (asked, asked.changed(**tuned)))
    assert found.parameters == asked.changed(**tuned)
    assert (found.source, found.evidence.trusted) == (plain.source, plain.evidence.trusted)
    assert found.evidence.suspected == plain.evidence.suspected
    assert np.array_equal(found.lags.rho, plain.lags.rho)
