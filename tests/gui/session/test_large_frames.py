"""Frames larger than any screen are thinned while they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.gui.session import opening


@pytest.mark.parametrize("faster", ["bands", "rows"])
@pytest.mark.slow
def test_each_way_of_thinning_gives_the_same(faster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.random.default_rng(0).integers(0, 60000, (5003, 2600)).astype(np.uint16)
    read: list[int] = []

    class Counting(ArrayFrames):
        def read(self, frame: int, y0: int = 0, y1: int | None = None) -> Any:
            read.append((y1 or 5003) - y0)
            return super().read(frame, y0, y1)

    # A clock that says of the first band that it took longer, or not.
    ticks = iter([0.0, 2.0 if faster == "rows" else 1.0, 0.0, 1.5, *[0.0] * 1000])
    monkeypatch.setattr(opening.time, "perf_counter", lambda: next(ticks))
    shown = opening.read_for_display(Counting(array[np.newaxis], "large"), 0, largest=500)
    assert np.array_equal(shown, array[::11, ::11])
    assert (read[-1] == 1) == (faster == "rows")
