"""The saved state of a denoising."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from structmask_gui.io.denoise_state import SavedState

WHOLE = {"progress": np.ones(5), "trainers": np.ones((2, 4, 4, 7)), "best": np.ones((2, 4, 7))}


def loaded(target: Any, arrays: dict[str, Any]) -> Any:
    """Return what is loaded of a state with these arrays."""
    denoiser: Any = SimpleNamespace(
        state=lambda: arrays, folds=SimpleNamespace(sentence="Halves."), seed=0
    )
    saved = SavedState(target, [], [], np.ones((1, 3), dtype=bool))
    saved.save(denoiser)
    return saved.load(denoiser)


def test_a_whole_state_is_loaded(tmp_path):
    assert loaded(tmp_path / "a.tif", WHOLE).keys() == WHOLE.keys()
    before = {name: values for name, values in WHOLE.items() if name != "best"}
    assert loaded(tmp_path / "a.tif", before).keys() == before.keys()


@pytest.mark.parametrize(
    "damaged",
    [
        {"progress": np.ones(4)},
        {"progress": np.full(5, np.nan)},
        {"progress": np.array("words")},
        {"trainers": np.ones(3)},
        {"trainers": np.full((2, 4, 4, 7), np.inf)},
        {"best": np.ones((2, 4, 6))},
        {"best": np.full((2, 4, 7), np.nan)},
    ],
)
def test_a_damaged_state_is_not_gone_on_with(tmp_path, damaged):
    assert loaded(tmp_path / "a.tif", WHOLE | damaged) is None


def test_a_state_without_its_weights_is_not_gone_on_with(tmp_path):
    assert loaded(tmp_path / "a.tif", {"progress": np.ones(5)}) is None
