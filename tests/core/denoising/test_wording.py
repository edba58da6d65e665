import numpy as np
import pytest

from structmask_gui.core.denoising.wording import Method, called, methods_paragraph
from structmask_gui.core.masks.mask import Mask


def test_without_a_mask_nothing_is_said_of_correlated_noise():
    bare = methods_paragraph(Method(Mask(np.ones((1, 1), bool)), "measured", "Folds.", "1.0"))
    assert "leaving out the pixel itself (the rule of Noise2Void" in bare
    assert "correlated" not in bare
    assert "Measurements were made" not in bare
    assert called(Mask(np.ones((1, 1), bool))) == "no mask"
    assert called(Mask(np.ones((1, 13), bool))) == "the mask of 13 pixels"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.ones((1, 13)), "13 pixels about it (6 pixels on either side along the row; measured)"),
        (np.ones((5, 1)), "5 pixels about it (2 pixels above and below; measured)"),
        (np.ones((3, 3)), "9 pixels about it (the block of 3 x 3 pixels; measured)"),
        ([[1, 0, 1, 0, 1]], "3 pixels about it (within 1 x 5 pixels; measured)"),
    ],
)
def test_the_methods_say_which_pixels_the_mask_has(rows, words):
    text = methods_paragraph(Method(Mask(np.array(rows, bool)), "measured", "Folds.", "1.0"))
    assert f"a mask of {words}, whose noise is correlated" in text
