"""HDF5: Imaris, BigDataViewer, and any that holds arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
from tests.io.checked_stacks import check, values

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def characters(text: str) -> AnyArray:
    return np.array([c.encode() for c in text], "S1")


def write_ims(path: Path, array: AnyArray) -> None:
    """Write (t, c, z, y, x) as Imaris does: padded to whole chunks, texts as single characters."""
    h5py = pytest.importorskip("h5py")
    times, channels, *shape = array.shape
    with h5py.File(path, "w") as file:
        for t in range(times):
            for c in range(channels):
                group = file.create_group(f"DataSet/ResolutionLevel 0/TimePoint {t}/Channel {c}")
                for letter, n in zip("ZYX", shape, strict=True):
                    group.attrs[f"ImageSize{letter}"] = characters(str(n))
                padded = np.zeros([-(-n // 16) * 16 for n in shape], array.dtype)
                padded[: shape[0], : shape[1], : shape[2]] = array[t, c]
                group.create_dataset("Data", data=padded, chunks=(16, 16, 16), compression="gzip")
        about = file.create_group("DataSetInfo/Image")
        for i, n in enumerate(shape[::-1]):
            about.attrs[f"ExtMin{i}"] = characters("0")
            about.attrs[f"ExtMax{i}"] = characters(str(n * 0.5))
        about.attrs["Unit"] = characters("um")
        for c in range(channels):
            file.create_group(f"DataSetInfo/Channel {c}").attrs["Name"] = characters(f"dye {c}")


def test_imaris(tmp_path: Path) -> None:
    array = values((2, 2, 3, 40, 50))
    write_ims(tmp_path / "a.ims", array)
    with open_stack(tmp_path / "a.ims", channel=1) as stack:
        assert (stack.kind, stack.axes, stack.shape) == ("IMS", "TCZYX", (2, 2, 3, 40, 50))
        assert stack.metadata["Pixel size X"] == "0.5 µm"
        assert stack.channel_choices[0] == (0, "0: dye 0")
        check(stack, array[:, 1].reshape(-1, 40, 50))


def test_big_data_viewer(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    array = values((2, 2, 3, 40, 50))
    array += 40_000  # beyond what fits with a sign
    with h5py.File(tmp_path / "b.h5", "w") as file:
        for t in range(2):
            for s in range(2):
                file.create_dataset(f"t{t:05}/s{s:02}/0/cells", data=array[t, s].view("i2"))
    (tmp_path / "b.xml").write_text(
        "<voxelSize><unit>um</unit><size>0.1 0.2 0.3</size></voxelSize>" * 2
    )
    with open_stack(tmp_path / "b.h5", series=1) as stack:
        assert stack.kind == "BDV HDF5"
        assert stack.metadata["Pixel size Z"] == "0.3 µm"
        assert any("without" in note for note in stack.notes)
        check(stack, array[:, 1].reshape(-1, 40, 50))


def test_plain_hdf5_takes_the_largest_array(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    array = values((5, 40, 50), "float64")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["small/preview"] = array[0, :20, :20]
        file["data/stack"] = array
        file["table"] = np.zeros(9)
    with open_stack(tmp_path / "c.h5") as stack:
        assert stack.series[0].name == "data/stack"
        check(stack, array)
    with open_stack(tmp_path / "c.h5", series=1) as stack:
        check(stack, array[:1, :20, :20])


def test_hdf5_without_an_image(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["table"] = np.zeros(9)
        file["words"] = np.array([[b"a", b"b"]])
    with pytest.raises(InputError, match="holds no image, only tables or curves"):
        open_stack(tmp_path / "d.h5")


def test_hdf5_whose_images_are_in_other_files(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a_master.h5", "w") as file:
        file["entry/data/data_000001"] = h5py.ExternalLink("a_data_000001.h5", "entry/data")
        file["entry/wavelength"] = 1.0
    with pytest.raises(InputError, match=r"no image itself; give .* it names: a_data_000001\.h5"):
        open_stack(tmp_path / "a_master.h5")
