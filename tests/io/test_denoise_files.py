"""What is asked before a file is denoised."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.recommend.answer import answer
from structmask_gui.core.recommend.recommend import told_error
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.io.denoise_files import doubts_about, flags_of
from structmask_gui.io.open import open_stack
from tests.core.recommend.scenes import automatic, frames_of


@pytest.mark.parametrize(
    ("scene", "asked", "separated"),
    [("row 7", False, True), ("one smooth frame", False, False), ("cannot tell", True, False)],
)
def test_it_is_asked_only_where_the_answer_does_not_advise_the_mask(scene, asked, separated):
    found, frames = automatic(scene), ArrayFrames(frames_of(scene))
    assert (answer(found).certainty == "cannot tell") == asked
    flags = flags_of(frames, found)
    assert ("cannot_tell" in flags, "unseparated" not in flags) == (asked, separated)
    other = flags_of(frames, found, mask=Mask(np.ones((3, 9), dtype=bool)))
    assert ("cannot_tell" in other) != separated
    assert (told_error(found, found.mask) is None) == asked


@pytest.mark.parametrize(("n_frames", "asked"), [(1, ()), (6, ("periodic_temporal",))])
def test_a_regular_pattern_that_shifts_is_asked_about(tmp_path, n_frames, asked):
    path = tmp_path / "hum.tif"
    tifffile.imwrite(path, np.ones((n_frames, 32, 32), np.uint16), photometric="minisblack")
    with open_stack(path) as stack:
        assert doubts_about(stack, ("moving", "periodic_temporal")) == asked
