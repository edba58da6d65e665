import numpy as np

from structmask_gui.core.denoising.wording import Method, called, methods_paragraph
from structmask_gui.core.masks.mask import Mask


def test_without_a_mask_nothing_is_said_of_correlated_noise():
    bare = methods_paragraph(Method(1, "measured", "Folds.", "1.0"))
    assert "leaving out the pixel itself (the rule of Noise2Void" in bare
    assert "correlated" not in bare
    masked = methods_paragraph(Method(13, "measured", "Folds.", "1.0"))
    assert "a mask of 13 pixels about it (measured), whose noise is correlated" in masked
    assert called(Mask(np.ones((1, 1), bool))) == "no mask"
    assert called(Mask(np.ones((1, 13), bool))) == "the mask of 13 pixels"
