"""The networks read frames like those that they were trained on as well as they say."""

import sys
from pathlib import Path

import numpy as np

from structmask_gui.core.learned.noise import _networks

BENCHMARKS = str(Path(__file__).resolve().parents[3] / "benchmarks")


def test_the_networks_know_how_far_they_are_off(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from _learned import drawn

    draw = np.random.default_rng(1000)
    off, said = [], []
    for _ in range(60):
        values, power = drawn(draw)
        found, variance = _networks().read(values)
        off.append(found - power)
        said.append(variance)
    del sys.modules["_learned"]
    away = np.array(off) / np.sqrt(said)
    assert 0.6 < np.sqrt((away**2).mean()) < 1.4
    # The logarithm of the power; over all frames it varies by more than 1.
    assert np.median(np.abs(off)) < 0.3
