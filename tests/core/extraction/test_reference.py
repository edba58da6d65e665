"""The published program's answers: 76 cases of inputs, parameters, masks and centre squares."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from structmask_gui import StructuralNoiseExtractor

DATA = Path(__file__).parents[2] / "data"
CASES = json.loads((DATA / "autostructn2v-1.json").read_text())


@pytest.fixture(scope="module")
def arrays():
    with np.load(DATA / "autostructn2v-1.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_all_cases_are_here():
    assert len(CASES) == 76


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']}-{c['input']}" for c in CASES])
def test_answers_as_the_published_program(case, arrays):
    extractor = StructuralNoiseExtractor(**case["parameters"])
    mask, center = extractor.extract_mask(arrays[f"in/{case['input']}"])
    np.testing.assert_array_equal(mask, arrays[f"mask/{case['id']}"])
    assert mask.sum() == case["true_pixels"]
    assert center.shape == mask.shape
    expected = arrays[f"center/{case['id']}"]
    np.testing.assert_allclose(center, expected, atol=1e-5, rtol=0)
