"""Pipes and devices that files name by themselves: opened, they would block for ever."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such pipes"),
    # Not asked for a result, a pipe would keep the test for ever.
    pytest.mark.timeout(30),
]


def values(shape: tuple[int, ...]) -> AnyArray:
    return np.random.default_rng(0).integers(0, 200, shape).astype("uint16")


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device"])
def test_in_an_ome_set(kind: str, tmp_path: Path) -> None:
    other = tmp_path / "b.tif"
    if kind == "pipe":
        os.mkfifo(other)
    elif kind == "device":
        other.symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / "c")
        other.symlink_to("c")
    planes = "".join(
        f'<TiffData FirstT="{n}" IFD="0" PlaneCount="1"><UUID FileName="{name}.tif">{name}</UUID>'
        "</TiffData>"
        for n, name in enumerate("ab")
    )
    words = (
        '<OME UUID="a"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" SizeX="48"'
        f' Type="uint16" SizeY="40" SizeC="1" SizeZ="1" SizeT="2">{planes}</Pixels></Image></OME>'
    )
    tifffile.imwrite(tmp_path / "a.tif", values((40, 48)), description=words, metadata=None)
    with pytest.raises(InputError, match=r"a\.tif: its OME description names what is no regular"):
        open_stack(tmp_path / "a.tif")


@pytest.mark.parametrize("version", [2, 3])
def test_in_a_zarr_folder(version: int, tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        str(tmp_path / "a.zarr"), data=values((3, 40, 48)), chunks=(1, 40, 48), zarr_format=version
    )
    del array
    (chunk,) = (tmp_path / "a.zarr").glob("1.0.0" if version == 2 else "c/1/0/0")
    chunk.unlink()
    os.mkfifo(chunk)
    with open_stack(tmp_path / "a.zarr") as stack:
        assert np.array_equal(stack.read(0), values((3, 40, 48))[0])
        with pytest.raises(InputError, match=r"a\.zarr: a part of the pixels cannot be read"):
            stack.read(1)


@pytest.mark.parametrize("kind", ["time point", "raw", "virtual"])
def test_in_an_hdf5_file(kind: str, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    pipe = tmp_path / "pipe"
    array = values((3, 40, 48))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if kind == "time point":
            file["t00000/s00/0/cells"] = array
            file["t00001"] = h5py.ExternalLink("pipe", "t")
        elif kind == "raw":
            file.create_dataset("a", array.shape, "u2", external=[(str(pipe), 0, array.nbytes)])
        else:
            layout = h5py.VirtualLayout(array.shape, "u2")
            layout[:] = h5py.VirtualSource(pipe, "a", array.shape)
            file.create_virtual_dataset("a", layout)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"a\.h5: the HDF5 file cannot be read"):
        open_stack(tmp_path / "a.h5")
