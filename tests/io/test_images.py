"""Every format, type and layout is read back exactly, whole or in bands."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.errors import InputError
from structmask_gui.core.frames import Frames
from structmask_gui.io.contents import RawStore
from structmask_gui.io.images import (
    EXTENSIONS,
    ImageStack,
    frame_range,
    is_readable_name,
    open_stack,
)
from structmask_gui.io.info import describe
from structmask_gui.io.raster import luminance
from structmask_gui.io.tiff_pages import PagedStore

AnyArray = np.ndarray[Any, Any]

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
    np.save(path, np.asarray(data, order=order))  # type: ignore[call-overload]
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
    monkeypatch.setattr("structmask_gui.io.contents._PIECE", 500)
    data = noise((4, 20, 30))
    path = tmp_path / "a.npy"
    np.save(path, data)
    for axes, wanted in (("TYX", data), ("YXT", np.moveaxis(data, 2, 0)), ("XYT", data.T)):
        shape = tuple(data.shape[axes.index(c)] for c in "YX")
        if min(shape) < 16:
            monkeypatch.setattr("structmask_gui.io.images.SMALLEST_SIDE", 1)
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
        assert stack.frame_label(4) == "T 1, Z 1"
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
        assert stack.metadata["Pixel size X"] == "0.25 um"
        assert stack.metadata["Pixel size Z"] == "2 um"
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


def test_colour_tiff_gives_luminance_or_a_colour(tmp_path: Path) -> None:
    data = noise((3, 20, 30, 4), "uint8")
    path = tmp_path / "colour.tif"
    tifffile.imwrite(path, data, photometric="rgb", extrasamples=["unassalpha"], compression="lzw")
    with open_stack(path) as stack:
        assert (stack.channel, stack.n_channels, stack.dtype) == ("luminance", 3, np.float32)
        expected = data[..., :3].astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
        np.testing.assert_allclose(frames_of(stack), expected, rtol=1e-6)
        assert [value for value, _ in stack.channel_choices] == ["luminance", 0, 1, 2]
        with stack.reopened(channel=1) as green:
            np.testing.assert_array_equal(frames_of(green), data[..., 1])
        with pytest.raises(InputError, match="has no channel 3; it has channels 0 to 2"):
            stack.reopened(channel=3)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planar_colour_tiff(compression: str | None, tmp_path: Path) -> None:
    data = noise((3, 20, 30), "uint16")
    path = tmp_path / "planar.tif"
    tifffile.imwrite(
        path,
        data,
        photometric="rgb",
        planarconfig="separate",
        compression=compression,
        tile=(16, 16),
    )
    with open_stack(path, channel=2) as stack:
        np.testing.assert_array_equal(stack.read(0, 5, 19), data[2, 5:19])
    with open_stack(path) as stack:
        np.testing.assert_allclose(stack.read(0), luminance(np.moveaxis(data, 0, 2)), rtol=1e-6)
    with open_stack(path, axes="TYX") as stack:
        np.testing.assert_array_equal(frames_of(stack), data)


def test_samples_that_are_no_colours_are_channels(tmp_path: Path) -> None:
    data = noise((20, 30, 5), "float32")
    path = tmp_path / "samples.tif"
    tifffile.imwrite(path, data, photometric="minisblack", planarconfig="contig", metadata=None)
    with open_stack(path, channel=4) as stack:
        assert stack.n_channels == 5
        np.testing.assert_array_equal(stack.read(0), data[..., 4])
    with pytest.raises(InputError, match="has no colours to take the luminance of"):
        open_stack(path, channel="luminance")


def test_a_channel_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    tifffile.imwrite(path, noise((20, 20)))
    with pytest.raises(InputError, match=r"grey.tif: has no channel 1; it has one channel, 0."):
        open_stack(path, channel=1)
    with open_stack(path, channel=0) as stack:
        assert stack.channel is None


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
        with stack.reopened(series=0) as other:
            np.testing.assert_array_equal(other.read(0), small)
    with pytest.raises(InputError, match=r"several.tif: has no series 2; its series are 0 to 1."):
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


def test_palettes_become_brightness(tmp_path: Path) -> None:
    index = noise((20, 30), "uint8")
    table = noise((3, 256), "uint16", 1)
    path = tmp_path / "palette.tif"
    tifffile.imwrite(path, index, photometric="palette", colormap=table)
    with open_stack(path) as stack:
        np.testing.assert_allclose(stack.read(0), luminance(table.T)[index], rtol=1e-6)
        assert "palette" in stack.notes[0]
    grey = np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))
    tifffile.imwrite(path, index, photometric="palette", colormap=grey)
    with open_stack(path) as stack:
        assert stack.dtype == np.uint8
        np.testing.assert_array_equal(stack.read(0), 255 - index)


def test_display_colours_of_imagej_are_ignored(tmp_path: Path) -> None:
    index = noise((20, 30), "uint8")
    path = tmp_path / "lut.tif"
    tifffile.imwrite(
        path,
        index,
        photometric="palette",
        colormap=noise((3, 256), "uint16"),
        metadata=None,
        description="ImageJ=1.54f\n",
    )
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(0), index)
        assert "display table" in stack.notes[0]


def test_white_is_made_bright(tmp_path: Path) -> None:
    data = noise((20, 30), "uint16")
    path = tmp_path / "white.tif"
    tifffile.imwrite(path, data, photometric="miniswhite")
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(0), 65535 - data)
    bits = noise((20, 30), "bool")
    tifffile.imwrite(path, bits, photometric="miniswhite", metadata=None)
    with open_stack(path) as stack:
        assert stack.dtype == np.bool_
        np.testing.assert_array_equal(stack.read(0), ~bits)
    tifffile.imwrite(path, bits)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(0), bits)


@pytest.mark.parametrize(
    ("mode", "dtype"), [("L", "uint8"), ("I;16", "uint16"), ("1", "bool"), ("RGB", "float32")]
)
def test_png(mode: str, dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    data = noise((300, 40, 3) if mode == "RGB" else (300, 40), "uint8" if mode == "RGB" else dtype)
    Image.fromarray(data).save(path)
    with open_stack(path) as stack:
        assert (stack.kind, stack.dtype) == ("PNG", np.dtype(dtype))
        expected = luminance(data) if mode == "RGB" else data
        np.testing.assert_allclose(stack.read(0, 10, 290), expected[10:290], rtol=1e-6)


def test_png_of_other_kinds(tmp_path: Path) -> None:
    import imagecodecs

    path = tmp_path / "picture.png"
    deep = noise((20, 30, 3), "uint16")
    path.write_bytes(imagecodecs.png_encode(deep))
    with open_stack(path, channel=2) as stack:
        np.testing.assert_array_equal(stack.read(0), deep[..., 2])
    alpha = noise((20, 30, 2), "uint8")
    bands = [Image.fromarray(np.ascontiguousarray(alpha[..., i])) for i in range(2)]
    Image.merge("LA", bands).save(path)
    with open_stack(path) as stack:
        assert stack.n_channels == 1
        np.testing.assert_array_equal(stack.read(0), alpha[..., 0])
    index, table = noise((20, 30), "uint8"), noise((256, 3), "uint8", 1)
    picture = Image.fromarray(index)
    picture.putpalette(table.tobytes())
    picture.save(path)
    with open_stack(path) as stack:
        np.testing.assert_allclose(stack.read(0), luminance(table)[index], rtol=1e-6)


def test_jpeg_says_what_compression_does(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    smooth = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    Image.fromarray(smooth).save(path, quality=95)
    with open_stack(path) as stack:
        assert stack.kind == "JPEG"
        assert np.abs(stack.read(0).astype(int) - smooth).max() <= 4
        assert any("8 x 8" in note for note in stack.notes)


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    data = noise((20, 30), "uint8")
    path = tmp_path / "picture.tif"
    Image.fromarray(data).save(path, format="PNG")
    with open_stack(path) as stack:
        assert stack.kind == "PNG"
        np.testing.assert_array_equal(stack.read(0), data)


def test_frames_are_restricted(tmp_path: Path) -> None:
    data = noise((10, 20, 30))
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    with open_stack(path) as stack:
        part = stack.with_frames(frame_range("2:9:3"))
        np.testing.assert_array_equal(frames_of(part), data[2:9:3])
        np.testing.assert_array_equal(frames_of(part.with_frames(slice(1, None))), data[5:9:3])
        backwards = stack.with_frames(frame_range("::-4"))
        np.testing.assert_array_equal(frames_of(backwards), data[::-4])
        assert part.frame_label(1) == "frame 5"
        assert stack.frames_chosen is None
        for restricted in (part, backwards):
            assert restricted.frames_chosen is not None
            again = stack.with_frames(frame_range(restricted.frames_chosen))
            np.testing.assert_array_equal(frames_of(again), frames_of(restricted))
        with pytest.raises(InputError, match=r"has 10 frames \(0 to 9\), and none of them"):
            stack.with_frames(slice(20, 30))
        with pytest.raises(IndexError):
            part.read(3)


@pytest.mark.parametrize("text", ["", "5", "a:b", "1:2:0", "1:2:3:4", "1.5:2"])
def test_bad_frame_ranges(text: str) -> None:
    with pytest.raises(InputError, match="is no range of frames; give START:STOP"):
        frame_range(text)


def test_stores_read_only_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, packed = tmp_path / "plain.tif", tmp_path / "packed.tif"
    data = noise((4, 256, 64))
    tifffile.imwrite(plain, data, photometric="minisblack")
    tifffile.imwrite(packed, data, photometric="minisblack", compression="zlib", rowsperstrip=16)
    sizes: list[int] = []
    block = RawStore._block

    def counted_block(self: RawStore, start: int, shape: tuple[int, ...]) -> AnyArray:
        sizes.append(int(np.prod(shape)))
        return block(self, start, shape)

    monkeypatch.setattr(RawStore, "_block", counted_block)
    with open_stack(plain) as stack:
        stack.read(2, 100, 110)
    assert sizes == [10 * 64]
    segments: list[int] = []
    read = PagedStore._bytes

    def counted_bytes(self: PagedStore, page: Any, layout: Any, number: int) -> bytes | None:
        segments.append(number)
        return read(self, page, layout, number)

    monkeypatch.setattr(PagedStore, "_bytes", counted_bytes)
    with open_stack(packed) as stack:
        stack.read(2, 100, 110)
        stack.read(2, 104, 112)
    assert segments == [6], "a strip is decoded once"


def test_decoded_strips_are_forgotten_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("structmask_gui.io.tiff_pages._CACHE", 5000)
    path = tmp_path / "packed.tif"
    data = noise((4, 64, 64))
    tifffile.imwrite(path, data, photometric="minisblack", compression="zlib", rowsperstrip=8)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(frames_of(stack), data)
        store = stack._store
        assert isinstance(store, PagedStore)
        assert store._held == sum(a.nbytes for a in store._decoded.values()) <= 5000


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_threads_may_read_at_once(compression: str | None, tmp_path: Path) -> None:
    data = noise((8, 64, 512))
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, photometric="minisblack", compression=compression, rowsperstrip=32)
    wrong: list[int] = []
    with open_stack(path) as stack:

        def work(seed: int) -> None:
            for frame in np.random.default_rng(seed).integers(0, 8, 60):
                if not np.array_equal(stack.read(int(frame), 10, 60), data[frame, 10:60]):
                    wrong.append(int(frame))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_after_closing_there_is_a_sentence(tmp_path: Path) -> None:
    for compression in (None, "zlib"):
        path = tmp_path / "stack.tif"
        tifffile.imwrite(
            path, noise((2, 20, 20)), photometric="minisblack", compression=compression
        )
        stack = open_stack(path)
        stack.close()
        with pytest.raises(InputError, match=r"stack.tif: "):
            stack.read(0)


def test_names_of_readable_files() -> None:
    assert is_readable_name("a/b.TIFF")
    assert is_readable_name(Path("x.ome.tif"))
    assert is_readable_name("x.npy")
    assert not is_readable_name("x.npz")
    assert all(e.startswith(".") and e == e.lower() for es in EXTENSIONS.values() for e in es)


def test_description_of_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "stack.ome.tif"
    tifffile.imwrite(
        path, noise((3, 2, 20, 30)), metadata={"axes": "TCYX"}, photometric="minisblack"
    )
    with open_stack(path) as stack:
        info = describe(stack)
    rows = dict(info.rows())
    assert rows["Axes"] == "TCYX"
    assert rows["Shape"] == "3 x 2 x 20 x 30"
    assert rows["Frames"] == "3 of 20 x 30 pixels"
    assert rows["Channels"] == "2, chosen: 0"
    assert rows["Pages"] == "6"
    assert info.as_dict()["frame_shape"] == (20, 30)


def test_acquisition_and_offsets_are_kept(tmp_path: Path) -> None:
    """What helps to judge the noise: bits, exposure, averaging, and what a value stands for."""
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        noise((2, 40, 50)),
        metadata={
            "axes": "TYX",
            "SignificantBits": 12,
            "Plane": {"ExposureTime": [0.1, 0.1], "ExposureTimeUnit": ["s", "s"]},
        },
    )
    with open_stack(tmp_path / "a.ome.tif") as stack:
        assert stack.metadata["Bits"] == "12"
        assert stack.metadata["Exposure"] == "0.1 s"
    tifffile.imwrite(
        tmp_path / "signed.tif",
        noise((2, 40, 50)),
        imagej=True,
        metadata={"axes": "TYX", "c0": -32768.0, "c1": 1.0, "cf": 0},
    )
    with open_stack(tmp_path / "signed.tif") as stack:
        assert stack.metadata["Value offset"] == "-32768"
        assert stack.metadata["Value scale"] == "1"
    # A type with a sign stays as it is.
    below = noise((2, 40, 50)).astype(np.int16) - 500
    tifffile.imwrite(tmp_path / "below.tif", below, photometric="minisblack")
    with open_stack(tmp_path / "below.tif") as stack:
        assert stack.dtype == np.int16
        np.testing.assert_array_equal(stack.read(1), below[1])


def test_a_palette_of_one_bit(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 2, (20, 24)).astype(bool)
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 1] = 200 * 257
    path = tmp_path / "bits.tif"
    tifffile.imwrite(path, pixels.astype(np.uint8), photometric="palette", colormap=colours)
    packed = np.packbits(pixels, axis=1).tobytes()
    with tifffile.TiffFile(path, mode="r+") as tif:
        page = tif.pages[0]
        tif.filehandle.seek(page.dataoffsets[0])
        tif.filehandle.write(packed)
        page.tags["BitsPerSample"].overwrite(1)
        page.tags["StripByteCounts"].overwrite(len(packed))
    with open_stack(path) as stack:
        assert (stack.read(0) == np.where(pixels, 200, 0)).all()


@pytest.mark.parametrize("shape", [(40, 25_600_000), (25_600_000, 40)])
def test_sides_that_no_image_has(shape: tuple[int, int], tmp_path: Path):
    path = tmp_path / "vast.npy"
    header = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    del header
    with pytest.raises(InputError, match=r"vast\.npy: declares frames of .* which no image has"):
        open_stack(path)
