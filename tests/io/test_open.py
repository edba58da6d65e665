"""Every format, type and layout is read back exactly, whole or in bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.errors import InputError
from structmask_gui.core.stack.frames import Frames
from structmask_gui.io.open import open_stack
from tests.io.noise_frames import frames_of, noise

LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {"photometric": "minisblack"},
    "big-endian": {"photometric": "minisblack", "byteorder": ">"},
    "bigtiff": {"photometric": "minisblack", "bigtiff": True},
    "strips": {"photometric": "minisblack", "rowsperstrip": 7},
    "tiles": {"photometric": "minisblack", "tile": (16, 32)},
    "lzw": {"photometric": "minisblack", "compression": "lzw", "rowsperstrip": 9},
    "deflate": {"photometric": "minisblack", "compression": "zlib", "predictor": True},
    "deflate-tiles": {"photometric": "minisblack", "compression": "zlib", "tile": (32, 16)},
    "zstd-big-endian": {"photometric": "minisblack", "compression": "zstd", "byteorder": ">"},
    "no-description": {"photometric": "minisblack", "metadata": None},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tiff_layouts(layout: str, tmp_path: Path) -> None:
    data = noise((3, 53, 70))
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, **LAYOUTS[layout])
    with open_stack(path) as stack:
        assert isinstance(stack, Frames)
        assert (stack.n_frames, stack.frame_shape, stack.dtype) == (3, (53, 70), np.uint16)
        assert stack.axes in ("QYX", "IYX")
        np.testing.assert_array_equal(frames_of(stack), data)
        np.testing.assert_array_equal(stack.read(2, 8, 41), data[2, 8:41])
        np.testing.assert_array_equal(stack.read(1, 50), data[1, 50:])
        assert stack.read(0).dtype.isnative


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "int16", "uint32", "int32", "uint64", "float16", "float32", "float64"],
)
def test_tiff_types(dtype: str, compression: str | None, tmp_path: Path) -> None:
    data = noise((2, 20, 33), dtype)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, compression=compression, photometric="minisblack")
    with open_stack(path) as stack:
        assert stack.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(frames_of(stack), data)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "dtype", ["bool", "int8", ">i2", "<u4", ">f4", "float16", "float64", "longdouble"]
)
def test_npy_types(dtype: str, order: str, tmp_path: Path) -> None:
    data = (
        noise((3, 18, 25), "float64").astype(dtype) if dtype != "bool" else noise((3, 18, 25), "?")
    )
    path = tmp_path / "stack.npy"
    np.save(path, np.asarray(data, order=order))
    with open_stack(path) as stack:
        assert stack.axes == "QYX"
        assert stack.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(frames_of(stack), data)
        np.testing.assert_array_equal(stack.read(2, 3, 9), data[2, 3:9])


def test_npy_of_two_dimensions_and_of_lengths_of_one(tmp_path: Path) -> None:
    data = noise((20, 30))
    np.save(tmp_path / "a.npy", data)
    np.save(tmp_path / "b.npy", data[None, None])
    for name in "ab":
        with open_stack(tmp_path / f"{name}.npy") as stack:
            assert (stack.axes, stack.n_frames) == ("YX", 1)
            np.testing.assert_array_equal(stack.read(0), data)


def test_npy_axes_are_given(tmp_path: Path) -> None:
    data = noise((18, 20, 1, 30, 3))
    path = tmp_path / "five.npy"
    np.save(path, data)
    with pytest.raises(InputError, match=r"five.npy: .*Y and which is X; give the axes, as in"):
        open_stack(path)
    with open_stack(path, axes="tyzxc", channel=2) as stack:
        assert (stack.axes, stack.shape, stack.n_frames) == ("TYXC", (18, 20, 30, 3), 18)
        np.testing.assert_array_equal(frames_of(stack), data[:, :, 0, :, 2])
    with open_stack(path, axes="XTZYC") as stack:
        assert (stack.n_frames, stack.frame_shape) == (20, (30, 18))
        np.testing.assert_array_equal(stack.read(7, 4, 6), data[:, 7, 0, 4:6, 0].T)


def test_blocks_larger_than_a_piece_are_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("structmask_gui.io.stack.store._PIECE", 500)
    data = noise((4, 20, 30))
    path = tmp_path / "a.npy"
    np.save(path, data)
    for axes, wanted in (("TYX", data), ("YXT", np.moveaxis(data, 2, 0)), ("XYT", data.T)):
        shape = tuple(data.shape[axes.index(c)] for c in "YX")
        if min(shape) < 16:
            monkeypatch.setattr("structmask_gui.io.stack.axes.SMALLEST_SIDE", 1)
        with open_stack(path, axes=axes) as stack:
            np.testing.assert_array_equal(frames_of(stack), wanted)


def test_ome_hyperstack(tmp_path: Path) -> None:
    data = noise((2, 3, 2, 24, 31))
    path = tmp_path / "hyper.ome.tif"
    metadata = {
        "axes": "TZCYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeXUnit": "µm",
        "Channel": {"Name": ["DAPI", "GFP"]},
    }
    tifffile.imwrite(path, data, metadata=metadata, photometric="minisblack")
    with open_stack(path, channel=1) as stack:
        assert (stack.kind, stack.axes, stack.n_frames) == ("OME-TIFF", "TZCYX", 6)
        assert (stack.n_channels, stack.channel) == (2, 1)
        assert stack.channel_choices == ((0, "0: DAPI"), (1, "1: GFP"))
        np.testing.assert_array_equal(frames_of(stack), data[:, :, 1].reshape(6, 24, 31))
        assert stack.metadata["Pixel size X"] == "0.25 µm"
        assert stack.notes == ()
    with open_stack(path) as stack:
        assert stack.channel == 0
        assert "2 channels" in stack.notes[0]


def test_renamed_ome_file_keeps_its_axes(tmp_path: Path) -> None:
    data = noise((2, 3, 20, 20))
    path = tmp_path / "first.ome.tif"
    tifffile.imwrite(path, data, metadata={"axes": "TCYX"}, photometric="minisblack")
    xml = tifffile.tiffcomment(path)
    mark = '<TiffData><UUID FileName="first.ome.tif">urn:uuid:1</UUID></TiffData><TiffData '
    named = xml.replace("<TiffData ", mark, 1)
    renamed = tmp_path / "second.tif"
    tifffile.imwrite(
        renamed,
        data.reshape(6, 20, 20),
        description=named.encode(),
        metadata=None,
        photometric="minisblack",
    )
    with open_stack(renamed) as stack:
        assert stack.axes == "TCYX"
        np.testing.assert_array_equal(frames_of(stack), data[:, 0])


def test_imagej_hyperstack(tmp_path: Path) -> None:
    data = noise((2, 3, 2, 24, 31))
    path = tmp_path / "hyper.tif"
    metadata = {"axes": "TZCYX", "unit": "um", "spacing": 2.0, "finterval": 0.5}
    tifffile.imwrite(path, data, imagej=True, metadata=metadata, resolution=(4.0, 4.0))
    with open_stack(path, channel=0) as stack:
        assert (stack.kind, stack.axes) == ("ImageJ TIFF", "TZCYX")
        np.testing.assert_array_equal(frames_of(stack), data[:, :, 0].reshape(6, 24, 31))
        assert stack.metadata["Pixel size X"] == "0.25 µm"
        assert stack.metadata["Pixel size Z"] == "2 µm"
        assert stack.metadata["Frame interval"] == "0.5 s"


def test_imagej_stack_in_one_page(tmp_path: Path) -> None:
    """ImageJ writes files over 4 GB as one page with all frames behind it."""
    data = noise((5, 20, 24))
    path = tmp_path / "virtual.tif"
    tifffile.imwrite(
        path,
        data[:1],
        description="ImageJ=1.54f\nimages=5\nslices=5\n",
        metadata=None,
        photometric="minisblack",
        byteorder=">",
    )
    with path.open("ab") as file:
        file.write(data[1:].astype(">u2").tobytes())
    with open_stack(path) as stack:
        assert (stack.axes, stack.n_frames) == ("ZYX", 5)
        np.testing.assert_array_equal(frames_of(stack), data)


def test_several_series(tmp_path: Path) -> None:
    path = tmp_path / "several.tif"
    small, large = noise((20, 20)), noise((3, 40, 40), "uint8")
    with tifffile.TiffWriter(path) as file:
        file.write(small, metadata=None)
        for page in large:
            file.write(page, metadata=None, photometric="minisblack")
    with open_stack(path) as stack:
        assert (stack.series_index, stack.n_frames) == (1, 3)
        assert "2 series; series 1 is used" in stack.notes[0]
        assert [s.shape for s in stack.series] == [(20, 20), (3, 40, 40)]
        np.testing.assert_array_equal(frames_of(stack), large)
    with open_stack(path, series=0) as other:
        np.testing.assert_array_equal(other.read(0), small)
    with pytest.raises(InputError, match=r"several.tif has no series 2; its series are 0 to 1."):
        open_stack(path, series=2)


def test_one_odd_page_among_many(tmp_path: Path) -> None:
    path = tmp_path / "odd.tif"
    data = noise((20, 24, 30))
    with tifffile.TiffWriter(path) as file:
        for i, page in enumerate(data):
            file.write(page[:, : 20 if i == 10 else 30], metadata=None)
    with open_stack(path) as stack:
        assert [s.shape for s in stack.series] == [(19, 24, 30), (24, 20)]
        np.testing.assert_array_equal(frames_of(stack), np.delete(data, 10, 0))


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    data = noise((20, 30), "uint8")
    path = tmp_path / "picture.tif"
    Image.fromarray(data).save(path, format="PNG")
    with open_stack(path) as stack:
        assert stack.kind == "PNG"
        np.testing.assert_array_equal(stack.read(0), data)
