"""Dark and subtracted stacks that fit the frames, and some that do not."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.stack.reference_fit import (
    dark_misfit,
    misfit,
    misfit_sentence,
    subtract_misfit,
    used_kind,
)

RNG = np.random.default_rng(5)
Y, X = np.mgrid[:96, :96]
BLOBS = sum(
    400 * np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 30)
    for y, x in ((20, 30), (50, 60), (70, 20), (40, 85))
)


def stack(level: float, sigma: float, structure: object = 0.0, n: int = 6, side: int = 96):
    noise = RNG.normal(0, sigma, (n, side, side))
    return ArrayFrames((level + structure + noise).astype(np.float32), "a")


FRAMES = stack(500, 20, BLOBS)


@pytest.mark.parametrize("strength", [3, 40])
def test_dark_frames_with_offsets_of_columns_and_hot_pixels_fit(strength):
    columns = strength * RNG.normal(size=96)[None, :]
    hot = np.where(RNG.random((96, 96)) < 1e-3, 500.0, 0.0)
    assert dark_misfit(stack(300, 4, columns + hot), FRAMES) == ""
    assert dark_misfit(stack(300, 4, (columns + hot).T), FRAMES) == ""
    assert dark_misfit(stack(100, 4, n=1), FRAMES) == ""


def test_noise_that_is_smeared_along_rows_is_no_structure():
    white = RNG.normal(0, 8, (1, 96, 100))
    rows = sum(white[:, :, k : k + 96] for k in range(5)) + 100
    assert dark_misfit(ArrayFrames(rows.astype(np.float32), "a"), FRAMES) == ""


def test_an_even_bright_field_with_shading_fits():
    shading = 60 * ((Y - 48) ** 2 + (X - 48) ** 2) / 48**2
    assert dark_misfit(stack(600, 20, shading), FRAMES) == ""


def test_a_specimen_is_no_dark_stack():
    for n in (1, 6):
        assert dark_misfit(stack(100, 10, BLOBS, n=n), FRAMES) == "structure is visible in it"


def test_pixels_that_are_not_finite_do_not_hide_a_misfit():
    frames, bright = np.full((3, 64, 64), 100.0), np.full((3, 64, 64), 500.0)
    bright[:, 5, 7] = np.nan
    assert (
        dark_misfit(ArrayFrames(bright), ArrayFrames(frames)) == "it is brighter than your frames"
    )


def test_a_stack_that_is_too_bright_or_of_another_size_is_named():
    assert dark_misfit(stack(5000, 20), FRAMES) == "it is brighter than your frames"
    other = dark_misfit(stack(100, 4, side=64), FRAMES)
    assert other == "its frames are 64 x 64 pixels, yours 96 x 96"


def test_what_is_subtracted_has_size_and_level_of_the_frames():
    assert subtract_misfit(stack(500, 2, BLOBS, n=1), FRAMES) == ""
    assert subtract_misfit(stack(100, 2, n=1), FRAMES) == "its level is not that of your frames"
    assert "64 x 64" in subtract_misfit(stack(500, 2, n=1, side=64), FRAMES)


def test_automatic_uses_the_dark_stack_first():
    both = ("subtract", "dark")
    assert used_kind("automatic", both) == "dark"
    assert used_kind("automatic", both[:1]) == "subtract"
    assert used_kind("automatic", ()) is None
    assert used_kind("subtract", both) == "subtract"
    assert used_kind("dark", both[:1]) is None
    assert used_kind("difference", both) is None


def test_what_does_not_fit_is_said_by_both_names():
    why = misfit("dark", stack(100, 4, side=64), FRAMES)
    said = misfit_sentence("dark", "d.tif", "a.tif", why)
    assert said.startswith("d.tif does not seem to be a dark or blank stack for a.tif: its frames")
    assert said.endswith("The answer may be wrong.")
