"""Room for intermediate results that is kept from one call to the next, for each thread its own.

Memory asked of the system anew for each chunk costs a page fault for every 4 KB, which took longer
than the transforms, and threads that ask at the same time wait for each other.
"""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Larger rooms are not kept: there the work takes far longer than the getting of memory.
_LARGEST = 32 * 2**20

_kept = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of any content, valid until the same thread asks for the same name again.

    Parameters
    ----------
    name : str
        What it is for; two names never share memory.
    shape : tuple of int
    dtype : dtype
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if size > _LARGEST:
        return np.empty(shape, dtype)
    rooms: dict[str, NDArray[np.uint8]] = _kept.__dict__
    room = rooms.get(name)
    if room is None or room.nbytes < size:
        room = rooms[name] = np.empty(size, np.uint8)
    return room[:size].view(dtype).reshape(shape)
