"""The readers of makers' formats that the bundle carries.

The program imports each by name when a file needs it, which PyInstaller cannot see. What they drag
in beside is left out by excludes.py and their debugging symbols by slim.py; what each costs stands
in docs/install.md.
"""

from __future__ import annotations

READERS = {
    "LIF": ("liffile",),
    "OIF": ("oiffile",),
    "DICOM": ("pydicom", "pydicom.pixels.utils", "pydicom.pixels.decoders"),
    "ND2": ("nd2",),
    "Zarr": ("zarr", "numcodecs", "numcodecs.blosc"),
    "Zarr at an address": ("fsspec.implementations.http", "aiohttp"),
    "HDF5": ("h5py",),
    "CZI": ("pylibCZIrw.czi", "_pylibCZIrw"),
}
"""What is imported for each format."""
