"""What the verdict advises where lines do not end, in the words of the lines' direction."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.extraction import extract_array
from structmask_gui.core.parameters import Parameters

AUTOMATIC = Parameters(method="statistical", source="frames")


@pytest.mark.parametrize("lines", ["rows", "columns"])
def test_endless_lines_are_named_and_where_to_remove_them(lines):
    rng = np.random.default_rng(3)
    frames = rng.normal(100, 5, (4, 160, 160)) + rng.normal(0, 4, (4, 160, 1))
    if lines == "columns":
        frames = frames.transpose(0, 2, 1)
    extraction = extract_array(frames, AUTOMATIC)
    verdict = extraction.verdict
    assert "whole_line" in verdict.flags
    assert verdict.lines == lines
    note = next(note for note in extraction.notes if "do not end" in note)
    assert note.startswith(f"The {lines} do not end")
    assert f"remove the {lines[:-1]} offsets first" in note
    assert "Save destriped frames" in note


def test_noise_without_endless_lines_names_none():
    white = np.random.default_rng(3).normal(100, 5, (4, 160, 160))
    assert extract_array(white, AUTOMATIC).verdict.lines is None
