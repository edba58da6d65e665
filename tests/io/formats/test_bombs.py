"""Files that are small and say they are large: refused before memory is taken."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.formats.codec_headers import claimed_size
from structmask_gui.io.open import open_stack

SIDE = 7000  # 49 million pixels in a page of 64 x 64

CODECS: dict[str, tuple[int, Any]] = {
    "jpeg": (7, imagecodecs.jpeg8_encode),
    "jpeg2000": (34712, lambda a: imagecodecs.jpeg2k_encode(a, level=0)),
    "jp2 in boxes": (34712, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="jp2")),
    "jpegxl": (50002, lambda a: imagecodecs.jpegxl_encode(a, effort=1)),
    "webp": (50001, lambda a: imagecodecs.webp_encode(np.stack([a] * 3, axis=-1), lossless=True)),
    "webp lossy": (50001, lambda a: imagecodecs.webp_encode(np.stack([a] * 3, axis=-1), level=50)),
    "png": (34933, imagecodecs.png_encode),
    "jpegxr": (34934, imagecodecs.jpegxr_encode),
    "lerc": (34887, imagecodecs.lerc_encode),
}


def encoded(codec: str, shape: tuple[int, int]) -> bytes:
    _, encode = CODECS[codec]
    try:
        return bytes(encode(np.zeros(shape, np.uint8)))
    except imagecodecs.DelayedImportError:
        pytest.skip(f"this imagecodecs has no {codec}")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("shape", [(64, 64), (40, 72), (200, 129), (1000, 700)])
def test_sizes_are_read_from_headers(codec: str, shape: tuple[int, int]) -> None:
    assert claimed_size(CODECS[codec][0], encoded(codec, shape)) == shape


@pytest.mark.parametrize("code", sorted({code for code, _ in CODECS.values()}))
@pytest.mark.parametrize("data", [b"", b"\xff", b"RIFF", bytes(40), b"\xff\xd8\xff\xff\xff"])
def test_headers_that_are_none(code: int, data: bytes) -> None:
    assert claimed_size(code, data) is None


def test_other_compressions_have_no_header() -> None:
    assert claimed_size(5, b"anything") is None


def bomb(path: Path, code: int, data: bytes, samples: int) -> None:
    """Write a TIFF whose page of 64 x 64 holds a picture that is much larger."""
    tags = {
        256: (4, 64), 257: (4, 64), 258: (3, 8), 259: (3, code), 262: (3, 1),
        273: (4, 8), 277: (3, samples), 278: (4, 64), 279: (4, len(data)),
    }  # fmt: skip
    if samples == 3:
        tags[262] = (3, 2)
    padded = data + bytes(len(data) % 2)
    body = b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I" if kind == 4 else "<Hxx", value)
        for tag, (kind, value) in sorted(tags.items())
    )
    path.write_bytes(
        struct.pack("<2sHI", b"II", 42, 8 + len(padded))
        + padded
        + struct.pack("<H", len(tags))
        + body
        + bytes(4)
    )


@pytest.mark.slow
@pytest.mark.parametrize("codec", [c for c in CODECS if c not in ("jp2 in boxes", "webp lossy")])
def test_a_picture_larger_than_its_page(codec: str, tmp_path: Path) -> None:
    """Read in a process of its own, whose memory is measured."""
    path = tmp_path / "bomb.tif"
    code = CODECS[codec][0]
    bomb(path, code, encoded(codec, (SIDE, SIDE)), 3 if codec == "webp" else 1)
    script = f"""
import sys
from pathlib import Path
from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
import tifffile, imagecodecs
def peak():
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(next(l for l in status.read_text().splitlines() if "VmHWM" in l).split()[1]) // 1024
before = peak()
try:
    with open_stack({str(path)!r}) as stack:
        stack.read(0)
except InputError as error:
    print(error)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    sentence, megabytes = done.stdout.splitlines()
    assert f"{SIDE} x {SIDE} pixels, and the page says 64 x 64" in sentence
    # The picture has 47 MB.
    assert int(megabytes) < 30


def test_honest_pictures_are_read(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 255, (2, 70, 90)).astype(np.uint8)
    for compression in ("jpeg2000", "jpegxl", "png", "lerc", "jpegxr"):
        path = tmp_path / f"{compression}.tif"
        try:
            tifffile.imwrite(path, grey, compression=compression, photometric="minisblack")
        except (imagecodecs.DelayedImportError, ValueError):
            continue
        with open_stack(path) as stack:
            assert stack.read(1).shape == (70, 90)


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["zlib", "zstd", "lzma", "packbits"])
def test_strips_that_swell(compression: str, tmp_path: Path) -> None:
    """A strip that decodes to far more than the page holds: cut off or refused, never kept."""
    path = tmp_path / "swell.tif"
    tifffile.imwrite(
        path, np.zeros((64, 64), np.uint8), compression=compression, photometric="minisblack"
    )
    with tifffile.TiffFile(path) as tif:
        code = int(tif.pages.first.compression)
    many = np.zeros(200_000_000, np.uint8)
    strips = {
        "zlib": imagecodecs.zlib_encode,
        "zstd": imagecodecs.zstd_encode,
        "lzma": lambda a: imagecodecs.lzma_encode(a, level=0),
        # 128 zeros each time.
        "packbits": lambda _: b"\x81\0" * 1_500_000,
    }
    bomb(path, code, bytes(strips[compression](many)), 1)
    script = f"""
from pathlib import Path
from structmask_gui.core.errors import InputError
from structmask_gui.io.open import open_stack
try:
    with open_stack({str(path)!r}) as stack:
        print(stack.read(0).shape)
except InputError as error:
    print(error)
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else ["VmHWM 0"]
peak = next(line for line in lines if "VmHWM" in line)
print(int(peak.split()[1]) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert int(done.stdout.splitlines()[-1]) < 180, done.stdout


def test_gzipped_images_are_not_unpacked(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tif.gz", "wb") as file:
        file.write(bytes(10_000_000))
    with pytest.raises(InputError, match="is a gzip archive"):
        open_stack(tmp_path / "a.tif.gz")


def test_zarr_of_a_billion_frames_is_refused_or_bounded(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    from structmask_gui.core.measure.measure import measure
    from structmask_gui.core.parameters.model import Parameters

    # Chunks that are not there cost nothing on the disk.
    zarr.create_array(
        str(tmp_path / "z.zarr"), shape=(10**9, 64, 64), chunks=(1, 64, 64), dtype="u1"
    )
    with open_stack(tmp_path / "z.zarr") as stack:
        assert stack.n_frames == 10**9
        with pytest.raises(InputError, match="holds no noise"):
            measure(stack, Parameters(patches=10))


def test_a_jpeg_xr_whose_inner_header_lies():
    data = bytearray(imagecodecs.jpegxr_encode(np.zeros((48, 56), np.uint16)))
    assert claimed_size(34934, bytes(data)) == (48, 56)
    at = data.index(b"WMPHOTO\0")
    data[at + 12 : at + 16] = b"\x80\x00\xff\xff"
    assert claimed_size(34934, bytes(data)) == (65536, 32769)
