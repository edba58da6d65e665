"""What one reading of all patches gives."""

from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.progress import NO_TASK
from structmask_gui.core.stack.frames import ArrayFrames
from structmask_gui.core.stack.patches import plan_patches, read_patches
from structmask_gui.core.statistical.accumulate import Pooling
from structmask_gui.core.statistical.patches import NoisePatches


def spectrum(frames: np.ndarray) -> np.ndarray:
    """Return the mean power of the patches of 64 x 64."""
    stack = ArrayFrames(frames)
    plan = plan_patches(stack, Parameters(patch_size=64))
    used = np.ones(len(plan), dtype=np.bool_)
    brightness = np.zeros(len(plan))
    patches = NoisePatches(plan, 5, "", used, ("",) * len(plan), brightness, plan.places)
    pooling = Pooling(patches, 5)
    chunks = read_patches(stack, plan, pooling.per_chunk)
    return pooling.run(chunks, True, NO_TASK).spectrum.power


@pytest.mark.parametrize("sides", [(256, 256), (128, 512)])
def test_the_spectrum_is_that_of_all_of_the_field(sides: tuple[int, int]):
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(80, *sides)).astype(np.float32)
    frames[:, :, : sides[1] // 4] *= 3
    left, right = spectrum(frames).mean(), spectrum(frames[:, :, ::-1].copy()).mean()
    # A quarter of nine times the variance: 3 on average, wherever it is.
    assert left == pytest.approx(3, rel=0.05)
    assert right == pytest.approx(3, rel=0.05)
