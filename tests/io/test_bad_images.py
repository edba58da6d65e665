"""Broken, lying and hostile image files: one sentence each, quickly, in little memory."""

from __future__ import annotations

import logging
import os
import struct
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile

from structmask_gui.core.errors import InputError
from structmask_gui.io.images import open_stack
from structmask_gui.io.paths import shown
from tests.io.broken_files import BAD, noise, page, plain_tiff, tiff


@pytest.mark.parametrize("case", BAD)
def test_bad_files(case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, sentence = BAD[case]
    path = tmp_path / case.split(":")[1]
    make(path)
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=sentence) as caught:
            open_stack(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ")
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 300
    assert time.perf_counter() - started < 5
    assert peak < 100e6
    assert capfd.readouterr() == ("", "")


def _corrupt(path: Path, compression: str) -> None:
    data = bytearray(plain_tiff(path, compression=compression, metadata=None))
    with tifffile.TiffFile(path) as tif:
        start = tif.pages[3].dataoffsets[0]
    for i in range(start + 20, start + 400, 3):
        data[i] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("compression", ["zlib", "zstd", "lzma"])
def test_corrupt_pixels_are_found_when_read(compression: str, tmp_path: Path) -> None:
    path = tmp_path / "corrupt.tif"
    _corrupt(path, compression)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(2), noise((6, 40, 40))[2])
        with pytest.raises(InputError, match=r"corrupt.tif: the pixels of page 3 cannot be decod"):
            stack.read(3)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """One page is in order; the next promises far more pixels than its bytes can hold."""
    path = tmp_path / "bomb.tif"
    data = np.zeros((2, 8000, 4000), np.uint8)
    tifffile.imwrite(
        path,
        data,
        compression="zlib",
        photometric="minisblack",
        metadata=None,
        rowsperstrip=8000,
    )
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        where = tif.pages[1].aspage().tags[279].valueoffset
    raw[where : where + 4] = struct.pack("<I", 30)
    path.write_bytes(raw)
    with open_stack(path) as stack:
        assert stack.read(0, 0, 5).shape == (5, 4000)
        with pytest.raises(InputError, match="promises 32000000 bytes of pixels in 30 bytes"):
            stack.read(1, 0, 5)


def test_truncated_while_open(tmp_path: Path) -> None:
    for name, options in (("a.tif", {}), ("b.tif", {"compression": "zlib"})):
        path = tmp_path / name
        tifffile.imwrite(path, noise((6, 400, 400)), photometric="minisblack", **options)
        with open_stack(path) as stack:
            os.truncate(path, path.stat().st_size // 3)
            with pytest.raises(InputError, match=f"{name}: "):
                stack.read(5)


def test_a_single_page_may_end_in_a_wild_link_if_the_count_is_known(tmp_path: Path) -> None:
    path = tmp_path / "imagej.tif"
    data = noise((3, 20, 20))
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "TYX"})
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        link = tif.pages.next_page_offset
    assert link is not None
    raw[link : link + 4] = struct.pack(">I" if raw[:2] == b"MM" else "<I", 2**31)
    path.write_bytes(raw)
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(2), data[2])


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.tif: there is no such file; check the name"):
        open_stack(tmp_path / "none.tif")
    with pytest.raises(InputError, match="is a folder; give a file in it"):
        open_stack(tmp_path)
    with pytest.raises(InputError, match="cannot be reached"):
        open_stack(tmp_path / ("x" * 300 + ".tif"))
    with pytest.raises(InputError, match="cannot be reached"):
        open_stack(str(tmp_path) + "/a\0b.tif")


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_links_and_pipes(tmp_path: Path) -> None:
    loop = tmp_path / "loop.tif"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"loop.tif: cannot be reached"):
        open_stack(loop)
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(InputError, match=r"pipe.tif: is not a regular file"):
        open_stack(tmp_path / "pipe.tif")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.tif"
    plain_tiff(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"mine.tif: you may not read this file"):
        open_stack(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
@pytest.mark.parametrize(
    "name", ["with space.tif", "Größe ±.tif", "日本語.tif", "😀.tif", "a\nb.tif", b"\xff\xfe.tif"]
)
def test_odd_names(name: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
    plain_tiff(path)
    with open_stack(path) as stack:
        assert stack.n_frames == 6
        assert stack.name.isprintable()
        stack.name.encode()
    path.write_bytes(b"")
    with pytest.raises(InputError) as caught:
        open_stack(path)
    str(caught.value).encode()
    assert "\n" not in str(caught.value)


def test_long_names_are_shortened() -> None:
    name = shown("folder/" + "n" * 200 + ".tif")
    assert len(name) <= 101
    assert name.endswith("n.tif")


def test_libraries_report_to_listeners_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "strange.tif"
    tiff(path, page(40, 40, [8, 9], [800, 800], _278=(4, [40])), bytes(1600))
    with caplog.at_level(logging.DEBUG, "tifffile"), open_stack(path) as stack:
        assert stack.read(0).shape == (40, 40)
    assert any(record.name == "tifffile" for record in caplog.records)
    assert capfd.readouterr() == ("", "")
