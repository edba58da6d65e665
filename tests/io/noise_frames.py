"""What the tests of images share: noise of any type, and all frames of a stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from structmask_gui.io.open import ImageStack

AnyArray = np.ndarray[Any, Any]


def noise(shape: tuple[int, ...], dtype: str = "uint16", seed: int = 0) -> AnyArray:
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.random(shape) > 0.5
    if kind.kind == "f":
        return (rng.standard_normal(shape) * 100).astype(kind)
    info = np.iinfo(kind)
    return rng.integers(info.min, info.max, shape, kind.newbyteorder("="), True).astype(kind)


def frames_of(stack: ImageStack) -> AnyArray:
    return np.stack([stack.read(i) for i in range(stack.n_frames)])
