"""OME-TIFF stacks whose planes are spread over several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
from tests.io.maker_files import write_ome_set

DATA = np.random.default_rng(0).integers(0, 999, (20, 24, 30)).astype(np.uint16)


@pytest.fixture
def ome_set(tmp_path: Path) -> list[Path]:
    return write_ome_set(tmp_path, DATA)


def test_all_files_of_a_set_are_read(ome_set: list[Path]) -> None:
    with open_stack(ome_set[3]) as stack:
        assert (stack.axes, stack.shape) == ("TYX", (20, 24, 30))
        for i in (*range(20), 0, 19, 5):
            np.testing.assert_array_equal(stack.read(i, 2, 20), DATA[i, 2:20])


def test_all_files_of_a_set_are_files_of_the_stack(ome_set: list[Path]) -> None:
    with open_stack(ome_set[3]) as stack:
        assert sorted(stack.files) == ome_set


def test_a_missing_file_is_named_as_such(ome_set: list[Path]) -> None:
    ome_set[19].unlink()
    with pytest.raises(InputError, match="promises 20 planes, of which 1 are missing; put"):
        open_stack(ome_set[0])
