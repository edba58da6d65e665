"""Colours, palettes and pictures (PNG, JPEG) become frames of one value a pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from structmask_gui.core.errors import InputError
from structmask_gui.core.recommend.answer import answer
from structmask_gui.io.extract import extract
from structmask_gui.io.open import open_stack
from structmask_gui.io.stack.channels import luminance
from structmask_gui.io.stack.info import describe
from tests.io.noise_frames import frames_of, noise


def test_colour_tiff_gives_luminance_or_a_colour(tmp_path: Path) -> None:
    data = noise((3, 20, 30, 4), "uint8")
    path = tmp_path / "colour.tif"
    tifffile.imwrite(path, data, photometric="rgb", extrasamples=["unassalpha"], compression="lzw")
    with open_stack(path) as stack:
        assert (stack.channel, stack.n_channels, stack.dtype) == ("luminance", 3, np.float32)
        assert dict(describe(stack).rows())["Type"] == str(data.dtype)  # the file's
        expected = data[..., :3].astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
        np.testing.assert_allclose(frames_of(stack), expected, rtol=1e-6)
        assert [value for value, _ in stack.channel_choices] == ["luminance", 0, 1, 2]
    with open_stack(path, channel=1) as green:
        np.testing.assert_array_equal(frames_of(green), data[..., 1])
    with pytest.raises(InputError, match="has no channel 3; it has channels 0 to 2"):
        open_stack(path, channel=3)


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
    with pytest.raises(InputError, match=r"grey.tif has no channel 1; it has one channel, 0."):
        open_stack(path, channel=1)
    with open_stack(path, channel=0) as stack:
        assert stack.channel is None


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
        assert stack.lossy


@pytest.mark.parametrize(("compression", "lossy"), [("jpeg", True), ("deflate", False)])
def test_an_answer_on_frames_compressed_with_loss_is_not_likely(
    tmp_path: Path, compression: str, lossy: bool
) -> None:
    # So well that no blocks show.
    level = {"level": 100} if lossy else {}
    noise = np.random.default_rng(0).normal(120, 20, (256, 256)).clip(0, 255).astype(np.uint8)
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, noise, compression=compression, compressionargs=level)
    found = extract(path, "automatic")
    assert ("compressed" in found.verdict.flags) == lossy
    assert (answer(found).certainty == "likely") != lossy


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
