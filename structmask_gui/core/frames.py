"""What the engine needs to know of a stack: frames of one shape, read a band of rows at a time."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from structmask_gui.core.errors import InputError

AnyArray = NDArray[Any]


@runtime_checkable
class Frames(Protocol):
    """A sequence of equally shaped 2-D frames that need not be in memory.

    `structmask_gui.io.images.ImageStack` is one that reads files; `ArrayFrames` wraps an array.
    """

    @property
    def name(self) -> str:
        """What messages call it: the file's name, or "the array"."""
        ...

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        ...

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width of every frame, in pixels: (y, x)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels, as stored."""
        ...

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame as an array of shape (y1 - y0, width)."""
        ...


class ArrayFrames:
    """Frames held in an array.

    Parameters
    ----------
    array : ndarray
        One image of shape (y, x), or a stack of shape (frames, y, x). Bool, integer or real.
    name : str
        What messages call it.

    Raises
    ------
    InputError
        If the array is not 2-D or 3-D, is empty, or does not hold real numbers.
    """

    def __init__(self, array: AnyArray, name: str = "the array") -> None:
        array = np.asarray(array)
        if array.ndim == 2:
            array = array[np.newaxis]
        if array.ndim != 3:
            raise InputError(
                f"{name} has {array.ndim} dimensions; give one image (y, x) or a stack"
                " (frames, y, x)."
            )
        if array.dtype.kind not in "buif":
            raise InputError(f"{name} holds {array.dtype}, not real numbers; convert it first.")
        if array.size == 0:
            raise InputError(f"{name} is empty; give an image with at least 16 x 16 pixels.")
        self._array = array
        self.name = name

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self._array.shape[0])

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width, (y, x)."""
        return int(self._array.shape[1]), int(self._array.shape[2])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self._array.dtype

    def read(self, frame: int, y0: int = 0, y1: int | None = None) -> AnyArray:
        """Return rows ``y0`` to ``y1`` of a frame; a view, not a copy."""
        return self._array[frame, y0:y1]
