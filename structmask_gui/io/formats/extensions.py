"""Which names are worth opening."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec

# Formats whose readers may be missing: the module that is needed, and the extensions.
_OPTIONAL = {
    "Zarr": ("zarr", (".zarr",)),
    "ND2": ("nd2", (".nd2",)),
    "CZI": ("pylibCZIrw", (".czi",)),
    "LIF": ("liffile", (".lif",)),
    "HDF5": ("h5py", (".ims", ".h5", ".hdf5", ".hdf")),
    "Electron microscopy": ("rsciio", (".mrc", ".mrcs", ".dm3", ".dm4", ".emd", ".ser")),
}
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "TIFF": (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk"),
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "NPY": (".npy",),
    **{kind: endings for kind, (module, endings) in _OPTIONAL.items() if find_spec(module)},
}
"""Extensions of the formats that can be read here, for batches of folders."""
ALL_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    **EXTENSIONS,
    **{kind: endings for kind, (_, endings) in _OPTIONAL.items()},
}
"""Those, and of the formats whose reader is not installed: opening one says so."""


def is_readable_name(path: str | os.PathLike[str]) -> bool:
    """Say by its extension whether a file may be an image that `open_stack` reads."""
    name = os.fspath(path).lower()
    return any(name.endswith(ending) for endings in EXTENSIONS.values() for ending in endings)
