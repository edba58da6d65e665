"""Objects put into frames."""

import pytest

from structmask_gui.core.denoising.spots import _stamp


@pytest.mark.parametrize("side", [1, 2, 3, 4, 9])
def test_a_square_has_the_side_that_is_told(side):
    drawn = _stamp("step", side, 0.0)
    assert drawn.sum() == side**2
    assert drawn.any(axis=0).sum() == drawn.any(axis=1).sum() == side
