"""Values for small stacks, and what is asked of a stack that was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.image_stack import ImageStack


def values(shape: tuple[int, ...], dtype: str = "uint16", low: int = 0) -> AnyArray:
    return np.random.default_rng(1).integers(low, 4000, shape).astype(dtype)


def check(stack: ImageStack, expected: AnyArray) -> None:
    """Compare all frames, a band in the middle, and the type."""
    assert stack.n_frames == len(expected)
    assert stack.dtype == expected.dtype.newbyteorder("=")
    for i, frame in enumerate(expected):
        np.testing.assert_array_equal(stack.read(i), frame)
        np.testing.assert_array_equal(stack.read(i, 5, 11), frame[5:11])


def read_all(path: Path) -> None:
    with open_stack(path) as stack:
        for frame in range(stack.n_frames):
            stack.read(frame)
