"""The quadratic surface that is taken off a flat patch of a single frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class QuadraticSurface:
    """Least-squares quadratic surface of a patch of one shape."""

    def __init__(self, height: int, width: int) -> None:
        y = np.linspace(-1, 1, height)[:, np.newaxis]
        x = np.linspace(-1, 1, width)[np.newaxis, :]
        terms = [np.broadcast_to(t, (height, width)) for t in (y**0, y, x, y * y, x * y, x * x)]
        self._basis, _ = np.linalg.qr(np.stack([term.ravel() for term in terms], axis=1))

    def removed_from(self, patch: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a patch less its surface."""
        flat = patch.ravel()
        return (flat - self._basis @ (self._basis.T @ flat)).reshape(patch.shape)
